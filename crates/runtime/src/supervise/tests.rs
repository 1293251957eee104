//! What a supervisor does with a connector that fails in every way.

use std::collections::VecDeque;

use futures_util::stream;
use tokio::sync::mpsc;
use wilco_contract::{
    connector::DeliveryKey,
    input::{Input, Message},
};

use super::*;
use crate::{chance::SeededChance, clock::SteppedClock};

/// A network of prepared connections, and what it was asked.
#[derive(Default)]
struct Prepared {
    connections: Mutex<VecDeque<Result<Vec<&'static str>, Retry>>>,
    resumed: Mutex<Vec<Option<Cursor>>>,
    posted: Mutex<Vec<String>>,
}

struct Here(Arc<Prepared>);

struct Gone;

fn place() -> Place {
    Place::parse("far:ops").expect("a place")
}

fn message(text: &str) -> Message {
    Message {
        id: text.to_owned(),
        place: place(),
        thread: None,
        from: Account::parse("far:ana").expect("an account"),
        text: text.to_owned(),
        at: Timestamp::UNIX_EPOCH,
        to_us: false,
    }
}

#[async_trait]
impl Connector for Here {
    async fn connect(&self, resume: Option<Cursor>) -> Result<Session, ConnectError> {
        self.0.resumed.lock().expect("the list").push(resume);
        let next = self.0.connections.lock().expect("the list").pop_front();
        let said = match next {
            Some(Ok(said)) => said,
            Some(Err(retry)) => return Err(ConnectError { what: "it does not work".into(), retry }),
            None => panic!("a connector with a mistake"),
        };
        let arrivals = said.into_iter().map(|text| Arrival {
            input: Input::Message(message(text)),
            cursor: Some(Cursor(text.to_owned())),
            kept: None,
            ack: None,
        });
        let arrivals: Vec<_> = arrivals.collect();
        Ok(Session {
            caps: Caps { keys: true, ..LEAST },
            arrivals: Box::pin(stream::iter(arrivals)),
            outbox: Arc::new(Gone),
            directory: Arc::new(Gone),
        })
    }
}

#[async_trait]
impl Outbox for Gone {
    async fn post(&self, _: Post<'_>) -> Result<Receipt, SendError> {
        Err(SendError::NotSent { what: "gone".into(), retry: Retry::Backoff })
    }

    async fn edit(&self, _: &Receipt, _: &Reply) -> Result<(), SendError> {
        Ok(())
    }
}

#[async_trait]
impl Outbox for Here {
    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        self.0.posted.lock().expect("the list").push(post.key.0.clone());
        Ok(Receipt { place: post.place.clone(), id: post.key.0.clone() })
    }

    async fn edit(&self, _: &Receipt, _: &Reply) -> Result<(), SendError> {
        Ok(())
    }
}

#[async_trait]
impl Directory for Gone {
    async fn exists(&self, _: &Place) -> bool {
        true
    }

    async fn may_read(&self, _: &Account, _: &Place) -> bool {
        false
    }

    async fn members(&self, _: &Place) -> Vec<Account> {
        Vec::new()
    }

    async fn open_dm(&self, _: &Account) -> Option<Place> {
        None
    }
}

/// Hears what arrives and is attached.
struct Heard {
    texts: mpsc::UnboundedSender<String>,
    attached: Mutex<Vec<Caps>>,
}

#[async_trait]
impl Receiver for Heard {
    fn attach(&self, _: &str, caps: Caps, _: Arc<Line>) {
        self.attached.lock().expect("the list").push(caps);
    }

    async fn parked(&self, connector: &str, why: &str) {
        let _ = self.texts.send(format!("{connector} is parked: {why}"));
    }

    async fn accept(&self, arrival: Arrival) {
        if let Input::Message(message) = arrival.input {
            let _ = self.texts.send(message.text);
        }
    }
}

#[tokio::test]
async fn it_goes_on_after_every_end_but_the_one_that_somebody_has_to_mend() {
    let connections = [
        Ok(vec!["one", "two"]),
        Err(Retry::Backoff),
        Err(Retry::After(Duration::from_secs(9))),
        Ok(vec!["three"]),
        Ok(vec![]),
        Err(Retry::Never),
    ];
    let prepared = Arc::new(Prepared { connections: Mutex::new(connections.into()), ..Prepared::default() });
    let (texts, mut heard) = mpsc::unbounded_channel();
    let receiver = Arc::new(Heard { texts, attached: Mutex::default() });
    let healths = Healths::default();
    let supervisor = Supervisor {
        name: "far".into(),
        connector: Arc::new(Here(prepared.clone())),
        receiver: receiver.clone(),
        clock: Arc::new(SteppedClock::new(Timestamp::UNIX_EPOCH)),
        chance: Arc::new(SeededChance::new(7)),
        healths: healths.clone(),
    };
    supervisor.begin(Ends::never()).await;
    assert_eq!(healths.all(), [("far".to_owned(), Health::Parked { why: "it does not work".into() })]);
    let mut said = Vec::new();
    while let Ok(text) = heard.try_recv() {
        said.push(text);
    }
    assert_eq!(said, ["one", "two", "three", "far is parked: it does not work"]);
    let cursor = |text: &str| Some(Cursor(text.to_owned()));
    let resumed = prepared.resumed.lock().expect("the list").clone();
    assert_eq!(
        resumed,
        [None, cursor("two"), cursor("two"), cursor("two"), cursor("three"), cursor("three")]
    );
    let keys: Vec<_> = receiver.attached.lock().expect("the list").iter().map(|caps| caps.keys).collect();
    assert_eq!(keys, [false, true, true, true], "attached before the first connection, and by each");
}

#[tokio::test]
async fn what_is_sent_in_a_short_break_waits_for_its_end() {
    let line = Arc::new(Line::new("far"));
    let prepared = Arc::new(Prepared::default());
    line.now.send_replace(Some(Way { outbox: Arc::new(Gone), directory: Arc::new(Gone), number: 1 }));
    assert!(line.exists(&place()).await);
    line.now.send_replace(None);
    assert!(!line.exists(&place()).await);
    let (place, reply, key) = (place(), Reply::text("hello"), DeliveryKey("one".into()));
    let sending = line.post(Post { place: &place, thread: None, reply: &reply, key: &key });
    let coming = async {
        tokio::task::yield_now().await;
        line.now.send_replace(Some(Way {
            outbox: Arc::new(Here(prepared.clone())),
            directory: Arc::new(Gone),
            number: 2,
        }));
    };
    let (sent, ()) = tokio::join!(sending, coming);
    assert_eq!(sent.map(|receipt| receipt.id).ok(), Some("one".to_owned()));
    assert_eq!(*prepared.posted.lock().expect("the list"), ["one"]);
    // Nothing waits for what will not come.
    line.now.send_replace(None);
    line.hurry();
    let error = line
        .post(Post { place: &place, thread: None, reply: &reply, key: &key })
        .await
        .expect_err("it is over");
    assert!(error.to_string().contains("`far` is not connected"), "{error}");
}

#[test]
fn pauses_grow_and_are_spread() {
    let [none, all] = [[0; 16], [255; 16]];
    let longest: Vec<_> =
        (0..8).map(|tries| pause(tries, Retry::Backoff, all).map(|pause| pause.as_secs())).collect();
    assert_eq!(longest, [1, 2, 4, 8, 16, 32, 60, 60].map(Some));
    assert_eq!(pause(5, Retry::Backoff, none), Some(Duration::ZERO));
    assert_eq!(pause(3, Retry::Never, all), None);
    assert_eq!(pause(3, Retry::After(Duration::from_secs(30)), none), Some(Duration::from_secs(30)));
    assert_eq!(
        (pause(0, Retry::Now, all), pause(1, Retry::Now, all)),
        (Some(Duration::ZERO), Some(Duration::from_secs(2)))
    );
}
