//! Where stages begin in a line, and what has the same stages.
//!
//! Not what they say: [`super::tail`] reads them. A mark is a word of its own outside quotes, and only what stands
//! behind it makes it one; everywhere else `|` and `>` are text. Layer 1.

use wilco_contract::{
    ids::Place,
    near,
    values::{ArgType, Asked},
};

use super::{names, tail};
use crate::parse::{Token, Words};

/// A word that may be a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Which word of the line.
    pub(crate) token: usize,
    /// The byte of the line where it stands.
    pub(crate) at: usize,
}

/// The first mark behind which a stage is named, or nearly, or a place ends the line.
pub(crate) fn first_sure(words: &Words<'_>, asked: &Asked<'_>) -> Option<Mark> {
    all(words).find(|mark| {
        let behind = &words.tokens[mark.token + 1..];
        match (&*words.tokens[mark.token].text, behind) {
            ("|", [next, ..]) => next.literal().is_some_and(|word| names_stage(&word)),
            (">", [last]) => place(last, asked).is_some(),
            _ => false,
        }
    })
}

/// The first word that would be a mark if a stage or a place stood behind it.
pub(crate) fn first_mark(words: &Words<'_>) -> Option<Mark> {
    all(words).next()
}

fn all<'a>(words: &'a Words<'_>) -> impl Iterator<Item = Mark> + 'a {
    // The first word is the command's.
    let tokens = words.tokens.iter().enumerate().skip(1);
    tokens.filter(|(_, token)| token.is_mark()).map(|(at, token)| Mark { token: at, at: token.start })
}

/// Whether a word, in lower case, is a stage's name or nearly.
pub(super) fn names_stage(word: &str) -> bool {
    names().any(|name| name == word) || !near::fitting(word, names()).is_empty()
}

/// The place that a word means behind `>`: one that can be written again as it stands. A quoted word is none, so that
/// no value of a template ever is.
pub(super) fn place(token: &Token<'_>, asked: &Asked<'_>) -> Option<Place> {
    if token.quoted || token.equals.is_some() {
        return None;
    }
    let value = ArgType::Room.read(&token.text, asked).ok()?;
    let place = Place::parse(value.as_str()?).ok()?;
    let said = Words::split(place.as_str());
    let same = matches!(&said.tokens[..], [one] if one.text == place.as_str() && !one.quoted && one.equals.is_none());
    same.then_some(place)
}

/// What a line's stages are without the values in them: two lines that differ only in their values have one shape.
pub(crate) fn shape(line: &str) -> String {
    let words = Words::split(line);
    let Some(mark) = first_mark(&words) else { return String::new() };
    tail::without_values(&line[mark.at..])
}
