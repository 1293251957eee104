//! The file beside the database that says which process writes it.
//!
//! Not SQLite's own locks: those let two processes take turns, and a journal has one writer. Layer 2.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use wilco_contract::clock::Clock;

use crate::error::OpenError;

/// How often a held lock is tried again, and the pause between: a store that was just dropped needs a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The lock, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct LockFile {
    _file: File,
}

impl LockFile {
    /// Takes the lock of this database.
    pub(crate) async fn take(database: &Path, clock: &dyn Clock) -> Result<Self, OpenError> {
        let path = lock_path(database);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                OpenError::ReadOnly {
                    path: database.to_owned(),
                    what: format!("{}: {error}", path.display()),
                }
            }
            _ => {
                OpenError::Failed { path: database.to_owned(), what: format!("{}: {error}", path.display()) }
            }
        };
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(failed)?;
        for tried in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tried < TRIES => tokio::time::sleep(PAUSE).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::Held { path: database.to_owned(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        let line = format!(
            "process {} since {}\n",
            std::process::id(),
            clock.now().strftime("%Y-%m-%d %H:%M:%S UTC")
        );
        let mut write = || {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(line.as_bytes())
        };
        write().map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Who has the lock of this database, where somebody has; it is not taken.
#[must_use]
pub fn holder_of(database: &Path) -> Option<String> {
    let mut file = OpenOptions::new().read(true).write(true).open(lock_path(database)).ok()?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Some(holder(&mut file)),
        // It is free, and given back with the file; or opening it will say what is wrong with it.
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Who wrote their name into the file, as far as it can be read.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut text));
    match (read, text.trim()) {
        (Ok(_), line) if !line.is_empty() => line.to_owned(),
        _ => "another process".to_owned(),
    }
}
