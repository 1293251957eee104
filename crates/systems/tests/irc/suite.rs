//! The cases of all connectors, on a server that knows accounts and on one that does not.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use wilco_contract::{
    connector::{Connector, News},
    ids::{Account, Place},
    reply::Choice,
};
use wilco_runtime::{
    chance::OsChance,
    clock::SystemClock,
    dial::{Address, Tls},
    tasks::Tasks,
};
use wilco_systems::irc::{IrcConnector, Parts, Settings};
use wilco_testkit::connector_suite::{Act, Pressed, Rig, Shown};

use crate::{people::Person, servers::Network};

/// What `wilco.toml` would say of a server on this port.
pub(crate) fn settings(port: u16, tls: Tls) -> Settings {
    Settings {
        name: "irc".into(),
        addresses: vec![Address { host: "127.0.0.1".into(), port, tls }],
        nick: "wilco".into(),
        sasl: None,
        rooms: vec!["#ops".into()],
        rate: None,
        called: "wilco".into(),
        console: "http://localhost:7777".into(),
        pictures: true,
    }
}

/// Who tells nobody.
pub(crate) struct Nobody;

impl News for Nobody {
    fn tell(&self, _: &str, _: String) {}
}

/// A connector with these settings.
pub(crate) fn connector(settings: Settings) -> Arc<dyn Connector> {
    let (clock, chance, spawn) = (Arc::new(SystemClock), Arc::new(OsChance), Arc::new(Tasks::new()));
    Arc::new(IrcConnector::new(Parts { settings, clock, chance, spawn, news: Arc::new(Nobody) }))
}

/// Ana and Ben are in the room; Zed is connected alone.
struct IrcRig {
    connector: Arc<dyn Connector>,
    people: HashMap<Account, Person>,
    known: [Account; 3],
    _network: Network,
}

impl IrcRig {
    async fn start(network: Network) -> Self {
        let sign = if network.accounts { "" } else { "~" };
        let account = |nick: &str| Account::parse(&format!("irc:{sign}{nick}")).expect("an account");
        let mut people = HashMap::new();
        for nick in ["ana", "ben", "zed"] {
            let person = Person::come(network.port, nick).await;
            if network.accounts {
                person.register().await;
            }
            if nick != "zed" {
                person.enter("#ops").await;
            }
            people.insert(account(nick), person);
        }
        let connector = connector(settings(network.port, Tls::Off));
        Self { connector, people, known: ["ana", "ben", "zed"].map(account), _network: network }
    }
}

fn place(name: &str) -> Place {
    Place::parse(name).expect("a place")
}

#[async_trait]
impl Rig for IrcRig {
    fn connector(&self) -> Arc<dyn Connector> {
        self.connector.clone()
    }

    fn room(&self) -> Place {
        place("irc:#ops")
    }

    fn missing_room(&self) -> Place {
        place("irc:#nowhere")
    }

    fn people(&self) -> [Account; 2] {
        let [ana, ben, _] = self.known.clone();
        [ana, ben]
    }

    fn stranger(&self) -> Option<Account> {
        Some(self.known[2].clone())
    }

    fn remembers(&self) -> bool {
        false
    }

    async fn say(&self, who: &Account, place: &Place, _: Option<&str>, text: &str) -> Result<(), String> {
        let person = &self.people[who];
        let target = if place.direct().is_some() { "wilco" } else { place.room() };
        person.say(target, text).await;
        person.sync().await;
        Ok(())
    }

    async fn shows(&self, who: &Account, place: &Place) -> Vec<Shown> {
        let person = &self.people[who];
        person.sync().await;
        let is_here = |nick: &str, target: &str| match place.direct() {
            Some(id) => {
                id == who.id()
                    && ((nick == "wilco" && target == person.nick)
                        || (nick == person.nick && target == "wilco"))
            }
            None => target == place.room(),
        };
        let here =
            person.heard().into_iter().enumerate().filter(|(_, said)| is_here(&said.nick, &said.target));
        let shown = here.map(|(at, said)| Shown {
            id: at.to_string(),
            thread: None,
            ours: said.nick == "wilco",
            text: said.text,
            buttons: Vec::new(),
        });
        shown.collect()
    }

    fn is_there(&self, _: &Account) -> bool {
        true
    }

    async fn act(&self, who: &Account, place: &Place, act: Act<'_>) {
        let (person, room) = (&self.people[who], place.room());
        match act {
            Act::Join => person.enter(room).await,
            Act::Leave => person.send(&format!("PART {room}")).await,
            Act::Topic(topic) => {
                // Whoever came first may let everybody do it.
                let first = &self.people[&self.known[0]];
                first.send(&format!("MODE {room} -t")).await;
                first.sync().await;
                person.send(&format!("TOPIC {room} :{topic}")).await;
            }
            Act::React { .. } | Act::Edit { .. } => panic!("IRC has neither: {act:?}"),
        }
        person.sync().await;
    }

    async fn press(&self, _: &Account, _: &Place, button: &Choice) -> Pressed {
        panic!("IRC has no buttons, and `{}` is one", button.label)
    }
}

mod without_accounts {
    wilco_testkit::connector_suite!(super::IrcRig::start(super::Network::ngircd()));
}

mod with_accounts {
    wilco_testkit::connector_suite!(super::IrcRig::start(super::Network::inspircd()));
}
