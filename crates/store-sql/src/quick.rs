//! Reads that every event waits for: by key, of what was written a moment ago, on the thread of whoever asks.
//!
//! Not for lists or for what nobody has looked at for long: a turn to another thread and back costs more than such a
//! read, but it waits for a disk without holding anybody up. Layer 2.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Result};
use wilco_contract::store::StoreError;

use crate::{error::Trouble, options::steady};

/// How long such a read waits for another program's lock: its caller's thread has others to serve.
const BUSY: Duration = Duration::from_millis(50);
/// How many statements stay prepared: all that there are.
const STATEMENTS: usize = 32;

/// The connection; opened at the first read, and again after one that failed.
pub(crate) struct Quick {
    path: PathBuf,
    /// Whether nobody can write the file.
    immutable: bool,
    conn: Mutex<Option<Connection>>,
}

impl Quick {
    pub(crate) fn new(path: PathBuf, immutable: bool) -> Self {
        Self { path, immutable, conn: Mutex::default() }
    }

    /// Reads something.
    ///
    /// # Errors
    /// What SQLite says, or that a row is damaged.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        let mut place = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let conn = match place.take() {
            Some(conn) => conn,
            None => self.open().map_err(failed)?,
        };
        let found = read(&conn).map_err(failed)?;
        // Kept only where it worked: after a failure it is opened anew.
        *place = Some(conn);
        Ok(found)
    }

    /// Closes it; a later read opens it again.
    pub(crate) fn close(&self) {
        drop(self.conn.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = if self.immutable {
            Connection::open_with_flags(self.address(), flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            Connection::open_with_flags(&self.path, flags)?
        };
        conn.busy_timeout(BUSY)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        conn.pragma_update(None, "cache_size", -500)?;
        steady(&conn)?;
        Ok(conn)
    }

    /// The file as SQLite's address of one that nobody writes: https://www.sqlite.org/uri.html
    fn address(&self) -> String {
        let path = self.path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        format!("file:{path}?immutable=1")
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    Trouble::from(error).told()
}
