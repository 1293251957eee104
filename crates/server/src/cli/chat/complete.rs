//! What may come next in a line: words of commands, choices, flags, what waits for a decision, rooms, local words.
//!
//! Not the reading of orders: the server does that, and may understand more. It is made of what the server says that
//! this person may use. Layer 4.

use std::collections::BTreeSet;

use serde_json::Value;
use wilco_contract::pattern::{Item, Pattern};

/// The words that this program takes itself, with what they do.
pub(super) const LOCAL: [(&str, &str); 6] = [
    ("/help", "says this"),
    ("/rooms", "lists the rooms"),
    ("/join", "goes to another room: /join web:deploys"),
    ("/re", "answers in the thread of what you said last: /re web"),
    ("/who", "says as whom you speak, and where"),
    ("/quit", "ends; so does Ctrl-D"),
];
/// What every order takes.
const FLAGS: [&str; 4] = ["--because", "--dry-run", "--json", "--help"];
/// How much of what a command does is hinted, in characters.
const MAX_HINT: usize = 60;
/// The most candidates that are offered.
const OFFERED: usize = 200;

/// What is known of this person's place.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Wilco's name.
    name: String,
    /// Whether only Wilco listens here, so that no name is needed.
    pub(super) is_direct: bool,
    commands: Vec<Way>,
    /// Operations that this person may decide about, by the word of the decision.
    waiting: Vec<(String, String)>,
    rooms: Vec<String>,
}

/// A way to say a command.
#[derive(Debug)]
struct Way {
    pattern: Pattern,
    about: String,
    args: Vec<Arg>,
}

#[derive(Debug, Clone)]
struct Arg {
    name: String,
    kind: String,
    choices: Vec<String>,
}

/// What a line may go on with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    /// Where in the line the candidates begin.
    pub(super) start: usize,
    pub(super) candidates: Vec<String>,
}

/// What may stand at a place of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Slot<'a> {
    Word(&'a str),
    Arg(&'a str),
}

impl Known {
    /// Where Wilco is called so, and has these rooms.
    pub(super) fn new(name: &str, rooms: Vec<String>) -> Self {
        Self { name: name.to_owned(), rooms, ..Self::default() }
    }

    /// Takes in the answer of `commands`.
    pub(super) fn learn_commands(&mut self, answer: &Value) {
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = answer["items"].as_array().into_iter().flatten();
        self.commands = rows
            .flat_map(|row| {
                let args: Vec<_> = row["args"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|arg| Arg {
                        name: text(&arg["name"]),
                        kind: text(&arg["type"]),
                        choices: texts(&arg["choices"]),
                    })
                    .collect();
                let patterns = texts(&row["words"]).into_iter().filter_map(|word| Pattern::parse(&word).ok());
                let about = text(&row["about"]);
                patterns
                    .map(move |pattern| Way { pattern, about: about.clone(), args: args.clone() })
                    .collect::<Vec<_>>()
            })
            .collect();
    }

    /// Takes in the answer of `operations` that wait.
    pub(super) fn learn_waiting(&mut self, answer: &Value) {
        let rows = answer["items"].as_array().into_iter().flatten();
        self.waiting = rows
            .flat_map(|row| {
                let id = row["id"].as_str().unwrap_or_default();
                let may = row["may"].as_array().into_iter().flatten().filter_map(Value::as_str);
                may.map(|word| (word.to_owned(), id.to_owned())).collect::<Vec<_>>()
            })
            .collect();
    }

    /// The order in a line, and where it begins; `None` where the line is not said to Wilco.
    fn order<'a>(&self, line: &'a str) -> Option<(usize, &'a str)> {
        let start = line.len() - line.trim_start().len();
        let text = &line[start..];
        let behind = text.strip_prefix('@').unwrap_or(text);
        let at = self.name.len();
        let named = behind.get(..at).is_some_and(|front| front.eq_ignore_ascii_case(&self.name));
        let end = behind.get(at..).filter(|_| named);
        match end {
            Some(rest) if rest.starts_with([' ', ':', ',']) => {
                let order = rest.trim_start_matches([' ', ':', ',']);
                Some((line.len() - order.len(), order))
            }
            _ => self.is_direct.then_some((start, text)),
        }
    }

    /// Whether a line is said to Wilco. It may be by other signs too, which only the server knows.
    pub(super) fn is_said_to_wilco(&self, line: &str) -> bool {
        self.order(line).is_some()
    }

    /// Whether a line reads as an order, but is not said to Wilco.
    pub(super) fn lacks_name(&self, line: &str) -> bool {
        if self.order(line).is_some() {
            return false;
        }
        let typed: Vec<_> = line.split_whitespace().collect();
        let whole = |known: &&Way| {
            let literals = matches!(known.pattern.items().first(), Some(Item::Literal(_)));
            literals && is_whole(known.pattern.items(), &typed)
        };
        !typed.is_empty() && self.commands.iter().any(|known| whole(&known))
    }

    /// What the line may go on with at its end.
    pub(super) fn next(&self, line: &str) -> Next {
        let mut signs = line.char_indices().rev();
        let start = signs.find(|(_, sign)| sign.is_whitespace()).map_or(0, |(at, sign)| at + sign.len_utf8());
        let (before, word) = line.split_at(start);
        let mut found = BTreeSet::new();
        if before.trim().is_empty() && word.starts_with('/') {
            found.extend(LOCAL.iter().map(|(name, _)| format!("{name} ")));
        } else if matches!(before.trim(), "/join") {
            found.extend(self.rooms.iter().cloned());
        } else if before.trim_start().starts_with('/') {
            // The words behind a local word are nobody's.
        } else if let Some((begin, _)) = self.order(line).filter(|(begin, _)| *begin <= start) {
            self.order_words(&line[begin..start], word, &mut found);
        }
        if before.trim().is_empty() && !word.is_empty() && !self.name.is_empty() {
            found.extend([format!("{} ", self.name), format!("@{} ", self.name)]);
        }
        let lower = word.to_lowercase();
        let fits = |candidate: &String| candidate.to_lowercase().starts_with(&lower);
        Next { start, candidates: found.into_iter().filter(fits).take(OFFERED).collect() }
    }

    fn order_words(&self, before: &str, word: &str, found: &mut BTreeSet<String>) {
        let typed: Vec<_> = before.split_whitespace().collect();
        // What is a flag stands anywhere, and is no item of a pattern.
        let plain: Vec<_> = typed.iter().copied().filter(|word| !word.starts_with("--")).collect();
        for known in &self.commands {
            let mut slots = BTreeSet::new();
            slots_of(known.pattern.items(), &plain, &mut slots);
            for slot in &slots {
                match slot {
                    Slot::Word(word) => {
                        found.insert(format!("{word} "));
                    }
                    Slot::Arg(name) => self.values(known, name, plain.first().copied(), found),
                }
            }
            let begun = known.pattern.items().first().zip(plain.first()).is_some_and(
                |(item, first)| matches!(item, Item::Literal(word) if word.eq_ignore_ascii_case(first)),
            );
            if begun && word.starts_with("--") {
                let named = known.args.iter().filter(|arg| arg.kind == "bool");
                found.extend(named.map(|arg| format!("--{} ", arg.name.replace('_', "-"))));
                found.extend(FLAGS.iter().map(|flag| format!("{flag} ")));
            } else if begun && !word.is_empty() {
                found.extend(known.args.iter().map(|arg| format!("{}=", arg.name)));
            }
        }
    }

    fn values(&self, known: &Way, name: &str, verb: Option<&str>, found: &mut BTreeSet<String>) {
        let Some(arg) = known.args.iter().find(|arg| arg.name == name) else { return };
        found.extend(arg.choices.iter().filter_map(|choice| quoted(choice)));
        if name == "operation" {
            let fits = self.waiting.iter().filter(|(word, _)| Some(word.as_str()) == verb);
            found.extend(fits.map(|(_, id)| id.clone()));
        }
        if arg.kind == "room" {
            found.extend(self.rooms.iter().cloned());
        }
    }

    /// What is left to say, where only one command is meant: its further words and what it does.
    pub(super) fn hint(&self, line: &str) -> Option<String> {
        let (_, order) = self.order(line)?;
        if order.trim().is_empty() || !order.ends_with(' ') {
            return None;
        }
        let typed: Vec<_> = order.split_whitespace().collect();
        let mut fits = self.commands.iter().filter(|known| {
            let mut slots = BTreeSet::new();
            slots_of(known.pattern.items(), &typed, &mut slots);
            !slots.is_empty()
        });
        let (only, None) = (fits.next()?, fits.next()) else { return None };
        let items = only.pattern.source().split_whitespace().skip(typed.len()).collect::<Vec<_>>().join(" ");
        let about: String = only.about.chars().take(MAX_HINT).collect();
        (!items.is_empty()).then(|| format!("{items}  — {about}"))
    }
}

/// A value as one word of an order; `None` where no quotes make it one.
fn quoted(value: &str) -> Option<String> {
    let plain = |sign: char| !sign.is_whitespace() && !matches!(sign, '"' | '\'' | '`' | '\\' | '|' | '>');
    if !value.is_empty() && value.chars().all(plain) {
        return Some(format!("{value} "));
    }
    let fits = !value.contains(['"', '\\', '\n']);
    fits.then(|| format!("\"{value}\" "))
}

/// What may stand next in a row of items, behind what was typed.
fn slots_of<'a>(items: &'a [Item], typed: &[&str], out: &mut BTreeSet<Slot<'a>>) {
    let row: Vec<&Item> = items.iter().collect();
    walk(&row, typed, &mut |slot| {
        out.extend(slot);
    });
}

/// Whether what was typed is a whole way to say it.
fn is_whole(items: &[Item], typed: &[&str]) -> bool {
    let row: Vec<&Item> = items.iter().collect();
    let mut whole = false;
    walk(&row, typed, &mut |slot| whole |= slot.is_none());
    whole
}

/// Goes all ways of a row; tells of each what may stand next, or nothing at its end. A pattern has few ways.
fn walk<'a>(row: &[&'a Item], typed: &[&str], tell: &mut impl FnMut(Option<Slot<'a>>)) {
    let Some((first, rest)) = row.split_first() else {
        if typed.is_empty() {
            tell(None);
        }
        return;
    };
    let with = |items: &'a [Item], tell: &mut _| {
        let row: Vec<_> = items.iter().chain(rest.iter().copied()).collect();
        walk(&row, typed, tell);
    };
    match first {
        Item::Optional(items) => {
            with(items, tell);
            walk(rest, typed, tell);
        }
        Item::Either(rows) => rows.iter().for_each(|items| with(items, tell)),
        Item::Literal(word) => match typed.split_first() {
            None => tell(Some(Slot::Word(word))),
            Some((said, more)) if said.eq_ignore_ascii_case(word) => walk(rest, more, tell),
            Some(_) => {}
        },
        Item::Arg { rest: true, .. } if !typed.is_empty() => tell(None),
        Item::Arg { name, .. } | Item::Glued { name, .. } => match typed.split_first() {
            None => tell(Some(Slot::Arg(name))),
            Some((_, more)) => walk(rest, more, tell),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        let mut known = Known::new("wilco", vec!["web:ops".into(), "web:deploys".into()]);
        let arg = |name: &str, kind: &str, choices: &[&str]| json!({ "name": name, "type": kind, "choices": choices });
        known.learn_commands(&json!({ "items": [
            { "words": ["status <app>"], "about": "Tells how an app is",
              "args": [arg("app", "choice", &["webapp", "worker"])] },
            { "words": ["ship <app> [at] <ref>", "deploy <app>"], "about": "Ships",
              "args": [arg("app", "choice", &["webapp"]), arg("ref", "ref", &[]), arg("skip_tests", "bool", &[])] },
            { "words": ["approve <operation>"], "about": "Approves", "args": [arg("operation", "word", &[])] },
            { "words": ["deny <operation>"], "about": "Denies", "args": [arg("operation", "word", &[])] },
            { "words": ["mute <what...>"], "about": "Mutes", "args": [arg("what", "text", &[])] },
            { "words": ["((("], "about": "of a later server" },
        ] }));
        known.learn_waiting(&json!({ "items": [
            { "id": "d-7KXD", "may": ["approve", "deny"] }, { "id": "d-9QQQ", "may": ["deny"] },
        ] }));
        known
    }

    fn next(line: &str) -> Vec<String> {
        known().next(line).candidates
    }

    #[test]
    fn an_order_goes_on_with_what_this_person_may_say() {
        assert_eq!(next("wi"), ["wilco "]);
        assert_eq!(next("@w"), ["@wilco "]);
        assert_eq!(next("wilco s"), ["ship ", "status "]);
        assert_eq!(next("wilco: ST"), ["status "]);
        assert_eq!(next("@wilco status "), ["webapp ", "worker "]);
        assert_eq!(next("wilco status wo"), ["worker "]);
        assert_eq!(next("wilco ship webapp "), ["at "]);
        assert_eq!(
            next("wilco ship webapp --"),
            ["--because ", "--dry-run ", "--help ", "--json ", "--skip-tests "]
        );
        assert_eq!(next("wilco ship webapp --dry-run a"), ["app=", "at "]);
        assert_eq!(next("wilco ship webapp re"), ["ref="]);
        assert_eq!(next("wilco approve "), ["d-7KXD"]);
        assert_eq!(next("wilco deny d-"), ["d-7KXD", "d-9QQQ"]);
        assert_eq!(next("status "), Vec::<String>::new(), "what is not said to Wilco is talk");
        assert_eq!(next("wilco mute all of "), Vec::<String>::new());
        assert_eq!(known().next("wilco status wo").start, 13);
        let direct = Known { is_direct: true, ..known() };
        assert_eq!(direct.next("sta").candidates, ["status "]);
    }

    #[test]
    fn a_choice_is_offered_as_one_word() {
        let offered = |value: &str| quoted(value).unwrap_or_default();
        assert_eq!((offered("web"), offered("two words")), ("web ".into(), "\"two words\" ".into()));
        assert_eq!(
            (offered("it's"), offered("say \"x\""), offered("")),
            ("\"it's\" ".into(), String::new(), "\"\" ".into())
        );
    }

    #[test]
    fn local_words_and_rooms_are_offered() {
        assert_eq!(next("/r"), ["/re ", "/rooms "]);
        assert_eq!(next("/join web:d"), ["web:deploys"]);
        assert_eq!(next("/quit "), Vec::<String>::new());
    }

    #[test]
    fn what_is_left_of_the_only_command_is_hinted() {
        let hint = |line: &str| known().hint(line);
        assert_eq!(hint("wilco status ").as_deref(), Some("<app>  — Tells how an app is"));
        assert_eq!(hint("wilco ship webapp ").as_deref(), Some("[at] <ref>  — Ships"));
        assert_eq!((hint("wilco s"), hint("status "), hint("wilco "), hint("")), (None, None, None, None));
    }

    #[test]
    fn an_order_without_the_name_is_noticed() {
        let known = known();
        for order in ["status webapp", "ship webapp v2", "  Approve d-7KXD"] {
            assert!(known.lacks_name(order), "{order}");
        }
        for other in ["wilco status webapp", "status", "hello there", "", "status webapp is red, who looks?"]
        {
            assert!(!known.lacks_name(other), "{other}");
        }
    }

    #[test]
    fn no_line_is_too_odd() {
        let known = known();
        for line in [
            "é",
            "wilc",
            "wilcoé",
            "wilco\u{3000}status ",
            "wilco\u{3000}st",
            "wilco\u{a0}st",
            "@",
            "@@wilco ",
            "/",
            " / ",
            "wilco ,:, s",
            "ẞẞẞẞẞ x",
        ] {
            let next = known.next(line);
            assert!(line.is_char_boundary(next.start));
            known.hint(line);
            known.lacks_name(line);
        }
    }
}
