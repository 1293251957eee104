//! The real clock, and one that is stepped by hand.
//!
//! Not a scheduler: whoever waits holds its own future. This is the one place that reads the system's clock. Layer 1.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use wilco_contract::clock::Clock;

/// The longest sleep before the wall clock is read again, so that a jump of it is noticed.
const SLICE: Duration = Duration::from_secs(30);

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
        Timestamp::now()
    }

    async fn until(&self, at: Timestamp) {
        // A sleep counts by a clock that does not jump; the time that is waited for is one of the wall.
        while let Some(left) = time_left(self.now(), at) {
            tokio::time::sleep(left.min(SLICE)).await;
        }
    }

    async fn moment(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// How long it is until `at`; `None` once it is reached.
fn time_left(now: Timestamp, at: Timestamp) -> Option<Duration> {
    Duration::try_from(at.duration_since(now)).ok().filter(|left| !left.is_zero())
}

/// A clock that stands still until it is stepped, for tests and transcripts.
#[derive(Debug)]
pub struct SteppedClock {
    now: watch::Sender<Timestamp>,
}

impl SteppedClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { now: watch::Sender::new(start) }
    }

    /// Moves on, and wakes whoever waited for a time that is now reached.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| {
            let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
            *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
        });
    }

    /// Jumps to a time, backwards too, as wall clocks do.
    pub fn jump(&self, to: Timestamp) {
        self.now.send_replace(to);
    }
}

#[async_trait]
impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn until(&self, at: Timestamp) {
        let mut shown = self.now.subscribe();
        // The sender lives as long as `self`, so waiting cannot end for another reason.
        let _ = shown.wait_for(|now| *now >= at).await;
    }

    async fn moment(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_stepped_clock_wakes_whom_it_has_reached() {
        let clock = Arc::new(SteppedClock::new(Timestamp::UNIX_EPOCH));
        let at = Timestamp::from_second(60).expect("a time");
        let mut waiting = std::pin::pin!(clock.until(at));
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(59));
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        waiting.await;
        assert_eq!(clock.now(), at);
    }

    #[tokio::test]
    async fn a_clock_that_jumps_back_makes_people_wait_for_the_time_they_named() {
        let clock = SteppedClock::new(Timestamp::from_second(100).expect("a time"));
        let mut waiting = std::pin::pin!(clock.until(Timestamp::from_second(110).expect("a time")));
        clock.jump(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(100));
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_secs(10));
        waiting.await;
    }

    #[tokio::test]
    async fn the_system_clock_returns_at_once_for_what_is_past() {
        SystemClock.until(SystemClock.now() - SignedDuration::from_secs(1)).await;
        let at = SystemClock.now() + SignedDuration::from_millis(20);
        SystemClock.until(at).await;
        assert!(SystemClock.now() >= at);
    }

    #[test]
    fn a_step_past_the_end_of_time_stops_there() {
        let clock = SteppedClock::new(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
