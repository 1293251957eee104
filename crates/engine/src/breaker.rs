//! The loop breaker: a program that is set off again and again in one place is stopped there for a while.
//!
//! Two bots that answer each other would go on all night; nobody who wrote one of them sees that coming. It counts in
//! memory: a restart lets everything go on. Layer 1.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use wilco_contract::{
    ids::Place,
    reply::Reply,
    store::{AuditEntry, Record},
};

use crate::{core::Core, outbox, planning::later, words};

/// So many times within [`WITHIN_SECS`] and it is stopped.
const MOST: usize = 5;
/// In seconds.
const WITHIN_SECS: i64 = 60;
/// For how long it is stopped, in seconds.
const STOPPED_SECS: i64 = 600;
/// From so many on, what was long ago is forgotten.
const MANY: usize = 1_024;

/// How often programs were set off.
#[derive(Default)]
pub(crate) struct Breaker {
    counts: Mutex<HashMap<(Place, String), Count>>,
}

#[derive(Default)]
struct Count {
    times: VecDeque<Timestamp>,
    until: Option<Timestamp>,
}

/// Whether a program goes on.
#[derive(Debug, PartialEq, Eq)]
enum Pass {
    Goes,
    /// This once, and then no more until this time.
    Last(Timestamp),
    Stopped,
}

impl Breaker {
    fn counts(&self) -> MutexGuard<'_, HashMap<(Place, String), Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, place: &Place, program: &str, now: Timestamp) -> Pass {
        let since = later(now, -WITHIN_SECS);
        let mut counts = self.counts();
        if counts.len() >= MANY {
            counts.retain(|_, count| count.is_alive(now, since));
        }
        let count = counts.entry((place.clone(), program.to_owned())).or_default();
        if count.until.is_some_and(|until| now < until) {
            return Pass::Stopped;
        }
        count.until = None;
        count.times.retain(|time| *time > since && *time <= now);
        count.times.push_back(now);
        if count.times.len() < MOST {
            return Pass::Goes;
        }
        count.times.clear();
        let until = later(now, STOPPED_SECS);
        count.until = Some(until);
        Pass::Last(until)
    }

    /// Lets a program go on everywhere. Whether it was stopped anywhere.
    pub(crate) fn resume(&self, program: &str, now: Timestamp) -> bool {
        let mut was = false;
        self.counts().retain(|(_, name), count| {
            let this = name == program && count.until.is_some_and(|until| now < until);
            was |= this;
            !this
        });
        was
    }
}

impl Count {
    fn is_alive(&self, now: Timestamp, since: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until) || self.times.back().is_some_and(|time| *time > since)
    }
}

/// Whether a program may be set off in a place, `rule:<name>` or `listener:<name>`. The time after which it may not
/// any more is told in the home room, once.
pub(crate) async fn passes(core: &Arc<Core>, place: &Place, program: &str) -> bool {
    let until = match core.breaker.count(place, program, core.clock.now()) {
        Pass::Goes => return true,
        Pass::Stopped => return false,
        Pass::Last(until) => until,
    };
    let live = core.live.load();
    let (name, home) = (live.setup.name.clone(), live.setup.home.clone());
    drop(live);
    let (at, words) = (words::time(core, until), program.replacen(':', " ", 1));
    let text = format!(
        "`{program}` was set off {MOST} times within a minute in {place}, so it is stopped there until {at}. \
         `{name} resume {words}` ends that sooner."
    );
    let entry = AuditEntry {
        kind: "program.stopped".to_owned(),
        who: program.to_owned(),
        account: None,
        operation: None,
        command: None,
        place: Some(place.clone()),
        text: text.clone(),
        rule: Some("the loop breaker".to_owned()),
    };
    let line = outbox::line(core, &home, None, Reply::text(text));
    match core.commit(vec![Record::Audit(entry), line]).await {
        Ok(()) => outbox::ring(core, &home),
        Err(error) => tracing::error!(program, %error, "That it is stopped could not be told."),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).expect("a time")
    }

    #[test]
    fn five_within_a_minute_are_the_last_for_ten_minutes() {
        let breaker = Breaker::default();
        let (ops, dev) =
            (Place::parse("web:ops").expect("a place"), Place::parse("web:dev").expect("a place"));
        let count = |place: &Place, secs| breaker.count(place, "rule:x", at(secs));
        for secs in [0, 10, 20, 30] {
            assert_eq!(count(&ops, secs), Pass::Goes);
        }
        assert_eq!(count(&dev, 30), Pass::Goes, "each place counts by itself");
        assert_eq!(count(&ops, 61), Pass::Goes, "the first one is more than a minute ago");
        assert_eq!(count(&ops, 62), Pass::Last(at(662)));
        assert_eq!((count(&ops, 63), count(&ops, 661)), (Pass::Stopped, Pass::Stopped));
        assert_eq!(breaker.count(&ops, "rule:y", at(661)), Pass::Goes, "so does each program");
        assert_eq!(count(&ops, 662), Pass::Goes);
    }

    #[test]
    fn what_is_stopped_goes_on_when_somebody_says_so() {
        let breaker = Breaker::default();
        let ops = Place::parse("web:ops").expect("a place");
        assert!(!breaker.resume("rule:x", at(0)));
        for _ in 0..MOST {
            breaker.count(&ops, "rule:x", at(0));
        }
        assert_eq!(breaker.count(&ops, "rule:x", at(1)), Pass::Stopped);
        assert!(breaker.resume("rule:x", at(1)));
        assert_eq!(breaker.count(&ops, "rule:x", at(1)), Pass::Goes);
    }
}
