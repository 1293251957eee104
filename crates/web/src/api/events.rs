//! Events: what came in, where it went and why, and what it came in.
//!
//! Not their taking in: [`crate::hooks`] does that. Everybody who is let in may see them, as they may see rooms. Layer 3.

use std::sync::Arc;

use axum::extract::State;
use futures_util::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    event::{EventFilter, StoredEvent},
    ids::{ObjectId, Seq, SourceName},
    store::{Page, StoreError},
};

use super::Answer;
use crate::{
    door::Door,
    dto::{EventDetail, EventRow, List, PayloadText},
    extract::{Asked, Named, limit},
    problem::Problem,
};

/// How many events' ways are read at once.
const AT_ONCE: usize = 8;
/// How much of a payload is shown where not all of it is asked for, in bytes.
const BEGINNING: usize = 1024 * 1024;

/// Which events.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only by this source.
    source: Option<String>,
    /// Only about this object: `github:acme/webapp#812`.
    object: Option<String>,
    /// Those behind this number, the `next` of the list before.
    after: Option<u64>,
    /// The most to return: 100 if absent, at most 500.
    limit: Option<usize>,
    /// So many of the newest, newest first; takes no `after` and no `limit`.
    latest: Option<usize>,
    /// With `latest`: the newest before this number, the `next` of the list before.
    before: Option<u64>,
}

/// How much of a payload.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowMuch {
    /// All of it, also where it has more than a mebibyte.
    whole: Option<bool>,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    Asked(which): Asked<Which>,
) -> Result<Answer<List<EventRow>>, Problem> {
    let malformed = |error| Problem::malformed(format!("{error}."));
    let source = which.source.as_deref().map(SourceName::parse).transpose().map_err(malformed)?;
    let object = which.object.as_deref().map(ObjectId::parse).transpose().map_err(malformed)?;
    let filter = EventFilter { source, object };
    let (read, most) = match (which.latest, which.before) {
        (None, None) => {
            let most = limit(which.limit);
            let page = Page { after: which.after.unwrap_or(0), limit: most + 1 };
            (door.store.events(&filter, page).await?, most)
        }
        (Some(latest), before) if which.after.is_none() && which.limit.is_none() => {
            let most = limit(Some(latest));
            (door.store.latest_events(&filter, Seq(before.unwrap_or(0)), most + 1).await?, most)
        }
        (None, Some(_)) => return Err(Problem::malformed("`before` needs `latest`.")),
        _ => {
            return Err(Problem::malformed(
                "`latest` stands without `after` and `limit`; with `before` it goes on.",
            ));
        }
    };
    let List { items, next } = List::page(read, most, |stored| stored.seq.0, Some);
    let shown = stream::iter(items).map(|stored| shown(&door, stored)).buffered(AT_ONCE);
    Ok(Answer::ok(List { items: shown.try_collect().await?, next }))
}

async fn shown(door: &Door, stored: StoredEvent) -> Result<EventRow, StoreError> {
    let trace = door.store.trace(stored.seq).await?;
    Ok(EventRow::new(stored, trace.as_ref()))
}

pub(super) async fn one(
    State(door): State<Arc<Door>>,
    Named(id): Named,
) -> Result<Answer<EventDetail>, Problem> {
    let stored = find(&door, &id).await?;
    let trace = door.store.trace(stored.seq).await?;
    let kept = door.store.payload(stored.seq).await?.map(|payload| payload.length);
    Ok(Answer::ok(EventDetail::new(stored, trace.as_ref(), kept)))
}

pub(super) async fn payload(
    State(door): State<Arc<Door>>,
    Named(id): Named,
    Asked(much): Asked<HowMuch>,
) -> Result<Answer<PayloadText>, Problem> {
    let stored = find(&door, &id).await?;
    let payload = door.store.payload(stored.seq).await?.ok_or_else(|| {
        Problem::gone(format!(
            "What event `{}` came in is not kept any more, as it was old. The event itself stays.",
            stored.seq
        ))
    })?;
    let most = if much.whole == Some(true) { usize::MAX } else { BEGINNING };
    // It may be many mebibytes, and unpacking them would keep others waiting.
    let text = tokio::task::spawn_blocking(move || PayloadText::new(&payload, most)).await.ok().flatten();
    text.map(Answer::ok).ok_or_else(|| {
        tracing::error!(event = %stored.seq, "a payload is damaged");
        Problem::internal(format!("What event `{}` came in is stored damaged.", stored.seq))
    })
}

async fn find(door: &Door, id: &str) -> Result<StoredEvent, Problem> {
    let seq: u64 = id
        .parse()
        .map_err(|_| Problem::malformed("An event's id is a number, as `/api/v1/events` lists it."))?;
    door.store.event(Seq(seq)).await?.ok_or_else(|| Problem::there_is_no("event", id))
}
