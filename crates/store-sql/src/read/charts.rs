//! Reading charts that have a link. Layer 2.

use async_trait::async_trait;
use jiff::Timestamp;
use wilco_contract::{
    chart::{Chart, ChartId},
    store::{Charts, StoreError},
};

use crate::{error::read_error, row::Read, store::SqliteStore, write::until};

const ONE: &str = "SELECT row, until FROM charts WHERE id = ? AND until > ?";

#[async_trait]
impl Charts for SqliteStore {
    async fn chart(&self, id: &ChartId, now: Timestamp) -> Result<Option<(Chart, Timestamp)>, StoreError> {
        let row = sqlx::query(ONE).bind(&id.0[..]).bind(until(now)).fetch_optional(&self.reads).await;
        row.and_then(|row| row.map(|row| Ok((row.json(0)?, row.micros(1)?))).transpose()).map_err(read_error)
    }
}

/// Every statement of this file, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    vec![ONE.to_owned()]
}
