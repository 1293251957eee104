//! The cases of all connectors, on a server that knows accounts and on one that does not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use wilco_contract::{
    connector::{Connector, News},
    ids::{Account, Place},
    reply::Choice,
    source::Secret,
};
use wilco_runtime::{
    chance::OsChance,
    clock::SystemClock,
    dial::{Address, Tls},
    rate::Rate,
    tasks::Tasks,
};
use wilco_systems::irc::{IrcConnector, Parts, Sasl, Settings};
use wilco_testkit::{
    connector_suite::{Act, Disbelieved, Expel, Pressed, Rig, Shown, Way},
    proxy::Proxy,
};

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
    Arc::new(told(settings, Arc::new(Nobody)))
}

/// A connector that tells this one what becomes of it.
fn told(settings: Settings, news: Arc<dyn News>) -> IrcConnector {
    let (clock, chance, spawn) = (Arc::new(SystemClock), Arc::new(OsChance), Arc::new(Tasks::new()));
    IrcConnector::new(Parts { settings, clock, chance, spawn, news })
}

/// Remembers what was told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl News for Told {
    fn tell(&self, _: &str, what: String) {
        self.0.lock().expect("no panic before").push(what);
    }
}

/// Ana and Ben are in the room; Zed is connected alone. Wilco comes through a connection with faults.
struct IrcRig {
    connector: Arc<dyn Connector>,
    news: Arc<Told>,
    proxy: Proxy,
    people: Mutex<HashMap<Account, Arc<Person>>>,
    /// Somebody who took another's name.
    poser: Mutex<Option<Person>>,
    known: [Account; 3],
    accounts: bool,
    network: Mutex<Network>,
    /// Another server, which wants a password.
    closed: Mutex<Option<Network>>,
}

const NICKS: [&str; 3] = ["ana", "ben", "zed"];
/// Whom a ban keeps out.
const MASK: &str = "wilco*!*@*";

impl IrcRig {
    async fn start(network: Network) -> Self {
        let (port, accounts) = (network.port, network.accounts);
        let sign = if accounts { "" } else { "~" };
        let account = |nick: &str| Account::parse(&format!("irc:{sign}{nick}")).expect("an account");
        let proxy = Proxy::before(port).await;
        let news = Arc::new(Told::default());
        let rig = Self {
            connector: Arc::new(told(settings(proxy.port(), Tls::Off), news.clone())),
            news,
            proxy,
            people: Mutex::default(),
            poser: Mutex::default(),
            known: NICKS.map(account),
            accounts,
            network: Mutex::new(network),
            closed: Mutex::default(),
        };
        rig.gather(port, true).await;
        rig
    }

    /// Everybody comes to where they are, with an account where there are any: a new one, or the one that they have.
    async fn gather(&self, port: u16, new: bool) {
        for (account, nick) in self.known.iter().zip(NICKS) {
            let person = Person::come(port, nick).await;
            match (self.accounts, new) {
                (true, true) => person.register().await,
                (true, false) => person.proves("IDENTIFY sesame").await,
                (false, _) => {}
            }
            if nick != "zed" {
                person.enter("#ops").await;
            }
            self.people.lock().expect("no panic before").insert(account.clone(), Arc::new(person));
        }
    }

    fn person(&self, who: &Account) -> Arc<Person> {
        self.people.lock().expect("no panic before")[who].clone()
    }

    /// Who came first, and so may change the room.
    fn first(&self) -> Arc<Person> {
        self.person(&self.known[0])
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
        let person = self.person(who);
        let target = if place.direct().is_some() { "wilco" } else { place.room() };
        person.say(target, text).await;
        person.sync().await;
        Ok(())
    }

    async fn shows(&self, who: &Account, place: &Place) -> Vec<Shown> {
        let person = self.person(who);
        person.sync().await;
        // Where a connection before is still going, the next one has another nick.
        let is_us = |nick: &str| nick.trim_end_matches('_') == "wilco";
        let is_here = |nick: &str, target: &str| match place.direct() {
            Some(id) => {
                id == who.id()
                    && ((is_us(nick) && target == person.nick) || (nick == person.nick && target == "wilco"))
            }
            None => target == place.room(),
        };
        let here =
            person.heard().into_iter().enumerate().filter(|(_, said)| is_here(&said.nick, &said.target));
        let shown = here.map(|(at, said)| Shown {
            id: at.to_string(),
            thread: None,
            ours: is_us(&said.nick),
            text: said.text,
            buttons: Vec::new(),
        });
        shown.collect()
    }

    fn is_there(&self, _: &Account) -> bool {
        true
    }

    async fn act(&self, who: &Account, place: &Place, act: Act<'_>) {
        let (person, room) = (self.person(who), place.room());
        match act {
            Act::Join => person.enter(room).await,
            Act::Leave => person.send(&format!("PART {room}")).await,
            Act::Away(true) => person.send("AWAY :lunch").await,
            Act::Away(false) => person.send("AWAY").await,
            Act::Topic(topic) => {
                // Whoever came first may let everybody do it.
                let first = self.first();
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

    fn way(&self) -> Option<Way<'_>> {
        Some(Way::ToServer(&self.proxy))
    }

    fn notices_within(&self) -> Duration {
        // After 90 seconds, says docs/networks/irc.md; the rest is for whatever else takes time.
        Duration::from_secs(100)
    }

    fn hurry(&self) {
        tokio::time::pause();
    }

    async fn kill(&self) -> bool {
        self.network.lock().expect("no panic before").kill();
        true
    }

    async fn revive(&self) {
        let port = {
            let mut network = self.network.lock().expect("no panic before");
            network.begin();
            network.port
        };
        self.gather(port, false).await;
    }

    async fn disbelieved(&self) -> Option<Disbelieved> {
        let secret = "opensesame";
        if self.accounts {
            let sasl = Sasl::Password { account: "ana".into(), password: Secret::new(secret) };
            let settings = Settings { sasl: Some(sasl), ..settings(self.proxy.port(), Tls::Off) };
            return Some(Disbelieved { connector: connector(settings), secret, names: "the account `ana`" });
        }
        let closed = Network::with_password(false, "sesame");
        let wrong = told(settings(closed.port, Tls::Off), Arc::new(Nobody));
        let connector = Arc::new(wrong.with_password(Some(Secret::new(secret))));
        *self.closed.lock().expect("no panic before") = Some(closed);
        Some(Disbelieved { connector, secret, names: "password" })
    }

    fn paced(&self, rate: Rate) -> Option<Arc<dyn Connector>> {
        Some(connector(Settings { rate: Some(rate), ..settings(self.proxy.port(), Tls::Off) }))
    }

    async fn pose(&self, who: &Account, place: &Place, text: &str) -> Result<Account, String> {
        let theirs = self.person(who);
        theirs.send(&format!("NICK {}_away", theirs.nick)).await;
        theirs.sync().await;
        let port = self.network.lock().expect("no panic before").port;
        let poser = Person::come(port, &theirs.nick).await;
        poser.enter(place.room()).await;
        poser.say(place.room(), text).await;
        *self.poser.lock().expect("no panic before") = Some(poser);
        Ok(Account::parse(&format!("irc:~{}", theirs.nick)).expect("an account"))
    }

    fn tells_away(&self) -> bool {
        // ngircd has no `away-notify`.
        self.accounts
    }

    async fn expel(&self, place: &Place, how: Expel) -> bool {
        let (first, room) = (self.first(), place.room());
        first.send(&format!("MODE {room} +b {MASK}")).await;
        if how == Expel::Kick {
            first.send(&format!("KICK {room} wilco :too loud")).await;
        }
        first.sync().await;
        true
    }

    async fn invite(&self, place: &Place) {
        let (first, room) = (self.first(), place.room());
        first.send(&format!("MODE {room} -b {MASK}\r\nINVITE wilco {room}")).await;
        first.meets("wilco", room).await;
    }

    fn news(&self) -> Vec<String> {
        self.news.0.lock().expect("no panic before").clone()
    }

    async fn say_twice(&self, who: &Account, place: &Place, text: &str) -> bool {
        // ngircd gives messages no ids.
        if self.accounts {
            self.proxy.change(|faults| faults.repeat = true);
            self.say(who, place, None, text).await.expect("it is said");
        }
        self.accounts
    }

    fn mass_mention(&self) -> Option<&'static str> {
        // IRC has no such word: only a nick calls somebody.
        None
    }

    async fn say_bytes(&self, who: &Account, place: &Place, bytes: &[u8]) -> Result<(), String> {
        let person = self.person(who);
        person.send_bytes(&[b"PRIVMSG ", place.room().as_bytes(), b" :", bytes].concat()).await;
        person.sync().await;
        Ok(())
    }
}

mod without_accounts {
    wilco_testkit::connector_suite!(super::IrcRig::start(super::Network::ngircd()));
}

mod with_accounts {
    wilco_testkit::connector_suite!(super::IrcRig::start(super::Network::inspircd()));
}
