//! The server as a value: built from a configuration, run until it is told to stop.
//!
//! Not the command line, and not what Wilco does: it wires the parts, in the order that makes nothing visible before it
//! is safe, and stops them in the other order. Tests run the same code with another store. Layer 4.

use std::{
    collections::BTreeSet,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::StreamExt as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, sync::oneshot};
use wilco_contract::{
    action::DynAction,
    clock::{Cancel, Chance, Clock, Spawn},
    connector::Connector as _,
    ids::PersonId,
    operation::State,
    policy::ADMIN,
    secrets::Secrets,
    source::RawHook,
    store::{Page, Store},
};
use wilco_engine::{Engine, EventSetup, Parts, Setup};
use wilco_packs::Pack;
use wilco_runtime::{
    chance::OsChance,
    clock::SystemClock,
    http::HttpClient,
    lease::Tenure,
    supervise::{Ends, Health},
    tasks::Tasks,
};
use wilco_store_sql::{Options, SqliteStore};
use wilco_systems::ExecHome;
use wilco_web::{
    Access, ConnectorParts, Desk, DoorParts, PublicUrl, Ready, WebConnector, access::OperatorKey,
};

use crate::{
    check::{self, ReadPack},
    checkpoints::Checkpoints,
    config::{Config, Environment},
    keys::Keys,
    networks::{self, Networks},
    node, registry,
    reload::{self, Began, Marks, Reload},
};

/// How long tasks may take to come to an end at a stop, and with them what is being said.
const DRAIN: Duration = Duration::from_secs(4);
/// How long connections may take after that, with what the networks have not taken yet.
const PARTING: Duration = Duration::from_secs(5);

/// How many operations are read at once.
const AT_ONCE: usize = 500;

/// Puts another store around the real one.
pub type Wrap = Box<dyn FnOnce(Arc<dyn Store>) -> Arc<dyn Store> + Send>;

/// The parts of a server that tests replace.
pub struct Outside {
    /// The program that guards what is run: `wilco`.
    pub program: PathBuf,
    /// Wraps the store.
    pub wrap: Wrap,
    /// Where metrics are read.
    pub metrics: Option<PrometheusHandle>,
    /// What the environment says when the configuration is read anew.
    pub environment: Environment,
}

impl Outside {
    /// The outside of a real server.
    ///
    /// # Errors
    /// When the program does not know where it is.
    pub fn real() -> std::io::Result<Self> {
        let metrics = PrometheusBuilder::new().install_recorder().ok();
        wilco_runtime::telemetry::describe();
        wilco_engine::telemetry::describe();
        wilco_web::telemetry::describe();
        let environment = Environment::from_process();
        Ok(Self { program: std::env::current_exe()?, wrap: Box::new(|store| store), metrics, environment })
    }
}

/// A server that is ready to run.
pub struct App {
    config: Config,
    engine: Engine,
    store: Arc<SqliteStore>,
    tenure: Tenure,
    seen: Arc<dyn Store>,
    tasks: Tasks,
    clock: Arc<dyn Clock>,
    checkpoints: Checkpoints,
    reload: Arc<Reload>,
    networks: Arc<Networks>,
    /// Their tasks, which end after all others.
    lines: Tasks,
    connector: WebConnector,
    access: Access,
    door: DoorParts,
    ready: Ready,
    listener: TcpListener,
    tell_stop: oneshot::Sender<()>,
    stop: Cancel,
}

/// Chooses the cryptography of all TLS connections, once.
pub fn install_crypto() {
    // Whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The actions of a configuration: where programs run, and who guards them.
#[must_use]
pub fn actions(config: &Config, program: &Path) -> Vec<Arc<dyn DynAction>> {
    registry::actions(ExecHome {
        base: config.base.clone(),
        runs: runs(config),
        guard: vec![program.as_os_str().to_owned(), "guard".into()],
    })
}

impl App {
    /// Builds the server: reads the packs, listens, opens the database. Nothing is answered before [`Self::run`].
    ///
    /// # Errors
    /// When something of it cannot be had; the error says what to do.
    pub async fn build(config: Config, outside: Outside) -> anyhow::Result<Self> {
        install_crypto();
        let tasks = Tasks::new();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let chance: Arc<dyn Chance> = Arc::new(OsChance);
        let actions = actions(&config, &outside.program);
        // Before the packs are read, so that what is saved meanwhile shows.
        let marks = Marks::of(&config);
        let (packs, pack) = packs(&config, &actions)?;
        let secrets = Secrets::new(config.secret_values().await?);
        // Before any file is made, so that an address that is taken leaves none behind. Where there is a database, who
        // holds it says more: it is asked first.
        let listener = TcpListener::bind(config.listen).await.map_err(|error| {
            anyhow::anyhow!("{} cannot be listened on: {error}; set `listen` or WILCO_LISTEN", config.listen)
        });
        if !config.database.exists() {
            listener.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
        }
        let options = Options { path: config.database.clone(), durability: config.durability };
        let store_parts = wilco_store_sql::Parts { chance: chance.clone(), clock: clock.clone() };
        let store = Arc::new(SqliteStore::open(&options, store_parts).await?);
        let listener = match listener {
            Ok(listener) => listener,
            Err(taken) => {
                store.close().await?;
                return Err(taken);
            }
        };
        let keys = Keys::open(&config.keys)?;
        let bare: Arc<dyn Store> = store.clone();
        let tenure = node::turn(&bare, &clock, chance.as_ref()).await?;
        bare.fence(tenure.fence());
        let seen = (outside.wrap)(store.clone());
        let http = Arc::new(HttpClient::new(config.servers.clone(), clock.clone()));
        let engine = Engine::new(
            Parts {
                store: seen.clone(),
                clock: clock.clone(),
                spawn: Arc::new(tasks.clone()),
                chance: chance.clone(),
                http: http.clone(),
                actions: actions.clone(),
                sources: registry::sources(&config),
            },
            Setup { secrets: secrets.clone(), ..setup(&config, pack) },
        )
        .map_err(|collisions| anyhow::anyhow!(check::told(&collisions)))?;
        let desk: Arc<dyn Desk> = Arc::new(engine.clone());
        let spawn: Arc<dyn Spawn> = Arc::new(tasks.clone());
        let public_url = PublicUrl::parse(&config.public_url)?;
        let connector = WebConnector::new(ConnectorParts {
            store: seen.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            spawn: spawn.clone(),
            desk: desk.clone(),
            name: config.name.clone(),
            rooms: config.rooms.iter().filter(|room| room.place.connector() == "web").cloned().collect(),
        });
        let ready = Ready::default();
        let access = Access::new(seen.clone(), clock.clone(), chance.clone(), desk.clone(), public_url);
        let (tell_stop, stop) = stopper();
        let door = DoorParts {
            desk,
            store: seen.clone(),
            spawn,
            connector: connector.clone(),
            access: access.clone(),
            operator_key: OperatorKey::new(&keys.operator()?),
            home: config.home.clone(),
            files: config.files,
            ready: ready.clone(),
            metrics: outside.metrics,
            stop: stop.clone(),
        };
        let lines = Tasks::new();
        let network_parts = networks::Parts {
            engine: engine.clone(),
            spawn: Arc::new(lines.clone()),
            clock: clock.clone(),
            healths: ready.connectors().clone(),
            http: http.clone(),
            environment: outside.environment.clone(),
        };
        let networks = Networks::new(&config, network_parts);
        engine.connectors_stand_as(networks.clone());
        ready.stands_as(networks.clone());
        let reload_parts = reload::Parts {
            networks: networks.clone(),
            engine: engine.clone(),
            actions,
            http,
            environment: outside.environment,
            clock: clock.clone(),
        };
        let reload = Reload::new(reload_parts, Began { config: config.clone(), packs, secrets, marks });
        engine.reload_with(reload.clone());
        let checkpoints = Checkpoints::new(keys.audit()?, config.checkpoints.clone());
        Ok(Self {
            config,
            engine,
            store,
            tenure,
            seen,
            tasks,
            clock,
            checkpoints,
            reload,
            networks,
            lines,
            connector,
            access,
            door,
            ready,
            listener,
            tell_stop,
            stop,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.listener.local_addr()
    }

    /// A one-time link for whoever starts it: the first person who is an admin, and when the link ends.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn first_link(&self) -> anyhow::Result<Option<(PersonId, String, jiff::Timestamp)>> {
        let admin = self.engine.with_policy(|policy| {
            let mut people = policy.people.iter();
            people
                .find(|(_, person)| person.roles.iter().any(|role| role.as_str() == ADMIN))
                .map(|(id, _)| id.clone())
        });
        let Some(admin) = admin else { return Ok(None) };
        let link = self.access.issue_link(&admin, "operator").await?;
        Ok(Some((admin, link.url, link.expires_at)))
    }

    /// Takes an event in as its source does when it is sent, to be told once all runs. Where there is no such source, or it
    /// was taken before, nothing comes of it.
    pub async fn take_event(&self, source: &str, body: &str) {
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
        let hook = RawHook { headers: &headers, body: body.as_bytes(), received_at: self.clock.now() };
        if let Err(error) = self.engine.hook(source, hook).await {
            tracing::debug!(source, ?error, "An event was not taken.");
        }
    }

    /// Runs until `stop` comes true, and ends in order: no new orders, no new calls, all records safe.
    ///
    /// # Errors
    /// When it cannot begin, or when its last records cannot be made safe; the database is closed all the same.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let Self {
            config,
            engine,
            store,
            tenure,
            seen,
            tasks,
            clock,
            mut checkpoints,
            reload,
            networks,
            lines,
            connector,
            door,
            ready,
            listener,
            ..
        } = self;
        let (tell_stop, stopped) = (self.tell_stop, self.stop);
        let began = clock.now();
        let (tell_lost, lost) = oneshot::channel();
        tasks.spawn("lease", Box::pin(keep(tenure.clone(), tell_lost, stopped.clone())));
        let session = connector.connect(None).await?;
        engine.attach("web", session.caps, session.outbox.clone(), session.directory.clone());
        let (tell_over, over) = stopper();
        let ends = Ends { stopping: stopped.clone(), over };
        let networks = networks.supervisors().into_iter().map(|network| network.begin(ends.clone()));
        let networks: Vec<_> = networks.collect();
        // The door opens when all that was under way is taken up: nobody is answered from half a picture.
        engine.recover().await?;
        for network in networks {
            lines.spawn("connector", Box::pin(network));
        }
        tasks.spawn("reload", Box::pin(reload.run(stopped.clone())));
        let router = wilco_web::router(door);
        let until = stopped.clone();
        let door = async move {
            if let Err(error) = wilco_web::serve(listener, router, until).await {
                tracing::error!(%error, "The HTTP door closed.");
            }
        };
        tasks.spawn("door", Box::pin(door));
        let mut arrivals = session.arrivals;
        let receiver = engine.clone();
        let until = stopped.clone();
        let reader = async move {
            loop {
                tokio::select! {
                    arrival = arrivals.next() => match arrival {
                        Some(arrival) => receiver.accept(arrival).await,
                        None => return,
                    },
                    () = until.cancelled() => return,
                }
            }
        };
        tasks.spawn("web arrivals", Box::pin(reader));
        ready.connectors().set("web", Health::Connected, clock.now());
        let signer = checkpoints.clone();
        let signing = {
            let (store, clock, until) = (seen.clone(), clock.clone(), stopped.clone());
            async move {
                tokio::select! {
                    () = signer.keep(store, clock) => {}
                    () = until.cancelled() => {}
                }
            }
        };
        tasks.spawn("checkpoints", Box::pin(signing));
        let sweeping = sweep(runs(&config), began.into(), open_operations(&seen).await?);
        let until = stopped.clone();
        tasks.spawn(
            "sweep",
            Box::pin(async move {
                tokio::select! {
                    () = sweeping => {}
                    () = until.cancelled() => {}
                }
            }),
        );
        ready.set();
        let taken_over = tokio::select! {
            () = stop => None,
            Ok(by) = lost => Some(by),
        };
        engine.stop();
        // Who listened may be gone already.
        let _ = tell_stop.send(());
        let left = tasks.drain(DRAIN).await;
        let _ = tell_over.send(());
        let hung = lines.drain(PARTING).await;
        tracing::info!(
            ?left,
            ?hung,
            "Stopped; what is left goes on outside and is taken up at the next start."
        );
        let kept = async {
            seen.flush().await?;
            if taken_over.is_none() {
                checkpoints.sign(seen.head().await?, clock.now())?;
            }
            anyhow::Ok(())
        };
        let kept = kept.await;
        if let Err(error) = &kept {
            tracing::error!(%error, "The last records or their checkpoint could not be made safe.");
        }
        if taken_over.is_none()
            && let Err(error) = tenure.give_back().await
        {
            tracing::warn!(%error, "The lease was not given back; on another machine it is waited for.");
        }
        let closed = store.close().await;
        if let Err(error) = &closed {
            tracing::error!(%error, "The database was not closed in order.");
        }
        kept?;
        closed?;
        if let Some(by) = taken_over {
            anyhow::bail!(
                "{by} has taken over the database, so this Wilco ended. Let only one of them run; both would be started by \
                 the same configuration on two machines"
            );
        }
        Ok(())
    }

    /// The configuration that it runs with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// Renews the lease; tells who has it where it was lost.
async fn keep(tenure: Tenure, tell_lost: oneshot::Sender<String>, stop: Cancel) {
    tokio::select! {
        by = tenure.keep() => {
            tracing::error!(by, "Another Wilco has taken over the database; this one ends.");
            // Who listened may be gone already.
            let _ = tell_lost.send(by);
        }
        () = stop.cancelled() => {}
    }
}

/// The folder of the runs' own folders.
fn runs(config: &Config) -> PathBuf {
    config.base.join("wilco.runs")
}

/// The operations that go on, so that how their runs ended may still be read.
async fn open_operations(store: &Arc<dyn Store>) -> anyhow::Result<BTreeSet<String>> {
    let open: Vec<_> = State::ALL.into_iter().filter(|state| !state.is_final()).collect();
    let (mut ids, mut after) = (BTreeSet::new(), 0);
    loop {
        let found = store.operations(&open, Page { after, limit: AT_ONCE }).await?;
        let Some((last, _)) = found.last() else { return Ok(ids) };
        after = *last;
        ids.extend(found.into_iter().map(|(_, operation)| operation.id.to_string()));
    }
}

/// Cleans up among the runs' folders, beside everything else.
async fn sweep(runs: PathBuf, began: SystemTime, open: BTreeSet<String>) {
    // A run's folder is called after its operation, its step and its attempt.
    let is_open = move |name: &str| name.split('.').next().is_some_and(|id| open.contains(id));
    let swept = tokio::task::spawn_blocking(move || wilco_systems::host::sweep(&runs, began, is_open)).await;
    match swept {
        Ok(Ok(swept)) => tracing::info!(swept, "cleaned up among the runs' folders"),
        Ok(Err(error)) => tracing::warn!(%error, "the runs' folders could not be cleaned up"),
        Err(error) => tracing::error!(%error, "cleaning up among the runs' folders ended early"),
    }
}

/// A wish to stop, and the way to make it come true.
fn stopper() -> (oneshot::Sender<()>, Cancel) {
    let (tell, told) = oneshot::channel();
    // A sender that is gone is a stop, too.
    (tell, Cancel::when(async move { told.await.unwrap_or_default() }))
}

/// What the configuration and the packs say, for the engine; without the values of secrets.
#[must_use]
pub fn setup(config: &Config, pack: Pack) -> Setup {
    Setup {
        name: config.name.clone(),
        aliases: config.aliases.clone(),
        prefixes: config.prefixes.clone(),
        home: config.home.clone(),
        public_url: config.public_url.clone(),
        policy: config.policy.clone(),
        commands: pack.commands,
        secrets: Secrets::default(),
        limits: config.limits,
        events: EventSetup {
            routes: pack.routes,
            rules: pack.rules,
            sources: config.sources.iter().map(|source| source.rule.clone()).collect(),
        },
        listeners: pack.listeners,
        schedules: pack.schedules,
    }
}

/// The packs, each by itself and as one.
///
/// # Errors
/// All that is wrong with them.
fn packs(config: &Config, actions: &[Arc<dyn DynAction>]) -> anyhow::Result<(Vec<ReadPack>, Pack)> {
    let (packs, all, problems) = check::read_all(config, actions);
    anyhow::ensure!(!check::any_error(&problems), "{}", check::told(&problems));
    for problem in problems {
        tracing::warn!("{problem}");
    }
    Ok((packs, all))
}
