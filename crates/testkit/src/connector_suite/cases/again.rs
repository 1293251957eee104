//! What comes again: after a break, under the same key, or because nobody said that it was kept.
//!
//! Not what breaks the connection. For tests only.

use wilco_contract::{
    connector::{Cursor, DeliveryKey, Post},
    input::Input,
    reply::Reply,
};

use super::super::{Line, Rig, ours};

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
