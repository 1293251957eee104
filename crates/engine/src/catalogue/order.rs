//! An order: a command with its arguments, however it was given.
//!
//! Not its permission. Layer 1.

use std::{fmt, sync::Arc};

use serde_json::Value;
use wilco_contract::{
    command::{ArgSpec, Command},
    ids::CommandId,
    near,
    pattern::Pattern,
    policy::Flags as Rights,
    values::{ArgType, Args, Asked, BadValue},
};

use super::{
    Reading,
    index::Index,
    reserved::{Reserved, same_name},
    ways::is_needed,
};

/// An order, whole and well formed.
#[derive(Clone)]
pub struct Order {
    /// The command.
    pub command: Arc<Command>,
    /// Its arguments in the order of their declaration, defaults included.
    pub args: Args,
    /// The flags that every order has.
    pub flags: Reserved,
    /// What the order was read with, so that it can be said in words that read back.
    pub(super) index: Arc<Index>,
    /// A line that means just this, whoever says it where and when. `None` where the order was changed since it was read,
    /// or nobody knows one.
    pub(super) line: Option<Box<str>>,
}

impl Order {
    pub(super) fn new(command: Arc<Command>, args: Args, flags: Reserved, index: Arc<Index>) -> Self {
        Self { command, args, flags, index, line: None }
    }

    /// Gives an argument another value than the one that was read.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.line = None;
        self.args.insert(name.to_owned(), value);
    }

    /// Gives it these rights in place of those that were read.
    pub(crate) fn set_rights(&mut self, rights: Rights) {
        self.line = None;
        (self.flags.force, self.flags.alone) = (rights.force, rights.alone);
    }

    /// Takes out that it is only to be shown; whether it was.
    pub(crate) fn take_dry_run(&mut self) -> bool {
        if self.flags.dry_run {
            self.line = None;
        }
        std::mem::take(&mut self.flags.dry_run)
    }

    /// Gives it this reason in place of the one that was read.
    pub(crate) fn set_because(&mut self, because: Option<String>) {
        self.line = None;
        self.flags.because = because;
    }
}

impl PartialEq for Order {
    /// The same command, by its id, with the same arguments and flags.
    fn eq(&self, other: &Self) -> bool {
        self.command.spec.id == other.command.spec.id && self.args == other.args && self.flags == other.flags
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("command", &self.command.spec.id)
            .field("args", &self.args)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

impl Index {
    pub(super) fn command(&self, id: &CommandId) -> Option<&Arc<Command>> {
        let at = self.commands.binary_search_by(|command| command.spec.id.cmp(id)).ok()?;
        self.commands.get(at)
    }

    pub(super) fn order(
        self: &Arc<Self>,
        id: &CommandId,
        given: &Args,
        flags: Reserved,
        asked: &Asked<'_>,
    ) -> Reading {
        let Some(command) = self.command(id) else { return Reading::Unknown { near: Vec::new() } };
        let specs = &command.spec.args;
        let usage = command.spec.words.first().map_or("", Pattern::source).to_owned();
        let malformed = |what: String| Reading::Malformed {
            command: Some(Arc::clone(command)),
            what,
            usage: usage.clone(),
        };
        if let Some(name) = given.keys().find(|name| !specs.iter().any(|arg| same_name(name, &arg.name))) {
            let near = near::nearest(name, specs.iter().map(|arg| arg.name.as_str()));
            let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            let name: String = name.chars().take(80).collect();
            return malformed(format!("`{id}` has no argument `{name}`{near}"));
        }
        let mut args = Args::new();
        let mut missing = Vec::new();
        for arg in specs {
            let value = given.iter().find(|(name, value)| same_name(name, &arg.name) && !value.is_null());
            match value.map(|(_, value)| typed(&arg.kind, value, asked)) {
                Some(Ok(value)) => drop(args.insert(arg.name.clone(), value)),
                Some(Err(bad)) => return malformed(format!("`{}`: {bad}", arg.name)),
                None => take_default(arg, &mut args, &mut missing),
            }
        }
        if missing.is_empty() {
            Reading::Order(Order::new(Arc::clone(command), args, flags, Arc::clone(self)))
        } else {
            Reading::Incomplete { command: Arc::clone(command), missing, given: args, flags, usage }
        }
    }
}

/// Gives an argument that an order lacks its default, or notes that it is missing.
pub(super) fn take_default(arg: &ArgSpec, args: &mut Args, missing: &mut Vec<String>) {
    if let Some(default) = &arg.default {
        args.insert(arg.name.clone(), default.clone());
    } else if is_needed(arg) {
        missing.push(arg.name.clone());
    }
}

/// A value as programs give it, of its type: a text as a person would type it, or the value itself.
fn typed(kind: &ArgType, value: &Value, asked: &Asked<'_>) -> Result<Value, BadValue> {
    let fits = match (kind, value) {
        (ArgType::Json, _) => true,
        (_, Value::String(text)) => return kind.read(text, asked),
        (ArgType::Integer, value) => value.is_i64(),
        (ArgType::Number, value) => {
            return match value.as_f64().and_then(serde_json::Number::from_f64) {
                Some(number) => Ok(Value::Number(number)),
                None => Err(misfit(kind, value)),
            };
        }
        (ArgType::Bool, value) => value.is_boolean(),
        // A number of seconds or bytes has the same limits as one in words.
        (ArgType::Duration | ArgType::Bytes, Value::Number(number)) if number.is_u64() => {
            return kind.read(&number.to_string(), asked);
        }
        _ => false,
    };
    if fits { Ok(value.clone()) } else { Err(misfit(kind, value)) }
}

fn misfit(kind: &ArgType, value: &Value) -> BadValue {
    BadValue { given: value.to_string().chars().take(80).collect(), expected: kind.to_string() }
}
