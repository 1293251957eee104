//! What opens a server and a room: a password, and a key.

use std::sync::Arc;

use wilco_contract::{connector::Connector as _, source::Secret};
use wilco_runtime::{chance::OsChance, clock::SystemClock, dial::Tls, tasks::Tasks};
use wilco_systems::irc::{IrcConnector, Parts, RoomSettings};

use crate::{
    people::Person,
    servers::Network,
    suite::{Nobody, connector, settings},
};

fn with_password(network: &Network, password: Option<&str>) -> IrcConnector {
    let (clock, chance, spawn) = (Arc::new(SystemClock), Arc::new(OsChance), Arc::new(Tasks::new()));
    let settings = settings(network.port, Tls::Off);
    let news = Arc::new(Nobody);
    IrcConnector::new(Parts { settings, clock, chance, spawn, news }).with_password(password.map(Secret::new))
}

#[tokio::test]
async fn a_server_with_a_password_lets_in_who_says_it() {
    for accounts in [false, true] {
        let network = Network::with_password(accounts, "sesame");
        let right = with_password(&network, Some("sesame")).connect(None).await;
        right.map(|_| ()).expect("it lets us in");
        for password in [Some("wrong"), None] {
            let error = with_password(&network, password).connect(None).await.map(|_| ());
            let error = error.expect_err("it does not let us in");
            // Some servers say no by a number of its own, others just end the connection, with words of their own.
            let what = error.what.to_lowercase();
            assert!(what.contains("password") || what.contains("access denied"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_room_with_a_key_is_entered_with_it() {
    for network in [Network::ngircd(), Network::inspircd()] {
        let ana = Person::come(network.port, "ana").await;
        ana.enter("#secret").await;
        ana.send("MODE #secret +k swordfish").await;
        ana.sync().await;
        let room = |key: &str| {
            let mut settings = settings(network.port, Tls::Off);
            let key = Some(Secret::new(key)).filter(|key| !key.expose().is_empty());
            settings.rooms = vec![RoomSettings { name: "#secret".into(), key }];
            settings
        };
        let place = wilco_contract::ids::Place::parse("irc:#secret").expect("a place");
        let session = connector(room("swordfish")).connect(None).await.expect("it connects");
        ana.meets("wilco", "#secret").await;
        assert!(session.directory.exists(&place).await);
        let other = connector(room("sardine")).connect(None).await.expect("it connects");
        assert!(!other.directory.exists(&place).await, "with another key it is not let in");
    }
}
