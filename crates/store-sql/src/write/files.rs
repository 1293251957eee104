//! Changes to the tables of files that people sent. Layer 2.

use rusqlite::{Connection, Result, params};
use wilco_contract::file::SWEPT;

use super::{each, memory::until, whole, word};
use crate::changes::Files;

const STANDS: &str = "INSERT INTO files (id, place, name, kind, bytes, hash, at, until, whole) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET place = excluded.place, name = excluded.name, kind = excluded.kind, \
     bytes = excluded.bytes, hash = excluded.hash, at = excluded.at, until = excluded.until, whole = excluded.whole";
const PART: &str = "INSERT INTO file_parts (file, number, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
const DROP_PARTS: &str = "DELETE FROM file_parts WHERE file = ?";
const DROP: &str = "DELETE FROM files WHERE id = ?";
/// The parts go before the rows that tell which they are.
const SWEEP_PARTS: &str = "DELETE FROM file_parts WHERE file IN \
     (SELECT id FROM files WHERE until <= ? ORDER BY until, number LIMIT ?)";
const SWEEP: &str = "DELETE FROM files WHERE number IN \
     (SELECT number FROM files WHERE until <= ? ORDER BY until, number LIMIT ?)";

/// Writes how files stand and their parts, then forgets what did not become whole and what is over.
pub(super) fn write(conn: &Connection, files: &Files<'_>) -> Result<()> {
    each(conn, STANDS, &files.stand, |statement, file| {
        statement.execute(params![
            &file.id.0[..],
            file.place.as_str(),
            file.name,
            word(&file.kind)?,
            whole(file.bytes)?,
            &file.hash.0[..],
            until(file.at),
            until(file.until),
            file.whole,
        ])
    })?;
    each(conn, PART, &files.parts, |statement, part| {
        statement.execute(params![&part.file.0[..], part.number, part.bytes])
    })?;
    for statement in [DROP_PARTS, DROP] {
        each(conn, statement, &files.dropped, |statement, id| statement.execute([&id.0[..]]))?;
    }
    for statement in [SWEEP_PARTS, SWEEP] {
        each(conn, statement, files.swept, |statement, before| {
            statement.execute(params![until(before), whole(SWEPT)?])
        })?;
    }
    Ok(())
}
