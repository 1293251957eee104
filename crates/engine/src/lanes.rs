//! Lanes: the orders of one speaker in one place, worked off one by one.
//!
//! Not a journal: what changes something is committed before it waits here. Layer 1.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use wilco_contract::{
    ids::{Account, Place, Seq},
    input::Message,
};

use crate::reads::Meant;

/// How many orders may wait in an unlimited lane before its reader stops reading.
const UNLIMITED: usize = 1_024;

/// An order in a lane.
#[derive(Debug)]
pub(crate) struct Queued {
    /// What was said.
    pub(crate) message: Message,
    /// As in [`Waiting`].
    pub(crate) order: Option<String>,
    /// What it means, where that is known: an order that only reads is read when it is heard.
    pub(crate) meant: Option<Box<Meant>>,
    /// Its journal record, where it is kept: what only reads need not be.
    pub(crate) input: Option<Seq>,
}

impl From<Waiting> for Queued {
    fn from(Waiting { message, order, input }: Waiting) -> Self {
        Self { message, order, meant: None, input: Some(input) }
    }
}

/// A kept order whose turn it is.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// What was said.
    pub(crate) message: Message,
    /// The order in it, without our name; none where it is not said to us and may be an answer.
    pub(crate) order: Option<String>,
    /// Its journal record.
    pub(crate) input: Seq,
}

/// Where a lane is, and whose it is.
pub(crate) type Key = (Place, Account);

struct Lane {
    queue: VecDeque<Queued>,
    /// Whether the speaker knows that it was full. Once until it is empty: in a flood it is full again and again.
    told: bool,
}

/// What became of a wish to wait.
#[derive(Debug)]
pub(crate) enum Entered {
    /// The lane was empty: the caller starts its worker.
    First,
    /// It waits.
    Waits,
    /// The lane is full; `tell` where the speaker does not know yet.
    Full {
        /// Whether to tell.
        tell: bool,
        /// What does not wait.
        queued: Queued,
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
    pub(crate) async fn enter(&self, key: &Key, queued: Queued, limit: Option<usize>) -> Entered {
        loop {
            let room = self.room.notified();
            {
                let mut lanes = self.lanes();
                let Some(lane) = lanes.get_mut(key) else {
                    lanes.insert(key.clone(), Lane { queue: [queued].into(), told: false });
                    return Entered::First;
                };
                if lane.queue.len() < limit.unwrap_or(UNLIMITED) {
                    lane.queue.push_back(queued);
                    return Entered::Waits;
                }
                if limit.is_some() {
                    return Entered::Full { tell: !std::mem::replace(&mut lane.told, true), queued };
                }
            }
            room.await;
        }
    }

    /// The next order of a lane; `None` ends the lane, and with it its worker.
    pub(crate) fn next(&self, key: &Key) -> Option<Queued> {
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_full_lane_is_told_once_until_it_is_empty() {
        let lanes = Lanes::default();
        let place = Place::parse("web:ops").expect("a place");
        let from = Account::parse("web:ana").expect("an account");
        let key = (place.clone(), from.clone());
        let message = Message {
            id: "1".to_owned(),
            place,
            thread: None,
            from,
            text: "status".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            to_us: true,
        };
        let queued = || Queued {
            message: message.clone(),
            order: Some("status".to_owned()),
            meant: None,
            input: Some(Seq(1)),
        };
        let enter = || {
            let entered = lanes.enter(&key, queued(), Some(2)).now_or_never();
            match entered.expect("a limited lane never waits") {
                Entered::First => "first",
                Entered::Waits => "waits",
                Entered::Full { tell: true, .. } => "full, and to be told",
                Entered::Full { tell: false, .. } => "full",
            }
        };
        assert_eq!([enter(), enter()], ["first", "waits"]);
        assert_eq!([enter(), enter()], ["full, and to be told", "full"]);
        assert!(lanes.next(&key).is_some());
        assert_eq!([enter(), enter()], ["waits", "full"]);
        while lanes.next(&key).is_some() {}
        assert_eq!([enter(), enter(), enter()], ["first", "waits", "full, and to be told"]);
    }
}
