//! The arguments of an action, as a step of a pack may write them, as a JSON schema for editors.
//!
//! Not the action's own schema: that one is of arguments whose templates are filled in. Layer 2.

use serde_json::{Value as Json, json};

/// A text that becomes something else when it is filled in.
const TEMPLATE: &str = r"\{[{%]";

/// The schema of `with`. `at` is where it will stand in the whole one.
pub(super) fn with(schema: &Json, at: &str) -> Json {
    let mut whole = schema.clone();
    if let Some(map) = whole.as_object_mut() {
        map.remove("$schema");
        map.remove("title");
        map.remove("description");
        for part in ["properties", "$defs"] {
            for shape in
                map.get_mut(part).and_then(Json::as_object_mut).into_iter().flat_map(|all| all.values_mut())
            {
                *shape = written(shape, at);
            }
        }
    }
    whole
}

/// What may be written for a value of this schema.
fn written(schema: &Json, at: &str) -> Json {
    let Some(map) = schema.as_object() else { return schema.clone() };
    let mut written = map.clone();
    if let Some(path) = map.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix('#')) {
        // A reference takes nothing beside it in this draft; what it leads to is written out where it stands.
        written.insert("$ref".to_owned(), Json::from(format!("#{at}{path}")));
        return Json::Object(written);
    }
    for part in ["properties", "$defs"] {
        for shape in
            written.get_mut(part).and_then(Json::as_object_mut).into_iter().flat_map(|all| all.values_mut())
        {
            *shape = self::written(shape, at);
        }
    }
    for part in ["items", "additionalProperties"] {
        if let Some(shape) = written.get_mut(part).filter(|shape| shape.is_object()) {
            *shape = self::written(shape, at);
        }
    }
    // By name, a number or a flag is taken for its text.
    if written.get("additionalProperties").and_then(|of| of.get("type")).and_then(Json::as_str)
        == Some("string")
    {
        written["additionalProperties"]["type"] = json!(["string", "number", "boolean"]);
    }
    // How large a number may be is said when the action is asked, which may take more than it declares.
    for bound in ["minimum", "maximum"] {
        written.remove(bound);
    }
    let mut several = false;
    for part in ["anyOf", "oneOf"] {
        let branches = written.get_mut(part).and_then(Json::as_array_mut);
        for branch in branches.into_iter().flatten() {
            several |= branch.get("type").and_then(Json::as_str) == Some("string");
            *branch = self::written(branch, at);
        }
        // A number or a flag is taken for its text where a text is one way among others.
        if let Some(branches) = written.get_mut(part).and_then(Json::as_array_mut).filter(|_| several) {
            branches.push(json!({ "type": ["number", "boolean"] }));
        }
    }
    let is_fixed = ["enum", "const", "pattern"].iter().any(|key| written.contains_key(*key));
    let of = written.get("type");
    let is_text = match of {
        Some(Json::String(of)) => of == "string",
        Some(Json::Array(several)) => several.iter().any(|of| of == "string"),
        _ => false,
    };
    if (of.is_some() && !is_text) || is_fixed {
        return or_template(written);
    }
    Json::Object(written)
}

/// The shape, or a template, with the description where an editor looks for it.
fn or_template(mut shape: serde_json::Map<String, Json>) -> Json {
    let description = shape.remove("description");
    let mut either = json!({ "anyOf": [shape, { "type": "string", "pattern": TEMPLATE }] });
    if let Some(description) = description {
        either["description"] = description;
    }
    either
}
