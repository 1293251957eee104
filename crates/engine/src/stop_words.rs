//! `stop` as it is said in a hurry: of which operation it speaks.
//!
//! Not whether it may be stopped: the operation's own life decides that. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    ids::OpId,
    operation::{Operation, State},
    reply::PressKind,
};

use crate::{alias, catalogue::Reading, core::Core, life::alone::anybody_stops, orders::From};

/// The word that takes an operation back.
const ABORT: &str = "abort";

/// The verb and the operation that words name; `None` where they are no no.
fn said(order: &str) -> Option<(String, Option<&str>)> {
    // Said in a hurry.
    let words = order.split_whitespace().map(|word| word.trim_matches(['.', ',', '!', '?']));
    let mut words = words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("please"));
    let verb = words.next()?.to_lowercase();
    let named = words.next().filter(|word| !word.eq_ignore_ascii_case("it"));
    let is_no = matches!(verb.as_str(), "stop" | ABORT | "deny");
    (is_no && words.next().is_none()).then_some((verb, named))
}

/// `stop d-7F3K` as `abort d-7F3K`: what is about an operation is never another command's word. `deny` and `abort`
/// themselves stay as they are. A bare `stop` is for the one countdown that is shown here, and for the one in whose
/// thread it is said; where it is said `to_us`, also for what has not begun yet, in its thread or of whoever says it.
/// Where it may be for several, it is a bare `abort`, which is answered with [`which`] those are.
///
/// From whom it is, is asked for where it matters: most of what is said is no no.
pub(crate) fn read(core: &Core, order: &str, from: impl FnOnce() -> From, to_us: bool) -> Option<String> {
    let (verb, named) = said(order)?;
    if let Some(named) = named {
        let id = OpId::parse(named).ok().filter(|id| core.find(id).is_some())?;
        let verb = if verb == "stop" { ABORT } else { &verb };
        return Some(format!("{verb} {id}"));
    }
    if verb != "stop" {
        return None;
    }
    let from = from();
    let meant = match countdowns(core, &from) {
        none if none.is_empty() && to_us && is_no_command(core, order, &from) => unbegun(core, &from),
        meant => meant,
    };
    match meant.as_slice() {
        [] => None,
        [one] => Some(format!("{ABORT} {}", one.id)),
        _ => Some(ABORT.to_owned()),
    }
}

/// The no that an order says to what anybody may stop.
pub(crate) fn open_no(core: &Core, order: &str) -> Option<(PressKind, OpId)> {
    let (verb, id) = order.split_once(' ')?;
    let press = match verb {
        ABORT => PressKind::Abort,
        "deny" => PressKind::Deny,
        _ => return None,
    };
    let id = OpId::parse(id).ok()?;
    core.find(&id).filter(|living| anybody_stops(&living.operation)).map(|_| (press, id))
}

/// Whether an order that was read is a `stop` which may be for several.
pub(crate) fn is_open(order: &str) -> bool {
    order == ABORT
}

/// Which ones a bare `stop` may be for, in a sentence; `None` where it is not for several.
pub(crate) fn which(core: &Core, from: &From) -> Option<String> {
    let meant = Some(countdowns(core, from)).filter(|all| !all.is_empty());
    let meant = meant.unwrap_or_else(|| unbegun(core, from));
    let mut ids: Vec<_> = meant.iter().map(|op| op.id.to_string()).collect();
    ids.sort();
    let first = ids.first().filter(|_| ids.len() > 1)?;
    Some(format!("Several can be stopped here: {}. Name one: say `stop {first}`.", ids.join(", ")))
}

/// A pack's own `stop`, or an alias of that name, stays what it is.
fn is_no_command(core: &Core, order: &str, from: &From) -> bool {
    matches!(alias::read(core, from, order).0, Reading::Unknown { .. } | Reading::Empty)
}

/// What anybody may stop here; of those in whose thread it is said, only these.
fn countdowns(core: &Core, from: &From) -> Vec<Arc<Operation>> {
    let mut all = core.operations();
    all.retain(|op| anybody_stops(op) && is_shown(op, from));
    if all.iter().any(|op| hangs(core, op, from)) {
        all.retain(|op| hangs(core, op, from));
    }
    all
}

/// What has not begun and is meant by whoever says it here: in its thread, or an order of theirs.
fn unbegun(core: &Core, from: &From) -> Vec<Arc<Operation>> {
    let mut all = core.operations();
    all.retain(|op| (op.state.awaits() || op.state == State::Queued) && is_shown(op, from));
    if all.iter().any(|op| hangs(core, op, from)) {
        all.retain(|op| hangs(core, op, from));
    } else {
        all.retain(|op| op.asker.key() == from.who.key());
    }
    all
}

fn is_shown(op: &Operation, from: &From) -> bool {
    let place = &from.place;
    op.home == *place || op.place == *place || op.slots.iter().any(|slot| slot.place == *place)
}

/// Whether it was given in this thread, or something of it is shown there.
fn hangs(core: &Core, op: &Operation, from: &From) -> bool {
    let Some(thread) = from.thread.as_deref() else { return false };
    let given = op.place == from.place && op.thread.as_deref() == Some(thread);
    let shown = op.slots.iter().filter(|slot| slot.place == from.place).any(|slot| {
        slot.thread.as_deref() == Some(thread)
            || slot.receipt.as_ref().is_some_and(|receipt| receipt.id == thread)
    });
    given || shown || core.loud.stands_at(&op.id, &from.place, thread)
}
