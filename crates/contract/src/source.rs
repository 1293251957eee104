//! The joint to a sender of webhooks: a source proves who sent a request and yields what happened.
//!
//! Not the HTTP door, and not the journal: a source is pure. It is given a whole request and keeps nothing. Layer 0.

use std::fmt;

use jiff::Timestamp;

use crate::{event::Event, ids::SourceName};

/// A request as it came, whole.
#[derive(Debug, Clone, Copy)]
pub struct RawHook<'a> {
    /// Its headers, the names in lower case, in their order.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Its body, not longer than [`Source::max_body`].
    pub body: &'a [u8],
    /// When it came.
    pub received_at: Timestamp,
}

impl<'a> RawHook<'a> {
    /// The first header of this name, which is given in lower case; nothing where it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.headers.iter().find(|(given, _)| *given == name)?;
        std::str::from_utf8(found.1).ok()
    }
}

/// What was found out about who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Whether they proved it. Where a source is set to take unsigned requests, they did not.
    pub signed: bool,
}

/// Why a request is not taken: nobody proved who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// The proof is missing. The text says which, and where the sender sets it.
    #[error("{0}")]
    Missing(String),
    /// The proof is there and wrong.
    #[error("{0}")]
    Wrong(String),
    /// The proof is right and too old, or from the future: it may be a repeat.
    #[error("{0}")]
    Stale(String),
}

impl BadSignature {
    /// Its name in counts: `missing`, `wrong`, `stale`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Wrong(_) => "wrong",
            Self::Stale(_) => "stale",
        }
    }
}

/// A request that was proven, and that cannot be read: what is wrong with it, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPayload(pub String);

/// What a request says.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// What happened, in order. What a source does not know is an event, too, of the level `off`.
    pub events: Vec<Event>,
}

/// A sender of webhooks.
pub trait Source: Send + Sync {
    /// Its name in `wilco.toml`.
    fn name(&self) -> &SourceName;

    /// Its kind: `github`.
    fn kind(&self) -> &'static str;

    /// The longest body that it takes, in bytes.
    fn max_body(&self) -> usize;

    /// Whether it demands a proof. One that does not is told at the start, and its events trigger no write.
    fn is_signed(&self) -> bool;

    /// Finds out whether the sender is who they should be. Compares in constant time.
    ///
    /// # Errors
    /// When they did not prove it.
    fn verify(&self, hook: &RawHook<'_>) -> Result<Verified, BadSignature>;

    /// Reads a request that was proven. Never panics, whatever the body is, and takes time linear in its length.
    ///
    /// # Errors
    /// When it cannot be read.
    fn decode(&self, hook: &RawHook<'_>, verified: Verified) -> Result<Decoded, BadPayload>;
}

/// A secret. It never prints its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret of these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Its value, for the one computation that needs it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_and_a_header_is_found_by_its_name() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
        let headers: [(&str, &[u8]); 2] = [("a", b"1"), ("b", b"\xff")];
        let hook = RawHook { headers: &headers, body: b"", received_at: Timestamp::UNIX_EPOCH };
        assert_eq!((hook.header("a"), hook.header("b"), hook.header("c")), (Some("1"), None, None));
    }
}
