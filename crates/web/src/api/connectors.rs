//! How the connections to networks stand, and which servers are left alone.
//!
//! Not the trying again, which is an order like others. Layer 3.

use std::sync::Arc;

use axum::extract::State;

use super::Answer;
use crate::{
    door::Door,
    dto::{ConnectorRow, List},
};

pub(super) async fn list(State(door): State<Arc<Door>>) -> Answer<List<ConnectorRow>> {
    let standings = door.ready.standings();
    let connectors = standings.standings().into_iter().map(ConnectorRow::of);
    let servers = standings.left_alone().into_iter().map(|(name, why)| ConnectorRow::left_alone(name, why));
    Answer::ok(List::whole(connectors.chain(servers).collect()))
}
