//! What people said and nobody has acked yet.
//!
//! Not the journal: all of it is committed there already. This keeps it for the next connection, and keeps a flood
//! from filling the memory. Who comes and goes is not kept anywhere, and goes the same way. Layer 3.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wilco_contract::{
    connector::{Ack, Arrival},
    ids::Seq,
    input::Input,
};

use super::presence::Presence;

/// The most bytes of text that wait for their ack.
const ROOM: u32 = 16 * 1024 * 1024;
/// What a message takes besides its text.
const EACH: usize = 512;

/// All that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    state: Mutex<State>,
    changed: Notify,
    room: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the connection that is served; an older one ends.
    connection: u64,
    /// By the journal number of the input.
    unacked: BTreeMap<Seq, Kept>,
    /// What this connection was not yet given, in the order in which it goes.
    fresh: VecDeque<Seq>,
}

#[derive(Debug)]
struct Kept {
    input: Input,
    /// Gives its room back when it is acked.
    _room: OwnedSemaphorePermit,
}

/// One connection's way to what waits.
pub(super) struct Line {
    waiting: Arc<Waiting>,
    presence: Arc<Presence>,
    connection: u64,
}

impl Default for Waiting {
    fn default() -> Self {
        let room = usize::try_from(ROOM).unwrap_or(usize::MAX);
        Self { state: Mutex::default(), changed: Notify::new(), room: Arc::new(Semaphore::new(room)) }
    }
}

impl Waiting {
    /// Waits for room for a text of so many bytes. Take it before committing: what was committed is never turned away.
    pub(super) async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes.saturating_add(EACH)).unwrap_or(ROOM).min(ROOM);
        Arc::clone(&self.room).acquire_many_owned(bytes).await.ok()
    }

    /// Takes in what was committed.
    pub(super) fn push(&self, seq: Seq, input: Input, room: OwnedSemaphorePermit) {
        let mut state = self.state();
        state.unacked.insert(seq, Kept { input, _room: room });
        state.fresh.push_back(seq);
        drop(state);
        self.changed.notify_waiters();
    }

    /// A new connection: the one before ends, and all that it did not ack comes again, oldest first.
    pub(super) fn connect(self: &Arc<Self>, presence: &Arc<Presence>) -> Line {
        let mut state = self.state();
        state.connection += 1;
        state.fresh = state.unacked.keys().copied().collect();
        let connection = state.connection;
        drop(state);
        self.changed.notify_waiters();
        Line { waiting: Arc::clone(self), presence: Arc::clone(presence), connection }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is whole before anything could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ack(&self, seq: Seq) {
        self.state().unacked.remove(&seq);
    }
}

impl Line {
    /// The next arrival; `None` once another connection has taken over.
    pub(super) async fn next(&self) -> Option<Arrival> {
        loop {
            // Made before the look, so that what changes after the look wakes it.
            let (changed, moved) = (self.waiting.changed.notified(), self.presence.changes());
            {
                let mut state = self.waiting.state();
                if state.connection != self.connection {
                    return None;
                }
                while let Some(seq) = state.fresh.pop_front() {
                    if let Some(kept) = state.unacked.get(&seq) {
                        return Some(self.arrival(seq, kept.input.clone()));
                    }
                }
            }
            if let Some(happening) = self.presence.next() {
                let input = Input::Happened(happening);
                return Some(Arrival { input, cursor: None, kept: None, ack: None });
            }
            tokio::select! {
                () = changed => {}
                () = moved => {}
                () = self.presence.due() => {}
            }
        }
    }

    fn arrival(&self, seq: Seq, input: Input) -> Arrival {
        let waiting = Arc::clone(&self.waiting);
        Arrival { input, cursor: None, kept: Some(seq), ack: Some(Ack::new(move || waiting.ack(seq))) }
    }
}
