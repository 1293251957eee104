//! The audit chain: record n = SHA-256(hash of n−1 ‖ commitment), commitment = SHA-256(salt ‖ the record's RFC 8785 JSON).
//!
//! Not where records are kept: a store's writer seals, and checkpoints go to other places. The salt lets a text be
//! erased and the chain still verify, without anybody being able to guess the text from its commitment. Layer 0.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{Hash, Seq};

/// The salt of one record.
pub type Salt = [u8; 16];

/// The commitment to a record's canonical JSON.
#[must_use]
pub fn commitment(salt: &Salt, canonical: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(canonical);
    Hash(hasher.finalize().into())
}

/// The hash of a record in the chain.
#[must_use]
pub fn link(before: Hash, commitment: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(before.0);
    hasher.update(commitment.0);
    Hash(hasher.finalize().into())
}

/// The newest record of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number; 0 before the first.
    pub seq: Seq,
    /// Its hash.
    pub hash: Hash,
}

/// A record as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its number.
    pub seq: Seq,
    /// Its canonical JSON; `None` once erased.
    pub body: Option<String>,
    /// Its salt; erased with the body.
    pub salt: Option<Salt>,
    /// Its commitment.
    pub commitment: Hash,
    /// Its hash in the chain.
    pub hash: Hash,
}

/// What is wrong with a chain, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is missing.
    #[error("record {missing} is missing: after {after} comes {found}")]
    Cut {
        /// The first missing number.
        missing: Seq,
        /// The one before.
        after: Seq,
        /// The one found.
        found: Seq,
    },
    /// A record's text is not what was committed to.
    #[error("record {0} was changed: its text does not fit its commitment")]
    Changed(Seq),
    /// A record's hash does not follow from the one before.
    #[error("record {0} was rewritten: its hash does not follow from the record before")]
    Rewritten(Seq),
    /// A stored row differs from what its record says.
    #[error("record {seq} was changed: its column `{column}` does not fit its text")]
    Column {
        /// The record.
        seq: Seq,
        /// The column.
        column: &'static str,
    },
    /// The chain ends before a checkpoint, or has another hash there.
    #[error("record {0} is not what the checkpoint signed: the log was cut or rewritten")]
    Checkpoint(Seq),
}

/// Walks a chain, record by record.
#[derive(Debug, Clone)]
pub struct Walk {
    head: Head,
}

impl Default for Walk {
    fn default() -> Self {
        Self { head: Head { seq: Seq(0), hash: Hash::ZERO } }
    }
}

impl Walk {
    /// Takes the next record.
    ///
    /// # Errors
    /// When it does not follow.
    pub fn next(&mut self, record: &Sealed) -> Result<Head, Broken> {
        let expected = Seq(self.head.seq.0 + 1);
        if record.seq != expected {
            return Err(Broken::Cut { missing: expected, after: self.head.seq, found: record.seq });
        }
        if let (Some(body), Some(salt)) = (&record.body, &record.salt)
            && commitment(salt, body.as_bytes()) != record.commitment
        {
            return Err(Broken::Changed(record.seq));
        }
        if link(self.head.hash, record.commitment) != record.hash {
            return Err(Broken::Rewritten(record.seq));
        }
        self.head = Head { seq: record.seq, hash: record.hash };
        Ok(self.head)
    }

    /// The newest record taken.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }
}

/// Makes a chain, record by record: the counterpart of [`Walk`].
#[derive(Debug, Clone)]
pub struct Seal {
    head: Head,
}

impl Seal {
    /// Goes on after this record; after [`Walk::default`]'s head where there is none.
    #[must_use]
    pub fn after(head: Head) -> Self {
        Self { head }
    }

    /// Seals the next record's canonical JSON.
    pub fn next(&mut self, salt: Salt, body: String) -> Sealed {
        let commitment = commitment(&salt, body.as_bytes());
        let Head { seq, hash } = self.take(commitment);
        Sealed { seq, body: Some(body), salt: Some(salt), commitment, hash }
    }

    /// Takes in the next record's commitment, and returns its number and hash.
    pub fn take(&mut self, commitment: Hash) -> Head {
        self.head = Head { seq: Seq(self.head.seq.0 + 1), hash: link(self.head.hash, commitment) };
        self.head
    }

    /// The newest record sealed.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_walked_and_what_was_changed_is_named() {
        let mut seal = Seal::after(Walk::default().head());
        let mut records: Vec<_> = (0..3).map(|n| seal.next([n; 16], format!("{n}"))).collect();
        let walk = |records: &[Sealed]| {
            let mut walk = Walk::default();
            records.iter().try_for_each(|record| walk.next(record).map(drop)).map(|()| walk.head())
        };
        assert_eq!(walk(&records), Ok(seal.head()));
        (records[1].body, records[1].salt) = (None, None);
        assert_eq!(walk(&records), Ok(seal.head()), "an erased text breaks nothing");
        records[2].body = Some("other".into());
        assert_eq!(walk(&records), Err(Broken::Changed(Seq(3))));
        assert_eq!(
            walk(&[records[0].clone(), records[2].clone()]),
            Err(Broken::Cut { missing: Seq(2), after: Seq(1), found: Seq(3) })
        );
        records[1].commitment = Hash::of(b"other");
        assert_eq!(walk(&records), Err(Broken::Rewritten(Seq(2))));
    }
}
