//! What was said while we were away, on a real server that plays it to whoever enters a room.

use futures_util::StreamExt as _;
use wilco_contract::input::Input;
use wilco_runtime::dial::Tls;
use wilco_testkit::proxy::Proxy;

use crate::{
    people::Person,
    servers::Network,
    suite::{connector, settings},
};

#[tokio::test]
async fn what_was_said_meanwhile_arrives_once_and_by_a_guest_where_no_account_is_kept() {
    let network = Network::inspircd();
    let proxy = Proxy::before(network.port).await;
    let ana = Person::come(network.port, "ana").await;
    ana.register().await;
    ana.enter("#ops").await;
    ana.send("MODE #ops +H 50:1h").await;
    let connector = connector(settings(proxy.port(), Tls::Off));
    let mut session = connector.connect(None).await.expect("it connects");
    let (mut heard, mut cursor) = (Vec::<String>::new(), None);
    for round in 0..3 {
        ana.say("#ops", &format!("there {round}")).await;
        while heard.last() != Some(&format!("irc:ana there {round}")) {
            let arrival = session.arrivals.next().await.expect("the connection stands");
            cursor = arrival.cursor.or(cursor);
            if let Input::Message(message) = arrival.input {
                heard.push(format!("{} {}", message.from, message.text));
            }
        }
        proxy.cut();
        assert!(session.arrivals.next().await.is_none(), "the connection ended");
        ana.say("#ops", &format!("meanwhile {round}")).await;
        ana.sync().await;
        session = connector.connect(cursor.clone()).await.expect("it connects again");
    }
    ana.say("#ops", "the end").await;
    while heard.last().is_none_or(|last| last != "irc:ana the end") {
        if let Input::Message(message) = session.arrivals.next().await.expect("it stands").input {
            heard.push(format!("{} {}", message.from, message.text));
        }
    }
    let rounds =
        (0..3).flat_map(|round| [format!("irc:ana there {round}"), format!("irc:~ana meanwhile {round}")]);
    assert_eq!(heard, rounds.chain(["irc:ana the end".to_owned()]).collect::<Vec<_>>());
}
