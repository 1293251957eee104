//! What a new batch can collide with, and the one place that decides whether it does.
//!
//! Not storage: a store fills in what it holds about the names in a batch (the one in memory keeps all of it) and
//! writes what was let in. Layer 1.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash as StdHash,
};

use jiff::Timestamp;
use wilco_contract::{
    access::{AccessEvent, Token},
    connector::DeliveryKey,
    file::FileId,
    ids::{Hash, OpId, Place, Seq, SourceName},
    input::Input,
    lease::Lease,
    memory::{self, MemoryEvent, Namespace},
    schedule::ScheduleState,
    store::{Batch, LockOwner, Record, StoreError},
};

/// What is stored, as far as a batch can collide with it.
#[derive(Debug, Default)]
pub struct Known {
    /// Operations and their versions.
    pub operations: HashMap<OpId, u64>,
    /// The keys of the messages.
    pub keys: HashSet<DeliveryKey>,
    /// The messages and their places.
    pub messages: HashMap<Seq, Place>,
    /// The inputs, by place and the network's id, handled or not.
    pub inputs: HashSet<(Place, String)>,
    /// The events, by source and its id of them.
    pub events: HashSet<(SourceName, String)>,
    /// The locks: who holds them, until when.
    pub locks: HashMap<String, (LockOwner, Timestamp)>,
    /// The redeemed links.
    pub redeemed: HashSet<Hash>,
    /// The revoked tokens.
    pub revoked: HashSet<Hash>,
    /// The tokens that were not revoked, by name: which one, until when.
    pub tokens: HashMap<String, (Hash, Timestamp)>,
    /// How the schedules stand.
    pub schedules: HashMap<String, ScheduleState>,
    /// The leases, by name.
    pub leases: HashMap<String, Lease>,
    /// What is remembered: in which version, until when.
    pub memory: HashMap<(Namespace, String), (u64, Option<Timestamp>)>,
    /// The files that were begun, whole or not. What a sweep forgets, a store takes out by itself.
    pub files: HashSet<FileId>,
}

type Undo = Box<dyn FnOnce(&mut Known)>;

/// The id by which a network tells two inputs of a place apart.
#[must_use]
pub fn input_id(input: &Input) -> &str {
    match input {
        Input::Message(message) => &message.id,
        Input::Press(press) => &press.id,
        Input::Happened(happening) => &happening.id,
        Input::Edited(edited) => &edited.id,
        Input::Rule(rule) => &rule.id,
        Input::Trigger(trigger) => &trigger.id,
    }
}

impl Known {
    /// Lets a batch in, so that the next one is held against it too.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a record does not fit; nothing of the batch was let in then.
    pub fn admit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut undo = Vec::new();
        for record in &batch.records {
            if let Err(what) = self.admit_one(record, batch.at, &mut undo) {
                while let Some(way_back) = undo.pop() {
                    way_back(self);
                }
                return Err(StoreError::Conflict(what));
            }
        }
        Ok(())
    }

    fn admit_one(&mut self, record: &Record, at: Timestamp, undo: &mut Vec<Undo>) -> Result<(), String> {
        match record {
            Record::Operation { now, .. } => {
                let stored = self.operations.get(&now.id).copied().unwrap_or(0);
                if now.version != stored + 1 {
                    return Err(format!(
                        "operation {} is at version {stored}, and version {} does not follow it",
                        now.id, now.version
                    ));
                }
                undo.push(set(|known| &mut known.operations, self, &now.id, Some(now.version)));
            }
            Record::Input(input) => {
                let id = (input.place().clone(), input_id(input).to_owned());
                if self.inputs.contains(&id) {
                    return Err(format!("`{}` from {} was accepted before", id.1, id.0));
                }
                undo.push(add(|known| &mut known.inputs, self, &id));
            }
            Record::Message(message) => {
                let Some(key) = &message.key else { return Ok(()) };
                if self.keys.contains(key) {
                    return Err(format!("a message with the key `{}` stands in a room already", key.0));
                }
                undo.push(add(|known| &mut known.keys, self, key));
            }
            Record::Edited { message, place, .. } => {
                if self.messages.get(message) != Some(place) {
                    return Err(format!("there is no message {message} in {place}"));
                }
            }
            Record::Locked(lock) => {
                if let Some((owner, until)) = self.locks.get(&lock.key)
                    && *owner != lock.owner
                    && at < *until
                {
                    return Err(format!("`{}` is locked by somebody else until {until}", lock.key));
                }
                let holder = (lock.owner.clone(), lock.expires_at);
                undo.push(set(|known| &mut known.locks, self, &lock.key, Some(holder)));
            }
            Record::Unlocked { key, .. } => undo.push(set(|known| &mut known.locks, self, key, None)),
            Record::Access(AccessEvent::Link(link)) => {
                if self.redeemed.contains(&link.hash) {
                    return Err("the link was redeemed before".to_owned());
                }
                if link.used_at.is_some() {
                    undo.push(add(|known| &mut known.redeemed, self, &link.hash));
                }
            }
            Record::Access(AccessEvent::Token(token) | AccessEvent::Revoked { token, .. }) => {
                self.admit_token(token, at, undo)?;
            }
            Record::Event(arrived) => {
                let id = (arrived.event.source.clone(), arrived.event.id.clone());
                if self.events.contains(&id) {
                    return Err(format!("event `{}` from {} was taken in before", id.1, id.0));
                }
                undo.push(add(|known| &mut known.events, self, &id));
            }
            Record::Schedule(event) => {
                let name = event.name().to_owned();
                let state = ScheduleState::after(self.schedules.get(&name), event)?;
                undo.push(set(|known| &mut known.schedules, self, &name, Some(state)));
            }
            Record::Memory(event) => self.admit_memory(event, undo)?,
            Record::File(file) => {
                if file.whole && !self.files.contains(&file.id) {
                    return Err(format!("file {} is whole and was not begun, or is forgotten", file.id));
                }
                undo.push(add(|known| &mut known.files, self, &file.id));
            }
            Record::FilePart(part) => {
                if !self.files.contains(&part.file) {
                    return Err(format!(
                        "there is no file {} that part {} belongs to",
                        part.file, part.number
                    ));
                }
            }
            Record::FileDropped(id) => undo.push(take_out(|known| &mut known.files, self, id)),
            Record::Lease(lease) => {
                lease.follows(self.leases.get(&lease.name), at)?;
                undo.push(set(|known| &mut known.leases, self, &lease.name, Some(lease.clone())));
            }
            Record::Access(AccessEvent::Session(_) | AccessEvent::Ended { .. })
            | Record::Audit(_)
            | Record::Handled { .. }
            | Record::Forgotten(_)
            | Record::Muted(_)
            | Record::Unmuted { .. }
            | Record::Alias(_)
            | Record::Unalias { .. }
            | Record::Routed(_)
            | Record::Slot(_)
            | Record::Line(_)
            | Record::Shown { .. }
            | Record::Said { .. }
            | Record::Announced(_)
            | Record::Chart(_)
            | Record::ChartsSwept { .. }
            | Record::FilesSwept { .. }
            | Record::Log(_) => {}
        }
        Ok(())
    }

    fn admit_memory(&mut self, event: &MemoryEvent, undo: &mut Vec<Undo>) -> Result<(), String> {
        if let MemoryEvent::Swept { before } = event {
            let is_over = |until: &Option<Timestamp>| until.is_some_and(|until| until <= *before);
            let over = self.memory.iter().filter(|(_, (_, until))| is_over(until));
            let over: Vec<_> = over.map(|(entry, _)| entry.clone()).collect();
            undo.extend(over.iter().map(|entry| set(|known| &mut known.memory, self, entry, None)));
            return Ok(());
        }
        let Some((namespace, key)) = event.entry() else { return Ok(()) };
        let entry = (namespace.clone(), key.to_owned());
        memory::follows(self.memory.get(&entry).map_or(0, |(version, _)| *version), event)?;
        let now = match event {
            MemoryEvent::Set { entry, .. } => Some((entry.version, entry.until)),
            MemoryEvent::Forgot { .. } | MemoryEvent::Swept { .. } => None,
        };
        undo.push(set(|known| &mut known.memory, self, &entry, now));
        Ok(())
    }

    fn admit_token(&mut self, token: &Token, at: Timestamp, undo: &mut Vec<Undo>) -> Result<(), String> {
        if self.revoked.contains(&token.hash) {
            // A late word about one that was revoked changes nothing.
            return Ok(());
        }
        let other = self.tokens.get(&token.name).filter(|(hash, _)| *hash != token.hash).copied();
        let living = if token.revoked_at.is_some() {
            undo.push(add(|known| &mut known.revoked, self, &token.hash));
            // Another one that lives under this name goes on doing so.
            other
        } else {
            if other.is_some_and(|(_, until)| at < until) {
                return Err(format!("there is a living token `{}`", token.name));
            }
            Some((token.hash, token.expires_at))
        };
        undo.push(set(|known| &mut known.tokens, self, &token.name, living));
        Ok(())
    }
}

/// Adds an entry to one of the sets, and returns the way back.
fn add<K>(entries: fn(&mut Known) -> &mut HashSet<K>, known: &mut Known, entry: &K) -> Undo
where
    K: Clone + Eq + StdHash + 'static,
{
    let new = entries(known).insert(entry.clone());
    let entry = entry.clone();
    Box::new(move |known| {
        if new {
            entries(known).remove(&entry);
        }
    })
}

/// Takes an entry out of one of the sets, and returns the way back.
fn take_out<K>(entries: fn(&mut Known) -> &mut HashSet<K>, known: &mut Known, entry: &K) -> Undo
where
    K: Clone + Eq + StdHash + 'static,
{
    let entry = entries(known).take(entry);
    Box::new(move |known| entries(known).extend(entry))
}

/// Sets or takes out an entry of one of the maps, and returns the way back.
fn set<K, V>(map: fn(&mut Known) -> &mut HashMap<K, V>, known: &mut Known, key: &K, value: Option<V>) -> Undo
where
    K: Clone + Eq + StdHash + 'static,
    V: 'static,
{
    fn put<K: Eq + StdHash, V>(map: &mut HashMap<K, V>, key: K, value: Option<V>) -> Option<V> {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        }
    }
    let before = put(map(known), key.clone(), value);
    let key = key.clone();
    Box::new(move |known| drop(put(map(known), key, before)))
}
