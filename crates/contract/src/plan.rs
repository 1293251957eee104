//! What a command will do, resolved, with the hash that confirmations and approvals are bound to.
//!
//! Not the making of it: `engine/planning` asks the actions. Layer 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::{
    ids::{ActionName, CommandId, Hash, Place},
    policy::Flags,
    reply::Field,
    values::Args,
};

/// What an action says about one call of it before it runs. Reading only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepPlan {
    /// What it will touch, by names that people use: `webapp/production`.
    pub targets: Vec<String>,
    /// What it will work with, resolved so that it cannot change: a commit instead of a branch. Hashed.
    pub inputs: Args,
    /// What will change, a line each. For people; not hashed.
    pub will: Vec<String>,
    /// What holds right now. For people; not hashed.
    pub now: Vec<Field>,
    /// How it can be undone, in a line.
    pub undo: Option<String>,
    /// The most it can cost, in cents of the configured currency.
    pub cost_ceiling: Option<u64>,
}

/// The plan of a whole command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the hash covers.
    pub body: PlanBody,
    /// The hash of [`Self::body`].
    pub hash: Hash,
    /// What will change, a line each.
    pub will: Vec<String>,
    /// What held when the plan was made.
    pub now: Vec<Field>,
    /// What each step's action said, in the order of the steps.
    pub steps: Vec<StepPlan>,
    /// What the action said of each item of a step that is made for several, by the step's position.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "by_position")]
    pub items: BTreeMap<usize, Vec<StepPlan>>,
    /// What `--force` lifts: how many targets, how many a rule lets through, and the rule. For people; not hashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<String>,
}

/// Reads keys that are positions. In JSON they are texts, and within an event, which is read by its tag first, serde
/// takes no text for a number.
fn by_position<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<usize, Vec<StepPlan>>, D::Error> {
    let texts = BTreeMap::<String, Vec<StepPlan>>::deserialize(from)?;
    let position = |(key, items): (String, _)| key.parse().map(|at| (at, items)).map_err(D::Error::custom);
    texts.into_iter().map(position).collect()
}

/// What the hash of a plan covers: no prose, ages, estimates or ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanBody {
    /// The version of this format.
    pub version: u32,
    /// The command.
    pub command: CommandId,
    /// The hash of its definition.
    pub definition: Hash,
    /// Its arguments, resolved.
    pub args: Args,
    /// Who asks, as [`crate::principal::Principal::key`].
    pub principal: String,
    /// Where it was asked.
    pub place: Place,
    /// What it will touch: what its steps name, and the items of a step that names nothing.
    pub targets: Vec<String>,
    /// What it will work with, by step.
    pub inputs: Args,
    /// The calls, in order: steps, then verify steps.
    pub steps: Vec<PlannedStep>,
    /// How it can be undone.
    pub undo: Vec<String>,
    /// The most it can cost.
    pub cost_ceiling: Option<u64>,
    /// The flags of the order that are rights of their own.
    #[serde(default, skip_serializing_if = "Flags::is_none")]
    pub flags: Flags,
}

/// One call of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its name.
    pub id: String,
    /// The action.
    pub uses: ActionName,
    /// Its arguments: filled in, or as template text where they depend on earlier steps.
    pub with: Value,
}

/// The version of [`PlanBody`].
pub const PLAN_VERSION: u32 = 1;

impl Plan {
    /// What differs between two plans' hashed parts, a line each, for telling people why an approval is void.
    #[must_use]
    pub fn differences(&self, newer: &Self) -> Vec<String> {
        let (Ok(Value::Object(old)), Ok(Value::Object(new))) =
            (serde_json::to_value(&self.body), serde_json::to_value(&newer.body))
        else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for (name, was) in &old {
            let is = new.get(name).unwrap_or(&Value::Null);
            if was == is {
                continue;
            }
            match name.as_str() {
                "definition" => lines.push("the command's definition changed".to_owned()),
                "steps" => lines.push("the steps changed".to_owned()),
                "inputs" | "args" => lines.extend(map_differences(was, is)),
                _ => lines.push(format!("{name}: {} → {}", brief(was), brief(is))),
            }
        }
        lines
    }
}

fn map_differences(was: &Value, is: &Value) -> Vec<String> {
    let (Value::Object(was), Value::Object(is)) = (was, is) else { return Vec::new() };
    let mut lines = Vec::new();
    let added = is.keys().filter(|key| !was.contains_key(*key));
    for key in was.keys().chain(added) {
        let (old, new) = (was.get(key).unwrap_or(&Value::Null), is.get(key).unwrap_or(&Value::Null));
        if old == new {
            continue;
        }
        if old.is_object() && new.is_object() {
            lines.extend(map_differences(old, new));
        } else {
            lines.push(format!("{key}: {} → {}", brief(old), brief(new)));
        }
    }
    lines
}

fn brief(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_a_plan_are_read_back_also_within_an_event() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "event", rename_all = "snake_case")]
        enum Event {
            Planned { plan: Plan },
        }
        let plan = Plan {
            body: PlanBody {
                version: PLAN_VERSION,
                command: CommandId::parse("app.ship").expect("an id"),
                definition: Hash::ZERO,
                args: Args::new(),
                principal: "@ana".to_owned(),
                place: Place::parse("web:ops").expect("a place"),
                targets: Vec::new(),
                inputs: Args::new(),
                steps: Vec::new(),
                undo: Vec::new(),
                cost_ceiling: None,
                flags: Flags::NONE,
            },
            hash: Hash::ZERO,
            will: Vec::new(),
            now: Vec::new(),
            steps: vec![StepPlan::default()],
            items: [(0, vec![StepPlan::default()]), (12, Vec::new())].into(),
            forced: None,
        };
        let text = serde_json::to_string(&Event::Planned { plan: plan.clone() }).expect("JSON");
        assert_eq!(serde_json::from_str::<Event>(&text).expect("an event"), Event::Planned { plan });
    }
}
