//! The network in memory under the cases of what a network tells beside lines, so that each of them is run by one that
//! tells all of it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;
use wilco_contract::{
    connector::{Arrival, ConnectError, Connector, Cursor, Session},
    ids::{Account, Place},
    input::{Input, Message},
    reply::Choice,
};
use wilco_runtime::rate::Rate;
use wilco_testkit::{
    connector_suite::{Act, Disbelieved, Expel, Pressed, Rig, Shown, Way, cases},
    network::{MemoryNetwork, people},
};

/// The network, two people, and what they said.
#[derive(Default)]
struct MemoryRig {
    network: Arc<MemoryNetwork>,
    line: Arc<Line>,
    said: Mutex<Vec<Message>>,
}

/// The one connection to it.
#[derive(Default)]
struct Line(Mutex<Option<mpsc::UnboundedSender<Arrival>>>);

struct MemoryConnector(Arc<MemoryNetwork>, Arc<Line>);

#[async_trait]
impl Connector for MemoryConnector {
    async fn connect(&self, _: Option<Cursor>) -> Result<Session, ConnectError> {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let arrivals = stream::unfold(arrivals, |mut arrivals| async move {
            arrivals.recv().await.map(|arrival: Arrival| (arrival, arrivals))
        });
        *self.1.0.lock().expect("no panic before") = Some(sender);
        Ok(Session {
            caps: MemoryNetwork::CAPS,
            arrivals: arrivals.boxed(),
            outbox: self.0.clone(),
            directory: self.0.clone(),
        })
    }
}

impl MemoryRig {
    fn arrives(&self, arrival: Arrival) {
        if let Some(line) = &*self.line.0.lock().expect("no panic before") {
            line.send(arrival).unwrap_or_else(|_| panic!("nobody reads"));
        }
    }
}

fn account(text: &str) -> Account {
    Account::parse(text).expect("an account")
}

#[async_trait]
impl Rig for MemoryRig {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(MemoryConnector(self.network.clone(), self.line.clone()))
    }

    fn room(&self) -> Place {
        Place::parse("web:ops").expect("a place")
    }

    fn missing_room(&self) -> Place {
        Place::parse("web:nowhere").expect("a place")
    }

    fn people(&self) -> [Account; 2] {
        [account("web:ana"), account("web:ben")]
    }

    fn stranger(&self) -> Option<Account> {
        None
    }

    fn remembers(&self) -> bool {
        false
    }

    async fn say(
        &self,
        who: &Account,
        place: &Place,
        thread: Option<&str>,
        text: &str,
    ) -> Result<(), String> {
        let message = {
            let mut said = self.said.lock().expect("no panic before");
            let number = said.len();
            said.push(Message {
                id: format!("said-{number}"),
                place: place.clone(),
                thread: thread.map(str::to_owned),
                from: who.clone(),
                text: text.to_owned(),
                at: Timestamp::UNIX_EPOCH,
                to_us: false,
            });
            said.last().cloned().expect("it was said")
        };
        self.arrives(Arrival { input: Input::Message(message), cursor: None, kept: None, ack: None });
        Ok(())
    }

    async fn shows(&self, _: &Account, _: &Place) -> Vec<Shown> {
        let shown = |id: String, thread: Option<String>, ours: bool, text: String| Shown {
            id,
            thread,
            ours,
            text,
            buttons: Vec::new(),
        };
        let said = self.said.lock().expect("no panic before").clone().into_iter();
        let said = said.map(|message| shown(message.id, message.thread, false, message.text));
        let ours = self.network.shown().into_iter().enumerate();
        let ours = ours.map(|(at, one)| shown(at.to_string(), one.thread, true, one.reply.plain()));
        said.chain(ours).collect()
    }

    fn way(&self) -> Option<Way<'_>> {
        // All of it is in this process: nothing passes anywhere.
        None
    }

    async fn kill(&self) -> bool {
        // There is no server.
        false
    }

    async fn disbelieved(&self) -> Option<Disbelieved> {
        // It asks nobody who they are.
        None
    }

    fn paced(&self, _: Rate) -> Option<Arc<dyn Connector>> {
        // It shows at once whatever is posted.
        None
    }

    fn tells_away(&self) -> bool {
        // It knows who comes and leaves, and no more.
        false
    }

    async fn expel(&self, _: &Place, _: Expel) -> bool {
        // Nobody in it may do that.
        false
    }

    async fn say_twice(&self, _: &Account, _: &Place, _: &str) -> bool {
        // Whatever is said arrives once.
        false
    }

    fn mass_mention(&self) -> Option<&'static str> {
        // It reads no words.
        None
    }

    async fn press(&self, _: &Account, _: &Place, button: &Choice) -> Pressed {
        unreachable!("no case here presses: {button:?}");
    }

    async fn act(&self, who: &Account, place: &Place, act: Act<'_>) {
        let now = Timestamp::UNIX_EPOCH;
        let act = match act {
            Act::Join => people::Act::Join,
            Act::Leave => people::Act::Leave,
            Act::Away(_) => unreachable!("nobody is told who is away here"),
            Act::Topic(topic) => people::Act::Topic(topic),
            Act::React { sign, on } => people::Act::React(sign, &on.id),
            Act::Edit { message, text } => {
                let said = self.said.lock().expect("no panic before").clone();
                let said = said.iter().find(|one| one.id == message.id).expect("it was said");
                return self.arrives(self.network.edits(said, text, now));
            }
        };
        if let Some(arrival) = self.network.does(who, place, act, now) {
            self.arrives(arrival);
        }
    }
}

#[tokio::test]
async fn an_edit_is_no_message() {
    cases::an_edit_is_no_message(&MemoryRig::default()).await;
}

#[tokio::test]
async fn who_comes_and_who_leaves_is_told() {
    cases::who_comes_and_who_leaves_is_told(&MemoryRig::default()).await;
}

#[tokio::test]
async fn another_topic_is_told() {
    cases::another_topic_is_told(&MemoryRig::default()).await;
}

#[tokio::test]
async fn a_sign_on_a_message_is_told() {
    cases::a_sign_on_a_message_is_told(&MemoryRig::default()).await;
}

/// What we do ourselves in it reaches nobody.
#[tokio::test]
async fn what_we_do_is_not_told() {
    let rig = MemoryRig::default();
    let mut session = rig.connector().connect(None).await.expect("it connects");
    let [ana, _] = rig.people();
    for act in [Act::Join, Act::Topic("ours"), Act::Leave] {
        rig.act(&account("web:wilco"), &rig.room(), act).await;
    }
    rig.say(&ana, &rig.room(), None, "after").await.expect("it is said");
    let arrival = session.arrivals.next().await.expect("it arrives");
    assert!(matches!(arrival.input, Input::Message(_)), "{:?}", arrival.input);
}
