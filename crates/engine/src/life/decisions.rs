//! Decisions: who may confirm, approve, deny or stop an operation, and what each does to it.
//!
//! Not the rules: the gate has those. Every door's decision ends up here, once. Layer 1.

use std::sync::Arc;

use tokio::sync::oneshot;
use wilco_contract::{
    event::one_line,
    gate::{Ask, Decision, Denial, may_decide},
    operation::{Given, GivenKind, OpEvent, Operation, State},
    policy::Flags,
    principal::Principal,
    reply::{PressKind, StepMark},
    store::{AuditEntry, StoreError},
};

use super::{Life, Told, alone, judging};
use crate::{Decide, NotDecided, PlanSeen, calls, core::Core, words};

/// The longest reason of a no that its operation shows, in characters.
const MAX_REASON: usize = 500;

impl Life {
    pub(super) async fn decide(
        &mut self,
        decide: &Decide,
        calls: Option<&mut calls::Calls>,
    ) -> Result<(), NotDecided> {
        let is_yes = matches!(decide.press, PressKind::Confirm | PressKind::Approve);
        let is_other = match decide.plan {
            PlanSeen::Hash(plan) => plan != self.op.plan.hash,
            // A no in words, or by a button under an older line, needs no plan.
            PlanSeen::At(at) => is_yes && self.op.replanned_at.is_some_and(|planned| at < planned),
        };
        if is_other {
            return Err(NotDecided::Changed(self.op.clone()));
        }
        let decided = match decide.press {
            PressKind::Confirm => self.say_yes(decide, GivenKind::Confirm).await?,
            PressKind::Approve => self.say_yes(decide, GivenKind::Approve).await?,
            PressKind::Deny | PressKind::Abort => self.say_no(decide, calls).await?,
        };
        decided.map_err(|error| NotDecided::Unavailable(error.to_string()))
    }

    async fn say_yes(
        &mut self,
        decide: &Decide,
        kind: GivenKind,
    ) -> Result<Result<(), StoreError>, NotDecided> {
        let now = self.core.clock.now();
        let in_time = self.op.expires_at.is_none_or(|expires| now < expires);
        if !self.op.state.awaits() || !in_time {
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
            at: now,
            plan: self.op.plan.hash,
        };
        let mut all = self.op.given.clone();
        all.push(given.clone());
        let mut events = vec![OpEvent::Given { given }];
        events.extend(judging::after(&self.core, &self.op, judging::judge(&self.core, &self.op, &all)));
        Ok(self.record(events, Vec::new()).await)
    }

    async fn say_no(
        &mut self,
        decide: &Decide,
        calls: Option<&mut calls::Calls>,
    ) -> Result<Result<(), StoreError>, NotDecided> {
        let who = self.core.with_policy(|policy| policy.refresh(&decide.who));
        may_press(&self.core, &self.op, &who, decide.press).map_err(NotDecided::Denied)?;
        let by = Some(who.key());
        let verb = if decide.press == PressKind::Deny { "Denied" } else { "Stopped" };
        let reason = decide.because.as_deref().map_or_else(String::new, reason);
        if self.op.started_at.is_none() && !matches!(self.op.state, State::Running | State::Verifying) {
            let why = format!("{verb} by {who}{reason}. Nothing was changed.");
            return Ok(self.end(State::Aborted, why, by).await);
        }
        let moved = OpEvent::Moved {
            to: State::Aborting,
            at: self.core.clock.now(),
            why: Some(format!("{verb} by {who}{reason}; it is being stopped.")),
            by,
            expires_at: None,
        };
        let recorded = self.record(vec![moved], Vec::new()).await;
        if let (Ok(()), Some(calls)) = (&recorded, calls) {
            calls.stop();
        }
        Ok(recorded)
    }
}

/// Why somebody says no, in their words, behind their name; nothing where they give no reason.
fn reason(because: &str) -> String {
    match one_line(because, MAX_REASON) {
        said if said.is_empty() => said,
        said => format!(", because \"{said}\""),
    }
}

/// Whether this principal may press this now.
///
/// # Errors
/// With the rule, when they may not.
pub(crate) fn may_press(
    core: &Core,
    op: &Operation,
    who: &Principal,
    press: PressKind,
) -> Result<(), Denial> {
    let asker = core.with_policy(|policy| policy.refresh(&op.asker));
    let ask = Ask { now: core.clock.now(), ..judging::ask(op, &asker, &op.given) };
    let by = |kind| core.with_policy(|policy| may_decide(policy, &ask, who, kind));
    let denied =
        |text: String, rule: &str| Err(Denial { text, rule: rule.into(), who_can: None, you_can: None });
    match press {
        PressKind::Confirm | PressKind::Approve if !op.state.awaits() => {
            denied(format!("{} is {} and waits for no decision.", op.id, op.state), "state of the operation")
        }
        PressKind::Confirm if op.state == State::AwaitingApproval => {
            by(GivenKind::Confirm)?;
            if op.counts_down() {
                let at =
                    op.expires_at.map_or_else(String::new, |at| format!(" at {}", words::time(core, at)));
                let text = format!("{} is confirmed; it starts{at} unless somebody stops it.", op.id);
                return denied(text, "state of the operation");
            }
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
            if op.state == State::Aborting {
                return denied(format!("{} is being stopped already.", op.id), "state of the operation");
            }
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
            // Whoever sees that somebody acts alone may stop it until it begins.
            if alone::anybody_stops(op) && who.person().is_some() {
                return Ok(());
            }
            let own = op.asker.key() == who.key();
            if own && !matches!(who, Principal::Guest { .. }) {
                return Ok(());
            }
            by(GivenKind::Approve).or_else(|denial| {
                let may_give = Ask { who, plan: None, flags: Flags::NONE, ..ask };
                let granted = matches!(core.gate(may_give).decision, Decision::Plan | Decision::Allow(_));
                if granted && press == PressKind::Abort { Ok(()) } else { Err(denial) }
            })
        }
    }
}

pub(super) fn refused(op: &Operation, decide: &Decide, denial: &Denial) -> AuditEntry {
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
    let id = decide.operation.clone();
    let stopping = || Err(NotDecided::Unavailable("Wilco is stopping; decide again in a moment".to_owned()));
    if core.is_stopping() {
        return stopping();
    }
    if let Some(living) = core.find(&id) {
        let (answer, answered) = oneshot::channel();
        if living.tell.send(Told::Decide { decide, answer }).await.is_ok()
            && let Ok(decided) = answered.await
        {
            return decided;
        }
        if core.is_stopping() {
            // It may still wait for a decision; nobody took this one.
            return stopping();
        }
    }
    match core.operation(&id).await {
        Ok(Some(operation)) => Err(NotDecided::Changed(operation)),
        Ok(None) => Err(NotDecided::NoSuchOperation),
        Err(error) => Err(NotDecided::Unavailable(error.to_string())),
    }
}
