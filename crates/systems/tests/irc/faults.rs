//! Connections with faults: what the connector makes of them.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use wilco_contract::{
    connector::{Connector, DeliveryKey, Post, SendError, Session},
    ids::Place,
    input::{Input, Message},
    reply::Reply,
};
use wilco_runtime::dial::Tls;
use wilco_testkit::proxy::Proxy;

use crate::{
    people::Person,
    servers::Network,
    suite::{connector, settings},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// A server, a way to it with faults, somebody in the room, and the connector, connected.
struct Line {
    proxy: Proxy,
    ana: Person,
    connector: Arc<dyn Connector>,
    session: Session,
    _network: Network,
}

impl Line {
    async fn of(network: Network, piece: Option<usize>) -> Self {
        let proxy = Proxy::before(network.port).await;
        proxy.change(|faults| faults.piece = piece);
        let ana = Person::come(network.port, "ana").await;
        ana.enter("#ops").await;
        let connector = connector(settings(proxy.port(), Tls::Off));
        let session = connector.connect(None).await.expect("it connects");
        Self { proxy, ana, connector, session, _network: network }
    }

    async fn message(&mut self) -> Message {
        let arrival = tokio::time::timeout(PATIENCE, self.session.arrivals.next()).await;
        match arrival.expect("in time").expect("the connection stands").input {
            Input::Message(message) => message,
            other => panic!("something else arrived: {other:?}"),
        }
    }
}

async fn post(session: &Session, text: &str) -> Result<(), SendError> {
    let (place, reply) = (Place::parse("irc:#ops").expect("a place"), Reply::text(text));
    let key = DeliveryKey(text.to_owned());
    session.outbox.post(Post { place: &place, thread: None, reply: &reply, key: &key }).await.map(|_| ())
}

#[tokio::test]
async fn bytes_that_come_one_by_one_are_the_same_lines() {
    let mut line = Line::of(Network::inspircd(), Some(1)).await;
    for number in 0..5 {
        line.ana.say("#ops", &format!("line {number} with 👩\u{200d}🚒")).await;
        assert_eq!(line.message().await.text, format!("line {number} with 👩\u{200d}🚒"));
        post(&line.session, &format!("answer {number}")).await.expect("it is posted");
        line.ana.hears(&format!("answer {number}")).await;
    }
}

#[tokio::test]
async fn a_line_that_comes_twice_is_the_same_message() {
    let mut line = Line::of(Network::inspircd(), None).await;
    line.proxy.change(|faults| faults.repeat = true);
    line.ana.say("#ops", "once").await;
    let (one, other) = (line.message().await, line.message().await);
    assert_eq!((one.text.as_str(), &one.id), ("once", &other.id), "the engine takes it once");
    line.ana.say("#ops", "once").await;
    assert_ne!(line.message().await.id, one.id, "said again, it is another one");
    post(&line.session, "an answer").await.expect("whatever comes twice, it is posted");
}

#[tokio::test]
async fn what_was_under_way_at_a_cut_is_in_doubt_and_the_next_connection_is_whole() {
    let mut line = Line::of(Network::ngircd(), None).await;
    line.proxy.change(|faults| faults.stall = true);
    let cut = async {
        // The post is written first: nobody confirms it.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        line.proxy.cut();
    };
    let (posted, ()) = tokio::join!(post(&line.session, "in doubt"), cut);
    assert!(matches!(posted, Err(SendError::Unknown { .. })), "{posted:?}");
    assert!(line.session.arrivals.next().await.is_none(), "the connection ended");
    assert!(matches!(post(&line.session, "too late").await, Err(SendError::NotSent { .. })));
    line.proxy.change(|faults| faults.stall = false);
    line.session = line.connector.connect(None).await.expect("it connects again");
    post(&line.session, "certain").await.expect("it is posted");
    line.ana.hears("certain").await;
    line.ana.sync().await;
    let told: Vec<_> = line.ana.heard().into_iter().map(|words| words.text).collect();
    assert_eq!(told, ["certain"]);
}

#[tokio::test]
async fn a_connection_that_nobody_is_behind_is_noticed() {
    let mut line = Line::of(Network::ngircd(), None).await;
    line.proxy.change(|faults| faults.stall = true);
    // Now nothing happens but that time passes.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    assert!(line.session.arrivals.next().await.is_none(), "the connection ended");
    let silence = began.elapsed();
    assert!((80..100).contains(&silence.as_secs()), "after {silence:?}");
}
