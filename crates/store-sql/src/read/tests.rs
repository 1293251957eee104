//! No read walks a whole table, and none sorts one.

use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use wilco_runtime::{chance::OsChance, clock::SystemClock};

use super::*;
use crate::{Durability, Options, Parts, SqliteStore};

/// Steps of a plan that look like a walk and are none: a limit ends them after a page, or they go over rows that
/// are few by what they are.
const FINE: [&str; 11] = [
    // In the order of the rows' numbers, ended by the limit.
    "SCAN operations",
    // Only the orders that wait.
    "SCAN inbox USING INDEX inbox_open",
    // The kinds found so far.
    "SCAN kinds",
    // The places found so far.
    "SCAN posts",
    "SCAN edits",
    "SCAN said",
    // Only the slots that have a time.
    "SCAN slots USING INDEX slots_due",
    // The files that are kept are few, and of each its size alone is read.
    "SCAN files USING COVERING INDEX files_bytes",
    // What was asked for.
    "SCAN wanted",
    "SCAN CONSTANT ROW",
    "SCAN 2 CONSTANT ROWS",
];

async fn plan(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let rows =
        sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(conn).await.expect(sql);
    rows.iter().map(|row| row.get(3)).collect()
}

#[tokio::test]
async fn every_read_is_served_by_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { path: folder.path().join("wilco.db"), durability: Durability::Process };
    let parts = Parts { chance: std::sync::Arc::new(OsChance), clock: std::sync::Arc::new(SystemClock) };
    let store = SqliteStore::open(&options, parts).await.expect("a store");
    let mut conn = store.reads.acquire().await.expect("a connection");
    let mut bad = Vec::new();
    for sql in [
        operations::statements(),
        rooms::statements(),
        journal::statements(),
        access::statements(),
        events::statements(),
        slots::statements(),
        memory::statements(),
        charts::statements(),
        files::statements(),
    ]
    .concat()
    {
        let plan = plan(&mut conn, &sql).await;
        for step in &plan {
            // A subquery's rows are as few as its LIMIT says.
            let walks = step.starts_with("SCAN")
                && !FINE.contains(&step.as_str())
                && !step.starts_with("SCAN (subquery");
            if walks || step.contains("TEMP B-TREE") {
                bad.push(format!("{sql}\n`{step}` in {plan:#?}"));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}
