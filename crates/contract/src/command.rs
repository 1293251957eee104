//! Commands as data, whoever provides them: built-ins, packs, other programs.
//!
//! Not their execution: `engine/life` runs the steps. Layer 0.

use std::fmt;

use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    expr::Condition,
    ids::{ActionName, CommandId, Hash, Origin, Place},
    pattern::Pattern,
    policy::Requirement,
    values::{ArgType, Args},
};

/// How strong the effect of something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing outside, and inside only the asker's own things.
    Read,
    /// Changes something.
    Write,
    /// Changes something that no Wilco command undoes.
    Destructive,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
        })
    }
}

/// A command: how it is said, what it needs, what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// How it is said and what it needs.
    pub spec: Spec,
    /// Where it was declared.
    pub origin: Origin,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// What proves that it was done, in order.
    pub verify: Vec<Step>,
    /// What it does after a known failure.
    #[serde(default, skip_serializing_if = "OnFailure::is_stop")]
    pub on_failure: OnFailure,
    /// The variables that its templates and conditions use.
    #[serde(default, skip_serializing_if = "Args::is_empty")]
    pub vars: Args,
}

/// The declaration of a command, from which help, forms, the permission table and the index derive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its full id.
    pub id: CommandId,
    /// The ways to say it, the first one shown in help.
    pub words: Vec<Pattern>,
    /// What it does, in a line without a full stop.
    pub about: String,
    /// The strongest effect of its steps, or stronger.
    pub effect: Effect,
    /// Its arguments, in the order of their declaration; every argument of a pattern is here.
    pub args: Vec<ArgSpec>,
    /// Orders as people give them, for help.
    pub examples: Vec<String>,
    /// What its own pack requires, on top of `wilco.toml`.
    pub require: Vec<Requirement>,
    /// How often one person may give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// A template of the key that only one operation holds at a time.
    pub lock: Option<String>,
    /// The longest that a run may take, in seconds.
    pub timeout_secs: u64,
    /// The room where its operations stand; absent: the configured home.
    pub home: Option<Place>,
    /// The letter that its operations' ids begin with.
    pub letter: char,
}

/// How often something may be done in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// So often,
    pub most: u32,
    /// in so many seconds.
    pub secs: u64,
    /// Where it was declared.
    pub origin: Origin,
}

/// The default letter of operations' ids.
pub const DEFAULT_LETTER: char = 'o';
/// The default of [`Spec::timeout_secs`].
pub const DEFAULT_TIMEOUT_SECS: u64 = 600;

/// An argument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArgSpec {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ArgType,
    /// What it is, in a line.
    pub about: String,
    /// Whether an order without it is incomplete. An argument with a default never is.
    pub required: bool,
    /// Its value where the order gives none.
    pub default: Option<Value>,
}

/// One call of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name within the command.
    pub id: String,
    /// The action.
    pub uses: ActionName,
    /// Its arguments; every string may be a template over the command's arguments and `steps.<id>.*`.
    pub with: Value,
    /// The effect, where the action leaves it to the step.
    pub effect: Option<Effect>,
    /// What would undo it.
    pub undo: Option<Undo>,
    /// It is skipped where this does not hold: over the arguments, `vars` and what earlier steps gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// It is made once for each of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
    /// It is tried again after a known failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<TryAgain>,
    /// Where it was declared.
    pub origin: Origin,
}

/// For what a step is made, each of them as `item` in its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForEach {
    /// A list, whose texts may be templates, or one template that is a list.
    pub over: Value,
    /// How many are made at once.
    pub at_once: u32,
}

/// The most items that a step is made for.
pub const MOST_ITEMS: usize = 200;

/// How often a step is tried again after a known failure. What may have happened is never tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TryAgain {
    /// How often.
    pub times: u32,
    /// How long it waits before, in seconds.
    pub pause_secs: u64,
}

/// What an operation does after a known failure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Nothing more.
    #[default]
    Stop,
    /// What was done is undone, the last one first.
    Undo,
    /// These steps.
    Steps(Vec<Step>),
}

impl OnFailure {
    /// Whether nothing more is done.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        *self == Self::Stop
    }

    /// The steps, where there are some.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Steps(steps) => steps,
            Self::Stop | Self::Undo => &[],
        }
    }
}

/// What would undo a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The action.
    pub uses: ActionName,
    /// Its arguments, as in [`Step::with`].
    pub with: Value,
    /// The effect, where the action leaves it to the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

impl Command {
    /// The hash of all that decides what the command does; where it was declared does not count.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let mut bare = self.clone();
        bare.origin = Origin::built_in();
        let after: &mut [Step] = match &mut bare.on_failure {
            OnFailure::Steps(steps) => steps,
            OnFailure::Stop | OnFailure::Undo => &mut [],
        };
        for step in bare.steps.iter_mut().chain(&mut bare.verify).chain(after) {
            step.origin = Origin::built_in();
        }
        for require in &mut bare.spec.require {
            require.origin = Origin::built_in();
        }
        if let Some(rate) = &mut bare.spec.rate {
            rate.origin = Origin::built_in();
        }
        Hash::of_json(&bare).unwrap_or(Hash::ZERO)
    }
}

/// Whoever provides commands. It yields a whole new list each time they change, the first one at once.
pub trait Provider: Send + Sync {
    /// The lists.
    fn commands(&self) -> BoxStream<'static, Vec<Command>>;
}
