//! The grammar of command patterns: `ship <app> [at] <ref>`.
//!
//! Not the matcher: `engine/parse` indexes many patterns and matches lines. Layer 0.

use serde::{Deserialize, Serialize};

/// A pattern that is not well formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
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
    /// A word, in lower case.
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
        let items = source.split_whitespace().map(|word| Item::Literal(word.to_lowercase())).collect();
        Ok(Self { source: source.to_owned(), items })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its items, in order.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
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
