//! An action whose every answer a test decides, and which counts its effects.
//!
//! Not an action under test. For tests only.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use schemars::{Schema, json_schema};
use serde_json::Value;
use tokio::sync::Notify;
use wilco_contract::{
    action::{ActionError, ActionSpec, Cx, DynAction, Intent, Look, Outcome, Recovery, Stream, Tools},
    command::Effect,
    ids::ActionName,
    plan::StepPlan,
};

#[derive(Default)]
struct Inner {
    plan: StepPlan,
    ends: VecDeque<Result<Outcome, ActionError>>,
    recoveries: VecDeque<Recovery>,
    begun: Vec<Intent>,
    held: bool,
    deaf: bool,
    anew: u32,
    planning_anew: bool,
    panics: bool,
    prints: Vec<String>,
}

/// The action.
pub struct ScriptedAction {
    name: ActionName,
    effect: Effect,
    inner: Mutex<Inner>,
    go: Notify,
}

impl ScriptedAction {
    /// An action of this name that plans nothing special and succeeds.
    ///
    /// # Panics
    /// When the name is not well formed.
    #[must_use]
    pub fn new(name: &str, effect: Effect) -> Self {
        let name = ActionName::parse(name).expect("a test's action has a well-formed name");
        Self { name, effect, inner: Mutex::default(), go: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it plans from now on.
    pub fn plans(&self, plan: StepPlan) {
        self.inner().plan = plan;
    }

    /// Every look from now on finds another plan.
    pub fn plans_anew(&self) {
        self.inner().planning_anew = true;
    }

    /// Its runs do not see a wish to stop.
    pub fn ignores_cancel(&self) {
        self.inner().deaf = true;
    }

    /// How its next run ends; in turn, if said several times.
    pub fn ends(&self, end: Result<Outcome, ActionError>) {
        self.inner().ends.push_back(end);
    }

    /// What its next look back finds; in turn, if said several times.
    pub fn recovers(&self, recovery: Recovery) {
        self.inner().recoveries.push_back(recovery);
    }

    /// Its runs wait until [`Self::release`] or a wish to stop.
    pub fn hold(&self) {
        self.inner().held = true;
    }

    /// Lets its runs go on.
    pub fn release(&self) {
        self.inner().held = false;
        self.go.notify_waiters();
    }

    /// Its runs print this line before they end.
    pub fn prints(&self, line: &str) {
        self.inner().prints.push(line.to_owned());
    }

    /// Its runs panic.
    pub fn panics(&self) {
        self.inner().panics = true;
    }

    /// The runs that were begun, in order.
    pub fn begun(&self) -> Vec<Intent> {
        self.inner().begun.clone()
    }
}

#[async_trait]
impl DynAction for ScriptedAction {
    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: self.name.clone(),
            about: "does what a test says",
            effect: self.effect,
            effect_by_step: true,
            abortable: true,
            lag: Duration::ZERO,
        }
    }

    fn schema(&self) -> Schema {
        json_schema!({"type": "object"})
    }

    fn check(&self, _: &Value) -> Result<(), String> {
        Ok(())
    }

    async fn plan(&self, _: &Look, _: &Value) -> Result<StepPlan, ActionError> {
        let mut inner = self.inner();
        let mut plan = inner.plan.clone();
        if inner.planning_anew {
            inner.anew += 1;
            plan.inputs.insert("look".to_owned(), inner.anew.into());
        }
        Ok(plan)
    }

    async fn run(&self, cx: &Cx) -> Result<Outcome, ActionError> {
        self.inner().begun.push(cx.intent().clone());
        assert!(!self.inner().panics, "as the test wishes");
        cx.tools().lines.line(Stream::Out, "begun");
        loop {
            let go = self.go.notified();
            if !self.inner().held {
                break;
            }
            let deaf = self.inner().deaf;
            tokio::select! {
                () = go => {}
                () = cx.tools().cancel.cancelled(), if !deaf => {
                    return Err(ActionError::Aborted { what: "It was stopped half-way.".to_owned() });
                }
            }
        }
        let prints = self.inner().prints.clone();
        prints.iter().for_each(|line| cx.tools().lines.line(Stream::Out, line));
        let end = self.inner().ends.pop_front();
        end.unwrap_or_else(|| Ok(Outcome { summary: Some("done".to_owned()), ..Outcome::default() }))
    }

    async fn recover(&self, _: &Tools, _: &Intent) -> Recovery {
        let next = self.inner().recoveries.pop_front();
        next.unwrap_or_else(|| Recovery::Unknown("the test says nothing".to_owned()))
    }
}
