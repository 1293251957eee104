//! The exact reading of a line as one way to say one command.
//!
//! Not the choice between several. Layer 1.

use std::borrow::Cow;

use wilco_contract::{
    command::{ArgSpec, Command},
    pattern::Pattern,
    values::{ArgType, Args, Asked},
};

use super::{
    order::take_default,
    reserved::Reserved,
    sort::{Sorted, shortened, sort, unclosed},
    ways::{Element, Way},
};
use crate::parse::{Token, Words};

/// A line, read as one way.
#[derive(Debug)]
pub(super) struct Judged {
    /// What came of it.
    pub(super) verdict: Verdict,
    /// As in [`Layout::rank`].
    pub(super) rank: u128,
    /// How many of the command's own words and of its needed arguments are not there.
    pub(super) lacks: (usize, usize),
    /// Where `<rest...>` begins, and which argument it is.
    pub(super) rest: Option<(usize, usize)>,
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
    /// It would fit with more arguments than it has.
    Lacks {
        /// Those that are missing.
        missing: Vec<String>,
        /// Those that it has.
        given: Args,
        /// Its flags.
        flags: Reserved,
    },
}

/// A line that is read as one way.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) words: &'a Words<'a>,
    /// The first word that counts.
    pub(super) from: usize,
    pub(super) command: &'a Command,
    pub(super) way: &'a Way,
    /// Who asks, where and when.
    pub(super) asked: &'a Asked<'a>,
}

/// Of which class a token is, in two bits: the lower one goes first. A command's own word is 0.
const CHOICE: u128 = 1;
const WORD: u128 = 2;
const REST: u128 = 3;

impl<'a> Case<'a> {
    /// Lays the line along the way; `None` where its words are others than this way's.
    pub(super) fn lay(self) -> Option<Layout<'a>> {
        let sorted = sort(self, true);
        let unknown = sorted.unknown;
        Layout::of(self, sorted).or_else(|| if unknown { Layout::of(self, sort(self, false)) } else { None })
    }

    pub(super) fn args(self) -> &'a [ArgSpec] {
        &self.command.spec.args
    }

    /// How many words make the value of this element, the first of which is this one.
    pub(super) fn value_words(self, element: &Element, at: usize) -> usize {
        match element {
            Element::Arg(arg) => self.words.value_words(&self.args()[*arg].kind, at, self.asked),
            Element::Literal(_) | Element::Glued { .. } | Element::Rest(_) => 1,
        }
    }

    /// How the way is written.
    pub(super) fn usage(self) -> &'a str {
        self.command.spec.words.get(self.way.pattern).map_or("", Pattern::source)
    }

    pub(super) fn given_twice(self, arg: usize) -> String {
        format!("`{}` is given twice", self.args()[arg].name)
    }
}

/// The words of a line, laid along a way. What they are worth as values is only read when it matters.
pub(super) struct Layout<'a> {
    case: Case<'a>,
    sorted: Sorted<'a>,
    /// The text of each argument.
    values: Vec<Option<Cow<'a, str>>>,
    /// How specific the way is, token by token: of two that fit, the lower one is meant.
    pub(super) rank: u128,
    /// Of the command's own words, how many are not there.
    words_left: usize,
    /// Whether the line ends before the way does.
    pub(super) short: bool,
}

impl<'a> Layout<'a> {
    fn of(case: Case<'a>, sorted: Sorted<'a>) -> Option<Self> {
        let mut values = vec![None; case.args().len()];
        for (arg, value) in &sorted.named {
            values[*arg] = Some(value.clone());
        }
        let mut layout = Layout { case, sorted, values, rank: 0, words_left: 0, short: false };
        layout.run()?;
        Some(layout)
    }

    /// Lays each plain word along the way; `None` where one of them does not belong there.
    fn run(&mut self) -> Option<()> {
        let case = self.case;
        let plain = std::mem::take(&mut self.sorted.plain);
        let mut plain = plain.into_iter();
        let mut by_name = Vec::new();
        let mut place = 128;
        for element in &case.way.elements {
            if let Some(arg) = element.arg().filter(|arg| self.sorted.has(*arg)) {
                by_name.push(arg);
                continue;
            }
            // A pattern has at most 60 items, so that each finds its two bits.
            place -= 2;
            if let Element::Rest(arg) = element {
                // Nothing is read inside a text, but a time is words like any other.
                let worded = case.args()[*arg].kind.has_words();
                self.values[*arg] = self.sorted.rest.map(|at| match worded {
                    true => case.words.joined(at, case.words.tokens.len() - at),
                    false => Cow::Borrowed(case.words.rest(at)),
                });
                self.rank |= REST << place;
                self.short |= self.sorted.rest.is_none();
                continue;
            }
            let Some(at) = plain.next() else {
                self.short = true;
                self.words_left += usize::from(matches!(element, Element::Literal(_)));
                continue;
            };
            let token = &case.words.tokens[at];
            if let Some(open) = token.open {
                self.sorted.fault(unclosed(case.words.line, open));
            }
            let count = case.value_words(element, at);
            if count > 1
                && let Element::Arg(arg) = element
            {
                plain.by_ref().take(count - 1).for_each(drop);
                self.values[*arg] = Some(case.words.joined(at, count));
                self.rank |= WORD << place;
                continue;
            }
            self.rank |= self.take(element, token)? << place;
        }
        match (plain.count(), by_name.first()) {
            (0, _) => Some(()),
            // One word too many, and an argument that has been named: it was given twice.
            (more, Some(arg)) if more <= by_name.len() => {
                self.sorted.fault(case.given_twice(*arg));
                Some(())
            }
            _ => None,
        }
    }

    /// Takes a token for an element, and returns its class; `None` where it is another word than the command's own.
    fn take(&mut self, element: &Element, token: &'a Token<'a>) -> Option<u128> {
        match element {
            Element::Literal(word) => (token.literal()? == **word).then_some(0),
            Element::Arg(arg) | Element::Rest(arg) => {
                self.values[*arg] = Some(Cow::Borrowed(&token.text));
                Some(self.class(*arg))
            }
            Element::Glued { arg, sign, after } => {
                let split = if token.quoted { None } else { token.text.split_once(*sign) };
                let Some((before, behind)) = split else {
                    self.values[*arg] = Some(Cow::Borrowed(&token.text));
                    return Some(self.class(*arg));
                };
                if before.is_empty() || behind.is_empty() {
                    let text = shortened(&token.text);
                    self.sorted.fault(format!("`{text}` needs something on both sides of `{sign}`"));
                }
                if self.sorted.has(*after) {
                    self.sorted.fault(self.case.given_twice(*after));
                }
                self.values[*arg] = Some(Cow::Borrowed(before));
                self.values[*after] = Some(Cow::Borrowed(behind));
                Some(self.class(*arg))
            }
        }
    }

    fn class(&self, arg: usize) -> u128 {
        let ArgType::Choice(words) = &self.case.args()[arg].kind else { return WORD };
        let fits = |text: &Cow<'_, str>| {
            let lower = text.chars().flat_map(char::to_lowercase);
            words.iter().any(|word| word.chars().flat_map(char::to_lowercase).eq(lower.clone()))
        };
        if self.values[arg].as_ref().is_some_and(fits) { CHOICE } else { WORD }
    }

    /// Reads the values, and says what came of it; `None` where words are missing and nothing else.
    pub(super) fn judge(mut self) -> Option<Judged> {
        let mut args = Args::new();
        let mut missing = Vec::new();
        for (arg, value) in self.case.args().iter().zip(&self.values) {
            let Some(text) = value else {
                take_default(arg, &mut args, &mut missing);
                continue;
            };
            self.case.words.reads(&arg.kind);
            match arg.kind.read(text, self.case.asked) {
                Ok(value) => drop(args.insert(arg.name.clone(), value)),
                Err(bad) => self.sorted.fault(format!("`{}`: {bad}", arg.name)),
            }
        }
        let lacks = (self.words_left, missing.len());
        let rest = match self.case.way.elements.last() {
            Some(Element::Rest(arg)) => self.sorted.rest.map(|at| (at, *arg)),
            _ => None,
        };
        let verdict = if self.sorted.help {
            Verdict::Help
        } else if let Some(fault) = self.sorted.fault {
            Verdict::Misfit(fault)
        } else if !missing.is_empty() {
            Verdict::Lacks { missing, given: args, flags: self.sorted.flags }
        } else if self.words_left > 0 {
            return None;
        } else {
            Verdict::Fits(args, self.sorted.flags)
        };
        Some(Judged { verdict, rank: self.rank, lacks, rest })
    }
}
