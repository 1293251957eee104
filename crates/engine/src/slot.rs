//! Slots: an operation's messages, posted once and then kept up to date in place. Where a network cannot edit, what
//! somebody has to decide and how it ended are said in messages of their own.
//!
//! Not the words in them: [`crate::words`] has those. A slow network holds up no operation: only the newest state is
//! sent, and an update never delays the operation itself. Layer 1.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use wilco_contract::{
    connector::{DeliveryKey, Receipt},
    ids::Place,
    operation::{Operation, Slot},
    reply::Reply,
};

use crate::{
    core::Core,
    life::Told,
    planning::later,
    tries::{Next, Tries},
    waits::ask,
    words,
};

/// An operation with at most so many events was just made: its messages were never posted before.
const FRESH: u64 = 3;
/// How long a message is tried before it is given up and logged, in seconds.
const LIFETIME_SECS: i64 = 86_400;

/// Keeps the messages of one operation up to date until it is final and shown.
///
/// After a restart nobody knows how much of the newest state was shown. Posting again is harmless where the network has
/// keys, and the first change of every message is then an edit to the newest state.
pub(crate) async fn keep(
    core: Arc<Core>,
    mut seen: watch::Receiver<Arc<Operation>>,
    tell: mpsc::Sender<Told>,
) {
    let known = |slot: &Slot| Kept { receipt: slot.receipt.clone(), ..Kept::default() };
    let mut all: Vec<Kept> = seen.borrow().slots.iter().map(known).collect();
    let mut over = false;
    let mut begins = true;
    loop {
        let operation = seen.borrow_and_update().clone();
        // What came since was never posted before.
        let known = all.len();
        all.resize_with(operation.slots.len(), Kept::default);
        // One room's trouble holds up no other.
        let mut next: Option<Timestamp> = None;
        for at in 0..all.len() {
            let slot = &operation.slots[at];
            let reply = match slot.asks {
                None => words::status(&core, &operation),
                Some(asks) => ask::shown(&core, &operation, asks.run, slot),
            };
            if all[at].is_settled(&reply) {
                continue;
            }
            let under = slot.asks.and_then(|asks| all.get(asks.under));
            let head = under.and_then(|under| under.receipt.clone());
            if slot.thread.is_none() && head.is_none() && under.is_some_and(Kept::is_tried) {
                // It belongs in the thread of a message that is not there yet.
                continue;
            }
            let thread = slot.thread.clone().or(head.map(|receipt| receipt.id));
            let fresh = if slot.asks.is_some() { at >= known } else { operation.version <= FRESH };
            let was_posted = all[at].receipt.is_some();
            if was_posted && !has_edits(&core, &slot.place) && (begins || !is_worth_a_line(&operation, slot))
            {
                // Said before a restart, nobody knows how much of it, and twice is worse than the page alone; or the
                // next line will say more.
                all[at].shown = Some(reply);
                continue;
            }
            let showing = Showing { at, thread: thread.as_deref(), reply: &reply };
            all[at].show(&core, &operation, &showing).await;
            if let Some(receipt) = all[at].receipt.clone().filter(|_| !was_posted) {
                // A final operation takes no more events; its key makes a repeated post harmless.
                let _ = tell.try_send(Told::Posted { slot: at, receipt });
                if !fresh && has_edits(&core, &slot.place) {
                    // A key that the network knew already shows an older state.
                    all[at].shown = None;
                    all[at].show(&core, &operation, &showing).await;
                }
            }
            if all[at].shown.is_some() {
                core.shows(&operation, at);
            }
            next = all[at].not_before().into_iter().chain(next).min();
        }
        begins = false;
        if next.is_none() && (over || operation.state.is_final()) && !seen.has_changed().unwrap_or(false) {
            // The newest state may have come while the last one was sent.
            return;
        }
        tokio::select! {
            changed = seen.changed(), if !over => over = changed.is_err(),
            () = core.clock.until(next.unwrap_or(Timestamp::MAX)), if next.is_some() => {}
            else => return,
        }
    }
}

fn has_edits(core: &Core, place: &Place) -> bool {
    core.ways.to(place).is_none_or(|way| way.caps.edits)
}

/// Whether what a message says now is said anew where it cannot be edited: somebody has to decide, or it is over. A
/// question is not: what came of it stands in the operation's own message.
fn is_worth_a_line(operation: &Operation, slot: &Slot) -> bool {
    slot.asks.is_none() && (operation.state.awaits() || operation.state.is_final())
}

/// A message as it is to be shown.
struct Showing<'a> {
    /// Which of the operation's.
    at: usize,
    /// In which thread.
    thread: Option<&'a str>,
    /// What it says.
    reply: &'a Reply,
}

/// One of the messages, as far as it was shown.
#[derive(Default)]
struct Kept {
    receipt: Option<Receipt>,
    shown: Option<Reply>,
    /// What could not be shown and is tried no more.
    given_up: Option<Reply>,
    tries: Tries,
    /// Until when it is tried, from the first try that went wrong.
    until: Option<Timestamp>,
}

impl Kept {
    fn is_settled(&self, reply: &Reply) -> bool {
        self.shown.as_ref() == Some(reply) || self.given_up.as_ref() == Some(reply)
    }

    /// Whether it is being tried again.
    fn is_tried(&self) -> bool {
        self.until.is_some()
    }

    /// Before when it is not tried again; none where it is not tried again.
    fn not_before(&self) -> Option<Timestamp> {
        self.tries.until.filter(|_| self.is_tried())
    }

    /// Posts or edits once, unless the network wants it later.
    async fn show(&mut self, core: &Core, operation: &Operation, message: &Showing<'_>) {
        let Showing { at, thread, reply } = *message;
        let now = core.clock.now();
        if self.not_before().is_some_and(|at| now < at) {
            return;
        }
        let slot = &operation.slots[at];
        let edited = self.receipt.as_ref().filter(|_| has_edits(core, &slot.place));
        let key = match &self.receipt {
            Some(_) => DeliveryKey(format!("{}/slot/{at}/{}", operation.id, operation.version)),
            None => DeliveryKey(format!("{}/slot/{at}", operation.id)),
        };
        let harmless = edited.is_some() || core.ways.to(&slot.place).is_none_or(|way| way.caps.keys);
        let sent = match edited {
            Some(receipt) => core.ways.edit(receipt, reply).await.map(|()| receipt.clone()),
            None => core.ways.post(&slot.place, thread, reply, &key).await,
        };
        let error = match sent {
            Ok(receipt) => {
                *self = Self { receipt: Some(receipt), shown: Some(reply.clone()), ..Self::default() };
                return;
            }
            Err(error) => error,
        };
        let until = *self.until.get_or_insert_with(|| later(now, LIFETIME_SECS));
        match self.tries.after(&error, harmless) {
            Next::Wait(secs) if now < until => self.tries.until = Some(later(core.clock.now(), secs)),
            _ => {
                tracing::warn!(operation = %operation.id, place = %slot.place, %error, "A status was not shown.");
                (self.tries, self.until) = (Tries::default(), None);
                self.given_up = Some(reply.clone());
            }
        }
    }
}
