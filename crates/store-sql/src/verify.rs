//! Whether a database is whole: the chain, the columns beside it, the operations that its events add up to, and the
//! payloads that were not forgotten.
//!
//! Not the checking of signatures: checkpoints come here as heads that were verified before. Reads a page at a time
//! in one snapshot, so that it also runs beside a server that writes. Layer 2.

mod payloads;

use serde::Deserialize;
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteRow};
use wilco_contract::{
    chain::{Broken, Head, Sealed, Walk},
    ids::Seq,
    operation::{OpEvent, Operation},
    store::StoreError,
};

use crate::{error::read_error, row::Read, store::SqliteStore};

/// The rows of one page.
const PAGE: i64 = 1_000;

/// What was found to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many records the chain has.
    pub records: u64,
    /// How many of them were erased; their hashes stand.
    pub erased: u64,
    /// The newest one.
    pub head: Head,
    /// How many operations were compared with their events.
    pub operations: u64,
    /// How many operations could not be compared, because an event of theirs was erased.
    pub not_compared: u64,
    /// How many payloads were compared with the journal's mark. Those that were forgotten are gone, and whole.
    pub payloads: u64,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWhole {
    /// The chain, or a column beside it.
    #[error("{0}")]
    Broken(#[from] Broken),
    /// A stored operation is not what its events add up to.
    #[error("operation {id} was changed: {what}")]
    Operation {
        /// The operation, as its row says.
        id: String,
        /// What differs.
        what: String,
    },
    /// A stored payload is not the one that the event came in.
    #[error("the payload of event {event} was changed: {what}")]
    Payload {
        /// The event.
        event: Seq,
        /// What differs.
        what: String,
    },
    /// It could not be read to the end.
    #[error("{0}")]
    Unread(#[from] StoreError),
}

/// Verifies a database, also against these heads of earlier times.
///
/// # Errors
/// The first thing that is wrong, in the order of the journal, then of the operations, then of the payloads.
pub async fn verify(store: &SqliteStore, checkpoints: &[Head]) -> Result<Verified, NotWhole> {
    let mut conn = store.reads.acquire().await.map_err(read_error)?;
    // One transaction is one snapshot: the operations are those of the journal that was walked.
    let mut snapshot = conn.begin().await.map_err(read_error)?;
    let mut verified = walk(&mut snapshot, checkpoints).await?;
    compare(&mut snapshot, &mut verified).await?;
    verified.payloads = payloads::compare(&mut snapshot).await?;
    snapshot.rollback().await.map_err(read_error)?;
    Ok(verified)
}

async fn walk(conn: &mut SqliteConnection, checkpoints: &[Head]) -> Result<Verified, NotWhole> {
    const ROWS: &str = "SELECT seq, body, salt, commitment, hash, at, kind, who, operation FROM journal \
                        WHERE seq > ? ORDER BY seq LIMIT ?";
    let mut checkpoints = checkpoints.to_vec();
    checkpoints.sort_by_key(|head| head.seq);
    let mut due = checkpoints.into_iter().peekable();
    // Before the first record there is nothing to sign.
    while due.next_if(|head| head.seq.0 == 0).is_some() {}
    let mut walk = Walk::default();
    let mut erased = 0;
    loop {
        let after = i64::try_from(walk.head().seq.0).unwrap_or(i64::MAX);
        let rows =
            sqlx::query(ROWS).bind(after).bind(PAGE).fetch_all(&mut *conn).await.map_err(read_error)?;
        for row in &rows {
            let record = sealed(row).map_err(|error| unread(row, &error))?;
            let head = walk.next(&record)?;
            while let Some(signed) = due.next_if(|signed| signed.seq == head.seq) {
                if signed.hash != head.hash {
                    return Err(Broken::Checkpoint(head.seq).into());
                }
            }
            match &record.body {
                Some(body) => columns(row, record.seq, body)?,
                None => erased += 1,
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    if let Some(signed) = due.next() {
        // The first record that is not there any more.
        let missing = Seq(walk.head().seq.0 + 1);
        return Err(Broken::Checkpoint(missing.min(signed.seq)).into());
    }
    let head = walk.head();
    Ok(Verified { records: head.seq.0, erased, head, operations: 0, not_compared: 0, payloads: 0 })
}

fn sealed(row: &SqliteRow) -> Result<Sealed, sqlx::Error> {
    Ok(Sealed {
        seq: row.seq(0)?,
        body: row.try_get(1)?,
        salt: row.maybe_salt(2)?,
        commitment: row.hash(3)?,
        hash: row.hash(4)?,
    })
}

/// A row that is no record at all, by its number.
fn unread(row: &SqliteRow, error: &sqlx::Error) -> NotWhole {
    let number = row.seq(0).map_or_else(|_| "?".to_owned(), |seq| seq.to_string());
    NotWhole::Unread(StoreError::Corrupt(format!("record {number} was changed: {error}")))
}

/// The header within a record's text. Its body is left as it stands.
#[derive(Deserialize)]
struct Header {
    at: String,
    kind: String,
    who: Option<String>,
    operation: Option<String>,
}

fn columns(row: &SqliteRow, seq: Seq, body: &str) -> Result<(), NotWhole> {
    // The text fits its commitment; what does not read was never written by us.
    let header: Header = serde_json::from_str(body)
        .map_err(|error| StoreError::Corrupt(format!("record {seq} is none of ours: {error}")))?;
    let text = |at: usize| row.try_get::<Option<String>, _>(at).map_err(|error| unread(row, &error));
    let checks = [
        ("at", 5, Some(header.at)),
        ("kind", 6, Some(header.kind)),
        ("who", 7, header.who),
        ("operation", 8, header.operation),
    ];
    for (column, at, said) in checks {
        if text(at)? != said {
            return Err(Broken::Column { seq, column }.into());
        }
    }
    Ok(())
}

/// Replays every operation from its events. The columns that lead to the events were compared before.
async fn compare(conn: &mut SqliteConnection, verified: &mut Verified) -> Result<(), NotWhole> {
    const ROWS: &str = "SELECT number, id, state, asker, key, version, row FROM operations \
                        WHERE number > ? ORDER BY number LIMIT ?";
    const BEGUN: &str = "SELECT count(*), max(operation) FROM journal WHERE kind = 'operation.planned' \
                         AND kind <> 'event' AND NOT EXISTS (SELECT 1 FROM operations WHERE id = journal.operation)";
    let row = sqlx::query(BEGUN).fetch_one(&mut *conn).await.map_err(read_error)?;
    if row.count(0).map_err(read_error)? > 0 {
        let id: Option<String> = row.try_get(1).map_err(read_error)?;
        let what = "the journal has its events, and its row is gone".to_owned();
        return Err(NotWhole::Operation { id: id.unwrap_or_default(), what });
    }
    let mut after = 0;
    loop {
        // Rows may be large, and each is compared alone: a short page bounds the memory.
        let rows =
            sqlx::query(ROWS).bind(after).bind(PAGE / 10).fetch_all(&mut *conn).await.map_err(read_error)?;
        for row in &rows {
            after = row.try_get(0).map_err(read_error)?;
            if after != i64::try_from(verified.operations + verified.not_compared + 1).unwrap_or(i64::MAX) {
                let id: String = row.try_get(1).map_err(read_error)?;
                return Err(NotWhole::Operation { id, what: "the row before it is gone".to_owned() });
            }
            if compare_one(conn, row).await? {
                verified.operations += 1;
            } else {
                verified.not_compared += 1;
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
    }
}

/// Whether it could be compared; an error when it differs.
async fn compare_one(conn: &mut SqliteConnection, row: &SqliteRow) -> Result<bool, NotWhole> {
    let id: String = row.try_get(1).map_err(read_error)?;
    let wrong = |what: String| NotWhole::Operation { id: id.clone(), what };
    let stored: Operation = row.json(6).map_err(|_| wrong("its row is none that Wilco writes".to_owned()))?;
    let Some(replayed) = replay(conn, &id).await? else { return Ok(false) };
    let canonical = |operation: &Operation| {
        serde_json_canonicalizer::to_string(operation).map_err(|error| wrong(error.to_string()))
    };
    if canonical(&stored)? != canonical(&replayed)? {
        return Err(wrong(format!(
            "{} differs from what its events add up to",
            difference(&stored, &replayed)
        )));
    }
    let text = |at: usize| row.try_get::<Option<String>, _>(at).map_err(read_error);
    let version = row.count(5).map_err(read_error)?;
    let columns = [
        ("id", text(1)?, Some(stored.id.to_string())),
        ("state", text(2)?, Some(stored.state.as_str().to_owned())),
        ("asker", text(3)?, Some(stored.asker.key())),
        ("key", text(4)?, stored.key.clone()),
        ("version", Some(version.to_string()), Some(stored.version.to_string())),
    ];
    match columns.iter().find(|(_, column, said)| column != said) {
        Some((name, ..)) => Err(wrong(format!("its column `{name}` does not fit its row"))),
        None => Ok(true),
    }
}

/// The operation as its events add up, or nothing where one of them was erased.
async fn replay(conn: &mut SqliteConnection, id: &str) -> Result<Option<Operation>, NotWhole> {
    const EVENTS: &str = "SELECT seq, body FROM journal INDEXED BY journal_operation WHERE operation = ? \
                          AND seq > ? AND kind LIKE 'operation.%' ORDER BY seq LIMIT ?";
    #[derive(Deserialize)]
    struct Entry {
        body: OpEvent,
    }
    let wrong = |seq: Seq, what: String| NotWhole::Operation {
        id: id.to_owned(),
        what: format!("its event {seq} does not follow: {what}"),
    };
    let mut operation: Option<Operation> = None;
    let mut after = Seq(0);
    loop {
        let query =
            sqlx::query(EVENTS).bind(id).bind(i64::try_from(after.0).unwrap_or(i64::MAX)).bind(PAGE / 10);
        let rows = query.fetch_all(&mut *conn).await.map_err(read_error)?;
        for row in &rows {
            after = row.seq(0).map_err(read_error)?;
            let Some(body) = row.try_get::<Option<String>, _>(1).map_err(read_error)? else {
                return Ok(None);
            };
            let Entry { body: event } =
                serde_json::from_str(&body).map_err(|error| wrong(after, error.to_string()))?;
            let now = match (operation.take(), &event) {
                (Some(now), _) => Some(now),
                (None, OpEvent::Planned { operation }) => Some(operation.as_ref().clone()),
                (None, _) => None,
            };
            let Some(mut now) = now else { return Err(wrong(after, "it was never planned".to_owned())) };
            now.apply(&event).map_err(|error| wrong(after, error.to_string()))?;
            operation = Some(now);
        }
        if rows.is_empty() {
            break;
        }
    }
    match operation {
        Some(operation) => Ok(Some(operation)),
        None => {
            Err(NotWhole::Operation { id: id.to_owned(), what: "the journal has no event of it".to_owned() })
        }
    }
}

/// The names of the fields that differ.
fn difference(stored: &Operation, replayed: &Operation) -> String {
    let fields = |operation: &Operation| match serde_json::to_value(operation) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (stored, replayed) = (fields(stored), fields(replayed));
    let names = stored.iter().filter(|(name, value)| replayed.get(*name) != Some(value));
    names.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
