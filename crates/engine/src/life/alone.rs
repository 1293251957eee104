//! What its asker starts alone: the countdown in which everybody may stop it, and the loud line about it.
//!
//! Not the right to it: the gate has that, and looks again when the countdown is over. When that is stands in the
//! record, so that a restart changes nothing about it. Layer 1.

use jiff::Timestamp;
use wilco_contract::{
    gate::Decision,
    operation::{Given, GivenKind, OpEvent, Operation, State},
    store::{Record, StoreError},
};

use super::{Life, judging};
use crate::{core::Core, outbox, words};

/// Whether its countdown was over before anybody could stop it here: Wilco was away.
pub(super) fn was_missed(op: &Operation, now: Timestamp) -> bool {
    op.counts_down() && op.expires_at.is_none_or(|ends| ends <= now)
}

/// The loud line that goes with these events, where they begin a countdown.
pub(super) fn told(core: &Core, op: &Operation, events: &[OpEvent]) -> Option<Record> {
    let mut next = op.clone();
    for event in events {
        next.apply(event).ok()?;
    }
    let begins = next.counts_down() && op.state != next.state;
    begins.then(|| outbox::line(core, &op.home, None, words::countdown(core, &next)))
}

impl Life {
    /// The countdown is over.
    pub(super) async fn counted_down(&mut self) -> Result<(), StoreError> {
        // What was said until now counts.
        self.hear_waiting().await?;
        if !self.op.counts_down() {
            return Ok(());
        }
        if self.missed {
            let why = "Its countdown ended while Wilco was away and nobody could stop it, so it does not start. Nothing \
                       was changed; give the order again.";
            return self.end(State::Expired, why.to_owned(), None).await;
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
