//! Orders that speak of an operation: decisions in words, `retry`, `pause`.
//!
//! Not the rules of who may: the operation's own life asks the gate. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    command::Command,
    ids::{OpId, Place},
    operation::{Operation, State},
    principal::Principal,
    reply::{Block, PressKind, Reply},
};

use super::{From, Given, failed, refused, unavailable};
use crate::{
    Answer, Decide, NotDecided, PlanSeen, RefusedKind,
    catalogue::{Reading, Reserved},
    compose::Then,
    core::Core,
    history, life,
    waits::answers,
    words,
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
    /// Give an order of one's own again, operation or not.
    Again,
    /// Answer what it asks.
    Answer,
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
        "wilco.again" => Wish::Again,
        "wilco.answer" => Wish::Answer,
        _ => return None,
    })
}

/// Whether a command speaks of an operation, or of an order of one's own, and so is for a person to give.
pub(crate) fn speaks_of_operation(command: &Command) -> bool {
    wish(command).is_some()
}

/// Whether a command gives an order again, with the flags that are said with it.
pub(super) fn hands_on(command: &Command) -> bool {
    matches!(wish(command), Some(Wish::Retry | Wish::Again))
}

/// Gives a wish to the operation it speaks of, whose own rules decide further.
pub(super) async fn give(core: &Arc<Core>, from: From, given: &Given, wish: Wish) -> Answer {
    if given.dry_run && !matches!(wish, Wish::Retry | Wish::Again) {
        let text = format!(
            "`{}` speaks of a plan that is there and makes none, so there is nothing to show before. Nothing was done.",
            given.said
        );
        return refused(Reply::refusal(text), RefusedKind::Malformed);
    }
    match wish {
        Wish::Decide(press) => decide(core, &from, given, press).await,
        Wish::Retry => retry(core, from, given).await,
        Wish::Pause => pause(core, given).await,
        Wish::Again => again(core, from, given).await,
        Wish::Answer => answer(core, &from, given).await,
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
    let because = given.because.clone();
    let decide = Decide { who: from.who.clone(), press, operation: operation.clone(), plan, because };
    decided(life::decisions::decide(core, decide).await, &operation, press)
}

/// Answers what an operation asks.
async fn answer(core: &Arc<Core>, from: &From, given: &Given) -> Answer {
    let text = |name: &str| given.args.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    let id = match OpId::parse(text("operation")) {
        Ok(id) => id,
        Err(error) => return refused(Reply::refusal(format!("{error}.")), RefusedKind::Malformed),
    };
    let said = text("value").to_owned();
    let answered = answers::Given { who: from.who.clone(), said, said_at: from.said_at };
    answers::told(answers::give(core, &id, answered).await, &id)
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
        Err(NotDecided::Unavailable(error)) => {
            let (what, then) = match press {
                PressKind::Confirm => ("confirmation", "waits on"),
                PressKind::Approve => ("approval", "waits on"),
                PressKind::Deny => ("no", "goes on"),
                PressKind::Abort => ("stop", "goes on"),
            };
            let text = format!("Your {what} could not be written, so {id} {then}: {error}. Say it again.");
            refused(Reply::refusal(text), RefusedKind::Unavailable)
        }
    }
}

/// The wish of words that stop what anybody may stop: they go the way of the button, whatever is granted of the word.
pub(super) fn open_stop(core: &Core, from: &From, given: &Given) -> Option<Wish> {
    let wish = wish(&given.command)?;
    let is_no = matches!(wish, Wish::Decide(PressKind::Deny | PressKind::Abort));
    let id = given.args.get("operation").and_then(|value| value.as_str()).map(OpId::parse)?.ok()?;
    let living = core.find(&id).filter(|_| is_no && from.who.person().is_some())?;
    life::alone::anybody_stops(&living.operation).then_some(wish)
}

fn past(press: PressKind) -> &'static str {
    match press {
        PressKind::Confirm => "Confirmed",
        PressKind::Approve => "Approved",
        PressKind::Deny => "Denied",
        PressKind::Abort => "Stopped",
    }
}

/// The operations of this person that wait here for their confirmation.
pub(crate) fn waiting_here(core: &Core, who: &Principal, place: &Place) -> Vec<Arc<Operation>> {
    let theirs = |operation: &Operation| operation.asker.key() == who.key() && operation.place == *place;
    core.standing(State::AwaitingConfirm, theirs)
}

/// Whether some operation of this person waits here for their confirmation.
pub(crate) fn waits_here(core: &Core, who: &Principal, place: &Place) -> bool {
    !waiting_here(core, who, place).is_empty()
}

/// The one operation of this person that waits here for their confirmation.
///
/// # Errors
/// When there is none or more than one, in a sentence.
pub(crate) fn sole_waiting(core: &Core, who: &Principal, place: &Place) -> Result<OpId, String> {
    let waiting = waiting_here(core, who, place);
    match waiting.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err("No order of yours waits here to be confirmed.".to_owned()),
        several => {
            let ids: Vec<_> = several.iter().map(|operation| operation.id.to_string()).collect();
            Err(format!(
                "Several orders of yours wait here: {}. Name one: say `confirm {}`.",
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
    failed(&format!(
        "{id} cannot be paused, as {} cannot; say `abort {id}` to stop it",
        actions.join(" and ")
    ))
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
        Reading::Order(mut order) => {
            // A flag that is a right of its own is said each time.
            order.set_rights(given.flags);
            order
        }
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
        because: given.because.clone().or_else(|| operation.because.clone().filter(|_| !given.flags.alone)),
        dry_run: given.dry_run,
        flags: given.flags,
        json: false,
        then: Then::default(),
        retry_of: Some(id),
    };
    Box::pin(super::give(core, from, again)).await
}

/// Gives an order of one's own again: read anew, and under today's rules.
async fn again(core: &Arc<Core>, from: From, given: &Given) -> Answer {
    let number = given.args.get("number").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let past = match history::past(core, &from.who, &from.place).await {
        Ok(past) => past,
        Err(error) => return unavailable(&error),
    };
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let Some(past) = at.and_then(|at| past.get(at)) else {
        return failed(&format!(
            "there is no order {number} of yours here; say `history` for those there are"
        ));
    };
    let (said, command) = (&past.said, &past.command);
    let live = core.live.load_full();
    let reading = live.catalogue.read(said, &from.asked(&live.setup.policy));
    let mut order = match reading {
        Reading::Order(order) if order.command.spec.id == *command => order,
        Reading::Order(order) => {
            let other = &order.command.spec.id;
            return failed(&format!(
                "`{said}` was `{command}` then and is `{other}` now; give it as you mean it"
            ));
        }
        Reading::Incomplete { usage, .. } | Reading::Malformed { usage, .. } => {
            return failed(&format!("`{said}` does not fit `{command}` any more; say `{usage}`"));
        }
        Reading::Help { .. } | Reading::Unknown { .. } | Reading::Empty => {
            return failed(&format!("`{command}` is no longer a command"));
        }
    };
    if let Err(answer) = super::choices::settle(core, &from, &mut order).await {
        return answer;
    }
    order.set_rights(given.flags);
    if given.flags.alone {
        // Why somebody acts alone is said for this once, not taken from another day.
        order.set_because(given.because.clone());
    }
    let dry_run = order.take_dry_run() || given.dry_run;
    let again = Given {
        said: order.said(),
        command: order.command,
        args: order.args,
        because: given.because.clone().or(order.flags.because),
        dry_run,
        flags: given.flags,
        json: given.json || order.flags.json,
        then: order.flags.then,
        retry_of: None,
    };
    let echo = again.said.clone();
    match Box::pin(super::give(core, from, again)).await {
        // Shown first: nobody should have to remember what the number stood for.
        Answer::Done { reply, rows } => {
            let head = Block::Text { text: format!("`{echo}`:") };
            Answer::Done { reply: Reply { blocks: [head].into_iter().chain(reply.blocks).collect() }, rows }
        }
        other => other,
    }
}
