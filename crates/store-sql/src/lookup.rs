//! What is stored about the names in a group of batches, so that it can be decided which of them fit.
//!
//! Not the deciding: `runtime::memory_store::Known` does that for every store. Layer 2.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Result, Row, params};
use wilco_contract::{
    access::{AccessEvent, Token},
    connector::{DeliveryKey, Receipt},
    file::FileId,
    ids::{Hash, OpId, Place, Seq, SourceName},
    memory::Namespace,
    slot::Shown,
    store::{Batch, Record},
};
use wilco_runtime::memory_store::{Known, input_id};

use crate::{
    changes::StoredSlot,
    values::{name, read, text, time},
    write::{number, whole},
};

/// How many bytes of a hash tell an event from all others.
const KEY: usize = 16;

/// What is stored about the names in a group.
#[derive(Default)]
pub(crate) struct Stored {
    /// What a batch can collide with.
    pub(crate) known: Known,
    /// The numbers of the operations.
    pub(crate) numbers: HashMap<OpId, u64>,
    /// How far showing the slots has got.
    pub(crate) slots: HashMap<u64, StoredSlot>,
}

/// The names in a group.
#[derive(Default)]
struct Names<'a> {
    operations: Vec<&'a OpId>,
    keys: Vec<&'a DeliveryKey>,
    messages: Vec<Seq>,
    inputs: Vec<(&'a Place, &'a str)>,
    locks: Vec<&'a str>,
    links: Vec<Hash>,
    tokens: Vec<&'a Token>,
    events: Vec<(&'a SourceName, &'a str)>,
    slots: Vec<u64>,
    schedules: Vec<&'a str>,
    leases: Vec<&'a str>,
    memory: Vec<(&'a Namespace, &'a str)>,
    files: Vec<&'a FileId>,
}

impl<'a> Names<'a> {
    fn of(batches: impl Iterator<Item = &'a Batch>) -> Self {
        let mut names = Self::default();
        for record in batches.flat_map(|batch| &batch.records) {
            match record {
                Record::Operation { now, .. } => names.operations.push(&now.id),
                Record::Message(message) => names.keys.extend(&message.key),
                Record::Edited { message, .. } => names.messages.push(*message),
                Record::Input(input) => names.inputs.push((input.place(), input_id(input))),
                Record::Locked(lock) => names.locks.push(&lock.key),
                Record::Access(AccessEvent::Link(link)) => names.links.push(link.hash),
                Record::Access(AccessEvent::Token(token) | AccessEvent::Revoked { token, .. }) => {
                    names.tokens.push(token);
                }
                Record::Event(arrived) => names.events.push((&arrived.event.source, &arrived.event.id)),
                Record::Slot(slot) => names.slots.push(slot.number),
                Record::Shown { slot, .. } => names.slots.push(*slot),
                Record::Schedule(event) => names.schedules.push(event.name()),
                Record::Lease(lease) => names.leases.push(&lease.name),
                Record::Memory(event) => names.memory.extend(event.entry()),
                Record::File(file) => names.files.push(&file.id),
                Record::FilePart(part) => names.files.push(&part.file),
                // A lock that is given back, a session and what replaces or takes out whatever there is collide with
                // nothing.
                Record::Unlocked { .. }
                | Record::Access(AccessEvent::Session(_) | AccessEvent::Ended { .. })
                | Record::Audit(_)
                | Record::Handled { .. }
                | Record::Forgotten(_)
                | Record::Muted(_)
                | Record::Unmuted { .. }
                | Record::Alias(_)
                | Record::Unalias { .. }
                | Record::Routed(_)
                | Record::Line(_)
                | Record::Said { .. }
                | Record::Announced(_)
                | Record::Chart(_)
                | Record::ChartsSwept { .. }
                | Record::FileDropped(_)
                | Record::FilesSwept { .. }
                | Record::Log(_) => {}
            }
        }
        names.slots.sort_unstable();
        names.slots.dedup();
        names
    }
}

/// The key of an event in its table. No source's name has a NUL in it, so two never add up to the same text.
pub(crate) fn event_key(source: &SourceName, id: &str) -> [u8; KEY] {
    let mut key = [0; KEY];
    let hash = Hash::of(&[source.as_str().as_bytes(), b"\0", id.as_bytes()].concat());
    key.copy_from_slice(&hash.0[..KEY]);
    key
}

/// What is stored about these batches' names.
pub(crate) fn stored<'a>(conn: &Connection, batches: impl Iterator<Item = &'a Batch>) -> Result<Stored> {
    let names = Names::of(batches);
    let (known, numbers) = collisions(conn, &names)?;
    Ok(Stored { known, numbers, slots: slots(conn, &names.slots)? })
}

fn slots(conn: &Connection, numbers: &[u64]) -> Result<HashMap<u64, StoredSlot>> {
    let ask = "SELECT post, shown, receipt_place, receipt FROM slots WHERE number = ?";
    let mut found = HashMap::new();
    for number in numbers {
        let slot = one(conn, ask, [whole(*number)?], |row| {
            let receipt = match row.get(3)? {
                Some(id) => Some(Receipt { place: name(row, 2)?, id }),
                None => None,
            };
            let version: i64 = row.get(1)?;
            let shown = Shown { version: read(1, u64::try_from(version))?, receipt };
            Ok(StoredSlot { post: row.get(0)?, shown })
        })?;
        found.extend(slot.map(|slot| (*number, slot)));
    }
    Ok(found)
}

fn collisions(conn: &Connection, names: &Names<'_>) -> Result<(Known, HashMap<OpId, u64>)> {
    let mut known = Known::default();
    let mut numbers = HashMap::new();
    for id in &names.operations {
        let ask = "SELECT version, number FROM operations WHERE id = ?";
        let found = one(conn, ask, [id.as_str()], |row| {
            let (version, number): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((read(0, u64::try_from(version))?, read(1, u64::try_from(number))?))
        })?;
        if let Some((version, number)) = found {
            known.operations.insert((*id).clone(), version);
            numbers.insert((*id).clone(), number);
        }
    }
    for key in &names.keys {
        // Written so that the partial index serves it.
        if is(conn, "SELECT 1 FROM messages WHERE key IS NOT NULL AND key = ?", [&key.0])? {
            known.keys.insert((*key).clone());
        }
    }
    for seq in &names.messages {
        let place =
            one(conn, "SELECT place FROM messages WHERE seq = ?", [number(*seq)?], |row| name(row, 0))?;
        known.messages.extend(place.map(|place| (*seq, place)));
    }
    for (place, id) in &names.inputs {
        if is(conn, "SELECT 1 FROM inbox WHERE place = ? AND id = ?", [place.as_str(), id])? {
            known.inputs.insert(((*place).clone(), (*id).to_owned()));
        }
    }
    for (source, id) in &names.events {
        if is(conn, "SELECT 1 FROM events WHERE key = ?", [&event_key(source, id)[..]])? {
            known.events.insert(((*source).clone(), (*id).to_owned()));
        }
    }
    for key in &names.locks {
        let lock = one(conn, "SELECT owner, expires_at FROM locks WHERE key = ?", [key], |row| {
            Ok((read(0, serde_json::from_str(&text(row, 0)?))?, time(row, 1)?))
        })?;
        known.locks.extend(lock.map(|lock| ((*key).to_owned(), lock)));
    }
    for link in &names.links {
        if is(conn, "SELECT 1 FROM links WHERE hash = ? AND used_at IS NOT NULL", [&link.0[..]])? {
            known.redeemed.insert(*link);
        }
    }
    tokens(conn, names, &mut known)?;
    for name in &names.schedules {
        let state = one(conn, "SELECT row FROM schedules WHERE name = ?", [name], |row| {
            read(0, serde_json::from_str(&text(row, 0)?))
        })?;
        known.schedules.extend(state.map(|state| ((*name).to_owned(), state)));
    }
    for name in &names.leases {
        let lease = one(conn, "SELECT row FROM leases WHERE name = ?", [name], |row| {
            read(0, serde_json::from_str(&text(row, 0)?))
        })?;
        known.leases.extend(lease.map(|lease| ((*name).to_owned(), lease)));
    }
    for (namespace, key) in &names.memory {
        let ask = "SELECT version, until FROM memory WHERE namespace = ? AND key = ?";
        let found = one(conn, ask, params![namespace.to_string(), key], |row| {
            let (version, until): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            let until = until.map(Timestamp::from_microsecond).transpose();
            Ok((read(0, u64::try_from(version))?, read(1, until)?))
        })?;
        known.memory.extend(found.map(|found| (((*namespace).clone(), (*key).to_owned()), found)));
    }
    for id in &names.files {
        if is(conn, "SELECT 1 FROM files WHERE id = ?", [&id.0[..]])? {
            known.files.insert(**id);
        }
    }
    Ok((known, numbers))
}

fn tokens(conn: &Connection, names: &Names<'_>, known: &mut Known) -> Result<()> {
    for token in &names.tokens {
        if is(conn, "SELECT 1 FROM tokens WHERE hash = ? AND revoked_at IS NOT NULL", [&token.hash.0[..]])? {
            known.revoked.insert(token.hash);
        }
        // Of several that were not revoked, only the newest can still live.
        let ask = "SELECT hash, expires_at FROM tokens WHERE name = ? AND revoked_at IS NULL \
                   ORDER BY created_at DESC LIMIT 1";
        let newest = one(conn, ask, [&token.name], |row| Ok((Hash(row.get(0)?), time(row, 1)?)))?;
        known.tokens.extend(newest.map(|newest| (token.name.clone(), newest)));
    }
    Ok(())
}

/// The row that a statement finds, if it finds one.
fn one<T>(
    conn: &Connection,
    statement: &str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    conn.prepare_cached(statement)?.query_row(values, read).optional()
}

/// Whether a statement finds a row.
fn is(conn: &Connection, statement: &str, values: impl Params) -> Result<bool> {
    conn.prepare_cached(statement)?.exists(values)
}
