//! What follows from the ends of calls: on, once more, to what is done after a failure, or to the operation's end.
//!
//! Not the calls: [`super::running`]. Layer 1.

use wilco_contract::{
    command::OnFailure,
    operation::{OpEvent, Operation, Run, RunEnd, RunKind, RunOf, State},
    reply::StepMark,
    store::StoreError,
};

use super::Life;
use crate::planning::{self, later};

impl Life {
    /// Whether a call belongs to what is done now: the steps, the verification, or what follows a failure.
    pub(super) fn is_of_phase(&self, run: &Run) -> bool {
        if self.op.failure.is_some() {
            return run.kind() != RunKind::Step;
        }
        run.kind() == RunKind::Step && run.verify == (self.op.state == State::Verifying)
    }

    /// Whether a call of what is done now came to no good end.
    pub(super) fn is_broken(&self) -> bool {
        let bad = |run: &&Run| matches!(run.mark, StepMark::Failed | StepMark::Unknown);
        self.op.runs.iter().filter(bad).any(|run| self.is_of_phase(run))
    }

    /// Goes on when there is no call to make: after the last one, or where it was stopped between two.
    pub(super) async fn after_last(&mut self) -> Result<(), StoreError> {
        let broken = self.op.runs.iter().enumerate().find(|(_, run)| {
            matches!(run.mark, StepMark::Failed | StepMark::Unknown) && self.is_of_phase(run)
        });
        if let Some((at, _)) = broken {
            let end = ended_as(&self.op, at);
            let (events, to) = self.outcome(&self.op, at, &end);
            return self.finish(events, to).await;
        }
        let waits = self.op.runs.iter().any(|run| run.mark == StepMark::Waiting);
        let (to, why) = match (self.op.state, &self.op.failure) {
            (State::Aborting, Some(failure)) => {
                (State::Aborted, Some(format!("{failure} What follows a failure was stopped.")))
            }
            (State::Aborting, None) if waits => {
                (State::Aborted, Some("It was stopped before the next step.".to_owned()))
            }
            (State::Aborting, None) => {
                (State::Succeeded, Some("It was stopped before the next step.".to_owned()))
            }
            (_, Some(_)) => (State::Failed, Some(self.failed_at_last(&self.op))),
            (State::Running, None) if waits => (State::Verifying, None),
            _ => (State::Succeeded, None),
        };
        let event = self.moved(to, why, None);
        self.finish(vec![event], to).await
    }

    /// Goes on without a call whose condition does not hold.
    pub(super) async fn skip(&mut self, at: usize, why: String) -> Result<(), StoreError> {
        let skipped = OpEvent::RunSkipped { run: at, at: self.core.clock.now(), why };
        let mut next = self.op.as_ref().clone();
        next.apply(&skipped).map_err(|error| StoreError::Conflict(error.to_string()))?;
        let to = self.onward(&next);
        let why = (to == Some(State::Failed)).then(|| self.failed_at_last(&next));
        let moved = to.map(|to| self.moved(to, why, None));
        self.finish(std::iter::once(skipped).chain(moved).collect(), to.unwrap_or(self.op.state)).await
    }

    /// Ends in failure, after what the command does then.
    pub(super) async fn fail(&mut self, why: String) -> Result<(), StoreError> {
        let (events, to) = self.failing(&self.op, why);
        self.finish(events, to).await
    }

    /// Where it goes when a call came to a good end and nobody wants it to stop; `None` where more calls follow.
    fn onward(&self, next: &Operation) -> Option<State> {
        let open = |run: &&Run| matches!(run.mark, StepMark::Waiting | StepMark::Running);
        let mut open = next.runs.iter().filter(open);
        if open.clone().any(|run| self.is_of_phase(run)) {
            return None;
        }
        if self.op.failure.is_some() {
            return Some(State::Failed);
        }
        Some(if open.next().is_some() { State::Verifying } else { State::Succeeded })
    }

    /// The end of a call, and what follows from it where no other is under way.
    pub(super) fn consequences(
        &self,
        at: usize,
        end: &RunEnd,
        (others, ends): (bool, &[(usize, RunEnd)]),
    ) -> (Vec<OpEvent>, State) {
        let now = self.core.clock.now();
        let mut events = vec![OpEvent::RunEnded { run: at, at: now, end: end.clone() }];
        let retry = planning::step_at(&self.op, at).and_then(|step| step.retry);
        let retry = retry.filter(|retry| self.op.runs[at].failed < retry.times);
        if let (RunEnd::Failed(_), Some(retry), true) = (end, retry, self.op.state != State::Aborting)
            && self.op.runs[at].kind() != RunKind::Undo
        {
            let pause = i64::try_from(retry.pause_secs).unwrap_or(i64::MAX / 2);
            events.push(OpEvent::Retrying { run: at, not_before: later(now, pause) });
            return (events, self.op.state);
        }
        if others {
            return (events, self.op.state);
        }
        let mut next = self.op.as_ref().clone();
        if next.apply(&events[0]).is_err() {
            return (events, self.op.state);
        }
        // The worst end counts, whichever came last.
        let bad = next.runs.iter().enumerate().filter(|(_, run)| {
            matches!(run.mark, StepMark::Failed | StepMark::Unknown) && self.is_of_phase(run)
        });
        let worst = bad.max_by_key(|(bad, run)| (run.mark == StepMark::Unknown, std::cmp::Reverse(*bad)));
        let (at, end) = match worst {
            None => (at, end.clone()),
            Some((bad, _)) if bad == at => (at, end.clone()),
            Some((bad, _)) => {
                let known = ends.iter().rev().find(|(at, _)| *at == bad).map(|(_, end)| end.clone());
                (bad, known.unwrap_or_else(|| ended_as(&next, bad)))
            }
        };
        let (more, to) = self.outcome(&next, at, &end);
        events.extend(more);
        (events, to)
    }

    /// What follows from the end that counts.
    fn outcome(&self, next: &Operation, at: usize, end: &RunEnd) -> (Vec<OpEvent>, State) {
        let state = self.op.state;
        let run = &next.runs[at];
        let onward = self.onward(next);
        let name = said(run);
        let to = match end {
            RunEnd::NotStarted if state == State::Aborting => {
                Some((State::Aborted, "It was stopped before it began.".to_owned()))
            }
            RunEnd::NotStarted => None,
            RunEnd::Done(_) if state == State::Aborting && self.op.failure.is_none() => Some(match onward {
                Some(State::Succeeded) => {
                    (State::Succeeded, "It was done before it could be stopped.".to_owned())
                }
                Some(_) => (
                    State::Succeeded,
                    "It was done before it could be stopped; nothing was verified.".to_owned(),
                ),
                None => (State::Aborted, format!("It was stopped after step {name}, which is done.")),
            }),
            RunEnd::Done(_) if state == State::Aborting && onward.is_none() => {
                let failure = self.op.failure.clone().unwrap_or_default();
                Some((State::Aborted, format!("{failure} What follows a failure was stopped after {name}.")))
            }
            RunEnd::Done(_) => match onward {
                Some(State::Failed) => Some((State::Failed, self.failed_at_last(next))),
                onward => onward.map(|to| (to, String::new())),
            },
            RunEnd::Failed(what) | RunEnd::Aborted(what) if self.op.failure.is_some() => {
                let failure = self.op.failure.clone().unwrap_or_default();
                let to = if state == State::Aborting { State::Aborted } else { State::Failed };
                Some((to, format!("{failure} What follows a failure broke off, too: {name}: {what}")))
            }
            RunEnd::Failed(what) if run.verify => {
                let why = format!("The steps are done, but {name} does not prove it: {what}");
                return self.failing(next, why);
            }
            RunEnd::Failed(what) => {
                let why = match others(next, at) {
                    None => format!("Step {name} failed: {what}"),
                    Some(others) => format!("Step {name} failed: {}. {others}", what.trim_end_matches('.')),
                };
                return self.failing(next, why);
            }
            RunEnd::Aborted(what) if state == State::Aborting => Some((State::Aborted, what.clone())),
            RunEnd::Aborted(what) => return self.failing(next, format!("Step {name} was stopped: {what}")),
            RunEnd::Unknown(what) => {
                Some((State::NeedsHuman, format!("Nobody can tell what became of step {name}: {what}")))
            }
        };
        match to {
            None => (Vec::new(), state),
            Some((to, why)) => (vec![self.moved(to, (!why.is_empty()).then_some(why), None)], to),
        }
    }

    /// Fails, and begins what the command does then, if there is something.
    fn failing(&self, next: &Operation, why: String) -> (Vec<OpEvent>, State) {
        let state = self.op.state;
        let runs = match &next.command.on_failure {
            _ if next.failure.is_some() || !matches!(state, State::Running | State::Verifying) => Vec::new(),
            OnFailure::Stop => Vec::new(),
            OnFailure::Undo => undoing(next),
            OnFailure::Steps(steps) => {
                let of = |step| RunOf { kind: RunKind::OnFailure, step, item: None };
                let run = |(at, id): (usize, &str)| Run { of: Some(of(at)), ..Run::waiting(id, false) };
                steps.iter().map(|step| step.id.as_str()).enumerate().map(run).collect()
            }
        };
        if runs.is_empty() {
            return (vec![self.moved(State::Failed, Some(why), None)], State::Failed);
        }
        (vec![OpEvent::Failing { why, runs }], state)
    }

    /// Why it failed, and what was done for that.
    fn failed_at_last(&self, next: &Operation) -> String {
        let failure = self.op.failure.clone().unwrap_or_default();
        let undone = next.runs.iter().filter(|run| run.kind() == RunKind::Undo && run.mark == StepMark::Done);
        let undone: Vec<_> = undone.map(said).collect();
        if next.command.on_failure == OnFailure::Undo && !undone.is_empty() {
            return format!("{failure} Undone: {}.", undone.join(", "));
        }
        format!("{failure} What its command does then is done.")
    }
}

/// The calls that undo what was done, the last one first.
fn undoing(op: &Operation) -> Vec<Run> {
    let done = op.runs.iter().enumerate().rev().filter(|(_, run)| run.mark == StepMark::Done);
    done.filter(|(at, _)| planning::step_at(op, *at).is_some_and(|step| step.undo.is_some()))
        .map(|(at, run)| {
            let step = op.step_of(at).map_or(at, |(_, step)| step);
            let of = RunOf { kind: RunKind::Undo, step, item: run.item().cloned() };
            Run { of: Some(of), ..Run::waiting(&run.step, false) }
        })
        .collect()
}

/// How a call ended, from what is kept of it.
fn ended_as(op: &Operation, at: usize) -> RunEnd {
    let run = &op.runs[at];
    let what = run.error.clone().unwrap_or_default();
    if run.mark == StepMark::Unknown { RunEnd::Unknown(what) } else { RunEnd::Failed(what) }
}

/// A call as people would name it.
fn said(run: &Run) -> String {
    match run.item() {
        Some((_, serde_json::Value::String(item))) => format!("`{}` for `{item}`", run.step),
        Some((_, item)) => format!("`{}` for `{item}`", run.step),
        None => format!("`{}`", run.step),
    }
}

/// What became of the other items of a step of which one failed.
fn others(op: &Operation, at: usize) -> Option<String> {
    op.runs[at].item()?;
    let items: Vec<_> = (0..op.runs.len())
        .filter(|other| op.step_of(*other) == op.step_of(at))
        .map(|other| op.runs[other].mark)
        .collect();
    let count = |mark| items.iter().filter(|found| **found == mark).count();
    Some(format!(
        "Of {} it is done for {}, failed for {}, and was not begun for {}.",
        items.len(),
        count(StepMark::Done),
        count(StepMark::Failed),
        count(StepMark::Waiting),
    ))
}
