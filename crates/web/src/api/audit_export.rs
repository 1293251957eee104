//! The record as a file: a line of JSON an entry, or CSV for tables.
//!
//! Not a copy that verifies by itself: `wilco audit export` makes that. It is read page by page as it is sent, so that no
//! length of it takes more room. Layer 3.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use wilco_contract::store::{Page, StoreError};

use super::audit::{Span, Wanted, is_shown};
use crate::{door::Door, dto::AuditRow, extract::Asked, guard::Caller, problem::Problem, text::clean_json};

/// How many entries are read at once.
const PAGE: usize = 500;
/// The first line of a table.
const HEAD: &str = "number,at,kind,who,operation,text,hash,record\r\n";

/// Which entries, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct What {
    /// `ndjson`, or `csv`.
    #[schemars(with = "Option<String>")]
    format: Option<Format>,
    /// Only about this operation.
    operation: Option<String>,
    /// Only by this one: `@ana`, `operator`, `token:ci`.
    who: Option<String>,
    /// Only kinds that begin so: `order.`, `operation.moved`.
    kind: Option<String>,
    /// Only from this time on: RFC 3339, or a day or time without an offset, in Wilco's zone.
    since: Option<String>,
    /// Only before this time, written in the same way.
    until: Option<String>,
}

/// How an entry is written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// A line of JSON each.
    #[default]
    Ndjson,
    /// A row each, with a first line of names.
    Csv,
}

/// A download under way.
struct Sending {
    door: Arc<Door>,
    caller: Caller,
    span: Span,
    format: Format,
    head: &'static str,
    _room: OwnedSemaphorePermit,
}

pub(super) async fn export(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(what): Asked<What>,
) -> Result<Response, Problem> {
    let What { format, operation, who, kind, since, until } = what;
    let format = format.unwrap_or_default();
    let mut span = Wanted { operation, who, kind, since, until }.span(&door).await?;
    // What is written while it is sent would never let it end.
    span.to = span.to.min(door.store.head().await?.seq.0);
    let room = Arc::clone(&door.exports).try_acquire_owned().map_err(|_| {
        Problem::too_many(
            "As many downloads of the record as there is room for run already. Try again later.",
        )
        .retry_after(10)
    })?;
    let (kind, name, head) = match format {
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"wilco-audit.ndjson\"", ""),
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"wilco-audit.csv\"", HEAD),
    };
    let sending = Sending { door, caller, span, format, head, _room: room };
    let parts = stream::unfold(Some(sending), |sending| async move {
        let mut sending = sending?;
        match sending.next().await {
            Ok(Some(part)) => Some((Ok(part), Some(sending))),
            Ok(None) => None,
            // The connection is cut, so that nobody takes a part for the whole.
            Err(error) => Some((Err(error), None)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

impl Sending {
    /// The next part; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let mut out = std::mem::take(&mut self.head).to_owned();
        while out.len() < 64 * 1024 && self.span.after < self.span.to {
            if !self.door.access.still(&self.caller.proof).await? {
                return Err(StoreError::Unavailable("whoever downloads it is not let in any more".into()));
            }
            let page = Page { after: self.span.after, limit: PAGE };
            let rows = self.door.store.audit(&self.span.filter, page).await?;
            let Some(last) = rows.last() else {
                self.span.after = self.span.to;
                break;
            };
            self.span.after = last.seq.0;
            for row in rows {
                if row.seq.0 > self.span.to {
                    break;
                }
                if is_shown(&self.door, &self.caller, &row) {
                    self.write(&mut out, &row.into())?;
                }
            }
        }
        Ok((!out.is_empty()).then(|| out.into()))
    }

    fn write(&self, out: &mut String, row: &AuditRow) -> Result<(), StoreError> {
        let json = clean_json(row).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        match self.format {
            Format::Ndjson => {
                out.push_str(&json);
                out.push('\n');
            }
            Format::Csv => {
                let row: Value =
                    serde_json::from_str(&json).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                let names = ["seq", "at", "kind", "who", "operation", "text", "hash", "body"];
                let cells = names.map(|name| match &row[name] {
                    Value::Null => String::new(),
                    Value::String(text) => cell(text),
                    other => cell(&other.to_string()),
                });
                out.push_str(&cells.join(","));
                out.push_str("\r\n");
            }
        }
        Ok(())
    }
}

/// A text as a cell. What a program for tables would take for a formula gets a `'` in front.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        for (text, expected) in [
            ("status webapp", "status webapp"),
            ("a, b", "\"a, b\""),
            ("say \"x\"\ny", "\"say \"\"x\"\"\ny\""),
            ("=HYPERLINK(\"https://evil.example\")", "\"'=HYPERLINK(\"\"https://evil.example\"\")\""),
            ("@ana", "\"'@ana\""),
            ("-1", "\"'-1\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
