//! Keeps connectors alive: connects, connects again after a pause, goes on where it was, and says how it stands.
//!
//! Not a connector, which connects once and describes its failure, and not the engine, which gets what arrives. What is
//! sent in a short break waits for its end here. Layer 1.

mod health;
mod line;

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Notify;
use wilco_contract::{
    clock::{Cancel, Chance, Clock},
    connector::{Arrival, Caps, ConnectError, Connector, Cursor, Session, Tells},
    retry::Retry,
};

use self::line::Way;
pub use self::{
    health::{Health, Healths},
    line::Line,
};
use crate::telemetry;

/// The shortest of the pauses that grow, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// A connection that stood so long was a good one: the next pause is short again.
const GOOD: Duration = Duration::from_secs(60);
/// How long connecting may take, over all that a connector itself waits for.
const CONNECTING: Duration = Duration::from_secs(180);
/// How long taking in what arrived may take before that is told. It goes on: a full lane or disk is waited for.
const TAKING: Duration = Duration::from_secs(60);
/// What is taken for possible until a network said what it can do.
const LEAST: Caps = Caps {
    edits: false,
    threads: false,
    buttons: false,
    keys: false,
    pictures: false,
    max_bytes: 400,
    tells: Tells::NOTHING,
};

/// Who takes what arrives, and is told the way out.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// There is a way out to this connector, or another one than before.
    fn attach(&self, connector: &str, caps: Caps, way: Arc<Line>);

    /// A connector is parked: what somebody has to do.
    async fn parked(&self, connector: &str, why: &str);

    /// A connector that was parked is connected.
    async fn mended(&self, connector: &str);

    /// Taking in what arrived by a connector takes longer than it should; nothing that arrives there is heard meanwhile.
    async fn stalled(&self, connector: &str);

    /// Something arrived. Returns once it is kept or needs no keeping.
    async fn accept(&self, arrival: Arrival);
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

/// The connector that a supervisor keeps alive, and the way to have it tried again.
pub struct Seat {
    connector: Mutex<Arc<dyn Connector>>,
    again: Notify,
}

impl Seat {
    /// A seat for this connector.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Arc<Self> {
        Arc::new(Self { connector: Mutex::new(connector), again: Notify::new() })
    }

    /// Puts another one in its place, for the next time that it connects.
    pub fn replace(&self, connector: Arc<dyn Connector>) {
        *self.connector.lock().unwrap_or_else(PoisonError::into_inner) = connector;
    }

    /// Tries it again at once, where it is parked or waits.
    pub fn retry(&self) {
        self.again.notify_one();
    }

    fn connector(&self) -> Arc<dyn Connector> {
        self.connector.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What keeps one connector alive.
pub struct Supervisor {
    /// Its name in the configuration.
    pub name: String,
    /// The connector.
    pub seat: Arc<Seat>,
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
        let line = Arc::new(Line::new(&self.name, self.clock.clone()));
        self.receiver.attach(&self.name, LEAST, line.clone());
        self.stands(Health::Connecting);
        self.healths.watch(&self.name, &line);
        async move {
            let hurry = async {
                ends.stopping.cancelled().await;
                line.hurry();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = self.keep(&line) => {}
                () = hurry => {}
                () = ends.over.cancelled() => {}
            }
            line.hurry();
            line.broke();
        }
    }

    fn stands(&self, health: Health) {
        self.healths.set(&self.name, health, self.clock.now());
    }

    async fn keep(&self, line: &Arc<Line>) {
        let (mut tries, mut cursor, mut number, mut parked) = (0, None, 0, false);
        loop {
            self.stands(Health::Connecting);
            let error = match self.connect(cursor.clone()).await {
                Ok(session) => {
                    number += 1;
                    let began = self.clock.now();
                    if std::mem::take(&mut parked) {
                        self.receiver.mended(&self.name).await;
                    }
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
                self.stands(Health::Parked { why: why.clone() });
                // Once: whoever tries it again sees what comes of that.
                if !std::mem::replace(&mut parked, true) {
                    self.receiver.parked(name, &why).await;
                }
                self.seat.again.notified().await;
                tries = 0;
                continue;
            };
            tries += 1;
            tracing::warn!(connector = name, why, ?pause, "A connector is away and is tried again.");
            self.stands(Health::Waiting { why });
            tokio::select! {
                () = self.clock.moment(pause) => {}
                () = self.seat.again.notified() => {}
            }
        }
    }

    async fn connect(&self, resume: Option<Cursor>) -> Result<Session, ConnectError> {
        let connector = self.seat.connector();
        let connecting = AssertUnwindSafe(connector.connect(resume)).catch_unwind();
        let connected = tokio::select! {
            biased;
            connected = connecting => Some(connected),
            () = self.clock.moment(CONNECTING) => None,
        };
        let end = if matches!(connected, Some(Ok(Ok(_)))) { "connected" } else { "failed" };
        metrics::counter!(telemetry::CONNECTS, "connector" => self.name.clone(), "end" => end).increment(1);
        let failed = |what: String| Err(ConnectError { what, retry: Retry::Backoff });
        match connected {
            Some(Ok(connected)) => connected,
            Some(Err(_)) => failed("connecting made a mistake; the log says which".to_owned()),
            None => {
                self.count_stall("connecting");
                failed(format!("connecting took longer than {} s", CONNECTING.as_secs()))
            }
        }
    }

    /// Hands on what arrives until the connection ends.
    async fn serve(&self, session: Session, line: &Arc<Line>, number: u64, cursor: &mut Option<Cursor>) {
        let Session { caps, mut arrivals, outbox, directory } = session;
        line.stands(Way { outbox, directory, number });
        self.receiver.attach(&self.name, caps, line.clone());
        self.stands(Health::Connected);
        tracing::info!(connector = self.name, "A connector is connected.");
        let mut after = None;
        let serving = async {
            while let Some(arrival) = arrivals.next().await {
                after = arrival.cursor.clone().or(after.take());
                // What arrived behind it is heard all the same: a network may never bring it again.
                if AssertUnwindSafe(self.take(arrival)).catch_unwind().await.is_err() {
                    tracing::error!(
                        connector = self.name,
                        "Something that arrived made a mistake; it is left out."
                    );
                }
            }
        };
        if AssertUnwindSafe(serving).catch_unwind().await.is_err() {
            tracing::error!(connector = self.name, "A connector made a mistake; connecting anew.");
        }
        *cursor = after.or(cursor.take());
        line.broke();
    }

    /// Has something taken in. Where that takes long it is told, and waited for.
    async fn take(&self, arrival: Arrival) {
        let taking = self.receiver.accept(arrival);
        tokio::pin!(taking);
        tokio::select! {
            biased;
            () = &mut taking => {}
            () = self.clock.moment(TAKING) => {
                tracing::error!(connector = self.name, "Taking in what arrived takes long; nothing more is heard meanwhile.");
                self.count_stall("taking");
                // What cannot be told either is waited for as well.
                tokio::join!(taking, self.receiver.stalled(&self.name));
            }
        }
    }

    fn count_stall(&self, what: &'static str) {
        metrics::counter!(telemetry::STALLS, "connector" => self.name.clone(), "in" => what).increment(1);
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
