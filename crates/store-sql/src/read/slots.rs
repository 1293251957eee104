//! Reading slots, lines and mutes. Layer 2.

use std::{cmp::Reverse, collections::HashMap};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params, params_from_iter};
use wilco_contract::{
    connector::Receipt,
    ids::{ObjectId, Place},
    route::Mute,
    slot::{Parcel, ParcelKind, Shown, ShownSlot},
    store::{Slots, StoreError},
};

use super::{end, limit, whole};
use crate::{
    store::SqliteStore,
    values::{count, json, name},
};

/// The most keys of one statement.
const KEYS: usize = 128;

macro_rules! slots {
    ($rest:literal) => {
        concat!("SELECT row, shown, receipt_place, receipt FROM slots ", $rest)
    };
}

const ONE: &str = slots!("WHERE number = ?");
const AT: &str =
    slots!("WHERE receipt IS NOT NULL AND receipt_place = ? AND receipt = ? ORDER BY number DESC LIMIT 1");
const DUE: &str = slots!("INDEXED BY slots_due WHERE due IS NOT NULL ORDER BY number");
const LATEST: &str = slots!("WHERE number < ? ORDER BY number DESC LIMIT ?");
/// Cut where the list of places and objects goes.
const OF: (&str, &str) = (
    "WITH wanted (place, object) AS (",
    ") SELECT row, shown, receipt_place, receipt, wanted.place, wanted.object FROM wanted \
     CROSS JOIN slot_objects USING (place, object) CROSS JOIN slots ON slots.number = slot_objects.slot",
);
const LAST_NUMBER: &str = "SELECT coalesce(max(last), 0) FROM numbers";
const PLACE_COUNT: &str = "SELECT coalesce(max(place_count), 0) FROM slots WHERE place = ?";
/// Hopping through each index from one place to the next.
const WAITING: &str = "WITH RECURSIVE \
    posts (place) AS (SELECT min(place) FROM slots WHERE shown = 0 AND version > 0 UNION ALL \
        SELECT (SELECT min(place) FROM slots WHERE shown = 0 AND version > 0 AND place > posts.place) \
        FROM posts WHERE posts.place IS NOT NULL), \
    edits (place) AS (SELECT min(place) FROM slots WHERE shown > 0 AND shown < version UNION ALL \
        SELECT (SELECT min(place) FROM slots WHERE shown > 0 AND shown < version AND place > edits.place) \
        FROM edits WHERE edits.place IS NOT NULL), \
    said (place) AS (SELECT min(place) FROM lines UNION ALL \
        SELECT (SELECT min(place) FROM lines WHERE place > said.place) \
        FROM said WHERE said.place IS NOT NULL) \
    SELECT place FROM posts WHERE place IS NOT NULL UNION ALL \
    SELECT place FROM edits WHERE place IS NOT NULL UNION ALL \
    SELECT place FROM said WHERE place IS NOT NULL";
/// What is to be posted and said, in its turn; a line has no version.
const POSTS: &str = "SELECT slots.row, slots.shown, slots.receipt_place, slots.receipt, \
           opener.receipt_place, opener.receipt, slots.turn AS turn \
    FROM slots INDEXED BY slots_to_post LEFT JOIN slots AS opener ON opener.number = slots.thread \
    WHERE slots.place = ? AND slots.shown = 0 AND slots.version > 0 UNION ALL \
    SELECT lines.row, NULL, NULL, NULL, opener.receipt_place, opener.receipt, lines.number \
    FROM lines INDEXED BY lines_place LEFT JOIN slots AS opener ON opener.number = lines.thread \
    WHERE lines.place = ? ORDER BY turn LIMIT ?";
const EDITS: &str = "SELECT slots.row, slots.shown, slots.receipt_place, slots.receipt, \
           opener.receipt_place, opener.receipt \
    FROM slots INDEXED BY slots_to_edit LEFT JOIN slots AS opener ON opener.number = slots.thread \
    WHERE slots.place = ? AND slots.shown > 0 AND slots.shown < slots.version ORDER BY slots.turn LIMIT ?";
const MUTES: &str = "SELECT row FROM mutes ORDER BY place, what";

#[async_trait]
impl Slots for SqliteStore {
    async fn slots_of(
        &self,
        wanted: &[(Place, ObjectId)],
    ) -> Result<Vec<((Place, ObjectId), ShownSlot)>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.quick.read(|conn| {
            let mut found: HashMap<(Place, ObjectId), ShownSlot> = HashMap::new();
            for keys in wanted.chunks(KEYS) {
                // Filled up with the last one, so that few texts serve every number.
                let size = keys.len().next_power_of_two();
                let filled = (0..size).filter_map(|at| keys.get(at).or(keys.last()));
                let values = filled.flat_map(|(place, object)| [place.as_str(), object.as_str()]);
                let mut statement = conn.prepare_cached(&of(size))?;
                let mut rows = statement.query(params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    found.insert((name(row, 4)?, name(row, 5)?), shown(row)?);
                }
            }
            Ok(found)
        })?;
        Ok(wanted.iter().filter_map(|key| Some((key.clone(), found.get(key)?.clone()))).collect())
    }

    async fn slot(&self, number: u64) -> Result<Option<ShownSlot>, StoreError> {
        self.quick.read(|conn| conn.prepare_cached(ONE)?.query_row([whole(number)], shown).optional())
    }

    async fn slot_at(&self, at: &Receipt) -> Result<Option<ShownSlot>, StoreError> {
        let values = [at.place.as_str(), &at.id];
        self.quick.read(|conn| conn.prepare_cached(AT)?.query_row(values, shown).optional())
    }

    async fn due_slots(&self) -> Result<Vec<ShownSlot>, StoreError> {
        self.quick.read(|conn| all(conn, DUE, [], shown))
    }

    async fn latest_slots(&self, before: u64, rows: usize) -> Result<Vec<ShownSlot>, StoreError> {
        let before = end(before);
        self.quick.read(|conn| all(conn, LATEST, [before, limit(rows)], shown))
    }

    async fn last_number(&self) -> Result<u64, StoreError> {
        self.quick.read(|conn| conn.prepare_cached(LAST_NUMBER)?.query_row([], |row| count(row, 0)))
    }

    async fn place_count(&self, place: &Place) -> Result<u64, StoreError> {
        self.quick
            .read(|conn| conn.prepare_cached(PLACE_COUNT)?.query_row([place.as_str()], |row| count(row, 0)))
    }

    async fn waiting_places(&self) -> Result<Vec<Place>, StoreError> {
        let mut places: Vec<Place> = self.quick.read(|conn| all(conn, WAITING, [], |row| name(row, 0)))?;
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    async fn parcels(&self, place: &Place, rows: usize) -> Result<Vec<Parcel>, StoreError> {
        let place = place.as_str();
        self.quick.read(|conn| {
            // One transaction, so that what is shown in between does not stand in both.
            let snapshot = conn.unchecked_transaction()?;
            let mut found = all(&snapshot, POSTS, params![place, place, limit(rows)], parcel)?;
            if found.len() < rows {
                found.extend(all(&snapshot, EDITS, params![place, limit(rows - found.len())], parcel)?);
            }
            Ok(found)
        })
    }

    async fn mutes(&self) -> Result<Vec<Mute>, StoreError> {
        let mut mutes: Vec<Mute> = self.quick.read(|conn| all(conn, MUTES, [], |row| json(row, 0)))?;
        mutes.sort_by_key(|mute| Reverse(mute.until));
        Ok(mutes)
    }
}

fn all<T>(
    conn: &Connection,
    statement: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(statement)?.query_map(values, read)?.collect()
}

/// [`OF`] for so many keys.
fn of(keys: usize) -> String {
    format!("{}VALUES {}{}", OF.0, vec!["(?, ?)"; keys].join(","), OF.1)
}

/// A receipt of two columns, from this one.
fn receipt(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Receipt>> {
    let Some(id) = row.get(at + 1)? else { return Ok(None) };
    Ok(Some(Receipt { place: name(row, at)?, id }))
}

fn shown(row: &Row<'_>) -> rusqlite::Result<ShownSlot> {
    Ok(ShownSlot { slot: json(row, 0)?, shown: Shown { version: count(row, 1)?, receipt: receipt(row, 2)? } })
}

fn parcel(row: &Row<'_>) -> rusqlite::Result<Parcel> {
    let version: Option<i64> = row.get(1)?;
    let what = match version {
        Some(_) => ParcelKind::Slot(Box::new(shown(row)?)),
        None => ParcelKind::Line(Box::new(json(row, 0)?)),
    };
    Ok(Parcel { what, thread: receipt(row, 4)? })
}

/// Every statement of this file that is about a part of a table, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let fixed = [ONE, AT, DUE, LATEST, LAST_NUMBER, PLACE_COUNT, WAITING, POSTS, EDITS].map(str::to_owned);
    fixed.into_iter().chain([1, 2].map(of)).collect()
}
