//! Reading events, where they went, and their payloads. Layer 2.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};
use wilco_contract::{
    event::{Event, EventFilter, Payload, PayloadMark, StoredEvent, Trace, Unrouted},
    ids::{Seq, SourceName},
    store::{Events, Page, StoreError},
};

use super::{bounds, end, limit, whole};
use crate::{error::read_error, lookup::event_key, row::Read, store::SqliteStore};

/// The journal has what happened. An event whose text was erased is none any more.
macro_rules! events {
    ($rest:literal) => {
        concat!(
            "SELECT journal.seq, journal.at, journal.body FROM events CROSS JOIN journal \
             ON journal.seq = events.seq AND journal.body IS NOT NULL ",
            $rest
        )
    };
}

const ONE: &str = events!("WHERE events.seq = ?");
/// All rows in one text, as each row of an answer is a turn from thread to thread: what the records are parted by
/// stands in none of them, since JSON escapes it.
const UNROUTED: &str = "SELECT group_concat(row, char(29)) FROM (\
     SELECT journal.seq || char(30) || journal.at || char(30) || journal.body AS row \
     FROM events CROSS JOIN journal ON journal.seq = events.seq AND journal.body IS NOT NULL \
     WHERE events.seq > (SELECT coalesce(max(event), 0) FROM traces) ORDER BY events.seq LIMIT ?)";
const HAS: &str = "SELECT 1 FROM events WHERE key = ?";
const TRACE: &str = "SELECT row FROM traces WHERE event = ?";
const PAYLOAD: &str = "SELECT payloads.length, payloads.packed FROM events CROSS JOIN payloads \
                       ON payloads.seq = events.payload WHERE events.seq = ?";
const OLD_PAYLOADS: &str = "SELECT seq FROM payloads WHERE source = ? AND at < ? ORDER BY at, seq LIMIT ?";

/// The statement for a filter: the source and the object where they are asked for, the number, the limit.
fn listed(filter: &EventFilter, newest_first: bool) -> String {
    let from = match filter {
        EventFilter { object: Some(_), .. } => " INDEXED BY events_object",
        EventFilter { source: Some(_), .. } => " INDEXED BY events_source",
        _ => "",
    };
    let mut sql = format!(
        "SELECT journal.seq, journal.at, journal.body FROM events{from} CROSS JOIN journal \
         ON journal.seq = events.seq AND journal.body IS NOT NULL WHERE "
    );
    if filter.source.is_some() {
        sql.push_str("events.source = ? AND ");
    }
    if filter.object.is_some() {
        sql.push_str("events.object = ? AND ");
    }
    let end =
        if newest_first { "< ? ORDER BY events.seq DESC LIMIT ?" } else { "> ? ORDER BY events.seq LIMIT ?" };
    format!("{sql}events.seq {end}")
}

impl SqliteStore {
    async fn listed(
        &self,
        filter: &EventFilter,
        newest_first: bool,
        from: i64,
        rows: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(listed(filter, newest_first)));
        if let Some(source) = &filter.source {
            query = query.bind(source.as_str());
        }
        if let Some(object) = &filter.object {
            query = query.bind(object.as_str());
        }
        let rows = query.bind(from).bind(rows).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(stored).collect()).map_err(read_error)
    }
}

#[async_trait]
impl Events for SqliteStore {
    async fn event(&self, seq: Seq) -> Result<Option<StoredEvent>, StoreError> {
        let row = sqlx::query(ONE).bind(whole(seq.0)).fetch_optional(&self.reads).await;
        row.and_then(|row| row.as_ref().map(stored).transpose()).map_err(read_error)
    }

    async fn events(&self, filter: &EventFilter, page: Page) -> Result<Vec<StoredEvent>, StoreError> {
        let (after, limit) = bounds(page);
        self.listed(filter, false, after, limit).await
    }

    async fn latest_events(
        &self,
        filter: &EventFilter,
        before: Seq,
        rows: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let before = end(before.0);
        self.listed(filter, true, before, limit(rows)).await
    }

    async fn has_event(&self, source: &SourceName, id: &str) -> Result<bool, StoreError> {
        let query = sqlx::query(HAS).bind(event_key(source, id).to_vec());
        query.fetch_optional(&self.reads).await.map(|row| row.is_some()).map_err(read_error)
    }

    async fn arrived(&self) {
        self.fresh.arrived().await;
    }

    async fn unrouted(&self, rows: usize) -> Result<Vec<Arc<Unrouted>>, StoreError> {
        if let Some(at_hand) = self.fresh.oldest(rows) {
            return Ok(at_hand);
        }
        let row = sqlx::query(UNROUTED).bind(limit(rows)).fetch_one(&self.reads).await.map_err(read_error)?;
        let rows: Option<&str> = row.try_get(0).map_err(read_error)?;
        let rows = rows.unwrap_or_default().split('\u{1d}').filter(|row| !row.is_empty());
        let mut events: Vec<_> = rows.map(|row| joined(row).map(Arc::new)).collect::<Result<_, _>>()?;
        // An aggregate promises no order.
        events.sort_unstable_by_key(|event| event.seq);
        Ok(events)
    }

    async fn trace(&self, event: Seq) -> Result<Option<Trace>, StoreError> {
        let row = sqlx::query(TRACE).bind(whole(event.0)).fetch_optional(&self.reads).await;
        row.and_then(|row| row.map(|row| row.json(0)).transpose()).map_err(read_error)
    }

    async fn payload(&self, event: Seq) -> Result<Option<Payload>, StoreError> {
        let row = sqlx::query(PAYLOAD).bind(whole(event.0)).fetch_optional(&self.reads).await;
        let read = |row: SqliteRow| {
            let packed: Vec<u8> = row.try_get(1)?;
            Ok(Payload { packed: packed.into(), length: row.count(0)? })
        };
        row.and_then(|row| row.map(read).transpose()).map_err(read_error)
    }

    async fn old_payloads(
        &self,
        source: &SourceName,
        before: Timestamp,
        rows: usize,
    ) -> Result<Vec<Seq>, StoreError> {
        let query = sqlx::query(OLD_PAYLOADS).bind(source.as_str()).bind(before.as_microsecond());
        let rows = query.bind(limit(rows)).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(|row| row.seq(0)).collect()).map_err(read_error)
    }
}

/// The body of a record as the journal has it.
#[derive(Deserialize)]
struct Entry {
    body: Body,
}

#[derive(Deserialize)]
struct Body {
    event: Event,
    payload: Option<PayloadMark>,
}

fn stored(row: &SqliteRow) -> Result<StoredEvent, sqlx::Error> {
    let Entry { body: Body { event, payload } } = row.json(2)?;
    Ok(StoredEvent { seq: row.seq(0)?, received_at: row.time(1)?, event, payload })
}

/// An event of [`UNROUTED`].
fn joined(row: &str) -> Result<Unrouted, StoreError> {
    let damaged = |what: &str| StoreError::Corrupt(format!("an event cannot be read: {what}"));
    let mut parts = row.splitn(3, '\u{1e}');
    let mut part = || parts.next().ok_or_else(|| damaged("a part is missing"));
    let (seq, at, body) = (part()?, part()?, part()?);
    let seq = Seq(seq.parse().map_err(|_| damaged("its number"))?);
    let received_at = at.parse().map_err(|_| damaged("its time"))?;
    // One that is damaged does not hold up those after it: it is told nowhere, and `wilco audit verify` names it.
    let event = serde_json::from_str(body).map_or_else(
        |error| {
            tracing::error!(%seq, %error, "An event is damaged.");
            let source = SourceName::parse("damaged").expect("a name");
            Event::new(source, seq.to_string(), "damaged", received_at)
        },
        |entry: Entry| entry.body.event,
    );
    Ok(Unrouted { seq, received_at, event })
}

/// Every statement of this file, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    use wilco_contract::ids::ObjectId;

    let source = SourceName::parse("github").ok();
    let object = ObjectId::parse("github:acme/webapp#812").ok();
    let filters = [(None, None), (source.clone(), None), (None, object.clone()), (source, object)];
    let mut statements = [ONE, UNROUTED, HAS, TRACE, PAYLOAD, OLD_PAYLOADS].map(str::to_owned).to_vec();
    for (source, object) in filters {
        let filter = EventFilter { source, object };
        statements.extend([true, false].map(|newest_first| listed(&filter, newest_first)));
    }
    statements
}
