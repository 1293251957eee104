//! Secrets by reference: a step says `{ secret = "NAME" }`, and only the call itself has the value.
//!
//! Not where they come from: `wilco.toml` says that. Intents, plans and records hold the reference. Hiding values in
//! what a call says is a second net, for programs that print what they were given. Layer 0.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use serde_json::Value;

use crate::source::Secret;

/// The shortest value that is hidden in texts, in bytes: a shorter one stands in many words by chance.
pub const SHORTEST_HIDDEN: usize = 6;
/// The key of a reference.
const KEY: &str = "secret";

/// Secrets by name. Cheap to copy; it never prints a value.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Arc<BTreeMap<String, Secret>>,
    /// How values may stand in a text, the longest first, each with its secret's name.
    shapes: Arc<Vec<(String, String)>>,
}

impl Secrets {
    /// These secrets.
    #[must_use]
    pub fn new(values: BTreeMap<String, Secret>) -> Self {
        let mut shapes: Vec<(String, String)> = Vec::new();
        for (name, secret) in &values {
            let value = String::from_utf8_lossy(secret.expose());
            let escaped = Value::from(value.as_ref()).to_string();
            let whole = [value.as_ref(), escaped.trim_matches('"')].map(str::to_owned);
            // Output comes line by line, so each line of a key is one.
            let all = whole.into_iter().chain(value.lines().map(str::to_owned));
            shapes.extend(all.filter(|it| it.len() >= SHORTEST_HIDDEN).map(|it| (it, name.clone())));
        }
        shapes.sort_by(|one, other| (other.0.len(), &one.0).cmp(&(one.0.len(), &other.0)));
        shapes.dedup();
        Self { values: Arc::new(values), shapes: Arc::new(shapes) }
    }

    /// The same, which also hides the values that these had: calls that began with one may still print it.
    #[must_use]
    pub fn hiding_also(mut self, former: &Self) -> Self {
        let mut shapes: Vec<_> = self.shapes.iter().chain(former.shapes.iter()).cloned().collect();
        shapes.sort_by(|one, other| (other.0.len(), &one.0).cmp(&(one.0.len(), &other.0)));
        shapes.dedup();
        self.shapes = Arc::new(shapes);
        self
    }

    /// The names whose value is another one there, or that only one of both has.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.values.keys().chain(other.values.keys()).collect();
        let differs = |name: &&&String| self.values.get(**name) != other.values.get(**name);
        names.iter().filter(differs).map(|name| (*name).clone()).collect()
    }

    /// The value of a name.
    ///
    /// # Errors
    /// When there is none, or it is no text.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        let secret = self.values.get(name).ok_or_else(|| format!("`wilco.toml` has no `[secret.{name}]`"))?;
        std::str::from_utf8(secret.expose()).map_err(|_| format!("the secret `{name}` is not UTF-8"))
    }

    /// Those that these arguments refer to.
    #[must_use]
    pub fn named_in(&self, args: &Value) -> Self {
        if !refers(args) {
            return Self::default();
        }
        let names: BTreeSet<String> = references(args).into_iter().map(|(_, name)| name).collect();
        let values = self.values.iter().filter(|(name, _)| names.contains(*name));
        Self::new(values.map(|(name, secret)| (name.clone(), secret.clone())).collect())
    }

    /// A value with every reference in it replaced.
    ///
    /// # Errors
    /// When a secret is not there.
    pub fn filled(&self, value: &Value) -> Result<Value, String> {
        if let Some(name) = reference(value) {
            return self.text(name).map(Value::from);
        }
        match value {
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, item)| Ok((key.clone(), self.filled(item)?)));
                fields.collect::<Result<_, String>>().map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }

    /// A text with every value in it replaced by its name.
    #[must_use]
    pub fn hidden<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (shape, name) in self.shapes.iter() {
            if text.contains(shape.as_str()) {
                text = Cow::Owned(text.replace(shape.as_str(), &format!("[secret {name}]")));
            }
        }
        text
    }

    /// How much of a text is whole, in bytes, where it was cut off before its end: behind that, a value may have begun.
    #[must_use]
    pub fn whole(&self, cut: &str) -> usize {
        // A character that was cut in two stands as one that nobody wrote.
        let text = cut.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let begun = |shape: &str| {
            let ends = shape.char_indices().map(|(at, _)| at).skip(1);
            ends.filter(|end| text.ends_with(&shape[..*end])).max().unwrap_or(0)
        };
        text.len() - self.shapes.iter().map(|(shape, _)| begun(shape)).max().unwrap_or(0)
    }

    /// A value with every text in it as [`Self::hidden`] has it.
    #[must_use]
    pub fn hidden_in(&self, value: Value) -> Value {
        if self.shapes.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.hidden(&text).into_owned()),
            Value::Array(items) => items.into_iter().map(|item| self.hidden_in(item)).collect(),
            Value::Object(fields) => {
                let hide =
                    |(key, item): (String, Value)| (self.hidden(&key).into_owned(), self.hidden_in(item));
                Value::Object(fields.into_iter().map(hide).collect())
            }
            other => other,
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// The name that a value refers to, where it is `{ secret = "NAME" }` and nothing more.
#[must_use]
pub fn reference(value: &Value) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.get(KEY)?.as_str()
}

/// All references in a value: where each stands, as keys with `/` between them, and its name.
#[must_use]
pub fn references(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// Whether there is a reference in a value.
#[must_use]
pub fn refers(value: &Value) -> bool {
    reference(value).is_some()
        || match value {
            Value::Array(items) => items.iter().any(refers),
            Value::Object(fields) => fields.values().any(refers),
            _ => false,
        }
}

fn walk(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    if let Some(name) = reference(value) {
        found.push((path.to_owned(), name.to_owned()));
        return;
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(item, &below(&at.to_string()), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(key, item)| walk(item, &below(key), found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets() -> Secrets {
        let values = [("TOKEN", "s3cr3t\"x"), ("PIN", "1234"), ("KEY", "line one\nline two")];
        Secrets::new(values.map(|(name, value)| (name.to_owned(), Secret::new(value))).into())
    }

    #[test]
    fn what_may_be_the_beginning_of_a_value_is_not_whole() {
        let secrets = secrets();
        for (cut, whole) in [
            ("a line", "a "),
            ("the token s3cr3t", "the token "),
            ("the token s3cr3t\u{fffd}", "the token "),
            ("line on", ""),
            ("nothing", "nothing"),
            ("", ""),
        ] {
            assert_eq!(&cut[..secrets.whole(cut)], whole, "{cut}");
        }
        assert_eq!(Secrets::default().whole("all of it"), 9);
    }

    #[test]
    fn a_reference_is_filled_in_and_nothing_else() {
        let args = json!({"headers": {"a": {"secret": "TOKEN"}}, "b": [{"secret": "PIN", "more": 1}]});
        assert_eq!(references(&args), [("headers/a".to_owned(), "TOKEN".to_owned())]);
        let only = secrets().named_in(&args);
        let filled = json!({"headers": {"a": "s3cr3t\"x"}, "b": [{"secret": "PIN", "more": 1}]});
        assert_eq!(only.filled(&args), Ok(filled));
        assert_eq!(only.text("PIN"), Err("`wilco.toml` has no `[secret.PIN]`".to_owned()));
        assert_eq!(format!("{:?}", secrets()), r#"{"KEY", "PIN", "TOKEN"}"#);
    }

    #[test]
    fn a_former_value_is_hidden_as_the_new_one_is_and_given_to_nobody() {
        let new = Secrets::new([("TOKEN".to_owned(), Secret::new("another one"))].into());
        assert_eq!(new.differing(&secrets()), ["KEY", "PIN", "TOKEN"]);
        assert_eq!(new.differing(&new.clone().hiding_also(&secrets())), Vec::<String>::new());
        let new = new.hiding_also(&secrets());
        assert_eq!(
            new.hidden("s3cr3t\"x, another one, line two"),
            "[secret TOKEN], [secret TOKEN], [secret KEY]"
        );
        assert_eq!(new.text("TOKEN"), Ok("another one"));
        assert!(new.text("KEY").is_err());
    }

    #[test]
    fn values_are_hidden_in_what_a_call_says() {
        let all = secrets();
        assert_eq!(all.hidden("it is s3cr3t\"x."), "it is [secret TOKEN].");
        assert_eq!(all.hidden(r#"{"t": "s3cr3t\"x"}"#), r#"{"t": "[secret TOKEN]"}"#);
        assert_eq!(all.hidden("line two"), "[secret KEY]");
        assert_eq!(all.hidden("in 1234 words"), "in 1234 words");
        assert_eq!(all.hidden_in(json!({"a": ["xs3cr3t\"x"]})), json!({"a": ["x[secret TOKEN]"]}));
    }
}
