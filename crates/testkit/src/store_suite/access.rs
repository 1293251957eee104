//! Locks and ways in.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    access::{AccessEvent, LoginLink, Session, Token},
    principal::Scope,
    store::{Batch, Lock, LockOwner, Record, Store, StoreError, When},
};

use super::samples::{at, batch, hash, op_id, person};

fn lock(key: &str, owner: LockOwner, until: i64) -> Lock {
    Lock { key: key.to_owned(), owner, reason: "a release".to_owned(), at: at(0), expires_at: at(until) }
}

/// The record of a link, redeemed or not.
#[must_use]
pub fn link(word: &str, used_at: Option<Timestamp>) -> Record {
    let (person, by) = (person("ana"), "operator".to_owned());
    Record::Access(AccessEvent::Link(LoginLink {
        hash: hash(word),
        person,
        by,
        expires_at: at(600),
        used_at,
    }))
}

/// The record of a session, going on or ended.
#[must_use]
pub fn session(word: &str, ended_at: Option<Timestamp>) -> Record {
    let (hash, person) = (hash(word), person("ana"));
    let session = Session { hash, person, created_at: at(0), seen_at: at(1), ended_at };
    Record::Access(match ended_at {
        None => AccessEvent::Session(session),
        Some(_) => AccessEvent::Ended { session, by: "@ana".to_owned() },
    })
}

/// The record of a token that ends at [`at`]`(100)`.
#[must_use]
pub fn token(word: &str, name: &str, revoked_at: Option<Timestamp>) -> Record {
    let token = Token {
        name: name.to_owned(),
        hash: hash(word),
        scope: Scope::Order,
        by: "operator".to_owned(),
        created_at: at(0),
        expires_at: at(100),
        revoked_at,
    };
    Record::Access(match revoked_at {
        None => AccessEvent::Token(token),
        Some(_) => AccessEvent::Revoked { token, by: "operator".to_owned() },
    })
}

async fn commit(store: &Arc<dyn Store>, seconds: i64, record: Record) -> Result<(), StoreError> {
    store.commit(Batch { at: at(seconds), records: vec![record] }, When::Now).await.map(drop)
}

fn assert_conflict(answer: &Result<(), StoreError>) {
    assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
}

/// Taken, prolonged by its owner, refused to others, given back.
pub async fn a_lock_has_one_owner(store: Arc<dyn Store>) {
    let (mine, yours) = (LockOwner::Operation(op_id(1)), LockOwner::Somebody("@ben".into()));
    assert_eq!(store.locks().await, Ok(Vec::new()));
    commit(&store, 0, Record::Locked(lock("b", mine.clone(), 50))).await.expect("a free key");
    commit(&store, 0, Record::Locked(lock("a", yours.clone(), 50))).await.expect("another key");
    assert_conflict(&commit(&store, 1, Record::Locked(lock("b", yours.clone(), 60))).await);
    commit(&store, 1, Record::Locked(lock("b", mine.clone(), 70))).await.expect("its owner prolongs it");
    let expected = [lock("a", yours.clone(), 50), lock("b", mine, 70)];
    assert_eq!(store.locks().await, Ok(expected.to_vec()));
    commit(&store, 2, Record::Unlocked { key: "b".into(), by: "@ana".into() }).await.expect("given back");
    commit(&store, 2, Record::Locked(lock("b", yours.clone(), 60))).await.expect("free again");
    // Given back and taken by another in one batch.
    let records = vec![
        Record::Unlocked { key: "a".into(), by: "@ben".into() },
        Record::Locked(lock("a", LockOwner::Operation(op_id(2)), 90)),
    ];
    store.commit(batch(records), When::Now).await.expect("handed over");
    let expected = [lock("a", LockOwner::Operation(op_id(2)), 90), lock("b", yours, 60)];
    assert_eq!(store.locks().await, Ok(expected.to_vec()));
}

/// From the moment of its expiry anybody takes it.
pub async fn a_lock_that_expired_is_free(store: Arc<dyn Store>) {
    let (mine, yours) = (LockOwner::Operation(op_id(1)), LockOwner::Operation(op_id(2)));
    commit(&store, 0, Record::Locked(lock("a", mine, 50))).await.expect("a free key");
    assert_conflict(&commit(&store, 49, Record::Locked(lock("a", yours.clone(), 90))).await);
    commit(&store, 50, Record::Locked(lock("a", yours.clone(), 90))).await.expect("it expired");
    assert_eq!(store.locks().await, Ok(vec![lock("a", yours, 90)]));
}

/// Made, redeemed, and then never again.
pub async fn a_link_is_redeemed_once(store: Arc<dyn Store>) {
    assert_eq!(store.link(hash("l")).await, Ok(None));
    commit(&store, 0, link("l", None)).await.expect("a link");
    let made = store.link(hash("l")).await.expect("a read").expect("the link");
    assert_eq!((made.person, made.by.as_str(), made.used_at), (person("ana"), "operator", None));
    commit(&store, 5, link("l", Some(at(5)))).await.expect("redeemed");
    assert_conflict(&commit(&store, 6, link("l", Some(at(6)))).await);
    assert_conflict(&commit(&store, 6, link("l", None)).await);
    let used = store.link(hash("l")).await.expect("a read").expect("the link");
    assert_eq!((used.used_at, used.expires_at), (Some(at(5)), at(600)));
}

/// Two pages post the same secret at the same moment.
pub async fn of_two_that_redeem_at_once_one_does(store: Arc<dyn Store>) {
    commit(&store, 0, link("l", None)).await.expect("a link");
    let tries = (0..8).map(|number| {
        let records = vec![link("l", Some(at(1))), session(&format!("s{number}"), None)];
        store.commit(batch(records), When::Now)
    });
    let answers = join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let mut sessions = 0;
    for number in 0..8 {
        let found = store.session(hash(&format!("s{number}"))).await.expect("a read");
        sessions += usize::from(found.is_some());
    }
    assert_eq!(sessions, 1);
}

/// A late note of its use does not bring a session back.
pub async fn a_session_that_ended_stays_so(store: Arc<dyn Store>) {
    commit(&store, 0, session("s", None)).await.expect("a session");
    let found = store.session(hash("s")).await.expect("a read").expect("the session");
    assert_eq!((found.person, found.seen_at, found.ended_at), (person("ana"), at(1), None));
    commit(&store, 5, session("s", Some(at(5)))).await.expect("ended");
    commit(&store, 6, session("s", None)).await.expect("a late note");
    let found = store.session(hash("s")).await.expect("a read").expect("the session");
    assert_eq!(found.ended_at, Some(at(5)));
    assert_eq!(store.session(hash("t")).await, Ok(None));
}

/// Neither what was ended nor what nobody used since then; the last used first.
pub async fn open_sessions_are_those_that_are_used(store: Arc<dyn Store>) {
    let used = |word: &str, seen_at: Timestamp, ended_at: Option<Timestamp>| {
        let (hash, person) = (hash(word), person("ana"));
        Record::Access(AccessEvent::Session(Session { hash, person, created_at: at(0), seen_at, ended_at }))
    };
    let half = at(10) + SignedDuration::from_millis(500);
    for record in [
        used("old", at(9), None),
        used("first", at(10), None),
        used("half", half, None),
        used("last", at(30), None),
        used("ended", at(20), None),
        used("ended", at(20), Some(at(21))),
    ] {
        commit(&store, 40, record).await.expect("a session");
    }
    let found = async |since| {
        let found = store.open_sessions(since).await.expect("a read");
        found.into_iter().map(|session| session.hash).collect::<Vec<_>>()
    };
    assert_eq!(found(at(10)).await, [hash("last"), hash("half"), hash("first")]);
    assert_eq!(found(half).await, [hash("last"), hash("half")]);
    assert_eq!(found(at(31)).await, []);
}

/// A name is taken until its token is revoked or ends.
pub async fn a_token_name_lives_once(store: Arc<dyn Store>) {
    commit(&store, 0, token("one", "ci", None)).await.expect("a token");
    assert_conflict(&commit(&store, 1, token("two", "ci", None)).await);
    commit(&store, 1, token("two", "cd", None)).await.expect("another name");
    commit(&store, 2, token("one", "ci", Some(at(2)))).await.expect("revoked");
    commit(&store, 2, token("one", "ci", None)).await.expect("a late note");
    let found = store.token(hash("one")).await.expect("a read").expect("the token");
    assert_eq!(found.revoked_at, Some(at(2)), "what was revoked stays so");
    commit(&store, 2, token("five", "ci", None)).await.expect("the name is free");
    commit(&store, 3, token("two", "cd", Some(at(3)))).await.expect("revoked");
    commit(&store, 3, token("three", "cd", None)).await.expect("the name is free");
    commit(&store, 100, token("four", "cd", None)).await.expect("the one before ended");
    assert_eq!(store.token(hash("none")).await, Ok(None));
}

/// All of them, revoked or not.
pub async fn tokens_are_listed_by_name(store: Arc<dyn Store>) {
    commit(&store, 0, token("b", "b", None)).await.expect("a token");
    commit(&store, 0, token("a", "a", None)).await.expect("a token");
    commit(&store, 1, token("b", "b", Some(at(1)))).await.expect("revoked");
    let tokens = store.tokens().await.expect("tokens");
    let seen: Vec<_> = tokens.iter().map(|token| (token.name.as_str(), token.revoked_at)).collect();
    assert_eq!(seen, [("a", None), ("b", Some(at(1)))]);
    assert_eq!((tokens[0].hash, tokens[0].scope), (hash("a"), Scope::Order));
}
