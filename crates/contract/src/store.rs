//! The joint to the store: one journal, one way to write, small ways to read.
//!
//! Not a database: `runtime` has one in memory, `store-sql` one on SQLite. Both pass testkit's `store_suite!`.
//! Tables are projections of the journal, written in the same transaction as its rows. Layer 0.

mod entry;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    access::{AccessEvent, LoginLink, Session, Token},
    action::Stream,
    alias::{Alias, AliasScope},
    chain::{Head, Sealed},
    chart::{Chart, ChartId, KeptChart},
    connector::{DeliveryKey, Receipt},
    event::{Arrived, EventFilter, Payload, StoredEvent, Trace, Unrouted},
    file::{FileId, FilePart, FilesKept, KeptFile},
    ids::{Account, CommandId, Hash, ObjectId, OpId, Place, Seq, SourceName},
    input::Input,
    lease::{Fence, Lease},
    memory::{MemoryEvent, Namespace, NamespaceSize, Remembered},
    operation::{OpEvent, Operation, State},
    reply::Reply,
    route::Mute,
    schedule::{ScheduleEvent, ScheduleState},
    search::{Found, Search},
    slot::{Line, Parcel, ShownSlot, Slot},
};

pub use self::entry::{Entry, EntryBody};

/// Records that are written together or not at all.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The time that the records carry.
    pub at: Timestamp,
    /// The records, in order.
    pub records: Vec<Record>,
}

/// One record.
#[derive(Debug, Clone)]
pub enum Record {
    /// Something happened to an operation; `now` is what its events add up to. Committing an event whose
    /// `now.version` is not the stored version plus one is a [`StoreError::Conflict`].
    Operation {
        /// What happened.
        event: OpEvent,
        /// The operation after it.
        now: Arc<Operation>,
    },
    /// Something to remember about an order that is no operation: a read, a refusal, a sign-in.
    Audit(AuditEntry),
    /// An order that was accepted and is not yet worked off. The same id from the same place twice is a conflict.
    Input(Input),
    /// An accepted order was worked off.
    Handled {
        /// The journal number of its [`Record::Input`].
        input: Seq,
    },
    /// A message in a room that Wilco itself keeps (the page's). A second one with the same key is a conflict.
    Message(RoomMessage),
    /// A message in such a room got another content. One that is not there is a conflict.
    Edited {
        /// The message's number.
        message: Seq,
        /// Its place.
        place: Place,
        /// The new content.
        reply: Reply,
    },
    /// A lock was taken or prolonged. While somebody else holds it and has not let it expire, a conflict.
    Locked(Lock),
    /// A lock was given back.
    Unlocked {
        /// Its key.
        key: String,
        /// By whom.
        by: String,
    },
    /// Something happened to a way in.
    Access(AccessEvent),
    /// An event was taken in. The same id from the same source twice is a conflict. One without a payload shares that
    /// of the event before it in its batch.
    Event(Box<Arrived>),
    /// Payloads of events were forgotten, as they were old. The events stay.
    Forgotten(Forgotten),
    /// Something was muted in a place; until when, and by whom. The same again replaces it.
    Muted(Mute),
    /// A mute was taken back.
    Unmuted {
        /// Where.
        place: Place,
        /// What.
        what: String,
        /// By whom, as [`crate::principal::Principal::key`].
        by: String,
    },
    /// An order got a name. The same name of the same scope again replaces it.
    Alias(Alias),
    /// A name was taken back.
    Unalias {
        /// Whose it was.
        scope: AliasScope,
        /// The name.
        name: String,
        /// By whom, as [`crate::principal::Principal::key`].
        by: String,
    },
    /// An event was routed. Events are routed in the order of their numbers. Beside the journal, as what follows.
    Routed(Trace),
    /// A slot is new or has changed. How far showing it has got stays, unless it is posted anew (`post` is another).
    Slot(Box<Slot>),
    /// A line is to be said.
    Line(Box<Line>),
    /// A version of a slot was shown. Without effect when the slot was posted anew since.
    Shown {
        /// The slot's number.
        slot: u64,
        /// Which of its postings.
        post: u32,
        /// Which version.
        version: u64,
        /// Where it stands; none where it was given up.
        receipt: Option<Receipt>,
    },
    /// A line was said, or given up: it waits no more.
    Said {
        /// The line's number.
        line: u64,
    },
    /// Something happened to a schedule. What does not fit how it stands is a conflict.
    Schedule(ScheduleEvent),
    /// Something that commands remember changed. What does not follow what is stored of it is a conflict.
    Memory(Box<MemoryEvent>),
    /// A lease was taken, prolonged or given back. What does not follow the stored one is a conflict. Beside the journal.
    Lease(Lease),
    /// An operation's message was said where it can be neither edited nor recognised. Beside the journal.
    Announced(Announced),
    /// A chart got a link. What is over by then is forgotten, and where there are more than [`crate::chart::MAX_KEPT`],
    /// the oldest of the place that has the most; the same id again changes nothing. Beside the journal.
    Chart(Box<KeptChart>),
    /// Charts whose time is over are forgotten for good. Beside the journal.
    ChartsSwept {
        /// Whatever was over by then.
        before: Timestamp,
    },
    /// How a file stands that somebody sends: begun, and then whole. The same id again replaces what was known of it; one
    /// that is whole and was not begun, or was forgotten since, is a conflict. Beside the journal, which has an entry
    /// about each file that is whole.
    File(Box<KeptFile>),
    /// Some bytes of a file. The same part again changes nothing; one of a file that is not there is a conflict. Beside
    /// the journal.
    FilePart(Box<FilePart>),
    /// A file that was begun did not become whole: it is forgotten with its parts. Beside the journal.
    FileDropped(FileId),
    /// Files whose time is over are forgotten with their parts, at most [`crate::file::SWEPT`] at once, the longest over
    /// first. Beside the journal.
    FilesSwept {
        /// Whatever was over by then.
        before: Timestamp,
    },
    /// Output of a run. Kept beside the journal: it has no number and no link in the chain.
    Log(LogLine),
}

/// Payloads that were forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Of which source.
    pub source: SourceName,
    /// All that came before this.
    pub before: Timestamp,
    /// The events that had brought them, by number.
    pub events: Vec<Seq>,
}

/// Something to remember.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// What kind of thing: `order.read`, `order.choices`, `order.refused`, `decision.refused`, `order.unknown`, …
    pub kind: String,
    /// Who, as [`crate::principal::Principal::key`].
    pub who: String,
    /// By which account.
    pub account: Option<Account>,
    /// About which operation.
    pub operation: Option<OpId>,
    /// About which command.
    pub command: Option<CommandId>,
    /// Where.
    pub place: Option<Place>,
    /// What was said or decided, in a line.
    pub text: String,
    /// The rule that decided, if one did.
    pub rule: Option<String>,
}

/// A message in a room that Wilco keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomMessage {
    /// Its journal number, which is its id; 0 before it is written.
    pub seq: Seq,
    /// The journal number of its last change.
    pub changed: Seq,
    /// When it was said.
    pub at: Timestamp,
    /// Where.
    pub place: Place,
    /// The message that opened its thread.
    pub thread: Option<Seq>,
    /// Who said it.
    pub from: Speaker,
    /// What was said, as plain text.
    pub text: String,
    /// What was said, as blocks; empty for what people type.
    pub reply: Reply,
    /// How many contents it has had, from 1.
    pub version: u64,
    /// The operation it speaks of.
    pub operation: Option<OpId>,
    /// What makes a repeat recognisable.
    pub key: Option<DeliveryKey>,
}

/// Who said a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// What they are.
    pub kind: SpeakerKind,
    /// Their account, person or token name.
    pub id: String,
    /// Their name for people to read.
    pub name: String,
}

/// What a speaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerKind {
    /// A person.
    Person,
    /// Wilco.
    Wilco,
    /// A program by a token, or the local operator.
    Program,
}

/// A key that only one owner holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The key: `webapp/production`.
    pub key: String,
    /// Who holds it.
    pub owner: LockOwner,
    /// Why, in their words or ours.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when, at the latest.
    pub expires_at: Timestamp,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockOwner {
    /// An operation, until it ends.
    Operation(OpId),
    /// Somebody, until they give it back: [`crate::principal::Principal::key`].
    Somebody(String),
}

/// One line of a run's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The operation.
    pub operation: OpId,
    /// Its number within the operation, from 1. The same number twice is kept once, the first.
    pub number: u64,
    /// When it was seen.
    pub at: Timestamp,
    /// The step.
    pub step: String,
    /// Which way it came.
    pub stream: Stream,
    /// The line, without its end, at most 4 kB.
    pub text: String,
}

/// What an operation's message said last, where it can be neither edited nor recognised when it is said again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The operation.
    pub operation: OpId,
    /// Which of its messages, from 0.
    pub slot: usize,
    /// How the operation stood.
    pub state: State,
    /// By which plan.
    pub plan: Hash,
}

/// How soon a commit has to be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Within 50 ms; the call returns once it is queued.
    Soon,
    /// The call returns once it is safe, as the store's durability says.
    Now,
}

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It does not fit what is stored; nothing was written.
    #[error("it does not fit what is stored: {0}")]
    Conflict(String),
    /// The store cannot write or read just now; nothing was written.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Somebody else has taken the lease of whoever commits; nothing was written, and nothing will be.
    #[error("another Wilco has taken over: {0}")]
    Fenced(String),
    /// What is stored cannot be read.
    #[error("what is stored is damaged: {0}")]
    Corrupt(String),
}

/// A page of a list, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only what comes after this number.
    pub after: u64,
    /// The most to return.
    pub limit: usize,
}

/// THE write, and all the reads.
#[async_trait]
pub trait Store:
    Operations
    + Inbox
    + Rooms
    + Journal
    + Locks
    + Access
    + Logs
    + Events
    + Slots
    + Schedules
    + Aliases
    + Memory
    + Leases
    + Charts
    + Files
{
    /// Writes a batch. Returns the number of its last journal record; `None` for [`When::Soon`], as it is not yet
    /// written, and for a batch without journal records. The numbers of a batch's records follow each other.
    ///
    /// # Errors
    /// When nothing was written. After [`When::Soon`] the store itself tries again until it can.
    async fn commit(&self, batch: Batch, when: When) -> Result<Option<Seq>, StoreError>;

    /// Waits until all that was committed before is safe.
    ///
    /// # Errors
    /// When it cannot be.
    async fn flush(&self) -> Result<(), StoreError>;

    /// From now on whoever has a later token of this lease has taken over from this store: each commit compares, in its
    /// own transaction, and where that is so [`StoreError::Fenced`] is the answer.
    fn fence(&self, fence: Fence);
}

/// Reading operations.
#[async_trait]
pub trait Operations: Send + Sync {
    /// One operation.
    async fn operation(&self, id: &OpId) -> Result<Option<Operation>, StoreError>;
    /// The operation that this caller made with this key.
    async fn operation_by_key(&self, asker: &str, key: &str) -> Result<Option<Operation>, StoreError>;
    /// Operations in one of these states (all where empty), oldest first; `after` is the number in the pair.
    async fn operations(&self, states: &[State], page: Page) -> Result<Vec<(u64, Operation)>, StoreError>;
    /// The newest operations, newest first.
    async fn latest_operations(&self, limit: usize) -> Result<Vec<Operation>, StoreError>;
    /// Those in one of these states (all where empty) numbered before this (0: the end), newest first.
    async fn operations_before(
        &self,
        states: &[State],
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Operation)>, StoreError>;
    /// What an operation's messages said last, as far as that was recorded, by their number.
    async fn announced(&self, id: &OpId) -> Result<Vec<Announced>, StoreError>;
    /// How many operations there are.
    async fn operation_count(&self) -> Result<u64, StoreError>;
}

/// Reading accepted orders.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// The orders that were accepted and not yet worked off, oldest first.
    async fn unhandled(&self) -> Result<Vec<(Seq, Input)>, StoreError>;
}

/// Reading the rooms that Wilco keeps.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// One message.
    async fn message(&self, seq: Seq) -> Result<Option<RoomMessage>, StoreError>;
    /// The message with this key.
    async fn message_by_key(&self, key: &DeliveryKey) -> Result<Option<RoomMessage>, StoreError>;
    /// Messages of a place by position, oldest first.
    async fn messages(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError>;
    /// The newest messages of a place before this number (0: the end), oldest first.
    async fn messages_before(
        &self,
        place: &Place,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<RoomMessage>, StoreError>;
    /// Messages of a place that were posted or changed after this number, in the order of their last change.
    async fn messages_changed(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError>;
    /// Messages of a place that have all of some words, newest first. However few there are, it ends after a look at
    /// [`Search::look`] messages.
    async fn messages_with(&self, place: &Place, search: &Search) -> Result<Found, StoreError>;
}

/// Which entries of the journal to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only about this operation.
    pub operation: Option<OpId>,
    /// Only by this principal.
    pub who: Option<String>,
    /// Only kinds that begin so.
    pub kind: Option<String>,
}

/// An entry of the journal, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalRow {
    /// Its number.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: String,
    /// Who.
    pub who: Option<String>,
    /// About which operation.
    pub operation: Option<OpId>,
    /// The record; none once erased.
    pub body: Option<serde_json::Value>,
    /// Its hash in the chain.
    pub hash: Hash,
}

/// Reading the journal.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Entries, oldest first, without messages, inputs and sessions' uses.
    async fn audit(&self, filter: &AuditFilter, page: Page) -> Result<Vec<JournalRow>, StoreError>;
    /// The same, newest first: those before this number (0: the end).
    async fn audit_before(
        &self,
        filter: &AuditFilter,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<JournalRow>, StoreError>;
    /// When the record with this number was written.
    async fn written_at(&self, record: Seq) -> Result<Option<Timestamp>, StoreError>;
    /// The orders of a principal that were given: reads as `order.read`, operations as `operation.planned`. Newest
    /// first, those before this number (0: the end).
    async fn given(&self, who: &str, before: Seq, limit: usize) -> Result<Vec<JournalRow>, StoreError>;
    /// The newest record of the chain.
    async fn head(&self) -> Result<Head, StoreError>;
    /// Records as they are stored, all kinds, oldest first.
    async fn sealed(&self, page: Page) -> Result<Vec<Sealed>, StoreError>;
}

/// Reading locks.
#[async_trait]
pub trait Locks: Send + Sync {
    /// All locks, by key.
    async fn locks(&self) -> Result<Vec<Lock>, StoreError>;
}

/// Reading ways in.
#[async_trait]
pub trait Access: Send + Sync {
    /// The link with this hash.
    async fn link(&self, hash: Hash) -> Result<Option<LoginLink>, StoreError>;
    /// The session with this hash.
    async fn session(&self, hash: Hash) -> Result<Option<Session>, StoreError>;
    /// The sessions that nobody ended and that were used since then, the last used first.
    async fn open_sessions(&self, since: Timestamp) -> Result<Vec<Session>, StoreError>;
    /// The token with this hash.
    async fn token(&self, hash: Hash) -> Result<Option<Token>, StoreError>;
    /// All tokens, by name.
    async fn tokens(&self) -> Result<Vec<Token>, StoreError>;
}

/// Reading names for orders.
#[async_trait]
pub trait Aliases: Send + Sync {
    /// All of them, by scope and name.
    async fn aliases(&self) -> Result<Vec<Alias>, StoreError>;
}

/// Reading runs' output.
#[async_trait]
pub trait Logs: Send + Sync {
    /// Lines of an operation by number, oldest first.
    async fn log(&self, operation: &OpId, page: Page) -> Result<Vec<LogLine>, StoreError>;
    /// The number of an operation's last line; 0 without lines.
    async fn log_end(&self, operation: &OpId) -> Result<u64, StoreError>;
}

/// Reading events.
#[async_trait]
pub trait Events: Send + Sync {
    /// One event.
    async fn event(&self, seq: Seq) -> Result<Option<StoredEvent>, StoreError>;
    /// Events by number, oldest first.
    async fn events(&self, filter: &EventFilter, page: Page) -> Result<Vec<StoredEvent>, StoreError>;
    /// The newest events before this number (0: the end), newest first.
    async fn latest_events(
        &self,
        filter: &EventFilter,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;
    /// Whether an event with this id from this source is stored.
    async fn has_event(&self, source: &SourceName, id: &str) -> Result<bool, StoreError>;
    /// Returns once events were stored since it last returned; also now and then without any. For one caller.
    async fn arrived(&self);
    /// The events after the last one that was routed, oldest first.
    async fn unrouted(&self, limit: usize) -> Result<Vec<Arc<Unrouted>>, StoreError>;
    /// Where an event went, once it was routed.
    async fn trace(&self, event: Seq) -> Result<Option<Trace>, StoreError>;
    /// The payload that an event came in, its own or the one that it shares; none once forgotten.
    async fn payload(&self, event: Seq) -> Result<Option<Payload>, StoreError>;
    /// The oldest events of a source that still have a payload of their own and were taken in before this.
    async fn old_payloads(
        &self,
        source: &SourceName,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Seq>, StoreError>;
}

/// Reading slots, lines and mutes.
#[async_trait]
pub trait Slots: Send + Sync {
    /// The slots that these objects stand in, each in its place. An object's newest slot counts.
    async fn slots_of(
        &self,
        wanted: &[(Place, ObjectId)],
    ) -> Result<Vec<((Place, ObjectId), ShownSlot)>, StoreError>;
    /// One slot.
    async fn slot(&self, number: u64) -> Result<Option<ShownSlot>, StoreError>;
    /// The slot of this message on a network.
    async fn slot_at(&self, at: &Receipt) -> Result<Option<ShownSlot>, StoreError>;
    /// The slots that have to be looked at again some time.
    async fn due_slots(&self) -> Result<Vec<ShownSlot>, StoreError>;
    /// The newest slots with a number before this (0: the end), newest first.
    async fn latest_slots(&self, before: u64, limit: usize) -> Result<Vec<ShownSlot>, StoreError>;
    /// The highest number of a slot or line that was ever given; 0 without any.
    async fn last_number(&self) -> Result<u64, StoreError>;
    /// The highest count that a place had had when a slot was posted in it; 0 without any.
    async fn place_count(&self, place: &Place) -> Result<u64, StoreError>;
    /// The places for which something waits to be sent.
    async fn waiting_places(&self) -> Result<Vec<Place>, StoreError>;
    /// What waits to be sent to a place: first what is to be posted, in its turn, then what is to be edited.
    async fn parcels(&self, place: &Place, limit: usize) -> Result<Vec<Parcel>, StoreError>;
    /// All mutes, those that have ended too until they are taken back or replaced.
    async fn mutes(&self) -> Result<Vec<Mute>, StoreError>;
}

/// Reading leases.
#[async_trait]
pub trait Leases: Send + Sync {
    /// All of them, by name.
    async fn leases(&self) -> Result<Vec<Lease>, StoreError>;
}

/// Reading charts that have a link.
#[async_trait]
pub trait Charts: Send + Sync {
    /// The chart with this id, where it is still there at this time, and from when on it is not.
    async fn chart(&self, id: &ChartId, now: Timestamp) -> Result<Option<(Chart, Timestamp)>, StoreError>;
}

/// Reading files that people sent.
#[async_trait]
pub trait Files: Send + Sync {
    /// The file with this id, where it is whole and still there at this time.
    async fn file(&self, id: &FileId, now: Timestamp) -> Result<Option<KeptFile>, StoreError>;
    /// A part of a file, by its number from 0.
    async fn file_part(&self, id: &FileId, number: u32) -> Result<Option<Vec<u8>>, StoreError>;
    /// How much is kept: files that were begun count with the size that they were begun with, and those that are over
    /// until they are swept out.
    async fn files_kept(&self) -> Result<FilesKept, StoreError>;
    /// Whether the time of a file that is stored is over.
    async fn files_are_over(&self, now: Timestamp) -> Result<bool, StoreError>;
}

/// Reading schedules.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// How all schedules stand that ever began, by name.
    async fn schedules(&self) -> Result<Vec<ScheduleState>, StoreError>;
}

/// Reading what commands remember. What is over counts as not there but in [`Self::remembered`], whose version is needed
/// for a change.
#[async_trait]
pub trait Memory: Send + Sync {
    /// The value under a key, also one whose time is over.
    async fn remembered(&self, namespace: &Namespace, key: &str) -> Result<Option<Remembered>, StoreError>;
    /// The values of a namespace that are there at this time, by key.
    async fn all_remembered(
        &self,
        namespace: &Namespace,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Remembered>, StoreError>;
    /// How much of a namespace is there at this time.
    async fn memory_size(&self, namespace: &Namespace, now: Timestamp) -> Result<NamespaceSize, StoreError>;
    /// How much of each namespace is there at this time, by name; those of one pack, or of all.
    async fn memory_sizes(
        &self,
        pack: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<NamespaceSize>, StoreError>;
    /// Whether the time of something that is stored is over.
    async fn memory_is_over(&self, now: Timestamp) -> Result<bool, StoreError>;
}

/// The kinds of journal records that [`Journal::audit`] leaves out: traffic, not decisions.
pub const NOT_AUDIT: [&str; 6] = ["message", "message.edited", "input", "handled", "access.session", "event"];

/// The kinds of journal records that [`Journal::given`] tells of.
pub const GIVEN: [&str; 2] = ["order.read", "operation.planned"];
