//! Events that were written and are not routed yet, at hand for whoever routes them.
//!
//! A shortcut past the database, never ahead of it: what is here was committed. Layer 2.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Notify;
use wilco_contract::{event::Unrouted, ids::Seq, store::Record};

use crate::{queue::Item, writer::Committed};

/// The most events that are kept at hand. One is a few kilobytes; what is more waits in the database.
const MOST: usize = 2_000;

/// The events at hand.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    inner: Mutex<Inner>,
    /// Rung when there are more of them.
    bell: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// The oldest events that are not routed, in order.
    waiting: VecDeque<Arc<Unrouted>>,
    /// Whether `waiting` has all of them. Otherwise others follow it, in the database alone.
    whole: bool,
    /// The newest event, and the newest one that was routed.
    newest: Seq,
    routed: Seq,
}

impl Inner {
    fn came(&mut self, event: Unrouted) {
        self.newest = event.seq;
        self.whole &= self.waiting.len() < MOST;
        if self.whole {
            self.waiting.push_back(Arc::new(event));
        }
    }

    fn went(&mut self, routed: Seq) {
        self.routed = self.routed.max(routed);
        while self.waiting.front().is_some_and(|event| event.seq <= self.routed) {
            self.waiting.pop_front();
        }
        self.whole |= self.routed >= self.newest;
    }
}

impl Fresh {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins anew from what is stored.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn begin(&self, conn: &Connection) -> rusqlite::Result<()> {
        let number = |sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
        let seq = |number: i64| Seq(u64::try_from(number).unwrap_or_default());
        let newest = seq(number("SELECT coalesce(max(seq), 0) FROM events")?);
        let routed = seq(number("SELECT coalesce(max(event), 0) FROM traces")?);
        *self.inner() = Inner { waiting: VecDeque::new(), whole: routed >= newest, newest, routed };
        self.bell.notify_one();
        Ok(())
    }

    /// Leaves all to the database, until [`Self::begin`].
    pub(crate) fn forget(&self) {
        let mut inner = self.inner();
        inner.waiting.clear();
        inner.whole = false;
    }

    /// Takes the events out of a group that was committed, and takes note of those that were routed.
    pub(crate) fn take(&self, items: &mut [Item], committed: &Committed) {
        if committed.events.is_empty() && committed.routed.is_none() {
            return;
        }
        let mut numbers = committed.events.iter();
        let mut inner = self.inner();
        for (item, _) in items.iter_mut().zip(&committed.answers).filter(|(_, answer)| answer.is_ok()) {
            let batch = &mut item.batch.batch;
            for record in batch.records.extract_if(.., |record| matches!(record, Record::Event(_))) {
                if let (Record::Event(arrived), Some(seq)) = (record, numbers.next()) {
                    inner.came(Unrouted { seq: *seq, received_at: batch.at, event: arrived.event });
                }
            }
        }
        if let Some(routed) = committed.routed {
            inner.went(routed);
        }
        drop(inner);
        if !committed.events.is_empty() {
            self.bell.notify_one();
        }
    }

    /// Waits for more of them.
    pub(crate) async fn arrived(&self) {
        self.bell.notified().await;
    }

    /// The oldest events that are not routed; none where some of these are in the database alone.
    pub(crate) fn oldest(&self, limit: usize) -> Option<Vec<Arc<Unrouted>>> {
        let inner = self.inner();
        let at_hand = inner.whole || inner.waiting.len() >= limit;
        at_hand.then(|| inner.waiting.iter().take(limit).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use wilco_contract::{event::Event, ids::SourceName};

    use super::*;

    fn came(inner: &mut Inner, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            let source = SourceName::parse("github").expect("a source");
            let at = jiff::Timestamp::UNIX_EPOCH;
            let event = Event::new(source, number.to_string(), "push", at);
            inner.came(Unrouted { seq: Seq(number), received_at: at, event });
        }
    }

    fn of(inner: Inner) -> Fresh {
        Fresh { inner: Mutex::new(inner), bell: Notify::new() }
    }

    fn whole() -> Fresh {
        of(Inner { whole: true, ..Inner::default() })
    }

    fn oldest(fresh: &Fresh, limit: usize) -> Option<Vec<u64>> {
        fresh.oldest(limit).map(|events| events.iter().map(|event| event.seq.0).collect())
    }

    #[test]
    fn what_was_routed_goes_and_the_rest_is_at_hand_in_order() {
        let fresh = whole();
        assert_eq!(oldest(&fresh, 9), Some(vec![]));
        came(&mut fresh.inner(), [2, 3, 7]);
        assert_eq!(oldest(&fresh, 9), Some(vec![2, 3, 7]));
        assert_eq!(oldest(&fresh, 2), Some(vec![2, 3]));
        fresh.inner().went(Seq(3));
        assert_eq!(oldest(&fresh, 9), Some(vec![7]));
    }

    #[test]
    fn what_is_more_than_fits_is_left_to_the_database_until_all_was_routed() {
        let fresh = whole();
        let more = MOST as u64 + 5;
        came(&mut fresh.inner(), 1..=more);
        assert_eq!(oldest(&fresh, 2), Some(vec![1, 2]), "the oldest are there");
        assert_eq!(oldest(&fresh, MOST + 1), None, "not all that are asked for");
        fresh.inner().went(Seq(MOST as u64 - 1));
        came(&mut fresh.inner(), [more + 1]);
        assert_eq!(oldest(&fresh, 1), Some(vec![MOST as u64]));
        assert_eq!(oldest(&fresh, 2), None, "the next one is in the database alone");
        fresh.inner().went(Seq(more + 1));
        came(&mut fresh.inner(), [more + 9]);
        assert_eq!(oldest(&fresh, 9), Some(vec![more + 9]));
    }

    #[test]
    fn a_start_with_events_that_wait_asks_the_database() {
        let fresh = of(Inner { newest: Seq(9), routed: Seq(4), ..Inner::default() });
        assert_eq!(oldest(&fresh, 1), None);
        came(&mut fresh.inner(), [10]);
        assert_eq!(oldest(&fresh, 1), None, "older ones wait in the database");
        fresh.inner().went(Seq(10));
        assert_eq!(oldest(&fresh, 1), Some(vec![]));
    }
}
