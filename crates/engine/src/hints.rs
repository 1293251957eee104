//! Hints: what people are told to say, as it is to be said where they read it.
//!
//! Whoever refuses something, Wilco, a rule or a program, names an order as in "say `stage webapp` first". In a room an
//! order begins with our name, and that is put in front here; where only we listen, the words stay bare. What we say
//! otherwise asks [`before`] for it: what was found out, a reason or a plan may hold such words of somebody, and these
//! stay as they are. Layer 1.

use wilco_contract::{
    ids::Place,
    pattern::{Item, Pattern},
    reply::{Block, Reply},
};

use crate::{Answer, catalogue::Catalogue, core::Core, inbox::Understood};

/// What stands before an order that somebody is told to give.
const BEFORE: [&str; 3] = ["say ", "Say ", "mean "];
/// What stands between two of them.
const OR: &str = " or ";
/// What stands behind an order at the beginning of a line, where it is explained.
const ABOUT: &str = " – ";
/// What stands behind an order that is for somewhere else, where only we listen.
const ELSEWHERE: &str = " to me";

/// Which of the orders in an answer are hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Those of help, which also lists orders.
    Help,
    /// Those of a refusal. All else is what was found out, which may be anything.
    Refusal,
}

/// What an order begins with in a place, for telling people what to say there.
pub(crate) fn before(core: &Core, place: &Place) -> String {
    if place.direct().is_some() { String::new() } else { format!("{} ", core.live.load().setup.name) }
}

/// What came of an order, with hints that work in a room.
pub(crate) fn in_answer(core: &Core, of: Of, said: Understood) -> Understood {
    let put = |reply, of| {
        let live = core.live.load();
        put_in(reply, of, (&format!("{} ", live.setup.name), &live.catalogue))
    };
    match said {
        Understood::Answer(Answer::Refused { reply, kind }) => {
            Understood::Answer(Answer::Refused { reply: put(reply, of), kind })
        }
        Understood::Answer(Answer::Done { reply, rows }) if of == Of::Help => {
            Understood::Answer(Answer::Done { reply: put(reply, of), rows })
        }
        said => said,
    }
}

fn put_in(mut reply: Reply, of: Of, (name, catalogue): (&str, &Catalogue)) -> Reply {
    let put = |text: &mut String| {
        if text.contains('`') {
            *text = hinted(text, of, &|order| is_order(catalogue, order), name);
        }
    };
    for block in &mut reply.blocks {
        match block {
            Block::Text { text } => put(text),
            Block::Refusal { text, you_can, .. } => {
                put(text);
                if let Some(text) = you_can {
                    put(text);
                }
            }
            Block::Fields { fields } if of == Of::Help => {
                for field in fields.iter_mut().filter(|field| matches!(&*field.name, "Also" | "Example")) {
                    if let Some(order) = field.value.strip_prefix('`') {
                        field.value = format!("`{name}{order}");
                    }
                }
            }
            _ => {}
        }
    }
    reply
}

/// A text with `name` in front of the orders in it that people are told to give.
fn hinted(text: &str, of: Of, is_order: &dyn Fn(&str) -> bool, name: &str) -> String {
    let mut out = String::with_capacity(text.len() + name.len());
    let mut rest = text;
    // Whether the span before this one was a hint, which an "or" carries on.
    let mut was_hint = false;
    while let Some((before, behind)) = rest.split_once('`') {
        let Some((span, behind)) = behind.split_once('`') else { break };
        let at_line = before.ends_with('\n') || (before.is_empty() && out.is_empty());
        let lists = of == Of::Help && at_line && behind.starts_with(ABOUT);
        let told = BEFORE.iter().any(|word| ends_with_word(before, word)) || (was_hint && before == OR);
        was_hint = (lists || told) && !behind.starts_with(ELSEWHERE) && is_order(span);
        out.push_str(before);
        out.push('`');
        out.push_str(if was_hint { name } else { "" });
        out.push_str(span);
        out.push('`');
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Whether a text ends with a word that begins there.
fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|front| !front.ends_with(char::is_alphanumeric))
}

/// Whether words begin as an order does, so that our name in front makes them one.
fn is_order(catalogue: &Catalogue, words: &str) -> bool {
    let first = words.split([' ', '[']).next().unwrap_or_default().to_lowercase();
    let begins = |pattern: &Pattern| {
        pattern.source() == words || firsts(pattern.items(), &mut |word| word.to_lowercase() == first)
    };
    matches!(&*first, "help" | "plan")
        || catalogue.commands().iter().any(|command| command.spec.words.iter().any(begins))
}

/// Whether one of the words that items may begin with is meant.
fn firsts(items: &[Item], is: &mut dyn FnMut(&str) -> bool) -> bool {
    for item in items {
        match item {
            Item::Literal(word) => return is(word),
            Item::Either(rows) => return rows.iter().any(|row| firsts(row, is)),
            Item::Optional(inner) => {
                if firsts(inner, is) {
                    return true;
                }
            }
            Item::Arg { .. } | Item::Glued { .. } => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, of: Of) -> String {
        let is_order = |words: &str| ["help", "stage", "lock"].iter().any(|first| words.starts_with(first));
        hinted(text, of, &is_order, "wilco ")
    }

    #[test]
    fn what_people_are_told_to_say_gets_the_name_in_front() {
        let table = [
            (
                "Staging runs nothing; say `stage webapp` first.",
                "Staging runs nothing; say `wilco stage webapp` first.",
            ),
            ("Say `help` to see.", "Say `wilco help` to see."),
            (
                "Did you mean `stage <app>` or `lock <key>`?",
                "Did you mean `wilco stage <app>` or `wilco lock <key>`?",
            ),
            (
                "`stage` failed; say `lock` or wait for `stage`.",
                "`stage` failed; say `wilco lock` or wait for `stage`.",
            ),
            ("Say `wilco help`.", "Say `wilco help`."),
            ("Too long; say `… | first 20`.", "Too long; say `… | first 20`."),
            ("Say `help` to me there.", "Say `help` to me there."),
            ("They essay `stage` here.", "They essay `stage` here."),
            ("say `stage", "say `stage"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(told(text, Of::Refusal), expected);
        }
    }

    #[test]
    fn help_lists_orders_as_they_are_said() {
        let text = "**webapp**\n`stage <app>` – Run it, not `stage` it\n`unknown` – what";
        let expected = "**webapp**\n`wilco stage <app>` – Run it, not `stage` it\n`unknown` – what";
        assert_eq!(told(text, Of::Help), expected);
        assert_eq!(told(text, Of::Refusal), text, "elsewhere a line may begin with anything");
    }
}
