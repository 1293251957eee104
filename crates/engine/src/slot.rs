//! Slots: an operation's messages, posted once and then kept up to date in place. Where a network cannot edit, what
//! somebody has to decide and how it ended are said in messages of their own.
//!
//! Not the words in them: [`crate::words`] has those. A slow network holds up no operation: only the newest state is
//! sent, and an update never delays the operation itself. Layer 1.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use wilco_contract::{
    connector::{DeliveryKey, Receipt},
    ids::Place,
    operation::{Operation, State},
    reply::Reply,
};

use crate::{
    core::Core,
    life::Told,
    planning::later,
    tries::{Next, Tries},
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
    let mut begins = true;
    loop {
        let operation = seen.borrow_and_update().clone();
        let reply = words::status(&core, &operation);
        for at in 0..receipts.len() {
            if shown[at].as_ref() == Some(&reply) {
                continue;
            }
            if receipts[at].is_some() && !has_edits(&core, &operation.slots[at].place) {
                // Said before a restart: nobody knows how much of it, and saying it again is worse than the page alone.
                if begins || !is_worth_a_line(operation.state) || say(&core, &operation, at, &reply).await {
                    shown[at] = Some(reply.clone());
                }
                continue;
            }
            match show(&core, &operation, at, &reply, receipts[at].as_ref()).await {
                Some(receipt) if receipts[at].is_none() => {
                    receipts[at] = Some(receipt.clone());
                    // A key that the network knew already shows an older state.
                    let newest = operation.version <= FRESH || !has_edits(&core, &operation.slots[at].place);
                    shown[at] = newest.then(|| reply.clone());
                    if shown[at].is_none() {
                        shown[at] = show(&core, &operation, at, &reply, receipts[at].as_ref())
                            .await
                            .map(|_| reply.clone());
                    }
                    // A final operation takes no more events; its key makes a repeated post harmless.
                    let _ = tell.try_send(Told::Posted { slot: at, receipt });
                }
                Some(_) => shown[at] = Some(reply.clone()),
                None => {}
            }
        }
        begins = false;
        if operation.state.is_final() || seen.changed().await.is_err() {
            // The newest state may have come while the last one was sent.
            if !seen.has_changed().unwrap_or(false) {
                return;
            }
        }
    }
}

fn has_edits(core: &Core, place: &Place) -> bool {
    core.ways.to(place).is_none_or(|way| way.caps.edits)
}

/// Whether a state is said anew where the message cannot be edited: somebody has to decide, or it is over.
fn is_worth_a_line(state: State) -> bool {
    state.awaits() || state.is_final()
}

/// Says the newest state in a message of its own.
async fn say(core: &Core, operation: &Operation, at: usize, reply: &Reply) -> bool {
    let key = DeliveryKey(format!("{}/slot/{at}/{}", operation.id, operation.version));
    post(core, operation, at, (reply, &key, None)).await.is_some()
}

/// Posts or edits, trying again as the network says. `None` where it was given up.
async fn show(
    core: &Core,
    operation: &Operation,
    at: usize,
    reply: &Reply,
    receipt: Option<&Receipt>,
) -> Option<Receipt> {
    let key = DeliveryKey(format!("{}/slot/{at}", operation.id));
    post(core, operation, at, (reply, &key, receipt)).await
}

/// Posts under a key, or edits what was posted.
async fn post(
    core: &Core,
    operation: &Operation,
    at: usize,
    (reply, key, receipt): (&Reply, &DeliveryKey, Option<&Receipt>),
) -> Option<Receipt> {
    let slot = &operation.slots[at];
    let harmless = receipt.is_some() || core.ways.to(&slot.place).is_none_or(|way| way.caps.keys);
    let until = later(core.clock.now(), LIFETIME_SECS);
    let mut tries = Tries::default();
    loop {
        let sent = match receipt {
            Some(receipt) => core.ways.edit(receipt, reply).await.map(|()| receipt.clone()),
            None => core.ways.post(&slot.place, slot.thread.as_deref(), reply, key).await,
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
