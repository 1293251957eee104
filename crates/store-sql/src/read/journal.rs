//! Reading the journal. Layer 2.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};
use wilco_contract::{
    chain::{Head, Sealed},
    ids::Seq,
    store::{AuditFilter, Journal, JournalRow, NOT_AUDIT, Page, StoreError},
};

use super::{bounds, end, limit, whole};
use crate::{
    error::{damaged, read_error},
    row::Read,
    store::{SqliteStore, head},
};

const SEALED: &str =
    "SELECT seq, body, salt, commitment, hash FROM journal WHERE seq > ? ORDER BY seq LIMIT ?";
/// The kinds there are but for events, hopping through the index from one to the next.
const KINDS: &str = "WITH RECURSIVE kinds (kind) AS (SELECT min(kind) FROM journal WHERE kind <> 'event' UNION ALL \
                     SELECT (SELECT min(kind) FROM journal WHERE kind <> 'event' AND kind > kinds.kind) FROM kinds \
                     WHERE kinds.kind IS NOT NULL) SELECT kind FROM kinds WHERE kind IS NOT NULL";
const WRITTEN_AT: &str = "SELECT at FROM journal WHERE seq = ?";
const COLUMNS: &str = "seq, at, kind, who, operation, body, hash";

/// As [`wilco_contract::store::GIVEN`] says; without events, which the index leaves out.
const GIVEN_BY: &str = "SELECT seq, at, kind, who, operation, body, hash FROM journal INDEXED BY journal_who \
                        WHERE who = ? AND seq < ? AND kind <> 'event' AND kind IN ('order.read', 'operation.planned') \
                        ORDER BY seq DESC LIMIT ?";

/// Which index leads to what is asked for.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// An operation has few records.
    Operation,
    /// Somebody's records.
    Who,
    /// So many kinds, each with its own sorted list; SQLite merges them instead of sorting all.
    Kinds(usize),
}

/// Which entries come first.
#[derive(Debug, Clone, Copy)]
enum First {
    /// The oldest behind a number.
    Oldest,
    /// The newest before a number.
    Newest,
}

/// The statement for a way: its own value (for kinds: each kind) and the number to go on from, then `who` and the
/// start of the kind where these are asked for besides, then the limit.
fn audit(way: Way, filter: &AuditFilter, first: First) -> String {
    let (from, order) = match first {
        First::Oldest => ("seq > ?", "seq"),
        First::Newest => ("seq < ?", "seq DESC"),
    };
    let traffic = NOT_AUDIT.map(|kind| format!("'{kind}'")).join(", ");
    let mut also = String::new();
    if matches!(way, Way::Operation) && filter.who.is_some() {
        also.push_str(" AND who = ?");
    }
    if !matches!(way, Way::Kinds(_)) {
        also.push_str(&format!(" AND kind NOT IN ({traffic})"));
        if filter.kind.is_some() {
            also.push_str(" AND substr(kind, 1, length(?)) = ?");
        }
    }
    let list = |index: &str, column: &str| {
        // Two of the indexes leave events out, so each statement says that it does not want them.
        format!(
            "SELECT {COLUMNS} FROM journal INDEXED BY {index} \
             WHERE {column} = ? AND {from} AND kind <> 'event'{also}"
        )
    };
    let lists = match way {
        Way::Operation => list("journal_operation", "operation"),
        Way::Who => list("journal_who", "who"),
        Way::Kinds(kinds) => vec![list("journal_kind", "kind"); kinds].join(" UNION ALL "),
    };
    format!("{lists} ORDER BY {order} LIMIT ?")
}

impl SqliteStore {
    /// The kinds that a filter asks for, of those there are.
    async fn kinds(&self, filter: &AuditFilter) -> Result<Vec<String>, sqlx::Error> {
        let mut kinds = Vec::new();
        for row in sqlx::query(KINDS).fetch_all(&self.reads).await? {
            let kind: String = row.try_get(0)?;
            let wanted = filter.kind.as_ref().is_none_or(|start| kind.starts_with(start.as_str()));
            if wanted && !NOT_AUDIT.contains(&kind.as_str()) {
                kinds.push(kind);
            }
        }
        Ok(kinds)
    }

    async fn audit_rows(
        &self,
        filter: &AuditFilter,
        first: First,
        (from, limit): (i64, i64),
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let (way, values) = match filter {
            AuditFilter { operation: Some(id), .. } => (Way::Operation, vec![id.to_string()]),
            AuditFilter { who: Some(who), .. } => (Way::Who, vec![who.clone()]),
            _ => {
                let kinds = self.kinds(filter).await?;
                (Way::Kinds(kinds.len()), kinds)
            }
        };
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = sqlx::query(AssertSqlSafe(audit(way, filter, first)));
        for value in values {
            query = query.bind(value).bind(from);
        }
        if let (Way::Operation, Some(who)) = (way, &filter.who) {
            query = query.bind(who);
        }
        if let (Way::Operation | Way::Who, Some(start)) = (way, &filter.kind) {
            query = query.bind(start).bind(start);
        }
        query.bind(limit).fetch_all(&self.reads).await
    }
}

#[async_trait]
impl Journal for SqliteStore {
    async fn audit(&self, filter: &AuditFilter, page: Page) -> Result<Vec<JournalRow>, StoreError> {
        let rows = self.audit_rows(filter, First::Oldest, bounds(page)).await.map_err(read_error)?;
        rows.iter().map(shown).collect()
    }

    async fn audit_before(
        &self,
        filter: &AuditFilter,
        before: Seq,
        rows: usize,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let bounds = (end(before.0), limit(rows));
        let rows = self.audit_rows(filter, First::Newest, bounds).await.map_err(read_error)?;
        rows.iter().map(shown).collect()
    }

    async fn written_at(&self, record: Seq) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(WRITTEN_AT).bind(whole(record.0)).fetch_optional(&self.reads).await;
        row.and_then(|row| row.map(|row| row.time(0)).transpose()).map_err(read_error)
    }

    async fn given(&self, who: &str, before: Seq, rows: usize) -> Result<Vec<JournalRow>, StoreError> {
        let query = sqlx::query(GIVEN_BY).bind(who).bind(end(before.0)).bind(limit(rows));
        let rows = query.fetch_all(&self.reads).await;
        rows.map_err(read_error)?.iter().map(shown).collect()
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let mut conn = self.reads.acquire().await.map_err(read_error)?;
        head(&mut conn).await.map_err(read_error)
    }

    async fn sealed(&self, page: Page) -> Result<Vec<Sealed>, StoreError> {
        let (after, limit) = bounds(page);
        let rows = sqlx::query(SEALED).bind(after).bind(limit).fetch_all(&self.reads).await;
        rows.and_then(|rows| rows.iter().map(sealed).collect()).map_err(read_error)
    }
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

fn shown(row: &SqliteRow) -> Result<JournalRow, StoreError> {
    let read = || {
        let text: Option<&str> = row.try_get(5)?;
        let shown = JournalRow {
            seq: row.seq(0)?,
            at: row.time(1)?,
            kind: row.try_get(2)?,
            who: row.try_get(3)?,
            operation: row.maybe_name(4)?,
            body: None,
            hash: row.hash(6)?,
        };
        Ok((shown, text))
    };
    let (shown, text) = read().map_err(read_error)?;
    let entry: Option<serde_json::Value> = text
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| damaged(format!("record {} is no JSON: {error}", shown.seq)))?;
    Ok(JournalRow { body: entry.map(|mut entry| entry["body"].take()), ..shown })
}

/// Every statement of this file, for the test that asks for their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let some = || Some("x".to_owned());
    let bare = AuditFilter::default();
    let all = AuditFilter { operation: None, who: some(), kind: some() };
    let mut statements = [SEALED, KINDS, GIVEN_BY, WRITTEN_AT].map(str::to_owned).to_vec();
    for filter in [bare, all] {
        for way in [Way::Operation, Way::Who, Way::Kinds(1), Way::Kinds(20)] {
            statements.extend([First::Oldest, First::Newest].map(|first| audit(way, &filter, first)));
        }
    }
    statements
}
