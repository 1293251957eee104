//! Reading leases. Layer 2.

use async_trait::async_trait;
use wilco_contract::{
    lease::Lease,
    store::{Leases, StoreError},
};

use crate::{error::read_error, row::Read, store::SqliteStore};

const ALL: &str = "SELECT row FROM leases ORDER BY name";

#[async_trait]
impl Leases for SqliteStore {
    async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        let rows = sqlx::query(ALL).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(|row| row.json(0)).collect()).map_err(read_error)
    }
}
