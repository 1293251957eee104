//! What all parts of the engine share: the joints it was given, the configuration, the living operations.
//!
//! Not a place for behaviour: each part has its own module. Layer 1.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::{Notify, broadcast, mpsc, watch};
use wilco_contract::{
    action::DynAction,
    clock::{Chance, Clock, Spawn},
    connector::Standings,
    gate::{Ask, Verdict, gate},
    http::Http,
    ids::{ActionName, Hash, OpId, Place},
    operation::{Operation, State},
    policy::Policy,
    route::Mute,
    store::{AuditEntry, Batch, Record, Store, StoreError, When},
};

use crate::{
    Notice, Setup,
    alias::Aliases,
    board::Board,
    breaker::Breaker,
    catalogue::Catalogue,
    dialogue::Dialogues,
    edited::Edits,
    intake::Sources,
    keyed::Keyed,
    lanes::Lanes,
    life::{Told, alone::Loud},
    limits::Rates,
    links::Links,
    listen::Matcher,
    locks::LockTable,
    outbox::Places,
    parse::Names,
    reads::Keys,
    reload::Reloader,
    repeats::Repeats,
    schedule::Schedules,
    waits::answers::Asking,
    ways::Ways,
};

/// How many notices a slow page may lag behind before it has to read anew.
const NOTICES: usize = 1_024;
/// From this many operations on, ids have five signs.
const FOUR_SIGNS: u64 = 1 << 18;

/// What was configured, with the index made from it.
pub(crate) struct Live {
    pub(crate) setup: Setup,
    pub(crate) names: Names,
    pub(crate) catalogue: Catalogue,
    /// The listeners, which the setup has no more.
    pub(crate) listen: Arc<Matcher>,
}

/// An operation that is not yet final: its newest state, and the way to tell it something.
#[derive(Clone)]
pub(crate) struct Living {
    pub(crate) operation: Arc<Operation>,
    pub(crate) tell: mpsc::Sender<Told>,
    /// By slot: which plan its message shows, and since when.
    pub(crate) shown: HashMap<usize, (Hash, Timestamp)>,
}

pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawn: Arc<dyn Spawn>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) actions: HashMap<ActionName, Arc<dyn DynAction>>,
    pub(crate) live: ArcSwap<Live>,
    pub(crate) ways: Ways,
    pub(crate) lanes: Lanes,
    /// The names that people and rooms gave to orders.
    pub(crate) aliases: Aliases,
    /// The accounts that people linked to themselves.
    pub(crate) links: Links,
    /// What is being asked of people.
    pub(crate) dialogues: Dialogues,
    /// What is known of messages that may be edited.
    pub(crate) edits: Edits,
    /// The operations that ask something of people.
    pub(crate) asking: Asking,
    /// One change of what commands remember at a time.
    pub(crate) memory: tokio::sync::Mutex<()>,
    pub(crate) rates: Rates,
    /// How often each person gave each command that has a rate.
    pub(crate) command_rates: Rates,
    /// The lines about countdowns.
    pub(crate) loud: Loud,
    pub(crate) keyed: Keyed,
    pub(crate) locks: LockTable,
    pub(crate) sources: Sources,
    pub(crate) breaker: Breaker,
    /// What networks brought lately.
    pub(crate) repeats: Repeats,
    /// The keys of calls that only read.
    pub(crate) reads: Keys,
    pub(crate) schedules: Schedules,
    /// Rung when events may have to be routed in another way.
    pub(crate) bell: Notify,
    /// The places that are being sent to.
    pub(crate) places: Places,
    board: Mutex<Board>,
    /// Messages that were heard in places and not counted yet.
    heard: Mutex<HashMap<Place, u64>>,
    mutes: Mutex<Vec<Mute>>,
    /// Who reads the configuration anew.
    pub(crate) reloader: OnceLock<Arc<dyn Reloader>>,
    /// Who says how connectors stand.
    pub(crate) standings: OnceLock<Arc<dyn Standings>>,
    pub(crate) notices: broadcast::Sender<Notice>,
    living: Mutex<HashMap<OpId, Living>>,
    operations: AtomicU64,
    stopping: watch::Sender<bool>,
}

impl Core {
    pub(crate) fn new(parts: crate::Parts, actions: Vec<Arc<dyn DynAction>>, live: Live) -> Self {
        let actions = actions.into_iter().chain(parts.actions);
        Self {
            actions: actions.map(|action| (action.spec().name, action)).collect(),
            store: parts.store,
            clock: parts.clock,
            spawn: parts.spawn,
            chance: parts.chance,
            http: parts.http,
            live: ArcSwap::from_pointee(live),
            ways: Ways::default(),
            lanes: Lanes::default(),
            aliases: Aliases::default(),
            links: Links::default(),
            dialogues: Dialogues::default(),
            edits: Edits::default(),
            asking: Asking::default(),
            memory: tokio::sync::Mutex::default(),
            rates: Rates::default(),
            command_rates: Rates::default(),
            loud: Loud::default(),
            keyed: Keyed::default(),
            locks: LockTable::default(),
            sources: Sources::new(parts.sources),
            breaker: Breaker::default(),
            repeats: Repeats::default(),
            reads: Keys::default(),
            schedules: Schedules::default(),
            bell: Notify::new(),
            places: Places::default(),
            board: Mutex::default(),
            heard: Mutex::default(),
            mutes: Mutex::default(),
            reloader: OnceLock::new(),
            standings: OnceLock::new(),
            notices: broadcast::Sender::new(NOTICES),
            living: Mutex::default(),
            operations: AtomicU64::new(0),
            stopping: watch::Sender::new(false),
        }
    }

    pub(crate) fn action(&self, name: &ActionName) -> Option<&Arc<dyn DynAction>> {
        self.actions.get(name)
    }

    /// Asks the gate under today's policy.
    pub(crate) fn gate(&self, ask: Ask<'_>) -> Verdict {
        gate(&self.live.load().setup.policy, ask)
    }

    /// Does something with today's policy.
    pub(crate) fn with_policy<T>(&self, look: impl FnOnce(&Policy) -> T) -> T {
        look(&self.live.load().setup.policy)
    }

    /// Writes records and waits until they are safe.
    pub(crate) async fn commit(&self, records: Vec<Record>) -> Result<(), StoreError> {
        let batch = Batch { at: self.clock.now(), records };
        self.store.commit(batch, When::Now).await.map(drop)
    }

    /// Writes records behind. The store tries again by itself; what it cannot even queue is logged.
    ///
    /// # Errors
    /// When the store takes no more: then nothing may be done that this record would have told of.
    pub(crate) async fn commit_soon(&self, records: Vec<Record>) -> Result<(), StoreError> {
        let batch = Batch { at: self.clock.now(), records };
        self.store.commit(batch, When::Soon).await.map(drop)
    }

    /// Remembers something behind; a store that takes no more is logged, as nothing depends on it.
    pub(crate) async fn note(&self, entry: AuditEntry) {
        if let Err(error) = self.commit_soon(vec![Record::Audit(entry)]).await {
            tracing::error!(%error, "An audit entry could not be queued.");
        }
    }

    /// Tells live pages.
    pub(crate) fn tell_pages(&self, notice: Notice) {
        // Nobody listening is no fault.
        let _ = self.notices.send(notice);
    }

    /// The board of what stands in rooms because of events. Never kept over an await.
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        // What a panic left half done is forgotten by whoever finds that the store says otherwise.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message that somebody said in a place.
    pub(crate) fn hear(&self, place: &Place) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match heard.get_mut(place) {
            Some(count) => *count += 1,
            None => drop(heard.insert(place.clone(), 1)),
        }
    }

    /// Takes what was heard over to the board.
    pub(crate) fn count_heard(&self) {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let mut board = self.board();
        for (place, messages) in heard {
            board.heard(&place, messages);
        }
    }

    fn mutes(&self) -> MutexGuard<'_, Vec<Mute>> {
        self.mutes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns what was muted before the start.
    pub(crate) async fn load_mutes(&self) -> Result<(), StoreError> {
        let mutes = self.store.mutes().await?;
        *self.mutes() = mutes;
        Ok(())
    }

    /// What is muted at this time.
    pub(crate) fn mutes_at(&self, now: Timestamp) -> Vec<Mute> {
        self.mutes().iter().filter(|mute| now < mute.until).cloned().collect()
    }

    /// Takes in a mute that was written.
    pub(crate) fn mute(&self, mute: Mute) {
        self.unmute(&mute.place, &mute.what);
        self.mutes().push(mute);
    }

    /// Takes back a mute, as was written.
    pub(crate) fn unmute(&self, place: &Place, what: &str) {
        self.mutes().retain(|mute| mute.place != *place || mute.what != what);
    }

    fn living(&self) -> MutexGuard<'_, HashMap<OpId, Living>> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an operation known as living, in its newest state.
    pub(crate) fn keep(&self, living: Living) {
        self.asking.saw(&living.operation);
        self.living().insert(living.operation.id.clone(), living);
    }

    /// Replaces a living operation's newest state.
    pub(crate) fn renew(&self, operation: &Arc<Operation>) {
        self.asking.saw(operation);
        if let Some(living) = self.living().get_mut(&operation.id) {
            living.operation = operation.clone();
        }
    }

    /// Notes that a message of a living operation shows its plan from now on.
    pub(crate) fn shows(&self, operation: &Operation, slot: usize) {
        let (now, plan) = (self.clock.now(), operation.plan.hash);
        if let Some(living) = self.living().get_mut(&operation.id)
            && living.shown.get(&slot).is_none_or(|(shown, _)| *shown != plan)
        {
            living.shown.insert(slot, (plan, now));
        }
    }

    /// Forgets an operation that became final.
    pub(crate) fn forget(&self, id: &OpId) {
        self.asking.forget(id);
        self.living().remove(id);
    }

    /// The living operation of this id.
    pub(crate) fn find(&self, id: &OpId) -> Option<Living> {
        self.living().get(id).cloned()
    }

    /// The living operations in this state that satisfy a condition.
    pub(crate) fn standing(&self, state: State, fits: impl Fn(&Operation) -> bool) -> Vec<Arc<Operation>> {
        let living = self.living();
        let all = living.values().map(|living| &living.operation);
        all.filter(|operation| operation.state == state && fits(operation)).cloned().collect()
    }

    /// The newest states of all operations that are not final.
    pub(crate) fn operations(&self) -> Vec<Arc<Operation>> {
        self.living().values().map(|living| living.operation.clone()).collect()
    }

    /// How many operations live.
    pub(crate) fn living_count(&self) -> usize {
        self.living().len()
    }

    /// An operation, living or stored.
    pub(crate) async fn operation(&self, id: &OpId) -> Result<Option<Arc<Operation>>, StoreError> {
        if let Some(living) = self.find(id) {
            return Ok(Some(living.operation));
        }
        Ok(self.store.operation(id).await?.map(Arc::new))
    }

    /// A new operation's id, never one that was used before.
    pub(crate) async fn mint(&self, letter: char) -> Result<OpId, StoreError> {
        loop {
            let taken = self.operations.load(Ordering::Relaxed);
            let signs = if taken < FOUR_SIGNS { 4 } else { 5 };
            let bytes = self.chance.bytes();
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[..8]);
            let id = OpId::new(letter, u64::from_le_bytes(number), signs);
            if self.find(&id).is_none() && self.store.operation(&id).await?.is_none() {
                self.operations.fetch_add(1, Ordering::Relaxed);
                return Ok(id);
            }
        }
    }

    /// Learns how many operations there are, at the start.
    pub(crate) async fn count_operations(&self) -> Result<(), StoreError> {
        self.operations.store(self.store.operation_count().await?, Ordering::Relaxed);
        Ok(())
    }

    /// Begins no more calls of actions.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether no more calls of actions begin.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Returns once no more calls of actions begin.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as this does, so waiting cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}
