//! What a group of batches changes in the tables, gathered first and then written table by table.
//!
//! Not the deciding whether a batch fits: that has happened. Layer 2.

mod files;
mod told;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use wilco_contract::{
    access::{AccessEvent, LoginLink, Session, Token},
    alias::Alias,
    chain::Seal,
    chart::KeptChart,
    ids::{Hash, OpId, Seq},
    input::Input,
    lease::Lease,
    memory::{MemoryEvent, Remembered},
    operation::Operation,
    reply::Reply,
    schedule::ScheduleState,
    store::{Announced, Lock, LogLine, Record, RoomMessage},
};

pub(crate) use self::{
    files::Files,
    told::{StoredSlot, Told},
};
use crate::{
    lookup::Stored,
    prepared::{Line, Prepared},
};

/// What a group changes.
pub(crate) struct Changes<'a> {
    pub(crate) seal: Seal,
    /// The number of the newest operation.
    pub(crate) newest: u64,
    pub(crate) journal: Vec<JournalLine<'a>>,
    /// Each operation's last state and its number.
    pub(crate) operations: HashMap<&'a OpId, (u64, &'a Operation)>,
    pub(crate) inputs: Vec<(Seq, &'a Input)>,
    pub(crate) handled: Vec<Seq>,
    pub(crate) messages: Vec<(Seq, &'a RoomMessage)>,
    pub(crate) edits: BTreeMap<Seq, Edit<'a>>,
    /// Each lock's last state; none once given back.
    pub(crate) locks: BTreeMap<&'a str, Option<&'a Lock>>,
    pub(crate) links: Vec<&'a LoginLink>,
    pub(crate) sessions: Vec<&'a Session>,
    pub(crate) tokens: Vec<&'a Token>,
    /// How each schedule stands then.
    pub(crate) schedules: BTreeMap<&'a str, ScheduleState>,
    /// Each alias's last state, by scope and name; none once taken back.
    pub(crate) aliases: BTreeMap<(String, &'a str), Option<&'a Alias>>,
    /// Each lease's last state.
    pub(crate) leases: BTreeMap<&'a str, &'a Lease>,
    /// What was over by then is gone, before anything else of this is written.
    pub(crate) swept: Option<Timestamp>,
    /// What is remembered in the end, by namespace and key; none once forgotten.
    pub(crate) memory: BTreeMap<(String, &'a str), Option<&'a Remembered>>,
    pub(crate) log: Vec<&'a LogLine>,
    pub(crate) announced: Vec<&'a Announced>,
    /// The charts that got a link, the oldest first.
    pub(crate) charts: Vec<&'a KeptChart>,
    /// By when charts that are over are forgotten.
    pub(crate) charts_swept: Option<Timestamp>,
    pub(crate) files: Files<'a>,
    pub(crate) told: Told<'a>,
}

/// A line of the journal as it will stand there.
pub(crate) struct JournalLine<'a> {
    pub(crate) seq: Seq,
    pub(crate) at: &'a Arc<str>,
    pub(crate) line: &'a Line,
    pub(crate) hash: Hash,
}

/// All that happens to one message.
pub(crate) struct Edit<'a> {
    pub(crate) times: u64,
    pub(crate) changed: Seq,
    pub(crate) reply: &'a Reply,
}

impl<'a> Changes<'a> {
    /// Nothing yet, after this record and this many operations.
    pub(crate) fn after(seal: Seal, newest: u64) -> Self {
        Self {
            seal,
            newest,
            journal: Vec::new(),
            operations: HashMap::new(),
            inputs: Vec::new(),
            handled: Vec::new(),
            messages: Vec::new(),
            edits: BTreeMap::new(),
            locks: BTreeMap::new(),
            links: Vec::new(),
            sessions: Vec::new(),
            tokens: Vec::new(),
            schedules: BTreeMap::new(),
            aliases: BTreeMap::new(),
            leases: BTreeMap::new(),
            swept: None,
            memory: BTreeMap::new(),
            log: Vec::new(),
            announced: Vec::new(),
            charts: Vec::new(),
            charts_swept: None,
            files: Files::default(),
            told: Told::default(),
        }
    }

    /// Takes in a batch that fits. Returns the number of the batch's last journal record.
    pub(crate) fn take(&mut self, batch: &'a Prepared, stored: &Stored) -> Option<Seq> {
        let (mut last, mut payload) = (None, None);
        for (record, line) in batch.batch.records.iter().zip(&batch.lines) {
            if let Some(line) = line {
                let head = self.seal.take(line.commitment);
                self.journal.push(JournalLine { seq: head.seq, at: &batch.at, line, hash: head.hash });
                last = Some(head.seq);
            }
            if let Record::Event(arrived) = record {
                let seq = self.seal.head().seq;
                payload = if arrived.payload.is_some() { Some(seq) } else { payload };
                self.told.event(seq, batch.batch.at, arrived, payload);
            } else {
                self.project(record, stored);
            }
        }
        last
    }

    fn project(&mut self, record: &'a Record, stored: &Stored) {
        let seq = self.seal.head().seq;
        match record {
            Record::Operation { now, .. } => {
                let newest = &mut self.newest;
                let mut number = || {
                    stored.numbers.get(&now.id).copied().unwrap_or_else(|| {
                        *newest += 1;
                        *newest
                    })
                };
                let entry = self.operations.entry(&now.id).or_insert_with(|| (number(), now));
                entry.1 = now;
            }
            Record::Input(input) => self.inputs.push((seq, input)),
            Record::Handled { input } => self.handled.push(*input),
            Record::Message(message) => self.messages.push((seq, message)),
            Record::Edited { message, reply, .. } => {
                let edit = self.edits.entry(*message).or_insert(Edit { times: 0, changed: seq, reply });
                *edit = Edit { times: edit.times + 1, changed: seq, reply };
            }
            Record::Locked(lock) => drop(self.locks.insert(&lock.key, Some(lock))),
            Record::Unlocked { key, .. } => drop(self.locks.insert(key, None)),
            Record::Access(AccessEvent::Link(link)) => self.links.push(link),
            Record::Access(AccessEvent::Session(session) | AccessEvent::Ended { session, .. }) => {
                self.sessions.push(session);
            }
            Record::Access(AccessEvent::Token(token) | AccessEvent::Revoked { token, .. }) => {
                self.tokens.push(token);
            }
            // It was let in, so what is known is how it stands then.
            Record::Schedule(event) => {
                let state = stored.known.schedules.get(event.name()).cloned();
                self.schedules.extend(state.map(|state| (event.name(), state)));
            }
            Record::Alias(alias) => {
                self.aliases.insert((alias.scope.key(), &alias.name), Some(alias));
            }
            Record::Unalias { scope, name, .. } => {
                self.aliases.insert((scope.key(), name), None);
            }
            Record::Lease(lease) => drop(self.leases.insert(&lease.name, lease)),
            Record::Memory(event) => self.remember(event),
            Record::Log(line) => self.log.push(line),
            Record::Announced(said) => self.announced.push(said),
            Record::Chart(kept) => self.charts.push(kept),
            Record::ChartsSwept { before } => self.charts_swept = self.charts_swept.max(Some(*before)),
            Record::Audit(_) => {}
            record if self.files.take(record) => {}
            told => self.told.take(told, &stored.slots),
        }
    }

    fn remember(&mut self, event: &'a MemoryEvent) {
        match event {
            MemoryEvent::Set { entry, .. } => {
                self.memory.insert((entry.namespace.to_string(), &entry.key), Some(entry));
            }
            MemoryEvent::Forgot { namespace, key, .. } => {
                self.memory.insert((namespace.to_string(), key), None);
            }
            MemoryEvent::Swept { before } => {
                self.swept = self.swept.max(Some(*before));
                for entry in self.memory.values_mut() {
                    *entry = entry.filter(|entry| !entry.is_over(*before));
                }
            }
        }
    }

    /// About how many rows these are; 0 only where nothing changes.
    pub(crate) fn rows(&self) -> usize {
        let charts = self.charts.len() + usize::from(self.charts_swept.is_some());
        let beside = self.log.len() + self.announced.len() + self.leases.len() + charts + self.files.rows();
        self.journal.len() + beside + self.told.rows()
    }
}
