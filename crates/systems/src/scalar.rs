//! Texts in the arguments of actions.
//!
//! Not templates: those are filled in before. But a template keeps the type of what it names, so where an action takes a
//! text, a number may come, or nothing for an argument that an order leaves out. Layer 2.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Number;

/// What a template may become.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Text(String),
    Number(Number),
    Truth(bool),
    Absent(()),
}

impl Scalar {
    /// As a text; nothing where it was left out.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Truth(truth) => Some(truth.to_string()),
            Self::Absent(()) => None,
        }
    }
}

/// A text that may be left out.
pub(crate) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Scalar::deserialize(input).map(Scalar::text)
}

/// A list of texts, without those that were left out.
pub(crate) fn given<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    Ok(Vec::<Scalar>::deserialize(input)?.into_iter().filter_map(Scalar::text).collect())
}

/// A list of texts of which none may be left out.
pub(crate) fn all<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<Scalar>::deserialize(input)?.into_iter().map(Scalar::text);
    let missing = || D::Error::custom("a part of this list was left out, and it needs all of them");
    texts.map(|text| text.ok_or_else(missing)).collect()
}

/// Texts by name, without those that were left out.
pub(crate) fn by_name<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, String>, D::Error> {
    let texts = BTreeMap::<String, Scalar>::deserialize(input)?;
    Ok(texts.into_iter().filter_map(|(name, text)| Some((name, text.text()?))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_templates_make_is_taken_as_text() {
        let mixed = || json!(["a", 600, 1.5, true, null]);
        assert_eq!(given(mixed()).expect("texts"), ["a", "600", "1.5", "true"]);
        assert!(all(mixed()).is_err_and(|error| error.to_string().contains("left out")));
        assert_eq!(all(json!(["a", 1])).expect("texts"), ["a", "1"]);
        assert_eq!(text(json!(7)).expect("a text"), Some("7".into()));
        assert_eq!(text(Value::Null).expect("nothing"), None);
        let named = by_name(json!({ "a": 1, "b": null })).expect("texts");
        assert_eq!(named, BTreeMap::from([("a".to_owned(), "1".to_owned())]));
        assert!(given(json!([{}])).is_err());
    }
}
