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

use crate::{
    error::Trouble,
    prepared::{Prepared, Size},
};

/// The most that waits with `Soon`, and the most that waits with `Now`: together at most 64 MiB, beside one batch of
/// any size each.
const WAITING: Size = Size { records: 20_000, bytes: 32 << 20 };
/// The most that is written in one transaction, unless one batch has more. SQLite holds what it changes in memory
/// until the end of it.
const GROUP: Size = Size { records: 1_000, bytes: 8 << 20 };
/// How long `Soon` waits for company; with the writing it stays below what the store promises.
const COMPANY: Duration = Duration::from_millis(40);

/// How long a group waits until as many wait for it as for the one before. A timer's grain is a millisecond.
const HOPE: Duration = Duration::from_millis(1);

/// Of so many who waited for a group as many are likely to come again. Two or three met by chance, and the one of them
/// that comes again would wait for nobody.
const MANY: usize = 4;

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
    /// What waits or is being written, by kind.
    soon: Size,
    now: Size,
    /// How many of `waiting` somebody waits for.
    awaited: usize,
    /// How many of these the last group had.
    last: usize,
    /// How many of these the writer hopes for; until then it is not rung.
    hoped: usize,
    /// Why the last group was not written.
    failing: Option<Trouble>,
    closed: bool,
}

impl Inner {
    fn used(&mut self, urgent: bool) -> &mut Size {
        if urgent { &mut self.now } else { &mut self.soon }
    }

    fn records(&self) -> usize {
        self.soon.records + self.now.records
    }

    /// Whether there is enough for a group.
    fn is_large(&self) -> bool {
        let all = self.soon.and(self.now);
        all.records >= GROUP.records || all.bytes >= GROUP.bytes
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
        let (urgent, size) = (item.answer.is_some(), item.batch.size);
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
                if used.records == 0 || used.and(size).within(WAITING) {
                    *inner.used(urgent) = used.and(size);
                    inner.waiting.extend(item.take());
                    let first = inner.waiting.len() == 1;
                    if urgent {
                        inner.due = inner.waiting.len();
                        inner.awaited += 1;
                    }
                    if (urgent && inner.awaited >= inner.hoped) || first || inner.is_large() {
                        self.work.notify_one();
                    }
                    return Ok(());
                }
                if let (false, Some(trouble)) = (urgent, &inner.failing) {
                    let what = trouble.told();
                    return Err(StoreError::Unavailable(format!(
                        "{} records wait to be written: {what}",
                        used.records
                    )));
                }
            }
            room.await;
        }
    }

    /// The next group: soon if somebody waits for it, at once if it is large, else after waiting for company. Empty
    /// once the queue is closed and all was taken.
    ///
    /// Where several waited for the group before, as many are likely to come again: a group costs much the same however
    /// many wait for it, so it is worth a moment. Who comes alone waits for nobody.
    pub(crate) async fn next(&self) -> Vec<Item> {
        let mut hoping = true;
        loop {
            let wait = {
                let mut inner = self.inner();
                if inner.closed || inner.is_large() {
                    inner.due = inner.waiting.len();
                    hoping = false;
                }
                // Not all of them come each time.
                let likely = if inner.last < MANY { 0 } else { inner.last - inner.last / 4 };
                let hopes = hoping && inner.awaited > 0 && inner.awaited < likely;
                if (inner.due > 0 && !hopes) || inner.closed {
                    let items = take(&mut inner);
                    inner.last = items.iter().filter(|item| item.answer.is_some()).count();
                    inner.awaited -= inner.last;
                    inner.hoped = 0;
                    return items;
                }
                inner.hoped = if hopes { likely } else { 0 };
                match (hopes, inner.waiting.is_empty()) {
                    (true, _) => Some(HOPE),
                    (false, true) => None,
                    (false, false) => Some(COMPANY),
                }
            };
            match wait {
                None => self.work.notified().await,
                Some(HOPE) => {
                    hoping = tokio::time::timeout(HOPE, self.work.notified()).await.is_ok();
                }
                Some(company) => {
                    if tokio::time::timeout(company, self.work.notified()).await.is_err() {
                        let mut inner = self.inner();
                        inner.due = inner.waiting.len();
                    }
                }
            }
        }
    }

    /// Says that these were written, or refused one by one.
    pub(crate) fn done(&self, items: Vec<Item>, answers: Vec<Answer>) {
        {
            let mut inner = self.inner();
            inner.failing = None;
            for item in &items {
                let used = inner.used(item.answer.is_some());
                *used = used.without(item.batch.size);
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
                    inner.now = inner.now.without(item.batch.size);
                    refused.push(item);
                } else {
                    inner.waiting.push_back(item);
                }
            }
            inner.due = inner.waiting.len();
            inner.awaited = 0;
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
                    if inner.now.records > 0 || inner.closed {
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
        inner.awaited = 0;
        (inner.soon, inner.now) = (Size::default(), Size::default());
        left
    }
}

fn take(inner: &mut Inner) -> Vec<Item> {
    let mut items = Vec::new();
    let mut size = Size::default();
    while let Some(item) = inner.waiting.front() {
        size = size.and(item.batch.size);
        if !size.within(GROUP) && !items.is_empty() {
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use wilco_runtime::chance::OsChance;
    use wilco_testkit::store_suite::samples::{batch, read};

    use super::*;

    async fn push(queue: &Queue) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let batch = Prepared::new(batch([read("a")]), &OsChance).expect("JSON");
        queue.push(Item { batch, answer: Some(answer) }).await.expect("there is room");
        answered
    }

    async fn group(queue: &Queue) -> usize {
        let items = queue.next().await;
        let (count, answers) = (items.len(), items.iter().map(|_| Ok(None)).collect());
        queue.done(items, answers);
        count
    }

    #[tokio::test]
    async fn a_group_waits_a_moment_for_as_many_as_the_last_one_had_and_who_is_alone_for_nobody() {
        let queue = Queue::default();
        let mut answers = Vec::new();
        for _ in 0..8 {
            answers.push(push(&queue).await);
        }
        assert_eq!(group(&queue).await, 8);
        answers.push(push(&queue).await);
        assert!(queue.next().now_or_never().is_none(), "seven more may come");
        for _ in 0..7 {
            answers.push(push(&queue).await);
        }
        assert_eq!(group(&queue).now_or_never(), Some(8), "and they came");
        answers.push(push(&queue).await);
        assert_eq!(group(&queue).await, 1, "nobody came in time");
        answers.push(push(&queue).await);
        assert_eq!(group(&queue).now_or_never(), Some(1), "so nobody is waited for");
        for answer in answers {
            assert_eq!(answer.await, Ok(Ok(None)));
        }
    }

    #[tokio::test]
    async fn a_failed_group_leaves_nobody_waiting_and_the_next_one_goes_on() {
        let queue = Queue::default();
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(push(&queue).await);
        }
        let items = queue.next().await;
        answers.push(push(&queue).await);
        queue.failed(items, &Trouble::Lost("gone".to_owned()));
        for answer in answers {
            assert!(matches!(answer.await, Ok(Err(_))));
        }
        let _answered = push(&queue).await;
        assert_eq!(group(&queue).await, 1);
    }
}
