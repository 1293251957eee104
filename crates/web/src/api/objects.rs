//! The lines of objects in rooms, and how far showing them has got.
//!
//! Not the events behind them: [`super::events`] lists these by object. Layer 3.

use std::sync::Arc;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Answer;
use crate::{
    door::Door,
    dto::{List, ObjectRow},
    extract::{Asked, limit},
    problem::Problem,
};

/// Which lines.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// The newest before this number, the `next` of the list before.
    before: Option<u64>,
    /// The most to return: 100 if absent, at most 500.
    limit: Option<usize>,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    Asked(which): Asked<Which>,
) -> Result<Answer<List<ObjectRow>>, Problem> {
    let most = limit(which.limit);
    let read = door.store.latest_slots(which.before.unwrap_or(0), most + 1).await?;
    Ok(Answer::ok(List::page(read, most, |known| known.slot.number, |known| Some(ObjectRow::from(known)))))
}
