//! The engine that benchmarks run: on a store in memory, with tasks of their own runtime. Not a benchmark.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use wilco_contract::{
    clock::{Spawn, Task},
    command::Command,
    connector::Arrival,
    http::{Http, HttpError, HttpRequest, HttpResponse},
    ids::{Account, Place},
    input::{Input, Message},
    listen::Listener,
    policy::Policy,
    secrets::Secrets,
};
use wilco_engine::{Engine, EventSetup, Limits, Parts, Setup};
use wilco_runtime::{chance::SeededChance, clock::SteppedClock, memory_store::MemoryStore};

/// Tasks of the benchmark's own runtime.
struct Here;

impl Spawn for Here {
    #[expect(clippy::disallowed_methods, reason = "the benchmark's runtime ends with it")]
    fn spawn(&self, _: &'static str, task: Task) {
        tokio::spawn(task);
    }
}

struct NoHttp;

#[async_trait]
impl Http for NoHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::NoSuchServer(request.server))
    }
}

/// An engine on a store in memory, without a network.
pub(crate) fn engine(
    home: &Place,
    policy: Policy,
    (commands, listeners): (Vec<Command>, Vec<Listener>),
    clock: &Arc<SteppedClock>,
) -> Engine {
    let parts = Parts {
        store: Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7)))),
        clock: clock.clone(),
        spawn: Arc::new(Here),
        chance: Arc::new(SeededChance::new(11)),
        http: Arc::new(NoHttp),
        actions: Vec::new(),
        sources: Vec::new(),
    };
    let setup = Setup {
        secrets: Secrets::default(),
        name: "wilco".to_owned(),
        aliases: vec!["hubot".to_owned()],
        prefixes: vec![".".to_owned()],
        home: home.clone(),
        public_url: "http://localhost:7777".to_owned(),
        policy,
        commands,
        limits: Limits { per_person: None, lane: None },
        events: EventSetup::default(),
        listeners,
        schedules: Vec::new(),
    };
    Engine::new(parts, setup).unwrap_or_else(|_| panic!("our own commands do not collide"))
}

/// A line as a network brings it, with its id.
pub(crate) fn arrival(place: &Place, (id, text): (&str, &str), at: Timestamp) -> Arrival {
    let message = Message {
        id: id.to_owned(),
        place: place.clone(),
        thread: None,
        from: Account::parse("web:ana").expect("an account"),
        text: text.to_owned(),
        at,
        to_us: false,
    };
    Arrival { input: Input::Message(message), cursor: None, kept: None, ack: None }
}
