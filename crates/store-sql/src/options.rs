//! Where the database is and how safe it has to be.
//!
//! Not the reading of `wilco.toml`: the server hands over what stands there. Layer 2.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use wilco_contract::clock::{Chance, Clock};

use crate::error::OpenError;

/// How long a statement waits for another program's lock.
const BUSY: Duration = Duration::from_secs(2);

/// When a commit counts as safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once the disk has it: survives a loss of power.
    Full,
    /// Once the system has it: survives the end of the process, not a loss of power.
    Process,
}

/// Where the database is and how safe it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The database file.
    pub path: PathBuf,
    /// When a commit counts as safe.
    pub durability: Durability,
}

/// What a store gets from outside.
#[derive(Clone)]
pub struct Parts {
    /// Where salts come from.
    pub chance: Arc<dyn Chance>,
    /// The time, for saying since when a database is in use.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// Reads an address as it stands in `wilco.toml`: `sqlite:PATH`, relative to this folder.
    ///
    /// # Errors
    /// [`OpenError::Address`] when it is none of SQLite's, or names no file.
    pub fn from_url(url: &str, folder: &Path, durability: Durability) -> Result<Self, OpenError> {
        let bad = |what: &str| OpenError::Address { url: url.to_owned(), what: what.to_owned() };
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Err(bad("it has to be `sqlite:` and the path of a file, as in `sqlite:wilco.db`"));
        };
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.starts_with(':') || path.contains(['?', '\0']) {
            return Err(bad("`sqlite:` is followed by the path of a file and nothing else"));
        }
        Ok(Self { path: folder.join(path), durability })
    }

    /// A connection that reads.
    pub(crate) fn reader(path: &Path) -> SqliteConnectOptions {
        shared(path)
            .read_only(true)
            .pragma("cache_size", "-500")
            .statement_cache_capacity(48)
            .thread_name(|_| "wilco-db-read".to_owned())
    }
}

/// How the one connection that writes is opened.
#[derive(Debug, Clone)]
pub(crate) struct WriterOptions {
    path: PathBuf,
    durability: Durability,
    /// The most pages that the database may have; SQLite says of one more what it says of a disk without room.
    #[cfg(test)]
    pub(crate) most_pages: Option<u32>,
}

impl WriterOptions {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            path: options.path.clone(),
            durability: options.durability,
            #[cfg(test)]
            most_pages: None,
        }
    }

    /// Opens the connection. It goes to the writer's thread and stays there: a statement is a call, and no turn to
    /// another thread, which would cost more than most statements.
    ///
    /// # Errors
    /// What SQLite says.
    pub(crate) fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        conn.busy_timeout(BUSY)?;
        conn.set_prepared_statement_cache_capacity(128);
        steady(&conn)?;
        let synchronous = match self.durability {
            Durability::Full => "FULL",
            Durability::Process => "NORMAL",
        };
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", synchronous)?;
        conn.pragma_update(None, "foreign_keys", true)?;
        // A long reader lets the log grow; afterwards it shrinks to this many bytes again.
        conn.pragma_update(None, "journal_size_limit", 16_777_216)?;
        conn.pragma_update(None, "cache_size", -4_000)?;
        // 16 MB of log, as above: a page that changes often is then copied into the database more seldom, and the
        // disk is waited for more seldom.
        conn.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        // What a statement would need to take itself back would otherwise be a file.
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        #[cfg(test)]
        if let Some(most) = self.most_pages {
            conn.pragma_update(None, "max_page_count", most)?;
        }
        Ok(conn)
    }
}

/// Keeps a prepared statement prepared. Otherwise one that could use an index of some rows only is prepared anew
/// whenever a value is bound: <https://www.sqlite.org/queryplanner-ng.html#qpstab>.
///
/// # Errors
/// What SQLite says.
pub(crate) fn steady(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// What all connections of sqlx have in common.
pub(crate) fn shared(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_of_sqlite() {
        let read =
            |url| Options::from_url(url, Path::new("/ops"), Durability::Full).map(|options| options.path);
        assert_eq!(read("sqlite:wilco.db").expect("relative"), Path::new("/ops/wilco.db"));
        assert_eq!(read("sqlite:///var/lib/wilco.db").expect("absolute"), Path::new("/var/lib/wilco.db"));
        for bad in
            ["postgres://localhost/wilco", "wilco.db", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro"]
        {
            let error = read(bad).expect_err(bad).to_string();
            assert!(error.contains(bad) && error.contains("path of a file"), "{error}");
        }
    }
}
