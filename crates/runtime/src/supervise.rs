//! Keeps connectors alive: connects, connects again after a pause, goes on where it was, and says how it stands.
//!
//! Not a connector, which connects once and describes its failure, and not the engine, which gets what arrives. What is
//! sent in a short break waits for its end here. Layer 1.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::watch;
use wilco_contract::{
    clock::{Cancel, Chance, Clock},
    connector::{
        Arrival, Caps, ConnectError, Connector, Cursor, Directory, Outbox, Post, Receipt, SendError, Session,
        Standing, Standings, Tells,
    },
    ids::{Account, Place},
    reply::Reply,
    retry::Retry,
};

use crate::telemetry;

/// The shortest of the pauses that grow, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// A connection that stood so long was a good one: the next pause is short again.
const GOOD: Duration = Duration::from_secs(60);
/// How long something that is to be sent waits for a connection.
const GRACE: Duration = Duration::from_secs(10);
/// What is taken for possible until a network said what it can do.
const LEAST: Caps =
    Caps { edits: false, threads: false, buttons: false, keys: false, max_bytes: 400, tells: Tells::NOTHING };

/// Who takes what arrives, and is told the way out.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// There is a way out to this connector, or another one than before.
    fn attach(&self, connector: &str, caps: Caps, way: Arc<Line>);

    /// A connector is parked: what somebody has to do.
    async fn parked(&self, connector: &str, why: &str);

    /// Something arrived. Returns once it is kept or needs no keeping.
    async fn accept(&self, arrival: Arrival);
}

/// How a connector stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is connecting.
    Connecting,
    /// It is connected, since then.
    Connected(Timestamp),
    /// It is tried again after a pause.
    Waiting {
        /// What happened.
        why: String,
    },
    /// It is not tried again: somebody has to do something first.
    Parked {
        /// What happened, and what to do.
        why: String,
    },
}

impl Health {
    /// In a word: `connecting`, `connected`, `waiting`, `parked`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected(_) => "connected",
            Self::Waiting { .. } => "waiting",
            Self::Parked { .. } => "parked",
        }
    }
}

/// How all connectors stand. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Healths(Arc<Mutex<BTreeMap<String, Health>>>);

impl Healths {
    /// Says how one stands.
    pub fn set(&self, connector: &str, health: Health) {
        let connected = matches!(health, Health::Connected(_));
        let gauge = metrics::gauge!(telemetry::CONNECTED, "connector" => connector.to_owned());
        gauge.set(if connected { 1.0 } else { 0.0 });
        self.list().insert(connector.to_owned(), health);
    }

    /// How all stand, by name.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Health)> {
        self.list().iter().map(|(name, health)| (name.clone(), health.clone())).collect()
    }

    fn list(&self) -> MutexGuard<'_, BTreeMap<String, Health>> {
        // Each change under the lock is one step, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standings for Healths {
    fn standings(&self) -> Vec<Standing> {
        let standing = |(connector, health): (String, Health)| {
            let state = health.word();
            let (since, why) = match health {
                Health::Connecting => (None, None),
                Health::Connected(since) => (Some(since), None),
                Health::Waiting { why } | Health::Parked { why } => (None, Some(why)),
            };
            Standing { connector, state, since, why }
        };
        self.all().into_iter().map(standing).collect()
    }
}

/// The way out over whichever connection stands.
pub struct Line {
    connector: String,
    now: watch::Sender<Option<Way>>,
    /// Whether it makes sense to wait for a connection.
    waits: AtomicBool,
}

#[derive(Clone)]
struct Way {
    outbox: Arc<dyn Outbox>,
    directory: Arc<dyn Directory>,
    /// The number of the connection.
    number: u64,
}

impl Line {
    fn new(connector: &str) -> Self {
        Self { connector: connector.to_owned(), now: watch::Sender::new(None), waits: AtomicBool::new(true) }
    }

    /// The connection, another one than this; waits for it for a while.
    async fn way(&self, not: Option<u64>) -> Option<Way> {
        let mut now = self.now.subscribe();
        let is_another = |way: &Option<Way>| way.as_ref().is_some_and(|way| Some(way.number) != not);
        let another = now.wait_for(|way| is_another(way) || !self.waits.load(Ordering::Acquire));
        let found = tokio::time::timeout(GRACE, another).await;
        found.ok()?.ok().filter(|way| is_another(way))?.clone()
    }

    /// Nobody waits any more for a connection that does not stand.
    fn hurry(&self) {
        self.waits.store(false, Ordering::Release);
        self.now.send_modify(|_| {});
    }

    fn directory(&self) -> Option<Arc<dyn Directory>> {
        self.now.borrow().as_ref().map(|way| way.directory.clone())
    }

    fn is_gone(&self, number: u64) -> bool {
        self.now.borrow().as_ref().is_none_or(|way| way.number != number)
    }

    fn away(&self) -> SendError {
        let what = format!("the connector `{}` is not connected", self.connector);
        SendError::NotSent { what, retry: Retry::Backoff }
    }
}

#[async_trait]
impl Outbox for Line {
    async fn say(&self, post: Post<'_>) -> Result<(), SendError> {
        let way = self.way(None).await.ok_or_else(|| self.away())?;
        match way.outbox.say(post).await {
            Err(SendError::NotSent { retry: Retry::Now | Retry::Backoff, .. })
                if self.is_gone(way.number) =>
            {
                let next = self.way(Some(way.number)).await.ok_or_else(|| self.away())?;
                next.outbox.say(post).await
            }
            end => end,
        }
    }

    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        let way = self.way(None).await.ok_or_else(|| self.away())?;
        match way.outbox.post(post).await {
            // It was taken to a connection that had just ended: nothing of it was sent, so the next one takes it.
            Err(SendError::NotSent { retry: Retry::Now | Retry::Backoff, .. })
                if self.is_gone(way.number) =>
            {
                let next = self.way(Some(way.number)).await.ok_or_else(|| self.away())?;
                next.outbox.post(post).await
            }
            end => end,
        }
    }

    async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        let way = self.way(None).await.ok_or_else(|| self.away())?;
        way.outbox.edit(at, reply).await
    }
}

#[async_trait]
impl Directory for Line {
    async fn exists(&self, place: &Place) -> bool {
        match self.directory() {
            Some(directory) => directory.exists(place).await,
            None => false,
        }
    }

    async fn may_read(&self, account: &Account, place: &Place) -> bool {
        match self.directory() {
            Some(directory) => directory.may_read(account, place).await,
            None => false,
        }
    }

    async fn members(&self, place: &Place) -> Vec<Account> {
        match self.directory() {
            Some(directory) => directory.members(place).await,
            None => Vec::new(),
        }
    }

    async fn open_dm(&self, account: &Account) -> Option<Place> {
        self.directory()?.open_dm(account).await
    }
}

/// When a supervisor ends.
#[derive(Clone)]
pub struct Ends {
    /// Wilco is being stopped: what is under way is still said, and nothing waits for a connection that does not stand.
    pub stopping: Cancel,
    /// All was said.
    pub over: Cancel,
}

impl Ends {
    /// Never.
    #[must_use]
    pub fn never() -> Self {
        Self { stopping: Cancel::never(), over: Cancel::never() }
    }
}

/// What keeps one connector alive.
pub struct Supervisor {
    /// Its name in the configuration.
    pub name: String,
    /// The connector.
    pub connector: Arc<dyn Connector>,
    /// Who takes what arrives.
    pub receiver: Arc<dyn Receiver>,
    /// The time, and waiting.
    pub clock: Arc<dyn Clock>,
    /// Where the pauses' lengths come from: many that were cut off together do not come back together.
    pub chance: Arc<dyn Chance>,
    /// Where it says how it stands.
    pub healths: Healths,
}

impl Supervisor {
    /// Makes the way out known before there is a connection, so that nothing that is sent until then is lost. What this
    /// returns runs until it is told to stop, or until somebody has to do something first.
    pub fn begin(self, ends: Ends) -> impl Future<Output = ()> + Send + 'static {
        let line = Arc::new(Line::new(&self.name));
        self.receiver.attach(&self.name, LEAST, line.clone());
        self.healths.set(&self.name, Health::Connecting);
        async move {
            let hurry = async {
                ends.stopping.cancelled().await;
                line.hurry();
                std::future::pending().await
            };
            tokio::select! {
                () = self.keep(&line) => {}
                () = hurry => {}
                () = ends.over.cancelled() => {}
            }
            line.hurry();
            line.now.send_replace(None);
        }
    }

    async fn keep(&self, line: &Arc<Line>) {
        let (mut tries, mut cursor, mut number) = (0, None, 0);
        loop {
            self.healths.set(&self.name, Health::Connecting);
            let error = match self.connect(cursor.clone()).await {
                Ok(session) => {
                    number += 1;
                    let began = self.clock.now();
                    self.serve(session, line, number, &mut cursor).await;
                    if self.clock.now().duration_since(began).unsigned_abs() >= GOOD {
                        tries = 0;
                    }
                    ConnectError { what: "the connection ended".to_owned(), retry: Retry::Backoff }
                }
                Err(error) => error,
            };
            let (name, why) = (&self.name, error.what);
            let Some(pause) = pause(tries, error.retry, self.chance.bytes()) else {
                tracing::error!(connector = name, why, "A connector is parked until it is corrected.");
                self.healths.set(name, Health::Parked { why: why.clone() });
                self.receiver.parked(name, &why).await;
                return;
            };
            tries += 1;
            tracing::warn!(connector = name, why, ?pause, "A connector is away and is tried again.");
            self.healths.set(name, Health::Waiting { why });
            self.clock.moment(pause).await;
        }
    }

    async fn connect(&self, resume: Option<Cursor>) -> Result<Session, ConnectError> {
        let connected = AssertUnwindSafe(self.connector.connect(resume)).catch_unwind().await;
        let end = if matches!(connected, Ok(Ok(_))) { "connected" } else { "failed" };
        metrics::counter!(telemetry::CONNECTS, "connector" => self.name.clone(), "end" => end).increment(1);
        connected.unwrap_or_else(|_| {
            let what = "connecting made a mistake; the log says which".to_owned();
            Err(ConnectError { what, retry: Retry::Backoff })
        })
    }

    /// Hands on what arrives until the connection ends.
    async fn serve(&self, session: Session, line: &Arc<Line>, number: u64, cursor: &mut Option<Cursor>) {
        let Session { caps, mut arrivals, outbox, directory } = session;
        line.now.send_replace(Some(Way { outbox, directory, number }));
        self.receiver.attach(&self.name, caps, line.clone());
        self.healths.set(&self.name, Health::Connected(self.clock.now()));
        tracing::info!(connector = self.name, "A connector is connected.");
        let mut after = None;
        let serving = async {
            while let Some(arrival) = arrivals.next().await {
                after = arrival.cursor.clone().or(after.take());
                self.receiver.accept(arrival).await;
            }
        };
        if AssertUnwindSafe(serving).catch_unwind().await.is_err() {
            tracing::error!(connector = self.name, "Something that arrived made a mistake; connecting anew.");
        }
        *cursor = after.or(cursor.take());
        line.now.send_replace(None);
    }
}

/// The pause before the next try: any length up to a limit that doubles. `None`: never.
fn pause(tries: u32, retry: Retry, chance: [u8; 16]) -> Option<Duration> {
    let [a, b, c, d, ..] = chance;
    let part = f64::from(u32::from_le_bytes([a, b, c, d])) / f64::from(u32::MAX);
    let most = FIRST.saturating_mul(1 << tries.min(6)).min(LONGEST);
    match retry {
        Retry::Never => None,
        // At once, but for one that ends as soon as it began.
        Retry::Now if tries == 0 => Some(Duration::ZERO),
        Retry::Now | Retry::Backoff => Some(most.mul_f64(part)),
        Retry::After(after) => Some(after + FIRST.mul_f64(part)),
    }
}

#[cfg(test)]
mod tests;
