//! What a failure at a joint means for trying again.
//!
//! Not the loop that tries: that lives in `runtime`. Layer 0.

use std::time::Duration;

/// Whether, and when, the same call may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// At once.
    Now,
    /// Not before this much time has passed, as the other side said.
    After(Duration),
    /// Later, by the caller's own growing pause.
    Backoff,
    /// Never: the same call would fail the same way.
    Never,
}
