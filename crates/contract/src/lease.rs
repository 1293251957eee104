//! Leases: what one node at a time may do, and the number by which a store tells whose turn it is.
//!
//! Not the taking and renewing, which `runtime` does, and not a lock of people's work: those stand in
//! [`crate::store::Lock`]. Layer 0.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The lease of whoever does what is done once: drives the connectors, keeps the schedules, takes up what was under way.
pub const WHOLE: &str = "wilco";

/// That somebody may do something until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// What for: [`WHOLE`].
    pub name: String,
    /// Who has it.
    pub holder: Holder,
    /// How often it was taken, from 1. It only grows, so that what an earlier holder still writes is recognised.
    pub token: u64,
    /// Until when, at the latest.
    pub until: Timestamp,
}

/// A running Wilco.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Unlike that of any other start.
    pub id: String,
    /// The machine, for as long as it is up.
    pub machine: String,
    /// Its process there.
    pub process: u32,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} since {}", self.process, self.since.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }
}

/// Whose commits a store takes: those of the holder with this token, and no earlier one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The lease's name.
    pub name: String,
    /// Its token.
    pub token: u64,
}

impl Lease {
    /// Whether it may stand in place of what is stored, at a time: its holder prolongs it or gives it back, or it has run
    /// out and is taken with the next token.
    ///
    /// # Errors
    /// Why not.
    pub fn follows(&self, stored: Option<&Self>, at: Timestamp) -> Result<(), String> {
        let Some(stored) = stored else {
            let first = self.token == 1;
            return if first { Ok(()) } else { Err(format!("the lease `{}` was never taken", self.name)) };
        };
        if self.token == stored.token && self.holder == stored.holder {
            return Ok(());
        }
        if self.token == stored.token + 1 && stored.until <= at {
            return Ok(());
        }
        let Self { name, token, .. } = self;
        Err(format!(
            "the lease `{name}` has the token {} of {} until {}, which {token} does not follow",
            stored.token, stored.holder, stored.until
        ))
    }

    /// Whether what its holder does counts, where this is what the store has.
    #[must_use]
    pub fn is_held_by(&self, fence: &Fence) -> bool {
        self.name == fence.name && self.token == fence.token
    }
}
