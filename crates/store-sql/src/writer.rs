//! The one writer: takes groups from the queue, decides what fits, seals the chain, commits.
//!
//! Runs on a thread of its own, so that what was queued is written even when nobody polls any more. Layer 2.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::watch;
use wilco_contract::{
    chain::{Head, Seal, Walk},
    ids::{Hash, Seq},
    lease::{Fence, Lease},
    store::StoreError,
};

use crate::{
    changes::Changes,
    error::Trouble,
    fresh::Fresh,
    lock::LockFile,
    lookup,
    options::WriterOptions,
    queue::{Answer, Item, Queue},
    write::write,
};

/// The pause after a failed group; it doubles up to the second one.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a failed group is tried again once the store is closing.
const LAST_TRIES: u32 = 3;

/// How the writer ended; `None` while it runs.
pub(crate) type Ended = watch::Receiver<Option<Result<(), StoreError>>>;

/// What the writer works with.
pub(crate) struct Writer {
    /// The connection; opened again when it was lost.
    pub(crate) conn: Option<Connection>,
    /// How to open it again.
    pub(crate) options: WriterOptions,
    /// The chain so far.
    pub(crate) seal: Seal,
    /// The number of the newest operation.
    pub(crate) newest: u64,
    /// The events that wait to be routed.
    pub(crate) fresh: Arc<Fresh>,
    /// Whose turn it has to be; nobody's in particular where none is set.
    pub(crate) fence: Arc<Mutex<Option<Fence>>>,
    /// Held for as long as the writer runs.
    pub(crate) lock: LockFile,
}

impl Writer {
    /// Starts the writer on its thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(self, queue: Arc<Queue>) -> std::io::Result<Ended> {
        let (says, ended) = watch::channel(None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let guard = Guard { queue: queue.clone(), says };
        thread::Builder::new().name("wilco-store".to_owned()).spawn(move || {
            // Dropped last, also when the writer panics, so that nobody waits for a writer that is gone.
            let guard = guard;
            let end = runtime.block_on(self.run(&queue));
            guard.says.send_replace(Some(end));
        })?;
        Ok(ended)
    }

    async fn run(mut self, queue: &Queue) -> Result<(), StoreError> {
        let mut pause = PAUSE;
        let mut tries = 0;
        let end = loop {
            let items = queue.next().await;
            if items.is_empty() {
                break Ok(());
            }
            let (committed, trouble) = self.commit(&items);
            let mut items = items;
            let left = items.split_off(committed.answers.len());
            self.fresh.take(&mut items, &committed);
            queue.done(items, committed.answers);
            match trouble {
                None => (pause, tries) = (PAUSE, 0),
                Some(trouble) => {
                    queue.failed(left, &trouble);
                    let waiting = queue.records();
                    tracing::warn!(?trouble, waiting, "the database cannot be written; trying again");
                    if queue.is_closed() {
                        tries += 1;
                        if tries == LAST_TRIES || waiting == 0 {
                            break lost(waiting, &trouble);
                        }
                        tokio::time::sleep(pause).await;
                    } else {
                        queue.pause(pause).await;
                    }
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        };
        if let Some(conn) = self.conn.take() {
            // All is written; closing only tidies up.
            if let Err((_, error)) = conn.close() {
                tracing::warn!(%error, "the database did not close as it should");
            }
        }
        drop(self.lock);
        end
    }

    /// Commits a group in one transaction. One batch that does not fit leaves the others alone. Returns what came of
    /// the first of them, and why not of the rest.
    pub(crate) fn commit(&mut self, items: &[Item]) -> (Committed, Option<Trouble>) {
        match self.write(items) {
            Ok(committed) => (committed, None),
            // What the rules let in the tables refused: a row was changed behind our back, or a value is too big.
            // Which batch it is shows when each is tried alone.
            Err(Trouble::Misfit(what)) if items.len() > 1 => {
                tracing::warn!(%what, "a group was refused; writing its batches one by one");
                let mut committed = Committed::default();
                for item in items {
                    let (one, trouble) = self.commit(std::slice::from_ref(item));
                    committed.add(one);
                    if trouble.is_some() {
                        return (committed, trouble);
                    }
                }
                (committed, None)
            }
            Err(Trouble::Misfit(what)) => {
                let answers = vec![Err(StoreError::Conflict(what))];
                (Committed { answers, ..Committed::default() }, None)
            }
            // It will never be our turn again.
            Err(Trouble::Fenced(by)) => {
                let is_empty = |item: &Item| item.batch.batch.records.is_empty();
                let answer =
                    |item| if is_empty(item) { Ok(None) } else { Err(StoreError::Fenced(by.clone())) };
                let answers = items.iter().map(answer).collect();
                (Committed { answers, ..Committed::default() }, None)
            }
            Err(trouble) => (Committed::default(), Some(trouble)),
        }
    }

    fn write(&mut self, items: &[Item]) -> Result<Committed, Trouble> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                let conn = self.options.connect()?;
                // The connection may have been lost between a commit and the word of it.
                (self.seal, self.newest) = so_far(&conn)?;
                self.fresh.begin(&conn)?;
                conn
            }
        };
        let written = self.write_on(&conn, items);
        if matches!(written, Err(Trouble::Lost(_))) {
            self.fresh.forget();
        } else {
            self.conn = Some(conn);
        }
        written
    }

    fn write_on(&mut self, conn: &Connection, items: &[Item]) -> Result<Committed, Trouble> {
        // Nobody else writes, so what is read before the transaction still holds in it.
        let mut stored = lookup::stored(conn, items.iter().map(|item| &item.batch.batch))?;
        let mut changes = Changes::after(self.seal.clone(), self.newest);
        let mut answers = Vec::with_capacity(items.len());
        for item in items {
            let fits = stored.known.admit(&item.batch.batch);
            answers.push(fits.map(|()| changes.take(&item.batch, &stored)));
        }
        if changes.rows() > 0 {
            let fence = self.fence.lock().unwrap_or_else(PoisonError::into_inner).clone();
            transact(conn, &changes, fence.as_ref())?;
        }
        let events = changes.told.events.iter().map(|event| event.seq).collect();
        let routed = changes.told.traces.last_key_value().map(|(event, _)| *event);
        (self.seal, self.newest) = (changes.seal, changes.newest);
        Ok(Committed { answers, events, routed })
    }
}

/// What came of a group.
#[derive(Default)]
pub(crate) struct Committed {
    /// Each batch's answer.
    pub(crate) answers: Vec<Answer>,
    /// The events' numbers, in the order of the batches that were not refused.
    pub(crate) events: Vec<Seq>,
    /// The last event that was routed, where one was.
    pub(crate) routed: Option<Seq>,
}

impl Committed {
    fn add(&mut self, later: Self) {
        self.answers.extend(later.answers);
        self.events.extend(later.events);
        self.routed = later.routed.max(self.routed);
    }
}

/// Writes all changes or none.
fn transact(conn: &Connection, changes: &Changes<'_>, fence: Option<&Fence>) -> Result<(), Trouble> {
    let say = |words| conn.prepare_cached(words)?.execute([]).map(drop);
    let all = || -> Result<(), Trouble> {
        say("BEGIN IMMEDIATE")?;
        in_turn(conn, fence)?;
        write(conn, changes)?;
        Ok(say("COMMIT")?)
    };
    let Err(trouble) = all() else { return Ok(()) };
    // After some failures SQLite has taken everything back by itself, or never begun.
    if conn.is_autocommit() {
        return Err(trouble);
    }
    match say("ROLLBACK") {
        Err(error) => Err(Trouble::Lost(format!("{}; then {error}", trouble.told()))),
        Ok(()) => Err(trouble),
    }
}

/// Whether nobody has taken over; one row, by its key.
fn in_turn(conn: &Connection, fence: Option<&Fence>) -> Result<(), Trouble> {
    let Some(Fence { name, token }) = fence else { return Ok(()) };
    let mut look = conn.prepare_cached("SELECT token, row FROM leases WHERE name = ?")?;
    let found = look.query_row([name], |row| {
        let is_ours = u64::try_from(row.get::<_, i64>(0)?).ok() == Some(*token);
        Ok(if is_ours { None } else { Some(row.get::<_, String>(1)?) })
    });
    match found.optional()? {
        Some(None) => Ok(()),
        Some(Some(row)) => {
            let by = serde_json::from_str::<Lease>(&row);
            Err(Trouble::Fenced(
                by.map_or_else(|_| "nobody can tell which".to_owned(), |by| by.holder.to_string()),
            ))
        }
        None => Err(Trouble::Fenced(format!("nobody has the lease `{name}`"))),
    }
}

/// The chain so far and the number of the newest operation, each by a last row.
pub(crate) fn so_far(conn: &Connection) -> rusqlite::Result<(Seal, u64)> {
    let number =
        |value: i64| u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, value));
    let last = conn.query_row("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok(Head { seq: Seq(number(row.get(0)?)?), hash: Hash(row.get(1)?) })
    });
    let head = last.optional()?.unwrap_or_else(|| Walk::default().head());
    let newest = conn.query_row("SELECT coalesce(max(number), 0) FROM operations", [], |row| row.get(0))?;
    Ok((Seal::after(head), number(newest)?))
}

fn lost(waiting: usize, trouble: &Trouble) -> Result<(), StoreError> {
    if waiting == 0 {
        return Ok(());
    }
    tracing::error!(waiting, ?trouble, "the store was closed with records that could not be written");
    let what = trouble.told();
    Err(StoreError::Unavailable(format!("{waiting} records could not be written before the end: {what}")))
}

/// Ends the waiting when the writer ends, however it ends.
struct Guard {
    queue: Arc<Queue>,
    says: watch::Sender<Option<Result<(), StoreError>>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.queue.abandon();
        self.says.send_if_modified(|end| {
            let silent = end.is_none();
            if silent {
                *end = Some(Err(StoreError::Unavailable("the store's writer broke down".to_owned())));
            }
            silent
        });
    }
}
