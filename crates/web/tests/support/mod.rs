//! What the tests stand on: a whole door on a free port, a desk that does as it is told, and a client.

pub(crate) mod client;
pub(crate) mod desk;
pub(crate) mod sample;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};
use wilco_contract::{
    clock::{Cancel, Chance, Clock, Spawn},
    connector::Directory,
    ids::{Account, Origin, PersonId, Place},
    store::{Batch, Record, Store, When},
};
use wilco_runtime::{
    chance::{OsChance, SeededChance},
    clock::SteppedClock,
    memory_store::MemoryStore,
    tasks::Tasks,
};
use wilco_web::{
    Access, ConnectorParts, Desk, DoorParts, FileRules, PublicUrl, Ready, Room, WebConnector,
    access::OperatorKey, router, serve,
};

use self::{client::Client, desk::TestDesk};

/// The operator's key of every test.
pub(crate) const OPERATOR: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A server that listens.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<SteppedClock>,
    pub(crate) desk: Arc<TestDesk>,
    pub(crate) connector: WebConnector,
    pub(crate) access: Access,
    pub(crate) ready: Ready,
    pub(crate) tasks: Tasks,
    stop: watch::Sender<bool>,
}

/// A place.
pub(crate) fn place(text: &str) -> Place {
    Place::parse(text).expect("a place")
}

/// A person's name.
pub(crate) fn person(text: &str) -> PersonId {
    PersonId::parse(text).expect("a person")
}

/// An empty store.
pub(crate) fn empty() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(SeededChance::new(1))))
}

impl Server {
    /// Starts one with an empty store, the rooms `web:ops` and `web:deploys`, and the people ana, ben and kim (admin).
    pub(crate) async fn start() -> Self {
        Self::start_on(empty()).await
    }

    /// Who is in a place now.
    pub(crate) async fn present(&self, place: &Place) -> Vec<Account> {
        Directory::members(&self.connector, place).await
    }

    /// Starts one on this store.
    pub(crate) async fn start_on(store: Arc<dyn Store>) -> Self {
        Self::start_at(store, "http").await
    }

    /// Starts one on this store, which its own address names with this scheme.
    pub(crate) async fn start_at(store: Arc<dyn Store>, scheme: &str) -> Self {
        let server = Self::start_early(store, scheme).await;
        server.ready.set();
        server
    }

    /// Starts one that is not ready yet.
    pub(crate) async fn start_early(store: Arc<dyn Store>, scheme: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let public_url =
            PublicUrl::parse(&format!("{scheme}://localhost:{}", address.port())).expect("an address");
        let clock = Arc::new(SteppedClock::new("2026-01-05T09:00:00Z".parse::<Timestamp>().expect("a time")));
        let desk = Arc::new(TestDesk::default());
        let tasks = Tasks::new();
        let chance: Arc<dyn Chance> = Arc::new(OsChance);
        let room = |place: &str, name: &str| Room {
            place: self::place(place),
            name: name.into(),
            topic: format!("About {name}"),
        };
        let connector = WebConnector::new(ConnectorParts {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: Arc::clone(&chance),
            spawn: Arc::new(tasks.clone()),
            desk: Arc::clone(&desk) as Arc<dyn Desk>,
            name: "wilco".into(),
            rooms: vec![room("web:ops", "ops"), room("web:deploys", "deploys")],
        });
        let access = Access::new(
            Arc::clone(&store),
            Arc::clone(&clock) as Arc<dyn Clock>,
            chance,
            Arc::clone(&desk) as Arc<dyn Desk>,
            public_url,
        );
        let ready = Ready::default();
        let (stop, mut stopped) = watch::channel(false);
        let stopped = Cancel::when(async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        let app = router(DoorParts {
            desk: Arc::clone(&desk) as Arc<dyn Desk>,
            store: Arc::clone(&store),
            spawn: Arc::new(tasks.clone()),
            connector: connector.clone(),
            access: access.clone(),
            operator_key: OperatorKey::new(OPERATOR),
            home: place("web:ops"),
            files: FileRules { bytes: 30_000_000, ..FileRules::default() },
            ready: ready.clone(),
            metrics: None,
            stop: stopped.clone(),
        });
        let served = async move { serve(listener, app, stopped).await.expect("it listens") };
        tasks.spawn("test.serve", Box::pin(served));
        Self { address, store, clock, desk, connector, access, ready, tasks, stop }
    }

    /// A client that nobody is signed in with.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address, self.tasks.clone())
    }

    /// A client that this person is signed in with.
    pub(crate) async fn signed_in(&self, name: &str) -> Client {
        let link = self.access.issue_link(&person(name), "operator").await.expect("a link");
        let mut client = self.client();
        client.sign_in(secret(&link.url)).await;
        client
    }

    /// A client with the operator's key.
    pub(crate) fn operator(&self) -> Client {
        self.client().with_bearer(OPERATOR)
    }

    /// A client with a new token.
    pub(crate) async fn token(&self, name: &str, scope: &str) -> Client {
        let body = serde_json::json!({ "name": name, "scope": scope, "expires_in_secs": 3_600 });
        let made = self.operator().post("/api/v1/tokens", &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        self.client().with_bearer(made.json()["token"].as_str().expect("a token"))
    }

    /// Wishes it to stop, and waits until all has ended.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        assert_eq!(self.tasks.drain(Duration::from_secs(8)).await, Vec::<&str>::new());
    }
}

/// What stands behind the `#` of a link.
pub(crate) fn secret(url: &str) -> &str {
    url.split_once("/login#").expect("a login link").1
}

/// A time, written as RFC 3339.
pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A line of `wilco.toml`.
pub(crate) fn origin(line: u32) -> Origin {
    Origin { file: "wilco.toml".into(), line, column: 1 }
}

/// The texts that the items of a list have under this name.
pub(crate) fn values<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item[name].as_str().expect("a text")).collect()
}

/// Has a record written at this time.
pub(crate) async fn commit(server: &Server, at: &str, record: Record) {
    let batch = Batch { at: time(at), records: vec![record] };
    server.store.commit(batch, When::Now).await.expect("it is written");
}
