//! Names for orders, and what somebody gave.

use std::sync::Arc;

use wilco_contract::{
    alias::{Alias, AliasScope},
    ids::Seq,
    store::{AuditEntry, Record, Store, When},
};

use super::samples::{at, batch, person, place, planned};

fn alias(scope: AliasScope, name: &str, order: &str) -> Alias {
    Alias { scope, name: name.to_owned(), order: order.to_owned(), by: "@ana".to_owned(), at: at(0) }
}

/// Of each scope a name stands once; the last one counts. Each change is in the journal.
pub async fn a_name_stands_until_it_is_taken_back(store: Arc<dyn Store>) {
    let (ana, ops) = (AliasScope::Person(person("ana")), AliasScope::Room(place("web:ops")));
    let set = [
        Record::Alias(alias(ops.clone(), "st", "status web")),
        Record::Alias(alias(ana.clone(), "st", "status shop")),
        Record::Alias(alias(ana.clone(), "st", "status billing")),
        Record::Alias(alias(ana.clone(), "dep", "ship $1")),
    ];
    assert_eq!(store.commit(batch(set), When::Now).await, Ok(Some(Seq(4))));
    let mut expected = vec![
        alias(ana.clone(), "dep", "ship $1"),
        alias(ana.clone(), "st", "status billing"),
        alias(ops.clone(), "st", "status web"),
    ];
    assert_eq!(store.aliases().await, Ok(expected.clone()));
    let back = |scope: &AliasScope, name: &str| Record::Unalias {
        scope: scope.clone(),
        name: name.to_owned(),
        by: "@ana".to_owned(),
    };
    let again = [back(&ana, "st"), back(&ops, "none"), back(&ana, "dep"), Record::Alias(expected[0].clone())];
    assert_eq!(store.commit(batch(again), When::Now).await, Ok(Some(Seq(8))));
    expected.remove(1);
    assert_eq!(store.aliases().await, Ok(expected));
    let audit = store.audit(&Default::default(), super::journal::ALL).await.expect("the audit");
    let kinds: Vec<_> = audit.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds[3..5], ["alias.set", "alias.ended"]);
}

/// Reads and operations, of one principal, a page at a time.
pub async fn what_somebody_gave_comes_newest_first(store: Arc<dyn Store>) {
    let read = |who: &str, kind: &str, text: &str| {
        Record::Audit(AuditEntry {
            kind: kind.to_owned(),
            who: who.to_owned(),
            account: None,
            operation: None,
            command: None,
            place: Some(place("web:ops")),
            text: text.to_owned(),
            rule: None,
        })
    };
    let (operation, begun) = planned(1, None);
    let who = operation.asker.key();
    let records = [
        read(&who, "order.read", "one"),
        begun,
        read("@else", "order.read", "theirs"),
        read(&who, "order.refused", "no"),
        read(&who, "order.read", "two"),
    ];
    store.commit(batch(records), When::Now).await.expect("a commit");
    let given = async |before: Seq, limit| {
        let rows = store.given(&who, before, limit).await.expect("a read");
        rows.into_iter().map(|row| row.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(given(Seq(0), 9).await, [5, 2, 1]);
    assert_eq!(given(Seq(0), 1).await, [5]);
    assert_eq!(given(Seq(5), 9).await, [2, 1]);
    let rows = store.given(&who, Seq(0), 1).await.expect("a read");
    assert_eq!(rows[0].body.as_ref().map(|body| body["text"].clone()), Some("two".into()));
    let planned = store.given(&who, Seq(5), 1).await.expect("a read");
    assert_eq!(planned[0].operation.as_ref(), Some(&operation.id));
}
