//! An order in words: the form that records, rooms and transcripts show, and that reads back to the same order.
//!
//! Layer 1.

use wilco_contract::{
    command::ArgSpec,
    pattern::{Item, Pattern},
    values::Asked,
};

use super::{Order, Reading};
use crate::parse::{self, is_bare, quoted};

/// How an order's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// In their places, quoted where the sign of a value needs it.
    Plain,
    /// In their places, all quoted: no value can be taken for a command's own word.
    Quoted,
    /// By their names: no value can be taken for another argument.
    Named,
}

impl Order {
    /// The order in words: its command's first pattern with the values in their places, `--name value` for what the
    /// pattern lacks and for flags. Arguments that the pattern lacks and that are at their default are left out. Read
    /// by the same catalogue, it is the same order.
    #[must_use]
    pub fn said(&self) -> String {
        for style in [Style::Plain, Style::Quoted] {
            let line = self.write(style);
            if self.line.as_deref() == Some(&*line) {
                return line;
            }
            if matches!(self.index.read(&line, &Asked::default()), Reading::Order(order) if order == *self) {
                return line;
            }
        }
        self.write(Style::Named)
    }

    /// The order by its names, also where it lacks some of them, and what stands behind all of them.
    pub(super) fn begun(&self) -> (String, String) {
        let behind = if self.flags.then.is_none() { String::new() } else { self.flags.then.to_string() };
        let mut front = self.clone();
        front.flags.then = Default::default();
        (front.write(Style::Named), behind)
    }

    fn write(&self, style: Style) -> String {
        let words = &self.command.spec.words;
        let covered = words.iter().find(|pattern| self.covers(pattern.items()));
        let (pattern, style) = match (covered, words.first()) {
            (Some(pattern), _) => (pattern.items(), style),
            (None, first) => (first.map_or(&[][..], Pattern::items), Style::Named),
        };
        let mut line = Line { order: self, style, out: Vec::new(), used: Vec::new(), rest: None };
        line.items(pattern);
        line.flags();
        line.out.extend(line.rest);
        let line = line.out.join(" ");
        if self.flags.then.is_none() { line } else { format!("{line}{}", self.flags.then) }
    }

    /// Whether there is a value for everything that these items cannot do without.
    fn covers(&self, items: &[Item]) -> bool {
        items.iter().all(|item| match item {
            Item::Literal(_) | Item::Optional(_) => true,
            Item::Arg { name, .. } | Item::Glued { name, .. } => {
                let may_lack = |arg: &ArgSpec| arg.name == *name && !super::ways::is_needed(arg);
                self.args.contains_key(name) || self.command.spec.args.iter().any(may_lack)
            }
            Item::Either(rows) => rows.iter().any(|row| self.covers(row)),
        })
    }

    /// An argument's value as a person would type it.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let arg = self.command.spec.args.iter().find(|arg| arg.name == name)?;
        Some(arg.kind.said(self.args.get(name)?))
    }
}

/// A line while it is written.
struct Line<'a> {
    order: &'a Order,
    style: Style,
    out: Vec<String>,
    /// The arguments that have their value in the line.
    used: Vec<&'a str>,
    /// What takes all that is left, and so comes last.
    rest: Option<String>,
}

impl<'a> Line<'a> {
    fn items(&mut self, items: &'a [Item]) {
        for item in items {
            match item {
                Item::Literal(word) => self.out.push(word.clone()),
                Item::Arg { .. } | Item::Glued { .. } if self.style == Style::Named => {}
                Item::Arg { name, rest } => self.arg(name, *rest),
                Item::Glued { name, sign, after } => self.glued(name, *sign, after),
                Item::Optional(inner) => {
                    if self.is_wanted(inner) {
                        self.items(inner);
                    }
                }
                Item::Either(rows) => {
                    let row = rows.iter().find(|row| self.order.covers(row)).or(rows.first());
                    self.items(row.map_or(&[], Vec::as_slice));
                }
            }
        }
    }

    /// Whether an optional part is said: where it has arguments, and they have values. Mere words are left out, as
    /// nobody may have said them.
    fn is_wanted(&self, items: &[Item]) -> bool {
        let mut names = items.iter().filter_map(|item| match item {
            Item::Arg { name, .. } | Item::Glued { name, .. } => Some(name),
            Item::Literal(_) | Item::Optional(_) | Item::Either(_) => None,
        });
        let valued = |name: &String| self.style != Style::Named && self.order.args.contains_key(name);
        match names.next() {
            Some(first) => valued(first) && names.all(valued),
            None => items.iter().any(|item| match item {
                Item::Optional(items) => self.is_wanted(items),
                Item::Either(rows) => rows.iter().any(|row| self.is_wanted(row)),
                _ => false,
            }),
        }
    }

    fn arg(&mut self, name: &'a str, rest: bool) {
        let Some(text) = self.order.text(name) else { return };
        if !rest {
            self.out.push(word(&text, self.style));
        } else if self.style == Style::Plain && self.order.flags.then.is_none() && stands_as_rest(&text) {
            self.rest = Some(text);
        } else {
            // By its name; with stages, too, as nothing is read inside a text.
            return;
        }
        self.used.push(name);
    }

    fn glued(&mut self, name: &'a str, sign: char, after: &'a str) {
        let Some(before) = self.order.text(name) else { return };
        self.used.push(name);
        let is_bare = |text: &str| is_bare(text) && self.style == Style::Plain;
        let before_is_bare = is_bare(&before) && !before.contains(sign);
        match self.order.text(after) {
            Some(behind) if before_is_bare && is_bare(&behind) => {
                self.out.push(format!("{before}{sign}{behind}"));
                self.used.push(after);
            }
            _ if before_is_bare => self.out.push(before),
            _ => self.out.push(quoted(&before)),
        }
    }

    /// What the pattern has no place for.
    fn flags(&mut self) {
        for arg in &self.order.command.spec.args {
            let Some(value) = self.order.args.get(&arg.name) else { continue };
            let at_default = arg.default.as_ref() == Some(value);
            if !at_default && !self.used.contains(&arg.name.as_str()) {
                self.out.push(format!("--{}", arg.name.replace('_', "-")));
                self.out.push(word(&arg.kind.said(value), Style::Plain));
            }
        }
        let flags = &self.order.flags;
        let set = [
            (flags.dry_run, "--dry-run"),
            (flags.force, "--force"),
            (flags.alone, "--alone"),
            (flags.json, "--json"),
        ];
        self.out.extend(set.iter().filter(|(set, _)| *set).map(|(_, flag)| (*flag).to_owned()));
        if let Some(because) = &flags.because {
            self.out.push("--because".to_owned());
            self.out.push(quoted(because));
        }
    }
}

fn word(text: &str, style: Style) -> String {
    if style == Style::Quoted { quoted(text) } else { parse::word(text) }
}

/// Whether a text is read as all that is left of a line: it must not begin like a flag or a name.
fn stands_as_rest(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or("");
    text.trim() == text && is_plain_start(first) && !first.contains(['=', '\u{ff1d}'])
}

fn is_plain_start(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphanumeric() || "\"'([{#@/.:".contains(c))
}
