//! Sources, and how they are.
//!
//! Not their secrets, which no answer has. Layer 3.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use wilco_engine::SourceHealth;

use crate::public_url::PublicUrl;

/// A source. All counts are since the server's start.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Source")]
pub(crate) struct SourceRow {
    /// Its name.
    name: String,
    /// Its kind: `github`.
    kind: &'static str,
    /// Whether it demands a proof of who sends. The events of one that does not trigger no write.
    signed: bool,
    /// Where its requests are sent, on this server.
    path: String,
    /// The same as a whole address, to be entered at the sender.
    url: String,
    /// Events taken in.
    taken: u64,
    /// Events that were there already.
    repeated: u64,
    /// Requests refused.
    refused: u64,
    /// When the last event was taken in.
    #[schemars(with = "Option<String>")]
    taken_at: Option<Timestamp>,
    /// When the last request was refused.
    #[schemars(with = "Option<String>")]
    refused_at: Option<Timestamp>,
    /// Why, in a sentence.
    refused_why: Option<String>,
}

impl SourceRow {
    pub(crate) fn new(source: SourceHealth, public_url: &PublicUrl) -> Self {
        let path = format!("/hooks/{}", source.name);
        Self {
            url: format!("{public_url}{path}"),
            path,
            name: source.name.into(),
            kind: source.kind,
            signed: source.signed,
            taken: source.taken,
            repeated: source.repeated,
            refused: source.refused,
            taken_at: source.taken_at,
            refused_at: source.refused_at,
            refused_why: source.refused_why,
        }
    }
}
