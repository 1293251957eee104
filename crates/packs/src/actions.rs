//! What a pack's steps are checked against.
//!
//! Not the actions: they are seen only through what they declare. Layer 2.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value};
use wilco_contract::{
    action::{ActionSpec, DynAction},
    ids::ActionName,
};

/// What there is to use.
pub struct Known<'a> {
    /// The actions.
    pub actions: &'a dyn Actions,
    /// The servers that `wilco.toml` names.
    pub servers: &'a BTreeSet<String>,
    /// The secrets that `wilco.toml` names.
    pub secrets: &'a BTreeSet<String>,
    /// The variables of `wilco.toml`, which win over those of a pack.
    pub vars: &'a Map<String, Value>,
    /// Whether a program of this name, which has no slash, is found in `PATH`; true where nobody knows.
    pub programs: &'a dyn Fn(&str) -> bool,
    /// The lists that `wilco.toml` has, by name; a pack's own list of the same name yields to it.
    pub lists: &'a Lists,
}

/// Lists of words by name, for `choices = { list = "apps" }`.
pub type Lists = BTreeMap<String, Vec<String>>;

/// The actions as a checker sees them.
pub trait Actions {
    /// All names.
    fn names(&self) -> Vec<ActionName>;
    /// What an action declares; `None` where there is no such action.
    fn spec(&self, name: &ActionName) -> Option<ActionSpec>;
    /// The JSON schema of its arguments; `None` where there is no such action.
    fn schema(&self, name: &ActionName) -> Option<Value>;
    /// Whether these arguments, with templates filled in, fit.
    ///
    /// # Errors
    /// What does not fit, in a sentence.
    fn check(&self, name: &ActionName, args: &Value) -> Result<(), String>;
}

impl Actions for Vec<Arc<dyn DynAction>> {
    fn names(&self) -> Vec<ActionName> {
        self.iter().map(|action| action.spec().name).collect()
    }

    fn spec(&self, name: &ActionName) -> Option<ActionSpec> {
        self.iter().map(|action| action.spec()).find(|spec| spec.name == *name)
    }

    fn schema(&self, name: &ActionName) -> Option<Value> {
        let action = self.iter().find(|action| action.spec().name == *name)?;
        Some(action.schema().to_value())
    }

    fn check(&self, name: &ActionName, args: &Value) -> Result<(), String> {
        match self.iter().find(|action| action.spec().name == *name) {
            Some(action) => action.check(args),
            None => Err(format!("there is no action `{name}`")),
        }
    }
}
