//! The networks beside the page: what keeps each alive, and having one tried again as it is configured now.
//!
//! Not the keeping alive itself, which `runtime` does. Layer 4.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    clock::{Chance, Clock, Spawn},
    connector::{Arrival, Caps, Connector, News, Standing, Standings},
    reply::Reply,
};
use wilco_engine::Engine;
use wilco_runtime::{
    chance::OsChance,
    http::HttpClient,
    supervise::{Health, Healths, Line, Receiver, Seat, Supervisor},
};
use wilco_systems::ConnectorParts;

use crate::{
    config::{self, Config, ConnectorSetup, Environment},
    registry,
};

/// The same news of a connector is told once in this time.
const ONCE: SignedDuration = SignedDuration::from_hours(1);
/// And no more different ones.
const MOST: usize = 32;

/// What networks are made of.
pub(crate) struct Parts {
    /// Who hears what arrives.
    pub(crate) engine: Engine,
    /// The way to start their tasks.
    pub(crate) spawn: Arc<dyn Spawn>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where they say how they stand.
    pub(crate) healths: Healths,
    /// The client that knows which servers fail.
    pub(crate) http: Arc<HttpClient>,
    /// What the environment says when the configuration is read anew.
    pub(crate) environment: Environment,
}

/// All of them.
pub(crate) struct Networks {
    parts: Parts,
    herald: Arc<Herald>,
    config: Config,
    seats: BTreeMap<String, Arc<Seat>>,
}

impl Networks {
    /// Those of a configuration, not yet begun.
    pub(crate) fn new(config: &Config, parts: Parts) -> Arc<Self> {
        let herald = Arc::new(Herald {
            engine: parts.engine.clone(),
            spawn: parts.spawn.clone(),
            clock: parts.clock.clone(),
            told: Mutex::default(),
        });
        let mut all = Self { parts, herald, config: config.clone(), seats: BTreeMap::new() };
        all.seats =
            config.connectors.iter().map(|setup| (setup.name.clone(), Seat::new(all.made(setup)))).collect();
        Arc::new(all)
    }

    /// What keeps each of them alive.
    pub(crate) fn supervisors(&self) -> Vec<Supervisor> {
        let receiver: Arc<dyn Receiver> = Arc::new(Inbox(self.parts.engine.clone()));
        let supervisor = |(name, seat): (&String, &Arc<Seat>)| Supervisor {
            name: name.clone(),
            seat: seat.clone(),
            receiver: receiver.clone(),
            clock: self.parts.clock.clone(),
            chance: Arc::new(OsChance),
            healths: self.parts.healths.clone(),
        };
        self.seats.iter().map(supervisor).collect()
    }

    /// Tries those again that wait for somebody to mend something, as a new configuration says. Their names.
    pub(crate) fn mend(&self, config: &Config) -> Vec<String> {
        let mut tried = Vec::new();
        for setup in &config.connectors {
            let Some(seat) = self.seats.get(&setup.name) else { continue };
            if matches!(self.parts.healths.of(&setup.name), Some(Health::Parked { .. })) {
                seat.replace(self.made(setup));
                seat.retry();
                tried.push(setup.name.clone());
            }
        }
        tried
    }

    fn made(&self, setup: &ConnectorSetup) -> Arc<dyn Connector> {
        let chance: Arc<dyn Chance> = Arc::new(OsChance);
        let (clock, spawn) = (self.parts.clock.clone(), self.parts.spawn.clone());
        registry::connector(setup, ConnectorParts { clock, chance, spawn, news: self.herald.clone() })
    }
}

#[async_trait]
impl Standings for Networks {
    fn standings(&self) -> Vec<Standing> {
        self.parts.healths.standings()
    }

    fn left_alone(&self) -> Vec<(String, String)> {
        self.parts.http.left_alone()
    }

    async fn retry(&self, connector: &str) -> Result<String, String> {
        let Some(seat) = self.seats.get(connector) else {
            let names: Vec<_> = self.seats.keys().map(|name| format!("`{name}`")).collect();
            let there = if names.is_empty() {
                "There is none beside the page.".to_owned()
            } else {
                format!("There is {}.", names.join(", "))
            };
            return Err(format!("There is no connector `{connector}` that could be tried again. {there}"));
        };
        if self.parts.healths.of(connector) == Some(Health::Connected) {
            return Ok(format!("`{connector}` is connected, so nothing was done."));
        }
        let (path, environment) = (self.config.file.clone(), self.parts.environment.clone());
        let read = tokio::task::spawn_blocking(move || config::load(&path, &environment)).await;
        let read = read.map_err(|error| format!("Reading `wilco.toml` broke down: {error}"))?;
        let read = read.map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            format!("`wilco.toml` cannot be used, so `{connector}` was not tried again: {first}")
        })?;
        let setup = read.connectors.iter().find(|setup| setup.name == connector);
        let setup = setup.ok_or_else(|| {
            format!("`wilco.toml` has no `[connector.{connector}]` any more, so it was not tried again.")
        })?;
        seat.replace(self.made(setup));
        seat.retry();
        Ok(format!(
            "`{connector}` is tried again, as `wilco.toml` says now; `connectors` says how it stands."
        ))
    }
}

/// Tells in the home room what became of connectors.
struct Herald {
    engine: Engine,
    spawn: Arc<dyn Spawn>,
    clock: Arc<dyn Clock>,
    /// What was told within [`ONCE`].
    told: Mutex<Vec<(Timestamp, String)>>,
}

impl Herald {
    /// Whether this was not told lately; it is from now on.
    fn is_new(&self, what: &str) -> bool {
        let now = self.clock.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(at, _)| now.duration_since(*at) < ONCE);
        let is_new = told.len() < MOST && told.iter().all(|(_, told)| told != what);
        if is_new {
            told.push((now, what.to_owned()));
        }
        is_new
    }
}

impl News for Herald {
    fn tell(&self, connector: &str, what: String) {
        let text = format!("By `{connector}`: {what}");
        if !self.is_new(&text) {
            return tracing::info!(connector, what, "It was told lately.");
        }
        let (inbox, connector) = (Inbox(self.engine.clone()), connector.to_owned());
        let telling = async move { inbox.tell("connector.news", &connector, text).await };
        self.spawn.spawn("news", Box::pin(telling));
    }
}

/// The engine, as connectors see it.
struct Inbox(Engine);

impl Inbox {
    async fn tell(&self, kind: &str, connector: &str, text: String) {
        if let Err(error) = self.0.announce(kind, "wilco", Reply::text(text)).await {
            tracing::error!(%error, connector, kind, "How a connector stands could not be told.");
        }
    }
}

#[async_trait]
impl Receiver for Inbox {
    fn attach(&self, connector: &str, caps: Caps, way: Arc<Line>) {
        self.0.attach(connector, caps, way.clone(), way);
    }

    async fn parked(&self, connector: &str, why: &str) {
        let text = format!(
            "The connector `{connector}` was parked: {why}. Correct it, then order `connectors retry {connector}`; a \
             change of `wilco.toml` or a new start of Wilco tries it as well."
        );
        self.tell("connector.parked", connector, text).await;
    }

    async fn mended(&self, connector: &str) {
        let text = format!("The connector `{connector}`, which was parked, is connected.");
        self.tell("connector.connected", connector, text).await;
    }

    async fn stalled(&self, connector: &str) {
        let text = format!(
            "Taking in what somebody said by the connector `{connector}` takes longer than a minute; nothing more that \
             is said there is heard until it is done. The log says when it began."
        );
        self.tell("connector.stalled", connector, text).await;
    }

    async fn accept(&self, arrival: Arrival) {
        self.0.accept(arrival).await;
    }
}
