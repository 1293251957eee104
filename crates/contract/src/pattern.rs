//! The grammar of command patterns: `ship <app> [at] <ref>`.
//!
//! Not the matcher: `engine/catalogue` indexes many patterns and matches lines. Layer 0.

use serde::{Deserialize, Serialize};

mod shape;

/// The longest pattern, in characters.
pub const MAX_PATTERN: usize = 500;
/// The most ways in which one pattern may be said, as every optional part and every alternative multiplies them.
pub const MAX_WAYS: usize = 256;
/// The most items that stand one behind the other in a pattern.
pub const MAX_ITEMS: usize = 60;
/// The longest name of an argument, in characters.
const MAX_NAME: usize = 64;
/// How deep optional parts and alternatives may stand in each other.
const MAX_DEPTH: usize = 8;
/// The signs that mean something in a pattern, and that `\` escapes.
const SIGNS: &str = r"<>[]()|\";

/// A pattern that is not well formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at character {})", .at + 1)]
pub struct PatternError {
    /// What is wrong and what would be right.
    pub what: String,
    /// Where in the pattern, in characters from 0.
    pub at: usize,
}

/// A pattern, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    source: String,
    items: Vec<Item>,
}

/// One item of a pattern; items are split by spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A word, in lower case, with its escapes undone.
    Literal(String),
    /// An argument: one token, or all that is left.
    Arg {
        /// Its name.
        name: String,
        /// Whether it takes all that is left (`<arg...>`).
        rest: bool,
    },
    /// Items that may be left out.
    Optional(Vec<Item>),
    /// One of these rows of items.
    Either(Vec<Vec<Item>>),
    /// `<app>[/<ref>]`: one token, in which the sign, if it is there, ends the first argument.
    Glued {
        /// The argument before the sign.
        name: String,
        /// The sign.
        sign: char,
        /// The argument behind the sign.
        after: String,
    },
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is not well formed; the error says where.
    pub fn parse(source: &str) -> Result<Self, PatternError> {
        let mut reader = Reader { chars: source.chars().collect(), at: 0, args: Vec::new() };
        if reader.chars.len() > MAX_PATTERN {
            return Err(PatternError {
                what: format!("a pattern has at most {MAX_PATTERN} characters"),
                at: MAX_PATTERN,
            });
        }
        let items = reader.row(0)?;
        if let Some(stray) = reader.peek() {
            return Err(reader.stray(stray));
        }
        reader.check(&items)?;
        Ok(Self { source: source.to_owned(), items })
    }

    /// As it was written, which is also how help shows it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its items, in order.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The names of its arguments, each once, in the order in which they stand.
    #[must_use]
    pub fn args(&self) -> Vec<&str> {
        let mut names = Vec::new();
        shape::names_in(&self.items, &mut names);
        names
    }

    /// Whether every way to say it has this argument, so that none may leave it out.
    #[must_use]
    pub fn always_has(&self, arg: &str) -> bool {
        shape::always(&self.items, arg)
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;
    fn try_from(source: String) -> Result<Self, PatternError> {
        Self::parse(&source)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.source
    }
}

/// Whether a text can be an argument's name: a lower-case letter, then lower-case letters, digits and `_`, so that
/// templates can use it as it is.
#[must_use]
pub fn is_arg_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= MAX_NAME
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A pattern while it is read.
struct Reader {
    chars: Vec<char>,
    at: usize,
    /// Every argument with its position, for errors that the whole shows.
    args: Vec<(String, usize)>,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn error<T>(&self, what: impl Into<String>) -> Result<T, PatternError> {
        Err(PatternError { what: what.into(), at: self.at })
    }

    fn stray(&self, sign: char) -> PatternError {
        let what = match sign {
            '|' => {
                "`|` stands only inside `(…)`, as in `(on|off)` or `[(at|to)]`; a plain one is written `\\|`"
                    .to_owned()
            }
            '>' => "`>` without its `<`; a plain one is written `\\>`".to_owned(),
            sign => format!("`{sign}` closes nothing; a plain one is written `\\{sign}`"),
        };
        PatternError { what, at: self.at }
    }

    /// Items up to the end, or up to a sign that closes what the caller opened.
    fn row(&mut self, depth: usize) -> Result<Vec<Item>, PatternError> {
        if depth > MAX_DEPTH {
            return self.error(format!("brackets stand more than {MAX_DEPTH} deep in each other"));
        }
        let mut items = Vec::new();
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            match self.peek() {
                None | Some(']' | ')' | '|') => return Ok(items),
                Some(_) => items.push(self.item(depth)?),
            }
            match self.peek() {
                None | Some(']' | ')' | '|') => {}
                Some(c) if c.is_whitespace() => {}
                Some(_) => {
                    return self.error(
                        "items are split by spaces; only an optional part that starts with a sign is glued on, as in \
                         `<app>[/<ref>]`",
                    );
                }
            }
        }
    }

    fn item(&mut self, depth: usize) -> Result<Item, PatternError> {
        let opened = self.at;
        match self.peek() {
            Some('<') => self.arg(),
            Some('[') => {
                self.at += 1;
                let items = self.row(depth + 1)?;
                if items.is_empty() && self.peek() == Some(']') {
                    return self.error("`[]` holds nothing");
                }
                self.close(']', opened)?;
                Ok(Item::Optional(items))
            }
            Some('(') => {
                let mut rows = Vec::new();
                while rows.is_empty() || self.peek() == Some('|') {
                    self.at += 1;
                    let row = self.row(depth + 1)?;
                    if row.is_empty() && self.peek().is_some() {
                        return self.error("an empty side of `(…|…)`; use `[…]` for what may be left out");
                    }
                    rows.push(row);
                }
                self.close(')', opened)?;
                if rows.len() < 2 {
                    self.at = opened;
                    return self.error("`(…)` needs two sides or more, split by `|`");
                }
                Ok(Item::Either(rows))
            }
            _ => self.literal(),
        }
    }

    fn close(&mut self, sign: char, opened: usize) -> Result<(), PatternError> {
        match self.peek() {
            Some(found) if found == sign => {
                self.at += 1;
                Ok(())
            }
            Some(found) => Err(self.stray(found)),
            None => {
                let open = self.chars[opened];
                Err(PatternError {
                    what: format!(
                        "`{open}` is never closed; it needs its `{sign}`, or is written `\\{open}`"
                    ),
                    at: opened,
                })
            }
        }
    }

    /// `<name>`, `<name...>`, `<name>[/<after>]`.
    fn arg(&mut self) -> Result<Item, PatternError> {
        let opened = self.at;
        let (name, rest) = self.name()?;
        if self.peek() != Some('[') {
            return Ok(Item::Arg { name, rest });
        }
        if rest {
            self.at = opened;
            return self.error("`<…...>` takes all that is left, so nothing can be glued to it");
        }
        let bracket = self.at;
        self.at += 1;
        let escaped = self.peek() == Some('\\');
        self.at += usize::from(escaped);
        let sign = match self.peek() {
            Some(sign)
                if SIGNS.contains(sign) == escaped
                    && sign.is_ascii_punctuation()
                    && !"\"'`=".contains(sign) =>
            {
                sign
            }
            _ => {
                return self
                    .error("what is glued on starts with a sign such as `/`, `:` or `@`: `<app>[/<ref>]`");
            }
        };
        self.at += 1;
        if self.peek() != Some('<') {
            return self.error("behind the sign stands one argument: `<app>[/<ref>]`");
        }
        let (after, rest) = self.name()?;
        if rest {
            return self.error("`...` cannot stand inside a glued part, which is one word");
        }
        self.close(']', bracket)?;
        Ok(Item::Glued { name, sign, after })
    }

    /// `<name>` or `<name...>`: the name, and whether the dots are there.
    fn name(&mut self) -> Result<(String, bool), PatternError> {
        let opened = self.at;
        let Some(length) = self.chars[opened..].iter().position(|&c| c == '>') else {
            return self.error("`<` is never closed; it needs its `>`, or is written `\\<`");
        };
        let inner: String = self.chars[opened + 1..opened + length].iter().collect();
        let (name, rest) = inner.strip_suffix("...").map_or((inner.as_str(), false), |name| (name, true));
        if !is_arg_name(name) {
            self.at += 1;
            return self
                .error("an argument's name is lower-case letters, digits and `_`, a letter first: `<app>`");
        }
        self.at = opened + length + 1;
        self.args.push((name.to_owned(), opened));
        Ok((name.to_owned(), rest))
    }

    fn literal(&mut self) -> Result<Item, PatternError> {
        let start = self.at;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' => {
                    self.at += 1;
                    match self.peek() {
                        Some(escaped) if SIGNS.contains(escaped) => text.push(escaped),
                        _ => {
                            self.at -= 1;
                            return self.error(format!("`\\` escapes only {SIGNS}"));
                        }
                    }
                }
                '>' => return Err(self.stray(c)),
                c if c.is_whitespace() || SIGNS.contains(c) => break,
                c if c.is_control() => return self.error("a control character"),
                c => text.push(c),
            }
            self.at += 1;
        }
        let fault = if text.starts_with("--") {
            "a word cannot begin with `--`, as that begins a flag; every argument is a flag already"
        } else if text.starts_with(['"', '\'', '`']) {
            "a word cannot begin with a quote, as an order's quotes are undone"
        } else if text.ends_with('.') {
            "a word cannot end with a full stop, as phones add one and it is dropped"
        } else {
            return Ok(Item::Literal(text.to_lowercase()));
        };
        self.at = start;
        self.error(fault)
    }

    /// What only the whole shows.
    fn check(&mut self, items: &[Item]) -> Result<(), PatternError> {
        if items.is_empty() {
            return self.error("a pattern needs at least one word");
        }
        if let Some(name) = shape::rest_before_the_end(items, true) {
            self.at = self.position(name, 0);
            return self.error(format!("`<{name}...>` takes all that is left, so it can only stand last"));
        }
        if let Err(name) = shape::no_name_twice(items, &mut Vec::new()) {
            self.at = self.position(name, 1);
            return self.error(format!("`<{name}>` stands here twice"));
        }
        self.at = 0;
        if shape::wordless(items) {
            return self.error("a pattern needs a word of its own that cannot be left out");
        }
        if shape::longest(items) > MAX_ITEMS {
            return self.error(format!("a pattern has at most {MAX_ITEMS} items in a row"));
        }
        if shape::ways(items) > MAX_WAYS {
            return self.error(format!(
                "there are more than {MAX_WAYS} ways to say this; split it into several patterns"
            ));
        }
        Ok(())
    }

    /// Where the argument stands, for the so-manieth time.
    fn position(&self, name: &str, nth: usize) -> usize {
        self.args.iter().filter(|(arg, _)| arg == name).nth(nth).map_or(0, |(_, at)| *at)
    }
}

#[cfg(test)]
mod tests;
