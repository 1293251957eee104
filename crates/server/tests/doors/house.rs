//! A house with every door there is: the real engine, the real page and API on a port, the real program as a client,
//! and a network beside the page that tests speak on. Its one action counts how often it was begun.

use std::{fs, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Method, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch};
use wilco_contract::{
    action::DynAction,
    clock::{Cancel, Clock, Spawn},
    command::Effect,
    connector::{Arrival, Connector as _},
    event::Event,
    ids::{Account, Place, SourceName},
    input::{Edited, Input, Message},
    operation::{GivenKind, Operation, State},
    store::{Page, Store},
};
use wilco_engine::{Engine, Parts, Setup};
use wilco_runtime::{
    chance::{OsChance, SeededChance},
    clock::SteppedClock,
    memory_store::MemoryStore,
    tasks::Tasks,
};
use wilco_server::{
    app,
    check::{any_error, read_packs, told},
    config::{self, Environment},
    keys::Keys,
};
use wilco_testkit::{
    action::ScriptedAction,
    fakes::FakeHttp,
    network::{MemoryNetwork, people::Act},
    sender::Sender,
};
use wilco_web::{
    Access, ConnectorParts, Desk, DoorParts, PublicUrl, Ready, WebConnector, access::OperatorKey, router,
    serve,
};

/// Who may what. The sample is `app.release`, which one other person with the role `lead` has to approve.
const CONFIG: &str = r#"listen = "127.0.0.1:@port"

[limits]
per_person = "unlimited"

[person.you]
accounts = ["irc:you"]
roles = ["developer"]

[person.ana]
accounts = ["irc:ana"]
roles = ["developer", "lead"]

[person.eve]
accounts = ["irc:eve"]

[[grant]]
command = "app.*"
to = ["role:developer", "token:ci", "token:reader", "listener:app.ship", "schedule:app.night", "rule:auto", "rule:open"]

[[require]]
command = "app.release"
approve = 1
by = "role:lead"

[[grant]]
command = "wilco.alias-here"
to = ["role:lead"]

[person.max]
accounts = ["irc:max"]
roles = ["chief", "pusher"]

[[grant]]
command = "app.*"
flags = ["alone", "force"]
to = ["role:chief"]

[[grant]]
command = "other.*"
to = ["role:pusher"]

[[require]]
command = "other.push"
approve = 1
by = "role:lead"
"#;

const APP: &str = r#"[pack]
name = "app"

[[command]]
id = "release"
words = ["release <app>"]
about = "Release an app"
effect = "write"

[[command.step]]
id = "ship"
uses = "test.ship"
with = { app = "{{ app }}" }

[[listener]]
id = "ship"
hear = 'release (\w+), somebody'
run = "release {{ m[1] }}"

[[rule]]
name = "auto"
when = "event.source == 'signed'"
run = "release web"

[[rule]]
name = "open"
when = "event.source == 'open'"
run = "release web"

[[schedule]]
name = "night"
cron = "0 12 * * *"
run = "release web"
"#;

/// Another pack that calls the same action under words of its own.
const OTHER: &str = r#"[pack]
name = "other"

[[command]]
id = "push"
words = ["push <app>"]
about = "Push an app"
effect = "write"

[[command.step]]
id = "ship"
uses = "test.ship"
with = { app = "{{ app }}" }

[[command]]
id = "shove"
words = ["shove <app>"]
about = "Push an app, of which nothing is required"
effect = "write"

[[command.step]]
id = "ship"
uses = "test.ship"
with = { app = "{{ app }}" }
"#;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct House {
    folder: TempDir,
    base: String,
    operator: String,
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<SteppedClock>,
    pub(crate) network: Arc<MemoryNetwork>,
    pub(crate) ship: Arc<ScriptedAction>,
    access: Access,
    stop: watch::Sender<bool>,
}

/// Somebody at the API.
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    headers: header::HeaderMap,
}

pub(crate) fn place(name: &str) -> Place {
    Place::parse(name).expect("a place")
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

impl House {
    pub(crate) async fn open() -> Self {
        app::install_crypto();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "wilco.toml", &CONFIG.replace("@port", &port.to_string()));
        write(folder.path(), "packs/app/pack.toml", APP);
        write(folder.path(), "packs/other/pack.toml", OTHER);
        let config =
            config::load(&folder.path().join("wilco.toml"), &Environment::default()).expect("a config");
        let ship = Arc::new(ScriptedAction::new("test.ship", Effect::Write));
        let actions: [Arc<dyn DynAction>; 1] = [ship.clone()];
        let (pack, problems) = read_packs(&config, &actions);
        assert!(!any_error(&problems), "{}", told(&problems));

        let (tasks, clock) =
            (Tasks::new(), Arc::new(SteppedClock::new("2026-11-23T11:59:00Z".parse().expect("a time"))));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            spawn: Arc::new(tasks.clone()),
            chance: Arc::new(SeededChance::new(11)),
            http: Arc::new(FakeHttp::default()),
            actions: actions.to_vec(),
            sources: vec![Arc::new(Sender::signed("signed")), Arc::new(Sender::unsigned("open"))],
        };
        let setup: Setup = app::setup(&config, pack);
        let engine = Engine::new(parts, setup).unwrap_or_else(|collisions| panic!("{collisions:?}"));
        let network = Arc::new(MemoryNetwork::default());
        engine.attach("irc", MemoryNetwork::CAPS, network.clone(), network.clone());

        let desk: Arc<dyn Desk> = Arc::new(engine.clone());
        let chance = Arc::new(OsChance);
        let connector = WebConnector::new(ConnectorParts {
            store: store.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            spawn: Arc::new(tasks.clone()),
            desk: desk.clone(),
            name: config.name.clone(),
            rooms: config.rooms.clone(),
        });
        let public_url = PublicUrl::parse(&config.public_url).expect("an address");
        let access = Access::new(store.clone(), clock.clone(), chance, desk.clone(), public_url);
        let (ready, (stop, mut stopped)) = (Ready::default(), watch::channel(false));
        let stopped = Cancel::when(async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        let operator = Keys::open(&config.keys).and_then(|keys| keys.operator()).expect("a key");
        let routes = router(DoorParts {
            files: wilco_web::FileRules::default(),
            desk,
            store: store.clone(),
            spawn: Arc::new(tasks.clone()),
            connector: connector.clone(),
            access: access.clone(),
            operator_key: OperatorKey::new(&operator),
            home: config.home.clone(),
            ready: ready.clone(),
            metrics: None,
            stop: stopped.clone(),
        });
        let served = async move { serve(listener, routes, stopped).await.expect("it listens") };
        tasks.spawn("test.serve", Box::pin(served));
        let session = connector.connect(None).await.expect("rooms");
        engine.attach("web", session.caps, session.outbox, session.directory);
        engine.recover().await.expect("the store can be read");
        let (mut arrivals, receiver) = (session.arrivals, engine.clone());
        let reader = async move {
            use futures_util::StreamExt as _;
            while let Some(arrival) = arrivals.next().await {
                receiver.accept(arrival).await;
            }
        };
        tasks.spawn("test.arrivals", Box::pin(reader));
        ready.set();
        let base = format!("http://localhost:{port}");
        Self { folder, base, operator, engine, store, clock, network, ship, access, stop }
    }

    /// Begins nothing more; what is left ends with the test's runtime.
    pub(crate) fn close(self) {
        self.engine.stop();
        self.stop.send_replace(true);
    }

    /// Lets everything that can go on go on.
    pub(crate) async fn settle(&self) {
        for _ in 0..500 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn step(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
        self.settle().await;
    }

    /// Says something on the network beside the page. The same id again is the same message.
    pub(crate) async fn say(&self, account: &str, (room, id): (&str, &str), text: &str) {
        self.accept(Input::Message(self.message(account, (room, id, None), text))).await;
    }

    /// Makes something else of what was said there.
    pub(crate) async fn edit(&self, account: &str, (room, id): (&str, &str), text: &str) {
        let Message { place, from, text, at, .. } = self.message(account, (room, id, None), text);
        let edit = format!("{id}-edited");
        let edited =
            Edited { id: edit, message: id.to_owned(), place, thread: None, from, text, at, to_us: false };
        self.accept(Input::Edited(edited)).await;
    }

    /// Puts a sign on the message in which an operation is shown there.
    pub(crate) async fn react(&self, account: &str, room: &str, sign: &str, on: &Operation) {
        let shown = on.slots.iter().find(|slot| slot.place.as_str() == room);
        let shown = shown.and_then(|slot| slot.receipt.clone()).expect("it is shown there");
        let who = Account::parse(account).expect("an account");
        let act = Act::React(sign, &shown.id);
        let arrival = self.network.does(&who, &shown.place, act, self.clock.now()).expect("it arrives");
        self.engine.accept(arrival).await;
        self.settle().await;
    }

    /// Says something in the thread of a message there.
    pub(crate) async fn reply(&self, account: &str, (room, id, thread): (&str, &str, &str), text: &str) {
        self.accept(Input::Message(self.message(account, (room, id, Some(thread)), text))).await;
    }

    fn message(&self, account: &str, (room, id, thread): (&str, &str, Option<&str>), text: &str) -> Message {
        Message {
            id: id.to_owned(),
            place: place(room),
            thread: thread.map(str::to_owned),
            from: Account::parse(account).expect("an account"),
            text: text.to_owned(),
            at: self.clock.now(),
            to_us: false,
        }
    }

    /// Takes in what arrived on that network.
    pub(crate) async fn accept(&self, input: Input) {
        self.engine.accept(Arrival { input, cursor: None, kept: None, ack: None }).await;
        self.settle().await;
    }

    /// Who speaks with this account.
    pub(crate) fn whom(&self, account: &str) -> String {
        self.engine.resolve(&Account::parse(account).expect("an account")).key()
    }

    pub(crate) fn time(&self) -> Timestamp {
        self.clock.now()
    }

    /// What stands last in the home room.
    pub(crate) async fn newest_in_home(&self) -> String {
        let you = self.signed_in("you").await;
        let (_, all) = you.ask(Method::GET, "rooms/web%3Aops/messages?limit=500", None).await;
        all["items"]
            .as_array()
            .and_then(|items| items.last()?["text"].as_str())
            .unwrap_or_default()
            .to_owned()
    }

    /// What Wilco said last on that network.
    pub(crate) fn last_text(&self) -> String {
        self.network.texts().last().cloned().unwrap_or_default()
    }

    pub(crate) async fn operations(&self) -> Vec<Operation> {
        let all = self.store.operations(&State::ALL, Page { after: 0, limit: 500 }).await;
        all.expect("operations").into_iter().map(|(_, operation)| operation).collect()
    }

    fn caller(&self, headers: &[(header::HeaderName, &str)]) -> Caller {
        #[expect(clippy::disallowed_methods, reason = "a client of our own server needs no egress rules")]
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let value = |text: &str| header::HeaderValue::from_str(text).expect("a header");
        let headers = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        Caller { http, base: self.base.clone(), headers }
    }

    /// A person, signed in on the page.
    pub(crate) async fn signed_in(&self, person: &str) -> Caller {
        let person = wilco_contract::ids::PersonId::parse(person).expect("a name");
        let link = self.access.issue_link(&person, "operator").await.expect("a link");
        let secret = link.url.split_once('#').expect("a link").1.to_owned();
        let nobody = self.caller(&[]);
        let request = nobody.request(Method::POST, "session").json(&json!({ "secret": secret }));
        let response = request.send().await.expect("an answer");
        let cookie = response.headers()[header::SET_COOKIE].to_str().expect("text");
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        let me = self.caller(&[(header::COOKIE, &cookie)]);
        let csrf = me.ask(Method::GET, "me", None).await.1["csrf"].as_str().expect("a proof").to_owned();
        let proof = header::HeaderName::from_static("x-csrf-token");
        self.caller(&[(header::COOKIE, &cookie), (proof, &csrf)])
    }

    /// A new token.
    pub(crate) async fn token(&self, name: &str, scope: &str) -> String {
        let operator = self.bearer(&self.operator);
        let wanted = json!({ "name": name, "scope": scope, "expires_in_secs": 3_600 });
        let (status, made) = operator.ask(Method::POST, "tokens", Some(&wanted)).await;
        assert_eq!(status, 201, "{made}");
        made["token"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn bearer(&self, token: &str) -> Caller {
        self.caller(&[(header::AUTHORIZATION, &format!("Bearer {token}"))])
    }

    /// What the program says to an order, as this token or as the local operator.
    pub(crate) async fn run(&self, order: &str, token: Option<&str>) -> String {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_wilco"));
        for name in ["WILCO_URL", "WILCO_TOKEN", "WILCO_LISTEN", "PORT"] {
            command.env_remove(name);
        }
        command.envs(token.map(|token| ("WILCO_TOKEN", token)));
        let command = command.args(["run", order, "--detach"]).current_dir(self.folder.path());
        let output =
            tokio::time::timeout(PATIENCE, command.output()).await.expect("in time").expect("it runs");
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8(text).expect("text")
    }

    /// An event of this source.
    pub(crate) async fn event(&self, source: &str, id: &str) {
        let name = SourceName::parse(source).expect("a source");
        let event = Event::new(name, id, "down", self.clock.now());
        #[expect(clippy::disallowed_methods, reason = "a client of our own server needs no egress rules")]
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let request = http.post(format!("{}/hooks/{source}", self.base)).header("x-proof", "right");
        let answer = request.json(&[event]).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
        self.settle().await;
    }

    /// Waits until there are so many operations.
    pub(crate) async fn until_operations(&self, count: usize) {
        let wait = async {
            while self.operations().await.len() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("an operation comes of it");
        self.settle().await;
    }
}

impl Caller {
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}/api/v1/{path}", self.base)).headers(self.headers.clone())
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a whole answer");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// What is still needed of an operation, in words.
pub(crate) fn needed(operation: &Operation) -> String {
    let open = operation.needs.iter().filter(|need| !need.is_met()).map(|need| {
        let kind = match need.kind {
            GivenKind::Confirm => "confirmation",
            GivenKind::Approve => "approval",
            GivenKind::Countdown => "countdown",
        };
        let by = need.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
        format!("{} {kind}{by}, rule {}", need.count, need.rule)
    });
    let open: Vec<_> = open.collect();
    let needs = if operation.state.awaits() { format!(": {}", open.join(" + ")) } else { String::new() };
    format!("{}{needs}", operation.state)
}
