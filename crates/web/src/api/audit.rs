//! What was decided and done, and how whole the record is.
//!
//! Not its proof against whoever has the database: `wilco audit verify` compares it with checkpoints. Layer 3.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use wilco_contract::{
    ids::{OpId, Place, Seq},
    store::{AuditFilter, JournalRow, Page},
};

use super::Answer;
use crate::{
    door::Door,
    dto::{AuditRow, List, Verified},
    extract::{Asked, limit, moment},
    guard::Caller,
    problem::Problem,
    walks,
};

/// Which entries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
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
    /// Those behind this number.
    after: Option<u64>,
    /// The most to return: 100 if absent, at most 500.
    limit: Option<usize>,
    /// So many of the newest, newest first; takes no `after` and no `limit`.
    latest: Option<usize>,
    /// With `latest`: the newest before this number, the `next` of the list before.
    before: Option<u64>,
}

/// Which entries, as a list and a download have them in common.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) operation: Option<String>,
    pub(super) who: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
}

/// Who is meant, as the record has them: a person's name stands behind an `@` there.
fn as_written(door: &Door, who: String) -> String {
    let is_person = door.desk.people().iter().any(|(person, _)| person.as_str() == who);
    if is_person { format!("@{who}") } else { who }
}

/// A filter, and the numbers that it lies between.
pub(super) struct Span {
    pub(super) filter: AuditFilter,
    /// Only numbers behind this one.
    pub(super) after: u64,
    /// Only numbers up to this one.
    pub(super) to: u64,
}

impl Wanted {
    /// What is meant, of the record as it is now.
    pub(super) async fn span(self, door: &Door) -> Result<Span, Problem> {
        let operation = self.operation.as_deref().map(OpId::parse).transpose();
        let operation = operation.map_err(|error| Problem::malformed(format!("{error}.")))?;
        let head = door.store.head().await?.seq.0;
        let after = match &self.since {
            Some(text) => written_before(door, "since", text, head).await?,
            None => 0,
        };
        let to = match &self.until {
            Some(text) => written_before(door, "until", text, head).await?,
            // What is written meanwhile is listed, too.
            None => u64::MAX,
        };
        let who = self.who.map(|who| as_written(door, who));
        Ok(Span { filter: AuditFilter { operation, who, kind: self.kind }, after, to })
    }
}

/// The number of the last record that was written before a time; 0 for none. As far as the clock went forward, the
/// records lie in the order of their times.
async fn written_before(door: &Door, name: &str, text: &str, head: u64) -> Result<u64, Problem> {
    let time = moment(door, name, text)?;
    let (mut low, mut high) = (0, head);
    while low < high {
        let middle = high - (high - low) / 2;
        match door.store.written_at(Seq(middle)).await? {
            Some(at) if at < time => low = middle,
            _ => high = middle - 1,
        }
    }
    Ok(low)
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<Answer<List<AuditRow>>, Problem> {
    let Which { operation, who, kind, since, until, after, limit: most, latest, before } = which;
    let Span { filter, after: from, to } = Wanted { operation, who, kind, since, until }.span(&door).await?;
    let shown = |row: JournalRow| is_shown(&door, &caller, &row).then(|| AuditRow::from(row));
    if let Some(latest) = latest {
        if after.is_some() || most.is_some() {
            return Err(Problem::malformed(
                "`latest` stands without `after` and `limit`; with `before` it goes on.",
            ));
        }
        let most = limit(Some(latest));
        let before = before.unwrap_or(u64::MAX).min(to.saturating_add(1));
        let mut read = match before {
            0..=1 => Vec::new(),
            before => door.store.audit_before(&filter, Seq(before), most + 1).await?,
        };
        read.retain(|row| row.seq.0 > from);
        return Ok(Answer::ok(List::page(read, most, |row| row.seq.0, shown)));
    }
    if before.is_some() {
        return Err(Problem::malformed("`before` needs `latest`."));
    }
    let most = limit(most);
    let page = Page { after: after.unwrap_or(0).max(from), limit: most + 1 };
    let mut read = door.store.audit(&filter, page).await?;
    read.retain(|row| row.seq.0 <= to);
    Ok(Answer::ok(List::page(read, most, |row| row.seq.0, shown)))
}

/// What was said in a direct conversation is shown to its person and to those who run the server.
pub(super) fn is_shown(door: &Door, caller: &Caller, row: &JournalRow) -> bool {
    let place = row.body.as_ref().and_then(|body| body.get("place")).and_then(Value::as_str);
    let private = place.and_then(|text| Place::parse(text).ok()).filter(|place| place.direct().is_some());
    private.is_none_or(|place| caller.who.administers() || door.connector.is_open_to(&caller.who, &place))
}

pub(super) async fn verified(State(door): State<Arc<Door>>) -> Answer<Verified> {
    Answer::ok(door.walks.told())
}

pub(super) async fn verify(State(door): State<Arc<Door>>) -> Answer<Verified> {
    walks::begin(&door);
    Answer(StatusCode::ACCEPTED, door.walks.told())
}
