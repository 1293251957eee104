//! Telling flags and `name=value` from plain words, once the command is known.
//!
//! Layer 1.

use std::borrow::Cow;

use wilco_contract::{
    near,
    values::{ArgType, Asked},
};

use super::{
    judge::Case,
    reserved::{Flag, Reserved, same_name},
    ways::Element,
};
use crate::parse::{Token, Words};

/// What the words of a line are, for one way to say one command.
#[derive(Default)]
pub(super) struct Sorted<'a> {
    /// The arguments whose value is given by name.
    pub(super) named: Vec<(usize, Cow<'a, str>)>,
    /// The plain words, by their places in the line.
    pub(super) plain: Vec<usize>,
    /// Where `<rest...>` begins.
    pub(super) rest: Option<usize>,
    /// The flags that every order has.
    pub(super) flags: Reserved,
    /// Whether it asks for help.
    pub(super) help: bool,
    /// The first thing that is wrong.
    pub(super) fault: Option<String>,
    /// Whether a flag is unknown, so that nobody can tell whether it takes the next word.
    pub(super) unknown: bool,
}

/// Sorts the words of a line. An unknown flag takes the word behind it if `greedy`.
pub(super) fn sort(case: Case<'_>, greedy: bool) -> Sorted<'_> {
    let mut sorter = Sorter { case, greedy, next: case.from, joined: 0, sorted: Sorted::default() };
    sorter.run();
    sorter.sorted
}

struct Sorter<'a> {
    case: Case<'a>,
    greedy: bool,
    /// The next word.
    next: usize,
    /// How many of the plain words go on with the value that the word before them began.
    joined: usize,
    sorted: Sorted<'a>,
}

impl<'a> Sorter<'a> {
    fn run(&mut self) {
        let mut flags = true;
        while let Some(token) = self.case.words.tokens.get(self.next) {
            if flags && token.ends_flags() {
                flags = false;
            } else if let Some(name) = token.flag().filter(|_| flags) {
                self.next += 1;
                match Flag::read(name) {
                    Some(flag) => self.reserved(flag, token),
                    None => self.flag(name, token),
                }
                continue;
            } else if let Some((arg, value)) = self.assigned(token).filter(|_| flags) {
                self.give(arg, Cow::Borrowed(value), token);
            } else if self.rest_begins() {
                self.sorted.rest = Some(self.next);
                return;
            } else {
                self.plain();
            }
            self.next += 1;
        }
    }

    fn arg(&self, typed: &str) -> Option<usize> {
        self.case.args().iter().position(|arg| same_name(typed, &arg.name))
    }

    fn assigned(&self, token: &'a Token<'_>) -> Option<(usize, &'a str)> {
        let (name, value) = token.assigns()?;
        Some((self.arg(name)?, value))
    }

    fn given(&self, element: &Element) -> bool {
        element.arg().is_some_and(|arg| self.sorted.has(arg))
    }

    /// Takes a plain word, with those that go on with its value.
    fn plain(&mut self) {
        let filled = self.sorted.plain.len() - self.joined;
        let element = self.case.way.elements.iter().filter(|element| !self.given(element)).nth(filled);
        let count = element.map_or(1, |element| self.case.value_words(element, self.next));
        self.sorted.plain.extend(self.next..self.next + count);
        self.joined += count - 1;
        self.next += count - 1;
    }

    /// Whether all that stands before `<rest...>` is there.
    fn rest_begins(&self) -> bool {
        match self.case.way.elements.split_last() {
            Some((rest @ Element::Rest(_), fixed)) if !self.given(rest) => {
                let needed = fixed.iter().filter(|element| !self.given(element)).count();
                self.sorted.plain.len() - self.joined >= needed
            }
            _ => false,
        }
    }

    /// Takes the value of a flag: what stands behind its `=`, or else the next word, if it fits and is no flag.
    fn value(
        &mut self,
        flag: &'a Token<'_>,
        fits: impl Fn(&str) -> bool,
    ) -> Option<(&'a str, &'a Token<'a>)> {
        if let Some(equals) = flag.equals {
            return Some((&flag.text[equals + 1..], flag));
        }
        let words: &'a Words<'a> = self.case.words;
        let token = words.tokens.get(self.next)?;
        if token.flag().is_some() || token.ends_flags() || !fits(&token.text) {
            return None;
        }
        self.next += 1;
        Some((&token.text, token))
    }

    fn flag(&mut self, name: &str, token: &'a Token<'a>) {
        let Some(arg) = self.arg(name) else {
            self.sorted.unknown = true;
            if self.greedy {
                self.value(token, |_| true);
            }
            if self.sorted.fault.is_none() {
                self.sorted.fault(no_such_flag(self.case, name));
            }
            return;
        };
        let kind = &self.case.args()[arg].kind;
        let is_bool = *kind == ArgType::Bool;
        let fits = |text: &str| !is_bool || kind.read(text, &Asked::default()).is_ok();
        let first = self.next;
        match self.value(token, fits) {
            // Where the word behind the flag begins its value, the value may go on.
            Some((_, from)) if self.next > first && kind.has_words() => {
                let count = self.case.words.value_words(kind, first, self.case.asked);
                self.next = first + count;
                self.give(arg, self.case.words.joined(first, count), from);
            }
            Some((value, from)) => self.give(arg, Cow::Borrowed(value), from),
            None if is_bool => self.give(arg, Cow::Borrowed("yes"), token),
            None => self.sorted.fault(format!("`--{name}` needs a value behind it: {kind}")),
        }
    }

    fn reserved(&mut self, flag: Flag, token: &'a Token<'a>) {
        if flag == Flag::Because {
            return self.because(token);
        }
        if let Some(equals) = token.equals {
            let text = shortened(&token.text[equals + 1..]);
            self.sorted.fault(format!("`--{}` takes no value, but was given `{text}`", flag.name()));
        }
        let flags = &mut self.sorted.flags;
        match flag {
            Flag::DryRun => flags.dry_run = true,
            Flag::Force => flags.force = true,
            Flag::Alone => flags.alone = true,
            Flag::Json => flags.json = true,
            Flag::Help => self.sorted.help = true,
            Flag::Because => {}
        }
    }

    fn because(&mut self, token: &'a Token<'a>) {
        match self.value(token, |_| true) {
            Some(_) if self.sorted.flags.because.is_some() => {
                self.sorted.fault("`--because` is given twice".to_owned());
            }
            Some((reason, from)) if !reason.trim().is_empty() => {
                self.check_closed(from);
                self.sorted.flags.because = Some(reason.to_owned());
            }
            _ => {
                let what = "`--because` needs a reason behind it, in quotes: `--because \"…\"`";
                self.sorted.fault(what.to_owned());
            }
        }
    }

    fn give(&mut self, arg: usize, value: Cow<'a, str>, token: &Token<'_>) {
        self.check_closed(token);
        if self.sorted.has(arg) {
            self.sorted.fault(self.case.given_twice(arg));
        } else {
            self.sorted.named.push((arg, value));
        }
    }

    fn check_closed(&mut self, token: &Token<'_>) {
        if let Some(open) = token.open {
            self.sorted.fault(unclosed(self.case.words.line, open));
        }
    }
}

impl Sorted<'_> {
    /// Whether this argument is given by its name.
    pub(super) fn has(&self, arg: usize) -> bool {
        self.named.iter().any(|(named, _)| *named == arg)
    }

    /// Keeps the first thing that is wrong.
    pub(super) fn fault(&mut self, what: String) {
        self.fault.get_or_insert(what);
    }
}

fn no_such_flag<'a>(case: Case<'a>, name: &str) -> String {
    let every = Flag::names().map(|name| -> &'a str { name });
    let own = case.args().iter().map(|arg| arg.name.as_str());
    let lacks = format!("`{}` has no flag `--{}`", case.command.spec.id, shortened(name));
    let typed = name.to_lowercase().replace('-', "_");
    if let Some(near) = near::nearest(&typed, own.clone().chain(every)) {
        return format!("{lacks}; the nearest is `--{}`", near.replace('_', "-"));
    }
    let own: Vec<_> = own.map(|name| format!("`--{}`", name.replace('_', "-"))).collect();
    if own.is_empty() {
        format!("{lacks}; it has none of its own")
    } else {
        format!("{lacks}; it has {}", own.join(", "))
    }
}

/// What is wrong with a quote that opens at this byte of a line.
pub(super) fn unclosed(line: &str, open: usize) -> String {
    let (before, from) = line.split_at(open);
    let text: String = from.chars().skip(1).take(20).collect();
    let at = before.chars().count() + 1;
    format!("the quote that opens at character {at}, before `{}`, is never closed", text.trim())
}

/// A text from outside, short enough for an answer.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
