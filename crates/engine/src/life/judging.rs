//! What the gate says about an operation under today's rules, and what that means for one that has not started.
//!
//! Not the gate. Layer 1.

use jiff::Timestamp;
use wilco_contract::{
    gate::{Ask, Decision, Denial, Need, Verdict},
    operation::{Given, GivenKind, OpEvent, Operation, State},
    principal::Principal,
};

use crate::{core::Core, planning::later};

/// How long an operation waits for its lock, in seconds.
pub(super) const QUEUE_SECS: i64 = 3_600;

/// The question to the gate; who asks sets the time.
pub(super) fn ask<'a>(op: &'a Operation, who: &'a Principal, given: &'a [Given]) -> Ask<'a> {
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

/// Asks the gate about an operation under today's policy, with these decisions.
pub(crate) fn judge(core: &Core, op: &Operation, given: &[Given]) -> Verdict {
    let who = core.with_policy(|policy| policy.refresh(&op.asker));
    // What has begun in time may go on after a restart; people and rules are those of today.
    let now = op.started_at.unwrap_or_else(|| core.clock.now());
    core.gate(Ask { now, ..ask(op, &who, given) })
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
