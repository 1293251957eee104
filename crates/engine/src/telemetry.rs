//! The names of the engine's metrics, and what they count.
//!
//! Not an exporter: the server installs one. Layer 1.

use wilco_contract::operation::State;

use crate::{Answer, RefusedKind};

/// Orders that were judged, by `outcome`: `answered`, `operation`, or why it was refused.
pub const ORDERS: &str = "wilco_orders_total";
/// Operations that ended, by `state`.
pub const OPERATIONS: &str = "wilco_operations_ended_total";

/// Says to the installed exporter what these metrics are. Call it once, after installing.
pub fn describe() {
    metrics::describe_counter!(ORDERS, "Orders by what came of them");
    metrics::describe_counter!(OPERATIONS, "Operations that ended by their final state");
}

pub(crate) fn order(answer: &Answer) {
    let outcome = match answer {
        Answer::Done { .. } => "answered",
        Answer::Operation(_) => "operation",
        Answer::Refused { kind, .. } => match kind {
            RefusedKind::Unknown => "unknown",
            RefusedKind::Malformed => "malformed",
            RefusedKind::Denied => "denied",
            RefusedKind::Limited => "limited",
            RefusedKind::Failed => "failed",
            RefusedKind::Unavailable => "unavailable",
        },
    };
    metrics::counter!(ORDERS, "outcome" => outcome).increment(1);
}

pub(crate) fn ended(state: State) {
    metrics::counter!(OPERATIONS, "state" => state.as_str()).increment(1);
}
