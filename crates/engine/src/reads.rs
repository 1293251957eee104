//! Orders that only read, on networks that wait for nothing to be kept: they are worked off without being written first.
//!
//! Not their audit, which is written behind like that of every read. A network that has an acknowledgement is told that
//! an order is kept, so there it is; and what may change something is kept everywhere. Layer 1.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use wilco_contract::{clock::Chance, command::Effect, ids::hex, input::Message};

use crate::{
    alias,
    catalogue::Reading,
    core::{Core, Live},
    inbox::{self, is_control, is_fresh, is_yes},
    lanes::Queued,
    orders::{self, From},
    waits::answers,
};

/// Keys for calls that only read, none of them given twice: what nobody can guess, drawn once, and a number.
#[derive(Default)]
pub(crate) struct Keys {
    drawn: OnceLock<String>,
    given: AtomicU64,
}

impl Keys {
    /// The next one, for this step.
    pub(crate) fn next(&self, chance: &dyn Chance, step: &str) -> String {
        let drawn = self.drawn.get_or_init(|| hex(&chance.bytes()));
        let number = self.given.fetch_add(1, Ordering::Relaxed).to_string();
        ["read-", drawn, "-", &number, ".", step].concat()
    }
}

/// What an order meant when it was heard.
pub(crate) struct Meant {
    /// The configuration that it was read under.
    live: Arc<Live>,
    from: From,
    reading: Reading,
}

impl std::fmt::Debug for Meant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meant")
            .field("from", &self.from)
            .field("reading", &self.reading)
            .finish_non_exhaustive()
    }
}

impl Meant {
    /// Where it comes from and what it means, where that is as it was when it was heard.
    pub(crate) fn today(self, core: &Core) -> Option<(From, Reading)> {
        Arc::ptr_eq(&self.live, &core.live.load()).then_some((self.from, self.reading))
    }
}

/// What this order means, if it only reads, as things are now, and is no answer to anything.
pub(crate) fn meant(core: &Core, message: &Message, order: &str) -> Option<Option<Box<Meant>>> {
    if is_control(order) || is_yes(order) || !is_fresh(core, message.at) || is_asked(core, message) {
        return None;
    }
    let live = core.live.load_full();
    let from = inbox::from(live.setup.policy.resolve(&message.from), message, message.at, None);
    let (reading, line) = alias::read(core, &from, order);
    if !only_reads(&reading) {
        return None;
    }
    // What a name stands for may change until its turn comes, and words that only ask for help may become a name.
    let stays = line.is_none() && matches!(reading, Reading::Order(_));
    Some(stays.then(|| Box::new(Meant { live, from, reading })))
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
pub(crate) async fn take(core: &Arc<Core>, queued: Queued) {
    if !core.repeats.has(&queued.message.place, &queued.message.id) {
        inbox::line_up(core, queued).await;
    }
}
