//! A batch made ready for writing: all that does not depend on what came before it.
//!
//! Not sealed yet: its numbers and its place in the chain come from the writer. Made where the batch is committed,
//! so that callers share this work among them. Layer 2.

use std::sync::Arc;

use wilco_contract::{
    chain::{Salt, commitment},
    clock::Chance,
    ids::Hash,
    store::{Batch, Record, StoreError},
};

/// A batch made ready.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The batch.
    pub(crate) batch: Batch,
    /// Its time as the journal writes it.
    pub(crate) at: Arc<str>,
    /// For each record its line of the journal; none for what stands beside it.
    pub(crate) lines: Vec<Option<Line>>,
}

/// A line of the journal without number and hash.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) kind: Arc<str>,
    pub(crate) who: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
    pub(crate) body: Arc<str>,
    pub(crate) salt: Salt,
    pub(crate) commitment: Hash,
}

impl Prepared {
    /// Makes a batch ready.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a record cannot be written as JSON.
    pub(crate) fn new(batch: Batch, chance: &dyn Chance) -> Result<Self, StoreError> {
        let line = |record: &Record| {
            let Some(entry) = record.entry(batch.at) else { return Ok(None) };
            let body = entry.canonical()?;
            let salt = chance.bytes();
            Ok(Some(Line {
                kind: entry.kind.into(),
                who: entry.who.map(Arc::from),
                operation: entry.operation.map(|id| id.as_str().into()),
                commitment: commitment(&salt, body.as_bytes()),
                body: body.into(),
                salt,
            }))
        };
        let lines = batch.records.iter().map(line).collect::<Result<_, serde_json::Error>>();
        let lines = lines.map_err(|error| StoreError::Conflict(format!("a record is no JSON: {error}")))?;
        Ok(Self { at: batch.at.to_string().into(), batch, lines })
    }

    /// How much room it takes in the queue: its records, and never nothing.
    pub(crate) fn size(&self) -> usize {
        self.batch.records.len().max(1)
    }
}
