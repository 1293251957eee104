//! Unpredictable bytes, and predictable ones for tests and transcripts.
//!
//! Not the making of ids or keys: callers shape the bytes. Layer 1.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicU64, Ordering},
};

use sha2::{Digest, Sha256};
use wilco_contract::clock::Chance;

/// How many bytes a thread asks the system for at once: asking costs more than the bytes.
const STORE: usize = 512;

/// The system's source of chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsChance;

thread_local! {
    /// What a thread has asked for, and where what was not given out begins.
    static STORED: RefCell<([u8; STORE], usize)> = const { RefCell::new(([0; STORE], STORE)) };
}

impl Chance for OsChance {
    fn bytes(&self) -> [u8; 16] {
        STORED.with_borrow_mut(|(stored, next)| {
            if *next == STORE {
                getrandom::fill(stored)
                    .expect("a system without a source of chance is none that Wilco can run on");
                *next = 0;
            }
            let mut bytes = [0; 16];
            // What is given out is gone here.
            bytes.swap_with_slice(&mut stored[*next..*next + 16]);
            *next += 16;
            bytes
        })
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
        let drawn: std::collections::HashSet<_> = (0..STORE).map(|_| OsChance.bytes()).collect();
        assert_eq!(drawn.len(), STORE, "also over the end of what a thread has stored");
        assert!(!drawn.contains(&[0; 16]), "and none is what stands where others were given out");
    }
}
