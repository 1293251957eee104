//! The way out is away while events come in, and the engine ends in the middle, on the real store: what was accepted is
//! told, once. Only a network that keeps no keys shows something again, and only where the receipt was lost.
//!
//! Not the whole program, which has no connector that tests could take away: engine and store as it wires them, on a
//! runtime that is thrown away with all that was under way. Real signals are in `tests/crash`.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use tokio::runtime::Runtime;
use wilco_contract::{
    clock::Clock as _,
    connector::Caps,
    event::{Event, EventFilter, Level},
    expr::Condition,
    ids::{ObjectId, Origin, Place, SourceName},
    policy::Policy,
    route::{DEFAULT_GROUP, Group, Route},
    secrets::Secrets,
    source::RawHook,
    store::{Events as _, Page, Slots as _},
};
use wilco_engine::{Engine, EventSetup, Limits, NotTaken, Parts, Setup};
use wilco_runtime::{chance::OsChance, clock::SteppedClock, tasks::Tasks};
use wilco_store_sql::{Durability, Options, SqliteStore, verify::verify};
use wilco_testkit::{
    fakes::FakeHttp,
    network::{MemoryNetwork, Shown},
    sender::Sender,
};

/// How long may pass, on a clock of the wall, until something comes about.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the network is away, in minutes.
const AWAY: u64 = 60;
/// How many senders post while the engine ends, and how many of their events are accepted before it does.
const SENDERS: usize = 4;
const ACCEPTED: usize = 24;
/// The most events of a sender.
const MOST: u32 = 500;
/// How often a post without keys may be repeated.
const REPEATS: usize = 2;

/// The room in which an object has a line, and the one in which an event has one.
const OBJECTS: &str = "far:objects";
const EACH: &str = "far:each";

/// A database and a network, which outlive the engines.
struct World {
    folder: tempfile::TempDir,
    durability: Durability,
    caps: Caps,
    network: Arc<MemoryNetwork>,
    clock: Arc<SteppedClock>,
    /// The events that were accepted, by their id.
    accepted: Arc<Mutex<BTreeMap<String, Event>>>,
}

/// An engine on the database.
struct Life {
    runtime: Runtime,
    engine: Engine,
    store: Arc<SqliteStore>,
}

fn place(name: &str) -> Place {
    Place::parse(name).expect("a place")
}

fn route(line: u32, when: Option<&str>, to: &str, group: Group) -> Route {
    Route {
        when: when.map(|when| Condition::parse(when).expect("a condition")),
        to: vec![place(to)],
        say: None,
        level: None,
        group,
        drop: false,
        origin: Origin { file: "wilco.toml".into(), line, column: 1 },
    }
}

fn setup() -> Setup {
    let routes = vec![
        route(1, None, EACH, Group::None),
        route(2, Some("event.kind == 'issues'"), OBJECTS, DEFAULT_GROUP),
    ];
    Setup {
        secrets: Secrets::default(),
        name: "wilco".to_owned(),
        aliases: Vec::new(),
        prefixes: Vec::new(),
        home: place("far:home"),
        public_url: "http://localhost:7777".to_owned(),
        policy: Policy::default(),
        commands: Vec::new(),
        limits: Limits { per_person: None, lane: None },
        events: EventSetup { routes, ..EventSetup::default() },
        listeners: Vec::new(),
        schedules: Vec::new(),
    }
}

/// An event that says this in a line of its own.
fn event(world: &World, id: &str, kind: &str) -> Event {
    let mut event = Event::new(SourceName::parse("sender").expect("a name"), id, kind, world.clock.now());
    event.level = Level::Normal;
    event.line = format!("event {id}.");
    event
}

/// An issue is opened or closed.
fn issue(world: &World, number: u32, state: &str) -> Event {
    let mut event = event(world, &format!("{number} {state}"), "issues");
    event.object = Some(ObjectId::parse(&format!("sender:issue#{number}")).expect("an object"));
    event.state = Some(state.to_owned());
    event.done = state == "closed";
    event.head = Some(format!("issue {number} is {state}."));
    event
}

/// An event of a flood: which sender's, and its number there.
fn flooding(make: &Event, name: &str, sender: usize, number: u32) -> Event {
    let id = format!("{name} {sender}/{number}");
    Event { line: format!("event {id}."), id, ..make.clone() }
}

async fn post(engine: &Engine, event: &Event, at: jiff::Timestamp) -> Result<usize, NotTaken> {
    let body = serde_json::to_vec(&[event]).expect("JSON");
    let headers: [(&str, &[u8]); 1] = [("x-proof", b"right")];
    engine
        .hook("sender", RawHook { headers: &headers, body: &body, received_at: at })
        .await
        .map(|taken| taken.new)
}

impl World {
    fn new(durability: Durability, caps: Caps) -> Self {
        let start = "2026-11-23T10:00:00Z".parse().expect("a time");
        let network = Arc::new(MemoryNetwork::default());
        if !caps.keys {
            network.forget_keys();
        }
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            durability,
            caps,
            network,
            clock: Arc::new(SteppedClock::new(start)),
            accepted: Arc::default(),
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("wilco.db")
    }

    /// Starts an engine on what is there.
    fn begin(&self) -> Life {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (engine, store) = runtime.block_on(async {
            let options = Options { path: self.database(), durability: self.durability };
            let (clock, chance) = (self.clock.clone(), Arc::new(OsChance));
            let parts = wilco_store_sql::Parts { chance: chance.clone(), clock: clock.clone() };
            let store = Arc::new(SqliteStore::open(&options, parts).await.expect("a database"));
            let parts = Parts {
                store: store.clone(),
                clock,
                spawn: Arc::new(Tasks::new()),
                chance,
                http: Arc::new(FakeHttp::default()),
                actions: Vec::new(),
                sources: vec![Arc::new(Sender::signed("sender"))],
            };
            let engine = Engine::new(parts, setup()).unwrap_or_else(|_| panic!("there are no commands"));
            engine.attach("far", self.caps, self.network.clone(), self.network.clone());
            engine.recover().await.expect("the store can be read");
            (engine, store)
        });
        Life { runtime, engine, store }
    }

    /// Posts events, each of which has to be accepted.
    fn send(&self, life: &Life, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let new = life.runtime.block_on(post(&life.engine, &event, self.clock.now()));
            assert_eq!(new, Ok(1), "{}", event.id);
            self.accept(event);
        }
    }

    fn accept(&self, event: Event) {
        self.accepted.lock().expect("the accepted").insert(event.id.clone(), event);
    }

    fn accepted(&self) -> usize {
        self.accepted.lock().expect("the accepted").len()
    }

    /// Ends an engine while senders post: what it wrote until then is all that the next one finds. Where no answer came
    /// they post again to that one, which has stored each of theirs once in the end.
    fn end_in_a_flood(&mut self, life: Life, name: &'static str) -> Life {
        let before = self.accepted();
        for sender in 0..SENDERS {
            let (engine, accepted, clock) = (life.engine.clone(), self.accepted.clone(), self.clock.clone());
            let make = event(self, "", "flood");
            life.runtime.spawn(async move {
                for number in 0..MOST {
                    let event = flooding(&make, name, sender, number);
                    post(&engine, &event, clock.now()).await.expect("accepted");
                    accepted.lock().expect("the accepted").insert(event.id.clone(), event);
                }
            });
        }
        self.until("a flood", || self.accepted() >= before + ACCEPTED);
        let accepted = self.kill(life);
        let life = self.begin();
        // What was accepted after the end, as far as that one can see, was not.
        let later = std::mem::replace(&mut *self.accepted.lock().expect("the accepted"), accepted);
        for sender in 0..SENDERS {
            for number in 0u32.. {
                let event = flooding(&event(self, "", "flood"), name, sender, number);
                let was_posted = later.contains_key(&event.id);
                if !self.accepted.lock().expect("the accepted").contains_key(&event.id) {
                    let new = life.runtime.block_on(post(&life.engine, &event, self.clock.now()));
                    assert!(matches!(new, Ok(0 | 1)), "{new:?}");
                    self.accept(event);
                }
                if !was_posted {
                    // It may have been on its way.
                    break;
                }
            }
        }
        life
    }

    /// Ends an engine as a signal would: what stands in its files at one moment is all that is left. Returns what was
    /// accepted before that.
    fn kill(&mut self, life: Life) -> BTreeMap<String, Event> {
        let accepted = self.accepted.lock().expect("the accepted").clone();
        let left = tempfile::tempdir().expect("a folder");
        // The log last, as the writer only adds to it: it is far from being taken over into the database.
        for file in ["wilco.db", "wilco.db-wal"] {
            std::fs::copy(self.folder.path().join(file), left.path().join(file)).expect("copied");
        }
        life.drop_all();
        self.folder = left;
        accepted
    }

    /// Waits until this is so.
    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        #[expect(clippy::disallowed_methods, reason = "how long this test waits is no time that Wilco knows")]
        let now = Instant::now;
        let until = now() + PATIENCE;
        while !is_so() {
            assert!(now() < until, "{what} is not seen:\n{:#?}", self.network.shown());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Lets time pass until all is told that waits.
    fn until_told(&self, life: &Life) {
        // In this order: an event that is routed in between waits to be sent.
        let waits = async || {
            let is_unrouted = !life.store.unrouted(1).await.expect("a read").is_empty();
            is_unrouted || !life.store.waiting_places().await.expect("a read").is_empty()
        };
        self.until("the end of what waits", || {
            self.clock.advance(Duration::from_secs(10));
            !life.runtime.block_on(waits())
        });
    }

    /// Waits until each room shows something of which nobody was told that it is there.
    fn until_unanswered(&self) {
        let waits = |room: &str| {
            let shown = self.network.shown();
            let newest = shown.iter().rfind(|shown| shown.place.as_str() == room);
            newest.is_some_and(|shown| !shown.answered)
        };
        self.until("a post without an answer", || waits(OBJECTS) && waits(EACH));
    }

    /// How often this stands in the room: with and without an answer.
    fn copies(&self, room: &str, is_it: impl Fn(&str) -> bool) -> (usize, usize) {
        let shown = self.network.shown();
        let found = shown.iter().filter(|shown| shown.place.as_str() == room && is_it(&shown.reply.plain()));
        let (answered, lost): (Vec<&Shown>, Vec<_>) = found.partition(|shown| shown.answered);
        (answered.len(), lost.len())
    }

    /// Each accepted event is told once, and again only where the network keeps no keys and the receipt was lost.
    fn holds(&self) {
        let most = if self.caps.keys { 0 } else { REPEATS };
        let once = |what: &str, (answered, lost): (usize, usize)| {
            assert_eq!(answered, 1, "`{what}` is told once:\n{:#?}", self.network.texts());
            assert!(lost <= most, "`{what}` is there {lost} times more:\n{:#?}", self.network.texts());
        };
        let accepted = self.accepted.lock().expect("the accepted");
        let lost = self.network.shown().iter().filter(|shown| !shown.answered).count();
        assert_eq!(lost > 0, !self.caps.keys, "receipts were lost, and only keys tell a repeat: {lost}");
        for event in accepted.values() {
            once(&event.line, self.copies(EACH, |text| text == event.line));
            if event.done {
                once(&event.line, self.copies(OBJECTS, |text| text == event.line));
            }
        }
        for event in accepted.values().filter(|event| event.object.is_some() && !event.done) {
            let number = event.id.split(' ').next().expect("a number");
            let start = format!("issue {number} is ");
            once(&start, self.copies(OBJECTS, |text| text.starts_with(&start)));
            let newest = if accepted.contains_key(&format!("{number} closed")) { "closed" } else { "open" };
            if self.caps.edits {
                once(newest, self.copies(OBJECTS, |text| text == format!("{start}{newest}.")));
            }
        }
        let rooms: Vec<_> = self.network.shown().into_iter().map(|shown| shown.place).collect();
        assert!(rooms.iter().all(|room| room.as_str() != "far:home"), "nothing was given up");
    }
}

impl Life {
    /// Ends it without a word to anybody: what waits for something is dropped there.
    fn drop_all(self) {
        let Self { runtime, engine, store } = self;
        runtime.shutdown_timeout(PATIENCE);
        drop((engine, store));
    }
}

/// The network refuses, stalls and leaves in doubt, and each time the engine ends in the middle.
fn an_outage(durability: Durability, caps: Caps) {
    let mut world = World::new(durability, caps);
    let life = world.begin();
    world.send(&life, (0..3).map(|number| issue(&world, number, "open")));
    world.until_told(&life);
    let told = world.network.texts().len();

    world.network.refuse(u32::MAX);
    world.send(&life, [issue(&world, 0, "closed"), issue(&world, 3, "open"), issue(&world, 4, "open")]);
    for _ in 0..AWAY {
        world.clock.advance(Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(2));
    }
    world.send(&life, [issue(&world, 3, "closed"), issue(&world, 5, "open")]);
    let life = world.end_in_a_flood(life, "refused");
    let left = world.network.refusals();
    world.clock.advance(Duration::from_secs(60));
    world.until("a try of the new engine", || world.network.refusals() < left);
    assert_eq!(world.network.texts().len(), told, "the network was away");

    // It takes what is sent now, and says nothing to it.
    world.network.stall(true);
    world.network.refuse(0);
    world.clock.advance(Duration::from_secs(60));
    world.until_unanswered();
    world.send(&life, [issue(&world, 4, "closed"), issue(&world, 6, "open")]);
    let life = world.end_in_a_flood(life, "stalled");
    world.network.stall(false);
    world.until_told(&life);
    world.holds();

    // In doubt about one event, and then about the next ones when the engine ends.
    world.network.doubt(if caps.keys { 40 } else { 2 });
    world.send(&life, [event(&world, "doubted", "flood")]);
    world.until_told(&life);
    world.network.doubt(2);
    world.send(&life, [issue(&world, 7, "open")]);
    world.until_unanswered();
    world.send(&life, [issue(&world, 1, "closed"), issue(&world, 7, "closed")]);
    let life = world.end_in_a_flood(life, "doubted");
    world.until_told(&life);
    world.holds();

    let accepted = world.accepted();
    assert!(accepted >= 3 * ACCEPTED, "{accepted} events were accepted");
    let (all, page) = (EventFilter::default(), Page { after: 0, limit: 10 * accepted });
    let stored = life.runtime.block_on(life.store.events(&all, page)).expect("a read");
    assert_eq!(stored.len(), accepted, "each is stored once");
    life.runtime.block_on(verify(&life.store, &[])).expect("the journal is whole");
    life.drop_all();
}

#[test]
fn a_network_with_keys_tells_what_came_in_its_outage_once() {
    an_outage(Durability::Process, MemoryNetwork::CAPS);
}

#[test]
fn a_network_with_keys_tells_it_once_in_full_durability() {
    an_outage(Durability::Full, MemoryNetwork::CAPS);
}

#[test]
fn a_plain_network_repeats_only_what_it_did_not_answer() {
    an_outage(Durability::Process, MemoryNetwork::PLAIN);
}

#[test]
fn a_plain_network_repeats_only_that_in_full_durability() {
    an_outage(Durability::Full, MemoryNetwork::PLAIN);
}

#[test]
fn what_is_given_up_is_told_in_the_home_room() {
    for durability in [Durability::Process, Durability::Full] {
        let world = World::new(durability, MemoryNetwork::PLAIN);
        let life = world.begin();
        world.network.doubt(u32::try_from(REPEATS).expect("a few") + 1);
        world.send(&life, [event(&world, "lost", "flood")]);
        world.until_told(&life);
        let told = world.copies("far:home", |text| text.starts_with("1 line could not be shown in far:each"));
        assert_eq!(told, (1, 0), "{:#?}", world.network.texts());
        life.drop_all();
    }
}

#[test]
fn what_its_sender_did_not_wait_for_is_told() {
    let world = World::new(Durability::Process, MemoryNetwork::CAPS);
    let life = world.begin();
    let event = event(&world, "hasty", "flood");
    // Looked at once, the request hands its event to the store; then nobody is there for the answer.
    let answered =
        life.runtime.block_on(async { post(&life.engine, &event, world.clock.now()).now_or_never() });
    assert_eq!(answered, None, "it was not kept yet");
    world.until("its line", || world.copies(EACH, |text| text == event.line) == (1, 0));
    life.drop_all();
}
