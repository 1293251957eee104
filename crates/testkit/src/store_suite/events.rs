//! Events: what was taken in, where it went, and the payloads until they are forgotten.

use std::{sync::Arc, time::Duration};

use wilco_contract::{
    chain::Walk,
    event::{
        Actor, Arrived, Did, EventFilter, Labels, Level, Payload, StoredEvent, Trace, TracePlace, TraceRule,
    },
    ids::Seq,
    store::{AuditFilter, Batch, Forgotten, Page, Record, Store, StoreError, When},
};

use super::samples::{arrived, at, batch, event, object, place, read, source};

const ALL: Page = Page { after: 0, limit: 10_000 };
const ANY: EventFilter = EventFilter { source: None, object: None };

async fn take_in(store: &Arc<dyn Store>, arrived: Vec<Arrived>) -> Result<Option<Seq>, StoreError> {
    let records = arrived.into_iter().map(|one| Record::Event(Box::new(one)));
    store.commit(batch(records), When::Now).await
}

async fn routed(store: &Arc<dyn Store>, events: impl IntoIterator<Item = u64>) {
    let traces = events.into_iter().map(|event| Record::Routed(trace(event)));
    assert_eq!(store.commit(batch(traces), When::Now).await, Ok(None), "it stands beside the journal");
}

fn trace(event: u64) -> Trace {
    Trace {
        event: Seq(event),
        considered: vec![TraceRule { rule: "wilco.toml:12".into(), note: "level normal".into() }],
        places: vec![TracePlace {
            place: place("web:ops"),
            level: Level::Normal,
            did: Did::Posted,
            note: None,
            slot: Some(event),
        }],
    }
}

fn numbers(events: &[StoredEvent]) -> Vec<u64> {
    events.iter().map(|stored| stored.seq.0).collect()
}

/// The same id from the same source is a conflict, in another batch or the same one; from another source it is not.
pub async fn an_event_is_taken_in_once(store: Arc<dyn Store>) {
    assert_eq!(take_in(&store, vec![arrived("github", "1", None)]).await, Ok(Some(Seq(1))));
    for again in [
        vec![arrived("github", "1", None)],
        vec![arrived("github", "2", None), arrived("github", "1", None)],
        vec![arrived("github", "3", None), arrived("github", "3", None)],
    ] {
        let answer = take_in(&store, again).await;
        assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
    }
    let other = vec![arrived("ci", "1", None), arrived("github", "2", None)];
    assert_eq!(take_in(&store, other).await, Ok(Some(Seq(3))), "what was refused left nothing behind");
    let has = async |name, id| store.has_event(&source(name), id).await.expect("a read");
    assert!(has("github", "1").await && has("github", "2").await && has("ci", "1").await);
    assert!(!has("github", "3").await && !has("ci", "2").await);
}

/// Of many that bring the same event at once, one gets it in.
pub async fn of_two_that_bring_it_at_once_one_does(store: Arc<dyn Store>) {
    let commits = (0..40).map(|task| {
        let (store, id) = (store.clone(), format!("{}", task / 4));
        async move { take_in(&store, vec![arrived("github", &id, Some("{}"))]).await.is_ok() }
    });
    let taken = futures_util::future::join_all(commits).await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 10);
    assert_eq!(store.events(&ANY, ALL).await.map(|events| events.len()), Ok(10));
}

/// All that it has, whatever it has.
pub async fn an_event_comes_back_as_it_was(store: Arc<dyn Store>) {
    let mut full = event("github", "1");
    full.action = Some("opened".into());
    full.actor = Some(Actor { account: "ana".into(), name: "Ana \u{202e} \"Lima\" \\ 🚀".into() });
    full.labels = Labels::Values([("severity".into(), "bad".into()), ("a".into(), "é".into())].into());
    full.level = Level::Loud;
    full.number = Some(u64::from(u32::MAX) + 7);
    full.object = Some(object("github:acme/webapp#812"));
    full.signed = true;
    full.text = Some("line\nline \u{1}".into());
    full.url = Some("https://example.org/?a=1&b=2".into());
    let payload = Payload::pack("{\"a\":\"ünï\"}".as_bytes());
    let mark = payload.mark();
    let records = [Arrived { event: full.clone(), payload: Some(payload) }, arrived("github", "2", None)];
    let later =
        Batch { at: at(7), records: records.into_iter().map(|one| Record::Event(Box::new(one))).collect() };
    store.commit(later, When::Now).await.expect("events");
    let expected = StoredEvent { seq: Seq(1), received_at: at(7), event: full, payload: Some(mark) };
    assert_eq!(store.event(Seq(1)).await, Ok(Some(expected)));
    let bare = StoredEvent { seq: Seq(2), received_at: at(7), event: event("github", "2"), payload: None };
    assert_eq!(store.event(Seq(2)).await, Ok(Some(bare)));
    assert_eq!(store.event(Seq(3)).await, Ok(None));
    store.commit(batch([read("a")]), When::Now).await.expect("a record that is no event");
    assert_eq!(store.event(Seq(3)).await, Ok(None));
    let rows = store.audit(&AuditFilter::default(), ALL).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.seq.0).collect::<Vec<_>>(), [3], "events are traffic");
}

/// The events of a batch share the payload before them; those of the next batch do not.
pub async fn a_batch_shares_its_payload(store: Arc<dyn Store>) {
    let first = vec![
        arrived("github", "0", None),
        arrived("github", "1", Some("one")),
        arrived("github", "2", None),
        arrived("github", "3", Some("three")),
        arrived("github", "4", None),
    ];
    take_in(&store, first).await.expect("events");
    take_in(&store, vec![arrived("github", "5", None)]).await.expect("an event");
    let mut bodies = Vec::new();
    for seq in 1..=7 {
        let payload = store.payload(Seq(seq)).await.expect("a read");
        bodies
            .push(payload.map(|payload| String::from_utf8(payload.unpack().expect("whole")).expect("text")));
    }
    let expected = [None, Some("one"), Some("one"), Some("three"), Some("three"), None, None];
    assert_eq!(bodies.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    let marked = store.events(&ANY, ALL).await.expect("events");
    let marked: Vec<_> = marked.iter().map(|stored| stored.payload.is_some()).collect();
    assert_eq!(marked, [false, true, false, true, false, false]);
}

/// By both, from both ends, in pages.
pub async fn events_are_listed_and_found_by_object_and_source(store: Arc<dyn Store>) {
    let kinds = [("github", Some("github:a#1")), ("ci", Some("github:a#1")), ("github", None), ("ci", None)];
    for (id, (name, about)) in kinds.into_iter().cycle().take(12).enumerate() {
        let mut arrived = arrived(name, &format!("{id}"), None);
        arrived.event.object = about.map(object);
        take_in(&store, vec![arrived]).await.expect("an event");
    }
    let of = |name: Option<&str>, about: Option<&str>| EventFilter {
        source: name.map(source),
        object: about.map(object),
    };
    let a = Some("github:a#1");
    let later = async |filter, after, limit| {
        numbers(&store.events(&filter, Page { after, limit }).await.expect("events"))
    };
    assert_eq!(later(ANY, 0, 99).await, (1..=12).collect::<Vec<_>>());
    assert_eq!(later(ANY, 5, 3).await, [6, 7, 8]);
    assert_eq!(later(of(Some("ci"), None), 2, 3).await, [4, 6, 8]);
    assert_eq!(later(of(None, a), 2, 3).await, [5, 6, 9]);
    assert_eq!(later(of(Some("ci"), a), 2, 9).await, [6, 10]);
    assert_eq!(later(of(None, Some("github:a#2")), 0, 9).await, [0; 0]);
    let newest = async |filter, before, limit| {
        numbers(&store.latest_events(&filter, Seq(before), limit).await.expect("events"))
    };
    assert_eq!(newest(ANY, 0, 3).await, [12, 11, 10]);
    assert_eq!(newest(ANY, 3, 9).await, [2, 1]);
    assert_eq!(newest(of(Some("github"), None), 0, 3).await, [11, 9, 7]);
    assert_eq!(newest(of(None, a), 10, 3).await, [9, 6, 5]);
    assert_eq!(newest(of(Some("github"), a), 0, 9).await, [9, 5, 1]);
    assert_eq!(newest(ANY, 1, 9).await, [0; 0]);
}

/// What is not routed is found in order after the last that was; its trace is kept.
pub async fn what_was_routed_is_not_routed_again(store: Arc<dyn Store>) {
    let unrouted = async |limit| {
        let events = store.unrouted(limit).await.expect("events");
        events.iter().map(|event| event.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(unrouted(9).await, [0; 0]);
    for (id, all) in [("1", 1), ("2", 2), ("3", 3)] {
        let came = async {
            while unrouted(9).await.len() < all {
                store.arrived().await;
            }
        };
        let comes = take_in(&store, vec![arrived("github", id, None)]);
        let (came, taken) = tokio::join!(tokio::time::timeout(Duration::from_secs(10), came), comes);
        taken.expect("an event");
        assert_eq!(came, Ok(()), "whoever waits learns of it");
        store.commit(batch([read("between")]), When::Now).await.expect("a record");
    }
    assert_eq!(unrouted(9).await, [1, 3, 5]);
    assert_eq!(unrouted(2).await, [1, 3]);
    assert_eq!(store.trace(Seq(1)).await, Ok(None));
    routed(&store, [1]).await;
    assert_eq!(unrouted(9).await, [3, 5]);
    routed(&store, [3, 5]).await;
    assert_eq!(unrouted(9).await, [0; 0]);
    for event in [1, 3, 5] {
        assert_eq!(store.trace(Seq(event)).await, Ok(Some(trace(event))));
    }
    assert_eq!(store.trace(Seq(2)).await, Ok(None));
    take_in(&store, vec![arrived("github", "4", None)]).await.expect("an event");
    assert_eq!(unrouted(9).await, [7]);
    // Taken in and routed in one group.
    let both = [Record::Event(Box::new(arrived("github", "5", None))), Record::Routed(trace(8))];
    store.commit(batch(both), When::Now).await.expect("both");
    assert_eq!(unrouted(9).await, [0; 0]);
}

/// Only what was brought by the source, is old, and is still there; oldest first.
pub async fn a_forgotten_payload_leaves_event_and_chain_whole(store: Arc<dyn Store>) {
    for (second, name) in [(0, "github"), (10, "ci"), (20, "github"), (30, "github")] {
        let id = format!("{second}");
        let records = [arrived(name, &id, Some("{\"a\":1}")), arrived(name, &format!("{id}.2"), None)];
        let records = records.into_iter().map(|one| Record::Event(Box::new(one))).collect();
        store.commit(Batch { at: at(second), records }, When::Now).await.expect("events");
    }
    let github = source("github");
    let old = async |before, limit| {
        let found = store.old_payloads(&github, at(before), limit).await.expect("a read");
        found.into_iter().map(|seq| seq.0).collect::<Vec<_>>()
    };
    assert_eq!(old(30, 9).await, [1, 5]);
    assert_eq!(old(99, 2).await, [1, 5]);
    assert_eq!(old(0, 9).await, [0; 0]);
    let before = store.event(Seq(1)).await.expect("a read");
    let events = vec![Seq(1), Seq(5), Seq(99)];
    let forgotten = Forgotten { source: github.clone(), before: at(30), events };
    let record = Record::Forgotten(forgotten);
    assert_eq!(store.commit(batch([record.clone()]), When::Now).await, Ok(Some(Seq(9))));
    assert_eq!(store.commit(batch([record]), When::Now).await, Ok(Some(Seq(10))), "twice is no harm");
    for seq in [1, 2, 5, 6] {
        assert_eq!(store.payload(Seq(seq)).await, Ok(None), "{seq}");
    }
    assert!(store.payload(Seq(7)).await.expect("a read").is_some());
    assert_eq!(old(99, 9).await, [7]);
    assert_eq!(store.event(Seq(1)).await, Ok(before), "the event and the mark of its payload stay");
    let mut walk = Walk::default();
    for record in store.sealed(ALL).await.expect("records") {
        walk.next(&record).expect("a whole chain");
    }
    let rows = store.audit(&AuditFilter::default(), ALL).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["event.forgotten"; 2]);
}

/// More events than one statement takes, with payloads of all sizes, in one group.
pub async fn many_events_in_one_group_keep_their_payloads(store: Arc<dyn Store>) {
    let body = |number: usize| format!("{number} ").repeat(1 + (number * 37) % 3_000);
    let many: Vec<_> =
        (0..300).map(|number| arrived("github", &format!("{number}"), Some(&body(number)))).collect();
    take_in(&store, many).await.expect("events");
    let events = store.events(&ANY, ALL).await.expect("events");
    assert_eq!(events.len(), 300);
    for (number, stored) in events.iter().enumerate().step_by(13) {
        assert_eq!(stored.event.id, format!("{number}"));
        let payload = store.payload(stored.seq).await.expect("a read").expect("a payload");
        assert_eq!((Some(payload.mark()), payload.unpack()), (stored.payload, Ok(body(number).into_bytes())));
    }
}
