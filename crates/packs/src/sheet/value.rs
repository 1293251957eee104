//! Values and texts of a sheet, each with its place.
//!
//! Not their meaning: whoever reads a file says what a key is for. Layer 2.

use std::ops::Range;

use serde_json::{Map, Value as Json};
use toml::{Spanned, de::DeValue};
use wilco_contract::{ids::Origin, values::read_seconds};

use super::{Keys, Sheet, Table};
use crate::problem::Problem;

/// A value with its name and place.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) name: &'a str,
    pub(super) key_at: Option<usize>,
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    /// The key it stands behind, or that of the list it stands in.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Where it was declared: the key, or the value where it stands in a list.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.sheet.origin(self.at())
    }

    fn at(&self) -> usize {
        self.key_at.unwrap_or_else(|| self.value.span().start)
    }

    /// Reports that something is wrong with it.
    pub fn wrong(&self, what: impl Into<String>, remedy: impl Into<String>) {
        self.sheet.add(Problem::at(&self.value_origin(), what, remedy));
    }

    /// Where the value itself stands.
    #[must_use]
    pub fn value_origin(&self) -> Origin {
        let span = self.value.span();
        // A table that exists only through longer keys has no place of its own.
        self.sheet.origin(if span.is_empty() { self.at() } else { span.start })
    }

    /// Reports a problem made with [`Value::value_origin`].
    pub fn add(&self, problem: Problem) {
        self.sheet.add(problem);
    }

    fn mistyped(&self, expected: &str, example: &str) {
        let is = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let what = format!("`{}` is {is}, and has to be {expected}", self.name);
        self.wrong(what, format!("Write `{} = {example}`.", self.name));
    }

    /// Its text; anything else is reported.
    #[must_use]
    pub fn text(&self, example: &str) -> Option<Text<'a>> {
        let DeValue::String(text) = self.value.get_ref() else {
            self.mistyped("a text", example);
            return None;
        };
        Some(Text { sheet: self.sheet, name: self.name, text: text.as_ref(), span: self.value.span() })
    }

    /// Its text, which must not be empty; anything else is reported.
    #[must_use]
    pub fn words(&self, example: &str) -> Option<Text<'a>> {
        let text = self.text(example)?;
        if text.text.trim().is_empty() {
            self.wrong(format!("`{}` is empty", self.name), format!("Write `{} = {example}`.", self.name));
            return None;
        }
        Some(text)
    }

    /// Whether it is a text, without reporting that it is not.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    /// Whether it is a table, without reporting that it is not.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// True or false; anything else is reported.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => {
                self.mistyped("true or false", "true");
                None
            }
        }
    }

    /// A whole number of at least 0; anything else is reported.
    #[must_use]
    pub fn count(&self, example: &str) -> Option<u64> {
        let number = match self.value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.mistyped("a whole number of at least 0", example);
        }
        number
    }

    /// A span of time as a text, in seconds; anything else is reported.
    #[must_use]
    pub fn seconds(&self, example: &str) -> Option<u64> {
        let text = self.text(example)?;
        let seconds = read_seconds(text.text).filter(|seconds| *seconds > 0);
        if seconds.is_none() {
            let what = format!("`{}` is not a span of time", text.text);
            self.wrong(
                what,
                format!("Write `{} = {example}`: s, m, h and d count, up to a year.", self.name),
            );
        }
        seconds
    }

    /// The items of a list; anything else is reported.
    #[must_use]
    pub fn list(&self, example: &str) -> Option<Vec<Value<'a>>> {
        let DeValue::Array(items) = self.value.get_ref() else {
            self.mistyped("a list", example);
            return None;
        };
        let item = |value| Value { sheet: self.sheet, name: self.name, key_at: None, value };
        Some(items.iter().map(item).collect())
    }

    /// The texts of a list; anything else is reported. Items that are no texts are left out.
    #[must_use]
    pub fn texts(&self, example: &str) -> Option<Vec<Text<'a>>> {
        Some(self.list(example)?.iter().filter_map(|item| item.text(example)).collect())
    }

    /// A table with these keys; anything else is reported.
    #[must_use]
    pub fn table(&self, what: &str, keys: Keys) -> Option<Table<'a>> {
        let table = Table { known: keys.known, ..self.open_table(what)? };
        table.check(keys);
        Some(table)
    }

    /// A table with any keys; anything else is reported.
    #[must_use]
    pub fn open_table(&self, what: &str) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.value.get_ref() else {
            self.mistyped("a table", "{ … }");
            return None;
        };
        let span = self.value.span();
        let at = if span.is_empty() { self.at() } else { span.start };
        Some(Table { sheet: self.sheet, entries, what: what.to_owned(), at, known: &[] })
    }

    /// The tables of a list of tables (`[[x]]`); anything else is reported.
    #[must_use]
    pub fn tables(&self, what: &str, keys: Keys) -> Vec<Table<'a>> {
        if let DeValue::Table(_) = self.value.get_ref() {
            let said = format!("`{}` is one table, and there may be several", self.name);
            self.sheet.error(self.at(), said, format!("Write {what} with two brackets on each side."));
            return Vec::new();
        }
        let DeValue::Array(_) = self.value.get_ref() else {
            let said = format!("`{}` is no list of tables", self.name);
            self.wrong(said, format!("Write {what}, and its keys on the lines after it."));
            return Vec::new();
        };
        let items = self.list("").unwrap_or_default();
        items.iter().filter_map(|item| item.table(what, keys)).collect()
    }

    /// The value as JSON. Dates become texts.
    #[must_use]
    pub fn json(&self) -> Json {
        json(self.value.get_ref())
    }

    /// The value at a path of keys and list positions below this one, as far as it goes.
    #[must_use]
    pub fn below(&self, path: &[&str]) -> Self {
        let mut here = *self;
        for part in path {
            let next = match here.value.get_ref() {
                DeValue::Table(entries) => {
                    let found = entries.iter().find(|(key, _)| key.get_ref() == part);
                    found.map(|(key, value)| Self {
                        name: key.get_ref(),
                        key_at: Some(key.span().start),
                        value,
                        ..here
                    })
                }
                DeValue::Array(items) => {
                    let item = part.parse::<usize>().ok().and_then(|at| items.get(at));
                    item.map(|value| Self { key_at: None, value, ..here })
                }
                _ => None,
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        here
    }

    /// Every text in it, however deep.
    #[must_use]
    pub fn all_texts(&self) -> Vec<Text<'a>> {
        match self.value.get_ref() {
            DeValue::String(text) => {
                vec![Text {
                    sheet: self.sheet,
                    name: self.name,
                    text: text.as_ref(),
                    span: self.value.span(),
                }]
            }
            DeValue::Array(_) => {
                self.list("").unwrap_or_default().iter().flat_map(Value::all_texts).collect()
            }
            DeValue::Table(_) => {
                let entries = self.open_table("").map(|table| table.entries()).unwrap_or_default();
                entries.iter().flat_map(Value::all_texts).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Json::Null, Json::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Json::Null, Json::from),
        DeValue::Boolean(flag) => Json::from(*flag),
        DeValue::Datetime(date) => Json::from(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            let fields =
                entries.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
            Json::Object(fields.collect::<Map<_, _>>())
        }
    }
}

/// A text with its place.
#[derive(Clone)]
pub struct Text<'a> {
    sheet: &'a Sheet,
    name: &'a str,
    /// The text.
    pub text: &'a str,
    span: Range<usize>,
}

impl<'a> Text<'a> {
    /// The key it stands behind.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Where it stands.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.sheet.origin(self.span.start)
    }

    /// Where a character of it stands. Where the file writes it with escapes: where the text begins.
    #[must_use]
    pub fn origin_of(&self, character: usize) -> Origin {
        let raw = &self.sheet.text[self.span.clone()];
        let inner = raw.get(1..raw.len().saturating_sub(1)).filter(|inner| *inner == self.text);
        let offset = inner.and_then(|inner| {
            let mut starts = inner.char_indices().map(|(at, _)| at).chain(std::iter::once(inner.len()));
            starts.nth(character)
        });
        self.sheet.origin(offset.map_or(self.span.start, |offset| self.span.start + 1 + offset))
    }

    /// Where a word first stands in it, or where it begins.
    #[must_use]
    pub fn origin_of_word(&self, word: &str) -> Origin {
        match self.text.find(word) {
            Some(at) => self.origin_of(self.text[..at].chars().count()),
            None => self.origin(),
        }
    }

    /// Reports that something is wrong with it.
    pub fn wrong(&self, what: impl Into<String>, remedy: impl Into<String>) {
        self.sheet.add(Problem::at(&self.origin(), what, remedy));
    }

    /// Reports a problem made with one of its origins.
    pub fn add(&self, problem: Problem) {
        self.sheet.add(problem);
    }
}
