//! Changes to the table of what commands remember. Layer 2.

use jiff::Timestamp;
use rusqlite::{Connection, Result, params};

use super::{each, json, whole};
use crate::changes::Changes;

const SWEEP: &str = "DELETE FROM memory WHERE until IS NOT NULL AND until <= ?";
const SET: &str = "INSERT INTO memory (namespace, key, pack, version, until, bytes, row) VALUES (?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET version = excluded.version, until = excluded.until, bytes = excluded.bytes, \
     row = excluded.row";
const FORGET: &str = "DELETE FROM memory WHERE namespace = ? AND key = ?";

/// A time as the table has it, whose order is that of times.
pub(crate) fn until(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Writes all of them. What was swept goes first: what was set after it stands.
pub(super) fn write(conn: &Connection, changes: &Changes<'_>) -> Result<()> {
    each(conn, SWEEP, changes.swept, |statement, before| statement.execute([until(before)]))?;
    let set = changes.memory.iter().filter_map(|(key, entry)| Some((key, (*entry)?)));
    each(conn, SET, set, |statement, ((namespace, key), entry)| {
        statement.execute(params![
            namespace,
            key,
            entry.namespace.pack,
            whole(entry.version)?,
            entry.until.map(until),
            whole(entry.bytes())?,
            json(entry)?,
        ])
    })?;
    let gone = changes.memory.iter().filter(|(_, entry)| entry.is_none());
    each(conn, FORGET, gone, |statement, ((namespace, key), _)| statement.execute(params![namespace, key]))
}
