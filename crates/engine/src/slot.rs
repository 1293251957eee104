//! Slots: an operation's messages, posted once and then kept up to date in place.
//!
//! Not the words in them: [`crate::words`] has those. A slow network holds up no operation: only the newest state is
//! sent, and an update never delays the operation itself. Layer 1.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use wilco_contract::{
    connector::{DeliveryKey, Receipt},
    operation::Operation,
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
    let mut receipts: Vec<Option<Receipt>> =
        seen.borrow().slots.iter().map(|slot| slot.receipt.clone()).collect();
    let mut shown: Vec<Option<Reply>> = vec![None; receipts.len()];
    loop {
        let operation = seen.borrow_and_update().clone();
        // What came since was never posted before.
        let known = receipts.len();
        receipts.resize(operation.slots.len(), None);
        shown.resize(operation.slots.len(), None);
        for at in 0..receipts.len() {
            let slot = &operation.slots[at];
            let reply = match slot.asks {
                None => words::status(&core, &operation),
                Some(asks) => ask::shown(&core, &operation, asks.run, slot),
            };
            if shown[at].as_ref() == Some(&reply) {
                continue;
            }
            let head = slot.asks.and_then(|asks| receipts.get(asks.under)?.clone());
            let thread = slot.thread.clone().or(head.map(|receipt| receipt.id));
            let message = Showing { at, thread: thread.as_deref(), reply: &reply };
            match show(&core, &operation, &message, receipts[at].as_ref()).await {
                Some(receipt) if receipts[at].is_none() => {
                    receipts[at] = Some(receipt.clone());
                    // A key that the network knew already shows an older state.
                    let fresh = if slot.asks.is_some() { at >= known } else { operation.version <= FRESH };
                    shown[at] = fresh.then(|| reply.clone());
                    if shown[at].is_none() {
                        shown[at] = show(&core, &operation, &message, receipts[at].as_ref())
                            .await
                            .map(|_| reply.clone());
                    }
                    // A final operation takes no more events; its key makes a repeated post harmless.
                    let _ = tell.try_send(Told::Posted { slot: at, receipt });
                }
                Some(_) => shown[at] = Some(reply.clone()),
                None => {}
            }
            if shown[at].is_some() {
                core.shows(&operation, at);
            }
        }
        if operation.state.is_final() || seen.changed().await.is_err() {
            // The newest state may have come while the last one was sent.
            if !seen.has_changed().unwrap_or(false) {
                return;
            }
        }
    }
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

/// Posts or edits, trying again as the network says. `None` where it was given up.
async fn show(
    core: &Core,
    operation: &Operation,
    message: &Showing<'_>,
    receipt: Option<&Receipt>,
) -> Option<Receipt> {
    let Showing { at, thread, reply } = *message;
    let slot = &operation.slots[at];
    let key = DeliveryKey(format!("{}/slot/{at}", operation.id));
    let harmless = receipt.is_some() || core.ways.to(&slot.place).is_none_or(|way| way.caps.keys);
    let until = later(core.clock.now(), LIFETIME_SECS);
    let mut tries = Tries::default();
    loop {
        let sent = match receipt {
            Some(receipt) => core.ways.edit(receipt, reply).await.map(|()| receipt.clone()),
            None => core.ways.post(&slot.place, thread, reply, &key).await,
        };
        let error = match sent {
            Ok(receipt) => return Some(receipt),
            Err(error) => error,
        };
        match tries.after(&error, harmless) {
            Next::Wait(secs) if core.clock.now() < until => {
                core.clock.until(later(core.clock.now(), secs)).await;
            }
            _ => {
                tracing::warn!(operation = %operation.id, place = %slot.place, %error, "A status was not shown.");
                return None;
            }
        }
    }
}
