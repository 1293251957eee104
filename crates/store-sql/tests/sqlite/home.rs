//! A folder with a database, for one test.

use std::{path::PathBuf, sync::Arc};

use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use wilco_runtime::{chance::OsChance, clock::SystemClock};
use wilco_store_sql::{Durability, OpenError, Options, Parts, SqliteStore};

/// The folder; it is gone with this.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Where the database is.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("wilco.db")
    }

    /// The store, open.
    pub(crate) async fn open(&self) -> SqliteStore {
        self.try_open().await.expect("a store")
    }

    /// The store, or why there is none.
    pub(crate) async fn try_open(&self) -> Result<SqliteStore, OpenError> {
        let options = Options { path: self.path(), durability: Durability::Process };
        SqliteStore::open(&options, parts()).await
    }

    /// A connection past the store, as somebody with a database tool has it.
    pub(crate) async fn tool(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).connect().await.expect("a connection")
    }
}

/// What a store gets.
pub(crate) fn parts() -> Parts {
    Parts { chance: Arc::new(OsChance), clock: Arc::new(SystemClock) }
}
