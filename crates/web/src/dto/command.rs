//! Commands, and what came of a call.
//!
//! Not the catalogue: only what a form needs to know of a command. Layer 3.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use wilco_contract::{
    command::{ArgSpec, Command, Effect},
    gate::Denial,
    values::ArgType,
};

use super::Blocks;

/// A command that the caller may use.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Command")]
pub(crate) struct CommandRow {
    /// Its full id.
    id: String,
    /// The ways to say it.
    words: Vec<String>,
    /// What it does, in a line.
    about: String,
    /// `read`, `write` or `destructive`.
    #[schemars(with = "String")]
    effect: Effect,
    /// Its arguments; none of one that is refused.
    args: Vec<ArgRow>,
    /// Orders as people give them; none of one that is refused.
    examples: Vec<String>,
    /// In which rooms of the page, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<String>>,
    /// Why the caller may not use it, where they may see it and use it nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

/// A rule's no.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Refused")]
struct Refused {
    /// The no, in a sentence.
    text: String,
    /// The rule, as `wilco.toml:41`.
    rule: String,
    /// Who can in their place, where the rules name somebody.
    who_can: Option<String>,
}

impl CommandRow {
    /// The same, with the rooms in which the caller may use it.
    pub(crate) fn within(self, rooms: Vec<String>) -> Self {
        Self { rooms: Some(rooms), ..self }
    }

    /// The same, with the rule's no to the caller, who then sees what there is and not what it is given with: choices
    /// and defaults are told to those who may give it.
    pub(crate) fn refused(self, denial: Option<Denial>) -> Self {
        let Some(Denial { text, rule, who_can, .. }) = denial else { return self };
        let refused = Some(Refused { text, rule, who_can });
        Self { refused, args: Vec::new(), examples: Vec::new(), ..self }
    }
}

/// An argument.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Argument")]
struct ArgRow {
    /// Its name.
    name: String,
    /// Its type: `word`, `text`, `integer`, …, `choice`.
    #[serde(rename = "type")]
    kind: String,
    /// What it is, in a line.
    about: String,
    /// Whether an order without it is incomplete.
    required: bool,
    /// Its value where the order gives none.
    default: Option<Value>,
    /// What may be chosen, for the type `choice`.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<String>>,
}

/// A read was answered, or a plan shown.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Done {
    /// The answer as plain text.
    pub(crate) text: String,
    /// The answer as blocks.
    pub(crate) blocks: Blocks,
    /// The answer as rows, where it is one.
    pub(crate) rows: Option<Vec<Value>>,
}

/// A command with its arguments, in words.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InWords {
    /// The order, without a name in front; as far as it goes where something is missing; null where something does not fit.
    pub(crate) order: Option<String>,
    /// The names of the arguments that are missing.
    pub(crate) missing: Vec<String>,
    /// What does not fit, in a sentence, with the argument's name in front; null where all does.
    pub(crate) wrong: Option<String>,
}

/// An operation came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Started {
    /// Its id.
    pub(crate) operation: String,
    /// The hash of its plan.
    pub(crate) hash: String,
}

impl From<&Command> for CommandRow {
    fn from(command: &Command) -> Self {
        let spec = &command.spec;
        Self {
            id: spec.id.to_string(),
            words: spec.words.iter().map(|pattern| pattern.source().to_owned()).collect(),
            about: spec.about.clone(),
            effect: spec.effect,
            args: spec.args.iter().map(ArgRow::from).collect(),
            examples: spec.examples.clone(),
            rooms: None,
            refused: None,
        }
    }
}

impl From<&ArgSpec> for ArgRow {
    fn from(arg: &ArgSpec) -> Self {
        let choices = match &arg.kind {
            ArgType::Choice(words) => Some(words.clone()),
            _ => None,
        };
        Self {
            name: arg.name.clone(),
            kind: arg.kind.name().to_owned(),
            about: arg.about.clone(),
            required: arg.required,
            default: arg.default.clone(),
            choices,
        }
    }
}
