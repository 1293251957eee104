//! Slots: an operation's messages, posted once and then kept up to date in place. Where a network cannot edit, what
//! somebody has to decide and how it ended are said in messages of their own.
//!
//! Not the words in them: [`crate::words`] has those. A slow network holds up no operation: only the newest state is
//! sent, and an update never delays the operation itself. What was said where nothing tells it apart from a repeat
//! stands in the store, so that a restart neither repeats it nor leaves the end untold. Layer 1.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use wilco_contract::{
    connector::{DeliveryKey, Receipt},
    ids::{Hash, Place},
    operation::{Operation, Slot, State},
    reply::Reply,
    store::{Announced, Record},
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
/// After a restart posting again is harmless where the network has keys, and the first change of every message is then an
/// edit to the newest state. Where it has none, the store says what was said last.
pub(crate) async fn keep(
    core: Arc<Core>,
    mut seen: watch::Receiver<Arc<Operation>>,
    tell: mpsc::Sender<Told>,
) {
    let first = seen.borrow().clone();
    let mut all = known(&core, &first).await;
    drop(first);
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
            let was_posted = all[at].is_posted();
            let is_worth =
                if begins { all[at].is_news(&operation, slot) } else { is_worth_a_line(&operation, slot) };
            if was_posted && !is_worth && !all[at].is_edited_in(&core, &slot.place) {
                // It was said before a restart, or the next line will say more.
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
            // What could not be shown is tried again after the next start.
            () = core.stopped(), if over => return,
            else => return,
        }
    }
}

/// The messages as they were shown before a restart.
async fn known(core: &Core, operation: &Operation) -> Vec<Kept> {
    let mut said = Vec::new();
    if operation.slots.iter().any(|slot| is_plain(core, &slot.place)) {
        match core.store.announced(&operation.id).await {
            Ok(found) => said = found,
            Err(error) => {
                tracing::error!(operation = %operation.id, %error, "What was said of an operation cannot be read.");
            }
        }
    }
    let known = |(at, slot): (usize, &Slot)| {
        let last = said.iter().find(|said| said.slot == at);
        Kept {
            receipt: slot.receipt.clone(),
            said: last.map(|last| (last.state, last.plan)),
            ..Kept::default()
        }
    };
    operation.slots.iter().enumerate().map(known).collect()
}

/// Whether a repeat of what was said there would show.
fn is_plain(core: &Core, place: &Place) -> bool {
    core.ways.to(place).is_some_and(|way| !way.caps.edits || !way.caps.keys)
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
    /// What was said last of the operation where a repeat would show: how it stood, by which plan.
    said: Option<(State, Hash)>,
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

    fn is_posted(&self) -> bool {
        self.receipt.is_some() || self.said.is_some()
    }

    fn is_edited_in(&self, core: &Core, place: &Place) -> bool {
        self.receipt.is_some() && has_edits(core, place)
    }

    /// Whether something worth a line came about that was not said before a restart, as far as anybody knows.
    fn is_news(&self, operation: &Operation, slot: &Slot) -> bool {
        let now = (operation.state, operation.plan.hash);
        is_worth_a_line(operation, slot) && self.said.is_some_and(|said| said != now)
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
        let key = if self.is_posted() {
            DeliveryKey(format!("{}/slot/{at}/{}", operation.id, operation.version))
        } else {
            DeliveryKey(format!("{}/slot/{at}", operation.id))
        };
        let harmless = edited.is_some() || core.ways.to(&slot.place).is_none_or(|way| way.caps.keys);
        let sent = match edited {
            Some(receipt) => core.ways.edit(receipt, reply).await.map(|()| receipt.clone()),
            None => core.ways.post(&slot.place, thread, reply, &key).await,
        };
        let error = match sent {
            Ok(receipt) => {
                let said = is_plain(core, &slot.place).then_some((operation.state, operation.plan.hash));
                if let Some((state, plan)) = said.filter(|_| said != self.said) {
                    remember(core, Announced { operation: operation.id.clone(), slot: at, state, plan })
                        .await;
                }
                *self = Self { receipt: Some(receipt), said, shown: Some(reply.clone()), ..Self::default() };
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

/// Keeps what was said. Written behind: an end in between repeats a line.
async fn remember(core: &Core, said: Announced) {
    if let Err(error) = core.commit_soon(vec![Record::Announced(said)]).await {
        tracing::error!(%error, "What was said of an operation could not be recorded.");
    }
}
