//! Spans of time as the arguments of our own actions have them: `"2h"`, or a number of seconds.
//!
//! Not the reading of spans in orders: `contract::values` has it, and this asks it. Layer 1.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;
use wilco_contract::values::{ArgType, read_seconds};

/// So many seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) u64);

impl Span {
    /// As people say it: `2h`.
    pub(crate) fn said(self) -> String {
        ArgType::Duration.said(&Value::from(self.0))
    }

    /// As a number that times can be moved by.
    pub(crate) fn secs(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX / 2)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(from)?;
        let secs = match &given {
            Value::String(text) => read_seconds(text),
            // An argument of the type `duration` is a number of seconds.
            other => other.as_u64(),
        };
        let secs = secs.filter(|secs| *secs > 0);
        secs.map(Self).ok_or_else(|| D::Error::custom(format!("{given} is not {}", ArgType::Duration)))
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "examples": ["10m"]})
    }
}
