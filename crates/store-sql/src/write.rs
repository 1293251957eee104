//! Changes to rows: one statement a table, run once a row.
//!
//! Not the transaction around them. Layer 2.

mod aliases;
mod charts;
mod files;
mod memory;
mod told;

use rusqlite::{CachedStatement, Connection, Result, params};
use serde::Serialize;
use wilco_contract::{ids::Seq, store::RoomMessage};
use wilco_runtime::memory_store::input_id;

pub(crate) use self::memory::until;
use crate::changes::Changes;

const JOURNAL: &str = "INSERT INTO journal (seq, at, kind, who, operation, body, salt, commitment, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
const OPERATION: &str = "INSERT INTO operations (number, id, state, asker, key, version, row) VALUES (?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET state = excluded.state, version = excluded.version, row = excluded.row";
const INPUT: &str = "INSERT INTO inbox (seq, place, id, input) VALUES (?, ?, ?, ?)";
const HANDLED: &str = "UPDATE inbox SET input = NULL WHERE seq = ?";
const MESSAGE: &str = "INSERT INTO messages (seq, changed, at, place, thread, from_kind, from_id, from_name, text, reply, \
     version, operation, key) VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const EDIT: &str =
    "UPDATE messages SET changed = ?, version = version + ?, text = ?, reply = ? WHERE seq = ?";
const LOCK: &str = "INSERT INTO locks (key, owner, reason, at, expires_at) VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET owner = excluded.owner, reason = excluded.reason, at = excluded.at, \
     expires_at = excluded.expires_at";
const UNLOCK: &str = "DELETE FROM locks WHERE key = ?";
const LINK: &str = "INSERT INTO links (hash, person, made_by, expires_at, used_at) VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET person = excluded.person, made_by = excluded.made_by, \
     expires_at = excluded.expires_at, used_at = excluded.used_at";
const SESSION: &str = "INSERT INTO sessions (hash, person, created_at, seen_at, ended_at) VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET person = excluded.person, created_at = excluded.created_at, \
     seen_at = excluded.seen_at, ended_at = coalesce(ended_at, excluded.ended_at)";
const TOKEN: &str = "INSERT INTO tokens (hash, name, scope, made_by, created_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET name = excluded.name, scope = excluded.scope, made_by = excluded.made_by, \
     created_at = excluded.created_at, expires_at = excluded.expires_at, \
     revoked_at = coalesce(revoked_at, excluded.revoked_at)";
const SCHEDULE: &str =
    "INSERT INTO schedules (name, row) VALUES (?, ?) ON CONFLICT DO UPDATE SET row = excluded.row";
const LOG: &str = "INSERT INTO op_log (operation, number, at, step, stream, text) VALUES (?, ?, ?, ?, ?, ?) \
     ON CONFLICT DO NOTHING";

const LEASE: &str = "INSERT INTO leases (name, token, row) VALUES (?, ?, ?) \
     ON CONFLICT DO UPDATE SET token = excluded.token, row = excluded.row";
const ANNOUNCED: &str = "INSERT INTO announced (operation, slot, state, plan) VALUES (?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET state = excluded.state, plan = excluded.plan";

/// Writes all changes. The order is the journal first; no table reads another.
pub(crate) fn write(conn: &Connection, changes: &Changes<'_>) -> Result<()> {
    each(conn, JOURNAL, &changes.journal, |statement, entry| {
        let line = entry.line;
        statement.execute(params![
            number(entry.seq)?,
            &**entry.at,
            &*line.kind,
            line.who.as_deref(),
            line.operation.as_deref(),
            &*line.body,
            &line.salt[..],
            &line.commitment.0[..],
            &entry.hash.0[..],
        ])
    })?;
    write_operations(conn, changes)?;
    each(conn, INPUT, &changes.inputs, |statement, (seq, input)| {
        statement.execute(params![number(*seq)?, input.place().as_str(), input_id(input), json(input)?])
    })?;
    each(conn, HANDLED, &changes.handled, |statement, seq| statement.execute([number(*seq)?]))?;
    write_messages(conn, changes)?;
    write_locks(conn, changes)?;
    write_access(conn, changes)?;
    each(conn, SCHEDULE, &changes.schedules, |statement, (name, state)| {
        statement.execute(params![name, json(state)?])
    })?;
    each(conn, LEASE, changes.leases.values(), |statement, lease| {
        statement.execute(params![lease.name, whole(lease.token)?, json(lease)?])
    })?;
    aliases::write(conn, changes)?;
    memory::write(conn, changes)?;
    each(conn, LOG, &changes.log, |statement, line| {
        statement.execute(params![
            line.operation.as_str(),
            whole(line.number)?,
            line.at.to_string(),
            line.step,
            word(&line.stream)?,
            line.text,
        ])
    })?;
    each(conn, ANNOUNCED, &changes.announced, |statement, said| {
        let slot = whole(said.slot)?;
        statement.execute(params![said.operation.as_str(), slot, said.state.as_str(), &said.plan.0[..]])
    })?;
    charts::write(conn, &changes.charts, changes.charts_swept)?;
    files::write(conn, &changes.files)?;
    told::write(conn, &changes.told)
}

fn write_operations(conn: &Connection, changes: &Changes<'_>) -> Result<()> {
    let mut rows: Vec<_> = changes.operations.values().collect();
    rows.sort_by_key(|(number, _)| *number);
    each(conn, OPERATION, rows, |statement, (number, operation)| {
        statement.execute(params![
            whole(*number)?,
            operation.id.as_str(),
            operation.state.as_str(),
            operation.asker.key(),
            operation.key.as_deref(),
            whole(operation.version)?,
            json(operation)?,
        ])
    })
}

fn write_messages(conn: &Connection, changes: &Changes<'_>) -> Result<()> {
    each(conn, MESSAGE, &changes.messages, |statement, (seq, message)| {
        let RoomMessage { at, place, thread, from, text, reply, version, operation, key, .. } = message;
        statement.execute(params![
            number(*seq)?,
            at.to_string(),
            place.as_str(),
            thread.map(number).transpose()?,
            word(&from.kind)?,
            from.id,
            from.name,
            text,
            json(reply)?,
            whole(*version)?,
            operation.as_ref().map(|id| id.as_str()),
            key.as_ref().map(|key| key.0.as_str()),
        ])
    })?;
    each(conn, EDIT, &changes.edits, |statement, (seq, edit)| {
        let (changed, times) = (number(edit.changed)?, whole(edit.times)?);
        statement.execute(params![changed, times, edit.reply.plain(), json(edit.reply)?, number(*seq)?])
    })
}

fn write_locks(conn: &Connection, changes: &Changes<'_>) -> Result<()> {
    let held = changes.locks.values().filter_map(|lock| *lock);
    each(conn, LOCK, held, |statement, lock| {
        let (at, expires) = (lock.at.to_string(), lock.expires_at.to_string());
        statement.execute(params![lock.key, json(&lock.owner)?, lock.reason, at, expires])
    })?;
    let free = changes.locks.iter().filter(|(_, lock)| lock.is_none());
    each(conn, UNLOCK, free, |statement, (key, _)| statement.execute([key]))
}

fn write_access(conn: &Connection, changes: &Changes<'_>) -> Result<()> {
    each(conn, LINK, &changes.links, |statement, link| {
        let (expires, used) = (link.expires_at.to_string(), link.used_at.map(|at| at.to_string()));
        statement.execute(params![&link.hash.0[..], link.person.as_str(), link.by, expires, used])
    })?;
    each(conn, SESSION, &changes.sessions, |statement, session| {
        statement.execute(params![
            &session.hash.0[..],
            session.person.as_str(),
            session.created_at.to_string(),
            session.seen_at.to_string(),
            session.ended_at.map(|at| at.to_string()),
        ])
    })?;
    each(conn, TOKEN, &changes.tokens, |statement, token| {
        statement.execute(params![
            &token.hash.0[..],
            token.name,
            word(&token.scope)?,
            token.by,
            token.created_at.to_string(),
            token.expires_at.to_string(),
            token.revoked_at.map(|at| at.to_string()),
        ])
    })
}

/// Runs a statement once for each row. It stays prepared; without rows it is not even looked for.
fn each<R>(
    conn: &Connection,
    statement: &str,
    rows: impl IntoIterator<Item = R>,
    run: impl Fn(&mut CachedStatement<'_>, R) -> Result<usize>,
) -> Result<()> {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let mut statement = conn.prepare_cached(statement)?;
    rows.try_for_each(|row| run(&mut statement, row).map(drop))
}

/// A journal number as SQLite counts.
pub(crate) fn number(seq: Seq) -> Result<i64> {
    whole(seq.0)
}

/// A number from 0 as SQLite counts.
pub(crate) fn whole<N>(number: N) -> Result<i64>
where
    i64: TryFrom<N, Error: std::error::Error + Send + Sync + 'static>,
{
    i64::try_from(number).map_err(no_value)
}

/// A value as JSON.
fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(no_value)
}

/// The bare word that an enum without fields is written as.
fn word<T: Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value).map_err(no_value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(no_value(format!("`{other}` is no word"))),
    }
}

fn no_value(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(why.into())
}
