//! Who is in the page's rooms, and that somebody came or left.
//!
//! In a room is whoever has a live stream of it open. A page that is loaded anew, or has no network for a moment, leaves
//! nothing: who comes again within [`GRACE`] was there all the time, and so was whoever is there that soon after a start.
//! Nothing of this is kept, and what nobody fetches is forgotten. Layer 3.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::{Notify, futures::Notified};
use wilco_contract::{
    clock::Clock,
    ids::{Account, Place},
    input::{Happening, Happens},
};

/// How long somebody may be away without having left, and how long after a start whoever comes was there before.
const GRACE: Duration = Duration::from_secs(30);
/// How many comings and goings wait to be fetched.
const MOST_WAITING: usize = 1_000;

/// Who is where.
pub(super) struct Presence {
    clock: Arc<dyn Clock>,
    began: Timestamp,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    visits: HashMap<(Place, Account), Visit>,
    waiting: VecDeque<Happening>,
    /// How many were told, for their ids.
    told: u64,
}

/// Somebody in a room.
#[derive(Debug, Default)]
struct Visit {
    streams: usize,
    /// When the last stream ended, where none is open.
    away_since: Option<Timestamp>,
}

/// Somebody is present until this is dropped.
pub(crate) struct Here {
    presence: Arc<Presence>,
    key: (Place, Account),
}

impl Presence {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let began = clock.now();
        Self { clock, began, state: Mutex::default(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is whole before anything could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody opens a stream.
    pub(super) fn arrive(self: &Arc<Self>, place: &Place, account: Account) -> Here {
        let (now, key) = (self.clock.now(), (place.clone(), account));
        let mut state = self.state();
        let is_new = !state.visits.contains_key(&key);
        let visit = state.visits.entry(key.clone()).or_default();
        visit.streams += 1;
        visit.away_since = None;
        if is_new && now >= later(self.began) {
            self.tell(&mut state, &key, Happens::Joined, now);
        }
        drop(state);
        self.changed.notify_waiters();
        Here { presence: Arc::clone(self), key }
    }

    /// Who has a stream of the place open.
    pub(super) fn present(&self, place: &Place) -> Vec<Account> {
        let state = self.state();
        let here = state.visits.iter().filter(|((at, _), visit)| at == place && visit.streams > 0);
        let mut accounts: Vec<_> = here.map(|((_, account), _)| account.clone()).collect();
        accounts.sort();
        accounts
    }

    /// Told once something may have changed. Take it before looking, so that nothing falls between.
    pub(super) fn changes(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// What happened and was not fetched yet.
    pub(super) fn next(&self) -> Option<Happening> {
        let now = self.clock.now();
        let mut state = self.state();
        let is_over = |visit: &Visit| visit.away_since.is_some_and(|since| later(since) <= now);
        let gone: Vec<_> =
            state.visits.iter().filter(|(_, visit)| is_over(visit)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            state.visits.remove(&key);
            self.tell(&mut state, &key, Happens::Left, now);
        }
        state.waiting.pop_front()
    }

    /// Returns when somebody who is away will have left; never where nobody is.
    pub(super) async fn due(&self) {
        let next = self.state().visits.values().filter_map(|visit| visit.away_since).min();
        match next {
            Some(since) => self.clock.until(later(since)).await,
            None => std::future::pending().await,
        }
    }

    /// Lets something wait to be fetched. A direct conversation is nobody's to come into.
    fn tell(&self, state: &mut State, (place, account): &(Place, Account), what: Happens, at: Timestamp) {
        if place.direct().is_some() || state.waiting.len() >= MOST_WAITING {
            return;
        }
        state.told += 1;
        // No start before had this time, and none after this will.
        let id = format!("presence/{}/{}", self.began.as_nanosecond(), state.told);
        let (place, from) = (place.clone(), account.clone());
        state.waiting.push_back(Happening { id, place, from, what, at });
    }
}

fn later(at: Timestamp) -> Timestamp {
    at.saturating_add(GRACE).unwrap_or(at)
}

impl Drop for Here {
    fn drop(&mut self) {
        let now = self.presence.clock.now();
        if let Some(visit) = self.presence.state().visits.get_mut(&self.key) {
            visit.streams -= 1;
            visit.away_since = (visit.streams == 0).then_some(now);
        }
        self.presence.changed.notify_waiters();
    }
}
