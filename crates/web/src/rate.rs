//! How fast one speaker may speak at this door.
//!
//! Not the limit on orders: the engine has that one. This one keeps a flood from filling the journal. Layer 3.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Messages a second, on average.
const PER_SECOND: f64 = 50.0;
/// Messages at once, after a pause.
const BURST: f64 = 100.0;
/// Speakers that are remembered; one that is forgotten has its burst again.
const SPEAKERS: usize = 4_096;

/// Counts by speaker.
#[derive(Debug, Default)]
pub(crate) struct Rate(Mutex<HashMap<String, Bucket>>);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Rate {
    /// Takes one message of this speaker in.
    ///
    /// # Errors
    /// With the pause after which there is room again.
    pub(crate) fn take(&self, speaker: &str) -> Result<(), Duration> {
        let now = Instant::now();
        let mut speakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if speakers.len() >= SPEAKERS {
            speakers.retain(|_, bucket| bucket.refilled(now) < BURST);
        }
        let bucket = speakers.entry(speaker.to_owned()).or_insert(Bucket { left: BURST, at: now });
        *bucket = Bucket { left: bucket.refilled(now), at: now };
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.left) / PER_SECOND))
    }
}

impl Bucket {
    fn refilled(self, now: Instant) -> f64 {
        (self.left + now.duration_since(self.at).as_secs_f64() * PER_SECOND).min(BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_to_the_rate_and_harms_nobody_else() {
        let rate = Rate::default();
        let taken = (0..1_000).filter(|_| rate.take("@ana").is_ok()).count();
        assert_eq!(taken, 100);
        assert!(rate.take("@ben").is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        let taken = (0..1_000).filter(|_| rate.take("@ana").is_ok()).count();
        assert_eq!(taken, 50);
    }
}
