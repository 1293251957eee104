//! Signed checkpoints of the audit chain, kept outside the database.
//!
//! Not the chain: the store seals it. A checkpoint makes it visible when the chain was cut or rewritten as a whole. One
//! line of JSON each: `{"seq", "hash", "at", "signature"}`, signed with Ed25519. Layer 4.

use std::{
    fs,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wilco_contract::{
    chain::Head,
    clock::Clock,
    ids::{Hash, Seq, hex},
    store::Store,
};

/// How often the chain's head is signed while it grows, in seconds.
const EVERY_SECS: i64 = 1;
/// The most bytes of a checkpoint file that are read: its end.
const MAX_READ: u64 = 4 * 1024 * 1024;
/// How the line of a checkpoint begins.
const BEGINNING: &str = "{\"seq\":";

/// A signed head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The record's number.
    pub seq: Seq,
    /// Its hash.
    pub hash: Hash,
    /// When it was signed.
    pub at: Timestamp,
    /// The signature, in hex.
    pub signature: String,
}

/// A checkpoint that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file could not be read.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line is not a checkpoint, or is not signed by our key.
    #[error("{path}:{line}: {what}")]
    Forged {
        /// Which file.
        path: PathBuf,
        /// Which line of what was read, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
}

fn signed_text(head: &Head, at: Timestamp) -> String {
    format!("wilco audit checkpoint\n{}\n{}\n{at}\n", head.seq, head.hash)
}

/// Signs the chain's head into files from time to time.
#[derive(Clone)]
pub struct Checkpoints {
    key: SigningKey,
    files: Vec<PathBuf>,
    last: Option<Head>,
}

impl Checkpoints {
    /// Signs with this key into these files.
    #[must_use]
    pub fn new(key: SigningKey, files: Vec<PathBuf>) -> Self {
        Self { key, files, last: None }
    }

    /// Signs the head if it is a new one.
    ///
    /// # Errors
    /// When a file cannot be written; the others are.
    pub fn sign(&mut self, head: Head, at: Timestamp) -> io::Result<()> {
        if head.seq == Seq(0) || self.last == Some(head) {
            return Ok(());
        }
        let signature = self.key.sign(signed_text(&head, at).as_bytes());
        let signature = hex(&signature.to_bytes());
        let line = serde_json::to_string(&Checkpoint { seq: head.seq, hash: head.hash, at, signature })?;
        let written: Vec<_> = self.files.iter().map(|path| append(path, &line)).collect();
        written.into_iter().collect::<io::Result<()>>()?;
        self.last = Some(head);
        Ok(())
    }

    /// Signs as long as it lives.
    pub async fn keep(mut self, store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
        loop {
            let now = clock.now();
            match store.head().await {
                Ok(head) => {
                    if let Err(error) = self.sign(head, now) {
                        tracing::error!(%error, "A checkpoint of the audit log could not be written.");
                    }
                }
                Err(error) => tracing::error!(%error, "The audit log's head could not be read."),
            }
            let next =
                clock.now().checked_add(SignedDuration::from_secs(EVERY_SECS)).unwrap_or(Timestamp::MAX);
            clock.until(next).await;
        }
    }
}

/// Adds a line. One that an earlier process did not finish keeps to itself, so that it spoils no other.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let cut = file.metadata()?.len() > 0 && {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        last != *b"\n"
    };
    let start = if cut { "\n" } else { "" };
    file.write_all(format!("{start}{line}\n").as_bytes())
}

/// Reads the checkpoints of a file, each verified. Of a long file only the end is read. A line that was cut short as it
/// was written says nothing and is left out, as if it had been deleted.
///
/// # Errors
/// When it cannot be read, or a line is not signed by this key.
pub fn read(path: &Path, key: &VerifyingKey) -> Result<Vec<Head>, CheckpointError> {
    let io = |error| CheckpointError::Io { path: path.to_owned(), error };
    let text = match tail(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let forged = |line, what| CheckpointError::Forged { path: path.to_owned(), line, what };
    let mut heads = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !is_cut(line)) {
        let checkpoint: Checkpoint =
            serde_json::from_str(line).map_err(|_| forged(at + 1, "this is not a checkpoint"))?;
        let head = Head { seq: checkpoint.seq, hash: checkpoint.hash };
        let signature =
            unhex(&checkpoint.signature).ok_or_else(|| forged(at + 1, "its signature cannot be read"))?;
        key.verify_strict(signed_text(&head, checkpoint.at).as_bytes(), &Signature::from_bytes(&signature))
            .map_err(|_| forged(at + 1, "it is not signed by the audit key"))?;
        heads.push(head);
    }
    Ok(heads)
}

/// Whether a line begins as a checkpoint does and does not end as one.
fn is_cut(line: &str) -> bool {
    (line.starts_with(BEGINNING) || BEGINNING.starts_with(line)) && !line.ends_with('}')
}

fn tail(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let cut = length > MAX_READ;
    if cut {
        file.seek(SeekFrom::Start(length - MAX_READ))?;
    }
    let mut bytes = Vec::new();
    file.take(MAX_READ).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(if cut { text.split_once('\n').map_or_else(String::new, |(_, rest)| rest.to_owned()) } else { text })
}

fn unhex(text: &str) -> Option<[u8; 64]> {
    let (one, other) = (text.get(..64)?, text.get(64..)?);
    let (one, other) = (Hash::parse(one).ok()?, Hash::parse(other).ok()?);
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&one.0);
    bytes[32..].copy_from_slice(&other.0);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_back_and_a_forged_one_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoints");
        let key = SigningKey::from_bytes(&[7; 32]);
        let head = |seq| Head { seq: Seq(seq), hash: Hash::of(&[1]) };
        let mut checkpoints = Checkpoints::new(key.clone(), vec![path.clone()]);
        for seq in [0, 1, 1, 2] {
            checkpoints.sign(head(seq), Timestamp::UNIX_EPOCH).expect("written");
        }
        assert_eq!(read(&path, &key.verifying_key()).expect("read"), [head(1), head(2)]);
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert!(matches!(read(&path, &other), Err(CheckpointError::Forged { line: 1, .. })));
        let forged = fs::read_to_string(&path).expect("read").replace("\"seq\":2", "\"seq\":3");
        fs::write(&path, forged).expect("written");
        assert!(matches!(read(&path, &key.verifying_key()), Err(CheckpointError::Forged { line: 2, .. })));
        assert_eq!(read(&folder.path().join("none"), &other).expect("none"), []);
    }

    #[test]
    fn a_line_that_was_cut_short_spoils_no_other_and_a_file_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("late/checkpoints");
        let key = SigningKey::from_bytes(&[7; 32]);
        let head = |seq| Head { seq: Seq(seq), hash: Hash::of(&[1]) };
        let mut checkpoints = Checkpoints::new(key.clone(), vec![path.clone()]);
        assert!(checkpoints.sign(head(1), Timestamp::UNIX_EPOCH).is_err());
        fs::create_dir(folder.path().join("late")).expect("made");
        checkpoints.sign(head(1), Timestamp::UNIX_EPOCH).expect("written");
        let line = fs::read_to_string(&path).expect("read");
        for length in (1..line.len() - 1).step_by(11) {
            fs::write(&path, format!("{line}{}", &line[..length])).expect("written");
            assert_eq!(read(&path, &key.verifying_key()).expect("read"), [head(1)], "{length}");
            let mut next = Checkpoints::new(key.clone(), vec![path.clone()]);
            next.sign(head(2), Timestamp::UNIX_EPOCH).expect("written");
            assert_eq!(read(&path, &key.verifying_key()).expect("read"), [head(1), head(2)], "{length}");
        }
    }
}
