//! Somebody with a database tool: what they change is named.

use sqlx::{AssertSqlSafe, Row};
use wilco_contract::{
    chain::{Broken, Head, Seal, Walk},
    event::EventFilter,
    ids::{Hash, Seq},
    operation::State,
    store::{Events, Forgotten, Journal, Page, Record, Store, When},
};
use wilco_store_sql::{
    SqliteStore,
    verify::{NotWhole, Verified, verify},
};
use wilco_testkit::store_suite::samples::{arrived, at, batch, input, message, moved, planned, read, source};

use crate::home::Home;

/// A closed database with 12 records: 1 to 6 about two operations, the rest of all kinds.
async fn written() -> (Home, Head) {
    let home = Home::new();
    let store = home.open().await;
    for number in 1..=2 {
        let (operation, begun) = planned(number, Some("key"));
        let (operation, queued) = moved(operation, State::Queued);
        store
            .commit(batch([begun, queued, moved(operation, State::Aborted).1]), When::Now)
            .await
            .expect("events");
    }
    let said = Record::Message(message("web:ops", "hello"));
    let records =
        [read("a"), read("b"), said, Record::Input(input("web:ops", "1", "x")), read("c"), read("d")];
    store.commit(batch(records), When::Now).await.expect("records");
    let head = store.head().await.expect("a head");
    store.close().await.expect("an end");
    (home, head)
}

async fn change(home: &Home, sql: &str) {
    let mut tool = home.tool().await;
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut tool).await.expect(sql);
    assert!(done.rows_affected() > 0, "`{sql}` changed nothing");
}

async fn look(home: &Home, checkpoints: &[Head]) -> Result<Verified, NotWhole> {
    let store = SqliteStore::open_read_only(&home.path()).await.expect("a database");
    let found = verify(&store, checkpoints).await;
    store.close().await.expect("an end");
    found
}

async fn after(sql: &str) -> NotWhole {
    let (home, _) = written().await;
    change(&home, sql).await;
    look(&home, &[]).await.expect_err(sql)
}

#[tokio::test]
async fn what_nobody_touched_is_whole() {
    let (home, head) = written().await;
    let middle = sealed_head(&home, 4).await;
    let expected = Verified { records: 12, erased: 0, head, operations: 2, not_compared: 0, payloads: 0 };
    assert_eq!(look(&home, &[head, middle, Walk::default().head()]).await, Ok(expected));
}

#[tokio::test]
async fn a_changed_record_is_named() {
    let changed = NotWhole::Broken(Broken::Changed(Seq(8)));
    assert_eq!(
        after("UPDATE journal SET body = replace(body, '\"b\"', '\"x\"') WHERE seq = 8").await,
        changed
    );
    assert_eq!(after("UPDATE journal SET salt = zeroblob(16) WHERE seq = 8").await, changed);
    assert_eq!(changed.to_string(), "record 8 was changed: its text does not fit its commitment");
    let rewritten = NotWhole::Broken(Broken::Rewritten(Seq(8)));
    assert_eq!(after("UPDATE journal SET hash = zeroblob(32) WHERE seq = 8").await, rewritten);
    let odd = after("UPDATE journal SET hash = x'00' WHERE seq = 8").await;
    assert!(odd.to_string().contains("record 8 was changed"), "{odd}");
}

#[tokio::test]
async fn a_cut_is_named() {
    let missing = |missing: u64, found: u64| {
        let (missing, after, found) = (Seq(missing), Seq(missing - 1), Seq(found));
        NotWhole::Broken(Broken::Cut { missing, after, found })
    };
    assert_eq!(after("DELETE FROM journal WHERE seq = 8").await, missing(8, 9));
    assert_eq!(after("DELETE FROM journal WHERE seq < 3").await, missing(1, 3));
    assert_eq!(after("UPDATE journal SET seq = 40 WHERE seq = 12").await, missing(12, 40));
}

#[tokio::test]
async fn a_cut_end_shows_against_a_checkpoint() {
    let (home, head) = written().await;
    let early = sealed_head(&home, 9).await;
    change(&home, "DELETE FROM journal WHERE seq > 10").await;
    assert_eq!(look(&home, &[]).await.map(|verified| verified.records), Ok(10), "nothing else can tell");
    assert_eq!(look(&home, &[early]).await.map(|verified| verified.records), Ok(10));
    assert_eq!(look(&home, &[early, head]).await, Err(NotWhole::Broken(Broken::Checkpoint(Seq(11)))));
}

#[tokio::test]
async fn a_rewritten_end_shows_against_a_checkpoint() {
    let (home, head) = written().await;
    let early = sealed_head(&home, 7).await;
    // Somebody who knows the format makes a chain of their own from record 8 on.
    let mut seal = Seal::after(early);
    let mut tool = home.tool().await;
    for seq in 8..=12i64 {
        let row = sqlx::query("SELECT body FROM journal WHERE seq = ?").bind(seq).fetch_one(&mut tool).await;
        let body: String = row.expect("a row").get(0);
        let forged = seal.next([0; 16], body.replace("\"b\"", "\"x\""));
        sqlx::query("UPDATE journal SET body = ?, salt = ?, commitment = ?, hash = ? WHERE seq = ?")
            .bind(forged.body)
            .bind(forged.salt.map(|salt| salt.to_vec()))
            .bind(forged.commitment.0.to_vec())
            .bind(forged.hash.0.to_vec())
            .bind(seq)
            .execute(&mut tool)
            .await
            .expect("a change");
    }
    assert_eq!(look(&home, &[early]).await.map(|verified| verified.records), Ok(12), "nothing else can tell");
    assert_eq!(look(&home, &[early, head]).await, Err(NotWhole::Broken(Broken::Checkpoint(Seq(12)))));
}

#[tokio::test]
async fn a_changed_column_is_named() {
    for (column, value) in [
        ("at", "'2020-01-01T00:00:00Z'"),
        ("kind", "'order.seen'"),
        ("who", "NULL"),
        ("operation", "'o-0001'"),
    ] {
        let found = after(&format!("UPDATE journal SET {column} = {value} WHERE seq = 8")).await;
        assert_eq!(found, NotWhole::Broken(Broken::Column { seq: Seq(8), column }));
    }
}

#[tokio::test]
async fn a_changed_operation_is_named() {
    let cases = [
        ("UPDATE operations SET state = 'succeeded' WHERE number = 2", "o-0002", "`state`"),
        ("UPDATE operations SET asker = '@ben' WHERE number = 1", "o-0001", "`asker`"),
        ("UPDATE operations SET key = NULL WHERE number = 1", "o-0001", "`key`"),
        ("UPDATE operations SET version = 9 WHERE number = 1", "o-0001", "`version`"),
        (
            "UPDATE operations SET row = replace(row, 'stage demo', 'stage prod') WHERE number = 2",
            "o-0002",
            "`order`",
        ),
        ("UPDATE operations SET row = '{}' WHERE number = 2", "o-0002", "none that Wilco writes"),
        ("DELETE FROM operations WHERE number = 1", "o-0001", "its row is gone"),
        ("UPDATE operations SET number = 7 WHERE number = 2", "o-0002", "the row before it is gone"),
        (
            "INSERT INTO operations SELECT 3, 'o-0003', state, asker, key, version, row FROM operations WHERE number = 2",
            "o-0003",
            "no event of it",
        ),
    ];
    for (sql, operation, expected) in cases {
        let NotWhole::Operation { id, what } = after(sql).await else { panic!("{sql} was not seen") };
        assert_eq!(id, operation, "{sql}");
        assert!(what.contains(expected), "{sql}: {what}");
    }
}

#[tokio::test]
async fn an_erased_text_leaves_the_rest_provable() {
    let (home, head) = written().await;
    change(&home, "UPDATE journal SET body = NULL, salt = NULL WHERE seq IN (2, 8)").await;
    let expected = Verified { records: 12, erased: 2, head, operations: 1, not_compared: 1, payloads: 0 };
    assert_eq!(look(&home, &[head]).await, Ok(expected));
    change(&home, "UPDATE journal SET commitment = zeroblob(32) WHERE seq = 8").await;
    assert_eq!(look(&home, &[]).await, Err(NotWhole::Broken(Broken::Rewritten(Seq(8)))));
}

/// A closed database with four events, of which the first three brought a payload.
async fn with_events() -> Home {
    let home = Home::new();
    let store = home.open().await;
    for (id, body) in [("1", Some("one")), ("2", Some("two")), ("3", Some("three")), ("4", None)] {
        let event = Record::Event(Box::new(arrived("github", id, body)));
        store.commit(batch([event]), When::Now).await.expect("an event");
    }
    store.close().await.expect("an end");
    home
}

#[tokio::test]
async fn a_changed_payload_is_named() {
    let cases = [
        ("UPDATE payloads SET packed = zeroblob(5) WHERE seq = 2", 2, "it does not fit its hash"),
        ("UPDATE payloads SET length = 2 WHERE seq = 3", 3, "its length does not fit"),
        ("UPDATE payloads SET length = -1 WHERE seq = 3", 3, "its length is none"),
        ("UPDATE payloads SET seq = 4 WHERE seq = 3", 4, "the event brought none"),
        ("UPDATE payloads SET seq = 9 WHERE seq = 3", 9, "the journal has no such event"),
    ];
    for (sql, seq, expected) in cases {
        let home = with_events().await;
        change(&home, sql).await;
        let found = look(&home, &[]).await.expect_err(sql);
        let NotWhole::Payload { event, what } = &found else { panic!("{sql}: {found}") };
        assert_eq!(*event, Seq(seq), "{sql}");
        assert!(what.contains(expected), "{sql}: {what}");
        assert!(found.to_string().contains(&format!("the payload of event {seq} was changed")), "{found}");
    }
}

#[tokio::test]
async fn a_forgotten_payload_and_an_erased_event_are_whole() {
    let home = with_events().await;
    assert_eq!(look(&home, &[]).await.map(|verified| verified.payloads), Ok(3));
    let store = home.open().await;
    let forgotten = Forgotten { source: source("github"), before: at(9), events: vec![Seq(1)] };
    store.commit(batch([Record::Forgotten(forgotten)]), When::Now).await.expect("a commit");
    store.close().await.expect("an end");
    assert_eq!(look(&home, &[]).await.map(|verified| (verified.records, verified.payloads)), Ok((5, 2)));
    change(&home, "UPDATE journal SET body = NULL, salt = NULL WHERE seq = 2").await;
    assert_eq!(look(&home, &[]).await.map(|verified| (verified.erased, verified.payloads)), Ok((1, 1)));
    let store = home.open().await;
    assert_eq!(store.event(Seq(2)).await, Ok(None), "what was erased is no event any more");
    let page = Page { after: 0, limit: 2 };
    let events = store.events(&EventFilter::default(), page).await.expect("events");
    assert_eq!(events.iter().map(|stored| stored.seq.0).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(store.unrouted(9).await.map(|events| events.len()), Ok(3));
}

#[tokio::test]
async fn verifying_goes_on_beside_a_server_that_writes() {
    let home = Home::new();
    let store = home.open().await;
    store.commit(batch([planned(1, None).1, read("a")]), When::Now).await.expect("records");
    assert_eq!(look(&home, &[]).await.map(|verified| verified.records), Ok(2));
    let write = async {
        for number in 2..40 {
            store.commit(batch([planned(number, None).1]), When::Now).await.expect("an operation");
        }
    };
    let verify = async {
        for _ in 0..10 {
            look(&home, &[]).await.expect("a whole journal, however long");
        }
    };
    tokio::join!(write, verify);
    assert_eq!(look(&home, &[]).await.map(|verified| verified.operations), Ok(39));
}

/// The head as it was when this record was the newest.
async fn sealed_head(home: &Home, seq: u64) -> Head {
    let mut tool = home.tool().await;
    let query = sqlx::query("SELECT hash FROM journal WHERE seq = ?")
        .bind(i64::try_from(seq).expect("a small number"));
    let hash: Vec<u8> = query.fetch_one(&mut tool).await.expect("a row").get(0);
    Head { seq: Seq(seq), hash: Hash(hash.try_into().expect("32 bytes")) }
}
