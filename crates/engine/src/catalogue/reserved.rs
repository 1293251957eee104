//! What every order may have beside its arguments: flags, and what is done with its answer.
//!
//! Layer 1.

use crate::compose::Then;

/// What an order says beside its arguments, whatever the command.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reserved {
    /// `--dry-run`, or `plan` in front: show the plan and stop.
    pub dry_run: bool,
    /// `--because "…"`: the asker's reason.
    pub because: Option<String>,
    /// `--force`: a right of its own.
    pub force: bool,
    /// `--alone`: break the glass, without the second person.
    pub alone: bool,
    /// `--json`, or `| json` behind it: the answer as JSON.
    pub json: bool,
    /// `| first 3`, `> #ops`: what is done with the answer.
    pub then: Then,
}

/// A flag that every order has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    DryRun,
    Because,
    Force,
    Alone,
    Json,
    Help,
}

impl Flag {
    const ALL: [(&'static str, Self); 6] = [
        ("dry_run", Self::DryRun),
        ("because", Self::Because),
        ("force", Self::Force),
        ("alone", Self::Alone),
        ("json", Self::Json),
        ("help", Self::Help),
    ];

    /// The flag of this name, which may be written with `-` or `_`, in any case.
    pub(super) fn read(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| same_name(name, known)).map(|(_, flag)| *flag)
    }

    /// The names of all of them, as arguments would be named.
    pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|(name, _)| *name)
    }

    /// Its name, as people write it.
    pub(super) fn name(self) -> String {
        let name = Self::ALL.iter().find(|(_, flag)| *flag == self).map_or("", |(name, _)| name);
        name.replace('_', "-")
    }

    pub(super) fn takes_value(self) -> bool {
        self == Self::Because
    }
}

/// Whether a name as somebody typed it is this argument's: `Dry-Run` is `dry_run`.
pub(super) fn same_name(typed: &str, name: &str) -> bool {
    let read = |c: u8| if c == b'-' { b'_' } else { c.to_ascii_lowercase() };
    typed.len() == name.len() && typed.bytes().zip(name.bytes()).all(|(typed, name)| read(typed) == name)
}
