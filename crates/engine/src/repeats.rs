//! What a network brought lately, by its own id of it: the same again sets nothing off twice, whatever it says.
//!
//! Not the orders among it: those are recognised in the store, also after a restart. This is in memory, for what is not
//! kept. Layer 1.

use std::sync::{Mutex, PoisonError};

use wilco_contract::{ids::Place, recent::Recent};

use crate::telemetry;

/// How much is known at once. A network repeats what it brought just before a connection broke.
const MOST: usize = 4_096;

/// What was brought lately.
pub(crate) struct Repeats(Mutex<Recent<(Place, String)>>);

impl Default for Repeats {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(MOST)))
    }
}

impl Repeats {
    /// Whether this was brought before; it was from now on.
    pub(crate) fn has(&self, place: &Place, id: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.put((place.clone(), id.to_owned()), ());
        if !is_new {
            telemetry::repeated(place);
        }
        !is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_known_by_place_and_id_and_no_more_than_fit() {
        let repeats = Repeats::default();
        let [ops, dev] = ["web:ops", "web:dev"].map(|place| Place::parse(place).expect("a place"));
        assert!(!repeats.has(&ops, "1") && repeats.has(&ops, "1"));
        assert!(!repeats.has(&dev, "1"), "each place has ids of its own");
        for number in 2..MOST + 2 {
            assert!(!repeats.has(&ops, &number.to_string()));
        }
        assert!(!repeats.has(&ops, "1"), "it was too long ago");
        assert_eq!(repeats.0.lock().expect("the list").count(), MOST);
    }
}
