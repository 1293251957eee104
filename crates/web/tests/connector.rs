//! The page as a connector, under the cases that every connector passes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use wilco_contract::{
    connector::{Connector, DeliveryKey, Post},
    ids::{Account, Place},
    input::{Happens, Input, Press},
    operation::State,
    reply::{Choice, Reply},
};
use wilco_engine::{NotDecided, PlanSeen};
use wilco_runtime::rate::Rate;
use wilco_testkit::{
    connector_suite::{Act, Disbelieved, Expel, Pressed, Rig, Shown, Way},
    proxy::Proxy,
};

use crate::support::{
    Server,
    client::{Answer, Client, Events},
    place,
};

/// How long somebody may be away without having left.
const GRACE: Duration = Duration::from_secs(30);

/// People's clients are the API, as the page uses it, through connections with faults.
struct WebRig {
    server: Server,
    proxy: Proxy,
    clients: HashMap<Account, Client>,
    /// The live streams that people have open.
    streams: Mutex<HashMap<Account, Events>>,
}

impl WebRig {
    async fn start() -> Self {
        let server = Server::start().await;
        let proxy = Proxy::before(server.address.port()).await;
        let mut clients = HashMap::new();
        for name in ["ana", "ben"] {
            clients.insert(account(name), server.signed_in(name).await.through(proxy.port()));
        }
        clients.insert(account("zed"), server.client().through(proxy.port()));
        Self { server, proxy, clients, streams: Mutex::default() }
    }
}

fn account(name: &str) -> Account {
    Account::parse(&format!("web:{name}")).expect("an account")
}

fn messages_of(place: &Place) -> String {
    format!("/api/v1/rooms/{}/messages", place.as_str().replace(':', "%3A").replace('@', "%40"))
}

/// Whether it was said, or why not.
fn said(answer: &Answer) -> Result<(), String> {
    match answer.status {
        201 => Ok(()),
        status => Err(answer.problem(status)["detail"].as_str().expect("a sentence").to_owned()),
    }
}

#[async_trait]
impl Rig for WebRig {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.server.connector.clone())
    }

    fn room(&self) -> Place {
        place("web:ops")
    }

    fn missing_room(&self) -> Place {
        place("web:nowhere")
    }

    fn people(&self) -> [Account; 2] {
        [account("ana"), account("ben")]
    }

    fn stranger(&self) -> Option<Account> {
        Some(account("zed"))
    }

    fn remembers(&self) -> bool {
        true
    }

    async fn say(
        &self,
        who: &Account,
        place: &Place,
        thread: Option<&str>,
        text: &str,
    ) -> Result<(), String> {
        let body = json!({ "text": text, "thread": thread });
        said(&self.clients[who].post(&messages_of(place), &body).await)
    }

    async fn shows(&self, who: &Account, place: &Place) -> Vec<Shown> {
        let answer = self.clients[who].get(&format!("{}?limit=500", messages_of(place))).await;
        if answer.status != 200 {
            return Vec::new();
        }
        let messages = answer.json();
        messages["items"].as_array().expect("messages").iter().map(shown).collect()
    }

    async fn act(&self, who: &Account, place: &Place, act: Act<'_>) {
        match act {
            Act::Join => {
                // Whoever is there right after the start was there before.
                self.server.clock.advance(GRACE);
                let stream = messages_of(place).replace("/messages", "/stream");
                let events = self.clients[who].events(&stream).await;
                self.streams.lock().expect("no panic before").insert(who.clone(), events);
            }
            Act::Leave => {
                self.streams.lock().expect("no panic before").remove(who);
                while !self.server.present(place).await.is_empty() {
                    tokio::task::yield_now().await;
                }
                self.server.clock.advance(GRACE);
            }
            other => unreachable!("nobody can do this on the page: {other:?}"),
        }
    }

    async fn press(&self, who: &Account, place: &Place, button: &Choice) -> Pressed {
        let operation = self.server.keep(self.server.operation(7)).await;
        assert_eq!(operation.id, button.operation);
        self.server.desk.decide_with(Box::new(move |_| Err(NotDecided::Changed(Arc::clone(&operation)))));
        let path = format!("/api/v1/operations/{}/{}", button.operation, button.press.word());
        let answer = self.clients[who].post(&path, &json!({ "plan": button.plan })).await;
        assert_eq!(answer.status, 409, "{}", answer.text());
        let decide = self.server.desk.decisions().pop().expect("a decision was handed in");
        Pressed::Answered(Press {
            id: "answered".into(),
            place: place.clone(),
            from: decide.who.account().expect("an account").clone(),
            press: decide.press,
            operation: decide.operation,
            plan: match decide.plan {
                PlanSeen::Hash(plan) => plan,
                PlanSeen::At(at) => panic!("a press names its plan, not {at}"),
            },
            at: Timestamp::UNIX_EPOCH,
        })
    }

    fn way(&self) -> Option<Way<'_>> {
        Some(Way::ToUs(&self.proxy))
    }

    async fn kill(&self) -> bool {
        // The server is Wilco itself.
        false
    }

    async fn disbelieved(&self) -> Option<Disbelieved> {
        // Nobody asks Wilco who it is in rooms that it keeps itself.
        None
    }

    fn paced(&self, _: Rate) -> Option<Arc<dyn Connector>> {
        // What is posted goes into the store, which bounds nothing.
        None
    }

    fn tells_away(&self) -> bool {
        // A page is open or it is not: there is no word for being away.
        false
    }

    async fn expel(&self, _: &Place, _: Expel) -> bool {
        // The rooms are Wilco's own.
        false
    }

    fn mass_mention(&self) -> Option<&'static str> {
        // No word of the page calls anybody.
        None
    }

    fn pass(&self, span: Duration) {
        self.server.clock.advance(span);
    }

    async fn pose(&self, who: &Account, place: &Place, text: &str) -> Result<Account, String> {
        // Whoever is signed in as nobody, and whoever names somebody else than themselves.
        let mut refused = String::new();
        for (poser, body) in [("zed", json!({ "text": text })), ("ben", json!({ "text": text, "from": who }))]
        {
            let answer = self.clients[&account(poser)].post(&messages_of(place), &body).await;
            refused = said(&answer).expect_err("nobody is somebody else");
        }
        Err(refused)
    }

    async fn say_twice(&self, who: &Account, place: &Place, text: &str) -> bool {
        // A page that had no answer says it again under the same key.
        let client = self.clients[who].with("idempotency-key", "twice");
        for _ in 0..2 {
            let answer = client.post(&messages_of(place), &json!({ "text": text })).await;
            said(&answer).expect("it is said, or was");
        }
        true
    }

    async fn say_bytes(&self, who: &Account, place: &Place, bytes: &[u8]) -> Result<(), String> {
        let body = [br#"{"text": ""#, bytes, br#""}"#].concat();
        said(&self.clients[who].send_bytes("POST", &messages_of(place), Some(body.into())).await)
    }
}

fn shown(message: &Value) -> Shown {
    let text = |name: &str| message[name].as_str().map(ToOwned::to_owned);
    let blocks = message["blocks"].as_array().expect("blocks");
    let choices = blocks
        .iter()
        .filter(|block| block["type"] == "choices")
        .flat_map(|block| serde_json::from_value::<Vec<Choice>>(block["choices"].clone()).expect("buttons"));
    Shown {
        id: text("id").expect("an id"),
        thread: text("thread"),
        ours: message["from"]["kind"] == "wilco",
        text: text("text").expect("a text"),
        buttons: choices.collect(),
    }
}

mod suite {
    wilco_testkit::connector_suite!(super::WebRig::start());
}

/// A page that is loaded anew, or opened twice, is no leaving; and after a start nobody comes who was there before.
#[tokio::test]
async fn who_comes_again_at_once_was_there_all_the_time() {
    let rig = WebRig::start().await;
    let (ana, room) = (account("ana"), rig.room());
    let mut session = rig.server.connector.connect(None).await.expect("it connects");
    let stream = messages_of(&room).replace("/messages", "/stream");
    let open = async || rig.clients[&ana].events(&stream).await;
    let closed = async |events: Events, left: usize| {
        drop(events);
        while rig.server.present(&room).await.len() != left {
            tokio::task::yield_now().await;
        }
    };
    // A second window, and a reload of both, right after the start.
    let (one, other) = (open().await, open().await);
    closed(one, 1).await;
    closed(other, 0).await;
    rig.server.clock.advance(GRACE - Duration::from_secs(1));
    let again = open().await;
    rig.server.clock.advance(GRACE);
    rig.say(&ana, &room, None, "here").await.expect("it is said");
    let arrival = futures_util::StreamExt::next(&mut session.arrivals).await.expect("it arrives");
    assert!(
        matches!(&arrival.input, Input::Message(message) if message.text == "here"),
        "{:?}",
        arrival.input
    );
    // What happens in a direct conversation is told to nobody.
    let direct = rig.clients[&ana].events("/api/v1/rooms/web%3A%40ana/stream").await;
    drop(direct);
    closed(again, 0).await;
    rig.server.clock.advance(GRACE);
    let arrival = futures_util::StreamExt::next(&mut session.arrivals).await.expect("it arrives");
    assert!(
        matches!(&arrival.input, Input::Happened(told) if told.what == Happens::Left && told.place == room),
        "{:?}",
        arrival.input
    );
    assert!(arrival.kept.is_none() && arrival.ack.is_none());
}

/// What was committed and not worked off is the engine's to take up after a restart, not the connector's.
#[tokio::test]
async fn after_a_restart_the_journal_has_what_was_not_worked_off() {
    let first = WebRig::start().await;
    let ana = account("ana");
    first.say(&ana, &first.room(), None, "wilco ping 1").await.expect("it is said");
    let store = Arc::clone(&first.server.store);
    let unhandled = store.unhandled().await.expect("the inbox");
    let [(seq, Input::Message(message))] = &unhandled[..] else { panic!("one message: {unhandled:?}") };
    assert_eq!((message.text.as_str(), &message.from), ("wilco ping 1", &ana));

    let second = Server::start_on(Arc::clone(&store)).await;
    let mut session = second.connector.connect(None).await.expect("it connects");
    let receipt = second.connector.connect(None).await.expect("it connects").outbox;
    let key = DeliveryKey("answer/1".into());
    let post =
        Post { place: &message.place, thread: Some(&message.id), reply: &Reply::text("pong 1"), key: &key };
    receipt.post(post).await.expect("the answer finds its thread by what the journal kept");
    let ben = second.signed_in("ben").await;
    let shown = ben.get("/api/v1/rooms/web%3Aops/messages").await.json();
    assert_eq!(shown["items"][1]["thread"], shown["items"][0]["id"]);
    assert_eq!(shown["items"][0]["id"], (seq.0 - 1).to_string());
    // The first session ended when the second began, and neither gave the old message out.
    assert!(futures_util::StreamExt::next(&mut session.arrivals).await.is_none());
}

/// A record of both, or of neither: an order in the room that nobody works off would be a lie.
#[tokio::test]
async fn a_message_and_its_input_are_one_commit() {
    let rig = WebRig::start().await;
    let before = rig.server.store.head().await.expect("the head").seq.0;
    rig.say(&account("ana"), &rig.room(), None, "wilco ping 1").await.expect("it is said");
    let page = wilco_contract::store::Page { after: before, limit: 10 };
    let kinds: Vec<String> = rig
        .server
        .store
        .sealed(page)
        .await
        .expect("records")
        .iter()
        .map(|record| {
            let body: Value = serde_json::from_str(record.body.as_deref().expect("a body")).expect("JSON");
            body["kind"].as_str().expect("a kind").to_owned()
        })
        .collect();
    assert_eq!(kinds, ["message", "input"]);
    let operation = rig.server.operation(1);
    assert_eq!(operation.state, State::AwaitingApproval);
}
