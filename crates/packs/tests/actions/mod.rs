//! Actions to check packs against: they declare what the real ones declare, and do nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, DynAction, Intent, Look, Outcome, Recovery, Tools},
    command::Effect,
    ids::ActionName,
    plan::StepPlan,
};

struct Declared<A> {
    name: &'static str,
    effect: Effect,
    by_step: bool,
    args: std::marker::PhantomData<fn() -> A>,
}

#[async_trait]
impl<A: DeserializeOwned + JsonSchema + Send + Sync + 'static> Action for Declared<A> {
    type Args = A;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse(self.name).expect("a name"),
            about: "For tests",
            effect: self.effect,
            effect_by_step: self.by_step,
            abortable: true,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, _: &Look, _: &A) -> Result<StepPlan, ActionError> {
        Err(ActionError::failed("only declared"))
    }

    async fn run(&self, _: &Cx, _: A, _: &StepPlan) -> Result<Outcome, ActionError> {
        Err(ActionError::failed("only declared"))
    }

    async fn recover(&self, _: &Tools, _: &Intent) -> Recovery {
        Recovery::NotStarted
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema and its reading matter here")]
struct Exec {
    /// The program and its arguments.
    argv: Vec<String>,
    /// What it reads on its standard input.
    stdin: Option<serde_json::Value>,
    /// Further variables of its environment.
    #[serde(default)]
    env: BTreeMap<String, serde_json::Value>,
    /// Where it runs.
    dir: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema and its reading matter here")]
struct Get {
    /// The server, as `wilco.toml` names it.
    server: String,
    /// The path, one segment each.
    #[serde(default)]
    path: Vec<String>,
    /// What the answer has to be.
    expect: Option<Expect>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema and its reading matter here")]
struct Expect {
    /// The status.
    status: Option<u16>,
    /// A text in the body.
    contains: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema and its reading matter here")]
struct Say {
    /// Where.
    to: Option<String>,
    /// The text.
    text: String,
}

fn declared<A: DeserializeOwned + JsonSchema + Send + Sync + 'static>(
    name: &'static str,
    effect: Effect,
    by_step: bool,
) -> Arc<dyn DynAction> {
    Arc::new(Declared::<A> { name, effect, by_step, args: std::marker::PhantomData })
}

/// `exec.run`, `http.get` and `say`.
pub(crate) fn all() -> Vec<Arc<dyn DynAction>> {
    vec![
        declared::<Exec>("exec.run", Effect::Write, true),
        declared::<Get>("http.get", Effect::Read, false),
        declared::<Say>("say", Effect::Read, false),
    ]
}
