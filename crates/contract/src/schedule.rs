//! Schedules: orders that are due at times. Plain data, from the packs, and when they are due.
//!
//! Not the waiting: the engine does that. Times of a cron expression are times of a clock on a wall: one that a change
//! to summer time leaves out is due at the next minute that there is, one that comes twice is due once. Layer 0.

use std::fmt;

use cronexpr::{Crontab, FallbackTimezoneOption, ParseOptions, parse_crontab_with};
use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{Origin, Place},
    policy::Zone,
};

/// The shortest span between two times, in seconds.
pub const SHORTEST_SECS: u64 = 60;
/// The longest, in seconds: a year.
pub const LONGEST_SECS: u64 = 366 * 86_400;
/// How late a time may be reached and still not be missed, in seconds.
pub const LATE_SECS: i64 = 60;

/// An order that is due at times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its full name: the pack's, a dot, its own.
    pub name: String,
    /// When it is due.
    pub when: Cadence,
    /// In which zone; absent: the configuration's.
    pub zone: Option<Zone>,
    /// What becomes of times that were missed.
    pub missed: Missed,
    /// The order that it gives, as `schedule:<name>`.
    pub run: String,
    /// Where it belongs; absent: the home room.
    pub place: Option<Place>,
    /// Where it was declared.
    pub origin: Origin,
}

/// What becomes of times at which Wilco did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missed {
    /// Nothing.
    #[default]
    Skip,
    /// The last of them is made up for.
    Once,
}

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cadence {
    /// At times of the day, of days, of months.
    Cron(Cron),
    /// Every so many seconds, counted from the beginning of 1970 in UTC, so that restarts do not move it.
    Every(u64),
}

/// A cron expression of five fields.
#[derive(Clone)]
pub struct Cron {
    source: String,
    tab: Crontab,
}

/// By what was written; what is made of it follows.
impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Cron {}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cron({})", self.source)
    }
}

/// A cron expression that cannot be read, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadCron(String);

impl Cron {
    /// Reads minute, hour, day of the month, month, day of the week.
    ///
    /// # Errors
    /// When it is something else, or names no time that ever comes.
    pub fn parse(source: &str) -> Result<Self, BadCron> {
        let fields = source.split_whitespace().count();
        if fields != 5 {
            return Err(BadCron(format!("it has {fields} fields and not five")));
        }
        // It is asked in UTC for times on a wall; the zone comes in afterwards.
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        let tab = parse_crontab_with(source, options).map_err(|error| BadCron(told(&error.to_string())))?;
        if tab.find_next("2024-01-01T00:00:00Z").is_err() {
            return Err(BadCron("it names a day that never comes".to_owned()));
        }
        Ok(Self { source: source.to_owned(), tab })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The next time on a wall.
    fn next(&self, after: DateTime) -> Option<DateTime> {
        let after = after.to_zoned(TimeZone::UTC).ok()?;
        self.tab.find_next(after.timestamp()).ok().map(|next| next.datetime())
    }
}

/// The last line of a picture of what is wrong.
fn told(error: &str) -> String {
    let line = error.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it cannot be read");
    line.trim().trim_start_matches(['^', ' ']).to_owned()
}

impl Cadence {
    /// The first time after this at which it is due; none where there is none any more.
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Every(secs) => {
                let secs = i64::try_from(*secs).ok()?;
                let since = after.as_second().div_euclid(secs);
                Timestamp::from_second(since.checked_add(1)?.checked_mul(secs)?).ok()
            }
            Self::Cron(cron) => {
                let mut wall = after.to_zoned(zone.clone()).datetime();
                // A wall that goes back an hour shows times again that were due before.
                loop {
                    wall = cron.next(wall)?;
                    let due = instant(wall, zone)?;
                    if due > after {
                        return Some(due);
                    }
                }
            }
        }
    }

    /// The last time after `after` and not after `until` at which it was due.
    #[must_use]
    pub fn last(&self, after: Timestamp, until: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if let Self::Every(secs) = self {
            let secs = i64::try_from(*secs).ok()?;
            let last = until.as_second().div_euclid(secs).checked_mul(secs)?;
            return Timestamp::from_second(last).ok().filter(|last| *last > after);
        }
        // The least look back that finds something, so that no year is counted in minutes.
        let mut back = SignedDuration::from_hours(1);
        loop {
            let from = until.checked_sub(back).map_or(after, |from| from.max(after));
            let mut found = None;
            let mut at = from;
            while let Some(due) = self.next(at, zone).filter(|due| *due <= until) {
                (found, at) = (Some(due), due);
            }
            if found.is_some() || from == after {
                return found;
            }
            back = back.checked_mul(24).unwrap_or(SignedDuration::MAX);
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => f.write_str(&cron.source),
            Self::Every(secs) => {
                let (count, unit) = match secs {
                    secs if secs % 86_400 == 0 => (secs / 86_400, "d"),
                    secs if secs % 3_600 == 0 => (secs / 3_600, "h"),
                    secs if secs % 60 == 0 => (secs / 60, "m"),
                    secs => (*secs, "s"),
                };
                write!(f, "every {count}{unit}")
            }
        }
    }
}

/// When the wall shows this time first; the next minute that there is where it never does.
fn instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    let is_gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    let earlier = ambiguous.earlier().ok()?;
    // Read with the offset from behind the gap, it lies before the change that makes the gap.
    if is_gap { zone.following(earlier).next().map(|change| change.timestamp()) } else { Some(earlier) }
}

/// Something that happened to a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ScheduleEvent {
    /// It was seen for the first time: what was due before was not missed.
    Began {
        /// Which.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// It was due, and its order was given. Not later than an earlier one, or while it is paused, a conflict.
    Fired {
        /// Which.
        name: String,
        /// The time at which it was due.
        due: Timestamp,
    },
    /// It is not to be due until it is resumed.
    Paused {
        /// Which.
        name: String,
        /// Who wished it, as [`crate::principal::Principal::key`].
        by: String,
        /// Since when.
        at: Timestamp,
    },
    /// It is due again. What it would have been due at meanwhile was not missed.
    Resumed {
        /// Which.
        name: String,
        /// Who wished it.
        by: String,
        /// Since when.
        at: Timestamp,
    },
}

impl ScheduleEvent {
    /// Which schedule.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Began { name, .. }
            | Self::Fired { name, .. }
            | Self::Paused { name, .. }
            | Self::Resumed { name, .. } => name,
        }
    }

    /// Its kind in the journal.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Began { .. } => "schedule.began",
            Self::Fired { .. } => "schedule.fired",
            Self::Paused { .. } => "schedule.paused",
            Self::Resumed { .. } => "schedule.resumed",
        }
    }

    /// Who brought it about.
    #[must_use]
    pub fn who(&self) -> String {
        match self {
            Self::Began { .. } => "wilco".to_owned(),
            Self::Fired { name, .. } => format!("schedule:{name}"),
            Self::Paused { by, .. } | Self::Resumed { by, .. } => by.clone(),
        }
    }
}

/// How a schedule stands: the sum of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// Which.
    pub name: String,
    /// All that was due up to this is dealt with.
    pub seen: Timestamp,
    /// The last time at which it was due and its order was given.
    pub fired: Option<Timestamp>,
    /// Who paused it, and when.
    pub paused: Option<(String, Timestamp)>,
}

impl ScheduleState {
    /// How it stands after an event.
    ///
    /// # Errors
    /// When the event does not fit, in a sentence.
    pub fn after(stored: Option<&Self>, event: &ScheduleEvent) -> Result<Self, String> {
        let name = event.name();
        let mut state = match (stored, event) {
            (Some(stored), _) => stored.clone(),
            (None, ScheduleEvent::Began { at, .. } | ScheduleEvent::Paused { at, .. }) => {
                Self { name: name.to_owned(), seen: *at, fired: None, paused: None }
            }
            (None, _) => return Err(format!("the schedule `{name}` never began")),
        };
        match event {
            ScheduleEvent::Began { .. } if stored.is_some() => {
                return Err(format!("the schedule `{name}` began before"));
            }
            ScheduleEvent::Began { .. } => {}
            ScheduleEvent::Fired { .. } if state.paused.is_some() => {
                return Err(format!("the schedule `{name}` is paused"));
            }
            ScheduleEvent::Fired { due, .. } if *due <= state.seen => {
                return Err(format!("the schedule `{name}` was due at {due} before"));
            }
            ScheduleEvent::Fired { due, .. } => (state.seen, state.fired) = (*due, Some(*due)),
            ScheduleEvent::Paused { by, at, .. } => state.paused = Some((by.clone(), *at)),
            ScheduleEvent::Resumed { at, .. } => {
                state.paused = None;
                state.seen = state.seen.max(*at);
            }
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// The next times after one, as that zone's walls show them.
    fn next(cron: &str, name: &str, after: &str, count: usize) -> Vec<String> {
        let cadence = Cadence::Cron(Cron::parse(cron).expect("a cron expression"));
        let (zone, mut at) = (zone(name), at(after));
        let mut found = Vec::new();
        for _ in 0..count {
            at = cadence.next(at, &zone).expect("a time");
            found.push(at.to_zoned(zone.clone()).strftime("%m-%d %H:%M%:z").to_string());
        }
        found
    }

    #[test]
    fn a_time_that_summer_time_leaves_out_is_due_at_the_next_minute_there_is() {
        assert_eq!(
            next("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
            ["03-28 02:30+01:00", "03-29 03:00+02:00", "03-30 02:30+02:00"]
        );
        // Half an hour is left out there.
        assert_eq!(
            next("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T16:00:00Z", 2),
            ["10-04 02:30+11:00", "10-05 02:15+11:00"]
        );
        assert_eq!(
            next("*/30 2,3 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", 3),
            ["03-29 03:00+02:00", "03-29 03:30+02:00", "03-30 02:00+02:00"]
        );
        // A whole day is left out: it is due as the next one begins, once.
        assert_eq!(
            next("0 9 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 3),
            ["12-29 09:00-10:00", "12-31 00:00+14:00", "12-31 09:00+14:00"]
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        assert_eq!(
            next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["10-25 02:30+02:00", "10-26 02:30+01:00"]
        );
        assert_eq!(
            next("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:10:00Z", 2),
            ["10-25 02:30+02:00", "10-25 03:00+01:00"]
        );
        // From within the second hour on.
        assert_eq!(next("*/30 * * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1), ["10-25 03:00+01:00"]);
    }

    #[test]
    fn a_span_is_counted_from_a_time_that_no_restart_moves() {
        let every = Cadence::Every(5_400);
        let utc = TimeZone::UTC;
        assert_eq!(every.next(at("1970-01-01T01:29:59Z"), &utc), Some(at("1970-01-01T01:30:00Z")));
        assert_eq!(every.next(at("1970-01-01T01:30:00Z"), &utc), Some(at("1970-01-01T03:00:00Z")));
        let last = |after, until| every.last(at(after), at(until), &utc);
        assert_eq!(last("1970-01-01T00:00:00Z", "1970-01-01T04:00:00Z"), Some(at("1970-01-01T03:00:00Z")));
        assert_eq!(last("1970-01-01T03:00:00Z", "1970-01-01T04:00:00Z"), None);
        assert_eq!(every.to_string(), "every 90m");
    }

    #[test]
    fn the_last_time_is_found_over_years() {
        let yearly = Cadence::Cron(Cron::parse("0 0 29 2 *").expect("a cron expression"));
        let last = yearly.last(at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), &TimeZone::UTC);
        assert_eq!(last, Some(at("2024-02-29T00:00:00Z")));
        let often = Cadence::Cron(Cron::parse("* * * * *").expect("a cron expression"));
        let last = often.last(at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:30Z"), &TimeZone::UTC);
        assert_eq!(last, Some(at("2026-01-01T00:00:00Z")));
    }

    #[test]
    fn what_is_no_cron_expression_is_said_in_a_line() {
        for wrong in ["", "* * * *", "* * * * * UTC", "61 * * * *", "x * * * *", "0 0 31 2 *", "0 9 * * 1-9"]
        {
            let error = Cron::parse(wrong).expect_err(wrong).to_string();
            assert!(!error.is_empty() && !error.contains('\n'), "{wrong}: {error}");
        }
        assert!(Cron::parse("0 9 * * MON-FRI").is_ok());
    }
}
