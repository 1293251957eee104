//! Changes to the tables of events, slots, lines and mutes. Layer 2.

use rusqlite::{Connection, Result, params};

use super::{each, json, number, whole};
use crate::{changes::Told, lookup::event_key};

const EVENT: &str = "INSERT INTO events (seq, key, source, object, payload) VALUES (?, ?, ?, ?, ?)";
const PAYLOAD: &str = "INSERT INTO payloads (seq, source, at, length, packed) VALUES (?, ?, ?, ?, ?)";
const FORGET: &str = "DELETE FROM payloads WHERE seq = ?";
const TRACE: &str =
    "INSERT INTO traces (event, row) VALUES (?, ?) ON CONFLICT DO UPDATE SET row = excluded.row";
const SLOT: &str = "INSERT INTO slots (number, place, thread, turn, post, version, place_count, due, shown, \
     receipt_place, receipt, row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET place = excluded.place, thread = excluded.thread, turn = excluded.turn, \
     post = excluded.post, version = excluded.version, place_count = excluded.place_count, \
     due = excluded.due, shown = excluded.shown, receipt_place = excluded.receipt_place, \
     receipt = excluded.receipt, row = excluded.row";
const SHOWN: &str = "UPDATE slots SET shown = ?, receipt_place = ?, receipt = ? WHERE number = ?";
const OBJECT: &str = "INSERT INTO slot_objects (place, object, slot) VALUES (?, ?, ?) \
     ON CONFLICT DO UPDATE SET slot = excluded.slot WHERE excluded.slot > slot";
const LINE: &str = "INSERT INTO lines (number, place, thread, row) VALUES (?, ?, ?, ?) \
     ON CONFLICT DO UPDATE SET place = excluded.place, thread = excluded.thread, row = excluded.row";
const SAID: &str = "DELETE FROM lines WHERE number = ?";
const LAST: &str = "INSERT INTO numbers (one, last) VALUES (1, ?) \
     ON CONFLICT DO UPDATE SET last = excluded.last WHERE excluded.last > last";
const MUTE: &str =
    "INSERT INTO mutes (place, what, row) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row";
const UNMUTE: &str = "DELETE FROM mutes WHERE place = ? AND what = ?";

/// Writes all of it.
pub(super) fn write(conn: &Connection, told: &Told<'_>) -> Result<()> {
    write_events(conn, told)?;
    write_slots(conn, told)?;
    each(conn, LINE, told.lines.values().filter_map(|line| *line), |statement, line| {
        let thread = line.thread.map(whole).transpose()?;
        statement.execute(params![whole(line.number)?, line.place.as_str(), thread, json(line)?])
    })?;
    let said = told.lines.iter().filter(|(_, line)| line.is_none());
    each(conn, SAID, said, |statement, (number, _)| statement.execute([whole(*number)?]))?;
    if told.last_number > 0 {
        conn.prepare_cached(LAST)?.execute([whole(told.last_number)?])?;
    }
    each(conn, MUTE, told.mutes.values().filter_map(|mute| *mute), |statement, mute| {
        statement.execute(params![mute.place.as_str(), mute.what, json(mute)?])
    })?;
    let ended = told.mutes.iter().filter(|(_, mute)| mute.is_none());
    each(conn, UNMUTE, ended, |statement, ((place, what), _)| statement.execute([place.as_str(), what]))
}

fn write_events(conn: &Connection, told: &Told<'_>) -> Result<()> {
    each(conn, EVENT, &told.events, |statement, event| {
        statement.execute(params![
            number(event.seq)?,
            &event_key(event.source, event.id)[..],
            event.source.as_str(),
            event.object.map(|object| object.as_str()),
            event.payload.map(number).transpose()?,
        ])
    })?;
    each(conn, PAYLOAD, &told.payloads, |statement, row| {
        statement.execute(params![
            number(row.seq)?,
            row.source.as_str(),
            row.at.as_microsecond(),
            whole(row.payload.length)?,
            &row.payload.packed[..],
        ])
    })?;
    each(conn, FORGET, &told.forgotten, |statement, seq| statement.execute([number(*seq)?]))?;
    each(conn, TRACE, &told.traces, |statement, (event, trace)| {
        statement.execute(params![number(*event)?, json(trace)?])
    })
}

fn write_slots(conn: &Connection, told: &Told<'_>) -> Result<()> {
    let changed = told.slots.values().filter_map(|change| change.slot.map(|slot| (slot, &change.at.shown)));
    each(conn, SLOT, changed, |statement, (slot, shown)| {
        let receipt = shown.receipt.as_ref();
        statement.execute(params![
            whole(slot.number)?,
            slot.place.as_str(),
            slot.thread.map(whole).transpose()?,
            whole(slot.turn)?,
            slot.post,
            whole(slot.version)?,
            whole(slot.place_count)?,
            slot.due.map(|due| due.to_string()),
            whole(shown.version)?,
            receipt.map(|receipt| receipt.place.as_str()),
            receipt.map(|receipt| receipt.id.as_str()),
            json(slot)?,
        ])
    })?;
    let got_on = told.slots.iter().filter(|(_, change)| change.slot.is_none() && change.got_on);
    each(conn, SHOWN, got_on, |statement, (number, change)| {
        let shown = &change.at.shown;
        let receipt = shown.receipt.as_ref();
        let (place, id) =
            (receipt.map(|receipt| receipt.place.as_str()), receipt.map(|receipt| receipt.id.as_str()));
        statement.execute(params![whole(shown.version)?, place, id, whole(*number)?])
    })?;
    each(conn, OBJECT, &told.objects, |statement, ((place, object), slot)| {
        statement.execute(params![place.as_str(), object.as_str(), whole(*slot)?])
    })
}
