//! What waits for the writer: in order, bounded, and kept while the database cannot be written.
//!
//! Not the writing: `writer` takes groups from here and says how each ended. Layer 2.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, oneshot};
use wilco_contract::{ids::Seq, store::StoreError};

use crate::{error::Trouble, prepared::Prepared};

/// The most records that wait with `Soon`, and the most that wait with `Now`.
pub(crate) const WAITING: usize = 20_000;
/// The most records that are written in one transaction, unless one batch has more.
pub(crate) const GROUP: usize = 1_000;
/// How long `Soon` waits for company; with the writing it stays below what the store promises.
const COMPANY: Duration = Duration::from_millis(40);

/// What a batch came to.
pub(crate) type Answer = Result<Option<Seq>, StoreError>;

/// A batch that waits.
#[derive(Debug)]
pub(crate) struct Item {
    /// The batch.
    pub(crate) batch: Prepared,
    /// Who waits for it; nobody with `Soon`.
    pub(crate) answer: Option<oneshot::Sender<Answer>>,
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// Rung when there is something that the writer should not wait for.
    work: Notify,
    /// Rung when there may be room.
    room: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Item>,
    /// How many of `waiting`, from the front, have to be written without more waiting.
    due: usize,
    /// Records that wait or are being written, by kind.
    soon: usize,
    now: usize,
    /// Why the last group was not written.
    failing: Option<Trouble>,
    closed: bool,
}

impl Inner {
    fn used(&mut self, urgent: bool) -> &mut usize {
        if urgent { &mut self.now } else { &mut self.soon }
    }

    fn records(&self) -> usize {
        self.soon + self.now
    }
}

impl Queue {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch; waits for room while the writer gets on.
    ///
    /// # Errors
    /// When the queue is closed, or full and the database cannot be written.
    pub(crate) async fn push(&self, item: Item) -> Result<(), StoreError> {
        let (urgent, size) = (item.answer.is_some(), item.batch.size());
        let mut item = Some(item);
        loop {
            let mut room = pin!(self.room.notified());
            room.as_mut().enable();
            {
                let mut inner = self.inner();
                if inner.closed {
                    return Err(closed());
                }
                let used = *inner.used(urgent);
                if used == 0 || used + size <= WAITING {
                    *inner.used(urgent) += size;
                    inner.waiting.extend(item.take());
                    let first = inner.waiting.len() == 1;
                    if urgent {
                        inner.due = inner.waiting.len();
                    }
                    if urgent || first || inner.records() >= GROUP {
                        self.work.notify_one();
                    }
                    return Ok(());
                }
                if let (false, Some(trouble)) = (urgent, &inner.failing) {
                    let what = trouble.told();
                    return Err(StoreError::Unavailable(format!(
                        "{used} records wait to be written: {what}"
                    )));
                }
            }
            room.await;
        }
    }

    /// The next group: at once if somebody waits for it or it is large, else after waiting for company. Empty once
    /// the queue is closed and all was taken.
    pub(crate) async fn next(&self) -> Vec<Item> {
        loop {
            let alone = {
                let mut inner = self.inner();
                if inner.closed || inner.records() >= GROUP {
                    inner.due = inner.waiting.len();
                }
                if inner.due > 0 || inner.closed {
                    return take(&mut inner);
                }
                inner.waiting.is_empty()
            };
            if alone {
                self.work.notified().await;
            } else if tokio::time::timeout(COMPANY, self.work.notified()).await.is_err() {
                let mut inner = self.inner();
                inner.due = inner.waiting.len();
            }
        }
    }

    /// Says that these were written, or refused one by one.
    pub(crate) fn done(&self, items: Vec<Item>, answers: Vec<Answer>) {
        {
            let mut inner = self.inner();
            inner.failing = None;
            for item in &items {
                *inner.used(item.answer.is_some()) -= item.batch.size();
            }
        }
        self.room.notify_waiters();
        for (item, answer) in items.into_iter().zip(answers) {
            match (item.answer, answer) {
                // Whoever asked may have gone; what was written stays written.
                (Some(waits), answer) => drop(waits.send(answer)),
                (None, Err(error)) => tracing::error!(%error, "records that nobody waits for were refused"),
                (None, Ok(_)) => {}
            }
        }
    }

    /// Says that these could not be written. What somebody waits for is answered, here and in all that waits; the
    /// rest stays, in order.
    pub(crate) fn failed(&self, items: Vec<Item>, trouble: &Trouble) {
        let mut refused = Vec::new();
        {
            let mut inner = self.inner();
            let all: Vec<_> = items.into_iter().chain(std::mem::take(&mut inner.waiting)).collect();
            for item in all {
                if item.answer.is_some() {
                    inner.now -= item.batch.size();
                    refused.push(item);
                } else {
                    inner.waiting.push_back(item);
                }
            }
            inner.due = inner.waiting.len();
            inner.failing = Some(trouble.clone());
        }
        self.room.notify_waiters();
        for waits in refused.into_iter().filter_map(|item| item.answer) {
            drop(waits.send(Err(trouble.told())));
        }
    }

    /// Waits this long, or until somebody waits for a batch, or the queue is closed.
    pub(crate) async fn pause(&self, at_most: Duration) {
        let worth_trying = async {
            loop {
                {
                    let inner = self.inner();
                    if inner.now > 0 || inner.closed {
                        return;
                    }
                }
                self.work.notified().await;
            }
        };
        // Either way it is time to try again.
        let _ = tokio::time::timeout(at_most, worth_trying).await;
    }

    /// How many records wait or are being written.
    pub(crate) fn records(&self) -> usize {
        self.inner().records()
    }

    /// Whether no more batches are taken.
    pub(crate) fn is_closed(&self) -> bool {
        self.inner().closed
    }

    /// Takes no more batches; what is there will still be written.
    pub(crate) fn close(&self) {
        self.inner().closed = true;
        self.work.notify_one();
        self.room.notify_waiters();
    }

    /// Drops what is left, for when there is no writer any more.
    pub(crate) fn abandon(&self) -> usize {
        self.close();
        let mut inner = self.inner();
        let left = inner.records();
        inner.waiting.clear();
        (inner.soon, inner.now) = (0, 0);
        left
    }
}

fn take(inner: &mut Inner) -> Vec<Item> {
    let mut items = Vec::new();
    let mut records = 0;
    while let Some(item) = inner.waiting.front() {
        records += item.batch.size();
        if records > GROUP && !items.is_empty() {
            break;
        }
        items.extend(inner.waiting.pop_front());
    }
    inner.due = inner.due.saturating_sub(items.len());
    items
}

/// What is said once the store takes nothing more.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
