//! Walking the record from its beginning, to see that each entry follows from the one before.
//!
//! Not the proof against one who rewrote all of it: `wilco audit verify` compares with checkpoints that are elsewhere.
//! One walk at a time, page by page, behind all that is asked meanwhile. Layer 3.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use wilco_contract::{
    chain::Walk,
    store::{Page, Store, StoreError},
};

use crate::{door::Door, dto::Verified};

/// How many records are read at once.
const PAGE: usize = 500;
/// How long a walk's result stands before another one begins.
const STANDS: SignedDuration = SignedDuration::from_mins(1);

/// The walk that runs, and what the last one found.
#[derive(Default)]
pub(crate) struct Walks {
    passed: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: bool,
    last: Option<Found>,
}

#[derive(Clone)]
struct Found {
    whole: u64,
    hash: String,
    broken: Option<String>,
    at: Timestamp,
}

impl Walks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it stands.
    pub(crate) fn told(&self) -> Verified {
        let State { running, last } = &*self.state();
        Verified {
            running: *running,
            passed: self.passed.load(Ordering::Relaxed),
            whole: last.as_ref().map(|found| found.whole),
            hash: last.as_ref().map(|found| found.hash.clone()),
            broken: last.as_ref().and_then(|found| found.broken.clone()),
            at: last.as_ref().map(|found| found.at),
        }
    }

    /// Whether another walk may begin now; then it has begun.
    fn begins(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        let stands = state.last.as_ref().is_some_and(|found| now.duration_since(found.at).abs() < STANDS);
        if state.running || stands {
            return false;
        }
        state.running = true;
        self.passed.store(0, Ordering::Relaxed);
        true
    }
}

/// Ends a walk however it ends, so that another one can begin.
struct Turn(Arc<Door>);

impl Turn {
    fn found(&self, (whole, hash, broken): (u64, String, Option<String>)) {
        let at = self.0.access.now();
        self.0.walks.state().last = Some(Found { whole, hash, broken, at });
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.walks.state().running = false;
    }
}

/// Begins a walk, unless one runs or has just ended.
pub(crate) fn begin(door: &Arc<Door>) {
    if !door.walks.begins(door.access.now()) {
        return;
    }
    let turn = Turn(Arc::clone(door));
    let walk = async move {
        let Turn(door) = &turn;
        tokio::select! {
            () = door.stop.cancelled() => {}
            walked = walk(door.store.as_ref(), &door.walks.passed) => match walked {
                Ok(walked) => turn.found(walked),
                Err(error) => tracing::warn!(%error, "the record could not be walked"),
            },
        }
    };
    door.spawn.spawn("web.walk", Box::pin(walk));
}

/// Walks to the end that is there when it begins. How far it is whole, with the last hash, and what is wrong behind that.
async fn walk(store: &dyn Store, passed: &AtomicU64) -> Result<(u64, String, Option<String>), StoreError> {
    let end = store.head().await?.seq.0;
    let mut walk = Walk::default();
    loop {
        let after = walk.head().seq.0;
        let told = |broken| Ok((after, walk.head().hash.to_string(), broken));
        if after >= end {
            return told(None);
        }
        let records = store.sealed(Page { after, limit: PAGE }).await?;
        if records.is_empty() {
            return told(Some(format!("record {} is missing: the log ends before it", after + 1)));
        }
        for record in &records {
            if let Err(broken) = walk.next(record) {
                let head = walk.head();
                return Ok((head.seq.0, head.hash.to_string(), Some(broken.to_string())));
            }
        }
        passed.store(walk.head().seq.0, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}
