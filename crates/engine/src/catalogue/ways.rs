//! The ways in which a pattern may be said: each a plain row of elements, without optional parts and alternatives.
//!
//! Not their index. Layer 1.

use wilco_contract::{
    command::{ArgSpec, Command},
    pattern::Item,
    values::ArgType,
};

use crate::parse::as_read;

/// One way to say a command.
#[derive(Debug)]
pub(super) struct Way {
    /// Which command, by its place in the catalogue.
    pub(super) command: usize,
    /// Which of its patterns.
    pub(super) pattern: usize,
    /// What is said, in order.
    pub(super) elements: Vec<Element>,
}

/// One element of a way; arguments are named by their place in the command's declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// The command's own word, as a line's words are read.
    Literal(Box<str>),
    /// One token.
    Arg(usize),
    /// One token that the sign may split in two.
    Glued { arg: usize, sign: char, after: usize },
    /// All that is left.
    Rest(usize),
}

impl Element {
    /// The argument that the element cannot do without.
    pub(super) fn arg(&self) -> Option<usize> {
        match self {
            Self::Literal(_) => None,
            Self::Arg(arg) | Self::Glued { arg, .. } | Self::Rest(arg) => Some(*arg),
        }
    }
}

/// Adds the arguments that the patterns name and nobody declared. Each is one word (`<rest...>`: a text), and required
/// unless some pattern can be said without it.
pub(super) fn declare_all(command: &mut Command) {
    let spec = &mut command.spec;
    for pattern in &spec.words {
        for name in pattern.args() {
            if spec.args.iter().any(|arg| arg.name == name) {
                continue;
            }
            let kind = if is_rest(pattern.items(), name) { ArgType::Text } else { ArgType::Word };
            let required = spec.words.iter().all(|pattern| pattern.always_has(name));
            spec.args.push(ArgSpec {
                name: name.to_owned(),
                kind,
                about: String::new(),
                required,
                default: None,
            });
        }
    }
}

fn is_rest(items: &[Item], wanted: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Arg { name, rest } => *rest && name == wanted,
        Item::Optional(items) => is_rest(items, wanted),
        Item::Either(rows) => rows.iter().any(|row| is_rest(row, wanted)),
        Item::Literal(_) | Item::Glued { .. } => false,
    })
}

/// All ways to say a command whose arguments are all declared. Those of one pattern come in written order, so that of
/// two that fit equally the first one is meant.
pub(super) fn of(command: &Command, at: usize) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for (pattern, words) in command.spec.words.iter().enumerate() {
        for elements in rows(words.items(), &command.spec.args) {
            for elements in with_shorter(elements, &command.spec.args) {
                let known = |way: &Way| way.pattern == pattern && way.elements == elements;
                if !ways.iter().any(known) {
                    ways.push(Way { command: at, pattern, elements });
                }
            }
        }
    }
    ways
}

fn rows(items: &[Item], args: &[ArgSpec]) -> Vec<Vec<Element>> {
    let place = |name: &str| args.iter().position(|arg| arg.name == name).unwrap_or(usize::MAX);
    let mut all = vec![Vec::new()];
    for item in items {
        let sides = match item {
            Item::Literal(word) => vec![vec![Element::Literal(as_read(word).into())]],
            Item::Arg { name, rest: false } => vec![vec![Element::Arg(place(name))]],
            Item::Arg { name, rest: true } => vec![vec![Element::Rest(place(name))]],
            Item::Glued { name, sign, after } => {
                vec![vec![Element::Glued { arg: place(name), sign: *sign, after: place(after) }]]
            }
            Item::Optional(items) => {
                let mut sides = rows(items, args);
                sides.push(Vec::new());
                sides
            }
            Item::Either(either) => either.iter().flat_map(|row| rows(row, args)).collect(),
        };
        all = all.iter().flat_map(|row| sides.iter().map(|side| [&row[..], side].concat())).collect();
    }
    all
}

/// The way, and the shorter ones without the arguments at its end that an order may do without.
fn with_shorter(mut elements: Vec<Element>, args: &[ArgSpec]) -> Vec<Vec<Element>> {
    let mut all = vec![elements.clone()];
    while elements.last().and_then(Element::arg).is_some_and(|arg| !is_needed(&args[arg])) {
        elements.pop();
        all.push(elements.clone());
    }
    all
}

/// Whether an order without this argument is incomplete.
pub(super) fn is_needed(arg: &ArgSpec) -> bool {
    arg.required && arg.default.is_none()
}
