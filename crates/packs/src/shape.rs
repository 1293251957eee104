//! What may stand behind a key, as a JSON schema for editors.
//!
//! Not the reader, which says more: a schema knows keys, types and fixed words, and no rule between two keys that the
//! reader would have to explain. Which keys a table has comes from the reader's own lists ([`Keys`]), so a new key is in
//! the schema by itself. Layer 2.

mod pack;
mod rules;
mod with;

use serde_json::{Map, Value as Json, json};

pub use pack::pack;
pub use rules::{lists, requirement, route, rule, vars};

use crate::sheet::Keys;

/// How a schema begins: the draft that editors for TOML know.
pub const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// A key with what may stand behind it.
pub type Row = (&'static str, Json);

/// A table with the keys that its reader knows and no others; of these it has to have the `needed`.
#[must_use]
pub fn table(keys: Keys, needed: &[&str], rows: Vec<Row>) -> Json {
    let stale: Vec<_> = rows.iter().map(|(key, _)| *key).filter(|key| !keys.known.contains(key)).collect();
    debug_assert!(stale.is_empty(), "keys that no reader knows: {stale:?}");
    let mut properties: Map<String, Json> =
        rows.into_iter().map(|(key, shape)| (key.to_owned(), shape)).collect();
    for key in keys.known {
        properties.entry(*key).or_insert_with(|| json!({}));
    }
    json!({ "type": "object", "additionalProperties": false, "required": needed, "properties": properties })
}

/// The same, with a word on what it is for.
#[must_use]
pub fn about(mut shape: Json, about: &str) -> Json {
    shape["description"] = Json::from(about);
    shape
}

/// Tables or values by names that people give.
#[must_use]
pub fn by_name(of: &Json) -> Json {
    json!({ "type": "object", "additionalProperties": of })
}

/// One value or the other.
#[must_use]
pub fn either(shapes: &[Json]) -> Json {
    json!({ "anyOf": shapes })
}

/// A table that has at least one of these keys.
#[must_use]
pub fn with_one_of(mut table: Json, keys: &[&str]) -> Json {
    table["anyOf"] = keys.iter().map(|key| json!({ "required": [key] })).collect();
    table
}

/// A text.
#[must_use]
pub fn text(about: &str) -> Json {
    json!({ "type": "string", "description": about })
}

/// A text in which something stands.
#[must_use]
pub fn words(about: &str) -> Json {
    json!({ "type": "string", "minLength": 1, "description": about })
}

/// A list of texts.
#[must_use]
pub fn texts(about: &str) -> Json {
    json!({ "type": "array", "items": { "type": "string" }, "description": about })
}

/// A list of texts, at least one.
#[must_use]
pub fn some_texts(about: &str) -> Json {
    json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "description": about })
}

/// A list of something.
#[must_use]
pub fn list(of: &Json, about: &str) -> Json {
    json!({ "type": "array", "items": of, "description": about })
}

/// True or false.
#[must_use]
pub fn flag(about: &str) -> Json {
    json!({ "type": "boolean", "description": about })
}

/// A whole number from this one on.
#[must_use]
pub fn count(least: u64, about: &str) -> Json {
    json!({ "type": "integer", "minimum": least, "description": about })
}

/// One of a few words.
#[must_use]
pub fn one_of(words: &[&str], about: &str) -> Json {
    json!({ "enum": words, "description": about })
}
