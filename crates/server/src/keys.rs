//! The keys folder: made at the first start, readable by its owner only.
//!
//! Not the database: what lies here signs and opens what lies there. Layer 4.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;
use wilco_contract::ids::{Hash, hex};

/// The keys folder.
#[derive(Debug, Clone)]
pub struct Keys {
    folder: PathBuf,
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file or folder could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others could read it.
    #[error("{0} can be read by others; say `chmod go= {0}`")]
    Open(PathBuf),
    /// It is not a key.
    #[error(
        "{0} is not a key of 64 hex digits; put the right one back, or move it away to have a new one made"
    )]
    NotAKey(PathBuf),
}

/// A key of 32 bytes.
type Secret = [u8; 32];

impl Keys {
    /// Opens the folder, and makes it and its keys where they are missing.
    ///
    /// # Errors
    /// When it cannot be made or read, or is open to others.
    pub fn open(folder: &Path) -> Result<Self, KeysError> {
        let keys = Self { folder: folder.to_owned() };
        if !folder.exists() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| KeysError::Io { path: folder.to_owned(), error })?;
        }
        closed(folder)?;
        keys.secret("operator")?;
        keys.secret("audit")?;
        Ok(keys)
    }

    /// The local operator's key, as clients send it: 64 hex digits.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn operator(&self) -> Result<String, KeysError> {
        self.secret("operator").map(|secret| hex(&secret))
    }

    /// The key that signs checkpoints of the audit chain.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn audit(&self) -> Result<SigningKey, KeysError> {
        self.secret("audit").map(|secret| SigningKey::from_bytes(&secret))
    }

    fn secret(&self, name: &str) -> Result<Secret, KeysError> {
        let path = self.folder.join(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return make(&path),
            Err(error) => return Err(KeysError::Io { path, error }),
        };
        closed(&path)?;
        unhex(text.trim()).ok_or(KeysError::NotAKey(path))
    }
}

fn closed(path: &Path) -> Result<(), KeysError> {
    let metadata = fs::metadata(path).map_err(|error| KeysError::Io { path: path.to_owned(), error })?;
    if metadata.permissions().mode() & 0o077 == 0 { Ok(()) } else { Err(KeysError::Open(path.to_owned())) }
}

/// Makes a key beside its place and puts it there whole, so that a start that is cut short leaves no half of one.
fn make(path: &Path) -> Result<Secret, KeysError> {
    let mut secret = Secret::default();
    let io = |error| KeysError::Io { path: path.to_owned(), error };
    getrandom::fill(&mut secret).map_err(|error| io(io::Error::other(error.to_string())))?;
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let put = || {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        writeln!(file, "{}", hex(&secret))?;
        file.sync_all()?;
        // Unlike a renaming, this leaves a key alone that somebody else has put there meanwhile.
        fs::hard_link(&new, path)
    };
    let put = put();
    // What is left of it harms nobody.
    let _ = fs::remove_file(&new);
    put.map(|()| secret).map_err(io)
}

fn unhex(text: &str) -> Option<Secret> {
    Hash::parse(text).ok().map(|hash| hash.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_refused_when_others_can_read_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        let first = Keys::open(&path).expect("made").operator().expect("a key");
        assert_eq!(Keys::open(&path).expect("opened").operator().expect("a key"), first);
        let mut there: Vec<_> =
            fs::read_dir(&path).expect("read").flatten().map(|file| file.file_name()).collect();
        there.sort();
        assert_eq!(there, ["audit", "operator"], "nothing is left beside them");
        fs::set_permissions(path.join("operator"), fs::Permissions::from_mode(0o644)).expect("set");
        assert!(matches!(Keys::open(&path), Err(KeysError::Open(_))));
        fs::set_permissions(path.join("operator"), fs::Permissions::from_mode(0o600)).expect("set");
        fs::write(path.join("audit"), "no key").expect("written");
        assert!(matches!(Keys::open(&path), Err(KeysError::NotAKey(_))));
    }
}
