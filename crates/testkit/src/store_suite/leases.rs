//! Leases: one holder at a time, and no commit of an earlier one.

use std::sync::Arc;

use wilco_contract::{
    ids::Seq,
    lease::{Fence, Holder, Lease},
    store::{Record, Store, StoreError, When},
};

use super::samples::{at, batch, read};

fn lease(holder: &str, token: u64, until: i64) -> Lease {
    let holder = Holder { id: holder.to_owned(), machine: "m".to_owned(), process: 1, since: at(0) };
    Lease { name: "wilco".to_owned(), holder, token, until: at(until) }
}

/// Written as of the second 0, like all batches of the samples.
async fn write(store: &Arc<dyn Store>, lease: Lease) -> Result<(), StoreError> {
    store.commit(batch([Record::Lease(lease)]), When::Now).await.map(drop)
}

/// It is prolonged by its holder, and taken by another one when it has run out or was given back, with the next token.
pub async fn a_lease_has_one_holder_and_its_token_only_grows(store: Arc<dyn Store>) {
    let is_conflict = |answer| matches!(answer, Err(StoreError::Conflict(_)));
    assert_eq!(store.leases().await, Ok(Vec::new()));
    assert!(is_conflict(write(&store, lease("one", 2, 60)).await), "it was never taken");
    write(&store, lease("one", 1, 60)).await.expect("taken");
    for theirs in [lease("two", 2, 60), lease("two", 1, 60), lease("one", 3, 60)] {
        assert!(is_conflict(write(&store, theirs.clone()).await), "{theirs:?}");
    }
    write(&store, lease("one", 1, 90)).await.expect("prolonged");
    assert_eq!(store.leases().await, Ok(vec![lease("one", 1, 90)]));
    write(&store, lease("one", 1, -1)).await.expect("given back");
    assert!(is_conflict(write(&store, lease("two", 1, 60)).await), "each holder has a token of their own");
    write(&store, lease("two", 2, 60)).await.expect("taken");
    assert!(is_conflict(write(&store, lease("one", 1, 90)).await), "it is somebody else's");
    assert_eq!(store.leases().await, Ok(vec![lease("two", 2, 60)]));
    assert_eq!(store.head().await.expect("a head").seq, Seq(0), "it stands beside the journal");
}

/// Of two that come at once one has it.
pub async fn of_two_that_take_a_lease_at_once_one_does(store: Arc<dyn Store>) {
    let (one, two) = tokio::join!(write(&store, lease("one", 1, 60)), write(&store, lease("two", 1, 60)));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

/// What a holder commits after another one has taken its lease is not written, none of it.
pub async fn a_holder_whose_token_is_stale_commits_nothing(store: Arc<dyn Store>) {
    let mine = |token| Fence { name: "wilco".to_owned(), token };
    write(&store, lease("one", 1, 60)).await.expect("taken");
    store.fence(mine(1));
    store.commit(batch([read("a")]), When::Now).await.expect("it is ours");
    write(&store, lease("one", 1, -1)).await.expect("prolonged, or given back");
    write(&store, lease("two", 2, 60)).await.expect("somebody else takes it");
    for when in [When::Now, When::Soon] {
        let refused = store.commit(batch([read("b"), read("c")]), when).await;
        assert!(when == When::Soon || matches!(refused, Err(StoreError::Fenced(_))), "{refused:?}");
        store.flush().await.expect("flushed");
        assert_eq!(store.head().await.expect("a head").seq, Seq(1));
    }
    let again = write(&store, lease("one", 1, 90)).await;
    assert!(again.is_err(), "nor does it take it back: {again:?}");
    store.fence(mine(2));
    store.commit(batch([read("d")]), When::Now).await.expect("it is the second one's");
    assert_eq!(store.head().await.expect("a head").seq, Seq(2));
}
