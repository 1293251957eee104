//! Spans of time and sizes: read exactly, or not at all.
//!
//! Layer 0.

use std::time::Duration;

/// The longest span, in seconds: a leap year.
const MAX_SECS: u128 = 366 * 86_400;
const NANOS: u128 = 1_000_000_000;

/// Reads `90s`, `2h`, `1h30m`, `1.5h`, `2 hours` or a bare number of seconds, up to a year. Exact to the nanosecond: what
/// has no whole number of them is none.
#[must_use]
pub fn read_duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return (u128::from(seconds) <= MAX_SECS).then(|| Duration::from_secs(seconds));
    }
    let mut nanos: u128 = 0;
    let mut seen = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (number, behind) = Decimal::read(rest)?;
        let behind = behind.trim_start();
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let unit = unit_of_time(&behind[..letters])?;
        if seen.contains(&unit) {
            return None;
        }
        seen.push(unit);
        nanos = nanos.checked_add(number.times(unit)?)?;
        rest = behind[letters..].trim_start();
    }
    if nanos == 0 || nanos > MAX_SECS * NANOS {
        return None;
    }
    Some(Duration::new(u64::try_from(nanos / NANOS).ok()?, u32::try_from(nanos % NANOS).ok()?))
}

/// Reads a span that is a whole number of seconds, as [`read_duration`] does.
#[must_use]
pub fn read_seconds(text: &str) -> Option<u64> {
    read_duration(text).filter(|span| span.subsec_nanos() == 0).map(|span| span.as_secs())
}

/// Reads `512`, `10kB`, `1.5GiB`, `2TB` as a number of bytes. What is no whole number of bytes is none.
#[must_use]
pub fn read_bytes(text: &str) -> Option<u64> {
    let (number, behind) = Decimal::read(text.trim())?;
    u64::try_from(number.times(unit_of_size(behind.trim())?)?).ok()
}

/// How many of these words make one span, as in `2 hours` or `1h 30m`; 1 where only the first one can.
pub(super) fn span_words(words: &[&str]) -> usize {
    longest(words, |word| unit_of_time(word).is_some(), |text| read_duration(text).is_some())
}

/// How many of these words make one size, as in `4 MiB`; 1 where only the first one can.
pub(super) fn size_words(words: &[&str]) -> usize {
    longest(
        &words[..words.len().min(2)],
        |word| !word.is_empty() && unit_of_size(word).is_some(),
        |text| read_bytes(text).is_some(),
    )
}

fn longest(words: &[&str], is_unit: impl Fn(&str) -> bool, fits: impl Fn(&str) -> bool) -> usize {
    let follows = |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) || is_unit(word);
    let most = words.iter().skip(1).take_while(|word| follows(word)).count() + 1;
    (2..=most).rev().find(|&count| fits(&words[..count].join(" "))).unwrap_or(1)
}

/// A unit's length in nanoseconds.
fn unit_of_time(unit: &str) -> Option<u128> {
    Some(match &unit.to_ascii_lowercase()[..] {
        "ms" => NANOS / 1_000,
        "s" | "sec" | "secs" | "second" | "seconds" => NANOS,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * NANOS,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600 * NANOS,
        "d" | "day" | "days" => 86_400 * NANOS,
        "w" | "week" | "weeks" => 604_800 * NANOS,
        _ => return None,
    })
}

/// A unit's size in bytes.
fn unit_of_size(unit: &str) -> Option<u128> {
    Some(match &unit.to_ascii_lowercase()[..] {
        "" | "b" | "byte" | "bytes" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    })
}

/// A number as it is written, without rounding: its digits, and how many of them stand behind the point.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: u128,
    behind: u32,
}

/// The most digits of a number.
const MAX_DIGITS: usize = 20;

impl Decimal {
    /// Reads a number at the start of a text, and returns what stands behind it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = number.len() <= MAX_DIGITS && !whole.is_empty() && !number.ends_with('.');
        if !is_number || part.contains('.') {
            return None;
        }
        let digits = format!("{whole}{part}").parse().ok()?;
        Some((Self { digits, behind: u32::try_from(part.len()).ok()? }, rest))
    }

    /// The product, where it is whole.
    fn times(self, unit: u128) -> Option<u128> {
        let (all, parts) = (self.digits.checked_mul(unit)?, 10_u128.pow(self.behind));
        all.is_multiple_of(parts).then(|| all / parts)
    }
}

/// A whole number of seconds as a person would type it: `5400` as `1h30m`.
pub(super) fn said_span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = seconds;
    let mut text = String::new();
    for (unit, sign) in units {
        if left >= unit {
            text.push_str(&format!("{}{sign}", left / unit));
            left %= unit;
        }
    }
    if text.is_empty() { "0".to_owned() } else { text }
}

/// A number of bytes as a person would type it: `4194304` as `4MiB`.
pub(super) fn said_size(bytes: u64) -> String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units.iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit));
    whole.map_or(bytes.to_string(), |(unit, sign)| format!("{}{sign}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_exactly_or_not_at_all() {
        let read = |text: &str| read_duration(text).map(|span| span.as_nanos());
        for (text, nanos) in [
            ("90", Some(90 * NANOS)),
            ("0", Some(0)),
            ("1h30m", Some(5_400 * NANOS)),
            ("1H30M", Some(5_400 * NANOS)),
            ("1 h 30 min", Some(5_400 * NANOS)),
            ("1.5h", Some(5_400 * NANOS)),
            ("0.1s", Some(NANOS / 10)),
            ("500ms", Some(NANOS / 2)),
            ("0.000000001s", Some(1)),
            ("0.0000000001s", None),
            ("366d", Some(366 * 86_400 * NANOS)),
            ("366d1ms", None),
            ("1h1h", None),
            ("1.h", None),
            (".5h", None),
            ("1.2.3h", None),
            ("h", None),
            ("0s", None),
            ("2 parsecs", None),
            ("-1h", None),
            ("", None),
            ("99999999999999999999999999999999999999999w", None),
        ] {
            assert_eq!(read(text), nanos, "{text}");
        }
        assert_eq!(read_seconds("1500ms"), None);
        assert_eq!(read_seconds("2000ms"), Some(2));
    }

    #[test]
    fn a_size_is_a_whole_number_of_bytes_or_none() {
        for (text, bytes) in [
            ("512", Some(512)),
            ("4MiB", Some(4 << 20)),
            ("4 mib", Some(4 << 20)),
            ("1.5GiB", Some(3 << 29)),
            ("0.5k", Some(500)),
            ("2TB", Some(2_000_000_000_000)),
            ("1TiB", Some(1 << 40)),
            ("0.1KiB", None),
            ("1.5", None),
            ("16777216TiB", None),
            ("99999999999999999999", None),
            ("999999999999999999999", None),
            ("4XB", None),
            ("MB", None),
        ] {
            assert_eq!(read_bytes(text), bytes, "{text}");
        }
    }

    #[test]
    fn words_that_belong_together_are_counted() {
        for (words, count) in [
            (&["2", "hours", "later"][..], 2),
            (&["1h", "30m", "x"], 2),
            (&["1", "h", "30", "m"], 4),
            (&["2h", "5"], 1),
            (&["2", "apples"], 1),
            (&["m", "m"], 1),
        ] {
            assert_eq!(span_words(words), count, "{words:?}");
        }
        assert_eq!(size_words(&["4", "MiB", "7"]), 2);
        assert_eq!(size_words(&["4MiB", "b"]), 1);
    }
}
