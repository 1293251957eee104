//! The life of one operation, from its plan to its end: one task, one state after the other.
//!
//! Not the calls of actions: [`crate::calls`] makes them. Every change goes through [`Life::record`], which commits
//! before anything else happens, so that a restart goes on where this stopped. Layer 1.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use wilco_contract::{
    connector::Receipt,
    gate::{Ask, Decision, Denial, Need, Permitted, Verdict, may_decide},
    ids::OpId,
    operation::{Given, GivenKind, OpEvent, Operation, RunEnd, State},
    reply::{PressKind, StepMark},
    store::{AuditEntry, Lock, LockOwner, Record, StoreError},
};

use crate::{
    Decide, NotDecided, Notice,
    calls::{self, Ended},
    core::{Core, Living},
    locks::Taken,
    planning::{self, Meant, later},
    slot, words,
};

/// How many decisions may wait for one operation.
const MAILBOX: usize = 64;
/// How long an operation waits for its lock, in seconds.
const QUEUE_SECS: i64 = 3_600;
/// How long beyond its deadline an operation keeps its lock at most, in seconds.
const LOCK_GRACE_SECS: i64 = 300;
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
}

/// Lets an operation live: a new one whose first records are committed, or one from before a restart.
pub(crate) fn begin(core: &Arc<Core>, op: Arc<Operation>) {
    let (tell, told) = mpsc::channel(MAILBOX);
    let (shown, seen) = watch::channel(op.clone());
    core.keep(Living { operation: op.clone(), tell: tell.clone() });
    core.tell_pages(Notice::Operation(op.clone()));
    core.spawn.spawn("slot", Box::pin(slot::keep(core.clone(), seen, tell)));
    let life = Life { core: core.clone(), op, told, shown, permitted: None };
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
        if self.op.state.is_final() {
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
        self.core.commit(records).await?;
        self.op = Arc::new(now);
        self.core.renew(&self.op);
        self.core.tell_pages(Notice::Operation(self.op.clone()));
        self.shown.send_replace(self.op.clone());
        Ok(())
    }

    fn ask<'a>(
        op: &'a Operation,
        who: &'a wilco_contract::principal::Principal,
        given: &'a [Given],
    ) -> Ask<'a> {
        Ask {
            who,
            spec: &op.command.spec,
            args: &op.args,
            place: &op.place,
            now: Timestamp::UNIX_EPOCH,
            plan: Some(&op.plan),
            given,
            operation: Some(&op.id),
        }
    }

    /// Asks the gate under today's policy, with these decisions.
    fn judge(&self, given: &[Given]) -> Verdict {
        judge(&self.core, &self.op, given)
    }

    /// What a verdict means for an operation that has not started.
    fn after(&self, verdict: Verdict) -> Vec<OpEvent> {
        after(&self.core, &self.op, verdict)
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        let events = self.after(self.judge(&self.op.given));
        self.record(events, Vec::new()).await
    }

    async fn wait_for_decisions(&mut self) -> Result<(), StoreError> {
        let state = self.op.state;
        let expires = self.op.expires_at.unwrap_or(Timestamp::MAX);
        let core = self.core.clone();
        while self.op.state == state {
            tokio::select! {
                biased;
                () = core.clock.until(expires) => {
                    let why = format!("Nobody decided by {}. Nothing was changed.", words::time(&core, expires));
                    return self.end(State::Expired, why, None).await;
                }
                told = self.told.recv() => self.hear(told, None).await?,
            }
        }
        Ok(())
    }

    /// Takes in what it was told. `stop` is the way to stop a call that is under way.
    async fn hear(&mut self, told: Option<Told>, stop: Option<&mut calls::Stop>) -> Result<(), StoreError> {
        match told {
            None => Ok(()),
            Some(Told::Posted { slot, receipt }) => {
                self.record(vec![OpEvent::Posted { slot, receipt }], Vec::new()).await
            }
            Some(Told::Decide { decide, answer }) => {
                let decided = self.decide(&decide, stop).await;
                if let Err(NotDecided::Denied(denial)) = &decided {
                    self.core.note(refused(&self.op, &decide, denial)).await;
                }
                // Whoever asked may be gone; the decision stands all the same.
                let _ = answer.send(decided.map(|()| self.op.clone()));
                Ok(())
            }
        }
    }

    async fn decide(&mut self, decide: &Decide, stop: Option<&mut calls::Stop>) -> Result<(), NotDecided> {
        if decide.plan.is_some_and(|plan| plan != self.op.plan.hash) {
            return Err(NotDecided::Changed(self.op.clone()));
        }
        let decided = match decide.press {
            PressKind::Confirm => self.say_yes(decide, GivenKind::Confirm).await?,
            PressKind::Approve => self.say_yes(decide, GivenKind::Approve).await?,
            PressKind::Deny | PressKind::Abort => self.say_no(decide, stop).await?,
        };
        decided.map_err(|error| NotDecided::Unavailable(error.to_string()))
    }

    async fn say_yes(
        &mut self,
        decide: &Decide,
        kind: GivenKind,
    ) -> Result<Result<(), StoreError>, NotDecided> {
        if !self.op.state.awaits() {
            return Err(NotDecided::Changed(self.op.clone()));
        }
        let who = self.core.with_policy(|policy| policy.refresh(&decide.who));
        may_press(&self.core, &self.op, &who, decide.press).map_err(NotDecided::Denied)?;
        let (Some(person), Some(account)) = (who.person(), who.account()) else {
            return Err(NotDecided::Changed(self.op.clone()));
        };
        let given = Given {
            kind,
            person: person.clone(),
            account: account.clone(),
            at: self.core.clock.now(),
            plan: self.op.plan.hash,
        };
        let mut all = self.op.given.clone();
        all.push(given.clone());
        let mut events = vec![OpEvent::Given { given }];
        events.extend(self.after(self.judge(&all)));
        Ok(self.record(events, Vec::new()).await)
    }

    async fn say_no(
        &mut self,
        decide: &Decide,
        stop: Option<&mut calls::Stop>,
    ) -> Result<Result<(), StoreError>, NotDecided> {
        let who = self.core.with_policy(|policy| policy.refresh(&decide.who));
        may_press(&self.core, &self.op, &who, decide.press).map_err(NotDecided::Denied)?;
        let by = Some(who.key());
        let verb = if decide.press == PressKind::Deny { "Denied" } else { "Stopped" };
        let Some(stop) = stop else {
            let why = format!("{verb} by {who}. Nothing was changed.");
            return Ok(self.end(State::Aborted, why, by).await);
        };
        let moved = OpEvent::Moved {
            to: State::Aborting,
            at: self.core.clock.now(),
            why: Some(format!("{verb} by {who}; stopping the running step.")),
            by,
            expires_at: None,
        };
        let recorded = self.record(vec![moved], Vec::new()).await;
        if recorded.is_ok() {
            stop.now();
        }
        Ok(recorded)
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
        let key = self.op.lock.clone().filter(|_| to.is_final() && to != State::NeedsHuman);
        let held =
            key.as_ref().and_then(|key| self.core.locks.holder(key, now)).filter(|lock| lock.owner == owner);
        let unlocked = held.map(|lock| Record::Unlocked { key: lock.key, by: self.op.id.to_string() });
        self.record(events, unlocked.into_iter().collect()).await?;
        if let Some(key) = key {
            self.core.locks.release(&key, &owner);
        }
        Ok(())
    }

    /// From queued to running: the lock, the plan made anew, the gate again.
    async fn start(&mut self) -> Result<(), StoreError> {
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
        let meant = Meant { command: &op.command, args: &op.args, who: &op.asker, place: &op.place };
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
        match self.judge(&op.given).decision {
            Decision::Allow(permitted) => {
                self.permitted = Some(permitted);
                let started = self.moved(State::Running, None, None);
                let lock = self.lock().map(Record::Locked);
                self.record(vec![started], lock.into_iter().collect()).await
            }
            other => {
                let events = self.after(Verdict { decision: other, considered: Vec::new() });
                self.record(events, Vec::new()).await
            }
        }
    }

    async fn replan(&mut self, plan: wilco_contract::plan::Plan) -> Result<(), StoreError> {
        let changes = self.op.plan.differences(&plan);
        let had = !self.op.given.is_empty();
        let mut next = self.op.as_ref().clone();
        let replanned = OpEvent::Replanned { plan: Box::new(plan), changes: changes.clone() };
        next.apply(&replanned).map_err(|error| StoreError::Conflict(error.to_string()))?;
        let mut events = vec![replanned];
        let verdict = judge(&self.core, &next, &[]);
        if matches!(verdict.decision, Decision::Allow(_)) {
            // Nobody had to say yes to the old plan, so the new one is as good. The gate is asked again at the start.
            return self.record(events, Vec::new()).await;
        }
        events.extend(after(&self.core, &next, verdict));
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
        let secs = i64::try_from(self.op.command.spec.timeout_secs).unwrap_or(i64::MAX / 2);
        self.op.lock.as_ref().map(|key| Lock {
            key: key.clone(),
            owner: LockOwner::Operation(self.op.id.clone()),
            reason: self.op.order.clone(),
            at: now,
            expires_at: later(now, secs.saturating_add(LOCK_GRACE_SECS)),
        })
    }

    /// Waits for the lock. `false` where the operation ended or changed meanwhile.
    async fn take_lock(&mut self) -> Result<bool, StoreError> {
        let Some(lock) = self.lock() else { return Ok(true) };
        let core = self.core.clone();
        let until = self.op.expires_at.unwrap_or_else(|| later(core.clock.now(), QUEUE_SECS));
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

    /// Makes the next call, or goes on to what comes after the last one.
    async fn run(&mut self) -> Result<(), StoreError> {
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
        let permitted = match self.permitted.take() {
            Some(permitted) => permitted,
            // After a restart: the rules of today count.
            None => match self.judge(&self.op.given).decision {
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
    async fn follow(&mut self, mut call: calls::Calling) -> Ended {
        loop {
            tokio::select! {
                end = &mut call.end => return call.ended(end).await,
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
            return self.ended(at, Ended::now(RunEnd::Unknown("its record is incomplete".to_owned()))).await;
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
    async fn ended(&mut self, at: usize, ended: Ended) -> Result<(), StoreError> {
        let mut pause = 1;
        loop {
            let (events, to) = self.consequences(at, &ended.end);
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
        let last = self.op.runs.iter().skip(at + 1).all(|next| next.verify != run.verify);
        let all = at + 1 == self.op.runs.len();
        let to = match end {
            RunEnd::NotStarted if state == State::Aborting => {
                Some((State::Aborted, "It was stopped before it began.".to_owned()))
            }
            RunEnd::NotStarted => None,
            RunEnd::Done(_) if state == State::Aborting && all => {
                Some((State::Succeeded, "It was done before it could be stopped.".to_owned()))
            }
            RunEnd::Done(_) if state == State::Aborting && last => Some((
                State::Succeeded,
                "It was done before it could be stopped; nothing was verified.".to_owned(),
            )),
            RunEnd::Done(_) if state == State::Aborting => {
                Some((State::Aborted, format!("It was stopped after step `{}`, which is done.", run.step)))
            }
            RunEnd::Done(_) if all => Some((State::Succeeded, String::new())),
            RunEnd::Done(_) if last => Some((State::Verifying, String::new())),
            RunEnd::Done(_) => None,
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

/// Asks the gate about an operation under today's policy, with these decisions.
pub(crate) fn judge(core: &Core, op: &Operation, given: &[Given]) -> Verdict {
    let who = core.with_policy(|policy| policy.refresh(&op.asker));
    // What has begun in time may go on after a restart; people and rules are those of today.
    let now = op.started_at.unwrap_or_else(|| core.clock.now());
    core.gate(Ask { now, ..Life::ask(op, &who, given) })
}

/// What a verdict means for an operation that has not started.
pub(crate) fn after(core: &Core, op: &Operation, verdict: Verdict) -> Vec<OpEvent> {
    let now = core.clock.now();
    let moved = |to, why, expires_at| OpEvent::Moved { to, at: now, why, by: None, expires_at };
    match verdict.decision {
        Decision::Allow(_) | Decision::Plan if op.state == State::Queued => Vec::new(),
        Decision::Allow(_) | Decision::Plan => vec![moved(State::Queued, None, Some(later(now, QUEUE_SECS)))],
        Decision::Deny(Denial { text, rule, .. }) => {
            vec![moved(State::Aborted, Some(format!("{text} (rule: {rule}) Nothing was changed.")), None)]
        }
        Decision::Needs(needs) => {
            let open = |kind| needs.iter().filter(move |need: &&Need| need.kind == kind && !need.is_met());
            let confirm = open(GivenKind::Confirm).next().is_some();
            let kind = if confirm { GivenKind::Confirm } else { GivenKind::Approve };
            let to = if confirm { State::AwaitingConfirm } else { State::AwaitingApproval };
            let secs = open(kind).map(|need| need.within_secs).min().unwrap_or_default();
            let mut events = vec![OpEvent::Needs { needs: needs.clone() }];
            if op.state != to {
                let why =
                    (op.state == State::Queued).then(|| "A yes that it had no longer counts.".to_owned());
                events.push(moved(to, why, Some(later(now, i64::try_from(secs).unwrap_or(i64::MAX / 2)))));
            }
            events
        }
    }
}

/// Whether this principal may press this now.
///
/// # Errors
/// With the rule, when they may not.
pub(crate) fn may_press(
    core: &Core,
    op: &Operation,
    who: &wilco_contract::principal::Principal,
    press: PressKind,
) -> Result<(), Denial> {
    let asker = core.with_policy(|policy| policy.refresh(&op.asker));
    let ask = Ask { now: core.clock.now(), ..Life::ask(op, &asker, &op.given) };
    let by = |kind| core.with_policy(|policy| may_decide(policy, &ask, who, kind));
    let denied =
        |text: String, rule: &str| Err(Denial { text, rule: rule.into(), who_can: None, you_can: None });
    match press {
        PressKind::Confirm | PressKind::Approve if !op.state.awaits() => {
            denied(format!("{} is {} and waits for no decision.", op.id, op.state), "state of the operation")
        }
        PressKind::Confirm if op.state == State::AwaitingApproval => {
            by(GivenKind::Confirm)?;
            denied(
                format!("{} needs no confirmation; it waits for somebody else to approve it.", op.id),
                "state of the operation",
            )
        }
        PressKind::Confirm => by(GivenKind::Confirm),
        PressKind::Approve if op.state == State::AwaitingConfirm => {
            by(GivenKind::Approve)?;
            denied(format!("{} has to confirm {} first.", op.asker, op.id), "the asker confirms first")
        }
        PressKind::Approve => {
            by(GivenKind::Approve)?;
            let again = op.given.iter().any(|given| {
                given.kind == GivenKind::Approve
                    && given.plan == op.plan.hash
                    && Some(&given.person) == who.person()
            });
            if again {
                denied(
                    "You have approved this already; each person counts once.".into(),
                    "one count per person",
                )
            } else {
                Ok(())
            }
        }
        PressKind::Deny | PressKind::Abort => {
            let step = op.runs.iter().find(|run| run.mark == StepMark::Running);
            let fixed =
                step.and_then(|run| run.intent.as_ref()).and_then(|intent| core.action(&intent.action));
            if op.state.is_final() {
                return denied(format!("{} is {} already.", op.id, op.state), "state of the operation");
            }
            if let Some(action) = fixed.filter(|action| !action.spec().abortable) {
                let name = action.spec().name;
                return denied(
                    format!("`{name}` cannot be stopped while it runs."),
                    "what the action declares",
                );
            }
            let own = op.asker.key() == who.key();
            if own && !matches!(who, wilco_contract::principal::Principal::Guest { .. }) {
                return Ok(());
            }
            by(GivenKind::Approve).or_else(|denial| {
                let may_give = Ask { who, plan: None, ..ask };
                let granted = matches!(core.gate(may_give).decision, Decision::Plan | Decision::Allow(_));
                if granted && press == PressKind::Abort { Ok(()) } else { Err(denial) }
            })
        }
    }
}

fn refused(op: &Operation, decide: &Decide, denial: &Denial) -> AuditEntry {
    AuditEntry {
        kind: "decision.refused".into(),
        who: decide.who.key(),
        account: decide.who.account().cloned(),
        operation: Some(op.id.clone()),
        command: Some(op.command.spec.id.clone()),
        place: Some(op.place.clone()),
        text: format!("{}: {}", decide.press.word(), denial.text),
        rule: Some(denial.rule.clone()),
    }
}

/// Tells a living operation a decision and waits for what came of it.
///
/// # Errors
/// When it did not count.
pub(crate) async fn decide(core: &Core, decide: Decide) -> Result<Arc<Operation>, NotDecided> {
    let id: OpId = decide.operation.clone();
    if let Some(living) = core.find(&id) {
        let (answer, answered) = oneshot::channel();
        if living.tell.send(Told::Decide { decide, answer }).await.is_ok()
            && let Ok(decided) = answered.await
        {
            return decided;
        }
    }
    match core.operation(&id).await {
        Ok(Some(operation)) => Err(NotDecided::Changed(operation)),
        Ok(None) => Err(NotDecided::NoSuchOperation),
        Err(error) => Err(NotDecided::Unavailable(error.to_string())),
    }
}
