//! The calls of an operation: one step after the other, the items of one step beside each other, taken up again after a
//! restart.
//!
//! Not the call itself: [`crate::calls`]. Not what follows from its end: [`super::ends`]. Layer 1.

use jiff::Timestamp;
use wilco_contract::{
    gate::Decision,
    operation::{OpEvent, RunEnd, RunKind, State},
    reply::StepMark,
    store::{Record, StoreError},
};

use super::{LONGEST_PAUSE_SECS, Life, judging};
use crate::{
    calls::{self, Calling, Calls},
    planning::{self, later},
    waits,
};

/// What came of the wish to make a call.
enum Begun {
    /// It is under way.
    Call(Box<Calling>),
    /// Something else was recorded: look again.
    Another,
    /// The operation cannot go on.
    Halt(State, String),
}

/// What may be done next.
enum Next {
    /// This call.
    Call(usize),
    /// Nothing before this time.
    Wait(Timestamp),
    /// Nothing.
    Nothing,
}

impl Life {
    /// Makes the calls that may be made beside each other, follows them to their ends, or goes on to what comes after
    /// the last one.
    pub(super) async fn run(&mut self) -> Result<(), StoreError> {
        let mut under_way = self.taken_up().await?;
        let mut halt = None;
        let mut ends = Vec::new();
        loop {
            let mut until = None;
            while halt.is_none() && !self.core.is_stopping() {
                self.hear_waiting_of(&mut under_way).await?;
                match self.next(&under_way) {
                    Next::Call(at) => match self.begin_call(at).await? {
                        Begun::Call(calling) => under_way.add(at, *calling),
                        Begun::Another if under_way.len() == 0 => return Ok(()),
                        Begun::Another => {}
                        Begun::Halt(to, why) => halt = Some((to, why)),
                    },
                    Next::Wait(at) => {
                        until = Some(at);
                        break;
                    }
                    Next::Nothing => break,
                }
            }
            if under_way.len() == 0 && until.is_none() {
                return match halt {
                    Some((State::Failed, why)) => self.fail(why).await,
                    Some((to, why)) => self.end(to, why, None).await,
                    None if self.core.is_stopping() => Ok(()),
                    None => self.after_last().await,
                };
            }
            let core = self.core.clone();
            tokio::select! {
                (at, end) = under_way.ended(&core) => {
                    ends.push((at, end.clone()));
                    self.ended(at, end, (under_way.len() > 0, &ends)).await?;
                    if under_way.len() == 0 && halt.is_none() {
                        return Ok(());
                    }
                }
                told = self.told.recv() => {
                    if let Err(error) = self.hear(told, Some(&mut under_way)).await {
                        tracing::error!(operation = %self.op.id, %error, "What an operation was told could not be recorded.");
                    }
                    if under_way.len() == 0 {
                        return Ok(());
                    }
                }
                () = core.clock.until(until.unwrap_or(Timestamp::MAX)), if until.is_some() => {}
                // What only waits has nothing to come to an end; it waits on after the next start.
                () = core.stopped(), if under_way.only_wait() => return Ok(()),
            }
        }
    }

    /// The calls that were begun before a restart.
    async fn taken_up(&mut self) -> Result<Calls, StoreError> {
        let mut under_way = Calls::default();
        let runs = self.op.runs.iter().enumerate();
        let begun: Vec<_> = runs.filter(|(_, run)| run.mark == StepMark::Running).map(|(at, _)| at).collect();
        for at in begun {
            let Some(intent) = self.op.runs.get(at).and_then(|run| run.intent.clone()) else {
                let end = RunEnd::Unknown("its record is incomplete".to_owned());
                self.ended(at, end, (under_way.len() > 0, &[])).await?;
                continue;
            };
            let mut call = Calling::take_up(&self.core, intent, &self.numbers).await;
            if self.op.state == State::Aborting {
                call.stop.now();
            }
            under_way.add(at, call);
        }
        Ok(under_way)
    }

    async fn hear_waiting_of(&mut self, under_way: &mut Calls) -> Result<(), StoreError> {
        while let Ok(told) = self.told.try_recv() {
            self.hear(Some(told), Some(under_way)).await?;
        }
        Ok(())
    }

    /// Which call may be made now, beside those that are under way.
    fn next(&self, under_way: &Calls) -> Next {
        if !matches!(self.op.state, State::Running | State::Verifying) || self.is_broken() {
            return Next::Nothing;
        }
        let now = self.core.clock.now();
        let waiting = self.op.runs.iter().enumerate().filter(|(_, run)| run.mark == StepMark::Waiting);
        let mut waiting = waiting.filter(|(_, run)| self.is_of_phase(run)).peekable();
        let Some((first, _)) = waiting.peek().copied() else { return Next::Nothing };
        // Only the items of one step stand beside each other, and those that are under way come first.
        let beside =
            self.op.runs.iter().enumerate().find(|(at, _)| under_way.has(*at)).map_or(first, |(at, _)| at);
        let is_beside = |at: usize| {
            at == beside
                || (self.op.runs[at].item().is_some() && self.op.step_of(at) == self.op.step_of(beside))
        };
        let step = planning::step_at(&self.op, beside);
        let each =
            step.and_then(|step| step.for_each.as_ref()).filter(|_| self.op.runs[beside].item().is_some());
        let each = each.filter(|_| self.op.runs[beside].kind() != RunKind::Undo);
        if under_way.len() >= each.map_or(1, |each| each.at_once.max(1) as usize) {
            return Next::Nothing;
        }
        let mut soonest = None;
        for (at, run) in waiting.filter(|(at, _)| is_beside(*at)) {
            match run.not_before.filter(|at| now < *at) {
                None => return Next::Call(at),
                Some(time) => soonest = Some(soonest.map_or(time, |other: Timestamp| other.min(time))),
            }
        }
        soonest.map_or(Next::Nothing, Next::Wait)
    }

    async fn begin_call(&mut self, at: usize) -> Result<Begun, StoreError> {
        match calls::skipped(&self.op, at) {
            Ok(None) => {}
            Ok(Some(why)) => return self.skip(at, why).await.map(|()| Begun::Another),
            Err(what) => return Ok(Begun::Halt(State::Failed, what)),
        }
        match calls::items(&self.op, at) {
            Ok(None) => {}
            Ok(Some(items)) if items.is_empty() => {
                let why = "there is nothing to do it for".to_owned();
                return self.skip(at, why).await.map(|()| Begun::Another);
            }
            Ok(Some(items)) => {
                if let Some(why) = judging::too_many(&self.core, &self.op, at, &items) {
                    return Ok(Begun::Halt(State::Failed, why));
                }
                self.record(vec![OpEvent::Expanded { run: at, items }], Vec::new()).await?;
                return Ok(Begun::Another);
            }
            Err(what) => return Ok(Begun::Halt(State::Failed, what)),
        }
        let permitted = match self.permitted.take() {
            Some(permitted) => permitted,
            // After a restart or a wait: the rules of today count.
            None => match judging::judge(&self.core, &self.op, &self.op.given).decision {
                Decision::Allow(permitted) => permitted,
                other => return Ok(self.not_permitted(other)),
            },
        };
        let intent = match calls::intent(&self.core, &self.op, at) {
            Ok(intent) => intent,
            Err(what) => {
                self.permitted = Some(permitted);
                return Ok(Begun::Halt(State::Failed, what));
            }
        };
        let mut events = vec![OpEvent::RunStarted { run: at, intent: Box::new(intent.clone()) }];
        if intent.action.as_str() == waits::ASK {
            events.push(self.asked(at));
        }
        let lock = if intent.waits { self.prolonged(intent.deadline) } else { None };
        self.record(events, lock.clone().map(Record::Locked).into_iter().collect()).await?;
        if let Some(lock) = lock {
            self.core.locks.prolong(lock);
        }
        let call = Calling::begin(&self.core, &permitted, intent, &self.numbers).await;
        self.permitted = Some(permitted);
        Ok(Begun::Call(Box::new(call)))
    }

    fn not_permitted(&self, decision: Decision) -> Begun {
        let rule = match decision {
            Decision::Deny(denial) => format!("{} (rule: {})", denial.text, denial.rule),
            _ => "what it needs is no longer given".to_owned(),
        };
        if self.op.started_at.is_some() {
            let why = format!("It was stopped between two steps, as it may not go on: {rule}");
            return Begun::Halt(State::Failed, why);
        }
        Begun::Halt(State::Aborted, format!("It may not start any more: {rule} Nothing was changed."))
    }

    /// Records the end of a call together with what follows from it. Tries until it is recorded: what has happened
    /// outside must not be forgotten.
    async fn ended(
        &mut self,
        at: usize,
        end: RunEnd,
        others: (bool, &[(usize, RunEnd)]),
    ) -> Result<(), StoreError> {
        if self.op.runs[at].intent.as_ref().is_some_and(|intent| intent.waits) {
            // Days may have gone by: what comes next is judged anew.
            self.permitted = None;
        }
        let mut pause = 1;
        loop {
            let (events, to) = self.consequences(at, &end, others);
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
}
