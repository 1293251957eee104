//! The names of this crate's metrics, and what they count.
//!
//! Not an exporter: the server installs one, and until then counting costs next to nothing. Layer 1.

/// Panics that were caught, by the task's name.
pub const TASK_PANICS: &str = "wilco_task_panics_total";
/// Tasks under way.
pub const TASKS_RUNNING: &str = "wilco_tasks_running";
/// Calls to named servers, by server and by how they ended: `answer`, `not_sent`, `unknown`.
pub const HTTP_CALLS: &str = "wilco_http_calls_total";
/// Whether a connector is connected: 1 or 0.
pub const CONNECTED: &str = "wilco_connector_connected";
/// Connections that were tried, by connector and by how that ended: `connected`, `failed`.
pub const CONNECTS: &str = "wilco_connector_connects_total";
/// Stalls that were noticed, by connector and in what: `connecting`, `taking` in what arrived.
pub const STALLS: &str = "wilco_connector_stalls_total";
/// What is left alone because it failed again and again, by kind (`server`, `connector`) and name: how many, of a
/// connector's places.
pub const CIRCUITS_OPEN: &str = "wilco_circuits_open";
/// Calls that were not made because of that, by kind and name.
pub const CIRCUIT_REFUSED: &str = "wilco_circuit_refused_total";
/// The token of a lease that this process took, by the lease's name.
pub const LEASE_TOKEN: &str = "wilco_lease_token";

/// Says to the installed exporter what these metrics are. Call it once, after installing.
pub fn describe() {
    metrics::describe_counter!(TASK_PANICS, "Panics of supervised tasks that were caught");
    metrics::describe_gauge!(TASKS_RUNNING, "Supervised tasks under way");
    metrics::describe_counter!(HTTP_CALLS, "Calls to the servers that wilco.toml names");
    metrics::describe_counter!(STALLS, "Stalls of connectors that were noticed");
    metrics::describe_gauge!(CIRCUITS_OPEN, "What is left alone because it failed again and again");
    metrics::describe_counter!(
        CIRCUIT_REFUSED,
        "Calls that were not made because their target failed again and again"
    );
    metrics::describe_gauge!(LEASE_TOKEN, "The token of the lease that this process took");
    metrics::describe_gauge!(CONNECTED, "Whether a connector is connected");
    metrics::describe_counter!(CONNECTS, "Connections of connectors that were tried");
}
