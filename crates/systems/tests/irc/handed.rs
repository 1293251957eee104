//! Answers that nobody waits for, on a network without a rate: handed to the connection, and not lost by its end.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use wilco_contract::{
    connector::{DeliveryKey, Outbox, Post, SendError, Session},
    ids::Place,
    reply::Reply,
};
use wilco_runtime::dial::Tls;
use wilco_testkit::scripted::{Peer, Scripted};

use crate::suite::{connector, settings};

fn ops() -> Place {
    Place::parse("irc:#ops").expect("a place")
}

async fn greeted(server: &Scripted) -> Peer {
    let mut peer = server.accept().await;
    peer.lets_in("wilco", "message-tags", "CASEMAPPING=ascii").await;
    peer.admits("wilco", "#ops", "ana").await;
    peer
}

async fn say(outbox: &dyn Outbox, text: &str) -> Result<(), SendError> {
    let (place, reply, key) = (ops(), Reply::text(text), DeliveryKey(text.to_owned()));
    outbox.say(Post { place: &place, thread: None, reply: &reply, key: &key }).await
}

/// The numbers of what was said, in the order in which the server read it.
fn numbers(peer: &Peer) -> Vec<usize> {
    let number = |line: &String| line.strip_prefix("PRIVMSG #ops :said ")?.split(' ').next()?.parse().ok();
    peer.heard().iter().filter_map(number).collect()
}

#[tokio::test]
async fn what_was_handed_over_just_before_the_end_is_said() {
    // Which of the end and the last words is looked at first is chance.
    for _ in 0..8 {
        let server = Scripted::listen().await;
        let connector = connector(settings(server.port(), Tls::Off));
        let (session, mut peer) = tokio::join!(connector.connect(None), greeted(&server));
        let session = session.expect("it connects");
        for number in 0..20 {
            say(&*session.outbox, &format!("said {number} ")).await.expect("it is taken");
        }
        drop(session);
        peer.hears("QUIT").await;
        assert_eq!(numbers(&peer), (0..20).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_a_connection_had_not_taken_is_said_over_the_next_one() {
    let server = Scripted::listen().await;
    let connector = connector(settings(server.port(), Tls::Off));
    let (session, peer) = tokio::join!(connector.connect(None), greeted(&server));
    let mut session = session.expect("it connects");
    // The server reads nothing more: all that lies on the way fills up, and what waits behind it is left over.
    let mut handed = 0;
    let long = "x".repeat(350);
    while timeout(Duration::from_millis(500), say(&*session.outbox, &format!("said {handed} {long}")))
        .await
        .is_ok_and(|said| said.is_ok())
    {
        handed += 1;
    }
    drop(peer);
    assert!(session.arrivals.next().await.is_none(), "the connection ended");

    let (session, mut peer) = tokio::join!(connector.connect(None), greeted(&server));
    let session = session.expect("it connects again");
    say(&*session.outbox, "that is all").await.expect("it is taken");
    peer.hears("that is all").await;
    let (again, first) = (numbers(&peer), numbers(&peer).first().copied());
    let first = first.expect("something was left");
    assert!(handed - first >= 32, "{first} of {handed}");
    assert_eq!(again, (first..handed).collect::<Vec<_>>(), "the last of them, in their order");
}

#[tokio::test]
async fn a_room_that_takes_nothing_is_known_until_it_takes_something() {
    let server = Scripted::listen().await;
    let connector = connector(settings(server.port(), Tls::Off));
    let (session, mut peer) = tokio::join!(connector.connect(None), greeted(&server));
    let session = session.expect("it connects");
    let outbox = &*session.outbox;
    let is_there = async |there: bool, session: &Session| {
        while session.directory.exists(&ops()).await != there {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    peer.says(":ben!b@h KICK #ops wilco :out").await;
    is_there(false, &session).await;
    say(outbox, "said 1 ").await.expect("it is taken, and nobody waits for what becomes of it");
    // What was handed over before is looked at first.
    is_there(false, &session).await;
    for _ in 0..2 {
        let refused = say(outbox, "said 2 ").await;
        assert!(matches!(refused, Err(SendError::NotSent { .. })), "{refused:?}");
    }
    peer.says(":ben!b@h INVITE wilco #ops").await;
    peer.admits("wilco", "#ops", "ana").await;
    is_there(true, &session).await;
    for number in 3..6 {
        say(outbox, &format!("said {number} ")).await.expect("it is taken");
    }
    peer.hears("said 5").await;
    assert_eq!(numbers(&peer), [3, 4, 5]);
}

#[tokio::test]
async fn what_is_posted_stands_behind_what_was_said_before() {
    let server = Scripted::listen().await;
    let connector = connector(settings(server.port(), Tls::Off));
    let (session, mut peer) = tokio::join!(connector.connect(None), greeted(&server));
    let session = session.expect("it connects");
    let outbox = session.outbox.clone();
    for number in 0..3 {
        say(&*outbox, &format!("said {number} ")).await.expect("it is taken");
    }
    let (place, reply, key) = (ops(), Reply::text("said 3 at last"), DeliveryKey("3".to_owned()));
    let posting = outbox.post(Post { place: &place, thread: None, reply: &reply, key: &key });
    let playing = async move {
        peer.hears("said 3").await;
        numbers(&peer)
    };
    let (posted, heard) = tokio::join!(posting, playing);
    assert_eq!(heard, [0, 1, 2, 3]);
    assert!(posted.is_err(), "nobody said that it has it");
}
