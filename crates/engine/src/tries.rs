//! Trying again: what a connector's error means for the next try of the same call.
//!
//! Not the waiting itself: whoever sends waits on its own clock. Layer 1.

use jiff::Timestamp;
use wilco_contract::{connector::SendError, retry::Retry};

/// The longest pause between two tries, in seconds.
const LONGEST_SECS: i64 = 60;
/// How often a post is repeated of which nobody can tell whether it was sent, where a repeat would show twice.
const UNKNOWN: u32 = 2;

/// How the tries of one call went so far.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    pause: i64,
    unknown: u32,
    /// Not before this, where it is tried again.
    pub(crate) until: Option<Timestamp>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The same again, not before so many seconds.
    Wait(i64),
    /// Nothing more.
    GiveUp,
}

impl Tries {
    /// What to do after an error. `harmless` says that a repeat of what was sent after all does no harm.
    pub(crate) fn after(&mut self, error: &SendError, harmless: bool) -> Next {
        match error {
            SendError::NotSent { retry: Retry::Never, .. } => Next::GiveUp,
            SendError::NotSent { retry: Retry::Now, .. } => Next::Wait(0),
            SendError::NotSent { retry: Retry::After(after), .. } => {
                Next::Wait(i64::try_from(after.as_secs()).unwrap_or(LONGEST_SECS))
            }
            SendError::NotSent { retry: Retry::Backoff, .. } => Next::Wait(self.grown()),
            SendError::Unknown { .. } if harmless => Next::Wait(self.grown()),
            SendError::Unknown { .. } => {
                self.unknown += 1;
                if self.unknown > UNKNOWN { Next::GiveUp } else { Next::Wait(self.grown()) }
            }
        }
    }

    /// Lets it be tried at once, as when the network is back. What is in doubt stays so.
    pub(crate) fn at_once(&mut self) {
        self.pause = 0;
        self.until = None;
    }

    fn grown(&mut self) -> i64 {
        self.pause = (self.pause * 2).clamp(1, LONGEST_SECS);
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn not_sent(retry: Retry) -> SendError {
        SendError::NotSent { what: "away".into(), retry }
    }

    #[test]
    fn the_pause_grows_to_a_minute_and_what_the_network_says_counts() {
        let mut tries = Tries::default();
        let pauses: Vec<_> = (0..8).map(|_| tries.after(&not_sent(Retry::Backoff), false)).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60].map(Next::Wait));
        assert_eq!(tries.after(&not_sent(Retry::After(Duration::from_secs(7))), false), Next::Wait(7));
        assert_eq!(tries.after(&not_sent(Retry::Now), false), Next::Wait(0));
        assert_eq!(tries.after(&not_sent(Retry::Never), true), Next::GiveUp);
    }

    #[test]
    fn what_may_have_been_sent_is_repeated_for_ever_only_where_that_is_harmless() {
        let unknown = SendError::Unknown { what: "cut off".into() };
        let mut tries = Tries::default();
        assert_eq!(
            (0..3).map(|_| tries.after(&unknown, false)).collect::<Vec<_>>(),
            [Next::Wait(1), Next::Wait(2), Next::GiveUp]
        );
        let mut tries = Tries::default();
        assert!((0..100).all(|_| tries.after(&unknown, true) != Next::GiveUp));
    }
}
