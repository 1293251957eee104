//! What cannot stand in one catalogue.
//!
//! Layer 1.

use std::collections::BTreeSet;

use wilco_contract::{
    command::Command,
    ids::{CommandId, Origin},
    pattern::Pattern,
};

use super::{index::Index, reserved::Flag};

/// Two things in a catalogue that nobody could tell apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Collision {
    /// Some line would mean both patterns equally.
    #[error("{one} and {other} could mean the same line: change the words of one of them")]
    Words {
        /// One of them.
        one: Claim,
        /// The other.
        other: Claim,
    },
    /// Two commands have one id.
    #[error("two commands are called `{id}`, at {one} and at {other}: rename one of them")]
    Id {
        /// The id.
        id: CommandId,
        /// Where one of them was declared.
        one: Origin,
        /// Where the other was.
        other: Origin,
    },
    /// An argument has the name of a flag that every order has.
    #[error("`{id}` at {origin} has an argument `{name}`, which is a flag of every order: rename it")]
    Reserved {
        /// The command.
        id: CommandId,
        /// Where it was declared.
        origin: Origin,
        /// The argument.
        name: String,
    },
}

/// A pattern of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The command.
    pub id: CommandId,
    /// Where it was declared.
    pub origin: Origin,
    /// The pattern, as it was written.
    pub words: String,
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` (`{}`, {})", self.words, self.id, self.origin)
    }
}

/// Commands with one id; they are sorted by it.
pub(super) fn ids(commands: &[Command]) -> Vec<Collision> {
    let pairs = commands.windows(2).filter(|pair| pair[0].spec.id == pair[1].spec.id);
    pairs
        .map(|pair| Collision::Id {
            id: pair[0].spec.id.clone(),
            one: pair[0].origin.clone(),
            other: pair[1].origin.clone(),
        })
        .collect()
}

pub(super) fn reserved_names(commands: &[Command]) -> Vec<Collision> {
    let all =
        commands.iter().flat_map(|command| command.spec.args.iter().map(move |arg| (command, &arg.name)));
    all.filter(|(_, name)| Flag::read(name).is_some())
        .map(|(command, name)| Collision::Reserved {
            id: command.spec.id.clone(),
            origin: command.origin.clone(),
            name: name.clone(),
        })
        .collect()
}

/// Patterns that could mean the same line, each pair once.
pub(super) fn words(index: &Index) -> Vec<Collision> {
    let place = |way: usize| (index.ways[way].command, index.ways[way].pattern);
    let pairs: BTreeSet<_> =
        index.ties().into_iter().map(|(one, other)| (place(one), place(other))).collect();
    let claim = |(command, pattern): (usize, usize)| {
        let command = &index.commands[command];
        Claim {
            id: command.spec.id.clone(),
            origin: command.origin.clone(),
            words: command.spec.words.get(pattern).map_or("", Pattern::source).to_owned(),
        }
    };
    pairs.into_iter().map(|(one, other)| Collision::Words { one: claim(one), other: claim(other) }).collect()
}
