//! Orders that only read, on networks that wait for nothing to be kept: they are worked off without being written first.
//!
//! Not their audit, which is written behind like that of every read. A network that has an acknowledgement is told that
//! an order is kept, so there it is; and what may change something is kept everywhere. Layer 1.

use std::sync::Arc;

use wilco_contract::{command::Effect, input::Message};

use crate::{
    alias,
    catalogue::Reading,
    core::Core,
    inbox::{self, is_control, is_fresh, is_yes},
    lanes::Queued,
    orders,
    waits::answers,
};

/// Whether this order only reads, as things are now, and is no answer to anything.
pub(crate) fn is_one(core: &Core, message: &Message, order: &str) -> bool {
    if is_control(order) || is_yes(order) || !is_fresh(core, message.at) || is_asked(core, message) {
        return false;
    }
    let who = core.with_policy(|policy| policy.resolve(&message.from));
    only_reads(&alias::read(core, &inbox::from(who, message, message.at, None), order).0)
}

/// Whether something is asked where this was said, so that it may be an answer.
pub(crate) fn is_asked(core: &Core, message: &Message) -> bool {
    core.dialogues.asks(message) || answers::asks(core, message)
}

/// Whether words that mean this only read. A command that speaks of another order is called a read, as the rules of that
/// order decide further; it is none.
pub(crate) fn only_reads(reading: &Reading) -> bool {
    match reading {
        Reading::Help { .. } => true,
        Reading::Order(order) => {
            order.command.spec.effect == Effect::Read
                && order.flags.then.to.is_none()
                && !orders::speaks_of_operation(&order.command)
        }
        _ => false,
    }
}

/// Lets a read wait for its turn, unless its network brought it before.
pub(crate) async fn take(core: &Arc<Core>, message: Message, order: Option<String>) {
    if !core.repeats.has(&message.place, &message.id) {
        inbox::line_up(core, Queued { message, order, input: None }).await;
    }
}
