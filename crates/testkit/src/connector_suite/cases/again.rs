//! What comes again: after a break, under the same key, or because nobody said that it was kept.
//!
//! Not what breaks the connection. For tests only.

use std::{collections::HashSet, time::Duration};

use wilco_contract::{
    connector::{Cursor, DeliveryKey, Post},
    input::Input,
    reply::Reply,
};
use wilco_runtime::rate::Rate;

use super::super::{Line, PATIENCE, Rig, Way, ours};

/// The same delivery key is shown once, one after the other and at once.
pub async fn the_same_key_is_shown_once(rig: &dyn Rig) {
    let line = Line::open(rig, None).await;
    if !line.session.caps.keys {
        return;
    }
    let room = rig.room();
    let (key, reply) = (DeliveryKey("d-0001/slot/0".into()), Reply::text("once"));
    let post = Post { place: &room, thread: None, reply: &reply, key: &key };
    let outbox = &line.session.outbox;
    let (one, other) = tokio::join!(outbox.post(post), outbox.post(post));
    let third = outbox.post(post).await.expect("it is posted");
    assert_eq!(one.expect("it is posted"), third);
    assert_eq!(other.expect("it is posted"), third);
    assert_eq!(ours(rig, &room).await.len(), 1);
    drop(line);
    let line = Line::open(rig, None).await;
    assert_eq!(
        line.session.outbox.post(post).await.expect("it is posted"),
        third,
        "a new connection knows it too"
    );
    assert_eq!(ours(rig, &room).await.len(), 1);
}

/// After a break it goes on where it was: what was said meanwhile comes, and what was acked does not come again.
pub async fn a_new_connection_loses_and_doubles_nothing(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, ben], room) = (rig.people(), rig.room());
    let mut cursor: Option<Cursor> = None;
    for number in 0..5 {
        rig.say(&ana, &room, None, &format!("before {number}")).await.expect("it is said");
        let arrival = line.arrival().await;
        cursor = arrival.cursor.or(cursor);
        if let Some(ack) = arrival.ack {
            ack.send();
        }
    }
    drop(line);
    let meanwhile = if rig.remembers() { 5 } else { 0 };
    for number in 0..meanwhile {
        rig.say(&ana, &room, None, &format!("meanwhile {number}")).await.expect("it is said");
    }
    let mut line = Line::open(rig, cursor).await;
    rig.say(&ben, &room, None, "after").await.expect("it is said");
    for number in 0..meanwhile {
        assert_eq!(line.message().await.text, format!("meanwhile {number}"));
    }
    assert_eq!(line.message().await.text, "after");
}

/// What was given out and not acked is given out again, before what is newer.
pub async fn what_was_not_acked_comes_again(rig: &dyn Rig) {
    if !rig.remembers() {
        return;
    }
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    for text in ["acked", "given out", "never given out"] {
        rig.say(&ana, &room, None, text).await.expect("it is said");
    }
    let first = line.arrival().await;
    let cursor = first.cursor.clone();
    if let Some(ack) = first.ack {
        ack.send();
    }
    let second = line.arrival().await;
    let Input::Message(once) = second.input else { panic!("a message arrives") };
    drop(line);
    let mut line = Line::open(rig, cursor).await;
    rig.say(&ana, &room, None, "newer").await.expect("it is said");
    let again = line.message().await;
    assert_eq!((again.text.as_str(), &again.id), ("given out", &once.id), "it is the same delivery");
    assert_eq!(line.message().await.text, "never given out");
    assert_eq!(line.message().await.text, "newer");
}

/// What the network delivers twice is the same message both times, and what is said again is another one. What we post is
/// posted and shown once, though all that the server answers comes twice.
pub async fn what_is_delivered_twice_is_one_message(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, ben], room) = (rig.people(), rig.room());
    let twice = rig.say_twice(&ana, &room, "once").await;
    rig.say(&ben, &room, None, "between").await.expect("it is said");
    let mut ids = HashSet::new();
    let mut until = async |end: &str| loop {
        let message = line.message().await;
        if message.text == end {
            break ids.len();
        }
        // Whatever comes twice.
        if message.text != "between" {
            assert_eq!((message.text.as_str(), &message.from), ("once", &ana));
            ids.insert(message.id);
        }
    };
    assert_eq!(until("between").await, usize::from(twice), "whoever keeps ids takes it once");
    for _ in 0..2 {
        rig.say(&ana, &room, None, "once").await.expect("it is said");
    }
    rig.say(&ben, &room, None, "the end").await.expect("it is said");
    assert_eq!(until("the end").await, 2 + usize::from(twice), "said again, it is another one");
    if let Some(Way::ToServer(faults)) = rig.way() {
        faults.change(|faults| faults.repeat = true);
    }
    let receipt = line.posted(&room, None, "told").await;
    let other = line.posted(&room, None, "told after").await;
    assert_ne!(receipt, other, "an answer that comes again is no answer to what was said after it");
    let told: Vec<_> = ours(rig, &room).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(told, ["told", "told after"]);
}

/// What was said while nobody was connected arrives with the time at which it was said, so that an old order is seen to
/// be old. Where the network remembers nothing, nothing old arrives.
pub async fn what_was_said_meanwhile_has_its_own_time(rig: &dyn Rig) {
    const LATE: Duration = Duration::from_secs(180);
    if !rig.remembers() {
        return;
    }
    let line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    drop(line);
    rig.say(&ana, &room, None, "old").await.expect("it is said");
    rig.pass(LATE);
    rig.say(&ana, &room, None, "new").await.expect("it is said");
    let mut line = Line::open(rig, None).await;
    let (old, new) = (line.said().await, line.said().await);
    assert_eq!((old.text.as_str(), new.text.as_str()), ("old", "new"));
    assert!(new.at.duration_since(old.at).unsigned_abs() >= LATE, "{} and {}", old.at, new.at);
}

/// What was handed over before a stop is said to its end, once, though nobody listens any more and a rate holds it up;
/// and what is handed over again by the next start under the same keys is not said again where the network knows keys.
pub async fn a_shutdown_says_all_and_nothing_twice(rig: &dyn Rig) {
    const ALL: usize = 15;
    // All of it takes less than anybody waits for at a stop.
    let rate = Rate { count: 40, span: Duration::from_secs(1), burst: 3 };
    let ([ana, _], room) = (rig.people(), rig.room());
    let texts: Vec<_> = (0..ALL).map(|number| format!("told {number}")).collect();
    let line = match rig.paced(rate) {
        Some(connector) => Line::of(&*connector, None).await,
        None => Line::open(rig, None).await,
    };
    for text in &texts {
        line.hands_over(&room, text).await;
    }
    drop(line);
    let all_is_shown = async {
        while ours(rig, &room).await.len() < ALL {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_is_shown).await.expect("all of it is said");
    let mut line = Line::open(rig, None).await;
    for text in texts.iter().filter(|_| line.session.caps.keys) {
        line.hands_over(&room, text).await;
    }
    line.posted(&room, None, "the end").await;
    rig.say(&ana, &room, None, "after").await.expect("it is said");
    assert_eq!(line.said().await.text, "after");
    let told: Vec<_> = ours(rig, &room).await.into_iter().map(|shown| shown.text).collect();
    let (end, before) = told.split_last().expect("something is shown");
    assert_eq!((before, end.as_str()), (texts.as_slice(), "the end"));
}
