//! The running of an operation: one call after the other, taken up again after a restart, and what follows from each end.
//!
//! Not the call itself: [`crate::calls`]. Layer 1.

use wilco_contract::{
    gate::Decision,
    operation::{OpEvent, RunEnd, State},
    reply::StepMark,
    store::StoreError,
};

use super::{LONGEST_PAUSE_SECS, Life, judging};
use crate::{calls, planning::later};

impl Life {
    /// Makes the next call, or goes on to what comes after the last one.
    pub(super) async fn run(&mut self) -> Result<(), StoreError> {
        let verify = self.op.state == State::Verifying;
        let mut runs = self.op.runs.iter().enumerate();
        if let Some((at, _)) = runs.clone().find(|(_, run)| run.mark == StepMark::Running) {
            return self.take_up(at).await;
        }
        let next =
            runs.find(|(_, run)| run.mark == StepMark::Waiting && run.verify == verify).map(|(at, _)| at);
        match next {
            Some(at) if self.op.state != State::Aborting => self.call(at).await,
            _ => {
                let to = self.after_last();
                let why = (self.op.state == State::Aborting)
                    .then(|| "It was stopped before the next step.".to_owned());
                let event = self.moved(to, why, None);
                self.finish(vec![event], to).await
            }
        }
    }

    /// Where it goes when the calls of this phase are done.
    fn after_last(&self) -> State {
        let waits = self.op.runs.iter().any(|run| run.mark == StepMark::Waiting);
        match self.op.state {
            State::Aborting if waits => State::Aborted,
            State::Running if waits => State::Verifying,
            _ => State::Succeeded,
        }
    }

    async fn call(&mut self, at: usize) -> Result<(), StoreError> {
        self.hear_waiting().await?;
        if !matches!(self.op.state, State::Running | State::Verifying) {
            return Ok(());
        }
        match calls::skipped(&self.op, at) {
            Ok(None) => {}
            Ok(Some(why)) => return self.skip(at, why).await,
            Err(what) => return self.end(State::Failed, what, None).await,
        }
        let permitted = match self.permitted.take() {
            Some(permitted) => permitted,
            // After a restart: the rules of today count.
            None => match judging::judge(&self.core, &self.op, &self.op.given).decision {
                Decision::Allow(permitted) => permitted,
                other => return self.not_permitted(other).await,
            },
        };
        let op = self.op.clone();
        let intent = match calls::intent(&self.core, &op, at) {
            Ok(intent) => intent,
            Err(what) => return self.end(State::Failed, what, None).await,
        };
        let started = OpEvent::RunStarted { run: at, intent: Box::new(intent.clone()) };
        self.record(vec![started], Vec::new()).await?;
        let call = calls::Calling::begin(&self.core, &permitted, intent).await;
        let end = self.follow(call).await;
        self.permitted = Some(permitted);
        self.ended(at, end).await
    }

    /// Goes on without a call whose condition does not hold.
    async fn skip(&mut self, at: usize, why: String) -> Result<(), StoreError> {
        let mut events = vec![OpEvent::RunSkipped { run: at, at: self.core.clock.now(), why }];
        let to = self.onward(at);
        events.extend(to.map(|to| self.moved(to, None, None)));
        self.finish(events, to.unwrap_or(self.op.state)).await
    }

    /// Where it goes when this call is done and nobody wants it to stop; `None` where more calls follow.
    fn onward(&self, at: usize) -> Option<State> {
        let verify = self.op.runs[at].verify;
        let last = self.op.runs.iter().skip(at + 1).all(|next| next.verify != verify);
        if at + 1 == self.op.runs.len() {
            Some(State::Succeeded)
        } else if last {
            Some(State::Verifying)
        } else {
            None
        }
    }

    async fn not_permitted(&mut self, decision: Decision) -> Result<(), StoreError> {
        let begun = self.op.started_at.is_some();
        let rule = match decision {
            Decision::Deny(denial) => format!("{} (rule: {})", denial.text, denial.rule),
            _ => "what it needs is no longer given".to_owned(),
        };
        let (to, why) = if begun {
            (State::Failed, format!("It was stopped between two steps, as it may not go on: {rule}"))
        } else {
            (State::Aborted, format!("It may not start any more: {rule} Nothing was changed."))
        };
        self.end(to, why, None).await
    }

    /// Follows a call to its end, hearing what it is told meanwhile.
    async fn follow(&mut self, mut call: calls::Calling) -> RunEnd {
        loop {
            tokio::select! {
                end = &mut call.end => return call.ended(&self.core, end).await,
                told = self.told.recv() => {
                    if let Err(error) = self.hear(told, Some(&mut call.stop)).await {
                        tracing::error!(operation = %self.op.id, %error, "What an operation was told could not be recorded.");
                    }
                }
            }
        }
    }

    /// Takes up a call that was begun before a restart.
    async fn take_up(&mut self, at: usize) -> Result<(), StoreError> {
        let Some(intent) = self.op.runs.get(at).and_then(|run| run.intent.clone()) else {
            return self.ended(at, RunEnd::Unknown("its record is incomplete".to_owned())).await;
        };
        let mut call = calls::Calling::take_up(&self.core, intent).await;
        if self.op.state == State::Aborting {
            call.stop.now();
        }
        let end = self.follow(call).await;
        self.ended(at, end).await
    }

    /// Records the end of a call together with what follows from it. Tries until it is recorded: what has happened
    /// outside must not be forgotten.
    async fn ended(&mut self, at: usize, end: RunEnd) -> Result<(), StoreError> {
        let mut pause = 1;
        loop {
            let (events, to) = self.consequences(at, &end);
            match self.finish(events, to).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Conflict(what)) => return Err(StoreError::Conflict(what)),
                Err(error) => {
                    tracing::error!(operation = %self.op.id, %error, "The end of a call could not be recorded; trying again.");
                    self.core.clock.until(later(self.core.clock.now(), pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE_SECS);
                }
            }
        }
    }

    fn consequences(&self, at: usize, end: &RunEnd) -> (Vec<OpEvent>, State) {
        let now = self.core.clock.now();
        let run = &self.op.runs[at];
        let ended = OpEvent::RunEnded { run: at, at: now, end: end.clone() };
        let state = self.op.state;
        let onward = self.onward(at);
        let to = match end {
            RunEnd::NotStarted if state == State::Aborting => {
                Some((State::Aborted, "It was stopped before it began.".to_owned()))
            }
            RunEnd::NotStarted => None,
            RunEnd::Done(_) if state == State::Aborting && onward == Some(State::Succeeded) => {
                Some((State::Succeeded, "It was done before it could be stopped.".to_owned()))
            }
            RunEnd::Done(_) if state == State::Aborting && onward == Some(State::Verifying) => Some((
                State::Succeeded,
                "It was done before it could be stopped; nothing was verified.".to_owned(),
            )),
            RunEnd::Done(_) if state == State::Aborting => {
                Some((State::Aborted, format!("It was stopped after step `{}`, which is done.", run.step)))
            }
            RunEnd::Done(_) => onward.map(|to| (to, String::new())),
            RunEnd::Failed(what) if run.verify => Some((
                State::Failed,
                format!("The steps are done, but `{}` does not prove it: {what}", run.step),
            )),
            RunEnd::Failed(what) => Some((State::Failed, format!("Step `{}` failed: {what}", run.step))),
            RunEnd::Aborted(what) if state == State::Aborting => Some((State::Aborted, what.clone())),
            RunEnd::Aborted(what) => {
                Some((State::Failed, format!("Step `{}` was stopped: {what}", run.step)))
            }
            RunEnd::Unknown(what) => Some((
                State::NeedsHuman,
                format!("Nobody can tell what became of step `{}`: {what}", run.step),
            )),
        };
        match to {
            None => (vec![ended], state),
            Some((to, why)) => {
                let moved = self.moved(to, (!why.is_empty()).then_some(why), None);
                (vec![ended, moved], to)
            }
        }
    }
}
