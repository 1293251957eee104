//! Arguments: the types they may have, and reading them from words.
//!
//! Not the reading of whole lines: `engine/parse` splits them into words. Layer 0.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{PersonId, Place};

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
}

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
    /// Reads a value of this type from a word or text. `connector` is the asker's, for a bare `#room`.
    ///
    /// # Errors
    /// When the text does not fit; the error says what would.
    pub fn read(&self, text: &str, connector: &str) -> Result<Value, BadValue> {
        let bad = || BadValue { given: text.chars().take(80).collect(), expected: self.to_string() };
        let value = match self {
            Self::Word | Self::Text => Value::from(text),
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
            Self::Duration => Value::from(read_duration(text).ok_or_else(bad)?.as_secs()),
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
            Self::Person => {
                let name = text.strip_prefix('@').unwrap_or(text).to_lowercase();
                Value::from(PersonId::parse(&name).map_err(|_| bad())?.as_str())
            }
            Self::Room => {
                let place = if text.starts_with('#') && !text.contains(':') {
                    format!("{connector}:{text}")
                } else {
                    text.to_owned()
                };
                Value::from(Place::parse(&place).map_err(|_| bad())?.as_str())
            }
            Self::Ref => {
                let odd = |c: char| c.is_whitespace() || c.is_control();
                if text.is_empty() || text.starts_with('-') || text.contains(odd) || text.contains("..") {
                    return Err(bad());
                }
                Value::from(text)
            }
            Self::Json => serde_json::from_str(text).map_err(|_| bad())?,
            Self::Choice(words) => {
                let found = words.iter().find(|word| word.to_lowercase() == text.to_lowercase());
                Value::from(found.ok_or_else(bad)?.as_str())
            }
        };
        Ok(value)
    }
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
            Self::Choice(words) => return write!(f, "one of {}", words.join(", ")),
        })
    }
}

/// Reads `90s`, `2h`, `1h30m`, `1.5h` or a bare number of seconds, up to a year.
#[must_use]
pub fn read_duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return (seconds <= 366 * 86_400).then(|| Duration::from_secs(seconds));
    }
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters].to_ascii_lowercase()[..] {
            "ms" => 0.001,
            "s" | "sec" | "secs" => 1.0,
            "m" | "min" | "mins" => 60.0,
            "h" | "hr" | "hour" | "hours" => 3_600.0,
            "d" | "day" | "days" => 86_400.0,
            "w" | "week" | "weeks" => 604_800.0,
            _ => return None,
        };
        total += number * unit;
        rest = &rest[letters..];
    }
    (total > 0.0 && total <= 366.0 * 86_400.0).then(|| Duration::from_secs_f64(total))
}

/// Reads `512`, `10kB`, `4MiB` as a number of bytes.
#[must_use]
pub fn read_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit: u64 = match &text[digits..].trim().to_ascii_lowercase()[..] {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_become_values() {
        let read = |kind: &ArgType, text: &str| kind.read(text, "irc").ok();
        assert_eq!(read(&ArgType::Duration, "1h30m"), Some(json!(5400)));
        assert_eq!(read(&ArgType::Duration, "90"), Some(json!(90)));
        assert_eq!(read(&ArgType::Duration, "2 parsecs"), None);
        assert_eq!(read(&ArgType::Bytes, "4MiB"), Some(json!(4_194_304)));
        assert_eq!(read(&ArgType::Bytes, "99999999999999999999"), None);
        assert_eq!(read(&ArgType::Person, "@Ana"), Some(json!("ana")));
        assert_eq!(read(&ArgType::Room, "#ops"), Some(json!("irc:#ops")));
        assert_eq!(read(&ArgType::Ref, "--upload-pack=x"), None);
        assert_eq!(read(&ArgType::Choice(vec!["Web".into()]), "web"), Some(json!("Web")));
        assert_eq!(read(&ArgType::Number, "NaN"), None);
        assert_eq!(read(&ArgType::Url, "file:///etc/passwd"), None);
    }
}
