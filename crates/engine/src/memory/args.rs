//! What the steps that remember are given. The doc comments are the help.
//!
//! Not their reading, which serde does. Layer 1.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::span::Span;

/// The arguments of `memory.get`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetArgs {
    /// Under which key.
    pub(super) key: String,
    /// What counts where nothing is remembered; absent: null.
    #[serde(default)]
    pub(super) default: Value,
    /// One of the pack's namespaces; absent: the one that has no name.
    pub(super) namespace: Option<String>,
    /// Whether everybody has their own.
    #[serde(default)]
    pub(super) mine: bool,
}

/// The arguments of `memory.list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListArgs {
    /// One of the pack's namespaces; absent: the one that has no name.
    pub(super) namespace: Option<String>,
    /// Whether everybody has their own.
    #[serde(default)]
    pub(super) mine: bool,
}

/// The arguments of `memory.set`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetArgs {
    /// Under which key.
    pub(super) key: String,
    /// What: any JSON.
    pub(super) value: Value,
    /// For how long: `2h`; absent: until it is forgotten.
    #[serde(rename = "for")]
    pub(super) span: Option<Span>,
    /// One of the pack's namespaces; absent: the one that has no name.
    pub(super) namespace: Option<String>,
    /// Whether everybody has their own.
    #[serde(default)]
    pub(super) mine: bool,
}

/// The arguments of `memory.add`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddArgs {
    /// Under which key; what is not there counts as 0.
    pub(super) key: String,
    /// How much; absent: 1.
    #[serde(default = "one")]
    pub(super) by: i64,
    /// For how long from now on: `2h`; absent: as long as it would be kept anyway.
    #[serde(rename = "for")]
    pub(super) span: Option<Span>,
    /// One of the pack's namespaces; absent: the one that has no name.
    pub(super) namespace: Option<String>,
    /// Whether everybody has their own.
    #[serde(default)]
    pub(super) mine: bool,
}

fn one() -> i64 {
    1
}

/// The arguments of `memory.forget`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgetArgs {
    /// Which key.
    pub(super) key: String,
    /// One of the pack's namespaces; absent: the one that has no name.
    pub(super) namespace: Option<String>,
    /// Whether everybody has their own.
    #[serde(default)]
    pub(super) mine: bool,
}
