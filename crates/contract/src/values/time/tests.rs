//! Times as people say them, and what they mean.

use jiff::tz::TimeZone;

use super::{EXPECTED, words};
use crate::values::{ArgType, Asked, Moment};

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
        ("18:00 PST", "in a zone that is known here; `PST` can be said as an offset, as in `18:00+01:00`"),
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
