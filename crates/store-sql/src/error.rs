//! What can go wrong with a database, in words for whoever runs Wilco.
//!
//! Not a retry policy: the writer decides what to try again, by [`Trouble`]. Layer 2.

use std::path::{Path, PathBuf};

use wilco_contract::store::StoreError;

/// Why a database was not opened. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configured address is none that this build can open.
    #[error("`{url}` is no database that Wilco can open: {what}")]
    Address {
        /// What was configured.
        url: String,
        /// What would be right.
        what: String,
    },
    /// Another process has it.
    #[error("the database `{path}` is in use by {holder}. Stop that one first, or set another `database` in `wilco.toml`", path = path.display())]
    Held {
        /// The database.
        path: PathBuf,
        /// Which process, since when.
        holder: String,
    },
    /// A newer Wilco wrote it.
    #[error("the database `{path}` has schema {found}, and this Wilco knows up to {known}. Use the newer Wilco that wrote it, or restore a backup from before", path = path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema that it has.
        found: u32,
        /// The newest that this build knows.
        known: u32,
    },
    /// It is a SQLite database of another program.
    #[error("`{path}` is the database of another program. Set another `database` in `wilco.toml`", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read as what it should be.
    #[error("the database `{path}` is damaged: {what}. Restore a backup; keep the damaged file, as its journal may still be readable", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// It may not be written.
    #[error("the database `{path}` cannot be written: {what}. Let the user that Wilco runs as write the file and its folder", path = path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the system said.
        what: String,
    },
    /// There is nothing to read.
    #[error("there is no database at `{path}`. Check `database` in `wilco.toml`", path = path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Anything else: the disk, the system.
    #[error("the database `{path}` could not be opened: {what}", path = path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What happened.
        what: String,
    },
}

/// A failure of the database, by what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The statement itself is at fault: trying it again ends the same way.
    Misfit(String),
    /// It may pass: the disk is full, somebody else holds a lock.
    Passing(String),
    /// The file may not be written.
    ReadOnly(String),
    /// What is stored is damaged.
    Damaged(String),
    /// Another node has taken over.
    Fenced(String),
    /// The connection is gone.
    Lost(String),
}

impl Trouble {
    /// What SQLite said, by its extended code.
    fn said(code: i32, said: &str) -> Self {
        // The low byte is the primary code: https://www.sqlite.org/rescode.html
        match code & 0xff {
            5 | 6 => Self::Passing(format!("another program has locked the database ({said})")),
            8 => Self::ReadOnly(format!("the file is read-only ({said})")),
            13 => Self::Passing(format!("the disk is full ({said}); free some space")),
            11 | 26 => Self::Damaged(said.to_owned()),
            12 | 18 | 19 | 20 | 25 => Self::Misfit(said.to_owned()),
            10 => Self::Passing(format!("the disk does not do what it should ({said}, code {code})")),
            14 => Self::Passing(format!("a file of the database cannot be opened ({said}, code {code})")),
            _ => Self::Passing(format!("{said} (code {code})")),
        }
    }

    /// What the caller of the store is told.
    pub(crate) fn told(&self) -> StoreError {
        match self {
            Self::Misfit(what) => StoreError::Conflict(what.clone()),
            Self::Passing(what) | Self::ReadOnly(what) | Self::Lost(what) => {
                StoreError::Unavailable(what.clone())
            }
            Self::Fenced(what) => StoreError::Fenced(what.clone()),
            Self::Damaged(what) => StoreError::Corrupt(what.clone()),
        }
    }

    /// What whoever opens the database is told.
    pub(crate) fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Damaged(what) => OpenError::Damaged { path, what },
            Self::ReadOnly(what) => OpenError::ReadOnly { path, what },
            Self::Misfit(what) | Self::Passing(what) | Self::Fenced(what) | Self::Lost(what) => {
                OpenError::Failed { path, what }
            }
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(inner) = &error else {
            return match error {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                    Self::Damaged(format!("a row cannot be read: {error}"))
                }
                sqlx::Error::Encode(_) => Self::Misfit(error.to_string()),
                sqlx::Error::PoolTimedOut => {
                    Self::Passing("all readers of the database are busy; try again".to_owned())
                }
                other => Self::Lost(other.to_string()),
            };
        };
        let code: i32 = inner.code().and_then(|code| code.parse().ok()).unwrap_or(1);
        Self::said(code, inner.message())
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, said) => {
                let said = said.unwrap_or_else(|| failure.to_string());
                Self::said(failure.extended_code, &said)
            }
            rusqlite::Error::SqlInputError { error, msg, .. } => Self::said(error.extended_code, &msg),
            rusqlite::Error::ToSqlConversionFailure(_) => Self::Misfit(error.to_string()),
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::InvalidColumnType(..) => {
                Self::Damaged(format!("a row cannot be read: {error}"))
            }
            other => Self::Lost(other.to_string()),
        }
    }
}

/// Of a read, for its caller.
pub(crate) fn read_error(error: sqlx::Error) -> StoreError {
    Trouble::from(error).told()
}

/// A row that cannot be what Wilco wrote.
pub(crate) fn damaged(what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}
