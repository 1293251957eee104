//! From the text of a time to its day, clock and zone.
//!
//! Not which moment that is. Layer 0.

use std::time::Duration;

use jiff::{
    civil::{Date, Time, Weekday},
    tz::Offset,
};

use super::EXPECTED;
use crate::values::{Asked, span::read_duration};

/// The longest text of a time, in bytes.
const MAX_TEXT: usize = 80;

/// A time as it was said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Now,
    From(Duration),
    Ago(Duration),
    At { day: Option<Day>, clock: Time, zone: Option<Zone> },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Day {
    Yesterday,
    Today,
    Tomorrow,
    On(Weekday),
    Date(Date),
}

/// The zone that a time was said in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    Offset(Offset),
    /// The configured zone, by its own name.
    Own,
    /// What the configured zone is called at some time of the year: `CEST`.
    Called(String),
}

pub(super) fn parse(text: &str, asked: &Asked<'_>) -> Result<Said, String> {
    let expected = || EXPECTED.to_owned();
    let text = text.trim();
    if text.len() > MAX_TEXT || !text.is_ascii() {
        return Err(expected());
    }
    let lower = text.to_ascii_lowercase();
    let span = |text: &str| read_duration(text).filter(|span| !span.is_zero()).ok_or_else(expected);
    if lower == "now" {
        return Ok(Said::Now);
    }
    if let Some(rest) = lower.strip_prefix("in ") {
        return span(rest).map(Said::From);
    }
    if let Some(rest) = lower.strip_suffix(" ago") {
        return span(rest).map(Said::Ago);
    }
    let mut parts = Parts { asked, day: None, clock: None, half: false, bare: false, zone: None };
    for word in text.split_ascii_whitespace() {
        parts.take(word)?;
    }
    match (parts.day, parts.clock) {
        (_, Some(_)) if parts.bare => {
            Err("a time of day with minutes, as in `9:00`, or with `am` or `pm`, as in `9am`".to_owned())
        }
        (day, Some(clock)) => Ok(Said::At { day, clock, zone: parts.zone }),
        (Some(_), None) => Err("a time of day; say the hour, too, as in `friday 18:00`".to_owned()),
        (None, None) => Err(expected()),
    }
}

struct Parts<'a> {
    asked: &'a Asked<'a>,
    day: Option<Day>,
    clock: Option<Time>,
    /// Whether the clock has `am` or `pm`.
    half: bool,
    /// Whether the clock is a mere number so far: `9`, where `am` may follow.
    bare: bool,
    zone: Option<Zone>,
}

impl Parts<'_> {
    fn take(&mut self, word: &str) -> Result<(), String> {
        let expected = || Err(EXPECTED.to_owned());
        let lower = word.to_ascii_lowercase();
        if lower == "at" {
            return if self.clock.is_none() { Ok(()) } else { expected() };
        }
        if let Some((day, rest)) = day(&lower) {
            if self.day.replace(day).is_some() {
                return expected();
            }
            return if rest.is_empty() { Ok(()) } else { self.clock(rest) };
        }
        if matches!(&lower[..], "am" | "pm") {
            let Some(clock) = self.clock.filter(|_| !self.half && self.zone.is_none()) else {
                return expected();
            };
            (self.half, self.bare) = (true, false);
            self.clock = Some(half(clock, &lower).ok_or(EXPECTED)?);
            return Ok(());
        }
        if self.clock.is_some() && !lower.starts_with(|c: char| c.is_ascii_digit()) {
            return self.zone(word);
        }
        self.clock(&lower)
    }

    /// Takes `18:00`, `9am`, `18:00:30z`, `18:00+01:00`, and `9` where `am` may follow.
    fn clock(&mut self, word: &str) -> Result<(), String> {
        if self.clock.is_some() {
            return Err(EXPECTED.to_owned());
        }
        let end = word.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(word.len());
        let (number, rest) = word.split_at(end);
        let (clock, whole) = clock(number).ok_or(EXPECTED)?;
        match rest {
            "am" | "pm" => {
                self.half = true;
                self.clock = Some(half(clock, rest).ok_or(EXPECTED)?);
                Ok(())
            }
            "" if !whole => {
                (self.clock, self.bare) = (Some(clock), true);
                Ok(())
            }
            _ if !whole => Err(EXPECTED.to_owned()),
            "" => {
                self.clock = Some(clock);
                Ok(())
            }
            zone => {
                self.clock = Some(clock);
                self.zone(zone)
            }
        }
    }

    fn zone(&mut self, word: &str) -> Result<(), String> {
        let zone = zone(word, self.asked);
        let unknown = || {
            format!("in a zone that is known here; `{word}` can be said as an offset, as in `18:00+01:00`")
        };
        let zone = zone.ok_or_else(unknown)?;
        if self.zone.replace(zone).is_some() { Err(EXPECTED.to_owned()) } else { Ok(()) }
    }
}

/// The day that a word begins with, and what stands behind it: `friday-18:00`, `2026-11-27t18:00`.
pub(super) fn day(word: &str) -> Option<(Day, &str)> {
    if word.get(..10).is_some_and(|date| date.as_bytes()[4] == b'-') {
        let (date, rest) = word.split_at(10);
        let is_date = date
            .bytes()
            .enumerate()
            .all(|(at, c)| matches!(at, 4 | 7) == (c == b'-') && (c == b'-' || c.is_ascii_digit()));
        let date: Date = date.parse().ok().filter(|_| is_date)?;
        return Some((Day::Date(date), rest.strip_prefix(['t', '-']).unwrap_or(rest)));
    }
    let end = word.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(word.len());
    let day = match &word[..end] {
        "yesterday" => Day::Yesterday,
        "today" => Day::Today,
        "tomorrow" => Day::Tomorrow,
        "monday" | "mon" => Day::On(Weekday::Monday),
        "tuesday" | "tue" | "tues" => Day::On(Weekday::Tuesday),
        "wednesday" | "wed" => Day::On(Weekday::Wednesday),
        "thursday" | "thu" | "thur" | "thurs" => Day::On(Weekday::Thursday),
        "friday" | "fri" => Day::On(Weekday::Friday),
        "saturday" | "sat" => Day::On(Weekday::Saturday),
        "sunday" | "sun" => Day::On(Weekday::Sunday),
        _ => return None,
    };
    let rest = &word[end..];
    // `friday,` and `friday-` are the day with a sign behind it.
    let rest = rest.strip_prefix(['-', ',', '@']).unwrap_or(rest);
    Some((day, rest))
}

/// The clock time of `18:00`, `18:00:30` or `18:00:30.5`, and whether it has minutes.
fn clock(number: &str) -> Option<(Time, bool)> {
    let mut parts = number.split(':');
    let two = |part: &str| (1..=2).contains(&part.len()).then(|| part.parse::<i8>().ok()).flatten();
    let hour = two(parts.next()?)?;
    let Some(minute) = parts.next() else { return Some((Time::new(hour, 0, 0, 0).ok()?, false)) };
    let minute = two(minute).filter(|_| minute.len() == 2)?;
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(part) => {
            let (second, behind) = part.split_once('.').unwrap_or((part, "0"));
            let fits = second.len() == 2 && (1..=9).contains(&behind.len());
            (two(second).filter(|_| fits)?, format!("{behind:0<9}").parse().ok()?)
        }
    };
    let clock = Time::new(hour, minute, second, nanos).ok()?;
    parts.next().is_none().then_some((clock, true))
}

fn half(clock: Time, half: &str) -> Option<Time> {
    let hour = match (clock.hour(), half) {
        (12, "am") => 0,
        (12, "pm") => 12,
        (hour @ 1..=11, "am") => hour,
        (hour @ 1..=11, "pm") => hour + 12,
        _ => return None,
    };
    Time::new(hour, clock.minute(), clock.second(), clock.subsec_nanosecond()).ok()
}

fn zone(word: &str, asked: &Asked<'_>) -> Option<Zone> {
    if ["z", "utc", "gmt"].contains(&&word.to_ascii_lowercase()[..]) {
        return Some(Zone::Offset(Offset::UTC));
    }
    if let Some(offset) = offset(word) {
        return Some(Zone::Offset(offset));
    }
    let moment = asked.when?;
    if moment.zone.iana_name().is_some_and(|name| name.eq_ignore_ascii_case(word)) {
        return Some(Zone::Own);
    }
    let now = moment.zone.to_offset_info(moment.now).abbreviation().to_owned();
    let next = moment.zone.following(moment.now).next().map(|next| next.abbreviation().to_owned());
    let last = moment.zone.preceding(moment.now).nth(1).map(|last| last.abbreviation().to_owned());
    let mut called = [Some(now), next, last].into_iter().flatten();
    called.find(|called| called.eq_ignore_ascii_case(word)).map(Zone::Called)
}

/// `+01:00`, `-0530` or `+01`.
fn offset(word: &str) -> Option<Offset> {
    let (sign, digits) = (word.get(..1)?, word.get(1..)?);
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at(2),
        5 => digits.split_once(':')?,
        _ => return None,
    };
    let number = |text: &str, most: i32| {
        let is_number = text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| is_number && *number <= most)
    };
    Offset::from_seconds(sign * (number(hours, 23)? * 3_600 + number(minutes, 59)? * 60)).ok()
}
