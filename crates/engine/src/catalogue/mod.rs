//! The commands that there are: what a line means, how an order is said, what help shows.
//!
//! Not who may give an order, which the gate decides, nor what it does. Layer 1.

mod collision;
mod help;
mod index;
mod judge;
mod near;
mod order;
mod piped;
mod read;
mod reserved;
mod said;
mod sort;
mod ways;

use std::sync::Arc;

use wilco_contract::{
    command::Command,
    ids::{CommandId, Hash},
    values::{Args, Asked},
};

pub use collision::{Claim, Collision};
pub use order::Order;
pub use reserved::Reserved;

use index::Index;

/// All commands, indexed by their words. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalogue {
    index: Arc<Index>,
    digest: Hash,
}

/// What a line means.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// An order, whole and well formed.
    Order(Order),
    /// It asks how a command is used, or, without one, what there is: `ship --help`.
    Help {
        /// Which command.
        command: Option<Arc<Command>>,
    },
    /// An order that lacks arguments.
    Incomplete {
        /// Which command.
        command: Arc<Command>,
        /// The names of the arguments that are missing, in the order of their declaration; at least one.
        missing: Vec<String>,
        /// The arguments that it has, in the order of their declaration, defaults included.
        given: Args,
        /// The flags that it has.
        flags: Reserved,
        /// How the command is said.
        usage: String,
    },
    /// An order that cannot be meant as it stands.
    Malformed {
        /// Which command, where one is meant.
        command: Option<Arc<Command>>,
        /// What is wrong and what would be right, without a full stop.
        what: String,
        /// How the command is said; empty where none is meant.
        usage: String,
    },
    /// No command is said like this.
    Unknown {
        /// What comes near, the nearest first, at most [`MAX_NEAR`]: how it is said, and which command it is. Empty
        /// where the words are near no command's own words, which in a room deserves silence. Who answers keeps only
        /// what the asker may do.
        near: Vec<(String, CommandId)>,
    },
    /// There are no words.
    Empty,
}

/// The most commands that [`Reading::Unknown`] names.
pub const MAX_NEAR: usize = 12;

impl Catalogue {
    /// Indexes commands. Arguments that only a pattern names are declared on the way: one word, or for `<rest...>` a
    /// text, required unless some pattern can be said without it.
    ///
    /// # Errors
    /// All pairs that nobody could tell apart: two commands with one id, two patterns for one line; and arguments named
    /// like a flag of every order.
    pub fn build(mut commands: Vec<Command>) -> Result<Self, Vec<Collision>> {
        commands.sort_by(|one, other| one.spec.id.cmp(&other.spec.id));
        let mut collisions = collision::ids(&commands);
        commands.dedup_by(|one, other| one.spec.id == other.spec.id);
        commands.iter_mut().for_each(ways::declare_all);
        collisions.extend(collision::reserved_names(&commands));
        let digests: Vec<_> = commands.iter().map(|command| (&command.spec.id, command.digest())).collect();
        let digest = Hash::of_json(&digests).unwrap_or(Hash::ZERO);
        let index = Index::new(commands.into_iter().map(Arc::new).collect());
        collisions.extend(collision::words(&index));
        if collisions.is_empty() { Ok(Self { index: Arc::new(index), digest }) } else { Err(collisions) }
    }

    /// The command with this id.
    #[must_use]
    pub fn command(&self, id: &CommandId) -> Option<&Arc<Command>> {
        self.index.command(id)
    }

    /// All commands, sorted by id.
    #[must_use]
    pub fn commands(&self) -> &[Arc<Command>] {
        &self.index.commands
    }

    /// The hash of all commands: it changes when what any of them does changes.
    #[must_use]
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// Whether some command begins with this word of its own, in lower case.
    pub(crate) fn begins_with(&self, word: &str) -> bool {
        self.index.begins_with(word)
    }

    /// Reads a line that is said to us, [cleaned](crate::parse::clean) and without our name. `asked` says
    /// what `me`, `here` and `tomorrow` mean. Never fails, never panics; takes time in proportion to the line, and not to the number of
    /// commands unless the line means none of them.
    #[must_use]
    pub fn read(&self, line: &str, asked: &Asked<'_>) -> Reading {
        self.index.read(line, asked)
    }

    /// The byte of a line where its stages begin, if it has any: those of a line that begins with no command as well.
    pub(crate) fn stages_at(&self, line: &str, asked: &Asked<'_>) -> Option<usize> {
        self.index.stages_at(line, asked)
    }

    /// How an order begins that lacks something, the command's own words and what it has by its name, and how it ends, with
    /// its stages. With `--name value` for each value that it lacks between the two, it is whole.
    #[must_use]
    pub fn begun(&self, command: &Arc<Command>, given: Args, flags: Reserved) -> (String, String) {
        Order::new(Arc::clone(command), given, flags, Arc::clone(&self.index)).begun()
    }

    /// Makes an order of a command's id and values, as programs give it. A value may have its own type, or be a text as
    /// a person would type it; `null` counts as not given.
    #[must_use]
    pub fn order(&self, id: &CommandId, given: &Args, flags: Reserved, asked: &Asked<'_>) -> Reading {
        self.index.order(id, given, flags, asked)
    }
}
