//! Undoing markup that a network left in a text, and dropping what nobody can see.
//!
//! Not the markup of any one network, which its connector undoes. Layer 1.

use std::borrow::Cow;

/// The schemes of links that networks wrap in `<…>`; without a label the last two go, as nobody typed them.
const SCHEMES: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];
const ENTITIES: [(&str, char); 3] = [("&gt;", '>'), ("&lt;", '<'), ("&amp;", '&')];

/// The text as its author saw it: `&gt;`, `&lt;` and `&amp;` undone once, `<http://x|x>` as its label, one pair of
/// backticks around the whole taken off, control and bidi characters, colour codes and other invisible characters
/// dropped; line breaks and tabs stay. Takes time in proportion to the text, and copies only what it has to change.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(has_work) {
        return Cow::Borrowed(bare(text));
    }
    let mut out = String::with_capacity(text.len());
    undo(text, &mut out);
    let inner = bare(&out);
    if inner.len() == out.len() { Cow::Owned(out) } else { Cow::Owned(inner.to_owned()) }
}

/// The text without space around it and without one pair of backticks.
pub(super) fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) {
        Some(inner) if !inner.contains('`') && !inner.trim().is_empty() => inner.trim(),
        _ => text,
    }
}

fn has_work(c: char) -> bool {
    matches!(c, '&' | '<') || (c.is_control() && c != '\n' && c != '\t') || is_invisible(c) || is_line_end(c)
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that show nothing, or turn the direction of what stands beside them. The joiners U+200C and U+200D stay:
/// Persian, Indic scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn undo(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(has_work) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = undo_one(rest, out);
    }
    out.push_str(rest);
}

/// Undoes what the text begins with, and returns what stands behind it.
fn undo_one<'a>(text: &'a str, out: &mut String) -> &'a str {
    let Some(first) = text.chars().next() else { return text };
    let behind = &text[first.len_utf8()..];
    match first {
        '&' => {
            if let Some((entity, sign)) = ENTITIES.iter().find(|(entity, _)| text.starts_with(entity)) {
                out.push(*sign);
                return &text[entity.len()..];
            }
            out.push('&');
        }
        '<' => {
            if let Some((shown, behind)) = link(text) {
                undo(shown, out);
                return behind;
            }
            out.push('<');
        }
        '\r' if behind.starts_with('\n') => {}
        c if is_line_end(c) => out.push('\n'),
        '\u{b}' | '\u{c}' => out.push(' '),
        '\u{1b}' => return behind.strip_prefix('[').and_then(behind_code).unwrap_or(behind),
        '\u{9b}' => return behind_code(behind).unwrap_or(behind),
        _ => {}
    }
    behind
}

/// What a wrapped link shows, which is what its author typed, and what stands behind the link.
fn link(text: &str) -> Option<(&str, &str)> {
    let scheme = SCHEMES.iter().find(|scheme| text[1..].starts_with(*scheme))?;
    // What is shown holds no further link, so that this never goes deeper, nor over the same text twice.
    let end = 1 + text[1..].find(['<', '>', '\n'])?;
    let behind = text[end..].strip_prefix('>')?;
    let inner = &text[1..end];
    let shown = match inner.split_once('|') {
        Some((_, label)) if !label.is_empty() => label,
        Some((address, _)) => address,
        None if scheme.ends_with('/') => inner,
        None => &inner[scheme.len()..],
    };
    Some((shown, behind))
}

/// What stands behind a terminal's control sequence, whose first two signs are gone already.
fn behind_code(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !matches!(c, ' '..='?'))?;
    matches!(text.as_bytes()[end], b'@'..=b'~').then(|| &text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_what_its_author_saw() {
        let table = [
            ("  ping  ", "ping"),
            ("a &gt; b &lt; c &amp; d", "a > b < c & d"),
            ("&amp;gt; once", "&gt; once"),
            ("&copy; stays", "&copy; stays"),
            ("get <http://x|x>", "get x"),
            ("get <https://a.example/b?c&amp;d>", "get https://a.example/b?c&d"),
            ("get <https://a.example|>", "get https://a.example"),
            (
                "<mailto:ana@example.org|ana@example.org> <mailto:bo@example.org>",
                "ana@example.org bo@example.org",
            ),
            ("a < b <http://open", "a < b <http://open"),
            ("<http://<http://a|b>", "<http://b"),
            ("<#C012AB|ops>", "<#C012AB|ops>"),
            ("`ping`", "ping"),
            ("`a` and `b`", "`a` and `b`"),
            ("``", "``"),
            ("ping\u{0}\u{7}", "ping"),
            ("rele\u{200b}ase \u{202e}webapp\u{202c}", "release webapp"),
            ("\u{1b}[31;1mping\u{1b}[0m \u{9b}2Kx \u{1b}y \u{1b}[", "ping x y ["),
            ("one\r\ntwo\rthree\u{2028}four\tfive", "one\ntwo\nthree\nfour\tfive"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("don’t — “touch”", "don’t — “touch”"),
        ];
        for (text, expected) in table {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_needs_nothing_is_not_copied() {
        assert!(matches!(clean(" status webapp, 状态 "), Cow::Borrowed("status webapp, 状态")));
    }
}
