//! Reading operations, their output, and the inbox. Layer 2.

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};
use wilco_contract::{
    ids::{OpId, Seq},
    input::Input,
    operation::{Operation, State},
    store::{Announced, Inbox, LogLine, Logs, Operations, Page, StoreError},
};

use super::{bounds, end, limit};
use crate::{error::read_error, row::Read, store::SqliteStore};

const ONE: &str = "SELECT row FROM operations WHERE id = ?";
const BY_KEY: &str = "SELECT row FROM operations WHERE asker = ? AND key = ? ORDER BY number LIMIT 1";
const PAGE: &str = "SELECT number, row FROM operations WHERE number > ? ORDER BY number LIMIT ?";
const LATEST: &str = "SELECT row FROM operations ORDER BY number DESC LIMIT ?";
const PAGE_BEFORE: &str = "SELECT number, row FROM operations WHERE number < ? ORDER BY number DESC LIMIT ?";
/// Operations are numbered from 1 and never taken out.
const COUNT: &str = "SELECT coalesce(max(number), 0) FROM operations";
const ANNOUNCED: &str = "SELECT slot, state, plan FROM announced WHERE operation = ? ORDER BY slot";
const UNHANDLED: &str = "SELECT seq, input FROM inbox WHERE input IS NOT NULL ORDER BY seq";
const LOG: &str = "SELECT operation, number, at, step, stream, text FROM op_log \
                   WHERE operation = ? AND number > ? ORDER BY number LIMIT ?";
const LOG_END: &str = "SELECT coalesce(max(number), 0) FROM op_log WHERE operation = ?";

/// Each state has its own sorted list; SQLite merges them instead of sorting all.
fn by_states(states: usize) -> String {
    let one = "SELECT number, row FROM operations WHERE state = ? AND number > ?";
    format!("{} ORDER BY number LIMIT ?", vec![one; states].join(" UNION ALL "))
}

/// The same from the other end.
fn by_states_before(states: usize) -> String {
    let one = "SELECT number, row FROM operations WHERE state = ? AND number < ?";
    format!("{} ORDER BY number DESC LIMIT ?", vec![one; states].join(" UNION ALL "))
}

impl SqliteStore {
    /// The rows of a statement for all states or of one that takes each state with the number to go on from.
    async fn of_states(
        &self,
        (all, some): (&'static str, fn(usize) -> String),
        states: &[State],
        from: i64,
        limit: i64,
    ) -> Result<Vec<(u64, Operation)>, StoreError> {
        let mut states = states.to_vec();
        states.sort_unstable();
        states.dedup();
        let rows = if states.is_empty() {
            sqlx::query(all).bind(from).bind(limit).fetch_all(&self.reads).await
        } else {
            let mut query = sqlx::query(AssertSqlSafe(some(states.len())));
            for state in states {
                query = query.bind(state.as_str()).bind(from);
            }
            query.bind(limit).fetch_all(&self.reads).await
        };
        let read = |row: SqliteRow| Ok((row.count(0)?, row.json(1)?));
        rows.and_then(|rows| rows.into_iter().map(read).collect()).map_err(read_error)
    }
}

#[async_trait]
impl Operations for SqliteStore {
    async fn operation(&self, id: &OpId) -> Result<Option<Operation>, StoreError> {
        let row = sqlx::query(ONE).bind(id.as_str()).fetch_optional(&self.reads).await;
        row.and_then(|row| row.map(|row| row.json(0)).transpose()).map_err(read_error)
    }

    async fn operation_by_key(&self, asker: &str, key: &str) -> Result<Option<Operation>, StoreError> {
        let row = sqlx::query(BY_KEY).bind(asker).bind(key).fetch_optional(&self.reads).await;
        row.and_then(|row| row.map(|row| row.json(0)).transpose()).map_err(read_error)
    }

    async fn operations(&self, states: &[State], page: Page) -> Result<Vec<(u64, Operation)>, StoreError> {
        let (after, limit) = bounds(page);
        self.of_states((PAGE, by_states), states, after, limit).await
    }

    async fn latest_operations(&self, rows: usize) -> Result<Vec<Operation>, StoreError> {
        let rows = sqlx::query(LATEST).bind(limit(rows)).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(|row| row.json(0)).collect()).map_err(read_error)
    }

    async fn operations_before(
        &self,
        states: &[State],
        before: u64,
        rows: usize,
    ) -> Result<Vec<(u64, Operation)>, StoreError> {
        self.of_states((PAGE_BEFORE, by_states_before), states, end(before), limit(rows)).await
    }

    async fn announced(&self, id: &OpId) -> Result<Vec<Announced>, StoreError> {
        let rows = sqlx::query(ANNOUNCED).bind(id.as_str()).fetch_all(&self.reads).await;
        let read = |row: SqliteRow| {
            let slot = usize::try_from(row.count(0)?).unwrap_or(usize::MAX);
            Ok(Announced { operation: id.clone(), slot, state: row.name(1)?, plan: row.hash(2)? })
        };
        rows.and_then(|rows| rows.into_iter().map(read).collect()).map_err(read_error)
    }

    async fn operation_count(&self) -> Result<u64, StoreError> {
        let row = sqlx::query(COUNT).fetch_one(&self.reads).await;
        row.and_then(|row| row.count(0)).map_err(read_error)
    }
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn unhandled(&self) -> Result<Vec<(Seq, Input)>, StoreError> {
        let rows = sqlx::query(UNHANDLED).fetch_all(&self.reads).await;
        let read = |row: SqliteRow| Ok((row.seq(0)?, row.json(1)?));
        rows.and_then(|rows| rows.into_iter().map(read).collect()).map_err(read_error)
    }
}

#[async_trait]
impl Logs for SqliteStore {
    async fn log(&self, operation: &OpId, page: Page) -> Result<Vec<LogLine>, StoreError> {
        let (after, limit) = bounds(page);
        let query = sqlx::query(LOG).bind(operation.as_str()).bind(after).bind(limit);
        let rows = query.fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(line).collect()).map_err(read_error)
    }

    async fn log_end(&self, operation: &OpId) -> Result<u64, StoreError> {
        let row = sqlx::query(LOG_END).bind(operation.as_str()).fetch_one(&self.reads).await;
        row.and_then(|row| row.count(0)).map_err(read_error)
    }
}

fn line(row: &SqliteRow) -> Result<LogLine, sqlx::Error> {
    Ok(LogLine {
        operation: row.name(0)?,
        number: row.count(1)?,
        at: row.time(2)?,
        step: sqlx::Row::try_get(row, 3)?,
        stream: row.name(4)?,
        text: sqlx::Row::try_get(row, 5)?,
    })
}

/// Every statement of this file, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let fixed = [ONE, BY_KEY, PAGE, PAGE_BEFORE, LATEST, COUNT, ANNOUNCED, UNHANDLED, LOG, LOG_END]
        .map(str::to_owned);
    let states = [by_states(1), by_states(3), by_states_before(1), by_states_before(3)];
    fixed.into_iter().chain(states).collect()
}
