//! Times as people say them: `friday 18:00`, `tomorrow 9am`, `18:00 CET`, `in 2h`, `2026-11-27T18:00+01:00`.
//!
//! Not a calendar: what may be meant twice is refused rather than guessed. A clock time alone, and one on a weekday,
//! is the next one. Layer 0.

use std::time::Duration;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time, Weekday},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use super::{Asked, Moment, span::read_duration};

/// What fits, for an error.
pub(super) const EXPECTED: &str =
    "a time such as `18:00`, `friday 18:00`, `tomorrow 9am`, `in 2h` or `2026-11-27T18:00+01:00`";
/// The most words of a time: `friday at 18:00 CET`.
const MAX_WORDS: usize = 4;
/// The longest text of a time, in bytes.
const MAX_TEXT: usize = 80;

/// A time as it was said.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Now,
    From(Duration),
    Ago(Duration),
    At { day: Option<Day>, clock: Time, zone: Option<Zone> },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Day {
    Yesterday,
    Today,
    Tomorrow,
    On(Weekday),
    Date(Date),
}

/// The zone that a time was said in.
#[derive(Debug, Clone, PartialEq)]
enum Zone {
    Offset(Offset),
    /// The configured zone, by its own name.
    Own,
    /// What the configured zone is called at some time of the year: `CEST`.
    Called(String),
}

/// The time that a text means, as RFC 3339 with its offset.
///
/// # Errors
/// What would fit, as a noun phrase.
pub(super) fn read(text: &str, asked: &Asked<'_>) -> Result<String, String> {
    let said = parse(text, asked)?;
    let (at, offset) = match (said, asked.when) {
        // A day and an offset say which moment is meant, whoever asks.
        (Said::At { day: Some(Day::Date(date)), clock, zone: Some(Zone::Offset(offset)) }, _) => {
            (at(date.to_datetime(clock), offset)?, offset)
        }
        (_, None) => {
            return Err("a time with its day and offset, such as `2026-11-27T18:00+01:00`".to_owned());
        }
        (said, Some(moment)) => meant(said, moment)?,
    };
    // RFC 3339 has offsets of whole minutes.
    let offset = if offset.seconds() % 60 == 0 { offset } else { Offset::UTC };
    let year = offset.to_datetime(at).year();
    if !(1970..=9999).contains(&year) {
        return Err("a time between 1970 and 9999".to_owned());
    }
    Ok(at.display_with_offset(offset).to_string())
}

/// How many of these words make one time; 1 where only the first one can.
pub(super) fn words(words: &[&str], asked: &Asked<'_>) -> usize {
    let most = words.len().min(MAX_WORDS);
    let found = (2..=most).rev().find(|&count| parse(&words[..count].join(" "), asked).is_ok());
    // A day alone is no time, so a number behind it is meant as its hour, though it be a wrong one.
    let is_hour = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let has_day = || {
        let [first, second, ..] = words else { return false };
        let is_date = first.len() == 10 && first.bytes().all(|c| c == b'-' || c.is_ascii_digit());
        (is_date || day(&first.to_ascii_lowercase()).is_some_and(|(_, rest)| rest.is_empty()))
            && is_hour(second)
    };
    found.unwrap_or_else(|| if has_day() { 2 } else { 1 })
}

fn parse(text: &str, asked: &Asked<'_>) -> Result<Said, String> {
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
fn day(word: &str) -> Option<(Day, &str)> {
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

fn at(civil: DateTime, offset: Offset) -> Result<Timestamp, String> {
    offset.to_timestamp(civil).map_err(|_| EXPECTED.to_owned())
}

/// The moment that is meant, and the offset that it is told in.
fn meant(said: Said, moment: Moment<'_>) -> Result<(Timestamp, Offset), String> {
    let Moment { now, zone: own } = moment;
    let own_offset = |at: Timestamp| (at, own.to_offset(at));
    let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let beyond = |_| EXPECTED.to_owned();
    let (day, clock, zone) = match said {
        Said::Now => return Ok(own_offset(whole)),
        Said::From(span) => return whole.checked_add(span).map(own_offset).map_err(beyond),
        Said::Ago(span) => return whole.checked_sub(span).map(own_offset).map_err(beyond),
        Said::At { day, clock, zone } => (day, clock, zone),
    };
    let here = match zone {
        Some(Zone::Offset(offset)) => offset.to_datetime(now),
        _ => own.to_datetime(now),
    };
    let days = |count: i64| here.date().checked_add(count.days()).map_err(beyond);
    let is_past = |date: Date| date.to_datetime(clock) <= here;
    let date = match day {
        Some(Day::Date(date)) => date,
        Some(Day::Yesterday) => days(-1)?,
        Some(Day::Today) => days(0)?,
        Some(Day::Tomorrow) => days(1)?,
        Some(Day::On(weekday)) => {
            let ahead = i64::from(here.date().weekday().until(weekday));
            let date = days(ahead)?;
            if is_past(date) { days(ahead + 7)? } else { date }
        }
        None => {
            let today = days(0)?;
            if is_past(today) { days(1)? } else { today }
        }
    };
    let civil = date.to_datetime(clock);
    match zone {
        Some(Zone::Offset(offset)) => Ok((at(civil, offset)?, offset)),
        Some(Zone::Own) | None => local(civil, own, None),
        Some(Zone::Called(name)) => local(civil, own, Some(&name)),
    }
}

/// A time on the clocks of a zone, which may show it twice or never. `called` says which of two is meant.
fn local(civil: DateTime, zone: &TimeZone, called: Option<&str>) -> Result<(Timestamp, Offset), String> {
    let named = zone.iana_name().unwrap_or("this zone");
    let name = |at: Timestamp| zone.to_offset_info(at).abbreviation().to_owned();
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            let at = at(civil, offset)?;
            match called {
                Some(called) if name(at) != called => {
                    Err(format!("a time in {named}: on {} it has {}, not {called}", civil.date(), name(at)))
                }
                _ => Ok((at, offset)),
            }
        }
        AmbiguousOffset::Gap { before, after } => {
            let behind = at(civil, before)?;
            let turn = zone.preceding(behind).next().map_or(behind, |turn| turn.timestamp());
            let side = |offset: Offset, at: Timestamp| {
                let civil = offset.to_datetime(turn);
                format!("{} {} {}", civil.date(), civil.strftime("%H:%M"), name(at))
            };
            let (last, first) = (turn.checked_sub(1.second()).unwrap_or(turn), turn);
            Err(format!(
                "a time in {named}, where the clocks go from {} to {}; say one before or after",
                side(before, last),
                side(after, first)
            ))
        }
        AmbiguousOffset::Fold { before, after } => {
            let both = [before, after].map(|offset| at(civil, offset).map(|at| (at, offset)));
            let [first, second] = both;
            let (first, second) = (first?, second?);
            if let Some(called) = called {
                let mut both = [first, second].into_iter();
                let fits = both.find(|(at, _)| name(*at) == called);
                return fits
                    .ok_or_else(|| format!("a time in {named}: it has no {called} on {}", civil.date()));
            }
            let told = |(at, offset): (Timestamp, Offset)| {
                format!("`{}` ({})", at.display_with_offset(offset), name(at))
            };
            Err(format!(
                "one time in {named}, where the clocks show it twice; give the offset: {} or {}",
                told(first),
                told(second)
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ArgType;

    fn read_in(zone: &str, now: &str, text: &str) -> String {
        let zone = TimeZone::get(zone).expect("a zone");
        let moment = Moment { now: now.parse().expect("a time"), zone: &zone };
        let asked = Asked { when: Some(moment), ..Asked::default() };
        match ArgType::Time.read(text, &asked) {
            Ok(value) => value.as_str().expect("a text").to_owned(),
            Err(bad) => bad.expected,
        }
    }

    /// In Berlin, on Tuesday the 24th of November at noon.
    fn read(text: &str) -> String {
        read_in("Europe/Berlin", "2026-11-24T11:00:00.7Z", text)
    }

    #[test]
    fn a_time_is_the_next_one_that_is_said_like_this() {
        for (text, at) in [
            ("18:00", "2026-11-24T18:00:00+01:00"),
            ("11:59", "2026-11-25T11:59:00+01:00"),
            ("12:00", "2026-11-25T12:00:00+01:00"),
            ("18:00:30", "2026-11-24T18:00:30+01:00"),
            ("friday 18:00", "2026-11-27T18:00:00+01:00"),
            ("Fri 18:00", "2026-11-27T18:00:00+01:00"),
            ("friday at 18:00", "2026-11-27T18:00:00+01:00"),
            ("friday-18:00", "2026-11-27T18:00:00+01:00"),
            ("Friday, 6pm", "2026-11-27T18:00:00+01:00"),
            ("18:00 friday", "2026-11-27T18:00:00+01:00"),
            ("tuesday 13:00", "2026-11-24T13:00:00+01:00"),
            ("tuesday 11:00", "2026-12-01T11:00:00+01:00"),
            ("today 9:00", "2026-11-24T09:00:00+01:00"),
            ("tomorrow 9:00", "2026-11-25T09:00:00+01:00"),
            ("tomorrow 9am", "2026-11-25T09:00:00+01:00"),
            ("tomorrow 12am", "2026-11-25T00:00:00+01:00"),
            ("yesterday 23:15", "2026-11-23T23:15:00+01:00"),
            ("now", "2026-11-24T12:00:00+01:00"),
            ("in 2h", "2026-11-24T14:00:00+01:00"),
            ("in 1h 30m", "2026-11-24T13:30:00+01:00"),
            ("2 hours ago", "2026-11-24T10:00:00+01:00"),
            ("2026-11-27 18:00", "2026-11-27T18:00:00+01:00"),
            ("2026-11-27T18:00", "2026-11-27T18:00:00+01:00"),
            ("2026-11-27T18:00Z", "2026-11-27T18:00:00+00:00"),
            ("2026-11-27T18:00:00.5-05:30", "2026-11-27T18:00:00.5-05:30"),
            ("2026-07-27 18:00", "2026-07-27T18:00:00+02:00"),
            ("2026-07-27 18:00 CEST", "2026-07-27T18:00:00+02:00"),
            ("18:00 UTC", "2026-11-24T18:00:00+00:00"),
            ("11:30 UTC", "2026-11-24T11:30:00+00:00"),
            ("18:00 cet", "2026-11-24T18:00:00+01:00"),
            ("18:00 europe/berlin", "2026-11-24T18:00:00+01:00"),
            ("18:00+05", "2026-11-24T18:00:00+05:00"),
            ("in 366d", "2027-11-25T12:00:00+01:00"),
        ] {
            assert_eq!(read(text), at, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_with_what_would_be_one() {
        for (text, expected) in [
            ("soon", EXPECTED),
            ("", EXPECTED),
            ("25:00", EXPECTED),
            ("18:60", EXPECTED),
            ("18:0", EXPECTED),
            ("13pm", EXPECTED),
            ("2026-02-30 10:00", EXPECTED),
            ("18:00 19:00", EXPECTED),
            ("in 0", EXPECTED),
            ("in", EXPECTED),
            ("５", EXPECTED),
            ("friday", "a time of day; say the hour, too, as in `friday 18:00`"),
            ("friday 9", "a time of day with minutes, as in `9:00`, or with `am` or `pm`, as in `9am`"),
            (
                "18:00 PST",
                "in a zone that is known here; `PST` can be said as an offset, as in `18:00+01:00`",
            ),
            ("18:00 CEST", "a time in Europe/Berlin: on 2026-11-24 it has CET, not CEST"),
            ("1066-10-14 09:00", "a time between 1970 and 9999"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_the_clocks_leave_out_or_show_twice_is_refused_with_both_sides() {
        let berlin = |text: &str| read_in("Europe/Berlin", "2026-01-01T00:00:00Z", text);
        assert_eq!(
            berlin("2026-03-29 02:30"),
            "a time in Europe/Berlin, where the clocks go from 2026-03-29 02:00 CET to 2026-03-29 03:00 CEST; say \
             one before or after"
        );
        assert_eq!(berlin("2026-03-29 03:00"), "2026-03-29T03:00:00+02:00");
        assert_eq!(
            berlin("2026-10-25 02:30"),
            "one time in Europe/Berlin, where the clocks show it twice; give the offset: \
             `2026-10-25T02:30:00+02:00` (CEST) or `2026-10-25T02:30:00+01:00` (CET)"
        );
        assert_eq!(berlin("2026-10-25 02:30 CEST"), "2026-10-25T02:30:00+02:00");
        assert_eq!(berlin("2026-10-25 02:30 CET"), "2026-10-25T02:30:00+01:00");
        assert_eq!(berlin("2026-10-25T02:30+01:00"), "2026-10-25T02:30:00+01:00");
        // Half an hour, and a whole day.
        let howe = |text: &str| read_in("Australia/Lord_Howe", "2026-01-01T00:00:00Z", text);
        assert!(howe("2026-10-04 02:15").contains("from 2026-10-04 02:00 +1030 to 2026-10-04 02:30 +11"));
        assert!(howe("2026-04-05 01:45").contains("give the offset: `2026-04-05T01:45:00+11:00` (+11)"));
        let apia = read_in("Pacific/Apia", "2011-01-01T00:00:00Z", "2011-12-30 12:00");
        assert!(apia.contains("from 2011-12-30 00:00 -10 to 2011-12-31 00:00 +14"), "{apia}");
    }

    #[test]
    fn without_a_moment_only_what_is_absolute_is_a_time() {
        let read = |text: &str| ArgType::Time.read(text, &Asked::default()).map_err(|bad| bad.expected);
        assert!(read("2026-11-27T18:00:00+01:00").is_ok());
        for text in ["18:00", "friday 18:00", "2026-11-27 18:00", "in 2h", "now"] {
            assert_eq!(
                read(text),
                Err("a time with its day and offset, such as `2026-11-27T18:00+01:00`".to_owned())
            );
        }
    }

    #[test]
    fn the_words_of_a_time_are_counted() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let now = "2026-11-24T11:00:00Z".parse().expect("a time");
        let asked = Asked { when: Some(Moment { now, zone: &zone }), ..Asked::default() };
        for (line, count) in [
            ("friday 18:00 ship it", 2),
            ("friday at 18:00 CET", 4),
            ("18:00 CALL ana", 1),
            ("18:00 utc now", 2),
            ("in 2 hours we ship", 3),
            ("2h ago", 2),
            ("9 am", 2),
            ("friday the 13th", 1),
            ("friday 25:00 x", 2),
            ("2026-02-30 10:00 x", 2),
            ("soon", 1),
        ] {
            let all: Vec<_> = line.split(' ').collect();
            assert_eq!(words(&all, &asked), count, "{line}");
        }
    }
}
