//! What is stored about the names in a group of batches, so that it can be decided which of them fit.
//!
//! Not the deciding: `runtime::memory_store::Known` does that for every store. Layer 2.

use std::collections::{HashMap, HashSet};

use sqlx::{Arguments, Row, SqliteConnection, sqlite::SqliteRow};
use wilco_contract::{
    access::{AccessEvent, Token},
    connector::{DeliveryKey, Receipt},
    ids::{Hash, OpId, Place, Seq, SourceName},
    slot::Shown,
    store::{Batch, Record},
};
use wilco_runtime::memory_store::{Known, input_id};

use crate::{changes::StoredSlot, insert::among, row::Read, write::number};

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
                Record::Access(AccessEvent::Token(token)) => names.tokens.push(token),
                Record::Event(arrived) => names.events.push((&arrived.event.source, &arrived.event.id)),
                Record::Slot(slot) => names.slots.push(slot.number),
                Record::Shown { slot, .. } => names.slots.push(*slot),
                // A lock that is given back, a session and what replaces or takes out whatever there is collide with
                // nothing.
                Record::Unlocked { .. }
                | Record::Access(AccessEvent::Session(_))
                | Record::Audit(_)
                | Record::Handled { .. }
                | Record::Forgotten(_)
                | Record::Muted(_)
                | Record::Unmuted { .. }
                | Record::Routed(_)
                | Record::Line(_)
                | Record::Said { .. }
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

/// What is stored about these batches' names. Events only where they are asked for: hardly any comes twice, and their
/// table refuses a second one by itself.
pub(crate) async fn stored<'a>(
    conn: &mut SqliteConnection,
    batches: impl Iterator<Item = &'a Batch>,
    with_events: bool,
) -> Result<Stored, sqlx::Error> {
    let names = Names::of(batches);
    let (mut known, numbers) = collisions(conn, &names).await?;
    if with_events {
        known.events = events(conn, &names.events).await?;
    }
    Ok(Stored { known, numbers, slots: slots(conn, &names.slots).await? })
}

async fn events(
    conn: &mut SqliteConnection,
    names: &[(&SourceName, &str)],
) -> Result<HashSet<(SourceName, String)>, sqlx::Error> {
    let sql = ("SELECT key FROM events WHERE key IN (", ")");
    let rows = among(conn, sql, 1, names, |(source, id), args| args.add(&event_key(source, id)[..])).await?;
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let keys = rows.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<&[u8]>, _>>()?;
    let there = names.iter().filter(|(source, id)| keys.contains(&event_key(source, id)[..]));
    Ok(there.map(|(source, id)| ((*source).clone(), (*id).to_owned())).collect())
}

async fn slots(
    conn: &mut SqliteConnection,
    numbers: &[u64],
) -> Result<HashMap<u64, StoredSlot>, sqlx::Error> {
    let sql = ("SELECT number, post, shown, receipt_place, receipt FROM slots WHERE number IN (", ")");
    let rows = among(conn, sql, 1, numbers, |number, args| args.add(i64::try_from(*number)?)).await?;
    let read = |row: &SqliteRow| {
        let shown = Shown { version: row.count(2)?, receipt: receipt(row, 3)? };
        Ok((row.count(0)?, StoredSlot { post: row.try_get(1)?, shown }))
    };
    rows.iter().map(read).collect()
}

/// A receipt of two columns, from this one.
pub(crate) fn receipt(row: &SqliteRow, at: usize) -> Result<Option<Receipt>, sqlx::Error> {
    let Some(id) = row.try_get(at + 1)? else { return Ok(None) };
    Ok(Some(Receipt { place: row.name(at)?, id }))
}

async fn collisions(
    conn: &mut SqliteConnection,
    names: &Names<'_>,
) -> Result<(Known, HashMap<OpId, u64>), sqlx::Error> {
    let mut known = Known::default();
    let mut numbers = HashMap::new();
    let sql = ("SELECT id, version, number FROM operations WHERE id IN (", ")");
    for row in among(conn, sql, 1, &names.operations, |id, args| args.add(id.as_str())).await? {
        let id: OpId = row.name(0)?;
        known.operations.insert(id.clone(), row.count(1)?);
        numbers.insert(id, row.count(2)?);
    }
    // Written so that the partial index serves it.
    let sql = ("SELECT key FROM messages WHERE key IS NOT NULL AND key IN (", ")");
    let rows = among(conn, sql, 1, &names.keys, |key, args| args.add(&key.0)).await?;
    known.keys = rows.iter().map(|row| row.try_get(0).map(DeliveryKey)).collect::<Result<_, _>>()?;
    let sql = ("SELECT seq, place FROM messages WHERE seq IN (", ")");
    let rows = among(conn, sql, 1, &names.messages, |seq, args| args.add(number(*seq)?)).await?;
    known.messages =
        rows.iter().map(|row| Ok((row.seq(0)?, row.name(1)?))).collect::<Result<_, sqlx::Error>>()?;
    let sql = ("SELECT place, id FROM inbox WHERE (place, id) IN (", ")");
    let rows = among(conn, sql, 2, &names.inputs, |(place, id), args| {
        args.add(place.as_str())?;
        args.add(*id)
    });
    let input = |row: &SqliteRow| Ok((row.name(0)?, row.try_get(1)?));
    known.inputs = rows.await?.iter().map(input).collect::<Result<_, sqlx::Error>>()?;
    let sql = ("SELECT key, owner, expires_at FROM locks WHERE key IN (", ")");
    let rows = among(conn, sql, 1, &names.locks, |key, args| args.add(*key)).await?;
    let lock = |row: &SqliteRow| Ok((row.try_get(0)?, (row.json(1)?, row.time(2)?)));
    known.locks = rows.iter().map(lock).collect::<Result<_, sqlx::Error>>()?;
    let sql = ("SELECT hash FROM links WHERE used_at IS NOT NULL AND hash IN (", ")");
    let rows = among(conn, sql, 1, &names.links, |hash, args| args.add(&hash.0[..])).await?;
    known.redeemed = rows.iter().map(|row| row.hash(0)).collect::<Result<_, _>>()?;
    let sql = ("SELECT hash FROM tokens WHERE revoked_at IS NOT NULL AND hash IN (", ")");
    let rows = among(conn, sql, 1, &names.tokens, |token, args| args.add(&token.hash.0[..])).await?;
    known.revoked = rows.iter().map(|row| row.hash(0)).collect::<Result<_, _>>()?;
    // Oldest first: of several that were not revoked, only the newest can still live.
    let sql = ("SELECT name, hash, expires_at FROM tokens WHERE revoked_at IS NULL AND name IN (", ")");
    let rows = among(conn, (sql.0, ") ORDER BY name, created_at"), 1, &names.tokens, |token, args| {
        args.add(&token.name)
    });
    let token = |row: &SqliteRow| Ok((row.try_get(0)?, (row.hash(1)?, row.time(2)?)));
    known.tokens = rows.await?.iter().map(token).collect::<Result<_, sqlx::Error>>()?;
    Ok((known, numbers))
}
