//! The exact reading of a line as one way to say one command.
//!
//! Not the choice between several. Layer 1.

use wilco_contract::{
    command::{ArgSpec, Command},
    pattern::Pattern,
    values::{ArgType, Args},
};

use super::{
    near,
    order::take_default,
    reserved::{Flag, Reserved, same_name},
    ways::{Element, Way},
};
use crate::parse::{Token, Words};

/// A line, read as one way.
#[derive(Debug)]
pub(super) struct Judged {
    /// What came of it.
    pub(super) verdict: Verdict,
    /// How specific the way is, token by token: of two that fit, the lower one is meant.
    pub(super) rank: u128,
    /// How many of the command's own words and of its needed arguments are not there.
    pub(super) lacks: (usize, usize),
}

/// What came of reading a line as one way.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It fits.
    Fits(Args, Reserved),
    /// It asks how the command is used.
    Help,
    /// It would fit but for this.
    Misfit(String),
    /// It would fit with these arguments.
    Lacks(Vec<String>),
}

/// A line that is read as one way.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) words: &'a Words<'a>,
    /// The first word that counts.
    pub(super) from: usize,
    pub(super) command: &'a Command,
    pub(super) way: &'a Way,
    /// The asker's connector, for a bare `#room`.
    pub(super) connector: &'a str,
}

/// What the words of a line are, for one command.
#[derive(Default)]
struct Sorted<'a> {
    /// Values that are given by name.
    named: Vec<(usize, &'a str)>,
    /// The other words.
    plain: Vec<usize>,
    /// Where `<rest...>` begins.
    rest: Option<usize>,
    flags: Reserved,
    help: bool,
    /// The first thing that is wrong.
    fault: Option<String>,
    /// Whether a flag is unknown, so that nobody can tell whether it takes the next word.
    unknown: bool,
}

/// Of which class a token is, in two bits: the lower one goes first.
const CHOICE: u128 = 1;
const WORD: u128 = 2;
const REST: u128 = 3;

impl<'a> Case<'a> {
    /// Reads the line; `None` where its words are others than this way's.
    pub(super) fn judge(self) -> Option<Judged> {
        let sorted = self.sort(true);
        let unknown = sorted.unknown;
        self.align(sorted).or_else(|| if unknown { self.align(self.sort(false)) } else { None })
    }

    fn args(self) -> &'a [ArgSpec] {
        &self.command.spec.args
    }

    /// Tells flags and `name=value` from plain words. An unknown flag takes the next word if `greedy`.
    fn sort(self, greedy: bool) -> Sorted<'a> {
        let tokens = &self.words.tokens;
        let mut sorted = Sorted::default();
        let mut flags = true;
        let mut at = self.from;
        while let Some(token) = tokens.get(at) {
            at += 1;
            if flags && token.ends_flags() {
                flags = false;
            } else if let Some(name) = token.flag().filter(|_| flags) {
                let value = token.equals.map(|equals| (&token.text[equals + 1..], token));
                let next = tokens.get(at).filter(|next| next.flag().is_none() && !next.ends_flags());
                let next = next.map(|next| (&*next.text, next));
                if self.flag(&mut sorted, name, (value, next), greedy) {
                    at += 1;
                }
            } else if let Some((arg, value)) = self.assigned(token).filter(|_| flags) {
                self.give(&mut sorted, arg, (value, token));
            } else if self.rest_begins(&sorted) {
                sorted.rest = Some(at - 1);
                break;
            } else {
                sorted.plain.push(at - 1);
            }
        }
        sorted
    }

    fn assigned(self, token: &'a Token<'_>) -> Option<(usize, &'a str)> {
        let (name, value) = token.assigns()?;
        let arg = self.args().iter().position(|arg| same_name(name, &arg.name))?;
        Some((arg, value))
    }

    /// Whether all that stands before `<rest...>` is there.
    fn rest_begins(self, sorted: &Sorted<'_>) -> bool {
        let given = |element: &Element| {
            element.arg().is_some_and(|arg| sorted.named.iter().any(|(named, _)| *named == arg))
        };
        match self.way.elements.split_last() {
            Some((rest @ Element::Rest(_), fixed)) if !given(rest) => {
                sorted.plain.len() >= fixed.iter().filter(|element| !given(element)).count()
            }
            _ => false,
        }
    }

    /// Reads a flag, with the value behind its `=` and the word behind it; returns whether it took that word.
    fn flag(
        self,
        sorted: &mut Sorted<'a>,
        name: &str,
        (value, next): (Option<Given<'a>>, Option<Given<'a>>),
        greedy: bool,
    ) -> bool {
        if let Some(flag) = Flag::read(name) {
            return self.reserved(sorted, flag, (value, next));
        }
        let Some(arg) = self.args().iter().position(|arg| same_name(name, &arg.name)) else {
            sorted.unknown = true;
            sorted.fault(self.no_such_flag(name));
            return greedy && value.is_none() && next.is_some();
        };
        let is_bool = self.args()[arg].kind == ArgType::Bool;
        let fitting = |(text, _): &Given<'_>| !is_bool || ArgType::Bool.read(text, "").is_ok();
        match (value, next.filter(fitting)) {
            (Some(value), _) => self.give(sorted, arg, value),
            (None, Some(value)) => {
                self.give(sorted, arg, value);
                return true;
            }
            (None, None) if is_bool => sorted.named.push((arg, "yes")),
            (None, None) => {
                sorted.fault(format!("`--{name}` needs a value behind it: {}", self.args()[arg].kind))
            }
        }
        false
    }

    fn reserved(
        self,
        sorted: &mut Sorted<'a>,
        flag: Flag,
        (value, next): (Option<Given<'a>>, Option<Given<'a>>),
    ) -> bool {
        if flag == Flag::Because {
            match value.or(next) {
                Some((reason, token)) if !reason.trim().is_empty() => {
                    self.check_closed(sorted, token);
                    sorted.flags.because = Some(reason.to_owned());
                }
                _ => sorted
                    .fault("`--because` needs a reason behind it, in quotes: `--because \"…\"`".to_owned()),
            }
            return value.is_none() && next.is_some();
        }
        if let Some((text, _)) = value {
            sorted.fault(format!("`--{}` takes no value, but was given `{}`", flag.name(), shortened(text)));
        }
        match flag {
            Flag::DryRun => sorted.flags.dry_run = true,
            Flag::Force => sorted.flags.force = true,
            Flag::Alone => sorted.flags.alone = true,
            Flag::Json => sorted.flags.json = true,
            Flag::Help => sorted.help = true,
            Flag::Because => {}
        }
        false
    }

    fn no_such_flag(self, name: &str) -> String {
        let every = Flag::names().map(|name| -> &'a str { name });
        let known = self.args().iter().map(|arg| arg.name.as_str()).chain(every);
        let lacks = format!("`{}` has no flag `--{}`", self.command.spec.id, shortened(name));
        match near::nearest(&name.to_lowercase().replace('-', "_"), known) {
            Some(near) => format!("{lacks}; the nearest is `--{}`", near.replace('_', "-")),
            None if self.args().is_empty() => format!("{lacks}; it has none of its own"),
            None => {
                let own: Vec<_> =
                    self.args().iter().map(|arg| format!("`--{}`", arg.name.replace('_', "-"))).collect();
                format!("{lacks}; it has {}", own.join(", "))
            }
        }
    }

    fn give(self, sorted: &mut Sorted<'a>, arg: usize, (value, token): Given<'a>) {
        self.check_closed(sorted, token);
        if sorted.named.iter().any(|(named, _)| *named == arg) {
            sorted.fault(self.given_twice(arg));
        } else {
            sorted.named.push((arg, value));
        }
    }

    fn check_closed(self, sorted: &mut Sorted<'_>, token: &Token<'_>) {
        if let Some(open) = token.open {
            sorted.fault(unclosed(self.words.line, open));
        }
    }

    fn given_twice(self, arg: usize) -> String {
        format!("`{}` is given twice", self.args()[arg].name)
    }

    /// Lays the plain words along the way.
    fn align(self, mut sorted: Sorted<'a>) -> Option<Judged> {
        let mut plain = sorted.plain.iter().map(|&at| &self.words.tokens[at]);
        let mut values: Vec<Option<&str>> = vec![None; self.args().len()];
        for (arg, value) in &sorted.named {
            values[*arg] = Some(value);
        }
        let by_name = |arg: usize| sorted.named.iter().any(|(named, _)| *named == arg);
        let mut fault = None;
        let mut skipped = Vec::new();
        let mut words_left = 0;
        let (mut rank, mut place) = (0, 126);
        for element in &self.way.elements {
            if let Some(arg) = element.arg().filter(|arg| by_name(*arg)) {
                skipped.push(arg);
                continue;
            }
            if let Element::Rest(arg) = element {
                values[*arg] = sorted.rest.map(|at| self.words.rest(at));
                rank |= REST << place;
                continue;
            }
            let Some(token) = plain.next() else {
                words_left += usize::from(matches!(element, Element::Literal(_)));
                continue;
            };
            let mut class = 0;
            match element {
                Element::Literal(word) => {
                    if token.literal()? != **word {
                        return None;
                    }
                }
                Element::Arg(arg) => {
                    values[*arg] = Some(&token.text);
                    class = self.class(*arg, &token.text);
                }
                Element::Glued { arg, sign, after } => {
                    let split = if token.quoted { None } else { token.text.split_once(*sign) };
                    let (before, behind) = split.map_or((&*token.text, None), |(one, two)| (one, Some(two)));
                    values[*arg] = Some(before);
                    class = self.class(*arg, before);
                    if behind.is_some() && by_name(*after) {
                        fault.get_or_insert_with(|| self.given_twice(*after));
                    } else if before.is_empty() || behind == Some("") {
                        let text = shortened(&token.text);
                        fault.get_or_insert_with(|| {
                            format!("`{text}` needs something on both sides of `{sign}`")
                        });
                    } else if behind.is_some() {
                        values[*after] = behind;
                    }
                }
                Element::Rest(_) => {}
            }
            if let Some(open) = token.open {
                fault.get_or_insert_with(|| unclosed(self.words.line, open));
            }
            rank |= class << place;
            place -= 2;
        }
        let more = plain.count();
        if more > skipped.len() {
            return None;
        }
        if let Some(arg) = skipped.first().filter(|_| more > 0) {
            fault.get_or_insert_with(|| self.given_twice(*arg));
        }
        if let Some(fault) = fault {
            sorted.fault(fault);
        }
        self.conclude(sorted, &values, (rank, words_left))
    }

    fn class(self, arg: usize, text: &str) -> u128 {
        let kind = &self.args()[arg].kind;
        if matches!(kind, ArgType::Choice(_)) && kind.read(text, "").is_ok() { CHOICE } else { WORD }
    }

    fn conclude(
        self,
        mut sorted: Sorted<'_>,
        values: &[Option<&str>],
        (rank, words_left): (u128, usize),
    ) -> Option<Judged> {
        let mut args = Args::new();
        let mut missing = Vec::new();
        for (arg, value) in self.args().iter().zip(values) {
            match value {
                Some(text) => match arg.kind.read(text, self.connector) {
                    Ok(value) => drop(args.insert(arg.name.clone(), value)),
                    Err(bad) => sorted.fault(format!("`{}`: {bad}", arg.name)),
                },
                None => take_default(arg, &mut args, &mut missing),
            }
        }
        let lacks = (words_left, missing.len());
        let verdict = if sorted.help {
            Verdict::Help
        } else if let Some(fault) = sorted.fault {
            Verdict::Misfit(fault)
        } else if !missing.is_empty() {
            Verdict::Lacks(missing)
        } else if words_left > 0 {
            return None;
        } else {
            Verdict::Fits(args, sorted.flags)
        };
        Some(Judged { verdict, rank, lacks })
    }

    /// How the way is written.
    pub(super) fn usage(self) -> &'a str {
        self.command.spec.words.get(self.way.pattern).map_or("", Pattern::source)
    }
}

/// A value, and the token that it comes from.
type Given<'a> = (&'a str, &'a Token<'a>);

impl Sorted<'_> {
    /// Keeps the first thing that is wrong.
    fn fault(&mut self, what: String) {
        self.fault.get_or_insert(what);
    }
}

fn unclosed(line: &str, open: usize) -> String {
    let (before, from) = line.split_at(open);
    let text: String = from.chars().skip(1).take(20).collect();
    let at = before.chars().count() + 1;
    format!("the quote that opens at character {at}, before `{}`, is never closed", text.trim())
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
