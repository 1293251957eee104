//! The life of one operation, from its plan to its end: one task, one state after the other.
//!
//! Not the calls of actions: [`crate::calls`] makes them. Every change goes through [`Life::record`], which commits
//! before anything else happens, so that a restart goes on where this stopped. What happens in a state has a file of
//! its own: [`decisions`], [`alone`], [`starting`], [`running`], [`answers`], [`ends`]; what the gate says about an
//! operation is in [`judging`]. Layer 1.

pub(crate) mod alone;
mod answers;
pub(crate) mod decisions;
mod ends;
pub(crate) mod judging;
mod running;
mod starting;

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use wilco_contract::{
    connector::Receipt,
    gate::Permitted,
    operation::{OpEvent, Operation, State},
    reply::PressKind,
    store::{Lock, LockOwner, Record, StoreError},
};

use crate::{
    Decide, NotDecided, Notice, calls,
    core::{Core, Living},
    lines::Numbers,
    outbox,
    planning::later,
    slot, telemetry,
    waits::{
        self,
        answers::{Given, NotAnswered},
    },
    words,
};

/// How many decisions may wait for one operation.
const MAILBOX: usize = 64;
/// How long what needs a human keeps its lock, in seconds.
const LOOKED_AFTER_SECS: i64 = 30 * 86_400;
/// The longest pause after the store could not write, in seconds.
const LONGEST_PAUSE_SECS: i64 = 30;

/// Something that an operation is told.
pub(crate) enum Told {
    /// A person decided.
    Decide {
        /// What.
        decide: Decide,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<Arc<Operation>, NotDecided>>,
    },
    /// Somebody answered what it asks.
    Answer {
        /// What.
        given: Given,
        /// Where what came of it goes.
        answer: oneshot::Sender<Result<Arc<Operation>, NotAnswered>>,
    },
    /// One of its messages was posted.
    Posted {
        /// Which.
        slot: usize,
        /// Where.
        receipt: Receipt,
    },
}

pub(crate) struct Life {
    pub(crate) core: Arc<Core>,
    pub(crate) op: Arc<Operation>,
    told: mpsc::Receiver<Told>,
    shown: watch::Sender<Arc<Operation>>,
    permitted: Option<Permitted>,
    /// How often its plan was another one just before the start.
    replans: u32,
    /// Whether its countdown ended while Wilco was away.
    missed: bool,
    /// The line that tells of its countdown, by its number.
    loud: Option<u64>,
    /// Whether somebody stopped it before it began, and that could not be written.
    unwritten_stop: bool,
    /// The numbers of its lines.
    numbers: Numbers,
}

/// Lets an operation live: a new one whose first records are committed, or one from before a restart.
pub(crate) fn begin(core: &Arc<Core>, op: Arc<Operation>) {
    let (tell, told) = mpsc::channel(MAILBOX);
    let (shown, seen) = watch::channel(op.clone());
    core.keep(Living { operation: op.clone(), tell: tell.clone(), shown: HashMap::new() });
    core.tell_pages(Notice::Operation(op.clone()));
    core.spawn.spawn("slot", Box::pin(slot::keep(core.clone(), seen, tell)));
    let life = Life {
        core: core.clone(),
        missed: alone::was_missed(&op, core.clock.now()),
        op,
        told,
        shown,
        permitted: None,
        replans: 0,
        loud: None,
        unwritten_stop: false,
        numbers: Numbers::default(),
    };
    core.spawn.spawn("operation", Box::pin(life.live()));
}

impl Life {
    async fn live(mut self) {
        let mut pause = 1;
        while !self.op.state.is_final() && !self.core.is_stopping() {
            let lived = match self.op.state {
                State::Planned => self.settle().await,
                State::AwaitingConfirm | State::AwaitingApproval => self.wait_for_decisions().await,
                State::Queued => self.start().await,
                State::Running | State::Verifying | State::Aborting | State::Paused => self.run().await,
                State::Succeeded | State::Failed | State::Aborted | State::Expired | State::NeedsHuman => {
                    Ok(())
                }
            };
            match lived {
                Ok(()) => pause = 1,
                Err(error) => {
                    tracing::error!(operation = %self.op.id, %error, "An operation could not be recorded; trying again.");
                    self.core.clock.until(later(self.core.clock.now(), pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE_SECS);
                }
            }
        }
        self.quiet();
        if self.op.state.is_final() {
            telemetry::ended(self.op.state);
            self.core.forget(&self.op.id);
        }
    }

    /// Commits events, with further records, and only then takes them in and shows them.
    ///
    /// # Errors
    /// When nothing was written; the operation is as it was.
    pub(crate) async fn record(&mut self, events: Vec<OpEvent>, more: Vec<Record>) -> Result<(), StoreError> {
        let mut now = self.op.as_ref().clone();
        let mut records = Vec::with_capacity(events.len() + more.len());
        for event in events {
            now.apply(&event).map_err(|error| StoreError::Conflict(error.to_string()))?;
            records.push(Record::Operation { event, now: Arc::new(now.clone()) });
        }
        records.extend(more);
        // However it comes about: no countdown begins that nobody is told of.
        let begins = now.counts_down() && !self.op.counts_down();
        if begins {
            records.push(self.loud_line(&now));
        }
        self.core.commit(records).await?;
        self.op = Arc::new(now);
        if begins {
            outbox::ring(&self.core, &self.op.home);
        }
        self.core.renew(&self.op);
        self.core.tell_pages(Notice::Operation(self.op.clone()));
        self.shown.send_replace(self.op.clone());
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        let verdict = judging::judge(&self.core, &self.op, &self.op.given);
        let events = judging::after(&self.core, &self.op, verdict);
        self.record(events, Vec::new()).await
    }

    async fn wait_for_decisions(&mut self) -> Result<(), StoreError> {
        self.tell_again().await;
        let state = self.op.state;
        let expires = self.op.expires_at.unwrap_or(Timestamp::MAX);
        let core = self.core.clone();
        while self.op.state == state {
            tokio::select! {
                biased;
                () = core.clock.until(expires), if self.op.counts_down() => return self.counted_down().await,
                () = core.clock.until(expires) => {
                    let why = format!("Nobody decided by {}. Nothing was changed.", words::time(&core, expires));
                    return self.end(State::Expired, why, None).await;
                }
                told = self.told.recv() => self.hear(told, None).await?,
                // It waits on at the next start.
                () = core.stopped() => return Ok(()),
            }
        }
        Ok(())
    }

    /// Takes in what it was told meanwhile, without waiting for more.
    async fn hear_waiting(&mut self) -> Result<(), StoreError> {
        while let Ok(told) = self.told.try_recv() {
            self.hear(Some(told), None).await?;
        }
        Ok(())
    }

    /// Takes in what it was told. `calls` are those that are under way.
    async fn hear(&mut self, told: Option<Told>, calls: Option<&mut calls::Calls>) -> Result<(), StoreError> {
        match told {
            None => Ok(()),
            Some(Told::Posted { slot, receipt }) => {
                self.record(vec![OpEvent::Posted { slot, receipt }], Vec::new()).await
            }
            Some(Told::Decide { decide, answer }) => {
                let decided = self.decide(&decide, calls).await;
                let is_no = matches!(decide.press, PressKind::Deny | PressKind::Abort);
                if is_no && matches!(decided, Err(NotDecided::Unavailable(_))) {
                    self.unwritten_stop = true;
                }
                if let Err(NotDecided::Denied(denial)) = &decided {
                    self.core.note(decisions::refused(&self.op, &decide, denial)).await;
                }
                // Whoever asked may be gone; the decision stands all the same.
                let _ = answer.send(decided.map(|()| self.op.clone()));
                Ok(())
            }
            Some(Told::Answer { given, answer }) => {
                let answered = self.answer(&given, calls).await;
                if let Err(NotAnswered::Denied(denial)) = &answered {
                    self.core.note(waits::answers::refused(&self.op, &given.who, denial)).await;
                }
                let _ = answer.send(answered.map(|()| self.op.clone()));
                Ok(())
            }
        }
    }

    /// Goes to a final state, and gives back the lock unless a person has to look first.
    async fn end(&mut self, to: State, why: String, by: Option<String>) -> Result<(), StoreError> {
        let event = self.moved(to, Some(why), by);
        self.finish(vec![event], to).await
    }

    pub(crate) fn moved(&self, to: State, why: Option<String>, by: Option<String>) -> OpEvent {
        OpEvent::Moved { to, at: self.core.clock.now(), why, by, expires_at: None }
    }

    /// Commits the last events together with giving back the lock.
    async fn finish(&mut self, events: Vec<OpEvent>, to: State) -> Result<(), StoreError> {
        let owner = LockOwner::Operation(self.op.id.clone());
        let now = self.core.clock.now();
        let Some(key) = self.op.lock.clone().filter(|_| to.is_final()) else {
            return self.record(events, Vec::new()).await;
        };
        if to == State::NeedsHuman {
            // Nobody else touches it before a person has looked.
            let until = later(now, LOOKED_AFTER_SECS);
            let kept = self.core.locks.holder(&key, now).filter(|lock| lock.owner == owner);
            let kept = kept.map(|lock| Lock { expires_at: until, ..lock });
            self.record(events, kept.clone().map(Record::Locked).into_iter().collect()).await?;
            if let Some(lock) = kept {
                self.core.locks.prolong(lock);
            }
            return Ok(());
        }
        // Whoever runs has committed its lock; what somebody else holds by now is theirs.
        let began = matches!(self.op.state, State::Running | State::Verifying | State::Aborting);
        let others = self.core.locks.holder(&key, now).is_some_and(|lock| lock.owner != owner);
        let unlocked =
            (began && !others).then(|| Record::Unlocked { key: key.clone(), by: self.op.id.to_string() });
        self.record(events, unlocked.into_iter().collect()).await?;
        self.core.locks.release(&key, &owner);
        Ok(())
    }
}
