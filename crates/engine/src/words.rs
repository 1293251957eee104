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
    policy::COUNTDOWN_SECS,
    reply::{Block, Choice, Field, NEEDS, PressKind, Progress, Reply, StepMark, Weight},
    store::{Lock, LockOwner},
    values::ArgType,
};

use crate::{core::Core, hints, life::judging, waits};

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

/// So many times, in words.
pub(crate) fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// A span of whole seconds as it is configured: `10m`, `90s`.
pub(crate) fn span(secs: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units.into_iter().find(|(unit, _)| secs > 0 && secs.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{secs}s"), |(unit, sign)| format!("{}{sign}", secs / unit))
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
    let forced = plan.forced.iter().map(|forced| Field::new("Forced", forced)).collect::<Vec<_>>();
    reply.blocks.extend((!forced.is_empty()).then_some(Block::Fields { fields: forced }));
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
                let name = hints::before(core, &op.place);
                let lock = op.lock.as_ref().map_or_else(String::new, |key| {
                    format!(" `{key}` stays locked; say `{name}unlock {key}` when you have looked.")
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
            if op.state.is_final() && op.started_at.is_some() {
                blocks.extend(decided_by(core, op));
            }
        }
    }
    blocks.extend(marks(core, op));
    if let Some(because) = &op.because {
        blocks.push(Block::Fields { fields: vec![Field::new(format!("{} says", op.asker), because)] });
    }
    blocks.extend(choices(op));
    Reply { blocks }
}

/// What is for ever to be seen of an operation: what was forced, and that it was given alone.
pub(crate) fn marks(core: &Core, op: &Operation) -> Option<Block> {
    let forced = op.plan.forced.iter().map(|forced| Field::new("Forced", forced));
    let fields: Vec<_> = forced.chain(alone(core, op).map(|alone| Field::new("Alone", alone))).collect();
    (!fields.is_empty()).then_some(Block::Fields { fields })
}

fn alone(core: &Core, op: &Operation) -> Option<String> {
    if !op.plan.body.flags.alone {
        return None;
    }
    let by = by_whom(op);
    let approved = op.given.iter().filter(|given| given.plan == op.plan.hash);
    let approved: Vec<_> = approved.filter(|given| given.kind == GivenKind::Approve).collect();
    let began = matches!(op.state, State::Queued) || op.started_at.is_some();
    Some(match (op.unstopped_at(), op.expires_at) {
        (Some(at), _) => format!("{by}; nobody stopped it in {COUNTDOWN_SECS} s, until {}", time(core, at)),
        (None, Some(ends)) if op.counts_down() => {
            let (ends, id) = (time(core, ends), &op.id);
            format!("{by}; it starts at {ends} unless somebody stops it: `stop {id}`")
        }
        (None, _) if op.state == State::AwaitingConfirm => {
            format!("{by}; once that is confirmed, everybody has {COUNTDOWN_SECS} s to stop it")
        }
        (None, _) if began && !approved.is_empty() => {
            let names: Vec<_> = approved.iter().map(|given| format!("@{}", given.person)).collect();
            format!("asked for by {}, and then approved by {}", op.asker, names.join(", "))
        }
        (None, _) => by,
    })
}

fn by_whom(op: &Operation) -> String {
    let approvals = op.approvals().map(|need| approvals(need).1).collect::<Vec<_>>().join(" and ");
    let instead = if approvals.is_empty() { String::new() } else { format!(", in place of {approvals}") };
    format!("by {}{instead}", op.asker)
}

/// Why what somebody starts alone may start, for the record.
pub(crate) fn unstopped(op: &Operation) -> String {
    let says = op.because.as_ref().map(|because| format!(" {} says: {because}", op.asker));
    format!("Alone, {}: nobody stopped it in {COUNTDOWN_SECS} s.{}", by_whom(op), says.unwrap_or_default())
}

/// That somebody starts something alone, for everybody to see, with the way to stop it.
pub(crate) fn countdown(core: &Core, op: &Operation) -> Reply {
    let ends = op.expires_at.map_or_else(|| "once".to_owned(), |ends| format!("at {}", time(core, ends)));
    let approvals = op.approvals().map(|need| approvals(need).1).collect::<Vec<_>>().join(" and ");
    let without = if approvals.is_empty() { String::new() } else { format!(", without {approvals}") };
    let text = format!(
        "{} starts {} alone: `{}`. It starts {ends}{without}. Anybody can stop it until then: say `stop {}`.",
        op.asker, op.id, op.order, op.id
    );
    let mut reply = Reply::text(text);
    let will = op.plan.will.iter().map(|line| format!("- {line}")).collect::<Vec<_>>();
    if !will.is_empty() {
        reply.blocks.push(Block::Text { text: will.join("\n") });
    }
    let because = op.because.iter().map(|because| Field::new(format!("{} says", op.asker), because));
    reply.blocks.push(Block::Fields { fields: because.collect() });
    reply.blocks.push(Block::Choices { choices: vec![choice(op, "Stop", PressKind::Abort, Weight::Bad)] });
    reply
}

/// Approvals that are needed, counted, and the same with who gives them and the rule.
pub(crate) fn approvals(need: &Need) -> (String, String) {
    let count = if need.count == 1 { "1 approval".to_owned() } else { format!("{} approvals", need.count) };
    let by = need.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let whole = format!("{count}{by} ({})", need.rule);
    (count, whole)
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

/// Who let it start, and when: those who approved, and where nobody had to, who confirmed.
fn decided_by(core: &Core, op: &Operation) -> Option<Block> {
    let by = |kind: GivenKind, name: &str| {
        let given = op.given.iter().filter(|given| given.kind == kind && given.plan == op.plan.hash);
        let names: Vec<_> =
            given.map(|given| format!("@{} at {}", given.person, time(core, given.at))).collect();
        (!names.is_empty()).then(|| Block::Fields { fields: vec![Field::new(name, names.join(", "))] })
    };
    by(GivenKind::Approve, "Approved by").or_else(|| by(GivenKind::Confirm, "Confirmed by"))
}

fn waits_for(core: &Core, op: &Operation) -> Option<Block> {
    if !op.state.awaits() {
        return None;
    }
    // Who acts alone waits for no approval before they confirmed that, and then it would do as well.
    let fits = |need: &&Need| match need.kind {
        GivenKind::Confirm => true,
        GivenKind::Approve => !op.plan.body.flags.alone || op.counts_down(),
        GivenKind::Countdown => false,
    };
    let open = op.needs.iter().filter(|need| !need.is_met()).filter(fits);
    let mut fields: Vec<Field> = open.map(|need| needed(core, op, need)).collect();
    if op.counts_down() {
        // It starts by itself, which the line about that says.
        fields.iter_mut().for_each(|field| "Or".clone_into(&mut field.name));
    } else if let Some(expires) = op.expires_at {
        fields.push(Field::new("Until", time(core, expires)));
    }
    Some(Block::Fields { fields })
}

fn needed(core: &Core, op: &Operation, need: &Need) -> Field {
    if need.kind == GivenKind::Confirm {
        return Field::new(NEEDS, format!("confirmation by {} ({})", op.asker, need.rule));
    }
    let who = who_approves(core, op, need).unwrap_or_else(|| "nobody".to_owned());
    let have = if need.have.is_empty() {
        String::new()
    } else {
        let names: Vec<_> = need.have.iter().map(|person| format!("@{person}")).collect();
        format!(", {} so far", names.join(", "))
    };
    let noun = approvals(need).0;
    Field::new(NEEDS, format!("{noun} by {who}{have} ({})", need.rule))
}

/// Who could give an approval that an operation needs, by today's rules.
pub(crate) fn who_approves(core: &Core, op: &Operation, need: &Need) -> Option<String> {
    let asker = core.with_policy(|policy| policy.refresh(&op.asker));
    let ask = Ask { now: core.clock.now(), ..judging::ask(op, &asker, &op.given) };
    core.with_policy(|policy| approvers(policy, &ask, &[need]))
}

fn choice(op: &Operation, label: &str, press: PressKind, weight: Weight) -> Choice {
    Choice { label: label.to_owned(), press, operation: op.id.clone(), plan: op.plan.hash, weight }
}

fn choices(op: &Operation) -> Option<Block> {
    let choice = |label: &str, press, weight| choice(op, label, press, weight);
    let choices = match op.state {
        State::AwaitingApproval if op.counts_down() => {
            let stop = choice("Stop", PressKind::Abort, Weight::Bad);
            let approve = || choice("Approve", PressKind::Approve, Weight::Plain);
            let approves = op.approvals().any(|need| !need.is_met());
            [stop].into_iter().chain(approves.then(approve)).collect()
        }
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
