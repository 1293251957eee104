//! Files that people sent, in memory. Layer 1.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use wilco_contract::{
    file::{FileId, FilePart, FilesKept, KeptFile, SWEPT},
    store::{Files as Reads, StoreError},
};

use super::MemoryStore;

/// How files stand, the oldest first, and their parts.
#[derive(Default)]
pub(super) struct Files {
    stand: Vec<KeptFile>,
    parts: BTreeMap<(FileId, u32), Vec<u8>>,
}

impl Files {
    pub(super) fn stands(&mut self, file: KeptFile) {
        match self.stand.iter_mut().find(|known| known.id == file.id) {
            Some(known) => *known = file,
            None => self.stand.push(file),
        }
    }

    pub(super) fn part(&mut self, part: FilePart) {
        self.parts.entry((part.file, part.number)).or_insert(part.bytes);
    }

    pub(super) fn drop(&mut self, id: FileId) {
        self.stand.retain(|known| known.id != id);
        self.parts.retain(|(file, _), _| *file != id);
    }

    /// Forgets what is over, and says what that was.
    pub(super) fn sweep(&mut self, before: Timestamp) -> Vec<FileId> {
        let mut over: Vec<_> = self.stand.iter().filter(|file| file.until <= before).collect();
        over.sort_by_key(|file| file.until);
        let over: Vec<_> = over.into_iter().take(SWEPT).map(|file| file.id).collect();
        over.iter().for_each(|id| self.drop(*id));
        over
    }
}

#[async_trait]
impl Reads for MemoryStore {
    async fn file(&self, id: &FileId, now: Timestamp) -> Result<Option<KeptFile>, StoreError> {
        let state = self.state();
        let found = state.files.stand.iter().find(|file| file.id == *id);
        Ok(found.filter(|file| file.whole && now < file.until).cloned())
    }

    async fn file_part(&self, id: &FileId, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().files.parts.get(&(*id, number)).cloned())
    }

    async fn files_kept(&self) -> Result<FilesKept, StoreError> {
        let state = self.state();
        let bytes = state.files.stand.iter().map(|file| file.bytes).sum();
        Ok(FilesKept { files: state.files.stand.len() as u64, bytes })
    }

    async fn files_are_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.state().files.stand.iter().any(|file| file.until <= now))
    }
}
