//! Changes to rows: one kind of statement a table.
//!
//! Not the transaction around them. Each `bind` lists the values in the order of the columns above it. Layer 2.

mod told;

use serde::Serialize;
use sqlx::{Arguments, error::BoxDynError, sqlite::SqliteArguments};
use wilco_contract::{ids::Seq, store::Lock};

use crate::{
    changes::{Changes, Edit},
    insert::{Insert, Script},
};
use wilco_runtime::memory_store::input_id;

const JOURNAL: Insert = Insert {
    head: "INSERT OR ROLLBACK INTO journal (seq, at, kind, who, operation, body, salt, commitment, hash) VALUES ",
    columns: 9,
    tail: "",
};
const OPERATIONS: Insert = Insert {
    head: "INSERT INTO operations (number, id, state, asker, key, version, row) VALUES ",
    columns: 7,
    tail: " ON CONFLICT DO UPDATE SET state = excluded.state, version = excluded.version, row = excluded.row",
};
const INBOX: Insert =
    Insert { head: "INSERT INTO inbox (seq, place, id, input) VALUES ", columns: 4, tail: "" };
const MESSAGES: Insert = Insert {
    head: "INSERT INTO messages (seq, changed, at, place, thread, from_kind, from_id, from_name, text, reply, \
           version, operation, key) VALUES ",
    columns: 13,
    tail: "",
};
const EDITS: Insert = Insert {
    head: "WITH edit (seq, changed, times, text, reply) AS (VALUES ",
    columns: 5,
    tail: ") UPDATE messages SET changed = edit.changed, version = version + edit.times, text = edit.text, \
           reply = edit.reply FROM edit WHERE messages.seq = edit.seq",
};
const LOCKS: Insert = Insert {
    head: "INSERT INTO locks (key, owner, reason, at, expires_at) VALUES ",
    columns: 5,
    tail: " ON CONFLICT DO UPDATE SET owner = excluded.owner, reason = excluded.reason, at = excluded.at, \
           expires_at = excluded.expires_at",
};
const LINKS: Insert = Insert {
    head: "INSERT INTO links (hash, person, made_by, expires_at, used_at) VALUES ",
    columns: 5,
    tail: " ON CONFLICT DO UPDATE SET person = excluded.person, made_by = excluded.made_by, \
           expires_at = excluded.expires_at, used_at = excluded.used_at",
};
const SESSIONS: Insert = Insert {
    head: "INSERT INTO sessions (hash, person, created_at, seen_at, ended_at) VALUES ",
    columns: 5,
    tail: " ON CONFLICT DO UPDATE SET person = excluded.person, created_at = excluded.created_at, \
           seen_at = excluded.seen_at, ended_at = coalesce(ended_at, excluded.ended_at)",
};
const TOKENS: Insert = Insert {
    head: "INSERT INTO tokens (hash, name, scope, made_by, created_at, expires_at, revoked_at) VALUES ",
    columns: 7,
    tail: " ON CONFLICT DO UPDATE SET name = excluded.name, scope = excluded.scope, made_by = excluded.made_by, \
           created_at = excluded.created_at, expires_at = excluded.expires_at, \
           revoked_at = coalesce(revoked_at, excluded.revoked_at)",
};
const LOG: Insert = Insert {
    head: "INSERT INTO op_log (operation, number, at, step, stream, text) VALUES ",
    columns: 6,
    tail: " ON CONFLICT DO NOTHING",
};

type Bound = Result<(), BoxDynError>;

/// Writes all changes. The order is the journal first; no table reads another.
pub(crate) async fn write(script: &mut Script<'_>, changes: &Changes<'_>) -> Result<(), sqlx::Error> {
    script
        .insert(&JOURNAL, &changes.journal, |entry, args| {
            args.add(number(entry.seq)?)?;
            args.add(entry.at.clone())?;
            args.add(entry.line.kind.clone())?;
            args.add(entry.line.who.clone())?;
            args.add(entry.line.operation.clone())?;
            args.add(entry.line.body.clone())?;
            args.add(&entry.line.salt[..])?;
            args.add(&entry.line.commitment.0[..])?;
            args.add(&entry.hash.0[..])
        })
        .await?;
    write_operations(script, changes).await?;
    write_inbox(script, changes).await?;
    write_messages(script, changes).await?;
    write_locks(script, changes).await?;
    write_access(script, changes).await?;
    script
        .insert(&LOG, &changes.log, |line, args| {
            args.add(line.operation.as_str())?;
            args.add(i64::try_from(line.number)?)?;
            args.add(line.at.to_string())?;
            args.add(&line.step)?;
            args.add(word(&line.stream)?)?;
            args.add(&line.text)
        })
        .await?;
    told::write(script, &changes.told).await
}

async fn write_operations(script: &mut Script<'_>, changes: &Changes<'_>) -> Result<(), sqlx::Error> {
    let mut rows: Vec<_> = changes.operations.values().collect();
    rows.sort_by_key(|(number, _)| *number);
    script
        .insert(&OPERATIONS, &rows, |(number, operation), args| {
            args.add(i64::try_from(*number)?)?;
            args.add(operation.id.as_str())?;
            args.add(operation.state.as_str())?;
            args.add(operation.asker.key())?;
            args.add(operation.key.as_deref())?;
            args.add(i64::try_from(operation.version)?)?;
            args.add(serde_json::to_string(operation)?)
        })
        .await
}

async fn write_inbox(script: &mut Script<'_>, changes: &Changes<'_>) -> Result<(), sqlx::Error> {
    script
        .insert(&INBOX, &changes.inputs, |(seq, input), args| {
            args.add(number(*seq)?)?;
            args.add(input.place().as_str())?;
            args.add(input_id(input))?;
            args.add(serde_json::to_string(input)?)
        })
        .await?;
    let handled = "UPDATE inbox SET input = NULL WHERE seq IN ";
    script.each(handled, &changes.handled, |seq, args| args.add(number(*seq)?)).await
}

async fn write_messages(script: &mut Script<'_>, changes: &Changes<'_>) -> Result<(), sqlx::Error> {
    script
        .insert(&MESSAGES, &changes.messages, |(seq, message), args| {
            args.add(number(*seq)?)?;
            args.add(number(*seq)?)?;
            args.add(message.at.to_string())?;
            args.add(message.place.as_str())?;
            args.add(message.thread.map(number).transpose()?)?;
            args.add(word(&message.from.kind)?)?;
            args.add(&message.from.id)?;
            args.add(&message.from.name)?;
            args.add(&message.text)?;
            args.add(serde_json::to_string(&message.reply)?)?;
            args.add(i64::try_from(message.version)?)?;
            args.add(message.operation.as_ref().map(|id| id.as_str()))?;
            args.add(message.key.as_ref().map(|key| key.0.as_str()))
        })
        .await?;
    let edits: Vec<_> = changes.edits.iter().collect();
    script.insert(&EDITS, &edits, |(seq, edit), args| bind_edit(**seq, edit, args)).await
}

fn bind_edit(seq: Seq, edit: &Edit<'_>, args: &mut SqliteArguments) -> Bound {
    args.add(number(seq)?)?;
    args.add(number(edit.changed)?)?;
    args.add(i64::try_from(edit.times)?)?;
    args.add(edit.reply.plain())?;
    args.add(serde_json::to_string(edit.reply)?)
}

async fn write_locks(script: &mut Script<'_>, changes: &Changes<'_>) -> Result<(), sqlx::Error> {
    let held: Vec<&Lock> = changes.locks.values().filter_map(|lock| *lock).collect();
    script
        .insert(&LOCKS, &held, |lock, args| {
            args.add(&lock.key)?;
            args.add(serde_json::to_string(&lock.owner)?)?;
            args.add(&lock.reason)?;
            args.add(lock.at.to_string())?;
            args.add(lock.expires_at.to_string())
        })
        .await?;
    let free = changes.locks.iter().filter(|(_, lock)| lock.is_none());
    let free: Vec<&str> = free.map(|(key, _)| *key).collect();
    script.each("DELETE FROM locks WHERE key IN ", &free, |key, args| args.add(*key)).await
}

async fn write_access(script: &mut Script<'_>, changes: &Changes<'_>) -> Result<(), sqlx::Error> {
    script
        .insert(&LINKS, &changes.links, |link, args| {
            args.add(&link.hash.0[..])?;
            args.add(link.person.as_str())?;
            args.add(&link.by)?;
            args.add(link.expires_at.to_string())?;
            args.add(link.used_at.map(|at| at.to_string()))
        })
        .await?;
    script
        .insert(&SESSIONS, &changes.sessions, |session, args| {
            args.add(&session.hash.0[..])?;
            args.add(session.person.as_str())?;
            args.add(session.created_at.to_string())?;
            args.add(session.seen_at.to_string())?;
            args.add(session.ended_at.map(|at| at.to_string()))
        })
        .await?;
    script
        .insert(&TOKENS, &changes.tokens, |token, args| {
            args.add(&token.hash.0[..])?;
            args.add(&token.name)?;
            args.add(word(&token.scope)?)?;
            args.add(&token.by)?;
            args.add(token.created_at.to_string())?;
            args.add(token.expires_at.to_string())?;
            args.add(token.revoked_at.map(|at| at.to_string()))
        })
        .await
}

/// A journal number as SQLite counts.
pub(crate) fn number(seq: Seq) -> Result<i64, std::num::TryFromIntError> {
    i64::try_from(seq.0)
}

/// The bare word that an enum without fields is written as.
fn word<T: Serialize>(value: &T) -> Result<String, BoxDynError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(format!("`{other}` is no word").into()),
    }
}
