//! What came of parcels, on its way into the store while the next one is being sent.
//!
//! Not the sending, and not how many may be on their way: [`super`] says both. Layer 1.

use std::sync::{Mutex, PoisonError};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::oneshot;
use wilco_contract::store::{Record, StoreError};

/// Writes records.
type Commit = dyn Fn(Vec<Record>) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync;

/// What is not written yet, in order.
pub(super) struct Notes {
    commit: Box<Commit>,
    waiting: Vec<Record>,
    writing: Option<Writing>,
    /// Set while what was sent is itself being written.
    after: Option<oneshot::Receiver<()>>,
}

struct Writing {
    /// What is being written, for when it cannot be.
    records: Vec<Record>,
    /// Never locked: so that whoever holds the notes may be looked at from two threads.
    end: Mutex<BoxFuture<'static, Result<(), StoreError>>>,
}

impl Notes {
    pub(super) fn new(
        commit: impl Fn(Vec<Record>) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync + 'static,
    ) -> Self {
        Self { commit: Box::new(commit), waiting: Vec::new(), writing: None, after: None }
    }

    /// What comes next is about something that is being written: nothing is written before that, and where that could
    /// not be, whose end is dropped then, there is nothing to be noted.
    pub(super) fn after(&mut self, written: oneshot::Receiver<()>) {
        self.after = Some(written);
    }

    pub(super) fn take(&mut self, records: Vec<Record>) {
        self.waiting.extend(records);
    }

    /// Writes all.
    ///
    /// # Errors
    /// When it could not be written; it is still there.
    pub(super) async fn write(&mut self) -> Result<(), StoreError> {
        self.write_but(0).await
    }

    /// Has all written, and waits until at most so many records are left.
    ///
    /// # Errors
    /// When something could not be written; it is still there.
    pub(super) async fn write_but(&mut self, left: usize) -> Result<(), StoreError> {
        if let Some(after) = &mut self.after {
            if left > 0 && self.waiting.len() <= left {
                return Ok(());
            }
            let written = after.await.is_ok();
            self.after = None;
            if !written {
                self.waiting.clear();
            }
        }
        loop {
            if self.writing.is_none() && !self.waiting.is_empty() {
                let records = std::mem::take(&mut self.waiting);
                let end = Mutex::new((self.commit)(records.clone()));
                self.writing = Some(Writing { records, end });
            }
            let Some(writing) = &mut self.writing else { return Ok(()) };
            let end = writing.end.get_mut().unwrap_or_else(PoisonError::into_inner);
            let end = if writing.records.len() + self.waiting.len() > left {
                end.await
            } else {
                // Looked at once, it is in the store's queue.
                match end.now_or_never() {
                    Some(end) => end,
                    None => return Ok(()),
                }
            };
            if end.is_err() {
                self.again();
            } else {
                self.writing = None;
            }
            end?;
        }
    }

    /// Takes back what is being written, to write it once more.
    pub(super) fn again(&mut self) {
        if let Some(Writing { mut records, .. }) = self.writing.take() {
            records.append(&mut self.waiting);
            self.waiting = records;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    type Asked = (Vec<u64>, oneshot::Sender<Result<(), StoreError>>);

    /// Notes, and what they asked to have written, each with the way to answer.
    fn notes() -> (Notes, Arc<Mutex<Vec<Asked>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let asks = asked.clone();
        let commit = move |records: Vec<Record>| {
            let (end, ended) = oneshot::channel();
            asks.lock().expect("not poisoned").push((numbers(&records), end));
            async move { ended.await.expect("answered") }.boxed()
        };
        (Notes::new(commit), asked)
    }

    fn numbers(records: &[Record]) -> Vec<u64> {
        let number = |record: &Record| match record {
            Record::Said { line } => *line,
            other => panic!("{other:?}"),
        };
        records.iter().map(number).collect()
    }

    fn said(line: u64) -> Vec<Record> {
        vec![Record::Said { line }]
    }

    fn next(asked: &Mutex<Vec<Asked>>) -> Asked {
        asked.lock().expect("not poisoned").remove(0)
    }

    #[test]
    fn a_few_may_be_on_their_way_and_one_more_waits_for_the_first() {
        let (mut notes, asked) = notes();
        for line in 1..=3 {
            notes.take(said(line));
            assert_eq!(notes.write_but(3).now_or_never(), Some(Ok(())), "{line}");
        }
        notes.take(said(4));
        assert_eq!(notes.write_but(3).now_or_never(), None);
        let (first, end) = next(&asked);
        assert_eq!(first, [1]);
        end.send(Ok(())).expect("waited for");
        assert_eq!(notes.write_but(3).now_or_never(), Some(Ok(())));
        let (rest, end) = next(&asked);
        assert_eq!(rest, [2, 3, 4], "written together");
        assert_eq!(notes.write().now_or_never(), None);
        end.send(Ok(())).expect("waited for");
        assert_eq!(notes.write().now_or_never(), Some(Ok(())));
        assert!(asked.lock().expect("not poisoned").is_empty());
    }

    #[test]
    fn what_could_not_be_written_is_written_before_what_came_after_it() {
        let (mut notes, asked) = notes();
        notes.take(said(1));
        assert_eq!(notes.write_but(3).now_or_never(), Some(Ok(())));
        notes.take(said(2));
        let failed = StoreError::Unavailable("the disk is full".to_owned());
        next(&asked).1.send(Err(failed.clone())).expect("waited for");
        assert_eq!(notes.write().now_or_never(), Some(Err(failed)));
        notes.take(said(3));
        assert_eq!(notes.write().now_or_never(), None);
        assert_eq!(next(&asked).0, [1, 2, 3]);
        notes.again();
        assert_eq!(notes.write().now_or_never(), None);
        assert_eq!(next(&asked).0, [1, 2, 3], "also where nobody learned of the end");
    }

    #[test]
    fn nothing_is_noted_before_what_it_is_about_is_written() {
        let (mut notes, asked) = notes();
        let (says, written) = oneshot::channel();
        notes.after(written);
        notes.take(said(1));
        assert_eq!(notes.write_but(3).now_or_never(), Some(Ok(())));
        assert_eq!(notes.write().now_or_never(), None);
        assert!(asked.lock().expect("not poisoned").is_empty());
        says.send(()).expect("waited for");
        assert_eq!(notes.write().now_or_never(), None);
        assert_eq!(next(&asked).0, [1]);
    }

    #[test]
    fn where_it_could_not_be_written_nothing_is_noted() {
        let (mut notes, asked) = notes();
        let (says, written) = oneshot::channel();
        notes.after(written);
        notes.take(said(1));
        drop(says);
        assert_eq!(notes.write().now_or_never(), Some(Ok(())));
        assert!(asked.lock().expect("not poisoned").is_empty());
        notes.take(said(2));
        assert_eq!(notes.write().now_or_never(), None);
        assert_eq!(next(&asked).0, [2], "what comes later is");
    }
}
