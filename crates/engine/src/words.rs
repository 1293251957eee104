//! What Wilco says about operations, refusals and plans.
//!
//! Not where it is said: [`crate::slot`] and [`crate::orders`] post it. Fixed facts come first, people's own words
//! last and labelled. Layer 1.

use jiff::Timestamp;
use serde_json::Value;
use wilco_contract::{
    gate::{Ask, Denial, Need, approvers},
    operation::{GivenKind, Operation, Run, RunKind, State},
    plan::Plan,
    reply::{Block, Choice, Field, PressKind, Progress, Reply, StepMark, Weight},
    store::{Lock, LockOwner},
    values::ArgType,
};

use crate::{core::Core, waits};

/// A time as people read it, with its zone: `14:05 UTC`, with the day where it is not today's.
pub(crate) fn time(core: &Core, at: Timestamp) -> String {
    let zone = core.with_policy(|policy| policy.zone.0.clone());
    let (at, now) = (at.to_zoned(zone.clone()), core.clock.now().to_zoned(zone));
    let format = if at.date() == now.date() { "%H:%M:%S %Z" } else { "%Y-%m-%d %H:%M:%S %Z" };
    at.strftime(format).to_string()
}

/// A size as people read it.
pub(crate) fn size(bytes: u64) -> String {
    ArgType::Bytes.said(&Value::from(bytes))
}

/// A refusal by a rule.
pub(crate) fn denial(denial: &Denial) -> Reply {
    let Denial { text, rule, who_can, you_can } = denial.clone();
    Reply { blocks: vec![Block::Refusal { text, rule: Some(rule), who_can, you_can }] }
}

/// Who holds a lock, and till when.
pub(crate) fn held(core: &Core, lock: &Lock) -> String {
    let owner = match &lock.owner {
        LockOwner::Operation(id) => id.to_string(),
        LockOwner::Somebody(who) => who.clone(),
    };
    let asks = match &lock.owner {
        LockOwner::Operation(id) => {
            core.find(id).and_then(|living| waits::in_status(core, &living.operation))
        }
        LockOwner::Somebody(_) => None,
    };
    let asks = asks.map(|asks| format!(" {asks}")).unwrap_or_default();
    let reason = if lock.reason.is_empty() { String::new() } else { format!(" ({})", lock.reason) };
    format!(
        "Waits for `{}`: held by {owner}{reason} since {}, until {} at the latest.{asks}",
        lock.key,
        time(core, lock.at),
        time(core, lock.expires_at)
    )
}

/// A plan alone, for `--dry-run`.
pub(crate) fn dry_run(order: &str, plan: &Plan) -> Reply {
    let mut reply = Reply::text(format!("Plan for `{order}`. Nothing was changed."));
    reply.blocks.extend(plan_blocks(plan));
    reply
}

fn plan_blocks(plan: &Plan) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !plan.will.is_empty() {
        let lines: Vec<_> = plan.will.iter().map(|line| format!("- {line}")).collect();
        blocks.push(Block::Text { text: lines.join("\n") });
    }
    let mut fields = plan.now.clone();
    fields.extend(plan.body.undo.iter().map(|undo| Field::new("Undo", undo)));
    fields.push(Field::new("Plan", plan.hash.short()));
    blocks.push(Block::Fields { fields });
    blocks
}

/// The status message of an operation, in its newest state.
pub(crate) fn status(core: &Core, op: &Operation) -> Reply {
    let mut blocks =
        vec![Block::Status { operation: op.id.clone(), state: op.state, title: op.order.clone() }];
    if let Some(why) = &op.why {
        blocks.push(Block::Text { text: why.clone() });
    }
    blocks.extend(waits::in_status(core, op).map(|text| Block::Text { text }));
    match op.state {
        State::Planned | State::AwaitingConfirm | State::AwaitingApproval | State::Queued => {
            blocks.extend(plan_blocks(&op.plan));
            blocks.extend(waits_for(core, op));
        }
        _ => {
            if op.state == State::NeedsHuman {
                let lock = op.lock.as_ref().map_or_else(String::new, |key| {
                    format!(" `{key}` stays locked; say `unlock {key}` when you have looked.")
                });
                blocks.push(Block::Text {
                    text: format!("A person has to look before anything else is done.{lock}"),
                });
            }
            if op.runs.iter().any(|run| run.mark != StepMark::Skipped || run.outcome.is_some())
                && op.started_at.is_some()
            {
                blocks.push(Block::Progress { steps: op.runs.iter().map(progress).collect() });
            }
            if op.state == State::Succeeded {
                blocks.extend(approved_by(op));
            }
        }
    }
    if let Some(because) = &op.because {
        blocks.push(Block::Fields { fields: vec![Field::new(format!("{} says", op.asker), because)] });
    }
    blocks.extend(choices(op));
    Reply { blocks }
}

fn progress(run: &Run) -> Progress {
    let note = run.error.clone().or_else(|| run.outcome.as_ref().and_then(|outcome| outcome.summary.clone()));
    let name = match run.kind() {
        RunKind::Step if run.verify => format!("verify {}", run.step),
        RunKind::Step => run.step.clone(),
        RunKind::Undo => format!("undo {}", run.step),
        RunKind::OnFailure => format!("on failure {}", run.step),
    };
    let name = match run.item() {
        Some((_, Value::String(item))) => format!("{name} {item}"),
        Some((_, item)) => format!("{name} {item}"),
        None => name,
    };
    Progress { name, state: run.mark, note }
}

fn approved_by(op: &Operation) -> Option<Block> {
    let names: Vec<_> = op
        .given
        .iter()
        .filter(|given| given.kind == GivenKind::Approve && given.plan == op.plan.hash)
        .map(|given| format!("@{}", given.person))
        .collect();
    (!names.is_empty()).then(|| Block::Fields { fields: vec![Field::new("Approved by", names.join(", "))] })
}

fn waits_for(core: &Core, op: &Operation) -> Option<Block> {
    if !op.state.awaits() {
        return None;
    }
    let mut fields: Vec<Field> =
        op.needs.iter().filter(|need| !need.is_met()).map(|need| needed(core, op, need)).collect();
    if let Some(expires) = op.expires_at {
        fields.push(Field::new("Until", time(core, expires)));
    }
    Some(Block::Fields { fields })
}

fn needed(core: &Core, op: &Operation, need: &Need) -> Field {
    if need.kind == GivenKind::Confirm {
        return Field::new("Needs", format!("confirmation by {} ({})", op.asker, need.rule));
    }
    let asker = core.with_policy(|policy| policy.refresh(&op.asker));
    let ask = Ask {
        who: &asker,
        spec: &op.command.spec,
        args: &op.args,
        place: &op.place,
        now: core.clock.now(),
        plan: Some(&op.plan),
        given: &op.given,
        operation: Some(&op.id),
    };
    let who =
        core.with_policy(|policy| approvers(policy, &ask, &[need])).unwrap_or_else(|| "nobody".to_owned());
    let have = if need.have.is_empty() {
        String::new()
    } else {
        let names: Vec<_> = need.have.iter().map(|person| format!("@{person}")).collect();
        format!(", {} so far", names.join(", "))
    };
    let noun = if need.count == 1 { "1 approval".to_owned() } else { format!("{} approvals", need.count) };
    Field::new("Needs", format!("{noun} by {who}{have} ({})", need.rule))
}

fn choices(op: &Operation) -> Option<Block> {
    let choice = |label: &str, press, weight| Choice {
        label: label.to_owned(),
        press,
        operation: op.id.clone(),
        plan: op.plan.hash,
        weight,
    };
    let choices = match op.state {
        State::AwaitingConfirm => vec![
            choice("Confirm", PressKind::Confirm, Weight::Primary),
            choice("Cancel", PressKind::Abort, Weight::Plain),
        ],
        State::AwaitingApproval => vec![
            choice("Approve", PressKind::Approve, Weight::Primary),
            choice("Deny", PressKind::Deny, Weight::Plain),
        ],
        State::Queued => vec![choice("Cancel", PressKind::Abort, Weight::Plain)],
        State::Running | State::Verifying => vec![choice("Stop", PressKind::Abort, Weight::Bad)],
        _ => return None,
    };
    Some(Block::Choices { choices })
}
