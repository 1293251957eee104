//! Circuit breakers: what fails again and again is left alone for a while, and then tried by one call alone.
//!
//! Not the trying again, which is up to whoever calls, and no clock: whoever calls says what time it is. Layer 1.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::telemetry;

/// So many failures in a row and it is left alone.
pub const FAILURES: u32 = 5;
/// For how long at first; it doubles with each try that fails.
const FIRST: Duration = Duration::from_secs(10);
/// How long others wait while one call tries.
const TRIED: Duration = Duration::from_secs(1);
/// How many things that fail are remembered at once; of more, those that fail least are forgotten.
const MOST: usize = 1_024;

/// The circuits of things of one kind, by name. A thing that does not fail takes no room.
#[derive(Debug)]
pub struct Circuits {
    kind: &'static str,
    name: Option<String>,
    /// The longest that something is left alone.
    longest: Duration,
    failing: Mutex<BTreeMap<String, Failing>>,
}

/// Something that failed the last time.
#[derive(Debug, Default)]
struct Failing {
    /// How often in a row.
    failures: u32,
    /// How often it was left alone in a row.
    shut: u32,
    /// Until when it is left alone.
    until: Option<Timestamp>,
    /// Whether a call tries it.
    tried: bool,
}

/// That something is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shut {
    /// How often it failed in a row.
    pub failures: u32,
    /// When it is tried again; none while that is under way.
    pub until: Option<Timestamp>,
}

impl fmt::Display for Shut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed {} times in a row; ", self.failures)?;
        match self.until {
            Some(until) => write!(f, "it is tried again at {}", until.strftime("%H:%M:%S UTC")),
            None => f.write_str("it is being tried again"),
        }
    }
}

impl Shut {
    /// How long it is until it makes sense to ask again, in whole seconds.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Duration {
        let left = self.until.map_or(SignedDuration::ZERO, |until| until.duration_since(now));
        let left = Duration::try_from(left).unwrap_or_default();
        // Rounded up: whoever comes a moment too early would ask again at once.
        Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0)).max(TRIED)
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Well.
    Good,
    /// In a way that says that the next one will not do better.
    Bad,
    /// In a way that says nothing about the next one.
    Neither,
}

/// A call that goes on. Dropped without its end, it counts for nothing.
#[derive(Debug)]
pub struct Pass<'a> {
    circuits: &'a Circuits,
    name: &'a str,
    tries: bool,
}

impl Circuits {
    /// Those of a kind, each told in the metrics by its own name: `server`.
    #[must_use]
    pub fn of_each(kind: &'static str, longest: Duration) -> Self {
        Self { kind, name: None, longest, failing: Mutex::default() }
    }

    /// Those of the parts of one thing, told in the metrics by its name alone: the places of a `connector`.
    #[must_use]
    pub fn within(kind: &'static str, name: &str, longest: Duration) -> Self {
        Self { kind, name: Some(name.to_owned()), longest, failing: Mutex::default() }
    }

    fn failing(&self) -> MutexGuard<'_, BTreeMap<String, Failing>> {
        // Each change under the lock is one step, so a panic elsewhere leaves it whole.
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call goes on now. Where its time has come, one call tries and the others wait for how it ends.
    ///
    /// # Errors
    /// When it is left alone.
    pub fn enter<'a>(&'a self, name: &'a str, now: Timestamp) -> Result<Pass<'a>, Shut> {
        let mut failing = self.failing();
        let mut tries = false;
        if let Some(known) = failing.get_mut(name)
            && let Some(until) = known.until
        {
            let failures = known.failures;
            // A wall clock that was set back must not leave something alone for hours.
            let ahead = until.duration_since(now);
            let is_over = ahead <= SignedDuration::ZERO || ahead.unsigned_abs() > self.longest;
            let shut = match (is_over, known.tried) {
                (true, false) => None,
                (true, true) => Some(Shut { failures, until: None }),
                (false, _) => Some(Shut { failures, until: Some(until) }),
            };
            if let Some(shut) = shut {
                let label = self.label(name);
                metrics::counter!(telemetry::CIRCUIT_REFUSED, "kind" => self.kind, "name" => label)
                    .increment(1);
                return Err(shut);
            }
            (known.tried, tries) = (true, true);
        }
        Ok(Pass { circuits: self, name, tries })
    }

    /// What is left alone, by name.
    #[must_use]
    pub fn shut(&self) -> Vec<(String, Shut)> {
        let shut = |(name, known): (&String, &Failing)| {
            let until = known.until?;
            Some((
                name.clone(),
                Shut { failures: known.failures, until: Some(until).filter(|_| !known.tried) },
            ))
        };
        self.failing().iter().filter_map(shut).collect()
    }

    /// Forgets what failed, of all of them or of those that this says.
    pub fn forget(&self, which: impl Fn(&str) -> bool) {
        let gone: Vec<_> =
            self.failing().extract_if(.., |name, _| which(name)).map(|(name, _)| name).collect();
        for name in gone {
            self.tell(&name);
        }
    }

    fn label(&self, name: &str) -> String {
        self.name.as_deref().unwrap_or(name).to_owned()
    }

    /// How many are left alone, for the metrics.
    fn tell(&self, name: &str) {
        let failing = self.failing();
        let shut = match &self.name {
            None => usize::from(failing.get(name).is_some_and(|known| known.until.is_some())),
            Some(_) => failing.values().filter(|known| known.until.is_some()).count(),
        };
        drop(failing);
        let gauge =
            metrics::gauge!(telemetry::CIRCUITS_OPEN, "kind" => self.kind, "name" => self.label(name));
        gauge.set(f64::from(u32::try_from(shut).unwrap_or(u32::MAX)));
    }
}

impl Pass<'_> {
    /// Says how it ended.
    pub fn end(self, end: End, now: Timestamp) {
        let mut failing = self.circuits.failing();
        let changed = match end {
            End::Good => failing.remove(self.name).is_some_and(|known| known.until.is_some()),
            End::Neither => false,
            End::Bad => {
                if failing.len() >= MOST {
                    failing.retain(|_, known| known.until.is_some());
                }
                if failing.len() >= MOST {
                    failing.clear();
                }
                let known = failing.entry(self.name.to_owned()).or_default();
                known.failures = known.failures.saturating_add(1);
                // Calls that had begun before it was left alone make that no longer.
                let shuts = self.tries || (known.failures >= FAILURES && known.until.is_none());
                if shuts {
                    let pause = FIRST.saturating_mul(1 << known.shut.min(8)).min(self.circuits.longest);
                    known.shut += 1;
                    known.until = Some(now.checked_add(pause).unwrap_or(Timestamp::MAX));
                }
                shuts
            }
        };
        drop(failing);
        if changed {
            self.circuits.tell(self.name);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.tries
            && let Some(known) = self.circuits.failing().get_mut(self.name)
        {
            known.tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTES: Duration = Duration::from_secs(300);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).expect("a time")
    }

    fn fails(circuits: &Circuits, name: &str, secs: i64) {
        circuits.enter(name, at(secs)).expect("it goes on").end(End::Bad, at(secs));
    }

    fn shut(circuits: &Circuits, name: &str, secs: i64) -> Option<String> {
        let entered = circuits.enter(name, at(secs));
        entered.err().map(|shut| shut.to_string())
    }

    #[test]
    fn five_failures_in_a_row_and_it_is_left_alone_until_one_call_tries() {
        let circuits = Circuits::of_each("server", MINUTES);
        for secs in 0..4 {
            fails(&circuits, "ci", secs);
        }
        circuits.enter("ci", at(4)).expect("it goes on").end(End::Good, at(4));
        for secs in 5..9 {
            fails(&circuits, "ci", secs);
            circuits.enter("ci", at(secs)).expect("it goes on").end(End::Neither, at(secs));
        }
        assert_eq!(shut(&circuits, "ci", 9), None, "four in a row");
        fails(&circuits, "ci", 9);
        let told = "failed 5 times in a row; it is tried again at 00:00:19 UTC";
        assert_eq!(shut(&circuits, "ci", 18).as_deref(), Some(told));
        assert_eq!(shut(&circuits, "web", 18), None, "each by itself");
        let tries = circuits.enter("ci", at(19)).expect("its time has come");
        assert_eq!(
            shut(&circuits, "ci", 19).as_deref(),
            Some("failed 5 times in a row; it is being tried again")
        );
        tries.end(End::Bad, at(19));
        assert_eq!(circuits.shut(), [("ci".to_owned(), Shut { failures: 6, until: Some(at(39)) })]);
        circuits.enter("ci", at(39)).expect("its time has come").end(End::Good, at(39));
        assert_eq!((shut(&circuits, "ci", 39), circuits.shut().len()), (None, 0));
    }

    #[test]
    fn the_pause_grows_to_the_longest() {
        let circuits = Circuits::of_each("server", MINUTES);
        (0..4).for_each(|_| fails(&circuits, "ci", 0));
        let mut now = 0;
        let pauses: Vec<_> = (0..7)
            .map(|_| {
                fails(&circuits, "ci", now);
                let until = circuits.shut()[0].1.until.expect("a time").as_second();
                let pause = until - now;
                now = until;
                pause
            })
            .collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(
            shut(&circuits, "ci", 0),
            None,
            "a clock that was set back leaves nothing alone for hours"
        );
    }

    #[test]
    fn a_try_that_was_given_up_leaves_the_next_one_to_another_call() {
        let circuits = Circuits::within("connector", "irc", MINUTES);
        (0..5).for_each(|_| fails(&circuits, "irc:#ops", 0));
        drop(circuits.enter("irc:#ops", at(10)).expect("its time has come"));
        drop(circuits.enter("irc:#ops", at(10)).expect("it was given up"));
        let shut = circuits.enter("irc:#ops", at(9)).expect_err("it is left alone");
        assert_eq!((shut.wait(at(9)).as_secs(), shut.wait(at(10)).as_secs()), (1, 1));
        circuits.forget(|_| true);
        assert!(circuits.enter("irc:#ops", at(0)).is_ok());
    }

    #[test]
    fn what_fails_is_remembered_within_bounds() {
        let circuits = Circuits::within("connector", "irc", MINUTES);
        for number in 0..3 * MOST {
            fails(&circuits, &format!("irc:@{number}"), 0);
        }
        assert!(circuits.failing().len() <= MOST);
    }
}
