//! The names of the engine's metrics, and what they count.
//!
//! Not an exporter: the server installs one. Layer 1.

use wilco_contract::{
    ids::{Place, SourceName},
    operation::State,
};

use crate::{Answer, RefusedKind, Taken};

/// Orders that were judged, by `outcome`: `answered`, `operation`, or why it was refused.
pub const ORDERS: &str = "wilco_orders_total";
/// Operations that ended, by `state`.
pub const OPERATIONS: &str = "wilco_operations_ended_total";

/// Events that were taken in, by `source` and `outcome`: `new`, `repeated`.
pub const EVENTS: &str = "wilco_events_total";
/// Requests of sources that were refused, by `source` and `why`: `missing`, `wrong`, `stale`, `unreadable`.
pub const HOOKS_REFUSED: &str = "wilco_hooks_refused_total";

/// What networks brought twice, by `connector`; it is taken for one.
pub const REPEATED: &str = "wilco_inputs_repeated_total";

/// Messages about events on their way out, by `outcome`: `sent`, `again`, `given_up`.
pub const SENT: &str = "wilco_outbox_total";

/// Says to the installed exporter what these metrics are. Call it once, after installing.
pub fn describe() {
    metrics::describe_counter!(ORDERS, "Orders by what came of them");
    metrics::describe_counter!(OPERATIONS, "Operations that ended by their final state");
    metrics::describe_counter!(EVENTS, "Events by their source and whether they were new");
    metrics::describe_counter!(REPEATED, "Inputs that a network brought twice, by connector");
    metrics::describe_counter!(SENT, "Messages about events by what came of sending them");
    metrics::describe_counter!(HOOKS_REFUSED, "Requests of sources that were refused, by why");
}

pub(crate) fn order(answer: &Answer) {
    let outcome = match answer {
        Answer::Done { .. } => "answered",
        Answer::Operation(_) => "operation",
        Answer::Refused { kind, .. } => match kind {
            RefusedKind::Unknown => "unknown",
            RefusedKind::Malformed => "malformed",
            RefusedKind::Denied => "denied",
            RefusedKind::Limited | RefusedKind::StillLimited => "limited",
            RefusedKind::Failed => "failed",
            RefusedKind::Unavailable => "unavailable",
        },
    };
    metrics::counter!(ORDERS, "outcome" => outcome).increment(1);
}

pub(crate) fn ended(state: State) {
    metrics::counter!(OPERATIONS, "state" => state.as_str()).increment(1);
}

pub(crate) fn hook_taken(source: &SourceName, taken: &Taken) {
    let count = |outcome, count: usize| {
        if count > 0 {
            metrics::counter!(EVENTS, "source" => source.to_string(), "outcome" => outcome)
                .increment(count as u64);
        }
    };
    count("new", taken.new);
    count("repeated", taken.repeated);
}

pub(crate) fn hook_refused(source: &SourceName, why: &'static str) {
    metrics::counter!(HOOKS_REFUSED, "source" => source.to_string(), "why" => why).increment(1);
}

pub(crate) fn repeated(place: &Place) {
    metrics::counter!(REPEATED, "connector" => place.connector().to_owned()).increment(1);
}

pub(crate) fn sent(outcome: &'static str) {
    metrics::counter!(SENT, "outcome" => outcome).increment(1);
}
