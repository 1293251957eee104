//! Times as people say them: `friday 18:00`, `tomorrow 9am`, `18:00 CET`, `in 2h`, `2026-11-27T18:00+01:00`.
//!
//! Not a calendar: what may be meant twice is refused rather than guessed. A clock time alone, and one on a weekday,
//! is the next one. Layer 0.

mod said;
#[cfg(test)]
mod tests;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use self::said::{Day, Said, Zone, day, parse};
use super::{Asked, Moment};

/// What fits, for an error.
pub(super) const EXPECTED: &str =
    "a time such as `18:00`, `friday 18:00`, `tomorrow 9am`, `in 2h` or `2026-11-27T18:00+01:00`";
/// The most words of a time: `friday at 18:00 CET`.
const MAX_WORDS: usize = 4;

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
