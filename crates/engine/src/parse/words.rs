//! A line, split into words: quotes undone, and outside them what phones do to signs.
//!
//! Not which of the words are flags or values: that depends on the command, so `catalogue` decides. Layer 1.

use std::{borrow::Cow, cell::Cell};

use wilco_contract::values::{ArgType, Asked};

use super::signs::{Quote, is_dash, plain};

/// The most words that one value may have without quotes.
const MAX_VALUE_WORDS: usize = 4;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// Its text: without quotes, and with plain signs outside them.
    pub(crate) text: Cow<'a, str>,
    /// The byte of the line where it begins.
    pub(crate) start: usize,
    /// Whether it begins with a quote: such a word is a value, never a command's own word, a flag or a name.
    pub(crate) quoted: bool,
    /// The byte of `text` where `=` stands behind what could be a name: `ref=v1`, `--because="…"`.
    pub(crate) equals: Option<usize>,
    /// The byte of the line where a quote opens that is never closed.
    pub(crate) open: Option<usize>,
}

/// The words of a line.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    /// The line.
    pub(crate) line: &'a str,
    /// Its words, in order.
    pub(crate) tokens: Vec<Token<'a>>,
    /// Whether what it means may depend on who says it, where or when, as far as it was read.
    pub(crate) asked: Cell<bool>,
}

impl<'a> Words<'a> {
    /// Splits a line. Never fails: a quote that is never closed takes all that is left, and the token says so.
    pub(crate) fn split(line: &'a str) -> Self {
        let mut tokens = Vec::with_capacity(8);
        let mut at = 0;
        while let Some(skip) = line[at..].find(|c: char| !c.is_whitespace()) {
            at += skip;
            let (token, end, plain_end) = token(line, at);
            tokens.push(token);
            at = end;
            if plain_end && line[at..].trim_start().is_empty() {
                drop_full_stop(&mut tokens);
            }
        }
        Self { line, tokens, asked: Cell::new(false) }
    }

    /// How many words make a value of this type that begins at this one: mostly one, but `friday 18:00` is two.
    pub(crate) fn value_words(&self, kind: &ArgType, at: usize, asked: &Asked<'_>) -> usize {
        if !kind.has_words() {
            return 1;
        }
        self.reads(kind);
        let goes_on = |token: &&Token<'_>| !token.quoted && token.equals.is_none() && token.flag().is_none();
        let tokens = self.tokens.iter().skip(at).take(MAX_VALUE_WORDS);
        let texts: Vec<_> = tokens.take_while(goes_on).map(|token| &*token.text).collect();
        if texts.len() < 2 { 1 } else { kind.words(&texts, asked) }
    }

    /// Notes that a value of this type is read.
    pub(crate) fn reads(&self, kind: &ArgType) {
        if !kind.is_absolute() {
            self.asked.set(true);
        }
    }

    /// The words of a value, as one text.
    pub(crate) fn joined(&self, at: usize, count: usize) -> Cow<'_, str> {
        match self.tokens.get(at..at + count).unwrap_or_default() {
            [] => Cow::Borrowed(""),
            [one] => Cow::Borrowed(&one.text),
            several => Cow::Owned(several.iter().map(|token| &*token.text).collect::<Vec<_>>().join(" ")),
        }
    }

    /// All that is left of the line from this token on, as it was typed.
    pub(crate) fn rest(&self, from: usize) -> &'a str {
        self.tokens.get(from).map_or("", |token| self.line[token.start..].trim_end())
    }
}

impl Token<'_> {
    /// The flag that the word is, without its dashes and value.
    pub(crate) fn flag(&self) -> Option<&str> {
        if self.quoted {
            return None;
        }
        let name = self.text[..self.equals.unwrap_or(self.text.len())].strip_prefix("--")?;
        name.starts_with(char::is_alphabetic).then_some(name)
    }

    /// Whether the word is `--`, which ends the flags.
    pub(crate) fn ends_flags(&self) -> bool {
        !self.quoted && self.text == "--"
    }

    /// Whether the word is `|` or `>`, which may begin a stage or name a place.
    pub(crate) fn is_mark(&self) -> bool {
        !self.quoted && matches!(&*self.text, "|" | ">")
    }

    /// The name and value of `name=value`.
    pub(crate) fn assigns(&self) -> Option<(&str, &str)> {
        let equals = self.equals.filter(|_| !self.quoted && !self.text.starts_with("--"))?;
        Some((&self.text[..equals], &self.text[equals + 1..]))
    }

    /// The word as a command's own word would be written, in lower case; `None` for a quoted one.
    pub(crate) fn literal(&self) -> Option<Cow<'_, str>> {
        (!self.quoted).then(|| lower(&self.text))
    }
}

/// Whether a line that is no order asks for its answer as JSON.
pub(crate) fn asks_json(line: &str) -> bool {
    let words = Words::split(line);
    let mut flags = words.tokens.iter().take_while(|token| !token.ends_flags()).filter_map(Token::flag);
    flags.any(|flag| flag.eq_ignore_ascii_case("json"))
}

/// The text in lower case.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    let same = |c: char| c.is_ascii_lowercase() || (c.is_ascii() && !c.is_ascii_uppercase());
    if text.chars().all(same) { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// A pattern's word as a line's word would be read.
pub(crate) fn as_read(literal: &str) -> String {
    literal.chars().map(plain).collect::<String>().to_lowercase()
}

/// The token at this byte, the byte behind it, and whether it ends outside quotes.
fn token(line: &str, start: usize) -> (Token<'_>, usize, bool) {
    let rest = &line[start..];
    // Most words are plain and need no copy.
    let changes = |c: char| plain(c) != c || is_dash(c) || c == '=';
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let begins = rest.chars().next();
    if begins.and_then(Quote::opened_by).is_none() && !rest[..end].contains(changes) {
        let text = Cow::Borrowed(&rest[..end]);
        return (Token { text, start, quoted: false, equals: None, open: None }, start + end, true);
    }
    let mut reader = Reader { line, at: start, text: String::new(), equals: None, open: None };
    let quoted = begins.and_then(Quote::opened_by).is_some();
    let plain_end = reader.read();
    let token =
        Token { text: Cow::Owned(reader.text), start, quoted, equals: reader.equals, open: reader.open };
    (token, reader.at, plain_end)
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    text: String,
    equals: Option<usize>,
    open: Option<usize>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.line[self.at..].chars().next()
    }

    /// Reads one word, and returns whether it ends outside quotes.
    fn read(&mut self) -> bool {
        let start = self.at;
        // A quote opens at the start of a word and behind `name=`, so that an apostrophe is only itself.
        let mut may_open = true;
        let mut plain_end = true;
        while let Some(c) = self.peek() {
            if c.is_whitespace() {
                break;
            }
            if let Some(quote) = Quote::opened_by(c).filter(|_| may_open) {
                self.quote(quote, c);
                may_open = false;
                plain_end = false;
                continue;
            }
            let first = self.at == start;
            self.at += c.len_utf8();
            may_open = false;
            plain_end = true;
            if first && is_dash(c) && self.peek().is_some_and(char::is_alphabetic) {
                self.text.push_str("--");
            } else {
                if plain(c) == '=' && self.equals.is_none() && could_be_name(&self.text) {
                    self.equals = Some(self.text.len());
                    may_open = true;
                }
                self.text.push(plain(c));
            }
        }
        plain_end
    }

    fn quote(&mut self, quote: Quote, opener: char) {
        let opened = self.at;
        let inside = self.text.len();
        self.at += opener.len_utf8();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            let next = self.peek();
            if c == '\\' && quote.escapes() {
                if let Some(escaped) = next.filter(|&next| next == '\\' || quote.closed_by(next, None)) {
                    self.at += escaped.len_utf8();
                    self.text.push(escaped);
                    continue;
                }
            } else if quote.closed_by(c, next) {
                if quote == Quote::Guillemets {
                    let trimmed = self.text[inside..].trim().to_owned();
                    self.text.replace_range(inside.., &trimmed);
                }
                return;
            }
            self.text.push(c);
        }
        self.open = Some(opened);
    }
}

fn could_be_name(text: &str) -> bool {
    let name = text.strip_prefix("--").unwrap_or(text);
    name.starts_with(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// Takes one full stop off the last word: phones set it after two spaces. An ellipsis and a lone stop stay.
fn drop_full_stop(tokens: &mut [Token<'_>]) {
    let Some(token) = tokens.last_mut() else { return };
    if token.text.ends_with('.') && !token.text.ends_with("..") && token.text.len() > 1 {
        match &mut token.text {
            Cow::Borrowed(text) => *text = &text[..text.len() - 1],
            Cow::Owned(text) => text.truncate(text.len() - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        Words::split(line).tokens.into_iter().map(|token| token.text.into_owned()).collect()
    }

    #[test]
    fn a_line_is_split_into_words() {
        let table: [(&str, &[&str]); 30] = [
            ("", &[]),
            (" \t\n ", &[]),
            ("ship webapp  v1", &["ship", "webapp", "v1"]),
            ("a\u{a0}b\u{3000}c\u{202f}d", &["a", "b", "c", "d"]),
            ("say \"a b\" 'c d'", &["say", "a b", "c d"]),
            (r#"say "a \"b\" \\ \n""#, &["say", r#"a "b" \ \n"#]),
            (r"say 'a \ b\'", &["say", r"a \ b\"]),
            ("don't panic", &["don't", "panic"]),
            ("'it's fine'", &["it's fine"]),
            ("say ''", &["say", ""]),
            ("say “a b” ‘it’s’ „c d“ «\u{a0}e f\u{a0}»", &["say", "a b", "it’s", "c d", "e f"]),
            ("don’t", &["don't"]),
            ("“he said 'hi'”", &["he said 'hi'"]),
            ("\"“smart” inside stays\"", &["“smart” inside stays"]),
            ("\"a\"b", &["ab"]),
            ("—dry-run –json ―force", &["--dry-run", "--json", "--force"]),
            ("a — b –5 web–app", &["a", "—", "b", "–5", "web–app"]),
            ("--because=\"a b\" ref='c d'", &["--because=a b", "ref=c d"]),
            ("ref＝v1", &["ref=v1"]),
            ("a+b=\"c d\"", &["a+b=\"c", "d\""]),
            ("ping webapp.", &["ping", "webapp"]),
            ("ping webapp. ", &["ping", "webapp"]),
            ("ping “webapp”.", &["ping", "webapp"]),
            ("ping \"webapp.\"", &["ping", "webapp."]),
            ("状态 webapp。", &["状态", "webapp"]),
            ("ping . .. ...", &["ping", ".", "..", "..."]),
            ("ping .", &["ping", "."]),
            ("ｓｔａｔｕｓ　ｗｅｂａｐｐ！", &["status", "webapp!"]),
            ("a。b、c", &["a.b,c"]),
            ("5\" disk", &["5\"", "disk"]),
        ];
        for (line, words) in table {
            assert_eq!(texts(line), words, "{line}");
        }
    }

    #[test]
    fn what_a_word_is_is_seen_before_its_command_is_known() {
        let words = Words::split("\"--x\" --Dry-Run --a=b -- 名前=x \"c=d\" 5=6 --=x");
        let flags: Vec<_> = words.tokens.iter().map(Token::flag).collect();
        assert_eq!(flags, [None, Some("Dry-Run"), Some("a"), None, None, None, None, None]);
        let assigned: Vec<_> = words.tokens.iter().filter_map(Token::assigns).collect();
        assert_eq!(assigned, [("名前", "x")]);
        assert!(words.tokens[3].ends_flags());
    }

    #[test]
    fn an_unclosed_quote_is_told_with_its_place() {
        let words = Words::split("状态 x=\"a b");
        assert_eq!(words.tokens[1].open, Some(9));
        assert_eq!(words.tokens[1].text, "x=a b");
        assert!(Words::split("'a' \"b\" “c”").tokens.iter().all(|token| token.open.is_none()));
    }

    #[test]
    fn the_rest_of_a_line_stays_as_it_was_typed() {
        let words = Words::split("say  “Don’t  touch”\n 你好，世界。 ");
        assert_eq!(words.rest(1), "“Don’t  touch”\n 你好，世界。");
        assert_eq!(words.rest(9), "");
    }
}
