//! Orders that speak of an operation: decisions in words, `retry`, `pause`.
//!
//! Not the rules of who may: the operation's own life asks the gate. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    command::Command,
    ids::{OpId, Place},
    operation::{Operation, State},
    principal::Principal,
    reply::{PressKind, Reply},
};

use super::{From, Given, failed, refused, unavailable};
use crate::{
    Answer, Decide, NotDecided, PlanSeen, RefusedKind,
    catalogue::{Reading, Reserved},
    core::Core,
    life, words,
};

/// What an order wishes of the operation that it speaks of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish {
    /// Decide about it.
    Decide(PressKind),
    /// Give its order again.
    Retry,
    /// Pause it or let it go on.
    Pause,
}

/// The wish that a command stands for; `None` for a command that speaks of no operation.
pub(super) fn wish(command: &Command) -> Option<Wish> {
    Some(match command.spec.id.as_str() {
        "wilco.confirm" => Wish::Decide(PressKind::Confirm),
        "wilco.approve" => Wish::Decide(PressKind::Approve),
        "wilco.deny" => Wish::Decide(PressKind::Deny),
        "wilco.abort" => Wish::Decide(PressKind::Abort),
        "wilco.retry" => Wish::Retry,
        "wilco.pause" | "wilco.resume" => Wish::Pause,
        _ => return None,
    })
}

/// Gives a wish to the operation it speaks of, whose own rules decide further.
pub(super) async fn give(core: &Arc<Core>, from: From, given: &Given, wish: Wish) -> Answer {
    match wish {
        Wish::Decide(press) => decide(core, &from, given, press).await,
        Wish::Retry => retry(core, from, given).await,
        Wish::Pause => pause(core, given).await,
    }
}

async fn decide(core: &Arc<Core>, from: &From, given: &Given, press: PressKind) -> Answer {
    let named = given.args.get("operation").and_then(|value| value.as_str());
    let operation = match named.map(OpId::parse) {
        Some(Ok(id)) => id,
        Some(Err(error)) => {
            return refused(Reply::refusal(format!("{error}.")), RefusedKind::Malformed);
        }
        None => match sole_waiting(core, &from.who, &from.place) {
            Ok(operation) => operation,
            Err(what) => return refused(Reply::refusal(what), RefusedKind::Malformed),
        },
    };
    let plan = PlanSeen::At(from.said_at);
    let decide = Decide { who: from.who.clone(), press, operation: operation.clone(), plan };
    decided(life::decisions::decide(core, decide).await, &operation, press)
}

/// What to say of a decision.
pub(crate) fn decided(decided: Result<Arc<Operation>, NotDecided>, id: &OpId, press: PressKind) -> Answer {
    match decided {
        Ok(operation) => {
            let reply = Reply::text(format!("{}: {} is {}.", past(press), operation.id, operation.state));
            Answer::Done { reply, rows: None }
        }
        Err(NotDecided::NoSuchOperation) => {
            refused(Reply::refusal(format!("There is no operation {id}.")), RefusedKind::Unknown)
        }
        Err(NotDecided::Changed(operation)) => {
            let text = if operation.state.awaits() {
                format!(
                    "The plan of {id} changed to {}. Look at it and decide again.",
                    operation.plan.hash.short()
                )
            } else {
                format!("{id} is {} and waits for no decision.", operation.state)
            };
            refused(Reply::refusal(text), RefusedKind::Failed)
        }
        Err(NotDecided::Denied(denial)) => refused(words::denial(&denial), RefusedKind::Denied),
        Err(NotDecided::Unavailable(error)) => unavailable(&error),
    }
}

fn past(press: PressKind) -> &'static str {
    match press {
        PressKind::Confirm => "Confirmed",
        PressKind::Approve => "Approved",
        PressKind::Deny => "Denied",
        PressKind::Abort => "Stopped",
    }
}

/// The one operation of this person that waits here for their confirmation.
///
/// # Errors
/// When there is none or more than one, in a sentence.
pub(crate) fn sole_waiting(core: &Core, who: &Principal, place: &Place) -> Result<OpId, String> {
    let theirs = |operation: &Operation| operation.asker.key() == who.key() && operation.place == *place;
    let waiting = core.standing(State::AwaitingConfirm, theirs);
    match waiting.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err("No order of yours waits here to be confirmed.".to_owned()),
        several => {
            let ids: Vec<_> = several.iter().map(|operation| operation.id.to_string()).collect();
            Err(format!(
                "Several orders of yours wait here: {}. Name one, as in `confirm {}`.",
                ids.join(", "),
                ids[0]
            ))
        }
    }
}

/// Answers a wish to pause or resume: no action declares that it can.
async fn pause(core: &Arc<Core>, given: &Given) -> Answer {
    let operation = match named(core, given).await {
        Ok(operation) => operation,
        Err(answer) => return answer,
    };
    let id = &operation.id;
    if operation.state.is_final() {
        return failed(&format!("{id} is {} already", operation.state));
    }
    let actions: Vec<_> = operation.command.steps.iter().map(|step| format!("`{}`", step.uses)).collect();
    failed(&format!("{id} cannot be paused, as {} cannot; `abort {id}` stops it", actions.join(" and ")))
}

/// The operation that an order names.
async fn named(core: &Arc<Core>, given: &Given) -> Result<Arc<Operation>, Answer> {
    let named = given.args.get("operation").and_then(|value| value.as_str()).unwrap_or_default();
    let id = OpId::parse(named)
        .map_err(|error| refused(Reply::refusal(format!("{error}.")), RefusedKind::Malformed))?;
    let found = core.operation(&id).await.map_err(|error| unavailable(&error))?;
    found.ok_or_else(|| refused(Reply::refusal(format!("There is no operation {id}.")), RefusedKind::Unknown))
}

/// Gives the order of an ended operation again, by whoever asks now and under today's rules.
async fn retry(core: &Arc<Core>, from: From, given: &Given) -> Answer {
    let operation = match named(core, given).await {
        Ok(operation) => operation,
        Err(answer) => return answer,
    };
    let id = operation.id.clone();
    if !operation.state.is_final() {
        return failed(&format!("{id} is {} and has not ended yet", operation.state));
    }
    // Read anew, as if it were given now: today's definition decides which arguments fit.
    let command = &operation.command.spec.id;
    let reading = {
        let live = core.live.load();
        let asked = from.asked(&live.setup.policy);
        live.catalogue.order(command, &operation.args, Reserved::default(), &asked)
    };
    let mut order = match reading {
        Reading::Order(order) => order,
        Reading::Incomplete { usage, .. } | Reading::Malformed { usage, .. } => {
            return failed(&format!(
                "`{}` does not fit `{command}` any more; say `{usage}`",
                operation.order
            ));
        }
        Reading::Help { .. } | Reading::Unknown { .. } | Reading::Empty => {
            return failed(&format!("`{command}` is no longer a command"));
        }
    };
    if let Err(answer) = super::choices::settle(core, &from, &mut order).await {
        return answer;
    }
    let again = Given {
        said: order.said(),
        command: order.command,
        args: order.args,
        because: given.because.clone().or_else(|| operation.because.clone()),
        dry_run: given.dry_run,
        json: false,
        retry_of: Some(id),
    };
    Box::pin(super::give(core, from, again)).await
}
