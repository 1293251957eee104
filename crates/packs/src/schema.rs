//! The keys of a step's `with` against the JSON schema of its action.
//!
//! Not a validator: types are checked by the action itself, once templates are filled in with samples. This one finds
//! keys that nobody reads and keys that are missing, with their places. Layer 2.

use serde_json::Value as Json;

use crate::{problem::Problem, sheet::Value};

/// How deep a schema is followed.
const MAX_DEPTH: usize = 16;

/// Reports unknown and missing keys of `with`; `action` is for the messages. Returns whether all is well.
pub(crate) fn check_keys(with: &Value<'_>, schema: &Json, action: &str) -> bool {
    Check { root: schema, action }.value(with, schema, 0)
}

struct Check<'a> {
    root: &'a Json,
    action: &'a str,
}

impl<'a> Check<'a> {
    fn value(&self, value: &Value<'_>, schema: &'a Json, depth: usize) -> bool {
        let Some(schema) = self.followed(schema, depth) else { return true };
        if !self.right_type(value, schema) {
            return false;
        }
        if value.is_table() {
            return self.table(value, schema, depth);
        }
        match schema.get("items") {
            Some(items) if !value.is_text() && value.json().is_array() => {
                let list = value.list("[]").unwrap_or_default();
                // Every item is looked at, also after a wrong one.
                list.iter().filter(|item| !self.value(item, items, depth + 1)).count() == 0
            }
            _ => true,
        }
    }

    fn table(&self, value: &Value<'_>, schema: &'a Json, depth: usize) -> bool {
        let Some(properties) = schema.get("properties").and_then(Json::as_object) else { return true };
        let Some(table) = value.open_table("") else { return false };
        let open = schema.get("additionalProperties").is_some_and(|more| *more != Json::Bool(false));
        let mut well = true;
        for entry in table.entries() {
            match properties.get(entry.name()) {
                Some(schema) => well &= self.value(&entry, schema, depth + 1),
                None if open => {}
                None => {
                    well = false;
                    let known: Vec<_> = properties.keys().map(String::as_str).collect();
                    let listed = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                    let what = format!("`{}` does not know the argument `{}`", self.action, entry.name());
                    let problem = Problem::at(
                        &entry.origin(),
                        what,
                        format!("Correct or remove it; here it takes {listed}."),
                    );
                    entry.add(problem.near(entry.name(), known));
                }
            }
        }
        for missing in required(schema).filter(|key| table.get(key).is_none()) {
            well = false;
            let what = format!("`{}` needs the argument `{missing}`", self.action);
            let about =
                properties.get(missing).and_then(|schema| schema.get("description")).and_then(Json::as_str);
            let about = about.map_or_else(String::new, |about| format!(": {}", about.replace('\n', " ")));
            value.wrong(what, format!("Add `{missing}` to `{}`{about}", value.name()));
        }
        well
    }

    /// Whether the value is of a type that the schema allows. A template can become anything.
    fn right_type(&self, value: &Value<'_>, schema: &Json) -> bool {
        let allowed: Vec<&str> = match schema.get("type") {
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            _ => return true,
        };
        let is = match value.json() {
            Json::String(text) if text.contains("{{") || text.contains("{%") => return true,
            Json::String(_) => "string",
            Json::Number(number) if number.is_f64() => "number",
            Json::Number(_) => "integer",
            Json::Bool(_) => "boolean",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
            Json::Null => "null",
        };
        if allowed.contains(&is) || (is == "integer" && allowed.contains(&"number")) {
            return true;
        }
        let expected: Vec<_> =
            allowed.iter().filter(|name| **name != "null").map(|name| in_words(name)).collect();
        let name = value.name();
        let what = if is == "string" && is_program(name) && allowed.contains(&"array") {
            format!("`{name}` is a list of words, no shell reads it")
        } else {
            let expected = expected.join(" or ");
            format!("`{name}` is {}, and `{}` takes {expected}", in_words(is), self.action)
        };
        let example = meant(value, &allowed).unwrap_or_else(|| example(name, self.root, schema));
        value.wrong(what, format!("Write `{name} = {example}`."));
        false
    }

    /// The schema behind references and an optional's two branches.
    fn followed(&self, schema: &'a Json, depth: usize) -> Option<&'a Json> {
        let mut schema = schema;
        for _ in depth..MAX_DEPTH {
            if let Some(path) = schema.get("$ref").and_then(Json::as_str) {
                schema = self.root.pointer(path.strip_prefix('#')?)?;
                continue;
            }
            let branches = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array);
            let Some(branches) = branches else { return Some(schema) };
            let mut real =
                branches.iter().filter(|branch| branch.get("type").and_then(Json::as_str) != Some("null"));
            let (Some(only), None) = (real.next(), real.next()) else { return None };
            schema = only;
        }
        None
    }
}

/// Whether this argument names a program with its arguments.
fn is_program(name: &str) -> bool {
    matches!(name, "argv" | "plan")
}

/// What a text was probably meant to be, as TOML, where that can be seen.
fn meant(value: &Value<'_>, allowed: &[&str]) -> Option<String> {
    let json = value.json();
    let text = json.as_str()?.trim();
    if allowed.contains(&"array") {
        let plain = !text.is_empty() && !text.contains(['"', '\'', '\\']);
        let words = if is_program(value.name()) { text.split_whitespace().collect() } else { vec![text] };
        let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
        return plain.then(|| format!("[{}]", words.join(", ")));
    }
    let fits = (allowed.contains(&"integer") && text.parse::<i64>().is_ok())
        || (allowed.contains(&"boolean") && text.parse::<bool>().is_ok());
    fits.then(|| text.to_owned())
}

/// A value that this argument takes, as TOML; `root` is the schema of all arguments.
#[must_use]
pub(crate) fn example_of(key: &str, root: &Json) -> String {
    root.get("properties")
        .and_then(|properties| properties.get(key))
        .map_or_else(|| "\"…\"".to_owned(), |schema| example(key, root, schema))
}

/// The arguments that an action needs, each with a value that it takes, as they stand in `with`.
#[must_use]
pub(crate) fn needed(root: &Json) -> String {
    let needed: Vec<_> = required(root).map(|key| format!("{key} = {}", example_of(key, root))).collect();
    if needed.is_empty() { "…".to_owned() } else { needed.join(", ") }
}

fn example(key: &str, root: &Json, schema: &Json) -> String {
    if is_program(key) {
        return r#"["python3", "backup.py"]"#.to_owned();
    }
    let schema = resolved(root, schema);
    let first = |key: &str| schema.get(key).and_then(|all| all.get(0));
    let chosen = schema.get("const").or_else(|| first("enum")).or_else(|| first("examples"));
    if let Some(chosen) = chosen {
        return chosen.to_string();
    }
    let of = match schema.get("type") {
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).find(|of| *of != "null"),
        one => one.and_then(Json::as_str),
    };
    let text = match of {
        Some("integer" | "number") => "60",
        Some("boolean") => "true",
        Some("array") => "[\"…\"]",
        Some("object") => "{ … }",
        _ => "\"…\"",
    };
    text.to_owned()
}

/// The schema behind references, and the first that is not null of several.
fn resolved<'a>(root: &'a Json, schema: &'a Json) -> &'a Json {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let behind = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix('#'));
        let branches = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array);
        let first = |branches: &'a Vec<Json>| {
            branches.iter().find(|branch| branch.get("type").and_then(Json::as_str) != Some("null"))
        };
        match behind.and_then(|path| root.pointer(path)).or_else(|| branches.and_then(first)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

fn in_words(schema_type: &str) -> &str {
    match schema_type {
        "string" => "a text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        other => other,
    }
}

fn required(schema: &Json) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// Whether an action's arguments may have this key at the top.
#[must_use]
pub(crate) fn has_key(schema: &Json, key: &str) -> bool {
    schema.get("properties").is_some_and(|properties| properties.get(key).is_some())
}
