//! From a line to what it means: the choice between the ways that it could be read.
//!
//! Layer 1.

use std::sync::Arc;

use wilco_contract::{input::MAX_TEXT, values::Asked};

use super::{
    Order, Reading,
    index::Index,
    judge::{Case, Judged, Verdict},
    reserved::Flag,
};
use crate::parse::{Token, Words};

/// What decides between two readings of a line, the lower one first: whether it fits, how specific it is, how little it
/// lacks.
type Key = (u8, u128, (usize, usize));

/// A reading of words as they stand.
pub(super) struct Plain {
    pub(super) reading: Reading,
    /// The word where `<rest...>` begins, and which argument it is.
    pub(super) rest: Option<(usize, usize)>,
}

impl Judged {
    /// A whole order before one that is wrong, that before one that lacks something, that before one that is wrong and
    /// lacks something.
    fn key(&self) -> Key {
        let whole = self.lacks == (0, 0);
        let fit = match (&self.verdict, whole) {
            (Verdict::Fits(..), _) | (Verdict::Help, true) => 0,
            (Verdict::Help, false) | (Verdict::Misfit(_), true) => 1,
            (Verdict::Lacks { .. }, _) => 2,
            (Verdict::Misfit(_), false) => 3,
        };
        (fit, self.rank, self.lacks)
    }
}

impl Index {
    pub(super) fn read(self: &Arc<Self>, line: &str, asked: &Asked<'_>) -> Reading {
        if line.len() > MAX_TEXT {
            return malformed(format!(
                "an order has at most {MAX_TEXT} bytes, and this one has {}",
                line.len()
            ));
        }
        let words = Words::split(line);
        // Most lines have no such sign, and pay nothing for those that do.
        if words.tokens.iter().any(Token::is_mark) {
            return self.read_marked(&words, asked);
        }
        let mut reading = self.read_words(&words, asked).reading;
        if let Reading::Order(order) = &mut reading
            && !words.asked.get()
        {
            order.line = Some(line.into());
        }
        reading
    }

    /// Reads words as they stand, without stages.
    pub(super) fn read_words(self: &Arc<Self>, words: &Words<'_>, asked: &Asked<'_>) -> Plain {
        let mut rest = None;
        let reading = self.meaning(words, asked, &mut rest);
        Plain { reading, rest }
    }

    fn meaning(
        self: &Arc<Self>,
        words: &Words<'_>,
        asked: &Asked<'_>,
        rest: &mut Option<(usize, usize)>,
    ) -> Reading {
        let Some(first) = words.tokens.first() else { return Reading::Empty };
        let planned = first.literal().as_deref() == Some("plan") && !self.begins_with("plan");
        if planned && words.tokens.len() == 1 {
            return malformed(
                "`plan` shows what an order would do, and needs the order behind it".to_owned(),
            );
        }
        let from = usize::from(planned);
        let case = |way: usize| {
            let way = &self.ways[way];
            Case { words, from, command: &self.commands[way.command], way, asked }
        };
        let laid =
            self.candidates(words, from, asked).into_iter().filter_map(|way| Some((way, case(way).lay()?)));
        let mut laid: Vec<_> = laid.collect();
        laid.sort_unstable_by_key(|(way, layout)| (layout.short, layout.rank, *way));
        let mut judged: Vec<(Key, usize, Judged)> = Vec::with_capacity(1);
        let mut whole = None;
        for (way, layout) in laid {
            // Once an order is whole, only what ties with it matters: a way whose end may be left out is also there as
            // a shorter way of its own.
            if whole.is_some_and(|rank| layout.short || layout.rank > rank) {
                break;
            }
            let Some(verdict) = layout.judge() else { continue };
            if matches!(verdict.verdict, Verdict::Fits(..)) {
                whole = Some(verdict.rank);
            }
            judged.push((verdict.key(), way, verdict));
        }
        let Some(best) = judged.iter().map(|(key, way, _)| (*key, *way)).min() else {
            return self.nothing(words, from);
        };
        judged.retain(|(key, ..)| *key == best.0);
        // Of one command, the way that was written first.
        let others = judged.iter().any(|(_, way, _)| self.ways[*way].command != self.ways[best.1].command);
        if others {
            let ways: Vec<_> = judged.iter().map(|(_, way, _)| *way).collect();
            return self
                .tied(&ways, judged.iter().any(|(.., judged)| matches!(judged.verdict, Verdict::Fits(..))));
        }
        let command = Arc::clone(&self.commands[self.ways[best.1].command]);
        let usage = || case(best.1).usage().to_owned();
        let Some((.., judged)) = judged.into_iter().find(|(_, way, _)| *way == best.1) else {
            return Reading::Unknown { near: Vec::new() };
        };
        *rest = judged.rest;
        match judged.verdict {
            Verdict::Fits(args, mut flags) => {
                flags.dry_run |= planned;
                Reading::Order(Order::new(command, args, flags, Arc::clone(self)))
            }
            Verdict::Help => Reading::Help { command: Some(command) },
            Verdict::Misfit(what) => Reading::Malformed { command: Some(command), what, usage: usage() },
            Verdict::Lacks { missing, given, mut flags } => {
                flags.dry_run |= planned;
                Reading::Incomplete { command, missing, given, flags, usage: usage() }
            }
        }
    }

    /// The line means no command: what comes near.
    fn nothing(&self, words: &Words<'_>, from: usize) -> Reading {
        let near = self.near(words, from);
        let flags = words.tokens.iter().map_while(|token| token.flag()).map(Flag::read);
        if flags.clone().count() == words.tokens.len()
            && flags.into_iter().any(|flag| flag == Some(Flag::Help))
        {
            return Reading::Help { command: None };
        }
        let asks = words
            .tokens
            .iter()
            .filter_map(|token| token.flag())
            .any(|flag| Flag::read(flag) == Some(Flag::Help));
        match &near[..] {
            [(_, id)] if asks => Reading::Help { command: self.command(id).cloned() },
            _ => Reading::Unknown { near },
        }
    }

    /// The line means several commands equally, which only flags and wrong values can bring about, as patterns that tie
    /// are refused.
    fn tied(&self, ways: &[usize], whole: bool) -> Reading {
        let mut near: Vec<(String, _)> = Vec::new();
        for way in ways.iter().map(|&way| &self.ways[way]) {
            let spec = &self.commands[way.command].spec;
            if near.iter().all(|(_, id)| *id != spec.id)
                && let Some(words) = spec.words.get(way.pattern)
            {
                near.push((words.source().to_owned(), spec.id.clone()));
            }
        }
        if !whole {
            near.truncate(super::MAX_NEAR);
            return Reading::Unknown { near };
        }
        let both: Vec<_> = near.iter().map(|(words, id)| format!("`{words}` (`{id}`)")).collect();
        malformed(format!("this could mean {}; give the arguments in their places", both.join(" or ")))
    }
}

fn malformed(what: String) -> Reading {
    Reading::Malformed { command: None, what, usage: String::new() }
}
