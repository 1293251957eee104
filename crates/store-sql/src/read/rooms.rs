//! Reading the rooms that Wilco keeps. Layer 2.

use std::iter::repeat;

use async_trait::async_trait;
use sqlx::{Row, sqlite::SqliteRow};
use wilco_contract::{
    connector::DeliveryKey,
    ids::{Place, Seq},
    search::{Found, MAX_WORDS, Search},
    store::{Page, RoomMessage, Rooms, Speaker, StoreError},
};

use super::{bounds, end, limit, whole};
use crate::{error::read_error, row::Read, store::SqliteStore};

macro_rules! messages {
    ($rest:literal) => {
        concat!(
            "SELECT seq, changed, at, place, thread, from_kind, from_id, from_name, text, reply, version, \
             operation, key FROM messages ",
            $rest
        )
    };
}

const ONE: &str = messages!("WHERE seq = ?");
const BY_KEY: &str = messages!("WHERE key IS NOT NULL AND key = ?");
const PAGE: &str = messages!("WHERE place = ? AND seq > ? ORDER BY seq LIMIT ?");
const BEFORE: &str = messages!("WHERE place = ? AND seq < ? ORDER BY seq DESC LIMIT ?");
const CHANGED: &str = messages!("WHERE place = ? AND changed > ? ORDER BY changed LIMIT ?");
/// The message with which a look over so many ends.
const LOOKED: &str =
    "SELECT seq FROM messages WHERE place = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT 1 OFFSET ?";
/// [`MAX_WORDS`] times; where there are fewer words, the rest of them fits everything.
const WITH: &str = messages!(
    "WHERE place = ? AND seq > ? AND seq < ? AND text LIKE ? ESCAPE '\\' AND text LIKE ? ESCAPE '\\' \
     AND text LIKE ? ESCAPE '\\' AND text LIKE ? ESCAPE '\\' AND text LIKE ? ESCAPE '\\' \
     AND text LIKE ? ESCAPE '\\' AND text LIKE ? ESCAPE '\\' AND text LIKE ? ESCAPE '\\' \
     ORDER BY seq DESC LIMIT ?"
);

#[async_trait]
impl Rooms for SqliteStore {
    async fn message(&self, seq: Seq) -> Result<Option<RoomMessage>, StoreError> {
        let row = sqlx::query(ONE).bind(whole(seq.0)).fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(message).transpose()).map_err(read_error)
    }

    async fn message_by_key(&self, key: &DeliveryKey) -> Result<Option<RoomMessage>, StoreError> {
        let row = sqlx::query(BY_KEY).bind(&key.0).fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(message).transpose()).map_err(read_error)
    }

    async fn messages(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError> {
        let (after, limit) = bounds(page);
        let query = sqlx::query(PAGE).bind(place.as_str()).bind(after).bind(limit);
        let rows = query.fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(message).collect()).map_err(read_error)
    }

    async fn messages_before(
        &self,
        place: &Place,
        before: Seq,
        rows: usize,
    ) -> Result<Vec<RoomMessage>, StoreError> {
        let before = end(before.0);
        let query = sqlx::query(BEFORE).bind(place.as_str()).bind(before).bind(limit(rows));
        let rows = query.fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().rev().map(message).collect()).map_err(read_error)
    }

    async fn messages_changed(&self, place: &Place, page: Page) -> Result<Vec<RoomMessage>, StoreError> {
        let (after, limit) = bounds(page);
        let query = sqlx::query(CHANGED).bind(place.as_str()).bind(after).bind(limit);
        let rows = query.fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(message).collect()).map_err(read_error)
    }

    async fn messages_with(&self, place: &Place, search: &Search) -> Result<Found, StoreError> {
        let after = whole(search.after.0);
        let before = end(search.before.0);
        // One more than are looked at: where there is none, nothing older is left.
        let looked = sqlx::query_scalar::<_, i64>(LOOKED)
            .bind(place.as_str())
            .bind(after)
            .bind(before)
            .bind(limit(search.look))
            .fetch_optional(&self.reads)
            .await
            .map_err(read_error)?;
        let mut query = sqlx::query(WITH).bind(place.as_str()).bind(looked.unwrap_or(after)).bind(before);
        for word in search.words.iter().map(String::as_str).chain(repeat("")).take(MAX_WORDS) {
            query = query.bind(pattern(word));
        }
        // One more than are wanted: where there is none, only what was not looked at is left.
        let rows = query.bind(limit(search.limit.saturating_add(1))).fetch_all(&self.reads).await;
        let rows = rows.and_then(|rows| rows.iter().map(message).collect::<Result<Vec<_>, _>>());
        let mut messages = rows.map_err(read_error)?;
        let more = messages.len() > search.limit;
        messages.truncate(search.limit);
        let next = match looked {
            _ if more => messages.last().map(|message| message.seq),
            // What was looked at ends before this one.
            Some(seq) => Some(Seq(u64::try_from(seq).unwrap_or_default().saturating_add(1))),
            None => None,
        };
        Ok(Found { messages, next })
    }
}

/// What `LIKE` finds the word by, wherever it stands.
fn pattern(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

fn message(row: &SqliteRow) -> Result<RoomMessage, sqlx::Error> {
    let key: Option<String> = row.try_get(12)?;
    Ok(RoomMessage {
        seq: row.seq(0)?,
        changed: row.seq(1)?,
        at: row.time(2)?,
        place: row.name(3)?,
        thread: row.maybe_seq(4)?,
        from: Speaker { kind: row.name(5)?, id: row.try_get(6)?, name: row.try_get(7)? },
        text: row.try_get(8)?,
        reply: row.json(9)?,
        version: row.count(10)?,
        operation: row.maybe_name(11)?,
        key: key.map(DeliveryKey),
    })
}

/// Every statement of this file, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [ONE, BY_KEY, PAGE, BEFORE, CHANGED, LOOKED, WITH].map(str::to_owned).into()
}
