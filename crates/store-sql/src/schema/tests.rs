//! Steps from schema to schema, on databases with rows.

use std::sync::Arc;

use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use wilco_contract::store::{Store, When};
use wilco_runtime::{chance::OsChance, clock::SystemClock};
use wilco_testkit::store_suite::samples::{batch, planned, read};

use super::*;
use crate::{Durability, Options, Parts, SqliteStore};

/// A step that changes the rows there are.
const NEXT: &str = "ALTER TABLE journal ADD COLUMN node TEXT NOT NULL DEFAULT 'one';
                    UPDATE operations SET state = upper(state);";

async fn with_rows(path: &Path) {
    let options = Options { path: path.to_owned(), durability: Durability::Process };
    let parts = Parts { chance: Arc::new(OsChance), clock: Arc::new(SystemClock) };
    let store = SqliteStore::open(&options, parts).await.expect("a store");
    store.commit(batch([planned(1, None).1, read("a"), read("b")]), When::Now).await.expect("records");
    store.close().await.expect("an end");
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("a connection")
}

async fn text(conn: &mut SqliteConnection, sql: &'static str) -> String {
    sqlx::query(sql).fetch_one(conn).await.expect(sql).get(0)
}

fn and_then(step: &'static str) -> Vec<&'static str> {
    STEPS.iter().copied().chain([step]).collect()
}

#[tokio::test]
async fn a_step_keeps_the_rows_and_a_copy_from_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wilco.db");
    with_rows(&path).await;
    let before = STEPS.len();
    let mut conn = connect(&path).await;
    migrate(&mut conn, &path, &and_then(NEXT)).await.expect("a step");
    assert_eq!(version(&mut conn, &path).await.expect("a version") as usize, before + 1);
    let rows = "SELECT group_concat(seq || node, ' ') || (SELECT state FROM operations) FROM journal";
    assert_eq!(text(&mut conn, rows).await, "1one 2one 3onePLANNED");
    let mut copy = connect(&folder.path().join(format!("wilco.db.schema-{before}"))).await;
    assert_eq!(version(&mut copy, &path).await.expect("a version") as usize, before);
    assert_eq!(
        text(&mut copy, "SELECT count(*) || (SELECT state FROM operations) FROM journal").await,
        "3planned"
    );
    migrate(&mut conn, &path, &and_then(NEXT)).await.expect("nothing to do");
    assert_eq!(text(&mut conn, rows).await, "1one 2one 3onePLANNED");
}

#[tokio::test]
async fn a_step_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wilco.db");
    with_rows(&path).await;
    let mut conn = connect(&path).await;
    let bad =
        "ALTER TABLE journal ADD COLUMN node TEXT; DELETE FROM operations; INSERT INTO nowhere VALUES (1);";
    let error = migrate(&mut conn, &path, &and_then(bad)).await.expect_err("a bad step");
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert_eq!(version(&mut conn, &path).await.expect("a version") as usize, STEPS.len());
    assert_eq!(
        text(&mut conn, "SELECT count(*) || (SELECT state FROM operations) FROM journal").await,
        "3planned"
    );
    with_rows_still_opens(&path).await;
}

async fn with_rows_still_opens(path: &Path) {
    let store = SqliteStore::open_read_only(path).await.expect("a database");
    let verified = crate::verify::verify(&store, &[]).await.expect("a whole journal");
    assert_eq!((verified.records, verified.operations), (3, 1));
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wilco.db");
    with_rows(&path).await;
    let mut conn = connect(&path).await;
    migrate(&mut conn, &path, &and_then(NEXT)).await.expect("a step");
    drop(conn);
    let options = Options { path: path.clone(), durability: Durability::Process };
    let parts = Parts { chance: Arc::new(OsChance), clock: Arc::new(SystemClock) };
    for error in
        [SqliteStore::open(&options, parts).await.err(), SqliteStore::open_read_only(&path).await.err()]
    {
        let error = error.expect("it is too new");
        assert!(matches!(error, OpenError::Newer { .. }), "{error}");
        assert!(error.to_string().contains("Use the newer Wilco"), "{error}");
    }
}
