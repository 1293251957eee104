//! The store in memory: for tests and transcripts, with the same rules and the same chain as the one on disk.
//!
//! Not durable: all is gone with the process. It answers at once, so `Soon` and `Now` differ only in what they
//! return. Layer 1.

mod aliases;
mod files;
mod known;
mod remembered;
mod told;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;
use wilco_contract::{
    access::{AccessEvent, LoginLink, Session, Token},
    alias::Alias,
    chain::{Head, Seal, Sealed, Walk},
    chart::{Chart, ChartId, KeptChart, MAX_KEPT},
    clock::Chance,
    connector::DeliveryKey,
    ids::{Hash, OpId, Place, Seq},
    input::Input,
    lease::{Fence, Lease},
    memory::Remembered,
    operation::{Operation, State as OpState},
    reply::Reply,
    schedule::ScheduleState,
    search::{Found, MAX_WORDS, Search},
    slot::Shown,
    store::{
        Access, Announced, AuditFilter, Batch, Charts, GIVEN, Inbox, Journal, JournalRow, Leases, Lock,
        Locks, LogLine, Logs, NOT_AUDIT, Operations, Page, Record, RoomMessage, Rooms, Schedules, Store,
        StoreError, When,
    },
};

pub use self::known::{Known, input_id};
use self::{files::Files, told::Told};

/// The store in memory.
pub struct MemoryStore {
    chance: Arc<dyn Chance>,
    state: Mutex<State>,
    /// Rung when there are more events.
    came: Notify,
}

struct State {
    known: Known,
    fence: Option<Fence>,
    seal: Seal,
    journal: Vec<Row>,
    /// By number; the first has number 1.
    operations: Vec<Operation>,
    numbers: HashMap<OpId, usize>,
    inbox: BTreeMap<Seq, Input>,
    messages: BTreeMap<Seq, RoomMessage>,
    locks: BTreeMap<String, Lock>,
    links: HashMap<Hash, LoginLink>,
    sessions: HashMap<Hash, Session>,
    tokens: HashMap<Hash, Token>,
    log: HashMap<OpId, BTreeMap<u64, LogLine>>,
    announced: BTreeMap<(OpId, usize), Announced>,
    /// The oldest first.
    charts: VecDeque<KeptChart>,
    files: Files,
    aliases: BTreeMap<(String, String), Alias>,
    remembered: BTreeMap<(String, String), Remembered>,
    told: Told,
}

struct Row {
    sealed: Sealed,
    at: Timestamp,
    kind: String,
    who: Option<String>,
    operation: Option<OpId>,
}

impl MemoryStore {
    /// An empty store that draws its salts from here.
    #[must_use]
    pub fn new(chance: Arc<dyn Chance>) -> Self {
        let state = State {
            known: Known::default(),
            fence: None,
            seal: Seal::after(Walk::default().head()),
            journal: Vec::new(),
            operations: Vec::new(),
            numbers: HashMap::new(),
            inbox: BTreeMap::new(),
            messages: BTreeMap::new(),
            locks: BTreeMap::new(),
            links: HashMap::new(),
            sessions: HashMap::new(),
            tokens: HashMap::new(),
            log: HashMap::new(),
            announced: BTreeMap::new(),
            charts: VecDeque::new(),
            files: Files::default(),
            aliases: BTreeMap::new(),
            remembered: BTreeMap::new(),
            told: Told::default(),
        };
        Self { chance, state: Mutex::new(state), came: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic between two changes is not possible: what can fail is done before the first.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, batch: Batch) -> Result<Option<Seq>, StoreError> {
        let mut rows = Vec::with_capacity(batch.records.len());
        for record in &batch.records {
            let Some(entry) = record.entry(batch.at) else {
                rows.push(None);
                continue;
            };
            let body = entry
                .canonical()
                .map_err(|error| StoreError::Conflict(format!("a record is no JSON: {error}")))?;
            let (who, operation) = (entry.who, entry.operation.cloned());
            rows.push(Some((body, entry.kind.to_owned(), who, operation)));
        }
        let mut state = self.state();
        state.in_turn()?;
        state.known.admit(&batch)?;
        let (mut last, mut payload) = (None, None);
        for (record, row) in batch.records.into_iter().zip(rows) {
            if let Some((body, kind, who, operation)) = row {
                let sealed = state.seal.next(self.chance.bytes(), body);
                last = Some(sealed.seq);
                state.journal.push(Row { sealed, at: batch.at, kind, who, operation });
            }
            if let Record::Event(arrived) = record {
                let seq = state.seal.head().seq;
                payload = if arrived.payload.is_some() { Some(seq) } else { payload };
                state.told.event(seq, batch.at, *arrived, payload);
                self.came.notify_one();
            } else {
                state.project(record);
            }
        }
        Ok(last)
    }
}

impl State {
    /// Whether nobody has taken over.
    fn in_turn(&self) -> Result<(), StoreError> {
        let Some(fence) = &self.fence else { return Ok(()) };
        match self.known.leases.get(&fence.name) {
            Some(lease) if lease.is_held_by(fence) => Ok(()),
            Some(lease) => Err(StoreError::Fenced(lease.holder.to_string())),
            None => Err(StoreError::Fenced(format!("nobody has the lease `{}`", fence.name))),
        }
    }

    /// Takes a record that was let in and sealed into what it changes.
    fn project(&mut self, record: Record) {
        let seq = self.seal.head().seq;
        match record {
            Record::Operation { now, .. } => {
                let now = Arc::unwrap_or_clone(now);
                match self.numbers.get(&now.id) {
                    Some(&at) => self.operations[at] = now,
                    None => {
                        self.numbers.insert(now.id.clone(), self.operations.len());
                        self.operations.push(now);
                    }
                }
            }
            Record::Input(input) => drop(self.inbox.insert(seq, input)),
            Record::Handled { input } => drop(self.inbox.remove(&input)),
            Record::Message(message) => {
                self.known.messages.insert(seq, message.place.clone());
                self.messages.insert(seq, RoomMessage { seq, changed: seq, ..message });
            }
            Record::Edited { message, reply, .. } => self.edit(message, reply),
            Record::Locked(lock) => drop(self.locks.insert(lock.key.clone(), lock)),
            Record::Unlocked { key, .. } => drop(self.locks.remove(&key)),
            Record::Access(event) => self.let_in(event),
            Record::Log(line) => {
                self.log.entry(line.operation.clone()).or_default().entry(line.number).or_insert(line);
            }
            Record::Announced(said) => {
                drop(self.announced.insert((said.operation.clone(), said.slot), said));
            }
            Record::Chart(kept) => self.keep(*kept),
            Record::ChartsSwept { before } => self.charts.retain(|kept| before < kept.until),
            Record::File(file) => self.files.stands(*file),
            Record::FilePart(part) => self.files.part(*part),
            Record::FileDropped(id) => self.files.drop(id),
            Record::FilesSwept { before } => {
                for id in self.files.sweep(before) {
                    self.known.files.remove(&id);
                }
            }
            Record::Forgotten(forgotten) => self.told.forget(&forgotten.events),
            Record::Muted(mute) => self.told.mute(mute),
            Record::Unmuted { place, what, .. } => self.told.unmute(place, what),
            Record::Alias(alias) => {
                drop(self.aliases.insert((alias.scope.key(), alias.name.clone()), alias));
            }
            Record::Unalias { scope, name, .. } => drop(self.aliases.remove(&(scope.key(), name))),
            Record::Memory(event) => self.remember(*event),
            Record::Routed(trace) => self.told.routed(trace),
            Record::Slot(slot) => self.told.slot(*slot),
            Record::Line(line) => self.told.line(*line),
            Record::Shown { slot, post, version, receipt } => {
                self.told.shown(slot, post, Shown { receipt, version });
            }
            Record::Said { line } => self.told.said(line),
            // Letting it in has changed how it stands.
            Record::Schedule(_) | Record::Lease(_) | Record::Event(_) | Record::Audit(_) => {}
        }
    }

    fn keep(&mut self, kept: KeptChart) {
        let at = kept.at;
        if self.charts.iter().all(|known| known.id != kept.id) {
            self.charts.push_back(kept);
        }
        self.charts.retain(|known| at < known.until);
        while self.charts.len() > MAX_KEPT {
            let mut counts = HashMap::new();
            for known in &self.charts {
                *counts.entry(&known.place).or_insert(0) += 1;
            }
            let most = counts.values().copied().max();
            let oldest = self.charts.iter().position(|known| counts.get(&known.place).copied() == most);
            oldest.and_then(|oldest| self.charts.remove(oldest));
        }
    }

    fn edit(&mut self, message: Seq, reply: Reply) {
        let changed = self.seal.head().seq;
        if let Some(message) = self.messages.get_mut(&message) {
            message.text = reply.plain();
            message.reply = reply;
            message.version += 1;
            message.changed = changed;
        }
    }

    /// What ended stays ended, whatever a late event says.
    fn let_in(&mut self, event: AccessEvent) {
        match event {
            AccessEvent::Link(link) => drop(self.links.insert(link.hash, link)),
            AccessEvent::Session(mut session) | AccessEvent::Ended { mut session, .. } => {
                if let Some(stored) = self.sessions.get(&session.hash) {
                    session.ended_at = stored.ended_at.or(session.ended_at);
                }
                self.sessions.insert(session.hash, session);
            }
            AccessEvent::Token(mut token) | AccessEvent::Revoked { mut token, .. } => {
                if let Some(stored) = self.tokens.get(&token.hash) {
                    token.revoked_at = stored.revoked_at.or(token.revoked_at);
                }
                self.tokens.insert(token.hash, token);
            }
        }
    }
}

fn fits(row: &Row, filter: &AuditFilter) -> bool {
    !NOT_AUDIT.contains(&row.kind.as_str())
        && filter.operation.as_ref().is_none_or(|id| row.operation.as_ref() == Some(id))
        && filter.who.as_ref().is_none_or(|who| row.who.as_ref() == Some(who))
        && filter.kind.as_ref().is_none_or(|start| row.kind.starts_with(start.as_str()))
}

fn shown(row: &Row) -> Result<JournalRow, StoreError> {
    let body =
        row.sealed.body.as_ref().map(|text| serde_json::from_str::<serde_json::Value>(text)).transpose();
    let body = body.map_err(|error| StoreError::Corrupt(format!("record {}: {error}", row.sealed.seq)))?;
    Ok(JournalRow {
        seq: row.sealed.seq,
        at: row.at,
        kind: row.kind.clone(),
        who: row.who.clone(),
        operation: row.operation.clone(),
        body: body.map(|mut entry| entry["body"].take()),
        hash: row.sealed.hash,
    })
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, batch: Batch, when: When) -> Result<Option<Seq>, StoreError> {
        let last = self.write(batch)?;
        Ok(if when == When::Now { last } else { None })
    }

    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn fence(&self, fence: Fence) {
        self.state().fence = Some(fence);
    }
}

#[async_trait]
impl Operations for MemoryStore {
    async fn operation(&self, id: &OpId) -> Result<Option<Operation>, StoreError> {
        let state = self.state();
        Ok(state.numbers.get(id).map(|&at| state.operations[at].clone()))
    }

    async fn operation_by_key(&self, asker: &str, key: &str) -> Result<Option<Operation>, StoreError> {
        let state = self.state();
        let mut made = state.operations.iter().filter(|operation| operation.key.as_deref() == Some(key));
        Ok(made.find(|operation| operation.asker.key() == asker).cloned())
    }

    async fn operations(&self, states: &[OpState], page: Page) -> Result<Vec<(u64, Operation)>, StoreError> {
        let state = self.state();
        let numbered = (1..).zip(&state.operations).filter(|(number, _)| *number > page.after);
        let wanted = numbered.filter(|(_, operation)| states.is_empty() || states.contains(&operation.state));
        Ok(wanted.take(page.limit).map(|(number, operation)| (number, operation.clone())).collect())
    }

    async fn latest_operations(&self, limit: usize) -> Result<Vec<Operation>, StoreError> {
        Ok(self.state().operations.iter().rev().take(limit).cloned().collect())
    }

    async fn operations_before(
        &self,
        states: &[OpState],
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Operation)>, StoreError> {
        let state = self.state();
        let numbered = state.operations.iter().enumerate().map(|(at, operation)| (at as u64 + 1, operation));
        let earlier = numbered.rev().filter(|(number, _)| before == 0 || *number < before);
        let wanted = earlier.filter(|(_, operation)| states.is_empty() || states.contains(&operation.state));
        Ok(wanted.take(limit).map(|(number, operation)| (number, operation.clone())).collect())
    }

    async fn announced(&self, id: &OpId) -> Result<Vec<Announced>, StoreError> {
        let state = self.state();
        let all = state.announced.range((id.clone(), 0)..=(id.clone(), usize::MAX));
        Ok(all.map(|(_, said)| said.clone()).collect())
    }

    async fn operation_count(&self) -> Result<u64, StoreError> {
        Ok(self.state().operations.len() as u64)
    }
}

#[async_trait]
impl Inbox for MemoryStore {
    async fn unhandled(&self) -> Result<Vec<(Seq, Input)>, StoreError> {
        Ok(self.state().inbox.iter().map(|(seq, input)| (*seq, input.clone())).collect())
    }
}

#[async_trait]
impl Rooms for MemoryStore {
    async fn message(&self, seq: Seq) -> Result<Option<RoomMessage>, StoreError> {
        Ok(self.state().messages.get(&seq).cloned())
    }

    async fn message_by_key(&self, key: &DeliveryKey) -> Result<Option<RoomMessage>, StoreError> {
        Ok(self.state().messages.values().find(|message| message.key.as_ref() == Some(key)).cloned())
    }

    async fn messages(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError> {
        let state = self.state();
        let later = state.messages.range(Seq(page.after.saturating_add(1))..).map(|(_, message)| message);
        Ok(later.filter(|message| message.place == *place).take(page.limit).cloned().collect())
    }

    async fn messages_before(
        &self,
        place: &Place,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<RoomMessage>, StoreError> {
        let before = if before.0 == 0 { Seq(u64::MAX) } else { before };
        let state = self.state();
        let earlier = state.messages.range(..before).rev().map(|(_, message)| message);
        let mut found: Vec<_> =
            earlier.filter(|message| message.place == *place).take(limit).cloned().collect();
        found.reverse();
        Ok(found)
    }

    async fn messages_changed(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError> {
        let state = self.state();
        let here = state.messages.values().filter(|message| message.place == *place);
        let mut found: Vec<_> = here.filter(|message| message.changed.0 > page.after).cloned().collect();
        found.sort_by_key(|message| message.changed);
        found.truncate(page.limit);
        Ok(found)
    }

    async fn messages_with(&self, place: &Place, search: &Search) -> Result<Found, StoreError> {
        let words: Vec<_> =
            search.words.iter().take(MAX_WORDS).map(|word| word.to_ascii_lowercase()).collect();
        let before = if search.before.0 == 0 { Seq(u64::MAX) } else { search.before };
        let state = self.state();
        let between = state.messages.values().rev().filter(|message| message.place == *place);
        let mut between = between.filter(|message| message.seq < before && message.seq > search.after);
        let looked: Vec<_> = between.by_ref().take(search.look).collect();
        let has_all = |message: &&&RoomMessage| {
            let text = message.text.to_ascii_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
        };
        let mut found = looked.iter().filter(has_all);
        let messages: Vec<_> = found.by_ref().take(search.limit).map(|message| (*message).clone()).collect();
        let next = if found.next().is_some() {
            messages.last().map(|message| message.seq)
        } else {
            looked.last().filter(|_| between.next().is_some()).map(|message| message.seq)
        };
        Ok(Found { messages, next })
    }
}

#[async_trait]
impl Journal for MemoryStore {
    async fn audit(&self, filter: &AuditFilter, page: Page) -> Result<Vec<JournalRow>, StoreError> {
        let state = self.state();
        let later = state.journal.iter().filter(|row| row.sealed.seq.0 > page.after);
        later.filter(|row| fits(row, filter)).take(page.limit).map(shown).collect()
    }

    async fn audit_before(
        &self,
        filter: &AuditFilter,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let state = self.state();
        let earlier = state.journal.iter().rev().filter(|row| before.0 == 0 || row.sealed.seq < before);
        earlier.filter(|row| fits(row, filter)).take(limit).map(shown).collect()
    }

    async fn written_at(&self, record: Seq) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state().journal.iter().find(|row| row.sealed.seq == record).map(|row| row.at))
    }

    async fn given(&self, who: &str, before: Seq, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        let state = self.state();
        let earlier = state
            .journal
            .iter()
            .rev()
            .filter(|row| before.0 == 0 || row.sealed.seq < before)
            .filter(|row| row.who.as_deref() == Some(who) && GIVEN.contains(&row.kind.as_str()));
        earlier.take(limit).map(shown).collect()
    }

    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.state().seal.head())
    }

    async fn sealed(&self, page: Page) -> Result<Vec<Sealed>, StoreError> {
        let state = self.state();
        let later = state.journal.iter().filter(|row| row.sealed.seq.0 > page.after);
        Ok(later.take(page.limit).map(|row| row.sealed.clone()).collect())
    }
}

#[async_trait]
impl Locks for MemoryStore {
    async fn locks(&self) -> Result<Vec<Lock>, StoreError> {
        Ok(self.state().locks.values().cloned().collect())
    }
}

#[async_trait]
impl Leases for MemoryStore {
    async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        let mut all: Vec<_> = self.state().known.leases.values().cloned().collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }
}

#[async_trait]
impl Charts for MemoryStore {
    async fn chart(&self, id: &ChartId, now: Timestamp) -> Result<Option<(Chart, Timestamp)>, StoreError> {
        let state = self.state();
        let found = state.charts.iter().find(|kept| kept.id == *id && now < kept.until);
        Ok(found.map(|kept| (kept.chart.clone(), kept.until)))
    }
}

#[async_trait]
impl Schedules for MemoryStore {
    async fn schedules(&self) -> Result<Vec<ScheduleState>, StoreError> {
        let mut all: Vec<_> = self.state().known.schedules.values().cloned().collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }
}

#[async_trait]
impl Access for MemoryStore {
    async fn link(&self, hash: Hash) -> Result<Option<LoginLink>, StoreError> {
        Ok(self.state().links.get(&hash).cloned())
    }

    async fn session(&self, hash: Hash) -> Result<Option<Session>, StoreError> {
        Ok(self.state().sessions.get(&hash).cloned())
    }

    async fn open_sessions(&self, since: Timestamp) -> Result<Vec<Session>, StoreError> {
        let state = self.state();
        let open =
            state.sessions.values().filter(|session| session.ended_at.is_none() && session.seen_at >= since);
        let mut found: Vec<_> = open.cloned().collect();
        found.sort_by_key(|session| Reverse((session.seen_at, session.hash.0)));
        Ok(found)
    }

    async fn token(&self, hash: Hash) -> Result<Option<Token>, StoreError> {
        Ok(self.state().tokens.get(&hash).cloned())
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let mut tokens: Vec<_> = self.state().tokens.values().cloned().collect();
        tokens.sort_by(|one, other| (&one.name, one.created_at).cmp(&(&other.name, other.created_at)));
        Ok(tokens)
    }
}

#[async_trait]
impl Logs for MemoryStore {
    async fn log(&self, operation: &OpId, page: Page) -> Result<Vec<LogLine>, StoreError> {
        let state = self.state();
        let lines = state.log.get(operation).into_iter();
        let later = lines.flat_map(|lines| lines.range(page.after.saturating_add(1)..));
        Ok(later.take(page.limit).map(|(_, line)| line.clone()).collect())
    }

    async fn log_end(&self, operation: &OpId) -> Result<u64, StoreError> {
        let state = self.state();
        Ok(state.log.get(operation).and_then(|lines| lines.last_key_value()).map_or(0, |(number, _)| *number))
    }
}
