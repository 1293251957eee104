//! A disk that is full, which takes a hand on the writer's own connection.

use std::sync::Arc;

use wilco_contract::store::{AuditFilter, Journal, Page, Record, Rooms};
use wilco_contract::{
    event::{Arrived, Event, Payload},
    ids::SourceName,
};
use wilco_runtime::{chance::OsChance, clock::SystemClock};
use wilco_testkit::store_suite::samples::{batch, message, place, read};

use super::*;
use crate::{Durability, verify::verify};

fn parts() -> Parts {
    Parts { chance: Arc::new(OsChance), clock: Arc::new(SystemClock) }
}

const ALL: Page = Page { after: 0, limit: 100_000 };

#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { path: folder.path().join("wilco.db"), durability: Durability::Full };
    // SQLite gives the same error for this limit as for a disk without room.
    let mut small = WriterOptions::new(&options);
    small.most_pages = Some(207);
    let store = SqliteStore::open_with(&options.path, small, parts()).await.expect("a store");
    let say = |text: &str| batch([Record::Message(message("web:ops", &text.repeat(20_000)))]);
    let mut acknowledged = 0;
    let error = loop {
        match store.commit(say("x"), When::Now).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, StoreError::Unavailable(what) if what.contains("the disk is full")), "{error}");
    assert!(acknowledged > 5);
    let messages = store.messages(&place("web:ops"), ALL).await.expect("reads go on");
    assert_eq!(messages.len(), acknowledged, "of what was refused nothing is there");
    // Nothing but room is missing: what is small still fits, and its number follows the last one.
    let next = Seq(acknowledged as u64 + 1);
    assert_eq!(store.commit(batch([read("small")]), When::Now).await, Ok(Some(next)));
    store.commit(say("y"), When::Soon).await.expect("it waits");
    let error = store.close().await.expect_err("what waits has no room");
    assert!(error.to_string().contains("1 records could not be written before the end"), "{error}");

    let store = SqliteStore::open(&options, parts()).await.expect("a store with room");
    assert_eq!(verify(&store, &[]).await.map(|verified| verified.records), Ok(next.0));
    assert_eq!(store.audit(&AuditFilter::default(), ALL).await.map(|rows| rows.len()), Ok(1));
    store.commit(say("x"), When::Now).await.expect("there is room again");
}

#[tokio::test]
async fn a_value_that_no_row_takes_leaves_the_rest_of_its_group_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { path: folder.path().join("wilco.db"), durability: Durability::Process };
    let store = SqliteStore::open(&options, parts()).await.expect("a store");
    // A number that SQLite cannot count to: nothing that Wilco makes, but one bad batch must not stop the others.
    let mut bad = message("web:ops", "bad");
    bad.thread = Some(Seq(u64::MAX));
    let commits = [batch([read("a")]), batch([Record::Message(bad)]), batch([read("b")])];
    let answers = futures_util::future::join_all(commits.map(|batch| store.commit(batch, When::Now))).await;
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(StoreError::Conflict(_))), "{answers:?}");
    assert_eq!(verify(&store, &[]).await.map(|verified| verified.records), Ok(2));
}

#[tokio::test]
async fn the_writer_syncs_as_durability_says() {
    for (durability, expected) in [(Durability::Full, "2"), (Durability::Process, "1")] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { path: folder.path().join("wilco.db"), durability };
        drop(SqliteStore::open(&options, parts()).await.expect("a store"));
        let conn = WriterOptions::new(&options).connect().expect("a connection");
        let ask = |pragma, expected: &str| {
            let value = conn.pragma_query_value(None, pragma, |row| {
                Ok(match row.get_ref(0)?.as_i64() {
                    Ok(number) => number.to_string(),
                    Err(_) => row.get(0)?,
                })
            });
            assert_eq!(value.as_deref(), Ok(expected), "{pragma} with {durability:?}");
        };
        ask("synchronous", expected);
        ask("journal_mode", "wal");
        ask("foreign_keys", "1");
    }
}

#[tokio::test]
async fn what_was_written_before_the_disk_was_full_is_known_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { path: folder.path().join("wilco.db"), durability: Durability::Process };
    SqliteStore::open(&options, parts()).await.expect("a store").close().await.expect("an end");
    let mut small = WriterOptions::new(&options);
    small.most_pages = Some(200);
    let conn = small.connect().expect("a connection");
    let (seal, newest) = so_far(&conn).expect("the chain");
    let fresh = Arc::new(Fresh::default());
    fresh.begin(&conn).expect("a beginning");
    let lock = LockFile::take(&options.path, &SystemClock).await.expect("a lock");
    let mut writer = Writer {
        conn: Some(conn),
        options: small,
        seal,
        newest,
        fresh: fresh.clone(),
        fence: Arc::default(),
        lock,
    };
    // One batch that no row takes, so that they are written one by one, and one for which there is no room.
    let mut bad = message("web:ops", "bad");
    bad.thread = Some(Seq(u64::MAX));
    let event = |id: &str, payload| {
        let source = SourceName::parse("github").expect("a source");
        let event = Event::new(source, id, "push", jiff::Timestamp::UNIX_EPOCH);
        Record::Event(Box::new(Arrived { event, payload }))
    };
    // What no row takes shows first, as payloads are written last.
    let big = Payload { packed: vec![7; 2_000_000].into(), length: 2_000_000 };
    let records = [event("1", None), Record::Message(bad), event("2", Some(big))];
    let item =
        |record| Item { batch: Prepared::new(batch([record]), &OsChance).expect("JSON"), answer: None };
    let mut items: Vec<_> = records.into_iter().map(item).collect();
    let (committed, trouble) = writer.commit(&items);
    assert!(matches!(trouble, Some(Trouble::Passing(_))), "{trouble:?}");
    assert!(committed.answers[0].is_ok() && committed.answers[1].is_err(), "{:?}", committed.answers);
    assert_eq!(committed.answers.len(), 2, "the third is not answered");
    fresh.take(&mut items, &committed);
    let at_hand = fresh.oldest(9).expect("all of them");
    assert_eq!(at_hand.iter().map(|event| event.seq).collect::<Vec<_>>(), [Seq(1)]);
}
