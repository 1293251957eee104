//! How fast one speaker may speak at this door.
//!
//! Not the limit on orders: the engine has that one. This one keeps a flood from filling the journal. Layer 3.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Messages a second, on average; files have figures of their own.
const PER_SECOND: f64 = 50.0;
/// Messages at once, after a pause.
const BURST: f64 = 100.0;
/// Speakers that are remembered; one that is forgotten has its burst again.
const SPEAKERS: usize = 4_096;

/// Counts by speaker.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    burst: f64,
    speakers: Mutex<HashMap<String, Bucket>>,
}

impl Default for Rate {
    fn default() -> Self {
        Self::new(PER_SECOND, BURST)
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Rate {
    /// So many a second on average, and so many at once after a pause.
    pub(crate) fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst, speakers: Mutex::default() }
    }

    /// Takes one message of this speaker in.
    ///
    /// # Errors
    /// With the pause after which there is room again.
    pub(crate) fn take(&self, speaker: &str) -> Result<(), Duration> {
        let now = Instant::now();
        let mut speakers = self.speakers.lock().unwrap_or_else(PoisonError::into_inner);
        if speakers.len() >= SPEAKERS {
            speakers.retain(|_, bucket| self.refilled(*bucket, now) < self.burst);
        }
        let bucket = speakers.entry(speaker.to_owned()).or_insert(Bucket { left: self.burst, at: now });
        *bucket = Bucket { left: self.refilled(*bucket, now), at: now };
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.left) / self.per_second))
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> f64 {
        let pause = now.duration_since(bucket.at).as_secs_f64();
        (bucket.left + pause * self.per_second).min(self.burst)
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
