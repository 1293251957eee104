//! Events that were written and are not routed yet, at hand for whoever routes them.
//!
//! A shortcut past the database, never ahead of it: what is here was committed. Layer 2.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use wilco_contract::{event::Unrouted, ids::Seq, store::Record};

use crate::{queue::Item, writer::Committed};

/// The most events that are kept at hand. One is a few kilobytes; what is more waits in the database.
const MOST: usize = 2_000;

/// The events at hand.
#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<Inner>);

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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        Ok(())
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
    }

    /// The oldest events that are not routed; none where some of these are in the database alone.
    pub(crate) fn oldest(&self, limit: usize) -> Option<Vec<Arc<Unrouted>>> {
        let inner = self.inner();
        let at_hand = inner.whole || inner.waiting.len() >= limit;
        at_hand.then(|| inner.waiting.iter().take(limit).cloned().collect())
    }
}
