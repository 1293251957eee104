//! What its asker starts alone: the countdown in which everybody may stop it, and the loud line about it.
//!
//! Not the right to it: the gate has that, and looks again when the countdown is over. When that is stands in the
//! record, so that a restart changes nothing about it. Layer 1.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use wilco_contract::{
    connector::Receipt,
    gate::Decision,
    ids::{OpId, Place},
    operation::{Given, GivenKind, OpEvent, Operation, State},
    store::{Record, StoreError},
};

use super::{Life, judging};
use crate::{outbox, planning::later, words};

/// How long the loud line stands at least before what it tells of starts, in seconds.
const SEEN_SECS: i64 = 30;

/// A loud line: of which operation it tells, and when and where it was shown.
struct LoudLine {
    operation: OpId,
    shown: Option<(Timestamp, Receipt)>,
}

/// The loud lines of this process, by their numbers.
#[derive(Default)]
pub(crate) struct Loud(Mutex<HashMap<u64, LoudLine>>);

impl Loud {
    fn with<T>(&self, look: impl FnOnce(&mut HashMap<u64, LoudLine>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A line that was posted; one that is not loud is nothing to this.
    pub(crate) fn shown(&self, line: u64, receipt: &Receipt, at: Timestamp) {
        self.with(|all| {
            if let Some(line) = all.get_mut(&line) {
                line.shown = Some((at, receipt.clone()));
            }
        });
    }

    /// Whether the message that begins this thread is a line about this operation.
    pub(crate) fn stands_at(&self, operation: &OpId, place: &Place, thread: &str) -> bool {
        let here = |line: &LoudLine| {
            line.shown.as_ref().is_some_and(|(_, at)| at.place == *place && at.id == thread)
        };
        self.with(|all| all.values().any(|line| line.operation == *operation && here(line)))
    }
}

/// Whether everybody may stop it: somebody acts alone, and it has not begun.
pub(crate) fn anybody_stops(op: &Operation) -> bool {
    op.plan.body.flags.alone && matches!(op.state, State::AwaitingApproval | State::Queued)
}

/// Whether its countdown was over before anybody could stop it here: Wilco was away.
pub(super) fn was_missed(op: &Operation, now: Timestamp) -> bool {
    op.counts_down() && op.expires_at.is_none_or(|ends| ends <= now)
}

impl Life {
    /// The loud line about a countdown that begins with what is about to be recorded.
    pub(super) fn loud_line(&mut self, next: &Operation) -> Record {
        let record = outbox::line(&self.core, &next.home, None, words::countdown(&self.core, next));
        if let Record::Line(line) = &record {
            self.quiet();
            let loud = LoudLine { operation: next.id.clone(), shown: None };
            self.core.loud.with(|all| all.insert(line.number, loud));
            self.loud = Some(line.number);
            self.unwritten_stop = false;
        }
        record
    }

    /// Forgets the line, where there is one.
    pub(super) fn quiet(&mut self) {
        if let Some(line) = self.loud.take() {
            self.core.loud.with(|all| all.remove(&line));
        }
    }

    /// Tells of a countdown that another process began: nobody knows any more who saw it.
    pub(super) async fn tell_again(&mut self) {
        if !self.op.counts_down() || self.missed || self.loud.is_some() {
            return;
        }
        let op = self.op.clone();
        let line = self.loud_line(&op);
        match self.core.commit(vec![line]).await {
            Ok(()) => outbox::ring(&self.core, &op.home),
            Err(error) => {
                self.quiet();
                tracing::error!(operation = %op.id, %error, "A countdown could not be told of.");
            }
        }
    }

    /// Why nobody could have stopped it, though its countdown is over.
    fn unstoppable(&self) -> Option<String> {
        if self.missed {
            return Some("Its countdown ended while Wilco was away and nobody could stop it".to_owned());
        }
        if self.unwritten_stop {
            return Some("Somebody stopped it, and that could not be written".to_owned());
        }
        let line = |line: u64| self.core.loud.with(|all| all.get(&line)?.shown.as_ref().map(|(at, _)| *at));
        let shown = self.loud.and_then(line);
        let in_time =
            shown.zip(self.op.expires_at).is_some_and(|(shown, ends)| later(shown, SEEN_SECS) <= ends);
        let home = &self.op.home;
        (!in_time).then(|| {
            format!(
                "The line about it did not stand in {home} for {SEEN_SECS} s, in which anybody could stop it"
            )
        })
    }

    /// The countdown is over.
    pub(super) async fn counted_down(&mut self) -> Result<(), StoreError> {
        // What was said until now counts.
        self.hear_waiting().await?;
        if !self.op.counts_down() {
            return Ok(());
        }
        if let Some(why) = self.unstoppable() {
            let why = format!("{why}, so it does not start. Nothing was changed; give the order again.");
            return self.end(State::Expired, why, None).await;
        }
        let (Some(person), Some(account)) = (self.op.asker.person(), self.op.asker.account()) else {
            let why = "It was given alone, and not by a person. Nothing was changed.";
            return self.end(State::Aborted, why.to_owned(), None).await;
        };
        let given = Given {
            kind: GivenKind::Countdown,
            person: person.clone(),
            account: account.clone(),
            at: self.core.clock.now(),
            plan: self.op.plan.hash,
        };
        let mut all = self.op.given.clone();
        all.push(given.clone());
        let verdict = judging::judge(&self.core, &self.op, &all);
        let denied = matches!(verdict.decision, Decision::Deny(_));
        let mut events = judging::after(&self.core, &self.op, verdict);
        if let Some(OpEvent::Moved { to: State::Queued, why, .. }) = events.last_mut() {
            *why = Some(words::unstopped(&self.op));
        }
        if !denied {
            events.insert(0, OpEvent::Given { given });
        }
        self.record(events, Vec::new()).await
    }
}
