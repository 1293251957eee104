//! The journal: numbers, groups, conflicts, audit, the chain.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use wilco_contract::{
    chain::{Sealed, Walk},
    ids::{Hash, Seq},
    store::{AuditEntry, AuditFilter, Batch, JournalRow, Page, Record, Store, StoreError, When},
};

use super::samples::{at, audit, batch, input, keyed, message, moved, op_id, planned, read};

/// All there is.
pub(super) const ALL: Page = Page { after: 0, limit: 10_000 };

/// Numbers are given from 1 without gaps; what stands beside the journal has none.
pub async fn numbers_follow_each_other(store: Arc<dyn Store>) {
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(0)));
    let three = batch([read("one"), read("two"), read("three")]);
    assert_eq!(store.commit(three, When::Now).await, Ok(Some(Seq(3))));
    assert_eq!(store.commit(batch([]), When::Now).await, Ok(None));
    let line = super::operations::line(1, 1, "a line");
    assert_eq!(store.commit(batch([Record::Log(line)]), When::Now).await, Ok(None));
    assert_eq!(store.commit(batch([read("four")]), When::Soon).await, Ok(None));
    assert_eq!(store.commit(batch([read("five")]), When::Now).await, Ok(Some(Seq(5))));
    let texts: Vec<_> = rows(store.as_ref(), AuditFilter::default()).await.iter().map(text).collect();
    assert_eq!(texts, ["one", "two", "three", "four", "five"]);
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(5)));
}

/// Whatever the writer groups together, each batch's numbers follow each other and are told to its caller.
pub async fn many_tasks_commit_at_once(store: Arc<dyn Store>) {
    let commits = (0..60).map(|task| {
        let store = store.clone();
        async move {
            let mut told = Vec::new();
            for turn in 0..5 {
                let pair = batch([read(&format!("{task}.{turn}.a")), read(&format!("{task}.{turn}.b"))]);
                let last = store.commit(pair, When::Now).await.expect("a commit").expect("a number");
                told.push((last.0, format!("{task}.{turn}")));
            }
            told
        }
    });
    let told: Vec<_> = join_all(commits).await.into_iter().flatten().collect();
    let found = rows(store.as_ref(), AuditFilter::default()).await;
    assert_eq!(found.len(), 600);
    for (last, name) in told {
        let place = usize::try_from(last).expect("few records");
        assert_eq!(text(&found[place - 2]), format!("{name}.a"));
        assert_eq!(text(&found[place - 1]), format!("{name}.b"));
    }
    walk(&sealed(store.as_ref()).await);
}

/// Of many batches committed at once, those that do not fit are refused, and only they.
pub async fn a_batch_that_does_not_fit_leaves_the_others_alone(store: Arc<dyn Store>) {
    let commits = (0..40u64).map(|number| {
        let store = store.clone();
        async move {
            let (operation, begun) = planned(number, None);
            let (_, early) = moved(moved(operation, wilco_contract::operation::State::Queued).0, RUNNING);
            // Every second one leaves out a version.
            let records = if number % 2 == 0 { vec![begun] } else { vec![read("bad"), begun, early] };
            (number, store.commit(batch(records), When::Now).await)
        }
    });
    for (number, answer) in join_all(commits).await {
        if number % 2 == 0 {
            assert!(answer.is_ok(), "{number}: {answer:?}");
        } else {
            assert!(matches!(answer, Err(StoreError::Conflict(_))), "{number}: {answer:?}");
        }
        let stored = store.operation(&op_id(number)).await.expect("a read");
        assert_eq!(stored.is_some(), number % 2 == 0, "{number}");
    }
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(20)));
    assert_eq!(store.operation_count().await, Ok(20));
}

const RUNNING: wilco_contract::operation::State = wilco_contract::operation::State::Running;

/// A conflict late in a batch takes back all of it: the key is free again.
pub async fn a_batch_is_written_whole_or_not_at_all(store: Arc<dyn Store>) {
    let (operation, begun) = planned(1, None);
    store.commit(batch([begun.clone()]), When::Now).await.expect("a new operation");
    let both = batch([
        Record::Message(keyed("web:ops", "hello", "k1")),
        Record::Input(input("web:ops", "1", "x")),
        begun,
    ]);
    assert!(matches!(store.commit(both, When::Now).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.messages(&operation.home, ALL).await, Ok(Vec::new()));
    assert_eq!(store.unhandled().await, Ok(Vec::new()));
    let again =
        batch([Record::Message(keyed("web:ops", "hello", "k1")), Record::Input(input("web:ops", "1", "x"))]);
    assert_eq!(store.commit(again, When::Now).await, Ok(Some(Seq(3))));
}

/// What nobody waits for is there before long.
pub async fn soon_becomes_visible(store: Arc<dyn Store>) {
    assert_eq!(store.commit(batch([read("soon")]), When::Soon).await, Ok(None));
    for _ in 0..400 {
        if !rows(store.as_ref(), AuditFilter::default()).await.is_empty() {
            return;
        }
        // What is waited for is the store's own 50 ms; two seconds are for a busy machine.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is not there after two seconds");
}

/// After a flush all that was committed before is there.
pub async fn what_is_flushed_is_there(store: Arc<dyn Store>) {
    for number in 0..30 {
        store.commit(batch([read(&number.to_string())]), When::Soon).await.expect("room in the queue");
    }
    store.flush().await.expect("a flush");
    assert_eq!(rows(store.as_ref(), AuditFilter::default()).await.len(), 30);
}

/// Messages, inputs and uses of sessions are no audit.
pub async fn audit_leaves_out_traffic(store: Arc<dyn Store>) {
    let records = [
        Record::Message(message("web:ops", "hello")),
        Record::Input(input("web:ops", "1", "status")),
        read("status"),
        Record::Handled { input: Seq(2) },
        super::access::session("s", None),
        super::access::session("s", Some(at(5))),
    ];
    store.commit(batch(records), When::Now).await.expect("a commit");
    let edit = Record::Edited {
        message: Seq(1),
        place: super::samples::place("web:ops"),
        reply: Default::default(),
    };
    store.commit(batch([edit]), When::Now).await.expect("a commit");
    let kinds = |rows: Vec<JournalRow>| rows.into_iter().map(|row| row.kind).collect::<Vec<_>>();
    let all = rows(store.as_ref(), AuditFilter::default()).await;
    assert_eq!(kinds(all), ["order.read", "access.session_ended"]);
    let by = AuditFilter { who: Some("@ana".into()), ..AuditFilter::default() };
    assert_eq!(kinds(rows(store.as_ref(), by).await), ["order.read", "access.session_ended"]);
    let traffic = AuditFilter { kind: Some("message".into()), ..AuditFilter::default() };
    assert_eq!(kinds(rows(store.as_ref(), traffic).await), [""; 0]);
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(7)), "the journal has all of them");
}

/// By operation, by whom, by the start of the kind, and by all at once.
pub async fn audit_is_filtered(store: Arc<dyn Store>) {
    let about = |number, entry| Record::Audit(AuditEntry { operation: Some(op_id(number)), ..entry });
    let records = [
        about(1, audit("order.read", "@ana", "1")),
        about(1, audit("order.refused", "@ben", "2")),
        about(2, audit("order.read", "@ana", "3")),
        Record::Audit(audit("decision.refused", "@ana", "4")),
        Record::Audit(audit("order.unknown", "@ben", "5")),
        about(1, audit("decision.refused", "@ana", "6")),
    ];
    store.commit(batch(records), When::Now).await.expect("a commit");
    let filter = |operation: Option<u64>, who: Option<&str>, kind: Option<&str>| AuditFilter {
        operation: operation.map(op_id),
        who: who.map(str::to_owned),
        kind: kind.map(str::to_owned),
    };
    let cases = [
        (filter(None, None, None), "123456"),
        (filter(Some(1), None, None), "126"),
        (filter(None, Some("@ana"), None), "1346"),
        (filter(None, None, Some("order.")), "1235"),
        (filter(None, None, Some("order.r")), "123"),
        (filter(None, None, Some("nothing")), ""),
        (filter(Some(1), Some("@ana"), None), "16"),
        (filter(Some(1), None, Some("order")), "12"),
        (filter(None, Some("@ben"), Some("order.u")), "5"),
        (filter(Some(1), Some("@ana"), Some("decision")), "6"),
        (filter(Some(3), None, None), ""),
    ];
    for (filter, expected) in cases {
        let found: String = rows(store.as_ref(), filter.clone()).await.iter().map(text).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let row = rows(store.as_ref(), filter(None, None, Some("order.u"))).await.remove(0);
    assert_eq!((row.seq, row.at, row.kind.as_str()), (Seq(5), at(0), "order.unknown"));
    assert_eq!((row.who.as_deref(), row.operation), (Some("@ben"), None));
    assert_eq!(row.body, serde_json::to_value(audit("order.unknown", "@ben", "5")).ok());
}

/// Pages join without gap or repeat, whatever leads to the records.
pub async fn audit_is_paged(store: Arc<dyn Store>) {
    for number in 0..25 {
        let kind = ["order.read", "order.refused", "decision.refused"][number % 3];
        let entry = AuditEntry { operation: Some(op_id(1)), ..audit(kind, "@ana", &number.to_string()) };
        let chatter = Record::Message(message("web:ops", "chatter"));
        store.commit(batch([Record::Audit(entry), chatter]), When::Now).await.expect("a commit");
    }
    let by_operation = AuditFilter { operation: Some(op_id(1)), ..AuditFilter::default() };
    let by_who = AuditFilter { who: Some("@ana".into()), ..AuditFilter::default() };
    for filter in [AuditFilter::default(), by_operation, by_who] {
        let mut found = Vec::new();
        let mut after = 0;
        loop {
            let page = store.audit(&filter, Page { after, limit: 4 }).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = last.seq.0;
            assert!(page.len() <= 4);
            found.extend(page.iter().map(text));
        }
        let expected: Vec<_> = (0..25).map(|number| number.to_string()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// From the end backwards, pages join without gap or repeat, whatever leads to the records.
pub async fn audit_is_walked_from_the_end(store: Arc<dyn Store>) {
    for number in 0..11 {
        let kind = ["order.read", "order.refused", "decision.refused"][number % 3];
        let entry = AuditEntry { operation: Some(op_id(1)), ..audit(kind, "@ana", &number.to_string()) };
        let chatter = Record::Message(message("web:ops", "chatter"));
        store.commit(batch([Record::Audit(entry), chatter]), When::Now).await.expect("a commit");
    }
    let all: Vec<_> = (0..11).rev().collect();
    let orders: Vec<_> = all.iter().copied().filter(|number| number % 3 != 2).collect();
    let (by_operation, by_who) = (Some(op_id(1)), Some("@ana".to_owned()));
    let kind = Some("order.".to_owned());
    for (filter, expected) in [
        (AuditFilter::default(), &all),
        (AuditFilter { operation: by_operation.clone(), ..AuditFilter::default() }, &all),
        (AuditFilter { who: by_who.clone(), ..AuditFilter::default() }, &all),
        (AuditFilter { kind: kind.clone(), ..AuditFilter::default() }, &orders),
        (AuditFilter { operation: by_operation, who: by_who, kind }, &orders),
    ] {
        let (mut found, mut before) = (Vec::new(), Seq(0));
        loop {
            let page = store.audit_before(&filter, before, 4).await.expect("a page");
            let Some(last) = page.last() else { break };
            before = last.seq;
            assert!(page.len() <= 4);
            found.extend(page.iter().map(text));
        }
        let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// Each record carries the time of its batch; what is not there was not written.
pub async fn a_record_says_when_it_was_written(store: Arc<dyn Store>) {
    for seconds in [5, 7] {
        let batch = Batch { at: at(seconds), records: vec![read("one"), read("two")] };
        store.commit(batch, When::Now).await.expect("a commit");
    }
    assert_eq!(store.written_at(Seq(2)).await, Ok(Some(at(5))));
    assert_eq!(store.written_at(Seq(3)).await, Ok(Some(at(7))));
    for none in [0, 5, u64::MAX] {
        assert_eq!(store.written_at(Seq(none)).await, Ok(None), "{none}");
    }
}

/// The chain over all kinds of records is whole, and its end is the head.
pub async fn the_chain_verifies(store: Arc<dyn Store>) {
    let (operation, begun) = planned(1, None);
    let (_, queued) = moved(operation, wilco_contract::operation::State::Queued);
    let records = [
        begun,
        queued,
        read("x"),
        Record::Message(message("web:ops", "hello")),
        super::access::link("l", None),
    ];
    store.commit(batch(records), When::Now).await.expect("a commit");
    let records = sealed(store.as_ref()).await;
    assert_eq!(records.len(), 5);
    assert_eq!(Ok(walk(&records)), store.head().await.map(|head| head.hash));
    let salts: std::collections::HashSet<_> = records.iter().map(|record| record.salt).collect();
    assert_eq!(salts.len(), 5, "each record has a salt of its own");
    let shown = rows(store.as_ref(), AuditFilter::default()).await;
    assert_eq!(shown[0].hash, records[0].hash);
    let rest = store.sealed(Page { after: 3, limit: 1 }).await.expect("a page");
    assert_eq!(rest, records[3..4]);
}

/// Without a text and its salt the rest still proves itself; with another text it does not.
pub async fn an_erased_text_leaves_the_chain_whole(store: Arc<dyn Store>) {
    store.commit(batch([read("a"), read("secret"), read("c")]), When::Now).await.expect("a commit");
    let mut records = sealed(store.as_ref()).await;
    let head = walk(&records);
    (records[1].body, records[1].salt) = (None, None);
    assert_eq!(walk(&records), head);
    records[2].body = records[2].body.take().map(|body| body.replace("\"c\"", "\"d\""));
    let mut changed = Walk::default();
    let found = records.iter().try_for_each(|record| changed.next(record).map(drop));
    assert_eq!(found, Err(wilco_contract::chain::Broken::Changed(Seq(3))));
}

/// A record's text is the RFC 8785 JSON of its entry, to the byte.
pub async fn a_record_is_kept_in_its_canonical_form(store: Arc<dyn Store>) {
    let odd = "quotes \" back \\ control \u{1}\u{7f} line\nend \u{2028} bidi \u{202e} emoji 🚀";
    let record = Record::Audit(AuditEntry {
        rule: Some("wilco.toml:41".into()),
        ..audit("order.refused", "@ana", odd)
    });
    let (_, begun) = planned(7, Some("key"));
    for record in
        [record, begun, Record::Input(input("web:ops", "1", odd)), super::access::token("t", "ci", None)]
    {
        let entry = record.entry(at(3)).expect("an entry").canonical().expect("JSON");
        let one = Batch { at: at(3), records: vec![record] };
        let seq = store.commit(one, When::Now).await.expect("a commit").expect("a number");
        let stored = store.sealed(Page { after: seq.0 - 1, limit: 1 }).await.expect("a record").remove(0);
        assert_eq!(stored.body, Some(entry));
    }
}

async fn rows(store: &dyn Store, filter: AuditFilter) -> Vec<JournalRow> {
    store.audit(&filter, ALL).await.expect("audit")
}

fn text(row: &JournalRow) -> String {
    let body = row.body.as_ref().expect("a body");
    body["text"].as_str().expect("a text").to_owned()
}

async fn sealed(store: &dyn Store) -> Vec<Sealed> {
    store.sealed(ALL).await.expect("records")
}

fn walk(records: &[Sealed]) -> Hash {
    let mut walk = Walk::default();
    for record in records {
        walk.next(record).expect("a chain that is whole");
    }
    walk.head().hash
}
