//! Changes to the tables of events, slots, lines and mutes. Layer 2.

use sqlx::{Arguments, sqlite::SqliteArguments};
use wilco_contract::slot::Shown;

use super::{Bound, number};
use crate::{
    changes::Told,
    insert::{Insert, Script},
    lookup::event_key,
};

const EVENTS: Insert = Insert {
    head: "INSERT OR ROLLBACK INTO events (seq, key, source, object, payload) VALUES ",
    columns: 5,
    tail: "",
};
const PAYLOADS: Insert = Insert {
    head: "INSERT OR ROLLBACK INTO payloads (seq, source, at, length, packed) VALUES ",
    columns: 5,
    tail: "",
};
const TRACES: Insert = Insert {
    head: "INSERT INTO traces (event, row) VALUES ",
    columns: 2,
    tail: " ON CONFLICT DO UPDATE SET row = excluded.row",
};
const SLOTS: Insert = Insert {
    head: "INSERT INTO slots (number, place, thread, turn, post, version, place_count, due, shown, \
           receipt_place, receipt, row) VALUES ",
    columns: 12,
    tail: " ON CONFLICT DO UPDATE SET place = excluded.place, thread = excluded.thread, turn = excluded.turn, \
           post = excluded.post, version = excluded.version, place_count = excluded.place_count, \
           due = excluded.due, shown = excluded.shown, receipt_place = excluded.receipt_place, \
           receipt = excluded.receipt, row = excluded.row",
};
const SHOWN: Insert = Insert {
    head: "WITH got (number, shown, receipt_place, receipt) AS (VALUES ",
    columns: 4,
    tail: ") UPDATE slots SET shown = got.shown, receipt_place = got.receipt_place, receipt = got.receipt \
           FROM got WHERE slots.number = got.number",
};
const OBJECTS: Insert = Insert {
    head: "INSERT INTO slot_objects (place, object, slot) VALUES ",
    columns: 3,
    tail: " ON CONFLICT DO UPDATE SET slot = excluded.slot WHERE excluded.slot > slot",
};
const LINES: Insert = Insert {
    head: "INSERT INTO lines (number, place, thread, row) VALUES ",
    columns: 4,
    tail: " ON CONFLICT DO UPDATE SET place = excluded.place, thread = excluded.thread, row = excluded.row",
};
const NUMBERS: Insert = Insert {
    head: "INSERT INTO numbers (one, last) VALUES ",
    columns: 2,
    tail: " ON CONFLICT DO UPDATE SET last = excluded.last WHERE excluded.last > last",
};
const MUTES: Insert = Insert {
    head: "INSERT INTO mutes (place, what, row) VALUES ",
    columns: 3,
    tail: " ON CONFLICT DO UPDATE SET row = excluded.row",
};

/// Writes all of it.
pub(super) async fn write(script: &mut Script<'_>, told: &Told<'_>) -> Result<(), sqlx::Error> {
    write_events(script, told).await?;
    write_slots(script, told).await?;
    write_lines(script, told).await?;
    if told.last_number > 0 {
        script
            .insert(&NUMBERS, &[told.last_number], |last, args| {
                args.add(1)?;
                args.add(i64::try_from(*last)?)
            })
            .await?;
    }
    write_mutes(script, told).await
}

async fn write_events(script: &mut Script<'_>, told: &Told<'_>) -> Result<(), sqlx::Error> {
    script
        .insert(&EVENTS, &told.events, |event, args| {
            args.add(number(event.seq)?)?;
            args.add(&event_key(event.source, event.id)[..])?;
            args.add(event.source.as_str())?;
            args.add(event.object.map(|object| object.as_str()))?;
            args.add(event.payload.map(number).transpose()?)
        })
        .await?;
    script
        .insert(&PAYLOADS, &told.payloads, |row, args| {
            args.add(number(row.seq)?)?;
            args.add(row.source.as_str())?;
            args.add(row.at.as_microsecond())?;
            args.add(i64::try_from(row.payload.length)?)?;
            args.add(&row.payload.packed[..])
        })
        .await?;
    let forget = "DELETE FROM payloads WHERE seq IN ";
    script.each(forget, &told.forgotten, |seq, args| args.add(number(*seq)?)).await?;
    let traces: Vec<_> = told.traces.iter().collect();
    script
        .insert(&TRACES, &traces, |(event, trace), args| {
            args.add(number(**event)?)?;
            args.add(serde_json::to_string(trace)?)
        })
        .await
}

async fn write_slots(script: &mut Script<'_>, told: &Told<'_>) -> Result<(), sqlx::Error> {
    let changed: Vec<_> =
        told.slots.values().filter_map(|change| change.slot.map(|slot| (slot, &change.at.shown))).collect();
    script
        .insert(&SLOTS, &changed, |(slot, shown), args| {
            args.add(i64::try_from(slot.number)?)?;
            args.add(slot.place.as_str())?;
            args.add(slot.thread.map(i64::try_from).transpose()?)?;
            args.add(i64::try_from(slot.turn)?)?;
            args.add(slot.post)?;
            args.add(i64::try_from(slot.version)?)?;
            args.add(i64::try_from(slot.place_count)?)?;
            args.add(slot.due.map(|due| due.to_string()))?;
            bind_shown(shown, args)?;
            args.add(serde_json::to_string(slot)?)
        })
        .await?;
    let got_on = told.slots.iter().filter(|(_, change)| change.slot.is_none() && change.got_on);
    let got_on: Vec<_> = got_on.map(|(number, change)| (*number, &change.at.shown)).collect();
    script
        .insert(&SHOWN, &got_on, |(number, shown), args| {
            args.add(i64::try_from(*number)?)?;
            bind_shown(shown, args)
        })
        .await?;
    let objects: Vec<_> = told.objects.iter().collect();
    script
        .insert(&OBJECTS, &objects, |((place, object), slot), args| {
            args.add(place.as_str())?;
            args.add(object.as_str())?;
            args.add(i64::try_from(**slot)?)
        })
        .await
}

fn bind_shown(shown: &Shown, args: &mut SqliteArguments) -> Bound {
    args.add(i64::try_from(shown.version)?)?;
    args.add(shown.receipt.as_ref().map(|receipt| receipt.place.as_str()))?;
    args.add(shown.receipt.as_ref().map(|receipt| receipt.id.as_str()))
}

async fn write_lines(script: &mut Script<'_>, told: &Told<'_>) -> Result<(), sqlx::Error> {
    let new: Vec<_> = told.lines.values().filter_map(|line| *line).collect();
    script
        .insert(&LINES, &new, |line, args| {
            args.add(i64::try_from(line.number)?)?;
            args.add(line.place.as_str())?;
            args.add(line.thread.map(i64::try_from).transpose()?)?;
            args.add(serde_json::to_string(line)?)
        })
        .await?;
    let said: Vec<u64> =
        told.lines.iter().filter(|(_, line)| line.is_none()).map(|(number, _)| *number).collect();
    script
        .each("DELETE FROM lines WHERE number IN ", &said, |number, args| args.add(i64::try_from(*number)?))
        .await
}

async fn write_mutes(script: &mut Script<'_>, told: &Told<'_>) -> Result<(), sqlx::Error> {
    let set: Vec<_> = told.mutes.values().filter_map(|mute| *mute).collect();
    script
        .insert(&MUTES, &set, |mute, args| {
            args.add(mute.place.as_str())?;
            args.add(&mute.what)?;
            args.add(serde_json::to_string(mute)?)
        })
        .await?;
    let ended: Vec<_> = told.mutes.iter().filter(|(_, mute)| mute.is_none()).map(|(key, _)| *key).collect();
    for (place, what) in ended {
        script
            .say_with("DELETE FROM mutes WHERE place = ? AND what = ?", |args| {
                args.add(place.as_str())?;
                args.add(what)
            })
            .await?;
    }
    Ok(())
}
