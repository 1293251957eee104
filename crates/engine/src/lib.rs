//! What happens to an input: read it, ask the gate, plan, wait for decisions, run once, tell, remember.
//!
//! Not a connector, a store or an action: it sees those through the joints of `contract`. It names no vendor, opens
//! no socket, reads no clock and starts no task except through the traits it is given. Layer 1.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::broadcast;
use wilco_contract::{
    action::DynAction,
    clock::{Chance, Clock, Spawn},
    command::Command,
    connector::{Arrival, Caps, Directory, Outbox},
    gate::Denial,
    http::Http,
    ids::{ActionName, CommandId, Hash, OpId, Place},
    operation::Operation,
    policy::Policy,
    principal::Principal,
    reply::{PressKind, Reply},
    store::{LogLine, Store},
    values::Args,
};

/// What the engine is built from.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The way to start tasks.
    pub spawn: Arc<dyn Spawn>,
    /// Where ids come from.
    pub chance: Arc<dyn Chance>,
    /// Calls to named servers.
    pub http: Arc<dyn Http>,
    /// All actions of the outside world; the engine adds its own.
    pub actions: Vec<Arc<dyn DynAction>>,
}

/// What the configuration says.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its own name, which addresses it.
    pub name: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// Signs that address it when a letter follows.
    pub prefixes: Vec<String>,
    /// The home room of operations whose command names none.
    pub home: Place,
    /// Where people find the page, without a slash at the end.
    pub public_url: String,
    /// Who may do what.
    pub policy: Policy,
    /// The packs' commands; the engine adds its own.
    pub commands: Vec<Command>,
    /// Limits.
    pub limits: Limits,
}

/// Limits on what people may ask at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Orders per person in a span of so many seconds; `None`: unlimited.
    pub per_person: Option<(u32, u64)>,
    /// Orders that wait in a lane; `None`: unlimited, and the reader stops reading instead.
    pub lane: Option<usize>,
}

/// An order from a door other than a room's text.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who gives it.
    pub who: Principal,
    /// What.
    pub what: CallWhat,
    /// Where; `None` answers the caller alone, and an operation stands in its home room.
    pub place: Option<Place>,
    /// The asker's reason.
    pub because: Option<String>,
    /// Plan only.
    pub dry_run: bool,
    /// The caller's key that makes a repeated request recognisable.
    pub key: Option<String>,
}

/// What a [`Call`] asks for.
#[derive(Debug, Clone)]
pub enum CallWhat {
    /// Words, without a name in front.
    Order(String),
    /// A command by id.
    Command(CommandId, Args),
}

/// What came of an order.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A read was answered, or a plan shown.
    Done {
        /// The answer.
        reply: Reply,
        /// The answer as rows, where it is one.
        rows: Option<Vec<serde_json::Value>>,
    },
    /// An operation came of it.
    Operation(Arc<Operation>),
    /// It was not accepted. `unknown` when no command was meant, so that a caller can tell.
    Refused {
        /// Why, and what to do.
        reply: Reply,
        /// Why it was not.
        kind: RefusedKind,
    },
}

/// Why an order was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedKind {
    /// No such command.
    Unknown,
    /// The words or arguments do not fit the command.
    Malformed,
    /// The gate said no.
    Denied,
    /// Too many at once.
    Limited,
    /// It failed, and nothing was changed.
    Failed,
    /// The record could not be written, so nothing was started.
    Unavailable,
}

/// A person's decision about an operation.
#[derive(Debug, Clone)]
pub struct Decide {
    /// Who.
    pub who: Principal,
    /// Which decision.
    pub press: PressKind,
    /// About which operation.
    pub operation: OpId,
    /// About which plan; `None` only where the person named the operation in words and it has one plan.
    pub plan: Option<Hash>,
}

/// Why a decision did not count.
#[derive(Debug, Clone)]
pub enum NotDecided {
    /// There is no such operation.
    NoSuchOperation,
    /// The plan is another one now, or the operation is past deciding: how it stands now.
    Changed(Arc<Operation>),
    /// A rule says no.
    Denied(Denial),
    /// It could not be written; nothing was decided.
    Unavailable(String),
}

/// Something that happened, for live pages.
#[derive(Debug, Clone)]
pub enum Notice {
    /// An operation has a new state.
    Operation(Arc<Operation>),
    /// A run said something.
    Line(LogLine),
}
