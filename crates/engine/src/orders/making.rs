//! From an order to an operation: the plan, the gate's word on it, and the first records.
//!
//! Not what becomes of the operation: [`crate::life`]. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    gate::{Ask, Considered, Decision, approvers},
    operation::{GivenKind, OpEvent, Operation, Run, Slot, State},
    plan::Plan,
    policy::{Flags, Policy},
    reply::{Block, Field, NEEDS, Reply},
    store::{AuditEntry, Record, StoreError},
};

use super::{From, Given, ask, entry, failed, limits, refused, unavailable};
use crate::{
    Answer, RefusedKind,
    core::Core,
    edited, hints, life,
    planning::{self, Meant},
    words,
};

/// Plans a write, and makes an operation of it.
pub(super) async fn plan(core: &Arc<Core>, from: From, given: Given) -> Answer {
    let Some(key) = from.key.clone().filter(|_| !given.dry_run) else {
        return plan_once(core, from, given).await;
    };
    // Requests with one key go one by one: the second finds what the first made.
    let turn = core.keyed.turn(&from.who.key(), &key);
    let _one = turn.lock().await;
    match core.store.operation_by_key(&from.who.key(), &key).await {
        Ok(Some(operation))
            if operation.command.spec.id != given.command.spec.id
                || operation.args != given.args
                || operation.plan.body.flags != given.flags
                || operation.because != given.because =>
        {
            let text =
                format!("This key was used for another order: {} is `{}`.", operation.id, operation.order);
            refused(Reply::refusal(text), RefusedKind::Malformed)
        }
        Ok(Some(operation)) => Answer::Operation(Arc::new(operation)),
        Ok(None) => plan_once(core, from, given).await,
        Err(error) => unavailable(&error),
    }
}

async fn plan_once(core: &Arc<Core>, from: From, given: Given) -> Answer {
    if let Some(answer) = limits::beyond_rate(core, &from, &given).await {
        return answer;
    }
    let Given { command, args, flags, .. } = &given;
    let meant = Meant { command, args, who: &from.who, place: &from.place, flags: *flags };
    let plan = match planning::make(core, meant).await {
        Ok(plan) => plan,
        Err(error) => return failed(&format!("It could not be planned, and nothing was changed: {error}")),
    };
    let verdict = core.gate(ask(core, &from, &given, Some(&plan)));
    if let Decision::Deny(denial) = &verdict.decision {
        core.note(entry("order.refused", &from, &given, &denial.text, Some(&denial.rule))).await;
        return refused(words::denial(denial), RefusedKind::Denied);
    }
    if given.dry_run {
        let mut reply = words::dry_run(&given.said, &plan);
        let ask = ask(core, &from, &given, Some(&plan));
        let needs = core.with_policy(|policy| needs(policy, &ask, &verdict.decision));
        reply.blocks.push(Block::Fields { fields: vec![Field::new(NEEDS, needs)] });
        reply.blocks.extend(offer(core, &from, &given).into_iter().flatten());
        return Answer::Done { reply, rows: None };
    }
    let lock = match planning::lock_key(&given.command, &given.args) {
        Ok(lock) => lock,
        Err(error) => return failed(&error.to_string()),
    };
    match create(core, &from, &given, Made { plan, lock, considered: verdict.considered }).await {
        Ok(operation) => {
            life::begin(core, operation.clone());
            Answer::Operation(operation)
        }
        Err(error) => unavailable(&error),
    }
}

/// The order of a plan that somebody in a room looked at; other doors lead on themselves. Whoever presses says it, as
/// themselves: it is planned and judged anew. A flag that is a right of its own is typed, and never pressed.
fn offer(core: &Core, from: &From, given: &Given) -> Option<Vec<Block>> {
    if from.thread.is_none() || given.flags != Flags::NONE {
        return None;
    }
    edited::offered(format!("{}{}", hints::before(core, &from.place), given.said))
}

fn needs(policy: &Policy, ask: &Ask<'_>, decision: &Decision) -> String {
    let Decision::Needs(needs) = decision else { return "nothing more".to_owned() };
    let words = needs.iter().map(|need| match need.kind {
        GivenKind::Confirm => format!("confirmation ({})", need.rule),
        GivenKind::Countdown => {
            format!("or {} s in which nobody stops it ({})", need.within_secs, need.rule)
        }
        GivenKind::Approve => {
            let who = approvers(policy, ask, &[need]).unwrap_or_else(|| "nobody".to_owned());
            format!("{} by {who} ({})", words::approvals(need).0, need.rule)
        }
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What was made of an order before it became an operation.
struct Made {
    plan: Plan,
    lock: Option<String>,
    considered: Vec<Considered>,
}

/// Commits a new operation with all that is known about it, before anything is shown.
async fn create(core: &Core, from: &From, given: &Given, made: Made) -> Result<Arc<Operation>, StoreError> {
    let Made { plan, lock, considered } = made;
    let command = given.command.as_ref().clone();
    let home = command.spec.home.clone().unwrap_or_else(|| core.live.load().setup.home.clone());
    let mut slots = Vec::new();
    if from.in_room {
        slots.push(Slot {
            place: from.place.clone(),
            thread: from.thread.clone(),
            receipt: None,
            asks: None,
        });
    }
    if !from.in_room || from.place != home {
        slots.push(Slot { place: home.clone(), thread: None, receipt: None, asks: None });
    }
    let operation = Operation {
        id: core.mint(command.spec.letter).await?,
        runs: planning::all_steps(&command).map(|(step, verify)| Run::waiting(&step.id, verify)).collect(),
        asker: from.who.clone(),
        order: given.said.clone(),
        args: given.args.clone(),
        place: from.place.clone(),
        thread: from.thread.clone(),
        home,
        because: given.because.clone(),
        key: from.key.clone(),
        retry_of: given.retry_of.clone(),
        plan,
        needs: Vec::new(),
        given: Vec::new(),
        state: State::Planned,
        failure: None,
        why: None,
        lock,
        slots,
        created_at: core.clock.now(),
        replanned_at: None,
        expires_at: None,
        started_at: None,
        deadline: None,
        ended_at: None,
        version: 0,
        command,
    };
    let mut now = operation.clone();
    let mut events = vec![OpEvent::Planned { operation: Box::new(operation) }];
    events.extend(life::judging::after(core, &now, life::judging::judge(core, &now, &[])));
    let mut records = Vec::new();
    for event in events {
        // The events were made for this operation just now.
        now.apply(&event).map_err(|error| StoreError::Conflict(error.to_string()))?;
        records.push(Record::Operation { event, now: Arc::new(now.clone()) });
    }
    records.push(Record::Audit(AuditEntry {
        operation: Some(now.id.clone()),
        ..entry("gate.considered", from, given, &listed(&considered), None)
    }));
    records.extend(from.input.map(|input| Record::Handled { input }));
    core.commit(records).await?;
    Ok(Arc::new(now))
}

fn listed(considered: &[Considered]) -> String {
    let line = |rule: &Considered| {
        let sign = if rule.applied { "applies" } else { "does not apply" };
        format!("{} {sign}: {}", rule.rule, rule.note)
    };
    considered.iter().map(line).collect::<Vec<_>>().join("\n")
}
