//! Reading slots, lines and mutes. Layer 2.

use std::{cmp::Reverse, collections::HashMap};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};
use wilco_contract::{
    connector::Receipt,
    ids::{ObjectId, Place},
    route::Mute,
    slot::{Parcel, ParcelKind, Shown, ShownSlot},
    store::{Slots, StoreError},
};

use super::{end, limit, whole};
use crate::{error::read_error, row::Read, store::SqliteStore};

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
        let mut found: HashMap<(Place, ObjectId), ShownSlot> = HashMap::new();
        for keys in wanted.chunks(KEYS) {
            // Filled up with the last one, so that few texts serve every number.
            let size = keys.len().next_power_of_two();
            let filled = (0..size).filter_map(|at| keys.get(at).or(keys.last()));
            let mut query = sqlx::query(AssertSqlSafe(of(size)));
            for (place, object) in filled {
                query = query.bind(place.as_str()).bind(object.as_str());
            }
            let read = |row: &SqliteRow| Ok(((row.name(4)?, row.name(5)?), shown(row)?));
            let rows = query.fetch_all(&self.reads).await.map_err(read_error)?;
            for row in &rows {
                found.extend([read(row).map_err(read_error)?]);
            }
        }
        Ok(wanted.iter().filter_map(|key| Some((key.clone(), found.get(key)?.clone()))).collect())
    }

    async fn slot(&self, number: u64) -> Result<Option<ShownSlot>, StoreError> {
        let row = sqlx::query(ONE).bind(whole(number)).fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(shown).transpose()).map_err(read_error)
    }

    async fn slot_at(&self, at: &Receipt) -> Result<Option<ShownSlot>, StoreError> {
        let query = sqlx::query(AT).bind(at.place.as_str()).bind(&at.id);
        let row = query.fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(shown).transpose()).map_err(read_error)
    }

    async fn due_slots(&self) -> Result<Vec<ShownSlot>, StoreError> {
        let rows = sqlx::query(DUE).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(shown).collect()).map_err(read_error)
    }

    async fn latest_slots(&self, before: u64, rows: usize) -> Result<Vec<ShownSlot>, StoreError> {
        let before = end(before);
        let rows = sqlx::query(LATEST).bind(before).bind(limit(rows)).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(shown).collect()).map_err(read_error)
    }

    async fn last_number(&self) -> Result<u64, StoreError> {
        let row = sqlx::query(LAST_NUMBER).fetch_one(&self.reads).await;
        row.and_then(|row| row.count(0)).map_err(read_error)
    }

    async fn place_count(&self, place: &Place) -> Result<u64, StoreError> {
        let row = sqlx::query(PLACE_COUNT).bind(place.as_str()).fetch_one(&self.reads).await;
        row.and_then(|row| row.count(0)).map_err(read_error)
    }

    async fn waiting_places(&self) -> Result<Vec<Place>, StoreError> {
        let rows = sqlx::query(WAITING).fetch_all(&self.reads).await;
        let places = rows.and_then(|rows| rows.iter().map(|row| row.name(0)).collect::<Result<Vec<_>, _>>());
        let mut places = places.map_err(read_error)?;
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    async fn parcels(&self, place: &Place, rows: usize) -> Result<Vec<Parcel>, StoreError> {
        let read = async {
            // One transaction, so that what is shown in between does not stand in both.
            let mut snapshot = self.reads.begin().await?;
            let posts = sqlx::query(POSTS).bind(place.as_str()).bind(place.as_str()).bind(limit(rows));
            let mut found = posts.fetch_all(&mut *snapshot).await?;
            if found.len() < rows {
                let edits = sqlx::query(EDITS).bind(place.as_str()).bind(limit(rows - found.len()));
                found.extend(edits.fetch_all(&mut *snapshot).await?);
            }
            snapshot.rollback().await?;
            found.iter().map(parcel).collect::<Result<Vec<_>, _>>()
        };
        read.await.map_err(read_error)
    }

    async fn mutes(&self) -> Result<Vec<Mute>, StoreError> {
        let rows = sqlx::query(MUTES).fetch_all(&self.reads).await;
        let mutes = rows.and_then(|rows| rows.iter().map(|row| row.json(0)).collect::<Result<Vec<_>, _>>());
        let mut mutes: Vec<Mute> = mutes.map_err(read_error)?;
        mutes.sort_by_key(|mute| Reverse(mute.until));
        Ok(mutes)
    }
}

/// [`OF`] for so many keys.
fn of(keys: usize) -> String {
    format!("{}VALUES {}{}", OF.0, vec!["(?, ?)"; keys].join(","), OF.1)
}

/// A receipt of two columns, from this one.
fn receipt(row: &SqliteRow, at: usize) -> Result<Option<Receipt>, sqlx::Error> {
    let Some(id) = row.try_get(at + 1)? else { return Ok(None) };
    Ok(Some(Receipt { place: row.name(at)?, id }))
}

fn shown(row: &SqliteRow) -> Result<ShownSlot, sqlx::Error> {
    Ok(ShownSlot { slot: row.json(0)?, shown: Shown { version: row.count(1)?, receipt: receipt(row, 2)? } })
}

fn parcel(row: &SqliteRow) -> Result<Parcel, sqlx::Error> {
    let version: Option<i64> = row.try_get(1)?;
    let what = match version {
        Some(_) => ParcelKind::Slot(Box::new(shown(row)?)),
        None => ParcelKind::Line(Box::new(row.json(0)?)),
    };
    Ok(Parcel { what, thread: receipt(row, 4)? })
}

/// Every statement of this file that is about a part of a table, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let fixed = [ONE, AT, DUE, LATEST, LAST_NUMBER, PLACE_COUNT, WAITING, POSTS, EDITS].map(str::to_owned);
    fixed.into_iter().chain([1, 2].map(of)).collect()
}
