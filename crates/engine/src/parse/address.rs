//! Whether a text is said to us: by name, by a prefix sign, or because the network says so.
//!
//! Not who said it, nor whether they may. Layer 1.

use std::borrow::Cow;

use super::{
    clean::{bare, clean},
    signs::plain,
};

/// What Wilco answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Its own name.
    pub name: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// Signs that address it when a letter follows.
    pub prefixes: Vec<String>,
}

/// Whether a text is said to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressed<'a> {
    /// It is not.
    NotToUs,
    /// It is: the text, [cleaned](clean), without our name. It may be empty.
    ToUs(Cow<'a, str>),
}

/// Cleans a text and reads whether it is said to us: `wilco x`, `@wilco x`, `wilco: x`, `wilco, x`, `.x`, or anything
/// where the network says so (`to_us`), with or without the name. Names count in any case.
#[must_use]
pub fn read_line<'a>(text: &'a str, names: &Names, to_us: bool) -> Addressed<'a> {
    let rest = match clean(text) {
        Cow::Borrowed(text) => said_to_us(text, names, to_us).map(Cow::Borrowed),
        Cow::Owned(text) => said_to_us(&text, names, to_us).map(|rest| Cow::Owned(rest.to_owned())),
    };
    rest.map_or(Addressed::NotToUs, Addressed::ToUs)
}

fn said_to_us<'a>(text: &'a str, names: &Names, to_us: bool) -> Option<&'a str> {
    let rest = behind_name(text, names).or_else(|| behind_prefix(text, &names.prefixes));
    rest.or(to_us.then_some(text)).map(bare)
}

fn behind_name<'a>(text: &'a str, names: &Names) -> Option<&'a str> {
    let text = text.strip_prefix(['@', '\u{ff20}']).unwrap_or(text);
    let all = std::iter::once(&names.name).chain(&names.aliases);
    // Of `wilco` and `wilco bot` the longer one counts.
    all.filter_map(|name| behind_one_name(text, name)).min_by_key(|rest| rest.len())
}

/// What stands behind the name, where the name ends there: at a space, the end, a colon or a comma.
fn behind_one_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = behind(text, name)?;
    let Some(next) = rest.chars().next() else { return Some(rest) };
    if next.is_whitespace() {
        return Some(rest);
    }
    let behind_sign = &rest[next.len_utf8()..];
    // `wilco:8080` is an address, and not said to us.
    let starts = |c: char| c.is_alphabetic() || c.is_whitespace() || c == '`';
    (matches!(plain(next), ':' | ',') && behind_sign.chars().next().is_none_or(starts)).then_some(behind_sign)
}

fn behind_prefix<'a>(text: &'a str, prefixes: &[String]) -> Option<&'a str> {
    let all = prefixes.iter().filter_map(|prefix| behind(text, prefix));
    all.filter(|rest| rest.starts_with(char::is_alphabetic)).min_by_key(|rest| rest.len())
}

/// What stands behind `start`, if the text begins with it in any case and width. Lower case may have more characters
/// than upper case, so both are compared as they come, and the cut is always between two characters of the text.
fn behind<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let mut wanted = start.chars().map(plain).flat_map(char::to_lowercase).peekable();
    wanted.peek()?;
    for (at, c) in text.char_indices() {
        if wanted.peek().is_none() {
            return Some(&text[at..]);
        }
        if plain(c).to_lowercase().any(|c| wanted.next() != Some(c)) {
            return None;
        }
    }
    wanted.peek().is_none().then_some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, to_us: bool) -> Option<String> {
        let names = Names {
            name: "Wilco".into(),
            aliases: vec![
                "hubot".into(),
                "wilco bot".into(),
                "ретранслятор".into(),
                "İzmir".into(),
                String::new(),
            ],
            prefixes: vec![".".into(), "!!".into(), String::new()],
        };
        match read_line(text, &names, to_us) {
            Addressed::NotToUs => None,
            Addressed::ToUs(text) => Some(text.into_owned()),
        }
    }

    #[test]
    fn a_text_is_said_to_us_by_a_name_or_a_prefix() {
        let table = [
            ("wilco ping", "ping"),
            ("WILCO   ping ", "ping"),
            ("@wilco ping", "ping"),
            ("wilco: ping", "ping"),
            ("wilco, ping", "ping"),
            ("wilco:ping", "ping"),
            ("wilco，状态", "状态"),
            ("ｗｉｌｃｏ：ping", "ping"),
            ("hubot ping", "ping"),
            ("wilco bot ping", "ping"),
            ("wilco bots ping", "bots ping"),
            ("Ретранслятор, статус", "статус"),
            ("i\u{307}zmir ping", "ping"),
            ("`wilco ping`", "ping"),
            ("wilco `ping`", "ping"),
            ("wilco:`ping`", "ping"),
            ("wilco", ""),
            ("wilco,", ""),
            ("\u{200f}wilco ping", "ping"),
            ("wilco a &gt; b", "a > b"),
            (".ping", "ping"),
            ("．ping", "ping"),
            ("!!ping", "ping"),
        ];
        for (text, expected) in table {
            assert_eq!(read(text, false).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_talk_is_not_said_to_us() {
        for text in [
            "",
            "ping",
            "wilcox ping",
            "wilco's down",
            "wilco-2 ping",
            "wilco? you there",
            "hey wilco ping",
            "wilco:8080 is down",
            "> wilco ping",
            "&gt; wilco ping",
            "...",
            ".5 seconds",
            ". ping",
            "!ping",
            "izmir ping",
            "wilc",
        ] {
            assert_eq!(read(text, false), None, "{text}");
        }
    }

    #[test]
    fn where_the_network_says_so_no_name_is_needed() {
        let table = [
            ("ping", "ping"),
            ("wilco ping", "ping"),
            (".ping", "ping"),
            ("wilcox", "wilcox"),
            ("`ping`", "ping"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(read(text, true).as_deref(), Some(expected), "{text}");
        }
    }
}
