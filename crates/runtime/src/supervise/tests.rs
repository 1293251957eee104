//! What a supervisor does with a connector that fails in every way.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};

use futures_util::stream;
use jiff::Timestamp;
use tokio::sync::mpsc;
use wilco_contract::{
    clock::Spawn as _,
    connector::{DeliveryKey, Directory, Outbox, Post, Receipt, SendError, Standings as _},
    ids::{Account, Place},
    input::{Input, Message},
    reply::Reply,
};

use super::*;
use crate::{chance::SeededChance, clock::SteppedClock, tasks::Tasks};

/// How a connection goes: what is said on it until it ends, or why there is none.
type Next = Result<Vec<&'static str>, Retry>;

/// A network of prepared connections, and what it was asked.
#[derive(Default)]
struct Prepared {
    connections: Mutex<VecDeque<Next>>,
    resumed: Mutex<Vec<Option<Cursor>>>,
    posted: Mutex<Vec<String>>,
    refuses: AtomicBool,
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
        if self.0.refuses.load(Ordering::SeqCst) {
            return Err(SendError::NotSent { what: "not now".into(), retry: Retry::Backoff });
        }
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

    async fn mended(&self, connector: &str) {
        let _ = self.texts.send(format!("{connector} is mended"));
    }

    async fn stalled(&self, connector: &str) {
        let _ = self.texts.send(format!("{connector} stalls"));
    }

    async fn accept(&self, arrival: Arrival) {
        if let Input::Message(message) = &arrival.input
            && message.text == "never"
        {
            std::future::pending::<()>().await;
        }
        if let Input::Message(message) = &arrival.input {
            assert_ne!(message.text, "a mistake", "whoever takes it in makes one");
        }
        if let Input::Message(message) = arrival.input {
            let _ = self.texts.send(message.text);
        }
    }
}

/// A connector with prepared connections, under a supervisor that runs while somebody waits for what it says.
struct Far {
    prepared: Arc<Prepared>,
    receiver: Arc<Heard>,
    heard: mpsc::UnboundedReceiver<String>,
    seat: Arc<Seat>,
    healths: Healths,
    running: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Far {
    fn of(name: &str, connections: Vec<Next>) -> Self {
        let prepared =
            Arc::new(Prepared { connections: Mutex::new(connections.into()), ..Prepared::default() });
        Self::by(name, Seat::new(Arc::new(Here(prepared.clone()))), prepared)
    }

    fn by(name: &str, seat: Arc<Seat>, prepared: Arc<Prepared>) -> Self {
        let (texts, heard) = mpsc::unbounded_channel();
        let receiver = Arc::new(Heard { texts, attached: Mutex::default() });
        let healths = Healths::default();
        let supervisor = Supervisor {
            name: name.into(),
            seat: seat.clone(),
            receiver: receiver.clone(),
            clock: Arc::new(SteppedClock::new(Timestamp::UNIX_EPOCH)),
            chance: Arc::new(SeededChance::new(7)),
            healths: healths.clone(),
        };
        let running = Box::pin(supervisor.begin(Ends::never()));
        Self { prepared, receiver, heard, seat, healths, running }
    }

    /// What it said until it said this.
    async fn until(&mut self, last: &str) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        while said.last().is_none_or(|said| said != last) {
            tokio::select! {
                biased;
                Some(text) = self.heard.recv() => said.push(text),
                () = &mut self.running => panic!("it ended after {said:?}"),
            }
        }
        said
    }
}

#[tokio::test]
async fn it_goes_on_after_every_end_but_the_one_that_somebody_has_to_mend() {
    let connections = vec![
        Ok(vec!["one", "two"]),
        Err(Retry::Backoff),
        Err(Retry::After(Duration::from_secs(9))),
        Ok(vec!["three"]),
        Ok(vec![]),
        Err(Retry::Never),
    ];
    let mut far = Far::of("far", connections);
    let said = far.until("far is parked: it does not work").await;
    assert_eq!(far.healths.all(), [("far".to_owned(), Health::Parked { why: "it does not work".into() })]);
    assert_eq!(said, ["one", "two", "three", "far is parked: it does not work"]);
    let cursor = |text: &str| Some(Cursor(text.to_owned()));
    let resumed = far.prepared.resumed.lock().expect("the list").clone();
    assert_eq!(
        resumed,
        [None, cursor("two"), cursor("two"), cursor("two"), cursor("three"), cursor("three")]
    );
    let keys: Vec<_> = far.receiver.attached.lock().expect("the list").iter().map(|caps| caps.keys).collect();
    assert_eq!(keys, [false, true, true, true], "attached before the first connection, and by each");
}

#[tokio::test]
async fn what_makes_a_mistake_is_left_out_and_what_came_behind_it_is_heard() {
    let mut far = Far::of("far", vec![Ok(vec!["one", "a mistake", "two"]), Err(Retry::Never)]);
    let said = far.until("far is parked: it does not work").await;
    assert_eq!(said, ["one", "two", "far is parked: it does not work"]);
    let resumed = far.prepared.resumed.lock().expect("the list").clone();
    assert_eq!(resumed, [None, Some(Cursor("two".to_owned()))], "one connection brought all of it");
}

#[tokio::test]
async fn what_is_sent_in_a_short_break_waits_for_its_end() {
    let line = Arc::new(Line::new("far", Arc::new(SteppedClock::new(Timestamp::UNIX_EPOCH))));
    let prepared = Arc::new(Prepared::default());
    line.stands(Way { outbox: Arc::new(Gone), directory: Arc::new(Gone), number: 1 });
    assert!(line.exists(&place()).await);
    line.broke();
    assert!(!line.exists(&place()).await);
    let (place, reply, key) = (place(), Reply::text("hello"), DeliveryKey("one".into()));
    let sending = line.post(Post { place: &place, thread: None, reply: &reply, key: &key });
    let coming = async {
        tokio::task::yield_now().await;
        line.stands(Way { outbox: Arc::new(Here(prepared.clone())), directory: Arc::new(Gone), number: 2 });
    };
    let (sent, ()) = tokio::join!(sending, coming);
    assert_eq!(sent.map(|receipt| receipt.id).ok(), Some("one".to_owned()));
    assert_eq!(*prepared.posted.lock().expect("the list"), ["one"]);
    // Nothing waits for what will not come.
    line.broke();
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

#[tokio::test]
async fn a_parked_connector_is_tried_again_when_somebody_says_so_and_told_once() {
    let mut far = Far::of("far", vec![Err(Retry::Never), Err(Retry::Never)]);
    far.until("far is parked: it does not work").await;
    far.seat.retry();
    while far.prepared.resumed.lock().expect("the list").len() < 2 {
        tokio::select! {
            biased;
            () = &mut far.running => panic!("it ended"),
            () = tokio::task::yield_now() => {}
        }
    }
    let mended = Prepared { connections: Mutex::new([Ok(vec!["hello"])].into()), ..Prepared::default() };
    far.seat.replace(Arc::new(Here(Arc::new(mended))));
    far.seat.retry();
    assert_eq!(far.until("hello").await, ["far is mended", "hello"], "what was told is told once");
}

/// Ways in which a connector may be broken.
enum Broken {
    /// It never connects.
    Hangs,
    /// Its stream never says anything.
    Silent,
    /// Its stream makes a mistake.
    Panics,
}

#[async_trait]
impl Connector for Broken {
    async fn connect(&self, _: Option<Cursor>) -> Result<Session, ConnectError> {
        let arrivals: stream::BoxStream<'static, Arrival> = match self {
            Self::Hangs => std::future::pending().await,
            Self::Silent => Box::pin(stream::pending()),
            Self::Panics => {
                Box::pin(stream::poll_fn(|_| -> Poll<Option<Arrival>> { panic!("a stream with a mistake") }))
            }
        };
        Ok(Session { caps: LEAST, arrivals, outbox: Arc::new(Gone), directory: Arc::new(Gone) })
    }
}

#[tokio::test]
async fn what_hangs_or_panics_in_one_connector_stops_no_other() {
    let broken = |name: &str, how| Far::by(name, Seat::new(Arc::new(how)), Arc::default());
    let (hangs, silent, panics) =
        (broken("hangs", Broken::Hangs), broken("silent", Broken::Silent), broken("panics", Broken::Panics));
    let mut stalls = Far::of("stalls", vec![Ok(vec!["one", "never", "two"])]);
    let mut far = Far::of("far", vec![Ok(vec!["one"]), Ok(vec!["two"]), Err(Retry::Never)]);
    let healths = [&hangs, &silent, &panics].map(|far| far.healths.clone());
    // Each in a task of its own, as they are in the server: a clock that is stepped lets one that hangs try for ever.
    let tasks = Tasks::new();
    for far in [hangs, silent, panics] {
        tasks.spawn("connector", far.running);
    }
    let said = stalls.until("stalls stalls").await;
    assert_eq!(said, ["one", "stalls stalls"], "it is told that nothing more is heard there");
    let said = far.until("far is parked: it does not work").await;
    assert_eq!(said, ["one", "two", "far is parked: it does not work"]);
    let [hangs, silent, panics] = healths;
    let last = |healths: &Healths| healths.standings().remove(0).last.map(|(_, what)| what);
    while last(&hangs).is_none() || last(&panics).is_none() || silent.of("silent") != Some(Health::Connected)
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(last(&hangs).as_deref(), Some("connecting took longer than 180 s"));
    assert_eq!(last(&panics).as_deref(), Some("the connection ended"));
    assert_eq!(last(&silent), None);
}

#[tokio::test]
async fn a_place_that_refuses_again_and_again_is_left_alone_and_others_are_not() {
    let clock = Arc::new(SteppedClock::new(Timestamp::UNIX_EPOCH));
    let line = Line::new("far", clock.clone());
    let prepared = Arc::new(Prepared::default());
    prepared.refuses.store(true, Ordering::SeqCst);
    line.stands(Way { outbox: Arc::new(Here(prepared.clone())), directory: Arc::new(Gone), number: 1 });
    let (ops, dev) = (place(), Place::parse("far:dev").expect("a place"));
    let (reply, key) = (Reply::text("hello"), DeliveryKey("one".into()));
    let post = async |place: &Place| line.post(Post { place, thread: None, reply: &reply, key: &key }).await;
    for _ in 0..5 {
        assert!(post(&ops).await.is_err());
    }
    prepared.refuses.store(false, Ordering::SeqCst);
    let held = post(&ops).await.expect_err("it is left alone");
    let told = "not sent: `far:ops` failed 5 times in a row; it is tried again at 00:00:10 UTC";
    assert_eq!(held.to_string(), told);
    assert!(matches!(held, SendError::NotSent { retry: Retry::After(wait), .. } if wait.as_secs() == 10));
    assert!(post(&dev).await.is_ok());
    clock.advance(Duration::from_secs(10));
    assert!(post(&ops).await.is_ok() && line.left_alone().is_empty());
}
