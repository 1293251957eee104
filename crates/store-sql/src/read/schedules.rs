//! Reading schedules. Layer 2.

use async_trait::async_trait;
use wilco_contract::{
    schedule::ScheduleState,
    store::{Schedules, StoreError},
};

use crate::{error::read_error, row::Read, store::SqliteStore};

const ALL: &str = "SELECT row FROM schedules ORDER BY name";

#[async_trait]
impl Schedules for SqliteStore {
    async fn schedules(&self) -> Result<Vec<ScheduleState>, StoreError> {
        let rows = sqlx::query(ALL).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(|row| row.json(0)).collect()).map_err(read_error)
    }
}
