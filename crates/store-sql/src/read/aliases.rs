//! Reading aliases. Layer 2.

use async_trait::async_trait;
use wilco_contract::{
    alias::Alias,
    store::{Aliases, StoreError},
};

use crate::{error::read_error, row::Read, store::SqliteStore};

const ALL: &str = "SELECT row FROM aliases ORDER BY scope, name";

#[async_trait]
impl Aliases for SqliteStore {
    async fn aliases(&self) -> Result<Vec<Alias>, StoreError> {
        let rows = sqlx::query(ALL).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(|row| row.json(0)).collect()).map_err(read_error)
    }
}
