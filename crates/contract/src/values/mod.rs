//! Arguments: the types they may have, and reading them from words.
//!
//! Not the reading of whole lines: `engine/parse` splits them into words. Layer 0.

mod person;
mod span;
mod time;

use std::{collections::BTreeMap, fmt};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use span::{read_bytes, read_duration, read_seconds};

use crate::{
    ids::{PersonId, Place},
    near,
    policy::Person,
};

/// Arguments by name, in the order of their declaration.
pub type Args = serde_json::Map<String, Value>;

/// The type of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgType {
    /// One token; quotes may fill it with spaces.
    Word,
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `yes`/`no`, `true`/`false`, `on`/`off`.
    Bool,
    /// A span of time: `90s`, `2h`, `1h30m`. Its value is a number of seconds.
    Duration,
    /// A size: `512`, `10kB`, `4MiB`. Its value is a number of bytes.
    Bytes,
    /// An absolute `http` or `https` address.
    Url,
    /// A person: `@ana`. Its value is the name without the sign.
    Person,
    /// A place: `web:ops`, or `#ops` on the asker's connector.
    Room,
    /// A commit, tag or branch: a word without spaces or control characters.
    Ref,
    /// Any JSON.
    Json,
    /// One of these words, in any case.
    Choice(Vec<String>),
    /// A moment: `18:00`, `friday 18:00`, `in 2h`. Its value is RFC 3339 with an offset.
    Time,
    /// One of what a command answers to whoever asks, in any case. Reading takes any word: who gives the order looks
    /// whether it is one of them.
    ChoiceOf {
        /// The order, a read, without Wilco's name.
        run: String,
        /// The column of its rows; absent: the first one.
        column: Option<String>,
    },
}

/// Who asks, where and when: what `me`, `here`, `#ops` and `tomorrow` mean. Where something is absent, what needs it
/// does not fit; the default knows nothing, and reads what is absolute.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The asker's connector, for a bare `#room` and a bare account.
    pub connector: &'a str,
    /// The place in which they ask: `here`.
    pub place: Option<&'a Place>,
    /// Who they are: `me`.
    pub who: Option<&'a PersonId>,
    /// When they ask, and on which clocks.
    pub when: Option<Moment<'a>>,
    /// The people that there are; absent: any name may be a person's.
    pub people: Option<&'a BTreeMap<PersonId, Person>>,
}

/// A moment, and the zone whose clocks are meant.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// When.
    pub now: Timestamp,
    /// Whose clocks.
    pub zone: &'a TimeZone,
}

/// The most choices that an error names.
const MAX_CHOICES: usize = 12;

/// A word that does not fit its argument's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {expected}")]
pub struct BadValue {
    /// What was given, shortened to 80 characters.
    pub given: String,
    /// What would fit.
    pub expected: String,
}

impl ArgType {
    /// Reads a value of this type from a word or text.
    ///
    /// # Errors
    /// When the text does not fit; the error says what would.
    pub fn read(&self, text: &str, asked: &Asked<'_>) -> Result<Value, BadValue> {
        let not = |expected: String| BadValue { given: text.chars().take(80).collect(), expected };
        let bad = || not(self.to_string());
        let value = match self {
            Self::Word | Self::Text | Self::ChoiceOf { .. } => Value::from(text),
            Self::Integer => Value::from(text.parse::<i64>().map_err(|_| bad())?),
            Self::Number => {
                let number = text.parse::<f64>().map_err(|_| bad())?;
                serde_json::Number::from_f64(number).map(Value::Number).ok_or_else(bad)?
            }
            Self::Bool => match text.to_ascii_lowercase().as_str() {
                "yes" | "true" | "on" | "1" => Value::Bool(true),
                "no" | "false" | "off" | "0" => Value::Bool(false),
                _ => return Err(bad()),
            },
            Self::Duration => match (read_seconds(text), read_duration(text)) {
                (Some(seconds), _) => Value::from(seconds),
                (None, Some(_)) => return Err(not("a whole number of seconds".to_owned())),
                (None, None) => return Err(bad()),
            },
            Self::Bytes => Value::from(read_bytes(text).ok_or_else(bad)?),
            Self::Url => {
                let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
                match rest {
                    Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => {
                        Value::from(text)
                    }
                    _ => return Err(bad()),
                }
            }
            Self::Person => Value::from(person::person(text, asked).map_err(not)?.as_str()),
            Self::Room => Value::from(person::room(text, asked).map_err(not)?.as_str()),
            Self::Time => Value::from(time::read(text, asked).map_err(not)?),
            Self::Ref => {
                let odd = |c: char| c.is_whitespace() || c.is_control();
                if text.is_empty() || text.starts_with('-') || text.contains(odd) || text.contains("..") {
                    return Err(bad());
                }
                Value::from(text)
            }
            Self::Json => serde_json::from_str(text).map_err(|_| bad())?,
            Self::Choice(words) => Value::from(choice(words, text).map_err(not)?),
        };
        Ok(value)
    }

    /// Its name, as packs write it: `word`, `choice`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Duration => "duration",
            Self::Bytes => "bytes",
            Self::Url => "url",
            Self::Person => "person",
            Self::Room => "room",
            Self::Ref => "ref",
            Self::Json => "json",
            Self::Time => "time",
            Self::Choice(_) | Self::ChoiceOf { .. } => "choice",
        }
    }

    /// How many of these words its value takes, at least one: a time, a span and a size may have several. `words` begins
    /// with the first one that is its value for certain.
    #[must_use]
    pub fn words(&self, words: &[&str], asked: &Asked<'_>) -> usize {
        match self {
            Self::Time => time::words(words, asked),
            Self::Duration => span::span_words(words),
            Self::Bytes => span::size_words(words),
            _ => 1,
        }
    }

    /// Whether a word of this type means the same whoever says it, where and when.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        !matches!(self, Self::Person | Self::Room | Self::Time | Self::ChoiceOf { .. })
    }

    /// Whether a value may have several words without quotes.
    #[must_use]
    pub fn has_words(&self) -> bool {
        matches!(self, Self::Time | Self::Duration | Self::Bytes)
    }

    /// A value as a person would type it, without quotes.
    #[must_use]
    pub fn said(&self, value: &Value) -> String {
        match (self, value) {
            (Self::Json, value) => value.to_string(),
            (Self::Person, Value::String(name)) => format!("@{name}"),
            (Self::Bool, Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
            (Self::Duration, Value::Number(seconds)) => {
                seconds.as_u64().map_or(seconds.to_string(), span::said_span)
            }
            (Self::Bytes, Value::Number(bytes)) => bytes.as_u64().map_or(bytes.to_string(), span::said_size),
            (_, Value::String(text)) => text.clone(),
            (_, value) => value.to_string(),
        }
    }
}

/// Which of these words a text is, in any case, as it is written there.
///
/// # Errors
/// What would fit, as a noun phrase, with the nearest.
pub fn choice<'a>(words: &'a [String], text: &str) -> Result<&'a str, String> {
    let lower = text.to_lowercase();
    if let Some(found) = words.iter().find(|word| word.to_lowercase() == lower) {
        return Ok(found);
    }
    let expected = one_of(words);
    let known: Vec<_> = words.iter().map(|word| word.to_lowercase()).collect();
    let near = near::nearest(&lower, known.iter().map(String::as_str));
    let near = near.and_then(|near| words.iter().find(|word| word.to_lowercase() == near));
    Err(near.map_or_else(|| expected.clone(), |near| format!("{expected}; the nearest is `{near}`")))
}

fn one_of(words: &[String]) -> String {
    let more = words.len().saturating_sub(MAX_CHOICES);
    let words = words[..words.len() - more].join(", ");
    if more > 0 { format!("one of {words} and {more} more") } else { format!("one of {words}") }
}

impl fmt::Display for ArgType {
    /// What fits, as a noun phrase for an error: "a whole number".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word => "a word",
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Bool => "yes or no",
            Self::Duration => "a span of time such as `90s`, `2h` or `1h30m`",
            Self::Bytes => "a size such as `512`, `10kB` or `4MiB`",
            Self::Url => "an address that starts with `https://` or `http://`",
            Self::Person => "a person such as `@ana`",
            Self::Room => "a place such as `web:ops`",
            Self::Ref => "a commit, tag or branch",
            Self::Json => "JSON",
            Self::Choice(words) => return f.write_str(&one_of(words)),
            Self::Time => time::EXPECTED,
            Self::ChoiceOf { run, .. } => return write!(f, "one of those that `{run}` tells"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_become_values() {
        let asked = Asked { connector: "irc", ..Asked::default() };
        let read = |kind: &ArgType, text: &str| kind.read(text, &asked).ok();
        assert_eq!(read(&ArgType::Duration, "1h30m"), Some(json!(5400)));
        assert_eq!(read(&ArgType::Duration, "90"), Some(json!(90)));
        assert_eq!(read(&ArgType::Bytes, "4MiB"), Some(json!(4_194_304)));
        assert_eq!(read(&ArgType::Person, "@Ana"), Some(json!("ana")));
        assert_eq!(read(&ArgType::Room, "#ops"), Some(json!("irc:#ops")));
        assert_eq!(read(&ArgType::Ref, "--upload-pack=x"), None);
        assert_eq!(read(&ArgType::Choice(vec!["Web".into()]), "web"), Some(json!("Web")));
        assert_eq!(read(&ArgType::Number, "NaN"), None);
        assert_eq!(read(&ArgType::Url, "file:///etc/passwd"), None);
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        let told =
            |kind: ArgType, text: &str| kind.read(text, &Asked::default()).expect_err("a misfit").to_string();
        let apps = |count: usize| ArgType::Choice((1..=count).map(|n| format!("app-{n}")).collect());
        assert_eq!(told(ArgType::Duration, "1500ms"), "`1500ms` is not a whole number of seconds");
        assert_eq!(told(apps(2), "ap-2"), "`ap-2` is not one of app-1, app-2; the nearest is `app-2`");
        assert_eq!(told(apps(2), "web"), "`web` is not one of app-1, app-2");
        assert!(told(apps(40), "web").ends_with("app-12 and 28 more"));
    }
}
