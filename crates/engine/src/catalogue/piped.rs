//! Lines with `|` or `>` in them: what is text, and what stands behind an order that reads.
//!
//! Not what stages say: [`crate::compose`] reads them. Nothing is read inside `<rest...>`: what begins as a text stays
//! one, unless it is a single quoted word. What changes something has no rows, and its operation stands in its home
//! room, so that it is refused with stages and with a place. Layer 1.

use std::sync::Arc;

use wilco_contract::{
    command::{Command, Effect},
    pattern::Pattern,
    values::Asked,
};

use super::{Order, Reading, Reserved, index::Index, read::Plain, ways::Element};
use crate::{
    compose::{self, Fault},
    parse::Words,
};

/// What the words before a mark are to what stands behind it.
enum Head {
    /// An order that reads, or would be one: stages may follow.
    Stages(Reading),
    /// The line means this, and has no stages.
    No(Reading),
    /// The line is to be read as it stands.
    Text,
    /// Nobody knows such a command.
    Unknown,
}

impl Index {
    /// Reads a line with a word in it that may be a mark.
    pub(super) fn read_marked(self: &Arc<Self>, words: &Words<'_>, asked: &Asked<'_>) -> Reading {
        let whole = self.read_words(words, asked).reading;
        if let Some(mark) = compose::first_sure(words, asked) {
            match self.head(&words.line[..mark.at], &whole, asked) {
                Head::Stages(head) => return with_stages(head, &words.line[mark.at..], asked),
                Head::No(reading) => return reading,
                Head::Text | Head::Unknown => {}
            }
        }
        if matches!(whole, Reading::Order(_)) {
            return whole;
        }
        // Behind an order that reads, a sign that begins nothing is a slip.
        if let Some(mark) = compose::first_mark(words)
            && let Head::Stages(Reading::Order(head)) = self.head(&words.line[..mark.at], &whole, asked)
        {
            return misfit(&head, compose::nothing_behind(&words.line[mark.at..]));
        }
        whole
    }

    pub(super) fn stages_at(self: &Arc<Self>, line: &str, asked: &Asked<'_>) -> Option<usize> {
        let words = Words::split(line);
        let mark = compose::first_sure(&words, asked)?;
        let whole = self.read_words(&words, asked).reading;
        let is_text = matches!(self.head(&line[..mark.at], &whole, asked), Head::Text);
        (!is_text).then_some(mark.at)
    }

    fn head(self: &Arc<Self>, line: &str, whole: &Reading, asked: &Asked<'_>) -> Head {
        let words = Words::split(line.trim_end());
        let Plain { reading, rest } = self.read_words(&words, asked);
        let as_text = match whole {
            Reading::Order(order) => Some(&*order.command),
            _ => None,
        };
        match reading {
            Reading::Order(mut order) => {
                let reads = order.command.spec.effect == Effect::Read;
                if as_text.is_some_and(|command| !reads || self.says_marks(command)) {
                    return Head::Text;
                }
                if let Some(rest) = rest {
                    match &words.tokens[rest.0..] {
                        [one] if one.quoted && one.open.is_none() && reads => {
                            let Some(arg) = order.command.spec.args.get(rest.1) else { return Head::Text };
                            let Ok(value) = arg.kind.read(&one.text, asked) else { return Head::Text };
                            order.args.insert(arg.name.clone(), value);
                        }
                        _ => return Head::Text,
                    }
                }
                if reads { Head::Stages(Reading::Order(order)) } else { Head::No(changes(&order.command)) }
            }
            Reading::Unknown { .. } => Head::Unknown,
            Reading::Empty => Head::Text,
            _ if as_text.is_some() || rest.is_some() => Head::Text,
            Reading::Incomplete { ref command, .. } if command.spec.effect == Effect::Read => {
                Head::Stages(reading)
            }
            Reading::Incomplete { command, .. } => Head::No(changes(&command)),
            reading => Head::No(reading),
        }
    }

    /// Whether `|` or `>` is one of a command's own words.
    fn says_marks(&self, command: &Command) -> bool {
        let own = self.ways.iter().filter(|way| self.commands[way.command].spec.id == command.spec.id);
        let mark =
            |element: &Element| matches!(element, Element::Literal(word) if matches!(&**word, "|" | ">"));
        own.flat_map(|way| &way.elements).any(mark)
    }
}

/// The order with what stands behind it.
fn with_stages(head: Reading, tail: &str, asked: &Asked<'_>) -> Reading {
    let read = compose::read_tail(tail, asked);
    let put = |flags: &mut Reserved, (then, json): (compose::Then, bool)| {
        if flags.json && then.show.is_some() {
            return Err(Fault::twice_shown());
        }
        flags.json |= json;
        flags.then = then;
        Ok(())
    };
    match head {
        Reading::Order(mut order) => match read.and_then(|read| put(&mut order.flags, read)) {
            Ok(()) => Reading::Order(order),
            Err(fault) => misfit(&order, fault),
        },
        Reading::Incomplete { command, missing, given, mut flags, usage } => {
            match read.and_then(|read| put(&mut flags, read)) {
                Ok(()) => Reading::Incomplete { command, missing, given, flags, usage },
                Err(fault) => {
                    let usage = format!("{usage} {}", fault.usage);
                    Reading::Malformed { command: Some(command), what: fault.what, usage }
                }
            }
        }
        other => other,
    }
}

fn misfit(order: &Order, fault: Fault) -> Reading {
    let head = Order { flags: Reserved::default(), ..order.clone() }.said();
    let usage = format!("{head} {}", fault.usage);
    Reading::Malformed { command: Some(Arc::clone(&order.command)), what: fault.what, usage }
}

/// That stages and places are for what only reads.
fn changes(command: &Arc<Command>) -> Reading {
    Reading::Malformed {
        command: Some(Arc::clone(command)),
        what: format!(
            "`{}` changes something, and only what reads gives rows and is said elsewhere, so nothing was done",
            command.spec.id
        ),
        usage: command.spec.words.first().map_or("", Pattern::source).to_owned(),
    }
}
