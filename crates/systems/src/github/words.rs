//! Words of a line: texts from outside made short and harmless, numbers and times as people say them.
//!
//! Not what is said: the lines do that. Every text of a payload comes through here before it stands in one. What calls
//! everybody stays as it was written: the engine takes its power where it is shown. Layer 2.

use wilco_contract::{
    event::{MAX_LINE, MAX_WORDS, one_line, some_lines},
    ids::Hash,
};

/// The longest title in a line, in characters.
const MAX_TITLE: usize = 100;
/// The longest name of a person, repository, branch and the like in a line, in characters.
pub(super) const MAX_NAME: usize = 40;

/// A text from outside in one line of at most `max` characters.
pub(super) fn short(text: &str, max: usize) -> String {
    one_line(text, max)
}

/// A name from outside.
pub(super) fn name(text: &str) -> String {
    short(text, MAX_NAME)
}

/// The first line of a text from outside that says something.
pub(super) fn first_line(text: &str, max: usize) -> String {
    text.lines().map(|line| short(line, max)).find(|line| !line.is_empty()).unwrap_or_default()
}

/// Somebody's words of several lines.
pub(super) fn several_lines(text: &str) -> Option<String> {
    let text = some_lines(text, MAX_WORDS);
    if text.is_empty() { None } else { Some(text) }
}

/// A title between what stands around it; it gets the room that they leave.
pub(super) fn fit(before: &str, title: &str, after: &str) -> String {
    let room = MAX_LINE.saturating_sub(before.chars().count() + after.chars().count() + 1).min(MAX_TITLE);
    let title = short(title, room);
    let space = if title.is_empty() { "" } else { " " };
    cap(format!("{before}{space}{title}{after}"))
}

/// A line that is not longer than lines may be. Where a payload lacks a name, its place in the line closes.
pub(super) fn cap(line: String) -> String {
    let is_open = line.contains("  ") || line.trim() != line;
    cut(if is_open { closed_up(&line) } else { line }, MAX_LINE)
}

/// A text of which what is longer than `max` characters ends in `…`.
fn cut(mut text: String, max: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(max) {
        text.truncate(at);
        text.pop();
        text.truncate(text.trim_end().len());
        text.push('…');
    }
    text
}

/// A line with one space where several were.
fn closed_up(line: &str) -> String {
    line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Somebody's words in quotes after a colon; nothing where there are none.
pub(super) fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": \"{text}\"") }
}

/// A number of things: `1 commit`, `3 commits`.
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Some names: `a, b, c, +2`.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>, all: usize, shown: usize) -> String {
    let mut named: Vec<_> = names.into_iter().take(shown).map(name).filter(|name| !name.is_empty()).collect();
    if named.is_empty() {
        return String::new();
    }
    if all > named.len() {
        named.push(format!("+{}", all - named.len()));
    }
    named.join(", ")
}

/// How long something took, in its two largest units: `1 d 3 h`, `42 min`.
pub(super) fn lasting(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{} s", seconds.max(0)),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

/// The first seven digits of a commit.
pub(super) fn sha(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).take(7).collect()
}

/// A vendor's word as one reads it: `category_changed` is `category changed`.
pub(super) fn spaced(word: &str) -> String {
    short(word, MAX_NAME).replace('_', " ")
}

/// A branch's or tag's name without the path in front of it.
pub(super) fn bare(reference: &str) -> &str {
    reference
        .strip_prefix("refs/heads/")
        .or_else(|| reference.strip_prefix("refs/tags/"))
        .unwrap_or(reference)
}

/// A text as a part of an object's id. What is too long or hides something keeps a hash of the whole, so that two stay
/// two.
pub(super) fn key(text: &str) -> String {
    const MAX: usize = 100;
    let line = one_line(text, MAX);
    if text.len() <= MAX && line == text {
        return line;
    }
    let short: String = line.chars().take(MAX / 4).collect();
    format!("{short}~{}", Hash::of(text.as_bytes()).short())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_gets_the_room_that_is_left() {
        assert_eq!(fit("PR a#1", "Fix  it", " — ana"), "PR a#1 Fix it — ana");
        assert_eq!(fit("PR a#1", " ", " — ana"), "PR a#1 — ana");
        // Where they leave none, it is left out.
        assert_eq!(
            fit(&"b".repeat(150), "title", &"a".repeat(49)),
            format!("{}{}", "b".repeat(150), "a".repeat(49))
        );
        let long = fit(&"b".repeat(150), &"t".repeat(300), " — ana");
        assert_eq!(long.chars().count(), MAX_LINE);
        assert!(long.ends_with("… — ana"));
        assert_eq!(cap("x".repeat(500)).chars().count(), MAX_LINE);
    }

    #[test]
    fn times_and_numbers_are_said_as_people_say_them() {
        let said: Vec<_> = [0, 59, 60, 3_600, 3_660, 86_400, 97_200].into_iter().map(lasting).collect();
        assert_eq!(said, ["0 s", "59 s", "1 min", "1 h", "1 h 1 min", "1 d", "1 d 3 h"]);
        assert_eq!((count(1, "file"), count(0, "file")), ("1 file".into(), "0 files".into()));
        assert_eq!(list(["a", "b", "c"], 5, 2), "a, b, +3");
        assert_eq!(list([], 0, 2), "");
    }

    #[test]
    fn a_long_name_is_still_one_of_its_own_in_an_id() {
        let long = |end: &str| key(&format!("{}{end}", "é".repeat(400)));
        assert_ne!(long("a"), long("b"));
        assert!(long("a").len() <= 100);
        assert_eq!(key("feature/x y"), "feature/x y");
        assert!(key("ma\u{202E}in").starts_with("main~") && key("ma\u{202E}in") != key("ma\u{202D}in"));
    }
}
