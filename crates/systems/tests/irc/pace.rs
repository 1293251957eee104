//! How long it takes from what somebody says to the answer that they hear.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;
use wilco_contract::{
    connector::{DeliveryKey, Post},
    ids::Place,
    input::Input,
    reply::Reply,
};
use wilco_runtime::dial::Tls;

use crate::{
    people::Person,
    servers::Network,
    suite::{connector, settings},
};

/// How often somebody asks.
const ROUNDS: usize = 200;
/// The longest that half of the answers may take: less than a delayed acknowledgement of TCP, which takes 40 ms, and far
/// more than any of them does.
const HALF: Duration = Duration::from_millis(20);

/// How long each round took, the shortest first.
async fn rounds(network: &Network) -> Vec<Duration> {
    let ana = Person::come(network.port, "ana").await;
    ana.enter("#ops").await;
    let mut session = connector(settings(network.port, Tls::Off)).connect(None).await.expect("it connects");
    let place = Place::parse("irc:#ops").expect("a place");
    let mut took = Vec::new();
    for number in 0..ROUNDS {
        let began = Instant::now();
        ana.send(&format!("PRIVMSG #ops :wilco: ping {number}")).await;
        let message = loop {
            match session.arrivals.next().await.expect("the connection stands").input {
                Input::Message(message) => break message,
                _ => {}
            }
        };
        assert_eq!(message.text, format!("wilco: ping {number}"));
        let (reply, key) = (Reply::text(format!("pong {number}.")), DeliveryKey(number.to_string()));
        let post = Post { place: &place, thread: None, reply: &reply, key: &key };
        session.outbox.say(post).await.expect("it is said");
        ana.hears(&format!("pong {number}.")).await;
        took.push(began.elapsed());
    }
    took.sort();
    took
}

#[tokio::test]
async fn an_answer_waits_for_no_delayed_acknowledgement() {
    for network in [Network::inspircd(), Network::ngircd()] {
        let took = rounds(&network).await;
        let [half, most, longest] = [took[ROUNDS / 2], took[ROUNDS * 95 / 100], took[ROUNDS - 1]];
        assert!(half < HALF, "half within {half:?}, of a hundred 95 within {most:?}, all within {longest:?}");
    }
}
