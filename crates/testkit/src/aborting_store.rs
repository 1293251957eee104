//! A store that ends the process before or after a chosen commit, as a crash would, holds one up, as a slow disk does, or
//! loses the word that one was written, as a disk does that gives up at its end.
//!
//! Not a store of its own: it wraps a real one. For tests only, in a process that is meant to end.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::oneshot;
use wilco_contract::{
    access::{LoginLink, Session, Token},
    alias::Alias,
    chain::{Head, Sealed},
    chart::{Chart, ChartId},
    connector::{DeliveryKey, Receipt},
    event::{EventFilter, Payload, StoredEvent, Trace, Unrouted},
    file::{FileId, FilesKept, KeptFile},
    ids::{Hash, ObjectId, OpId, Place, Seq, SourceName},
    input::Input,
    lease::{Fence, Lease},
    memory::{Namespace, NamespaceSize, Remembered},
    operation::{Operation, State},
    route::Mute,
    schedule::ScheduleState,
    search::{Found, Search},
    slot::{Parcel, ShownSlot},
    store::{
        Access, Aliases, Announced, AuditFilter, Batch, Charts, Events, Files, Inbox, Journal, JournalRow,
        Leases, Lock, Locks, LogLine, Logs, Memory, Operations, Page, RoomMessage, Rooms, Schedules, Slots,
        Store, StoreError, When,
    },
};

/// Where the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abort {
    /// Before this commit, counted from 1.
    Before(u64),
    /// After this commit, before its caller learns of it.
    After(u64),
}

/// The store.
pub struct AbortingStore {
    inner: Arc<dyn Store>,
    abort: Option<Abort>,
    commits: AtomicU64,
    counted: Box<dyn Fn(u64) + Send + Sync>,
    held: Mutex<VecDeque<Held>>,
    lost: Mutex<Option<Which>>,
}

/// Which commit something happens to.
type Which = fn(&Batch) -> bool;

/// A commit that is held up.
struct Held {
    which: Which,
    until: oneshot::Receiver<()>,
}

impl AbortingStore {
    /// Wraps a store. `counted` hears the number of each commit; without `abort` nothing else happens.
    pub fn new(
        inner: Arc<dyn Store>,
        abort: Option<Abort>,
        counted: impl Fn(u64) + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner,
            abort,
            commits: AtomicU64::new(0),
            counted: Box::new(counted),
            held: Mutex::default(),
            lost: Mutex::default(),
        }
    }

    /// Holds the next such commit up until the end is told; without a word, when that is dropped, it is refused. What
    /// is asked for again holds the one after it.
    pub fn hold(&self, which: Which) -> oneshot::Sender<()> {
        let (goes, until) = oneshot::channel();
        self.held().push_back(Held { which, until });
        goes
    }

    /// Writes the next such commit, and says that it did not.
    pub fn lose(&self, which: Which) {
        *self.lost() = Some(which);
    }

    fn lost(&self) -> MutexGuard<'_, Option<Which>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, here: Abort) {
        if self.abort == Some(here) {
            std::process::abort();
        }
    }
}

#[async_trait]
impl Store for AbortingStore {
    async fn commit(&self, batch: Batch, when: When) -> Result<Option<Seq>, StoreError> {
        let commit = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        (self.counted)(commit);
        self.end(Abort::Before(commit));
        let held = self.held().pop_front_if(|held| (held.which)(&batch));
        if let Some(held) = held
            && held.until.await.is_err()
        {
            return Err(StoreError::Unavailable("the disk gave up".to_owned()));
        }
        let lost = self.lost().take_if(|which| which(&batch)).is_some();
        let written = self.inner.commit(batch, when).await;
        self.end(Abort::After(commit));
        if lost {
            written?;
            return Err(StoreError::Unavailable("the disk gave up".to_owned()));
        }
        written
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush().await
    }

    fn fence(&self, fence: Fence) {
        self.inner.fence(fence);
    }
}

#[async_trait]
impl Operations for AbortingStore {
    async fn operation(&self, id: &OpId) -> Result<Option<Operation>, StoreError> {
        self.inner.operation(id).await
    }
    async fn operation_by_key(&self, asker: &str, key: &str) -> Result<Option<Operation>, StoreError> {
        self.inner.operation_by_key(asker, key).await
    }
    async fn operations(&self, states: &[State], page: Page) -> Result<Vec<(u64, Operation)>, StoreError> {
        self.inner.operations(states, page).await
    }
    async fn latest_operations(&self, limit: usize) -> Result<Vec<Operation>, StoreError> {
        self.inner.latest_operations(limit).await
    }
    async fn operations_before(
        &self,
        states: &[State],
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Operation)>, StoreError> {
        self.inner.operations_before(states, before, limit).await
    }
    async fn announced(&self, id: &OpId) -> Result<Vec<Announced>, StoreError> {
        self.inner.announced(id).await
    }
    async fn operation_count(&self) -> Result<u64, StoreError> {
        self.inner.operation_count().await
    }
}

#[async_trait]
impl Inbox for AbortingStore {
    async fn unhandled(&self) -> Result<Vec<(Seq, Input)>, StoreError> {
        self.inner.unhandled().await
    }
}

#[async_trait]
impl Rooms for AbortingStore {
    async fn message(&self, seq: Seq) -> Result<Option<RoomMessage>, StoreError> {
        self.inner.message(seq).await
    }
    async fn message_by_key(&self, key: &DeliveryKey) -> Result<Option<RoomMessage>, StoreError> {
        self.inner.message_by_key(key).await
    }
    async fn messages(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError> {
        self.inner.messages(place, page).await
    }
    async fn messages_before(
        &self,
        place: &Place,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<RoomMessage>, StoreError> {
        self.inner.messages_before(place, before, limit).await
    }
    async fn messages_changed(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError> {
        self.inner.messages_changed(place, page).await
    }
    async fn messages_with(&self, place: &Place, search: &Search) -> Result<Found, StoreError> {
        self.inner.messages_with(place, search).await
    }
}

#[async_trait]
impl Journal for AbortingStore {
    async fn audit(&self, filter: &AuditFilter, page: Page) -> Result<Vec<JournalRow>, StoreError> {
        self.inner.audit(filter, page).await
    }
    async fn audit_before(
        &self,
        filter: &AuditFilter,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<JournalRow>, StoreError> {
        self.inner.audit_before(filter, before, limit).await
    }
    async fn written_at(&self, record: Seq) -> Result<Option<Timestamp>, StoreError> {
        self.inner.written_at(record).await
    }
    async fn given(&self, who: &str, before: Seq, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        self.inner.given(who, before, limit).await
    }
    async fn head(&self) -> Result<Head, StoreError> {
        self.inner.head().await
    }
    async fn sealed(&self, page: Page) -> Result<Vec<Sealed>, StoreError> {
        self.inner.sealed(page).await
    }
}

#[async_trait]
impl Locks for AbortingStore {
    async fn locks(&self) -> Result<Vec<Lock>, StoreError> {
        self.inner.locks().await
    }
}

#[async_trait]
impl Access for AbortingStore {
    async fn link(&self, hash: Hash) -> Result<Option<LoginLink>, StoreError> {
        self.inner.link(hash).await
    }
    async fn session(&self, hash: Hash) -> Result<Option<Session>, StoreError> {
        self.inner.session(hash).await
    }
    async fn open_sessions(&self, since: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.inner.open_sessions(since).await
    }
    async fn token(&self, hash: Hash) -> Result<Option<Token>, StoreError> {
        self.inner.token(hash).await
    }
    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.inner.tokens().await
    }
}

#[async_trait]
impl Logs for AbortingStore {
    async fn log(&self, operation: &OpId, page: Page) -> Result<Vec<LogLine>, StoreError> {
        self.inner.log(operation, page).await
    }
    async fn log_end(&self, operation: &OpId) -> Result<u64, StoreError> {
        self.inner.log_end(operation).await
    }
}

#[async_trait]
impl Events for AbortingStore {
    async fn event(&self, seq: Seq) -> Result<Option<StoredEvent>, StoreError> {
        self.inner.event(seq).await
    }
    async fn events(&self, filter: &EventFilter, page: Page) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.events(filter, page).await
    }
    async fn latest_events(
        &self,
        filter: &EventFilter,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.latest_events(filter, before, limit).await
    }
    async fn has_event(&self, source: &SourceName, id: &str) -> Result<bool, StoreError> {
        self.inner.has_event(source, id).await
    }
    async fn arrived(&self) {
        self.inner.arrived().await;
    }

    async fn unrouted(&self, limit: usize) -> Result<Vec<Arc<Unrouted>>, StoreError> {
        self.inner.unrouted(limit).await
    }
    async fn trace(&self, event: Seq) -> Result<Option<Trace>, StoreError> {
        self.inner.trace(event).await
    }
    async fn payload(&self, event: Seq) -> Result<Option<Payload>, StoreError> {
        self.inner.payload(event).await
    }
    async fn old_payloads(
        &self,
        source: &SourceName,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Seq>, StoreError> {
        self.inner.old_payloads(source, before, limit).await
    }
}

#[async_trait]
impl Leases for AbortingStore {
    async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        self.inner.leases().await
    }
}

#[async_trait]
impl Charts for AbortingStore {
    async fn chart(&self, id: &ChartId, now: Timestamp) -> Result<Option<(Chart, Timestamp)>, StoreError> {
        self.inner.chart(id, now).await
    }
}

#[async_trait]
impl Files for AbortingStore {
    async fn file(&self, id: &FileId, now: Timestamp) -> Result<Option<KeptFile>, StoreError> {
        self.inner.file(id, now).await
    }
    async fn file_part(&self, id: &FileId, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.file_part(id, number).await
    }
    async fn files_kept(&self) -> Result<FilesKept, StoreError> {
        self.inner.files_kept().await
    }
    async fn files_are_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        self.inner.files_are_over(now).await
    }
}

#[async_trait]
impl Schedules for AbortingStore {
    async fn schedules(&self) -> Result<Vec<ScheduleState>, StoreError> {
        self.inner.schedules().await
    }
}

#[async_trait]
impl Slots for AbortingStore {
    async fn slots_of(
        &self,
        wanted: &[(Place, ObjectId)],
    ) -> Result<Vec<((Place, ObjectId), ShownSlot)>, StoreError> {
        self.inner.slots_of(wanted).await
    }
    async fn slot(&self, number: u64) -> Result<Option<ShownSlot>, StoreError> {
        self.inner.slot(number).await
    }
    async fn slot_at(&self, at: &Receipt) -> Result<Option<ShownSlot>, StoreError> {
        self.inner.slot_at(at).await
    }
    async fn due_slots(&self) -> Result<Vec<ShownSlot>, StoreError> {
        self.inner.due_slots().await
    }
    async fn latest_slots(&self, before: u64, limit: usize) -> Result<Vec<ShownSlot>, StoreError> {
        self.inner.latest_slots(before, limit).await
    }
    async fn last_number(&self) -> Result<u64, StoreError> {
        self.inner.last_number().await
    }
    async fn place_count(&self, place: &Place) -> Result<u64, StoreError> {
        self.inner.place_count(place).await
    }
    async fn waiting_places(&self) -> Result<Vec<Place>, StoreError> {
        self.inner.waiting_places().await
    }
    async fn parcels(&self, place: &Place, limit: usize) -> Result<Vec<Parcel>, StoreError> {
        self.inner.parcels(place, limit).await
    }
    async fn mutes(&self) -> Result<Vec<Mute>, StoreError> {
        self.inner.mutes().await
    }
}

#[async_trait]
impl Aliases for AbortingStore {
    async fn aliases(&self) -> Result<Vec<Alias>, StoreError> {
        self.inner.aliases().await
    }
}

#[async_trait]
impl Memory for AbortingStore {
    async fn remembered(&self, namespace: &Namespace, key: &str) -> Result<Option<Remembered>, StoreError> {
        self.inner.remembered(namespace, key).await
    }
    async fn all_remembered(
        &self,
        namespace: &Namespace,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Remembered>, StoreError> {
        self.inner.all_remembered(namespace, now, limit).await
    }
    async fn memory_size(&self, namespace: &Namespace, now: Timestamp) -> Result<NamespaceSize, StoreError> {
        self.inner.memory_size(namespace, now).await
    }
    async fn memory_sizes(
        &self,
        pack: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<NamespaceSize>, StoreError> {
        self.inner.memory_sizes(pack, now).await
    }
    async fn memory_is_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        self.inner.memory_is_over(now).await
    }
}
