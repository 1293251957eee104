//! What is handed to a connection and nobody waits for: answers on a network without a rate.
//!
//! Whoever says such a thing goes on at once, so what became of it is known here: a place that did not take it is waited
//! for from then on, and what a connection had not taken when it ended goes to the next one. Not the queue of what was
//! taken, which ends with its connection. Layer 2.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use wilco_contract::ids::{OpId, Place};

/// How long what was left waits for another connection: as long as whoever sends waits for one.
const GRACE: Duration = Duration::from_secs(10);
/// How many places that did not take something are remembered; of more, some are asked as if nothing had been.
const MOST_DOUBTED: usize = 64;

/// Lines for a place, before it is known how many bytes fit into one there.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) place: Place,
    pub(super) lines: Vec<String>,
    /// The operation that they tell of.
    pub(super) operation: Option<OpId>,
}

/// What is known of it, over all connections of a connector.
#[derive(Debug, Default)]
pub(super) struct Handed(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    doubted: BTreeSet<Place>,
    left: Vec<(Instant, Said)>,
}

impl Handed {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Each change is one step, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last thing that was said to a place was not taken.
    pub(super) fn doubts(&self, place: &Place) -> bool {
        self.known().doubted.contains(place)
    }

    /// A place took something, or did not.
    pub(super) fn knows(&self, place: &Place, took: bool) {
        let mut known = self.known();
        if took {
            known.doubted.remove(place);
        } else if known.doubted.len() < MOST_DOUBTED {
            known.doubted.insert(place.clone());
        }
    }

    /// A connection ended before it took this.
    pub(super) fn leave(&self, said: Said) {
        self.known().left.push((Instant::now(), said));
    }

    /// What was left, the first first; and that of which the time is over.
    pub(super) fn take(&self) -> (Vec<Said>, Vec<Said>) {
        let left = std::mem::take(&mut self.known().left);
        let (now, late): (Vec<_>, Vec<_>) = left.into_iter().partition(|(at, _)| at.elapsed() <= GRACE);
        let said = |all: Vec<(Instant, Said)>| all.into_iter().map(|(_, said)| said).collect();
        (said(now), said(late))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: usize) -> Place {
        Place::parse(&format!("irc:#{number}")).expect("a place")
    }

    #[test]
    fn a_place_is_doubted_until_it_takes_something() {
        let handed = Handed::default();
        handed.knows(&place(0), false);
        assert!(handed.doubts(&place(0)) && !handed.doubts(&place(1)));
        handed.knows(&place(0), true);
        assert!(!handed.doubts(&place(0)));
        (0..2 * MOST_DOUBTED).for_each(|number| handed.knows(&place(number), false));
        assert!(handed.doubts(&place(0)) && !handed.doubts(&place(MOST_DOUBTED)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_left_waits_for_a_while_and_in_its_order() {
        let handed = Handed::default();
        let leave = |number| handed.leave(Said { place: place(number), lines: Vec::new(), operation: None });
        leave(1);
        tokio::time::advance(GRACE).await;
        leave(2);
        leave(3);
        tokio::time::advance(Duration::from_millis(1)).await;
        let (now, late) = handed.take();
        let places = |all: Vec<Said>| all.into_iter().map(|said| said.place).collect::<Vec<_>>();
        assert_eq!((places(now), places(late)), (vec![place(2), place(3)], vec![place(1)]));
        let (now, late) = handed.take();
        assert!(now.is_empty() && late.is_empty());
    }
}
