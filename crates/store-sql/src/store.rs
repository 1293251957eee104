//! The store on SQLite: opening, committing, closing.
//!
//! Not the reads: `read` has those. Layer 2.

use std::{
    io::Read as _,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::oneshot;
use wilco_contract::{
    chain::{Head, Walk},
    clock::Chance,
    ids::Seq,
    lease::Fence,
    store::{Batch, Store, StoreError, When},
};

use crate::{
    error::{OpenError, Trouble},
    fresh::Fresh,
    lock::LockFile,
    options::{Options, Parts, WriterOptions, shared},
    prepared::Prepared,
    queue::{Item, Queue, closed},
    quick::Quick,
    row::Read,
    schema,
    writer::{Ended, Writer, so_far},
};

/// How many reads go on at once.
const READERS: u32 = 2;
/// How long a read waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// How long closing waits for reads that go on.
const LAST_READS: Duration = Duration::from_secs(2);

/// The store on SQLite. Close it with [`SqliteStore::close`]; when it is only dropped, its writer still writes what
/// waits, but nobody waits for that.
pub struct SqliteStore {
    pub(crate) reads: SqlitePool,
    pub(crate) quick: Quick,
    /// The events that wait to be routed, as far as this store wrote them.
    pub(crate) fresh: Arc<Fresh>,
    writing: Option<Writing>,
}

struct Writing {
    /// Whose turn it has to be for a commit.
    fence: Arc<Mutex<Option<Fence>>>,
    queue: Arc<Queue>,
    ended: Ended,
    chance: Arc<dyn Chance>,
}

impl SqliteStore {
    /// Opens the database for reading and writing, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// When it is in use, damaged, newer than this build, another program's, or cannot be written.
    pub async fn open(options: &Options, parts: Parts) -> Result<Self, OpenError> {
        Self::open_with(&options.path, WriterOptions::new(options), parts).await
    }

    pub(crate) async fn open_with(
        path: &Path,
        options: WriterOptions,
        parts: Parts,
    ) -> Result<Self, OpenError> {
        let told = |error: sqlx::Error| Trouble::from(error).at(path);
        let lock = LockFile::take(path, parts.clock.as_ref()).await?;
        create_if_missing(path).await?;
        let mut first = shared(path).connect().await.map_err(told)?;
        schema::migrate(&mut first, path, schema::STEPS).await?;
        writable(&mut first).await.map_err(told)?;
        first.close().await.map_err(told)?;
        let told = |error: rusqlite::Error| Trouble::from(error).at(path);
        let conn = options.connect().map_err(told)?;
        let (seal, newest) = so_far(&conn).map_err(told)?;
        let fresh = Arc::new(Fresh::default());
        fresh.begin(&conn).map_err(told)?;
        let queue = Arc::new(Queue::default());
        let fence = Arc::new(Mutex::new(None));
        let writer = Writer {
            conn: Some(conn),
            options,
            seal,
            newest,
            fresh: fresh.clone(),
            fence: fence.clone(),
            lock,
        };
        let ended = writer.start(queue.clone());
        let failed =
            |error: std::io::Error| OpenError::Failed { path: path.to_owned(), what: error.to_string() };
        let writing = Writing { fence, queue, ended: ended.map_err(failed)?, chance: parts.chance };
        let quick = Quick::new(path.to_owned(), false);
        Ok(Self { reads: readers(Options::reader(path)), quick, writing: Some(writing), fresh })
    }

    /// Opens the database for reading only, also while another process writes it. A commit is refused.
    ///
    /// # Errors
    /// When there is none, or when it is damaged, newer than this build or another program's.
    pub async fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        refuse_cut(path)?;
        if !path.exists() {
            return Err(OpenError::Missing { path: path.to_owned() });
        }
        let (mut options, mut immutable) = (Options::reader(path), false);
        let mut first = look(&options, path).await;
        if matches!(first, Err(OpenError::Failed { .. } | OpenError::ReadOnly { .. })) && !has_log(path) {
            // In a folder that cannot be written SQLite cannot make the files it shares with a writer. Without a
            // log beside it there is no writer, and the file stands for itself.
            (options, immutable) = (options.immutable(true), true);
            first = look(&options, path).await;
        }
        let known = u32::try_from(schema::STEPS.len()).unwrap_or(u32::MAX);
        match first? {
            0 => Err(OpenError::Damaged { path: path.to_owned(), what: "it has no tables".to_owned() }),
            found if found > known => Err(OpenError::Newer { path: path.to_owned(), found, known }),
            found if found < known => Err(OpenError::Failed {
                path: path.to_owned(),
                what: format!("it has schema {found}, and this Wilco reads {known}; start `wilco up` once"),
            }),
            _ => {
                let quick = Quick::new(path.to_owned(), immutable);
                Ok(Self { reads: readers(options), quick, writing: None, fresh: Arc::default() })
            }
        }
    }

    /// Writes all that waits and closes the database. Later commits are refused.
    ///
    /// # Errors
    /// When records that were committed with `Soon` could not be written; the message says how many.
    pub async fn close(&self) -> Result<(), StoreError> {
        let Some(writing) = &self.writing else {
            self.reads.close().await;
            self.quick.close();
            return Ok(());
        };
        // A flush that fails is not the last word: closing tries once more and says what is left.
        drop(self.flush().await);
        // Readers first, so that the writer is the last and leaves no log behind. A read that does not end is left.
        drop(tokio::time::timeout(LAST_READS, self.reads.close()).await);
        self.quick.close();
        writing.queue.close();
        let mut ended = writing.ended.clone();
        match ended.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(end)) => end.clone(),
            _ => Err(StoreError::Unavailable("the store's writer broke down".to_owned())),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(writing) = &self.writing {
            writing.queue.close();
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, batch: Batch, when: When) -> Result<Option<Seq>, StoreError> {
        let Some(writing) = &self.writing else {
            return Err(StoreError::Unavailable("the database was opened for reading only".to_owned()));
        };
        let batch = Prepared::new(batch, writing.chance.as_ref())?;
        match when {
            When::Soon => writing.queue.push(Item { batch, answer: None }).await.map(|()| None),
            When::Now => {
                let (answer, answered) = oneshot::channel();
                writing.queue.push(Item { batch, answer: Some(answer) }).await?;
                answered.await.unwrap_or_else(|_| Err(closed()))
            }
        }
    }

    async fn flush(&self) -> Result<(), StoreError> {
        if self.writing.is_none() {
            return Ok(());
        }
        // What was committed before stands before this in the queue.
        let nothing = Batch { at: jiff::Timestamp::UNIX_EPOCH, records: Vec::new() };
        self.commit(nothing, When::Now).await.map(drop)
    }

    fn fence(&self, fence: Fence) {
        if let Some(writing) = &self.writing {
            *writing.fence.lock().unwrap_or_else(PoisonError::into_inner) = Some(fence);
        }
    }
}

fn readers(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .acquire_timeout(TURN)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

/// The newest record of the chain, by its last row.
pub(crate) async fn head(conn: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let row =
        sqlx::query("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetch_optional(conn).await?;
    match row {
        Some(row) => Ok(Head { seq: row.seq(0)?, hash: row.hash(1)? }),
        None => Ok(Walk::default().head()),
    }
}

/// Makes a new database beside its place and moves it there whole, so that a start that is cut short leaves none.
async fn create_if_missing(path: &Path) -> Result<(), OpenError> {
    refuse_cut(path)?;
    if path.exists() {
        return Ok(());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let failed = |error: std::io::Error| OpenError::Failed { path: path.to_owned(), what: error.to_string() };
    if new.exists() {
        std::fs::remove_file(&new).map_err(failed)?;
    }
    let options = shared(&new)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full);
    let told = |error: sqlx::Error| Trouble::from(error).at(path);
    let mut conn = options.connect().await.map_err(told)?;
    schema::migrate(&mut conn, path, schema::STEPS).await?;
    conn.close().await.map_err(told)?;
    private(&new).map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// What people said and who may come in is for the user that Wilco runs as. SQLite's own files beside it follow.
pub(crate) fn private(path: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// SQLite takes a file of no bytes for a new database, and fills up a last page that is short. We leave neither, so
/// such a file lost something.
fn refuse_cut(path: &Path) -> Result<(), OpenError> {
    let damaged = |what: String| Err(OpenError::Damaged { path: path.to_owned(), what });
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            Err(OpenError::Failed { path: path.to_owned(), what: "it is a folder".to_owned() })
        }
        Ok(meta) if meta.len() == 0 => {
            damaged("it has no content, so it was cut. If it is to be a new one, delete it first".to_owned())
        }
        Ok(meta) => match said_length(path) {
            Some(said) if meta.len() < said && !has_log(path) => {
                damaged(format!("it has {} bytes of {said}, so it was cut", meta.len()))
            }
            _ => Ok(()),
        },
        Err(_) => Ok(()),
    }
}

/// How long a database's header says that it is, in bytes. With a log beside it that may be ahead of the file.
fn said_length(path: &Path) -> Option<u64> {
    let mut header = [0; 32];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header)).ok()?;
    let pages = u32::from_be_bytes(header[28..].try_into().ok()?);
    // A page of 65 536 bytes does not fit its two bytes, and is written as 1.
    let page = match u16::from_be_bytes(header[16..18].try_into().ok()?) {
        1 => 65_536,
        size => u64::from(size),
    };
    header.starts_with(b"SQLite format 3\0").then_some(u64::from(pages) * page)
}

/// Finds out now, and not at the first order, whether the database can be written.
async fn writable(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE meta SET value = value WHERE name = 'schema'").execute(&mut *transaction).await?;
    transaction.rollback().await
}

async fn look(options: &SqliteConnectOptions, path: &Path) -> Result<u32, OpenError> {
    let told = |error: sqlx::Error| Trouble::from(error).at(path);
    let mut conn = options.connect().await.map_err(told)?;
    let version = schema::version(&mut conn, path).await;
    conn.close().await.map_err(told)?;
    version
}

fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(PathBuf::from(name)).is_ok_and(|meta| meta.len() > 0)
}

#[cfg(test)]
mod tests;
