//! A strict reading of TOML: every value knows where it stands, every key has to be known, and all that is wrong is
//! collected, not only the first thing.
//!
//! Not a model of packs or of `wilco.toml`: those say which keys there are. Layer 2.

mod value;

use std::{cell::RefCell, sync::Arc};

use toml::{Spanned, de::DeTable};
use wilco_contract::ids::Origin;

pub use value::{Text, Value};

use crate::problem::{Problem, nearest};

/// The longest file that is read, in bytes.
pub const MAX_FILE: u64 = 1024 * 1024;

/// A file's text and the problems found in it so far.
pub struct Sheet {
    file: Arc<str>,
    text: String,
    line_starts: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
}

impl Sheet {
    /// A sheet of this text; `file` is how problems name it.
    #[must_use]
    pub fn new(file: &str, text: String) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(starts).collect();
        Self { file: file.into(), text, line_starts, problems: RefCell::default() }
    }

    /// How problems name the file.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tables of the file; `None`, with the problems reported, where it is not TOML.
    #[must_use]
    pub fn parse(&self) -> Option<Spanned<DeTable<'_>>> {
        let (tables, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Some(tables);
        }
        let mut last_line = 0;
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let origin = self.origin(at);
            // A slip makes the rest of its line look wrong too.
            if origin.line != last_line {
                last_line = origin.line;
                let what = format!("this is not TOML: {}", error.message());
                self.add(Problem::at(&origin, what, "Mend this line; what follows was not checked."));
            }
        }
        None
    }

    /// The place of a byte of the text.
    #[must_use]
    pub fn origin(&self, at: usize) -> Origin {
        let at = at.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= at).max(1);
        let column = self.text[self.line_starts[line - 1]..].char_indices();
        let column = column.take_while(|(offset, _)| self.line_starts[line - 1] + offset < at).count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Origin { file: self.file.clone(), line: number(line), column: number(column + 1) }
    }

    /// Adds a problem.
    pub fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Adds an error at a byte of the text.
    pub fn error(&self, at: usize, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(Problem::at(&self.origin(at), what, remedy));
    }

    /// All problems, from the top of the file to its end.
    #[must_use]
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems.dedup();
        problems
    }
}

/// A table whose keys are known.
#[derive(Clone)]
pub struct Table<'a> {
    sheet: &'a Sheet,
    entries: &'a DeTable<'a>,
    /// What it is, for messages: "`[pack]`".
    what: String,
    at: usize,
    known: &'static [&'static str],
}

/// The keys that a table may have.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// Keys that mean something.
    pub known: &'static [&'static str],
    /// Keys that a later version will know.
    pub later: &'static [&'static str],
}

impl Keys {
    /// These keys, and no later ones.
    #[must_use]
    pub const fn of(known: &'static [&'static str]) -> Self {
        Self { known, later: &[] }
    }
}

impl<'a> Table<'a> {
    /// The whole file as a table.
    pub fn root(sheet: &'a Sheet, tables: &'a Spanned<DeTable<'a>>, keys: Keys) -> Self {
        let table =
            Self { sheet, entries: tables.get_ref(), what: "the file".to_owned(), at: 0, known: keys.known };
        table.check(keys);
        table
    }

    /// The sheet it stands on.
    #[must_use]
    pub fn sheet(&self) -> &'a Sheet {
        self.sheet
    }

    /// Where it begins, in bytes.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Where it was declared.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.sheet.origin(self.at)
    }

    /// Reports every key that is not known.
    fn check(&self, keys: Keys) {
        for (key, _) in self.entries.iter() {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            if keys.known.contains(&name) {
                continue;
            }
            let origin = self.sheet.origin(at);
            if keys.later.contains(&name) {
                let known = keys.known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                let what = format!("`{name}` is not supported in this version");
                self.sheet.add(Problem::at(&origin, what, format!("Remove it; this version knows {known}.")));
                continue;
            }
            let remedy = format!(
                "Correct or remove it; {} may have {}.",
                self.what,
                keys.known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            );
            let what = format!("unknown key `{name}`");
            self.sheet.add(Problem::at(&origin, what, remedy).near(name, keys.known.iter().copied()));
        }
    }

    /// The value of a key, if it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let (found, value) = self.entries.iter().find(|(found, _)| found.get_ref() == key)?;
        Some(Value { sheet: self.sheet, name: found.get_ref(), key_at: Some(found.span().start), value })
    }

    /// The value of a key, reported as missing where it is not there. `example` is a line that would be right.
    #[must_use]
    pub fn need(&self, key: &str, example: &str) -> Option<Value<'a>> {
        let found = self.get(key);
        if found.is_none() && !self.has_slip_of(key) {
            let what = format!("{} has no `{key}`", self.what);
            self.sheet.error(self.at, what, format!("Add one, such as `{example}`."));
        }
        found
    }

    /// The keys that are not known, which were reported.
    fn unknown(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.get_ref().as_ref()).filter(|name| !self.known.contains(name))
    }

    /// Whether a key that is not known was probably meant to be this one. It was told already; then it is not missing.
    #[must_use]
    pub fn has_slip_of(&self, key: &str) -> bool {
        self.unknown().any(|name| nearest(name, self.known.iter().copied()) == Some(key))
    }

    /// Whether it has keys that are not known, so that what seems missing may be there.
    #[must_use]
    pub fn has_slips(&self) -> bool {
        self.unknown().next().is_some()
    }

    /// All keys with their values, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> Vec<Value<'a>> {
        let mut entries: Vec<_> = self
            .entries
            .iter()
            .map(|(key, value)| Value {
                sheet: self.sheet,
                name: key.get_ref(),
                key_at: Some(key.span().start),
                value,
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_at);
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys { known: &["name", "port", "list"], later: &["soon"] };

    fn problems(text: &str, read: impl Fn(&Table<'_>)) -> Vec<String> {
        let sheet = Sheet::new("x.toml", text.to_owned());
        if let Some(tables) = sheet.parse() {
            read(&Table::root(&sheet, &tables, KEYS));
        }
        sheet.into_problems().iter().map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let text = "nmae = 1\n  port = \"é\"\nsoon = 2\n";
        let found = problems(text, |table| {
            assert!(table.need("name", "name = \"x\"").is_none());
            assert_eq!(table.get("port").and_then(|port| port.count("7777")), None);
        });
        assert_eq!(
            found,
            [
                "x.toml:1:1: unknown key `nmae`; did you mean `name`?\n    \
                 Correct or remove it; the file may have `name`, `port`, `list`.",
                "x.toml:2:10: `port` is a text, and has to be a whole number of at least 0\n    Write `port = 7777`.",
                "x.toml:3:1: `soon` is not supported in this version\n    \
                 Remove it; this version knows `name`, `port`, `list`.",
            ]
        );
    }

    #[test]
    fn what_is_not_toml_is_told_once_a_line() {
        let found = problems("name = \nport = = 3\nlist = [1, 2\n", |_| panic!("there is nothing to read"));
        assert!(found.iter().all(|line| line.contains("this is not TOML")), "{found:?}");
        assert!(found[0].starts_with("x.toml:1:"), "{found:?}");
        assert!(found[1].starts_with("x.toml:2:"), "{found:?}");
    }

    #[test]
    fn characters_of_a_text_have_their_own_place() {
        let sheet = Sheet::new("x.toml", "name = \"éa<b\"\nlist = [\"x\\ty\"]".to_owned());
        let tables = sheet.parse().expect("TOML");
        let root = Table::root(&sheet, &tables, KEYS);
        let name = root.get("name").and_then(|name| name.text("")).expect("a text");
        assert_eq!(name.origin_of_word("<b").column, 11);
        let item = &root.get("list").and_then(|list| list.texts("")).expect("texts")[0];
        assert_eq!((item.origin_of(2).line, item.origin_of(2).column), (2, 9));
    }
}
