//! Where the database is and how safe it has to be.
//!
//! Not the reading of `wilco.toml`: the server hands over what stands there. Layer 2.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
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

    /// The one connection that writes.
    pub(crate) fn writer(&self) -> SqliteConnectOptions {
        let synchronous = match self.durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Process => SqliteSynchronous::Normal,
        };
        shared(&self.path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            // A long reader lets the log grow; afterwards it shrinks to this many bytes again.
            .pragma("journal_size_limit", "16777216")
            .pragma("cache_size", "-4000")
            // 16 MB of log, as above: a page that changes often is then copied into the database more seldom, and the
            // disk is waited for more seldom.
            .pragma("wal_autocheckpoint", "4000")
            // What a statement would need to take itself back would otherwise be a file.
            .pragma("temp_store", "MEMORY")
            .statement_cache_capacity(128)
            .thread_name(|_| "wilco-db-write".to_owned())
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

/// What all connections have in common.
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
