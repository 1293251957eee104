//! Operations, their output, and the inbox.

use std::sync::Arc;

use wilco_contract::{
    action::Stream,
    ids::Seq,
    operation::State,
    store::{Announced, LogLine, Page, Record, Store, StoreError, When},
};

use super::samples::{at, batch, hash, input, moved, op_id, planned};

const ALL: Page = Page { after: 0, limit: 1_000 };

/// A line of a run's output.
#[must_use]
pub fn line(operation: u64, number: u64, text: &str) -> LogLine {
    LogLine {
        operation: op_id(operation),
        number,
        at: at(1),
        step: "build".to_owned(),
        stream: Stream::Out,
        text: text.to_owned(),
    }
}

/// The last word counts, for each message of each operation.
pub async fn what_was_said_last_stands_for_each_message(store: Arc<dyn Store>) {
    let said =
        |operation, slot, state| Announced { operation: op_id(operation), slot, state, plan: hash("plan") };
    let first = [said(1, 0, State::Planned), said(1, 1, State::Planned), said(2, 0, State::Queued)];
    store.commit(batch(first.map(Record::Announced)), When::Now).await.expect("written");
    let last = [said(1, 0, State::Running), said(1, 0, State::Failed)];
    store.commit(batch(last.map(Record::Announced)), When::Now).await.expect("written");
    let expected = vec![said(1, 0, State::Failed), said(1, 1, State::Planned)];
    assert_eq!(store.announced(&op_id(1)).await, Ok(expected));
    assert_eq!(store.announced(&op_id(3)).await, Ok(Vec::new()));
    assert_eq!(store.head().await.expect("a head").seq, Seq(0), "it stands beside the journal");
}

/// The row is the operation after the last event, whole.
pub async fn an_operation_is_what_was_committed_last(store: Arc<dyn Store>) {
    let (operation, begun) = planned(1, None);
    let (operation, queued) = moved(operation, State::Queued);
    store.commit(batch([begun, queued]), When::Now).await.expect("two events");
    assert_eq!(store.operation(&operation.id).await, Ok(Some(operation.clone())));
    let (operation, running) = moved(operation, State::Running);
    store.commit(batch([running]), When::Now).await.expect("an event");
    assert_eq!(store.operation(&operation.id).await, Ok(Some(operation)));
    assert_eq!(store.operation(&op_id(2)).await, Ok(None));
    assert_eq!(store.operation_count().await, Ok(1));
}

/// An event that was made from another state of the operation is refused.
pub async fn a_version_follows_the_one_before(store: Arc<dyn Store>) {
    let (operation, begun) = planned(1, None);
    let (_, queued) = moved(operation.clone(), State::Queued);
    let (_, aborted) = moved(operation, State::Aborted);
    assert_conflict(&store, queued.clone()).await;
    store.commit(batch([begun.clone()]), When::Now).await.expect("a beginning");
    assert_conflict(&store, begun).await;
    store.commit(batch([queued]), When::Now).await.expect("the next version");
    assert_conflict(&store, aborted).await;
    let stored = store.operation(&op_id(1)).await.expect("a read").expect("the operation");
    assert_eq!((stored.state, stored.version), (State::Queued, 2));
}

async fn assert_conflict(store: &Arc<dyn Store>, record: Record) {
    let answer = store.commit(batch([record]), When::Now).await;
    assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
}

/// One state, several, all; in pages, oldest first, under numbers that stay.
pub async fn operations_are_found_by_state(store: Arc<dyn Store>) {
    for number in 1..=9 {
        let (operation, begun) = planned(number, None);
        let mut records = vec![begun];
        if number % 3 != 0 {
            let (operation, queued) = moved(operation, State::Queued);
            records.push(queued);
            if number % 3 == 1 {
                records.push(moved(operation, State::Aborted).1);
            }
        }
        store.commit(batch(records), When::Now).await.expect("an operation");
    }
    let found = async |states: &[State], page| {
        let found = store.operations(states, page).await.expect("a page");
        found.into_iter().map(|(number, operation)| (number, operation.id)).collect::<Vec<_>>()
    };
    let expected =
        |numbers: &[u64]| numbers.iter().map(|number| (*number, op_id(*number))).collect::<Vec<_>>();
    assert_eq!(found(&[State::Planned], ALL).await, expected(&[3, 6, 9]));
    assert_eq!(found(&[State::Queued, State::Aborted], ALL).await, expected(&[1, 2, 4, 5, 7, 8]));
    assert_eq!(found(&[State::Queued, State::Queued], ALL).await, expected(&[2, 5, 8]));
    assert_eq!(found(&[], ALL).await, expected(&[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(found(&State::ALL, Page { after: 7, limit: 9 }).await, expected(&[8, 9]));
    assert_eq!(found(&[], Page { after: 2, limit: 2 }).await, expected(&[3, 4]));
    assert_eq!(
        found(&[State::Aborted, State::Planned], Page { after: 3, limit: 3 }).await,
        expected(&[4, 6, 7])
    );
    assert_eq!(found(&[State::Running], ALL).await, expected(&[]));
    // A move leaves an operation at its place in the list.
    let (operation, _) = planned(3, None);
    store.commit(batch([moved(operation, State::Aborted).1]), When::Now).await.expect("a move");
    assert_eq!(found(&[State::Aborted], ALL).await, expected(&[1, 3, 4, 7]));
}

/// A caller's key finds what that caller made with it.
pub async fn operations_are_found_by_key(store: Arc<dyn Store>) {
    let (first, begun) = planned(1, Some("k"));
    let (_, other) = planned(2, None);
    store.commit(batch([begun, other]), When::Now).await.expect("two operations");
    assert_eq!(store.operation_by_key("@ana", "k").await, Ok(Some(first)));
    assert_eq!(store.operation_by_key("@ana", "l").await, Ok(None));
    assert_eq!(store.operation_by_key("token:ci", "k").await, Ok(None));
}

/// Newest first, as many as asked for.
pub async fn the_newest_operations_come_first(store: Arc<dyn Store>) {
    assert_eq!(store.latest_operations(5).await, Ok(Vec::new()));
    for number in 1..=4 {
        store.commit(batch([planned(number, None).1]), When::Now).await.expect("an operation");
    }
    let latest = store.latest_operations(3).await.expect("operations");
    let ids: Vec<_> = latest.into_iter().map(|operation| operation.id).collect();
    assert_eq!(ids, [op_id(4), op_id(3), op_id(2)]);
}

/// From the end backwards: of all states, of some, in pages that go on.
pub async fn operations_are_walked_from_the_end(store: Arc<dyn Store>) {
    for number in 1..=7 {
        let (operation, begun) = planned(number, None);
        let mut records = vec![begun];
        records.extend((number % 2 == 0).then(|| moved(operation, State::Queued).1));
        store.commit(batch(records), When::Now).await.expect("an operation");
    }
    let found = async |states: &[State], before, limit| {
        let found = store.operations_before(states, before, limit).await.expect("a page");
        found.into_iter().map(|(number, operation)| (number, operation.id)).collect::<Vec<_>>()
    };
    let expected =
        |numbers: &[u64]| numbers.iter().map(|number| (*number, op_id(*number))).collect::<Vec<_>>();
    assert_eq!(found(&[], 0, 3).await, expected(&[7, 6, 5]));
    assert_eq!(found(&[], 5, 9).await, expected(&[4, 3, 2, 1]));
    assert_eq!(found(&[State::Planned], 0, 2).await, expected(&[7, 5]));
    assert_eq!(found(&[State::Planned], 5, 9).await, expected(&[3, 1]));
    assert_eq!(found(&[State::Queued, State::Planned, State::Queued], 6, 3).await, expected(&[5, 4, 3]));
    assert_eq!(found(&[State::Failed], 0, 9).await, expected(&[]));
    assert_eq!(found(&[], 1, 9).await, expected(&[]));
}

/// The same number twice is kept once, the first; other operations' lines are apart.
pub async fn lines_of_a_run_are_kept_once(store: Arc<dyn Store>) {
    assert_eq!(store.log_end(&op_id(1)).await, Ok(0));
    let first = [line(1, 1, "one"), line(1, 2, "two"), line(2, 1, "other"), line(1, 2, "again")];
    store.commit(batch(first.map(Record::Log)), When::Now).await.expect("lines");
    let more =
        [line(1, 1, "again"), line(1, 3, "three"), LogLine { stream: Stream::Err, ..line(1, 4, "four") }];
    store.commit(batch(more.map(Record::Log)), When::Soon).await.expect("lines");
    store.flush().await.expect("a flush");
    let lines = store.log(&op_id(1), ALL).await.expect("lines");
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    assert_eq!(lines[3], LogLine { stream: Stream::Err, ..line(1, 4, "four") });
    assert_eq!(store.log_end(&op_id(1)).await, Ok(4));
    let page = store.log(&op_id(1), Page { after: 1, limit: 2 }).await.expect("a page");
    assert_eq!(page, lines[1..3]);
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(0)));
}

/// Oldest first, until each is handled.
pub async fn inputs_wait_until_they_are_handled(store: Arc<dyn Store>) {
    let records = [input("web:ops", "1", "a"), input("web:ops", "2", "b"), input("web:dev", "1", "c")]
        .map(Record::Input);
    assert_eq!(store.commit(batch(records), When::Now).await, Ok(Some(Seq(3))));
    store.commit(batch([Record::Handled { input: Seq(2) }]), When::Now).await.expect("handled");
    let waiting = [(Seq(1), input("web:ops", "1", "a")), (Seq(3), input("web:dev", "1", "c"))];
    assert_eq!(store.unhandled().await, Ok(waiting.to_vec()));
    let both = batch([Record::Handled { input: Seq(1) }, Record::Handled { input: Seq(3) }]);
    store.commit(both, When::Soon).await.expect("room in the queue");
    store.flush().await.expect("a flush");
    assert_eq!(store.unhandled().await, Ok(Vec::new()));
}

/// A repeated delivery is recognised, also after the first was worked off.
pub async fn an_input_is_accepted_once(store: Arc<dyn Store>) {
    let first = Record::Input(input("web:ops", "1", "a"));
    store.commit(batch([first.clone()]), When::Now).await.expect("an input");
    assert_conflict(&store, first.clone()).await;
    store.commit(batch([Record::Handled { input: Seq(1) }]), When::Now).await.expect("handled");
    assert_conflict(&store, first).await;
    let twice = batch([input("web:ops", "2", "b"), input("web:ops", "2", "b")].map(Record::Input));
    assert!(matches!(store.commit(twice, When::Now).await, Err(StoreError::Conflict(_))));
    let elsewhere = Record::Input(input("web:dev", "1", "a"));
    store.commit(batch([elsewhere]), When::Now).await.expect("the same id from another place");
}
