//! The transcript format (`*.chat`): a story of orders and answers, as data.
//!
//! Not the running of it: the server does that, through the real engine with a stepped clock. Layer 2.

mod fit;
mod parse;

use std::sync::Arc;

use serde_json::Value;
use wilco_contract::{
    action::Outcome,
    ids::{Account, ActionName, PersonId, Place, SourceName},
    plan::StepPlan,
    reply::PressKind,
};

pub use fit::{fits, fits_json};
pub use parse::parse;

/// A story.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// Its file, as problems name it.
    pub file: Arc<str>,
    /// The configuration it plays under, relative to the transcript; absent: the ops repo's `wilco.toml`.
    pub config: Option<String>,
    /// What happens, in order.
    pub statements: Vec<Statement>,
}

/// One thing that happens or has to have happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The line that it begins on, from 1.
    pub line: u32,
    /// What it is.
    pub what: What,
}

/// What a statement is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Somebody says something.
    Says {
        /// Who.
        who: Speaker,
        /// Where.
        place: Place,
        /// Whether in the thread of what was last said there outside of threads.
        reply: bool,
        /// What; `<op>` and `<op2>` stand for operations.
        text: String,
    },
    /// Somebody presses a button.
    Presses {
        /// Who.
        who: Speaker,
        /// Which.
        press: PressKind,
        /// Of which operation, as `<op2>` or an id; absent: the newest.
        on: Option<String>,
    },
    /// Somebody does something in a room beside saying something.
    Does {
        /// Who.
        who: Speaker,
        /// What.
        act: Act,
    },
    /// A source sends something, as if its sender had proven who they are.
    Sends {
        /// Which source of the configuration.
        source: SourceName,
        /// What kind of thing, where the sender says that beside the body.
        kind: Option<String>,
        /// What.
        body: Sent,
    },
    /// Wilco has to have said this next.
    Expects {
        /// Where; absent: where somebody last said or pressed something.
        place: Option<Place>,
        /// What, with `…` for anything.
        text: String,
    },
    /// Wilco has to have edited a message into this.
    ExpectsEdit {
        /// Where; absent: anywhere.
        place: Option<Place>,
        /// What, with `…` for anything.
        text: String,
    },
    /// Wilco must not have said anything that was not expected yet.
    ExpectsNothing,
    /// Time passes.
    Clock {
        /// How much, in seconds.
        seconds: u64,
    },
    /// From here on, calls of an action that fit end like this.
    Outside {
        /// The action.
        action: ActionName,
        /// What the call's arguments have to have.
        args: Value,
        /// How the call ends.
        ends: Ends,
    },
    /// From here on, plans of an action that fit look like this.
    Plans {
        /// The action.
        action: ActionName,
        /// What the call's arguments have to have.
        args: Value,
        /// What planning says; a text where it fails.
        plan: Result<StepPlan, String>,
    },
    /// The audit log has to have an entry like this that no earlier statement named.
    Audit {
        /// Its kind: `operation.approved`.
        kind: String,
        /// Who: `@ana`, `operator`, `wilco`.
        who: String,
        /// A text that it has to contain.
        contains: Option<String>,
    },
}

/// What somebody does beside saying something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// They come into this room.
    Joins(Place),
    /// They leave it.
    Leaves(Place),
    /// They give a room a topic.
    Topic {
        /// Which room.
        place: Place,
        /// Its topic.
        text: String,
    },
    /// They put a sign on a message.
    Reacts {
        /// The sign.
        sign: String,
        /// On the message of an operation, as `<op2>` or an id; absent: on the last one that Wilco posted where somebody
        /// last said or did something.
        on: Option<String>,
    },
    /// They make this of what they last said.
    Edits(String),
}

/// What a source sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// This.
    Json(Value),
    /// What stands in this file, relative to the transcript.
    File(String),
}

/// Who speaks or presses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaker {
    /// A person of the configuration, by the account that fits the place.
    Person(PersonId),
    /// An account, whoever it belongs to.
    Account(Account),
}

/// How a scripted call ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Ends {
    /// Well.
    Done(Box<Outcome>),
    /// Badly, as is known.
    Fails(String),
    /// Nobody can tell how.
    Unknown(String),
    /// Not by itself: it waits until it is aborted or its time is over.
    Waits,
}
