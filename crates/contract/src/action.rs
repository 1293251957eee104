//! The joint to whatever can be done: actions.
//!
//! Not commands: those say in which words, for whom and in which order actions are called. An action tries once
//! and describes what happened. Layer 0.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    clock::{Cancel, Clock},
    command::Effect,
    gate::Permitted,
    http::Http,
    ids::{ActionName, CommandId, OpId, Place},
    plan::StepPlan,
    principal::Principal,
    reply::Reply,
    secrets::Secrets,
};

/// What an action declares about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionSpec {
    /// Its name.
    pub name: ActionName,
    /// What it does, in a line.
    pub about: &'static str,
    /// Its effect where a step does not say.
    pub effect: Effect,
    /// Whether a step may declare another effect than [`Self::effect`].
    pub effect_by_step: bool,
    /// Whether it stops when its [`Cancel`] comes true.
    pub abortable: bool,
    /// How long after a call's deadline the outside may still show it for the first time.
    pub lag: Duration,
}

/// Something that can be done. Authors write this; the engine sees [`DynAction`].
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// Its arguments. The doc comments on the fields are the help.
    type Args: DeserializeOwned + JsonSchema + Send + Sync;

    /// What it declares.
    fn spec(&self) -> ActionSpec;

    /// Says what a run would do, and resolves its inputs. Reads only.
    ///
    /// # Errors
    /// When it cannot be planned; nothing has happened.
    async fn plan(&self, look: &Look, args: &Self::Args) -> Result<StepPlan, ActionError>;

    /// Does it, once.
    ///
    /// # Errors
    /// [`ActionError::Failed`] when it is known that it did not come to a good end, [`ActionError::Unknown`] when
    /// nobody can tell.
    async fn run(&self, cx: &Cx, args: Self::Args, plan: &StepPlan) -> Result<Outcome, ActionError>;

    /// After a restart: what became of a run that was begun? It looks and follows, and never begins anything, so it
    /// needs no permission. It may follow a run that is still going to its end.
    async fn recover(&self, tools: &Tools, intent: &Intent) -> Recovery;
}

/// What planning may use.
#[derive(Clone)]
pub struct Look {
    /// Calls to named servers.
    pub http: Arc<dyn Http>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When planning must have ended.
    pub deadline: Timestamp,
}

/// What a run may use. It exists only for a call that the gate permitted.
pub struct Cx {
    intent: Intent,
    tools: Tools,
}

/// The outside of a run.
#[derive(Clone)]
pub struct Tools {
    /// Calls to named servers.
    pub http: Arc<dyn Http>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The wish to stop.
    pub cancel: Cancel,
    /// The secrets that this call's arguments refer to.
    pub secrets: Secrets,
    /// Where the run's own words go.
    pub lines: Arc<dyn Lines>,
}

/// Where a run's output goes, a line at a time.
pub trait Lines: Send + Sync {
    /// One line, without its end. Never blocks; what is too much is dropped and counted by whoever listens.
    fn line(&self, stream: Stream, text: &str) {
        self.beginning(stream, text, 0);
    }

    /// The beginning of a line, of which so many bytes more were left out already. Whoever listens says so at its end.
    fn beginning(&self, stream: Stream, text: &str, more: u64);
}

/// Which way a line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// Wilco itself.
    Note,
}

impl Cx {
    /// The context of a permitted call. The intent must belong to what the gate permitted: the same operation.
    ///
    /// Returns `None` when it does not.
    #[must_use]
    pub fn new(permitted: &Permitted, intent: Intent, tools: Tools) -> Option<Self> {
        (permitted.operation() == intent.operation.as_ref()).then_some(Self { intent, tools })
    }

    /// What this call is.
    #[must_use]
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// The outside.
    #[must_use]
    pub fn tools(&self) -> &Tools {
        &self.tools
    }
}

/// A call that is about to be made, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Unique for this attempt, safe as a file name: `d-7F3K.build.1`.
    pub key: String,
    /// The operation; none for a read.
    pub operation: Option<OpId>,
    /// The command whose step it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
    /// The step's name.
    pub step: String,
    /// The action.
    pub action: ActionName,
    /// The effect of this call.
    pub effect: Effect,
    /// Whose order it is.
    pub asker: Principal,
    /// Where the order was given.
    pub place: Place,
    /// Its arguments, filled in.
    pub args: Value,
    /// What its action said when it was planned.
    pub plan: StepPlan,
    /// When it was begun.
    pub at: Timestamp,
    /// When it must have ended.
    pub deadline: Timestamp,
    /// Whether it only waits, for somebody or for a time: the time of its operation stands still meanwhile.
    #[serde(default, skip_serializing_if = "is_no")]
    pub waits: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_no(flag: &bool) -> bool {
    !*flag
}

impl Intent {
    /// One key for all attempts: `d-7F3K.build`.
    #[must_use]
    pub fn key_of_all_attempts(&self) -> &str {
        self.key.rsplit_once('.').map_or(self.key.as_str(), |(step, _)| step)
    }
}

/// What came of a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What happened, in a line.
    pub summary: Option<String>,
    /// What later steps may use as `steps.<id>.*`.
    pub outputs: Value,
    /// The whole answer as text, for reads.
    pub text: Option<String>,
    /// The answer as rows, where it is one: objects with the same names.
    pub rows: Option<Vec<Value>>,
    /// The answer as blocks, where the action designs its own; not kept.
    #[serde(skip)]
    pub reply: Option<Reply>,
}

/// Why a call did not come to a good end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It is known how it ended: badly, or not begun at all.
    #[error("{what}")]
    Failed {
        /// What happened and what to do, in a sentence.
        what: String,
    },
    /// It was stopped on a wish, as far as it could be.
    #[error("{what}")]
    Aborted {
        /// How far it had got.
        what: String,
    },
    /// Nobody can tell whether it happened.
    #[error("{what}")]
    Unknown {
        /// What is unknown, in a sentence.
        what: String,
    },
}

impl ActionError {
    /// A known failure.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into() }
    }

    /// An end that nobody can tell.
    pub fn unknown(what: impl Into<String>) -> Self {
        Self::Unknown { what: what.into() }
    }
}

/// What became of a call that was begun before a restart.
#[derive(Debug, Clone, PartialEq)]
pub enum Recovery {
    /// It ended.
    Done(Result<Outcome, ActionError>),
    /// It was never begun, and cannot begin any more.
    NotStarted,
    /// It is still going; ask again.
    Running,
    /// Nobody can tell, and why.
    Unknown(String),
}

/// An action with its argument type erased. Every [`Action`] is one.
#[async_trait]
pub trait DynAction: Send + Sync {
    /// What it declares.
    fn spec(&self) -> ActionSpec;
    /// The JSON schema of its arguments.
    fn schema(&self) -> Schema;
    /// Whether these arguments fit; templates must have been filled in.
    ///
    /// # Errors
    /// What does not fit, in a sentence.
    fn check(&self, args: &Value) -> Result<(), String>;
    /// As [`Action::plan`].
    ///
    /// # Errors
    /// As there, and when the arguments do not fit.
    async fn plan(&self, look: &Look, args: &Value) -> Result<StepPlan, ActionError>;
    /// As [`Action::run`], with the arguments and plan of the context's intent.
    ///
    /// # Errors
    /// As there, and when the arguments do not fit.
    async fn run(&self, cx: &Cx) -> Result<Outcome, ActionError>;
    /// As [`Action::recover`].
    async fn recover(&self, tools: &Tools, intent: &Intent) -> Recovery;
}

fn decode<A: Action>(action: &A, args: &Value) -> Result<A::Args, ActionError> {
    A::Args::deserialize(args).map_err(|error| {
        ActionError::failed(format!("the arguments of `{}` do not fit: {error}", action.spec().name))
    })
}

#[async_trait]
impl<A: Action> DynAction for A {
    fn spec(&self) -> ActionSpec {
        Action::spec(self)
    }

    fn schema(&self) -> Schema {
        schema_for!(A::Args)
    }

    fn check(&self, args: &Value) -> Result<(), String> {
        A::Args::deserialize(args).map(drop).map_err(|error| error.to_string())
    }

    async fn plan(&self, look: &Look, args: &Value) -> Result<StepPlan, ActionError> {
        Action::plan(self, look, &decode(self, args)?).await
    }

    async fn run(&self, cx: &Cx) -> Result<Outcome, ActionError> {
        Action::run(self, cx, decode(self, &cx.intent.args)?, &cx.intent.plan).await
    }

    async fn recover(&self, tools: &Tools, intent: &Intent) -> Recovery {
        Action::recover(self, tools, intent).await
    }
}
