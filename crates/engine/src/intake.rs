//! What comes in from sources: proven, read, kept, and only then acknowledged.
//!
//! Not where it goes: [`crate::route`] takes events up from the journal, in its order. Layer 1.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use wilco_contract::{
    event::{Arrived, Event, Payload},
    ids::SourceName,
    source::{RawHook, Source},
    store::{Batch, Record, StoreError, When},
};

use crate::{core::Core, telemetry};

/// How often a request is tried whose events are in part taken in meanwhile.
const TRIES: u32 = 4;

/// The sources, and how they are.
pub(crate) struct Sources {
    all: HashMap<SourceName, Known>,
}

struct Known {
    source: Arc<dyn Source>,
    taken: AtomicU64,
    repeated: AtomicU64,
    refused: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    taken_at: Option<Timestamp>,
    refused_at: Option<Timestamp>,
    refused: Option<String>,
}

/// How a source is, since the start.
#[derive(Debug, Clone)]
pub struct SourceHealth {
    /// The source.
    pub name: SourceName,
    /// Its kind: `github`.
    pub kind: &'static str,
    /// Whether it demands a proof.
    pub signed: bool,
    /// Events taken in.
    pub taken: u64,
    /// Events that were there already.
    pub repeated: u64,
    /// Requests refused: not proven, or not readable.
    pub refused: u64,
    /// When the last event was taken in.
    pub taken_at: Option<Timestamp>,
    /// When the last request was refused.
    pub refused_at: Option<Timestamp>,
    /// Why, in a sentence.
    pub refused_why: Option<String>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many events are new and kept.
    pub new: usize,
    /// How many were there already.
    pub repeated: usize,
}

/// Why a request was not taken. Nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// There is no such source.
    NoSuchSource,
    /// Nobody proved who sent it: what is wrong, in a sentence.
    NotProven(String),
    /// It cannot be read: what is wrong, in a sentence.
    Unreadable(String),
    /// It could not be kept; the sender should try again.
    Unavailable(String),
}

impl Sources {
    pub(crate) fn new(sources: Vec<Arc<dyn Source>>) -> Self {
        let known = |source: Arc<dyn Source>| {
            let (taken, repeated, refused) = Default::default();
            (source.name().clone(), Known { source, taken, repeated, refused, last: Mutex::default() })
        };
        Self { all: sources.into_iter().map(known).collect() }
    }

    fn find(&self, name: &str) -> Option<&Known> {
        self.all.get(&SourceName::parse(name).ok()?)
    }

    pub(crate) fn max_body(&self, name: &str) -> Option<usize> {
        self.find(name).map(|known| known.source.max_body())
    }

    pub(crate) fn health(&self) -> Vec<SourceHealth> {
        let mut all: Vec<_> = self.all.values().map(Known::health).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}

impl Known {
    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> SourceHealth {
        let last = self.last();
        SourceHealth {
            name: self.source.name().clone(),
            kind: self.source.kind(),
            signed: self.source.is_signed(),
            taken: self.taken.load(Ordering::Relaxed),
            repeated: self.repeated.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            taken_at: last.taken_at,
            refused_at: last.refused_at,
            refused_why: last.refused.clone(),
        }
    }

    fn refuse(&self, now: Timestamp, why: &'static str, what: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        telemetry::hook_refused(self.source.name(), why);
        let mut last = self.last();
        last.refused_at = Some(now);
        last.refused = Some(what.to_owned());
    }
}

/// Takes in a request: proven, read and committed when it returns.
///
/// # Errors
/// When nothing of it was kept.
pub(crate) async fn take(core: &Arc<Core>, source: &str, hook: RawHook<'_>) -> Result<Taken, NotTaken> {
    let known = core.sources.find(source).ok_or(NotTaken::NoSuchSource)?;
    let now = core.clock.now();
    let verified = known.source.verify(&hook).map_err(|bad| {
        known.refuse(now, bad.kind(), &bad.to_string());
        NotTaken::NotProven(bad.to_string())
    })?;
    let decoded = known.source.decode(&hook, verified).map_err(|bad| {
        known.refuse(now, "unreadable", &bad.0);
        NotTaken::Unreadable(bad.0)
    })?;
    let all = decoded.events.len();
    let kept = keep(core, decoded.events, Payload::pack(hook.body)).await;
    let new = kept.map_err(|error| NotTaken::Unavailable(error.to_string()))?;
    let taken = Taken { new, repeated: all - new };
    known.taken.fetch_add(new as u64, Ordering::Relaxed);
    known.repeated.fetch_add(taken.repeated as u64, Ordering::Relaxed);
    telemetry::hook_taken(known.source.name(), &taken);
    if new > 0 {
        known.last().taken_at = Some(now);
    }
    Ok(taken)
}

/// Commits the events that are new, and returns how many these are.
async fn keep(core: &Core, events: Vec<Event>, payload: Payload) -> Result<usize, StoreError> {
    let mut events = events;
    if let [only] = events.as_slice() {
        // Most requests bring one, which is not copied.
        let (source, id) = (only.source.clone(), only.id.clone());
        return match commit(core, events, payload).await {
            Err(StoreError::Conflict(_)) if core.store.has_event(&source, &id).await? => Ok(0),
            kept => kept,
        };
    }
    for _ in 0..TRIES {
        if events.is_empty() {
            return Ok(0);
        }
        match commit(core, events.clone(), payload.clone()).await {
            Err(StoreError::Conflict(_)) => events = fresh(core, events).await?,
            kept => return kept,
        }
    }
    Err(StoreError::Unavailable("others bring the same events at the same time".to_owned()))
}

/// Those of a request's events that are not stored.
async fn fresh(core: &Core, events: Vec<Event>) -> Result<Vec<Event>, StoreError> {
    let mut new: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        let known = core.store.has_event(&event.source, &event.id).await?;
        if !known && !new.iter().any(|other| other.id == event.id) {
            new.push(event);
        }
    }
    Ok(new)
}

/// Commits events; the first one brings the payload.
async fn commit(core: &Core, events: Vec<Event>, payload: Payload) -> Result<usize, StoreError> {
    let count = events.len();
    let mut payload = Some(payload);
    let record = |event| Record::Event(Box::new(Arrived { event, payload: payload.take() }));
    let batch = Batch { at: core.clock.now(), records: events.into_iter().map(record).collect() };
    core.store.commit(batch, When::Now).await.map(|_| count)
}
