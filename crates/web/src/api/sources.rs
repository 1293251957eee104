//! The sources of events, and how they are.
//!
//! Not their settings, which `wilco.toml` has. Layer 3.

use std::sync::Arc;

use axum::extract::State;

use super::Answer;
use crate::{
    door::Door,
    dto::{List, SourceRow},
};

pub(super) async fn list(State(door): State<Arc<Door>>) -> Answer<List<SourceRow>> {
    let public_url = door.access.public_url();
    let rows = door.desk.sources().into_iter().map(|source| SourceRow::new(source, public_url));
    Answer::ok(List::whole(rows.collect()))
}
