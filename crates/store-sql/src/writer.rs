//! The one writer: takes groups from the queue, decides what fits, seals the chain, commits.
//!
//! Runs on a thread of its own, so that what was queued is written even when nobody polls any more. Layer 2.

use std::{sync::Arc, thread, time::Duration};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::watch;
use wilco_contract::{
    chain::Seal,
    store::{Record, StoreError},
};

use crate::{
    changes::Changes,
    error::Trouble,
    insert::Script,
    lock::LockFile,
    lookup,
    queue::{Answer, Item, Queue},
    store::so_far,
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
    pub(crate) conn: Option<SqliteConnection>,
    /// How to open it again.
    pub(crate) options: SqliteConnectOptions,
    /// The chain so far.
    pub(crate) seal: Seal,
    /// The number of the newest operation.
    pub(crate) newest: u64,
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
            match self.commit(&items).await {
                Ok(answers) => {
                    (pause, tries) = (PAUSE, 0);
                    queue.done(items, answers);
                }
                Err(trouble) => {
                    queue.failed(items, &trouble);
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
            if let Err(error) = conn.close().await {
                tracing::warn!(%error, "the database did not close as it should");
            }
        }
        drop(self.lock);
        end
    }

    /// Commits a group in one transaction. One batch that does not fit leaves the others alone.
    async fn commit(&mut self, items: &[Item]) -> Result<Vec<Answer>, Trouble> {
        let first = match self.write(items, false).await {
            // Most often an event that was taken in before; who brought it shows when all are looked up.
            Err(Trouble::Misfit(_)) if items.iter().any(brings_event) => self.write(items, true).await,
            other => other,
        };
        match first {
            // What the rules let in the tables refused: a row was changed behind our back, or a value is too big.
            // Which batch it is shows when each is tried alone.
            Err(Trouble::Misfit(what)) if items.len() > 1 => {
                tracing::warn!(%what, "a group was refused; writing its batches one by one");
                let mut answers = Vec::with_capacity(items.len());
                for item in items {
                    answers.extend(self.commit_one(item).await?);
                }
                Ok(answers)
            }
            Err(Trouble::Misfit(what)) => Ok(vec![Err(StoreError::Conflict(what))]),
            other => other,
        }
    }

    async fn commit_one(&mut self, item: &Item) -> Result<Vec<Answer>, Trouble> {
        match self.write(std::slice::from_ref(item), true).await {
            Err(Trouble::Misfit(what)) => Ok(vec![Err(StoreError::Conflict(what))]),
            other => other,
        }
    }

    async fn write(&mut self, items: &[Item], with_events: bool) -> Result<Vec<Answer>, Trouble> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                let mut conn = self.options.connect().await?;
                // The connection may have been lost between a commit and the word of it.
                (self.seal, self.newest) = so_far(&mut conn).await?;
                conn
            }
        };
        let written = self.write_on(&mut conn, items, with_events).await;
        if !matches!(written, Err(Trouble::Lost(_))) {
            self.conn = Some(conn);
        }
        written
    }

    async fn write_on(
        &mut self,
        conn: &mut SqliteConnection,
        items: &[Item],
        with_events: bool,
    ) -> Result<Vec<Answer>, Trouble> {
        // Nobody else writes, so what is read before the transaction still holds in it.
        let batches = items.iter().map(|item| &item.batch.batch);
        let mut stored = lookup::stored(conn, batches, with_events).await?;
        let mut changes = Changes::after(self.seal.clone(), self.newest);
        let mut answers = Vec::with_capacity(items.len());
        for item in items {
            let fits = stored.known.admit(&item.batch.batch);
            answers.push(fits.map(|()| changes.take(&item.batch, &stored)));
        }
        if changes.rows() > 0 {
            transact(conn, &changes).await?;
        }
        (self.seal, self.newest) = (changes.seal, changes.newest);
        Ok(answers)
    }
}

fn brings_event(item: &Item) -> bool {
    item.batch.batch.records.iter().any(|record| matches!(record, Record::Event(_)))
}

/// Writes all changes or none. The words around them are plain statements, so that they can share a turn.
async fn transact(conn: &mut SqliteConnection, changes: &Changes<'_>) -> Result<(), Trouble> {
    let written = async {
        let mut script = Script::new(conn, changes.rows());
        script.say("BEGIN IMMEDIATE").await?;
        write(&mut script, changes).await?;
        script.say("COMMIT").await?;
        script.run().await
    };
    let Err(error) = written.await else { return Ok(()) };
    let trouble = Trouble::from(error);
    // After some failures SQLite has taken everything back by itself, or never begun, and says so.
    match sqlx::query("ROLLBACK").execute(conn).await {
        Err(sqlx::Error::Database(said)) if said.message().contains("no transaction is active") => {
            Err(trouble)
        }
        Err(error) => Err(Trouble::Lost(format!("{}; then {error}", trouble.told()))),
        Ok(_) => Err(trouble),
    }
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
