//! Lanes: the orders of one speaker in one place, worked off one by one.
//!
//! Not a journal: what waits here is committed already. Layer 1.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use wilco_contract::{
    ids::{Account, Place, Seq},
    input::Message,
};

/// How many orders may wait in an unlimited lane before its reader stops reading.
const UNLIMITED: usize = 1_024;

/// An order that waits for its turn.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// What was said.
    pub(crate) message: Message,
    /// The order in it, without our name.
    pub(crate) order: String,
    /// Its journal record.
    pub(crate) input: Seq,
}

type Key = (Place, Account);

#[derive(Default)]
struct Lane {
    queue: VecDeque<Waiting>,
    told: bool,
}

/// What became of a wish to wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// The lane was empty: the caller starts its worker.
    First,
    /// It waits.
    Waits,
    /// The lane is full; `tell` where the speaker does not know yet.
    Full {
        /// Whether to tell.
        tell: bool,
    },
}

#[derive(Default)]
pub(crate) struct Lanes {
    lanes: Mutex<HashMap<Key, Lane>>,
    room: Arc<Notify>,
}

impl Lanes {
    fn lanes(&self) -> MutexGuard<'_, HashMap<Key, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an order wait. With `limit` `None` it returns only once there is room, so that the reader stops reading.
    pub(crate) async fn enter(&self, waiting: Waiting, limit: Option<usize>) -> Entered {
        let key = (waiting.message.place.clone(), waiting.message.from.clone());
        loop {
            let room = self.room.notified();
            {
                let mut lanes = self.lanes();
                let new = !lanes.contains_key(&key);
                let lane = lanes.entry(key.clone()).or_default();
                if lane.queue.len() < limit.unwrap_or(UNLIMITED) {
                    lane.queue.push_back(waiting);
                    lane.told = false;
                    return if new { Entered::First } else { Entered::Waits };
                }
                if limit.is_some() {
                    return Entered::Full { tell: !std::mem::replace(&mut lane.told, true) };
                }
            }
            room.await;
        }
    }

    /// The next order of a lane; `None` ends the lane, and with it its worker.
    pub(crate) fn next(&self, key: &Key) -> Option<Waiting> {
        let mut lanes = self.lanes();
        let next = lanes.get_mut(key).and_then(|lane| lane.queue.pop_front());
        if next.is_none() {
            lanes.remove(key);
        }
        drop(lanes);
        self.room.notify_waiters();
        next
    }
}
