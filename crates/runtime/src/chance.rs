//! Unpredictable bytes, and predictable ones for tests and transcripts.
//!
//! Not the making of ids or keys: callers shape the bytes. Layer 1.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use wilco_contract::clock::Chance;

/// The system's source of chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsChance;

impl Chance for OsChance {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .expect("a system without a source of chance is none that Wilco can run on");
        bytes
    }
}

/// The same bytes in the same order for the same seed. Anybody can guess them: for tests and transcripts only.
#[derive(Debug)]
pub struct SeededChance {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededChance {
    /// A source that this seed decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Chance for SeededChance {
    fn bytes(&self) -> [u8; 16] {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let hash: [u8; 32] = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(number.to_be_bytes())
            .finalize()
            .into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_and_no_two_draws_are_alike() {
        let draw = |seed| {
            let chance = SeededChance::new(seed);
            [chance.bytes(), chance.bytes()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(draw(7)[0], draw(7)[1]);
        assert_ne!(OsChance.bytes(), OsChance.bytes());
    }
}
