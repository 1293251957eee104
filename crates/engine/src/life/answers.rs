//! Answers to what a call of the operation asks, and the messages in which it asks.
//!
//! Not the words of a question, nor who may answer: [`crate::waits::ask`]. Layer 1.

use wilco_contract::{
    operation::{Answer, Asks, OpEvent, Slot, State},
    store::{Lock, LockOwner},
    values::{Asked, Moment},
};

use super::Life;
use crate::{
    calls::Calls,
    planning::later,
    waits::{
        self,
        answers::{Given, NotAnswered},
        ask,
    },
};

impl Life {
    /// Takes an answer, once: committed before the call ends with it.
    pub(super) async fn answer(
        &mut self,
        given: &Given,
        calls: Option<&mut Calls>,
    ) -> Result<(), NotAnswered> {
        let not_asking = || NotAnswered::NotAsking(self.op.clone());
        let open =
            waits::asking(&self.op).filter(|_| matches!(self.op.state, State::Running | State::Verifying));
        let Some((run, intent, args)) = open else { return Err(not_asking()) };
        let now = self.core.clock.now();
        // Neither what was said before it asked nor what was said too late: the words may come late themselves. A
        // network's clock that is ahead of ours makes nothing too late.
        let in_time = intent.at <= given.said_at && given.said_at.min(now) < intent.deadline;
        let Some(calls) = calls.filter(|calls| calls.is_open(run) && in_time) else {
            return Err(not_asking());
        };
        let who = self.core.with_policy(|policy| policy.refresh(&given.who));
        let may = self.core.with_policy(|policy| args.may_answer(policy, &self.op, &who));
        may.map_err(NotAnswered::Denied)?;
        let (Some(person), Some(account)) = (who.person(), who.account()) else { return Err(not_asking()) };
        let value = self.core.with_policy(|policy| {
            let asked = Asked {
                connector: account.connector(),
                place: None,
                who: Some(person),
                when: Some(Moment { now: given.said_at, zone: &policy.zone.0 }),
                people: Some(&policy.people),
            };
            args.value(&given.said, &asked).map_err(NotAnswered::Misfit)
        })?;
        let answer = Answer { value, by: person.clone(), account: account.clone(), at: now };
        let outcome = ask::outcome(&answer, &args);
        let recorded = self.record(vec![OpEvent::Answered { run, answer }], Vec::new()).await;
        recorded.map_err(|error| NotAnswered::Unavailable(error.to_string()))?;
        calls.answered(run, outcome);
        Ok(())
    }

    /// That a call asks, in a message in the thread of each status.
    pub(super) fn asked(&self, run: usize) -> OpEvent {
        let statuses = self.op.slots.iter().enumerate().filter(|(_, slot)| slot.asks.is_none());
        let slots = statuses.map(|(under, slot)| Slot {
            place: slot.place.clone(),
            thread: slot.thread.clone(),
            receipt: None,
            asks: Some(Asks { run, under }),
        });
        OpEvent::Asked { run, slots: slots.collect() }
    }

    /// The lock of the operation, prolonged so that it holds beyond what a call waits for; none where it holds none.
    pub(super) fn prolonged(&self, until: jiff::Timestamp) -> Option<Lock> {
        let now = self.core.clock.now();
        let held = self.core.locks.holder(self.op.lock.as_deref()?, now)?;
        if held.owner != LockOwner::Operation(self.op.id.clone()) {
            return None;
        }
        let expires_at = later(until.max(now), self.lock_secs());
        (held.expires_at < expires_at).then_some(Lock { expires_at, ..held })
    }
}
