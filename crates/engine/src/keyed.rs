//! Turns for requests that carry the same key.
//!
//! Not durable: the operation keeps the key. This only lets the second of two at once see what the first made. Layer 1.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// A key and whose it is.
type Key = (String, String);

#[derive(Default)]
pub(crate) struct Keyed(Mutex<HashMap<Key, Weak<tokio::sync::Mutex<()>>>>);

/// From this many remembered keys on, those that nobody uses are swept out.
const SWEEP: usize = 1_024;

impl Keyed {
    /// The turn of this key: whoever holds its lock goes alone.
    pub(crate) fn turn(&self, who: &str, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= SWEEP {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let slot = turns.entry((who.to_owned(), key.to_owned())).or_default();
        slot.upgrade().unwrap_or_else(|| {
            let turn = Arc::default();
            *slot = Arc::downgrade(&turn);
            turn
        })
    }
}
