//! Whether each stored payload is the one that the journal has the mark of. Layer 2.

use serde::Deserialize;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use wilco_contract::{
    event::{Payload, PayloadMark},
    ids::Seq,
};

use super::NotWhole;
use crate::{error::read_error, row::Read};

/// The rows of one page: a payload may have several MB.
const PAGE: i64 = 8;
/// The journal's text was compared with the chain before.
const ROWS: &str = "SELECT payloads.seq, payloads.length, payloads.packed, journal.kind, journal.body \
                    FROM payloads LEFT JOIN journal ON journal.seq = payloads.seq \
                    WHERE payloads.seq > ? ORDER BY payloads.seq LIMIT ?";

/// Compares them all. Returns how many there were; those whose event was erased are not counted.
pub(super) async fn compare(conn: &mut SqliteConnection) -> Result<u64, NotWhole> {
    let (mut after, mut compared) = (0, 0);
    loop {
        let rows =
            sqlx::query(ROWS).bind(after).bind(PAGE).fetch_all(&mut *conn).await.map_err(read_error)?;
        for row in &rows {
            after = row.try_get(0).map_err(read_error)?;
            compared += u64::from(is_compared(row)?);
        }
        if rows.is_empty() {
            return Ok(compared);
        }
    }
}

fn is_compared(row: &SqliteRow) -> Result<bool, NotWhole> {
    #[derive(Deserialize)]
    struct Entry {
        body: Body,
    }
    #[derive(Deserialize)]
    struct Body {
        payload: Option<PayloadMark>,
    }
    let event: Seq = row.seq(0).map_err(read_error)?;
    let wrong = |what: &str| NotWhole::Payload { event, what: what.to_owned() };
    if row.try_get::<Option<&str>, _>(3).map_err(read_error)? != Some("event") {
        return Err(wrong("the journal has no such event"));
    }
    let Some(body) = row.try_get::<Option<&str>, _>(4).map_err(read_error)? else { return Ok(false) };
    let packed: Vec<u8> = row.try_get(2).map_err(read_error)?;
    let length = row.count(1).map_err(|_| wrong("its length is none"))?;
    let said = serde_json::from_str(body).ok().and_then(|entry: Entry| entry.body.payload);
    let said = said.ok_or_else(|| wrong("the journal says that the event brought none"))?;
    let found = Payload { packed: packed.into(), length }.mark();
    match (found.hash == said.hash, found.length == said.length) {
        (true, true) => Ok(true),
        (false, _) => Err(wrong("it does not fit its hash in the journal")),
        (true, false) => Err(wrong("its length does not fit the journal")),
    }
}
