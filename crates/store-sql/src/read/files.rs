//! Reading files that people sent. Layer 2.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};
use wilco_contract::{
    file::{FileId, FilesKept, KeptFile},
    store::{Files, StoreError},
};

use crate::{error::read_error, row::Read, store::SqliteStore, write::until};

const ONE: &str =
    "SELECT place, name, kind, bytes, hash, at, until FROM files WHERE id = ? AND until > ? AND whole";
const PART: &str = "SELECT bytes FROM file_parts WHERE file = ? AND number = ?";
const KEPT: &str = "SELECT count(*), coalesce(sum(bytes), 0) FROM files INDEXED BY files_bytes";
const OVER: &str = "SELECT 1 FROM files WHERE until <= ? LIMIT 1";

#[async_trait]
impl Files for SqliteStore {
    async fn file(&self, id: &FileId, now: Timestamp) -> Result<Option<KeptFile>, StoreError> {
        let row = sqlx::query(ONE).bind(&id.0[..]).bind(until(now)).fetch_optional(&self.reads).await;
        row.and_then(|row| row.map(|row| file(*id, &row)).transpose()).map_err(read_error)
    }

    async fn file_part(&self, id: &FileId, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_scalar(PART).bind(&id.0[..]).bind(number);
        query.fetch_optional(&self.reads).await.map_err(read_error)
    }

    async fn files_kept(&self) -> Result<FilesKept, StoreError> {
        let row = sqlx::query(KEPT).fetch_one(&self.reads).await;
        row.and_then(|row| Ok(FilesKept { files: row.count(0)?, bytes: row.count(1)? })).map_err(read_error)
    }

    async fn files_are_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        let row = sqlx::query(OVER).bind(until(now)).fetch_optional(&self.reads).await;
        row.map(|row| row.is_some()).map_err(read_error)
    }
}

fn file(id: FileId, row: &SqliteRow) -> Result<KeptFile, sqlx::Error> {
    Ok(KeptFile {
        id,
        place: row.name(0)?,
        name: row.try_get(1)?,
        kind: row.name(2)?,
        bytes: row.count(3)?,
        hash: row.hash(4)?,
        at: row.micros(5)?,
        until: row.micros(6)?,
        whole: true,
    })
}

/// Every statement of this file, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [ONE, PART, KEPT, OVER].map(str::to_owned).into()
}
