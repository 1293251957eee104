//! From queued to running: the lock, the plan made anew, the gate again.
//!
//! Not the calls themselves: [`super::running`]. Layer 1.

use wilco_contract::{
    gate::{Decision, Verdict},
    operation::{OpEvent, State},
    plan::Plan,
    store::{Lock, LockOwner, Record, StoreError},
};

use super::{Life, judging};
use crate::{
    locks::Taken,
    planning::{self, Meant, later},
    words,
};

/// How often in a row a plan may be another one just before the start.
const MOST_REPLANS: u32 = 3;
/// How long beyond its deadline an operation keeps its lock at most, in seconds.
const LOCK_GRACE_SECS: i64 = 300;

impl Life {
    /// From queued to running: the lock, the plan made anew, the gate again.
    pub(super) async fn start(&mut self) -> Result<(), StoreError> {
        if !self.take_lock().await? {
            return Ok(());
        }
        let started = self.start_locked().await;
        // Whoever does not run does not hold the lock.
        if !matches!(self.op.state, State::Running | State::NeedsHuman)
            && let Some(key) = self.op.lock.clone()
        {
            self.core.locks.release(&key, &LockOwner::Operation(self.op.id.clone()));
        }
        started
    }

    async fn start_locked(&mut self) -> Result<(), StoreError> {
        let core = self.core.clone();
        let today =
            core.live.load().catalogue.command(&self.op.command.spec.id).map(|command| command.digest());
        if today != Some(self.op.plan.body.definition) {
            let why = "The command's definition changed since it was planned. Nothing was changed; give the order again.";
            return self.end(State::Aborted, why.to_owned(), None).await;
        }
        let op = self.op.clone();
        let flags = op.plan.body.flags;
        let meant = Meant { command: &op.command, args: &op.args, who: &op.asker, place: &op.place, flags };
        let plan = match planning::make(&core, meant).await {
            Ok(plan) => plan,
            Err(error) => {
                let why = format!(
                    "It could not be planned again just before the start, so nothing was changed: {error}"
                );
                return self.end(State::Failed, why, None).await;
            }
        };
        if plan.hash != op.plan.hash {
            return self.replan(plan).await;
        }
        // What was said while the plan was made counts before the start.
        self.hear_waiting().await?;
        if self.op.state != State::Queued {
            return Ok(());
        }
        if self.unwritten_stop && op.plan.body.flags.alone {
            let why = "Somebody stopped it, and that could not be written, so it does not start. Nothing was changed; \
                       give the order again.";
            return self.end(State::Expired, why.to_owned(), None).await;
        }
        match judging::judge(&self.core, &op, &op.given).decision {
            Decision::Allow(permitted) => {
                self.permitted = Some(permitted);
                let started = self.moved(State::Running, None, None);
                let lock = self.lock().map(Record::Locked);
                self.record(vec![started], lock.into_iter().collect()).await
            }
            other => {
                let events =
                    judging::after(&self.core, &op, Verdict { decision: other, considered: Vec::new() });
                self.record(events, Vec::new()).await
            }
        }
    }

    async fn replan(&mut self, plan: Plan) -> Result<(), StoreError> {
        self.replans += 1;
        if self.replans > MOST_REPLANS {
            let why = "Its plan is another one at every look, so it cannot be started. Nothing was changed.";
            return self.end(State::Failed, why.to_owned(), None).await;
        }
        let changes = self.op.plan.differences(&plan);
        let had = !self.op.given.is_empty();
        let mut next = self.op.as_ref().clone();
        let replanned =
            OpEvent::Replanned { plan: Box::new(plan), at: self.core.clock.now(), changes: changes.clone() };
        next.apply(&replanned).map_err(|error| StoreError::Conflict(error.to_string()))?;
        let mut events = vec![replanned];
        let verdict = judging::judge(&self.core, &next, &[]);
        if matches!(verdict.decision, Decision::Allow(_)) {
            // Nobody had to say yes to the old plan, so the new one is as good. The gate is asked again at the start.
            return self.record(events, Vec::new()).await;
        }
        events.extend(judging::after(&self.core, &next, verdict));
        if let Some(OpEvent::Moved { why, to, .. }) = events.last_mut()
            && to.awaits()
        {
            let void = if had { "What had been said yes to is void" } else { "The plan changed" };
            *why = Some(format!("{void}: {}.", changes.join("; ")));
        }
        self.record(events, Vec::new()).await
    }

    fn lock(&self) -> Option<Lock> {
        let now = self.core.clock.now();
        self.op.lock.as_ref().map(|key| Lock {
            key: key.clone(),
            owner: LockOwner::Operation(self.op.id.clone()),
            reason: self.op.order.clone(),
            at: now,
            expires_at: later(now, self.lock_secs()),
        })
    }

    /// How long it keeps its lock at most, in seconds, where it only runs.
    pub(super) fn lock_secs(&self) -> i64 {
        let secs = i64::try_from(self.op.command.spec.timeout_secs).unwrap_or(i64::MAX / 2);
        secs.saturating_add(LOCK_GRACE_SECS)
    }

    /// Waits for the lock. `false` where the operation ended or changed meanwhile.
    async fn take_lock(&mut self) -> Result<bool, StoreError> {
        let Some(lock) = self.lock() else { return Ok(true) };
        let core = self.core.clone();
        let until = self.op.expires_at.unwrap_or_else(|| later(core.clock.now(), judging::QUEUE_SECS));
        loop {
            let changed = core.locks.changed();
            let (why, look_again) = match core.locks.take(&lock, core.clock.now()) {
                Taken::Yes => return Ok(true),
                Taken::HeldBy(held) => (words::held(&core, &held), held.expires_at.min(until)),
                Taken::Behind(first) => (format!("Waits for `{}`, behind {first}.", lock.key), until),
            };
            if self.op.why.as_ref() != Some(&why) {
                let mut waits = self.moved(State::Queued, Some(why), None);
                if let OpEvent::Moved { expires_at, .. } = &mut waits {
                    *expires_at = Some(until);
                }
                self.record(vec![waits], Vec::new()).await?;
            }
            tokio::select! {
                () = changed => {}
                () = core.stopped() => return Ok(false),
                () = core.clock.until(look_again) => {
                    if core.clock.now() >= until {
                        core.locks.release(&lock.key, &lock.owner);
                        let why = format!("`{}` did not become free in time. Nothing was changed.", lock.key);
                        self.end(State::Expired, why, None).await?;
                        return Ok(false);
                    }
                }
                told = self.told.recv() => {
                    self.hear(told, None).await?;
                    if self.op.state != State::Queued {
                        core.locks.release(&lock.key, &lock.owner);
                        return Ok(false);
                    }
                }
            }
        }
    }
}
