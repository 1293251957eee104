//! What a group of batches changes of files that people sent.
//!
//! Not the writing, which is `write/files.rs`. Layer 2.

use jiff::Timestamp;
use wilco_contract::{
    file::{FileId, FilePart, KeptFile},
    store::Record,
};

/// What changes, in the order in which it is written.
#[derive(Default)]
pub(crate) struct Files<'a> {
    /// How files stand, the last state of one after those before.
    pub(crate) stand: Vec<&'a KeptFile>,
    pub(crate) parts: Vec<&'a FilePart>,
    pub(crate) dropped: Vec<FileId>,
    /// By when files that are over are forgotten.
    pub(crate) swept: Option<Timestamp>,
}

impl<'a> Files<'a> {
    /// Takes a record in; false where it is about something else.
    pub(crate) fn take(&mut self, record: &'a Record) -> bool {
        match record {
            Record::File(file) => self.stand.push(file),
            Record::FilePart(part) => self.parts.push(part),
            Record::FileDropped(id) => self.dropped.push(*id),
            Record::FilesSwept { before } => self.swept = self.swept.max(Some(*before)),
            _ => return false,
        }
        true
    }

    /// About how many rows these are.
    pub(crate) fn rows(&self) -> usize {
        self.stand.len() + self.parts.len() + self.dropped.len() + usize::from(self.swept.is_some())
    }
}
