//! Databases of every schema that was ever shipped open, and say the same as then.
//!
//! `versions/<schema>.sql` is a dump of one. When a schema is added, its dump is too; none is changed or taken out.

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use wilco_contract::{
    connector::DeliveryKey,
    event::EventFilter,
    ids::Seq,
    lease::{Holder, Lease},
    memory::{MemoryCall, MemoryEvent, Namespace, Remembered},
    operation::State,
    store::{
        Access, Aliases, Announced, Charts, Events, Files, Inbox, Journal, Leases, Locks, Logs, Memory,
        Operations, Page, Record, Rooms, Schedules, Slots, Store, When,
    },
};
use wilco_store_sql::{SqliteStore, verify::verify};
use wilco_testkit::store_suite::{
    charts::kept,
    files::{begun, part, sent},
    samples::{arrived, at, batch, hash, object, op_id, place, slot, source},
};

use crate::home::Home;

/// A schema, its dump, and how many records and which hash the chain ends with.
const DUMPS: [(u32, &str, u64, &str); 7] = [
    (
        1,
        include_str!("versions/1.sql"),
        15,
        "ae9cbb03d3c09def2b92f75cd77ad1f8bf1d4bf1a291efe0f70260c87642b832",
    ),
    (
        2,
        include_str!("versions/2.sql"),
        23,
        "fbe7dee5747437d63404edc901600d283d79d95060f90ee008a4c0c16afe15b6",
    ),
    (
        3,
        include_str!("versions/3.sql"),
        31,
        "7124472ccb91fe73c4361a2a5d39a77628c4fdb9c6b4e48e642957fbc28f0085",
    ),
    (
        4,
        include_str!("versions/4.sql"),
        34,
        "89e04724722366b544b6d7f42b04f016287d41b329aadd9809f2ada5ec41c285",
    ),
    (
        5,
        include_str!("versions/5.sql"),
        34,
        "89e04724722366b544b6d7f42b04f016287d41b329aadd9809f2ada5ec41c285",
    ),
    (
        6,
        include_str!("versions/6.sql"),
        34,
        "89e04724722366b544b6d7f42b04f016287d41b329aadd9809f2ada5ec41c285",
    ),
    (
        7,
        include_str!("versions/7.sql"),
        34,
        "89e04724722366b544b6d7f42b04f016287d41b329aadd9809f2ada5ec41c285",
    ),
];

#[tokio::test]
async fn a_database_of_every_schema_opens_with_all_its_rows() {
    for (schema, dump, records, end) in DUMPS {
        let home = Home::new();
        let options = SqliteConnectOptions::new().filename(home.path()).create_if_missing(true);
        let mut conn = options.connect().await.expect("a database");
        sqlx::raw_sql(AssertSqlSafe(dump)).execute(&mut conn).await.expect("its rows");
        conn.close().await.expect("an end");

        let store = home.open().await;
        let verified = verify(&store, &[]).await.unwrap_or_else(|error| panic!("schema {schema}: {error}"));
        assert_eq!((verified.records, verified.operations), (records, 2));
        assert_eq!(store.head().await.expect("a head").hash.to_string(), end);
        let operation = store.operation(&op_id(1)).await.expect("a read").expect("the operation");
        assert_eq!((operation.state, operation.version), (State::Queued, 2));
        let all = Page { after: 0, limit: 99 };
        assert_eq!(store.operations(&[State::Planned], all).await.map(|found| found.len()), Ok(1));
        let said =
            store.message_by_key(&DeliveryKey("k".into())).await.expect("a read").expect("the message");
        assert_eq!((said.seq, said.text.as_str(), said.version), (Seq(4), "better", 2));
        assert_eq!(store.messages(&place("web:ops"), all).await.map(|found| found.len()), Ok(1));
        let waiting = store.unhandled().await.expect("inputs");
        assert_eq!(waiting.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>(), [7]);
        assert_eq!(store.locks().await.expect("locks")[0].key, "demo/staging");
        assert!(store.link(hash("link")).await.expect("a read").expect("the link").used_at.is_some());
        assert!(store.session(hash("session")).await.expect("a read").is_some());
        assert_eq!(store.tokens().await.expect("tokens")[0].name, "ci");
        assert_eq!(store.log(&op_id(1), all).await.map(|lines| lines.len()), Ok(2));
        if schema >= 2 {
            has_what_it_was_told(&store).await;
        }
        if schema >= 3 {
            has_schedules_and_aliases(&store).await;
        }
        if schema >= 4 {
            has_what_is_remembered(&store).await;
        }
        if schema >= 5 {
            let said = store.announced(&op_id(1)).await.expect("what was said");
            let said: Vec<_> = said.iter().map(|said| (said.slot, said.state)).collect();
            assert_eq!(said, [(0, State::AwaitingConfirm)]);
        }
        if schema >= 6 {
            let leases = store.leases().await.expect("leases");
            assert_eq!((leases[0].token, leases[0].holder.id.as_str()), (1, "one"));
        }
        if schema >= 7 {
            let one = kept(1, 0, 60);
            assert_eq!(store.chart(&one.id, at(0)).await, Ok(Some((one.chart, one.until))));
        }
        goes_on(&store, Seq(records + 1)).await;
    }
}

/// What a database has since events are in it.
async fn has_what_it_was_told(store: &SqliteStore) {
    let pull = EventFilter { source: None, object: Some(object("github:acme/webapp#812")) };
    let events = store.events(&pull, Page { after: 0, limit: 9 }).await.expect("events");
    let events: Vec<_> = events.iter().map(|stored| (stored.seq.0, stored.event.line.as_str())).collect();
    assert_eq!(events, [(16, "Fix it")]);
    let has = async |name, id| store.has_event(&source(name), id).await.expect("a read");
    assert!(has("github", "1").await && has("github", "1.2").await && has("ci", "2").await);
    let shared = store.payload(Seq(17)).await.expect("a read").expect("the payload");
    assert_eq!(shared.unpack().expect("whole"), b"{\"action\":\"opened\",\"number\":812}");
    assert_eq!(store.payload(Seq(18)).await, Ok(None), "it was forgotten");
    let old = store.old_payloads(&source("ci"), at(1), 9).await;
    assert_eq!(old, Ok(vec![Seq(19)]));
    let unrouted = store.unrouted(9).await.expect("events");
    assert_eq!(unrouted.iter().map(|stored| stored.seq.0).collect::<Vec<_>>(), [18, 19]);
    assert!(store.trace(Seq(16)).await.expect("a read").is_some());
    let slot = store.slots_of(&[(place("web:ops"), object("github:acme/webapp#812"))]).await.expect("slots");
    let (slot, shown) = (&slot[0].1.slot, &slot[0].1.shown);
    assert_eq!((slot.number, slot.version, shown.version), (1, 2, 1));
    assert_eq!(
        store.slot_at(shown.receipt.as_ref().expect("a receipt")).await.map(|at| at.is_some()),
        Ok(true)
    );
    let parcels = store.parcels(&place("web:ops"), 9).await.expect("parcels");
    assert_eq!(parcels.iter().map(|parcel| parcel.what.number()).collect::<Vec<_>>(), [2, 3, 1]);
    assert_eq!((store.last_number().await, store.place_count(&place("web:ops")).await), (Ok(4), Ok(7)));
    assert_eq!(store.due_slots().await.map(|slots| slots.len()), Ok(1));
    assert_eq!(store.mutes().await.expect("mutes")[0].what, "acme/webapp");
}

/// What a database has since schedules and names for orders are in it.
async fn has_schedules_and_aliases(store: &SqliteStore) {
    let schedules = store.schedules().await.expect("schedules");
    let schedules: Vec<_> =
        schedules.iter().map(|state| (state.name.as_str(), state.fired, state.paused.is_some())).collect();
    assert_eq!(schedules, [("webapp.nightly", Some(at(160)), false), ("webapp.status", None, true)]);
    let aliases = store.aliases().await.expect("aliases");
    let aliases: Vec<_> =
        aliases.iter().map(|alias| (alias.scope.key(), alias.name.as_str(), alias.order.as_str())).collect();
    let expected = [("@ana", "st", "status webapp"), ("web:ops", "dep", "ship $1")];
    assert_eq!(aliases, expected.map(|(scope, name, order)| (scope.to_owned(), name, order)));
}

/// What a database has since commands remember.
async fn has_what_is_remembered(store: &SqliteStore) {
    let karma = Namespace { pack: "webapp".to_owned(), name: Some("karma".to_owned()), person: None };
    let all = store.all_remembered(&karma, at(0), 9).await.expect("values");
    let all: Vec<_> =
        all.iter().map(|entry| (entry.key.as_str(), entry.value.clone(), entry.version)).collect();
    assert_eq!(all, [("ana", 3.into(), 1)]);
}

/// What is written now stands beside what was there.
async fn goes_on(store: &SqliteStore, next: Seq) {
    let event = Record::Event(Box::new(arrived("github", "new", Some("{}"))));
    let records = batch([event, Record::Slot(Box::new(slot("web:dev", 9)))]);
    assert_eq!(store.commit(records, When::Now).await, Ok(Some(next)));
    assert_eq!(store.latest_events(&EventFilter::default(), Seq(0), 1).await.expect("events")[0].seq, next);
    assert_eq!(store.last_number().await, Ok(9));
    let namespace = Namespace { pack: "fun".to_owned(), name: None, person: None };
    assert_eq!(store.remembered(&namespace, "rust").await, Ok(None));
    let entry =
        Remembered { namespace, key: "rust".to_owned(), value: 1.into(), version: 1, at: at(0), until: None };
    let by = MemoryCall { key: "d-0001.add.1".to_owned(), operation: None, who: "@ana".to_owned() };
    let set = Record::Memory(Box::new(MemoryEvent::Set { entry: entry.clone(), by }));
    store.commit(batch([set]), When::Now).await.expect("written");
    assert_eq!(store.remembered(&entry.namespace, "rust").await, Ok(Some(entry)));
    let said = Announced { operation: op_id(1), slot: 0, state: State::Queued, plan: hash("plan") };
    let holder = Holder { id: "one".to_owned(), machine: "m".to_owned(), process: 1, since: at(0) };
    let lease = Lease { name: "wilco".to_owned(), holder, token: 1, until: at(60) };
    let records = batch([Record::Announced(said.clone()), Record::Lease(lease.clone())]);
    store.commit(records, When::Now).await.expect("written");
    assert_eq!(store.announced(&op_id(1)).await, Ok(vec![said]));
    assert_eq!(store.leases().await, Ok(vec![lease]));
    let kept = kept(9, 0, 60);
    let records = batch([Record::Chart(Box::new(kept.clone()))]);
    store.commit(records, When::Now).await.expect("written");
    assert_eq!(store.chart(&kept.id, at(0)).await, Ok(Some((kept.chart, kept.until))));
    let file = sent(1, 0, 60);
    let records = batch([begun(&file), Record::File(Box::new(file.clone())), part(1, 0, b"abc")]);
    store.commit(records, When::Now).await.expect("written");
    assert_eq!(store.file(&file.id, at(0)).await, Ok(Some(file.clone())));
    assert_eq!(store.file_part(&file.id, 0).await, Ok(Some(b"abc".to_vec())));
    verify(store, &[]).await.expect("a whole journal");
}
