//! The matcher of listeners hears what a naive one hears: every expression tried on every line.

use proptest::prelude::*;
use regex::Regex;
use wilco_contract::{
    ids::{Origin, Place},
    listen::{Does, Hear, Listener, On},
};
use wilco_engine::listen::{MAX_HEARD, MOST_HITS, Matcher};

fn listener(number: usize, pattern: &str) -> Listener {
    Listener {
        name: format!("test.{number}"),
        on: On::Line(Hear::parse(pattern).expect(pattern)),
        does: Does::Say("x".into()),
        rooms: None,
        origin: Origin::built_in(),
    }
}

fn place() -> Place {
    Place::parse("web:ops").expect("a place")
}

/// The listeners that hear a line, by name, each with the groups of its match.
fn naive(patterns: &[String], text: &str) -> Vec<(String, Vec<Option<String>>)> {
    let all = patterns.iter().enumerate().filter_map(|(number, pattern)| {
        let captures = Regex::new(pattern).expect(pattern).captures(text)?;
        let groups = captures.iter().map(|group| group.map(|found| found.as_str().to_owned()));
        Some((format!("test.{number}"), groups.collect()))
    });
    all.take(MOST_HITS).collect()
}

fn ours(patterns: &[String], text: &str) -> Vec<(String, Vec<Option<String>>)> {
    let listeners = patterns.iter().enumerate().map(|(number, pattern)| listener(number, pattern)).collect();
    let matcher = Matcher::new(listeners);
    let owned = |groups: &[Option<&str>]| groups.iter().map(|group| group.map(str::to_owned)).collect();
    let hits = matcher.hits(text, &place());
    hits.iter().map(|hit| (hit.listener.name.clone(), owned(&hit.groups))).collect()
}

/// Pieces of patterns that meet each other in few letters, so that matches, near misses and overlaps are common. `k`,
/// `s` and their foldings beyond ASCII are among them.
fn pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[abkKsS]{1,4}",
        Just("é".to_owned()),
        Just("ſ".to_owned()),
        Just(r"\d+".to_owned()),
        Just(r"\b".to_owned()),
        Just(".".to_owned()),
        Just("^".to_owned()),
        Just("$".to_owned()),
        Just("[ab]".to_owned()),
        Just("(ab)?".to_owned()),
        Just("(?:ka)+".to_owned()),
        Just("(?:as){2,3}".to_owned()),
        Just("(ab|sk)".to_owned()),
        Just("(?:abs|abk|)".to_owned()),
        Just("(?i:ask)".to_owned()),
        Just("(?i:ÉB)".to_owned()),
        Just("(?s:.)".to_owned()),
    ];
    (prop::collection::vec(piece, 1..5), any::<bool>()).prop_map(|(pieces, ignore_case)| {
        format!("{}{}", if ignore_case { "(?i)" } else { "" }, pieces.concat())
    })
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abkKsSBé\u{17f}\u{212a}1 \n]{0,24}", 1 => "\\PC{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn it_hears_what_a_naive_one_hears(
        patterns in prop::collection::vec(pattern(), 1..12),
        text in line(),
    ) {
        prop_assert_eq!(ours(&patterns, &text), naive(&patterns, &text));
    }

    #[test]
    fn a_pattern_of_any_text_is_read_or_refused(pattern in "\\PC{0,60}", text in line()) {
        if let Ok(hear) = Hear::parse(&pattern) {
            let patterns = vec![hear.source().to_owned()];
            prop_assert_eq!(ours(&patterns, &text), naive(&patterns, &text));
        }
    }
}

#[test]
fn a_line_that_was_pasted_is_not_heard() {
    let (short, long) = ("a".repeat(MAX_HEARD), "a".repeat(MAX_HEARD + 1));
    let patterns = vec!["aa".to_owned()];
    assert_eq!((ours(&patterns, &short).len(), ours(&patterns, &long).len()), (1, 0));
}
