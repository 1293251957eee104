//! What the gate says about an operation under today's rules, and what that means for one that has not started.
//!
//! Not the gate. Layer 1.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use wilco_contract::{
    gate::{self, Ask, Decision, Denial, Need, Verdict},
    operation::{Given, GivenKind, OpEvent, Operation, RunKind, State},
    principal::Principal,
};

use crate::{
    core::Core,
    planning::{self, later},
};

/// How long an operation waits for its lock, in seconds.
pub(super) const QUEUE_SECS: i64 = 3_600;

/// The question to the gate; who asks sets the time.
pub(crate) fn ask<'a>(op: &'a Operation, who: &'a Principal, given: &'a [Given]) -> Ask<'a> {
    Ask {
        who,
        spec: &op.command.spec,
        args: &op.args,
        place: &op.place,
        now: Timestamp::UNIX_EPOCH,
        plan: Some(&op.plan),
        given,
        operation: Some(&op.id),
        flags: op.plan.body.flags,
    }
}

/// Asks the gate about an operation under today's policy, with these decisions.
pub(crate) fn judge(core: &Core, op: &Operation, given: &[Given]) -> Verdict {
    let who = core.with_policy(|policy| policy.refresh(&op.asker));
    // What has begun in time may go on after a restart; people and rules are those of today.
    let now = op.started_at.unwrap_or_else(|| core.clock.now());
    core.gate(Ask { now, ..ask(op, &who, given) })
}

/// Why a step is for too many, where only the run could tell for how many. What the plan told was judged with it.
pub(super) fn too_many(core: &Core, op: &Operation, run: usize, items: &[Value]) -> Option<String> {
    let (kind, step) = op.step_of(run)?;
    let looks = op.runs.get(run)?.verify || kind != RunKind::Step;
    if looks || op.plan.body.flags.force || op.plan.items.contains_key(&step) {
        return None;
    }
    let who = core.with_policy(|policy| policy.refresh(&op.asker));
    let ask = Ask { now: core.clock.now(), ..ask(op, &who, &op.given) };
    let mut targets: BTreeSet<String> = op.plan.body.targets.iter().cloned().collect();
    // What the run told before counts with it: the bound is the operation's, not a step's.
    targets.extend(told_by_run(op).map(planning::item_name));
    targets.extend(items.iter().map(planning::item_name));
    core.with_policy(|policy| {
        let most = gate::most_targets(policy, &ask).filter(|most| targets.len() > most.targets as usize)?;
        let denial = gate::too_many(policy, &ask, &most, targets.len());
        Some(format!("{} (rule: {})", denial.text, denial.rule))
    })
}

/// The items of steps of which only the run could tell for what they are made.
fn told_by_run(op: &Operation) -> impl Iterator<Item = &Value> {
    op.runs.iter().enumerate().filter(|(_, run)| !run.verify).filter_map(|(at, run)| {
        let (kind, step) = op.step_of(at)?;
        let is_told = kind == RunKind::Step && !op.plan.items.contains_key(&step);
        run.item().filter(|_| is_told).map(|(_, item)| item)
    })
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
            let is_open = |kind: &GivenKind| open(*kind).next().is_some();
            let kinds = [GivenKind::Confirm, GivenKind::Countdown, GivenKind::Approve];
            let kind = kinds.into_iter().find(is_open).unwrap_or(GivenKind::Approve);
            let confirm = kind == GivenKind::Confirm;
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
