//! What commands remember: by namespace and key, each change once, gone when its time is over.

use std::sync::Arc;

use serde_json::{Value, json};
use wilco_contract::{
    memory::{MemoryCall, MemoryEvent, Namespace, Remembered},
    store::{AuditFilter, Page, Record, Store, StoreError, When},
};

use super::samples::{at, batch, op_id, person};

fn namespace(pack: &str, name: Option<&str>, owner: Option<&str>) -> Namespace {
    Namespace { pack: pack.to_owned(), name: name.map(str::to_owned), person: owner.map(person) }
}

fn karma() -> Namespace {
    namespace("fun", Some("karma"), None)
}

fn entry(namespace: Namespace, key: &str, version: u64, value: Value) -> Remembered {
    Remembered { namespace, key: key.to_owned(), value, version, at: at(0), until: None }
}

fn call(number: u64) -> MemoryCall {
    MemoryCall { key: format!("d-0001.add.{number}"), operation: Some(op_id(1)), who: "@ana".to_owned() }
}

fn set(entry: Remembered) -> Record {
    let by = call(entry.version);
    Record::Memory(Box::new(MemoryEvent::Set { entry, by }))
}

fn forgot(key: &str, version: u64) -> Record {
    let event = MemoryEvent::Forgot { namespace: karma(), key: key.to_owned(), version, by: call(version) };
    Record::Memory(Box::new(event))
}

async fn write(store: &Arc<dyn Store>, records: impl IntoIterator<Item = Record>) -> Result<(), StoreError> {
    store.commit(batch(records), When::Now).await.map(drop)
}

/// A value stands under its key in its namespace and nowhere else.
pub async fn a_value_stands_in_its_namespace_until_it_is_forgotten(store: Arc<dyn Store>) {
    let (own, others) = (namespace("fun", None, Some("ana")), namespace("fun", None, None));
    let values = [
        set(entry(karma(), "rust", 1, json!(1))),
        set(entry(karma(), "rust", 2, json!({"points": 2}))),
        set(entry(karma(), "beer", 1, json!("ü"))),
        set(entry(own.clone(), "rust", 1, json!(null))),
    ];
    write(&store, values).await.expect("written");
    let rust = entry(karma(), "rust", 2, json!({"points": 2}));
    let beer = entry(karma(), "beer", 1, json!("ü"));
    assert_eq!(store.remembered(&karma(), "rust").await, Ok(Some(rust.clone())));
    assert_eq!(store.remembered(&others, "rust").await, Ok(None));
    assert_eq!(store.all_remembered(&karma(), at(1), 9).await, Ok(vec![beer.clone(), rust.clone()]));
    assert_eq!(store.all_remembered(&karma(), at(1), 1).await, Ok(vec![beer.clone()]));
    let size = store.memory_size(&karma(), at(1)).await.expect("a size");
    assert_eq!((size.keys, size.bytes), (2, rust.bytes() + beer.bytes()));
    let sizes = async |pack| {
        let sizes = store.memory_sizes(pack, at(1)).await.expect("sizes");
        sizes.into_iter().map(|size| (size.namespace, size.keys)).collect::<Vec<_>>()
    };
    assert_eq!(sizes(None).await, [(karma(), 2), (own.clone(), 1)]);
    assert_eq!(sizes(Some("fun")).await.len(), 2);
    assert!(sizes(Some("fu")).await.is_empty());
    write(&store, [forgot("rust", 2)]).await.expect("written");
    assert_eq!(store.remembered(&karma(), "rust").await, Ok(None));
    write(&store, [set(entry(karma(), "rust", 1, json!(7)))]).await.expect("it begins anew");
    let filter =
        AuditFilter { operation: Some(op_id(1)), kind: Some("memory.".into()), ..AuditFilter::default() };
    let told = store.audit(&filter, Page { after: 0, limit: 9 }).await.expect("the audit");
    let kinds: Vec<_> = told.iter().map(|row| (row.kind.as_str(), row.who.as_deref())).collect();
    assert_eq!(kinds.len(), 6);
    assert_eq!(kinds[4..], [("memory.forgot", Some("@ana")), ("memory.set", Some("@ana"))]);
}

/// A change that does not follow what is stored is a conflict: of two who add at once, one looks again.
pub async fn of_two_that_change_a_value_at_once_one_does(store: Arc<dyn Store>) {
    let conflict = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Conflict(_)));
    assert!(conflict(write(&store, [forgot("rust", 1)]).await), "it is not there");
    assert!(
        conflict(write(&store, [set(entry(karma(), "rust", 2, json!(1)))]).await),
        "nothing is before it"
    );
    write(&store, [set(entry(karma(), "rust", 1, json!(1)))]).await.expect("written");
    let both = futures_util::future::join(
        write(&store, [set(entry(karma(), "rust", 2, json!(2)))]),
        write(&store, [set(entry(karma(), "rust", 2, json!(20)))]),
    );
    let (one, other) = both.await;
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert!(conflict(write(&store, [forgot("rust", 1)]).await));
    assert!(conflict(write(&store, [set(entry(karma(), "new", 1, json!(1))), forgot("rust", 1)]).await));
    assert_eq!(
        store.remembered(&karma(), "new").await,
        Ok(None),
        "nothing of a batch that does not fit stands"
    );
    write(&store, [forgot("rust", 2)]).await.expect("forgotten");
}

/// What is over counts as not there, and is gone once it was swept.
pub async fn what_is_over_is_not_there_and_is_swept(store: Arc<dyn Store>) {
    let lasting = |key: &str, version, until| Remembered {
        until: Some(at(until)),
        ..entry(karma(), key, version, json!(version))
    };
    let values = [set(lasting("a", 1, 10)), set(lasting("b", 1, 20)), set(entry(karma(), "c", 1, json!(1)))];
    write(&store, values).await.expect("written");
    let there = async |now| store.all_remembered(&karma(), at(now), 9).await.expect("values").len();
    assert_eq!((there(9).await, there(10).await, there(20).await), (3, 2, 1));
    assert_eq!(store.memory_size(&karma(), at(10)).await.map(|size| size.keys), Ok(2));
    assert_eq!(
        (store.memory_is_over(at(9)).await, store.memory_is_over(at(10)).await),
        (Ok(false), Ok(true))
    );
    assert!(store.remembered(&karma(), "a").await.expect("a read").is_some(), "its version is needed");
    let swept = || Record::Memory(Box::new(MemoryEvent::Swept { before: at(15) }));
    // In one group: what is set before and is over then goes, what is set after stands.
    write(&store, [set(lasting("d", 1, 12)), swept(), set(lasting("a", 1, 14))]).await.expect("written");
    assert_eq!(store.remembered(&karma(), "d").await, Ok(None));
    assert_eq!(store.remembered(&karma(), "a").await, Ok(Some(lasting("a", 1, 14))));
    write(&store, [swept()]).await.expect("swept");
    assert_eq!(store.remembered(&karma(), "a").await, Ok(None));
    assert_eq!(store.memory_is_over(at(15)).await, Ok(false));
    assert!(store.remembered(&karma(), "b").await.expect("a read").is_some());
}
