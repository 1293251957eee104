//! How much is told in a room: its budget of lines, the families that may still join one, its count of messages.
//!
//! Not kept over a restart: a new start is a new budget. Layer 1.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// The most lines about events in a room within [`SPAN`]; what is more is counted in one line. Loud ones are exempt.
pub(super) const LINES: usize = 20;
/// The span of budgets, of rooms and of threads.
pub(super) const SPAN: SignedDuration = SignedDuration::from_mins(10);

/// A room.
pub(super) struct RoomState {
    /// How many messages it has had, as far as Wilco saw them.
    pub(super) count: u64,
    /// When lines about events were posted lately.
    lines: VecDeque<Timestamp>,
    /// The line that a family may join, by the family: its slot, and until when.
    pub(super) families: HashMap<String, (u64, Timestamp)>,
    /// The slot that counts what is too much, and when something was last too much.
    pub(super) overflow: Option<(u64, Timestamp)>,
}

impl RoomState {
    pub(super) fn new(count: u64) -> Self {
        Self { count, lines: VecDeque::new(), families: HashMap::new(), overflow: None }
    }

    /// Counts a message of ours, and returns how many there are with it.
    pub(super) fn posted(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Spends a line. Whether there was one to spend; who is exempt spends it all the same.
    pub(super) fn spend(&mut self, now: Timestamp, exempt: bool) -> bool {
        while self.lines.front().is_some_and(|at| now.duration_since(*at) >= SPAN) {
            self.lines.pop_front();
        }
        if self.lines.len() >= LINES && !exempt {
            return false;
        }
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(now);
        true
    }

    /// The slot that a family may still join.
    pub(super) fn joinable(&mut self, family: &str, now: Timestamp) -> Option<u64> {
        let (slot, until) = *self.families.get(family)?;
        if now < until {
            return Some(slot);
        }
        self.families.remove(family);
        None
    }

    /// Lets a family join a slot until then.
    pub(super) fn let_join(&mut self, family: &str, slot: u64, now: Timestamp, until: Timestamp) {
        self.families.retain(|_, (_, until)| now < *until);
        self.families.insert(family.to_owned(), (slot, until));
    }

    /// Whether this slot may still be joined or counts on.
    pub(super) fn uses(&self, slot: u64) -> bool {
        self.overflow.is_some_and(|(number, _)| number == slot)
            || self.families.values().any(|(number, _)| *number == slot)
    }
}
