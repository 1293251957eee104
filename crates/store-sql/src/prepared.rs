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
    /// How much room it takes in the queue.
    pub(crate) size: Size,
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

/// How much room something takes in the queue.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Its records; never none for a batch.
    pub(crate) records: usize,
    /// The bytes of its journal and its payloads. What stands beside the journal is not counted: it is small, and
    /// its records are.
    pub(crate) bytes: usize,
}

impl Size {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { records: self.records + other.records, bytes: self.bytes + other.bytes }
    }

    /// Without that part of it.
    pub(crate) fn without(self, part: Self) -> Self {
        Self { records: self.records - part.records, bytes: self.bytes - part.bytes }
    }

    /// Whether neither is above the other's.
    pub(crate) fn within(self, most: Self) -> bool {
        self.records <= most.records && self.bytes <= most.bytes
    }
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
        let lines = batch.records.iter().map(line).collect::<Result<Vec<_>, serde_json::Error>>();
        let lines = lines.map_err(|error| StoreError::Conflict(format!("a record is no JSON: {error}")))?;
        Ok(Self { at: batch.at.to_string().into(), size: size(&batch, &lines), batch, lines })
    }
}

/// How much room a batch takes.
fn size(batch: &Batch, lines: &[Option<Line>]) -> Size {
    let bodies = lines.iter().flatten().map(|line| line.body.len());
    let payloads = batch.records.iter().filter_map(|record| match record {
        Record::Event(arrived) => arrived.payload.as_ref().map(|payload| payload.packed.len()),
        _ => None,
    });
    Size { records: batch.records.len().max(1), bytes: bodies.chain(payloads).sum() }
}
