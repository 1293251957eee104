//! Connectors and servers, and how they stand.
//!
//! Not their settings, which `wilco.toml` has. Layer 3.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use wilco_contract::connector::Standing;

/// A connector, or a server that is left alone for a while.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Connector")]
pub(crate) struct ConnectorRow {
    /// Its name in `wilco.toml`.
    name: String,
    /// `connector` or `server`.
    kind: &'static str,
    /// In a word: `connecting`, `connected`, `waiting`, `parked`; of a server `left_alone`.
    state: &'static str,
    /// Since when.
    #[schemars(with = "Option<String>")]
    since: Option<Timestamp>,
    /// What happened, in a sentence.
    why: Option<String>,
    /// What somebody has to do, in a sentence.
    todo: Option<String>,
    /// What went wrong last, though it may be well by now.
    failed: Option<String>,
    /// When that was.
    #[schemars(with = "Option<String>")]
    failed_at: Option<Timestamp>,
}

impl ConnectorRow {
    pub(crate) fn of(standing: Standing) -> Self {
        let (failed_at, failed) = standing.last.unzip();
        Self {
            name: standing.connector,
            kind: "connector",
            state: standing.state,
            since: Some(standing.since),
            why: standing.why,
            todo: standing.todo,
            failed,
            failed_at,
        }
    }

    pub(crate) fn left_alone(name: String, why: String) -> Self {
        let (since, todo, failed, failed_at) = (None, None, None, None);
        Self { name, kind: "server", state: "left_alone", since, why: Some(why), todo, failed, failed_at }
    }
}
