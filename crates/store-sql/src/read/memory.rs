//! Reading what commands remember. Layer 2.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};
use wilco_contract::{
    memory::{Namespace, NamespaceSize, Remembered},
    store::{Memory, StoreError},
};

use super::limit;
use crate::{error::read_error, row::Read, store::SqliteStore, write::until};

const ONE: &str = "SELECT row FROM memory WHERE namespace = ? AND key = ?";
const ALL: &str =
    "SELECT row FROM memory WHERE namespace = ? AND (until IS NULL OR until > ?) ORDER BY key LIMIT ?";
const SIZE: &str = "SELECT count(*), coalesce(sum(bytes), 0) FROM memory INDEXED BY memory_size \
                    WHERE pack = ? AND namespace = ? AND (until IS NULL OR until > ?)";
const SIZES: &str = "SELECT count(*), sum(bytes), namespace, pack FROM memory INDEXED BY memory_size \
                     WHERE (until IS NULL OR until > ?) GROUP BY pack, namespace";
const SIZES_OF: &str = "SELECT count(*), sum(bytes), namespace, pack FROM memory INDEXED BY memory_size \
                        WHERE pack = ? AND (until IS NULL OR until > ?) GROUP BY namespace";
const OVER: &str =
    "SELECT count(*) FROM (SELECT 1 FROM memory WHERE until IS NOT NULL AND until <= ? LIMIT 1)";

/// All statements of this file that look for something.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [ONE, ALL, SIZE, SIZES_OF, OVER].map(str::to_owned).to_vec()
}

#[async_trait]
impl Memory for SqliteStore {
    async fn remembered(&self, namespace: &Namespace, key: &str) -> Result<Option<Remembered>, StoreError> {
        let row = sqlx::query(ONE).bind(namespace.to_string()).bind(key).fetch_optional(&self.reads).await;
        row.and_then(|row| row.map(|row| row.json(0)).transpose()).map_err(read_error)
    }

    async fn all_remembered(
        &self,
        namespace: &Namespace,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Remembered>, StoreError> {
        let ask = sqlx::query(ALL).bind(namespace.to_string()).bind(until(now)).bind(limit(most));
        let rows = ask.fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(|row| row.json(0)).collect()).map_err(read_error)
    }

    async fn memory_size(&self, namespace: &Namespace, now: Timestamp) -> Result<NamespaceSize, StoreError> {
        let ask = sqlx::query(SIZE).bind(&namespace.pack).bind(namespace.to_string()).bind(until(now));
        let row = ask.fetch_one(&self.reads).await;
        row.and_then(|row| size(&row, namespace.clone())).map_err(read_error)
    }

    async fn memory_sizes(
        &self,
        pack: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<NamespaceSize>, StoreError> {
        let ask = match pack {
            Some(pack) => sqlx::query(SIZES_OF).bind(pack).bind(until(now)),
            None => sqlx::query(SIZES).bind(until(now)),
        };
        let rows = ask.fetch_all(&self.reads).await.map_err(read_error)?;
        let mut sizes = Vec::with_capacity(rows.len());
        for row in rows {
            let name: String = row.try_get(2).map_err(read_error)?;
            let namespace = Namespace::parse(&name)
                .ok_or_else(|| StoreError::Corrupt(format!("`{name}` is no namespace")))?;
            sizes.push(size(&row, namespace).map_err(read_error)?);
        }
        sizes.sort_by_key(|size| size.namespace.to_string());
        Ok(sizes)
    }

    async fn memory_is_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        let row = sqlx::query(OVER).bind(until(now)).fetch_one(&self.reads).await;
        row.and_then(|row| row.count(0)).map(|count| count > 0).map_err(read_error)
    }
}

fn size(row: &SqliteRow, namespace: Namespace) -> Result<NamespaceSize, sqlx::Error> {
    Ok(NamespaceSize { namespace, keys: row.count(0)?, bytes: row.count(1)? })
}
