//! A thumbs-up on the message of an operation: its asker confirms by it, as by the button there.
//!
//! Not the decision: what comes of this is a press like any other. A sign that was put there before the message showed
//! the plan is for another plan, and counts for none. Layer 1.

use wilco_contract::{
    ids::Hash,
    input::{Happening, Happens, Press, is_thumbs_up},
    operation::{Operation, State},
    reply::PressKind,
};

use crate::{core::Core, inbox::is_fresh};

/// The press that a sign on a message is; `None` where it is only a sign.
pub(crate) fn press(core: &Core, happening: &Happening) -> Option<Press> {
    let Happening { id, place, from, what: Happens::Reacted { sign, on }, at } = happening else {
        return None;
    };
    if !is_thumbs_up(sign) || !is_fresh(core, *at) {
        return None;
    }
    let who = core.with_policy(|policy| policy.resolve(from)).key();
    let slot = |operation: &Operation| {
        let mut receipts = operation.slots.iter().map(|slot| slot.receipt.as_ref());
        receipts.position(|receipt| receipt.is_some_and(|at| at.place == *place && at.id == on.id))
    };
    let theirs = |operation: &Operation| operation.asker.key() == who && slot(operation).is_some();
    let waiting = core.standing(State::AwaitingConfirm, theirs);
    let [operation] = &waiting[..] else { return None };
    let shown = core.find(&operation.id).and_then(|living| living.shown.get(&slot(operation)?).copied());
    // The first plan is as old as its message. A later one has to have stood there.
    let saw = operation.replanned_at.is_none()
        || shown.is_some_and(|(plan, since)| plan == operation.plan.hash && *at >= since);
    Some(Press {
        id: id.clone(),
        place: place.clone(),
        from: from.clone(),
        press: PressKind::Confirm,
        operation: operation.id.clone(),
        plan: if saw { operation.plan.hash } else { Hash::ZERO },
        at: *at,
    })
}
