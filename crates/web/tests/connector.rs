//! The page as a connector, under the cases that every connector passes.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use wilco_contract::{
    connector::{Connector, DeliveryKey, Post},
    ids::{Account, Place},
    input::{Input, Press},
    operation::State,
    reply::{Choice, Reply},
};
use wilco_engine::{NotDecided, PlanSeen};
use wilco_testkit::connector_suite::{Pressed, Rig, Shown};

use crate::support::{Server, client::Client, place};

/// People's clients are the API, as the page uses it.
struct WebRig {
    server: Server,
    clients: HashMap<Account, Client>,
}

impl WebRig {
    async fn start() -> Self {
        let server = Server::start().await;
        let mut clients = HashMap::new();
        for name in ["ana", "ben"] {
            clients.insert(account(name), server.signed_in(name).await);
        }
        clients.insert(account("zed"), server.client());
        Self { server, clients }
    }
}

fn account(name: &str) -> Account {
    Account::parse(&format!("web:{name}")).expect("an account")
}

fn messages_of(place: &Place) -> String {
    format!("/api/v1/rooms/{}/messages", place.as_str().replace(':', "%3A").replace('@', "%40"))
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
        let answer = self.clients[who].post(&messages_of(place), &body).await;
        match answer.status {
            201 => Ok(()),
            status => Err(answer.problem(status)["detail"].as_str().expect("a sentence").to_owned()),
        }
    }

    async fn shows(&self, who: &Account, place: &Place) -> Vec<Shown> {
        let answer = self.clients[who].get(&format!("{}?limit=500", messages_of(place))).await;
        if answer.status != 200 {
            return Vec::new();
        }
        let messages = answer.json();
        messages["items"].as_array().expect("messages").iter().map(shown).collect()
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
