//! What was decided and done.
//!
//! Not its proof: `wilco audit verify` walks the chain. Layer 3.

use std::sync::Arc;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use wilco_contract::{
    ids::{OpId, Place},
    store::{AuditFilter, JournalRow, Page},
};

use super::Answer;
use crate::{
    access::may_administrate,
    door::Door,
    dto::{AuditRow, List},
    extract::{Asked, limit},
    guard::Caller,
    problem::Problem,
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
    /// Those behind this number.
    after: Option<u64>,
    /// The most to return: 100 if absent, at most 500.
    limit: Option<usize>,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<Answer<List<AuditRow>>, Problem> {
    let operation = match which.operation {
        Some(text) => Some(OpId::parse(&text).map_err(|error| Problem::malformed(format!("{error}.")))?),
        None => None,
    };
    let most = limit(which.limit);
    let filter = AuditFilter { operation, who: which.who, kind: which.kind };
    let page = Page { after: which.after.unwrap_or(0), limit: most + 1 };
    let read = door.store.audit(&filter, page).await?;
    let shown = |row: JournalRow| is_shown(&door, &caller, &row).then(|| AuditRow::from(row));
    Ok(Answer::ok(List::page(read, most, |row| row.seq.0, shown)))
}

/// What was said in a direct conversation is shown to its person and to those who run the server.
fn is_shown(door: &Door, caller: &Caller, row: &JournalRow) -> bool {
    let place = row.body.as_ref().and_then(|body| body.get("place")).and_then(Value::as_str);
    let private = place.and_then(|text| Place::parse(text).ok()).filter(|place| place.direct().is_some());
    private
        .is_none_or(|place| may_administrate(&caller.who) || door.connector.is_open_to(&caller.who, &place))
}
