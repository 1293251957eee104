//! Locks, as the page lists them.
//!
//! Not the taking of them, which is an order like others. Layer 3.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use wilco_contract::store::{Lock, LockOwner};

/// A key that only one owner holds.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Lock")]
pub(crate) struct LockRow {
    /// The key: `webapp/production`.
    key: String,
    /// The operation that holds it; null where somebody took it in words.
    operation: Option<String>,
    /// Who took it in words: `@ana`; null where an operation holds it.
    who: Option<String>,
    /// Why, in a line.
    reason: String,
    /// Since when.
    #[schemars(with = "String")]
    at: Timestamp,
    /// Until when, at the latest.
    #[schemars(with = "String")]
    expires_at: Timestamp,
}

impl From<Lock> for LockRow {
    fn from(lock: Lock) -> Self {
        let (operation, who) = match lock.owner {
            LockOwner::Operation(id) => (Some(id.to_string()), None),
            LockOwner::Somebody(who) => (None, Some(who)),
        };
        Self { key: lock.key, operation, who, reason: lock.reason, at: lock.at, expires_at: lock.expires_at }
    }
}
