//! Makes plans: fills in the steps, asks each action what it would do, and hashes the result.
//!
//! Not a decision: the gate judges the plan. Layer 1.

use std::{collections::BTreeMap, sync::OnceLock};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use wilco_contract::{
    action::{ActionError, Look},
    command::{Command, Effect, MOST_ITEMS, Step},
    expr::{self, Condition},
    gate::{Ask, most_targets},
    ids::{ActionName, CommandId, Hash, OpId, Place},
    operation::{Operation, RunKind},
    plan::{PLAN_VERSION, Plan, PlanBody, PlannedStep, StepPlan},
    policy::Flags,
    principal::Principal,
    secrets,
    values::Args,
};

use crate::{core::Core, waits};

/// How long planning may take.
const PLANNING_SECS: i64 = 40;

/// An order that was understood, with who gave it where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meant<'a> {
    pub(crate) command: &'a Command,
    pub(crate) args: &'a Args,
    pub(crate) who: &'a Principal,
    pub(crate) place: &'a Place,
    pub(crate) flags: Flags,
}

/// Makes the plan.
///
/// # Errors
/// When a template cannot be filled in, or an action cannot be planned; nothing has happened.
pub(crate) async fn make(core: &Core, meant: Meant<'_>) -> Result<Plan, ActionError> {
    let now = core.clock.now();
    let look =
        Look { http: core.http.clone(), clock: core.clock.clone(), deadline: later(now, PLANNING_SECS) };
    let names = names(meant.command, meant.args, &Map::new(), None);
    let mut made = Made::default();
    for (at, (step, verify)) in all_steps(meant.command).enumerate() {
        let id = if verify { format!("verify.{}", step.id) } else { step.id.clone() };
        let known = step.when.as_ref().filter(|when| !when.names().iter().any(|name| is_of_run(name)));
        if let Some(when) = known
            && !holds(step, when, &names).map_err(ActionError::failed)?
        {
            // It stays out of what people say yes to: it will not be done.
            made.steps.push(StepPlan::default());
            continue;
        }
        let open = step.when.as_ref().filter(|_| known.is_none());
        if let Some(why) = waits::asks_nobody(step, meant.who).filter(|_| open.is_none()) {
            return Err(ActionError::failed(why));
        }
        let each = step.for_each.as_ref();
        if depends_on_run(&step.with) || each.is_some_and(|each| depends_on_run(&each.over)) {
            made.calls.push(PlannedStep { id, uses: step.uses.clone(), with: step.with.clone() });
            made.steps.push(StepPlan::default());
            continue;
        }
        let one = One { core, look: &look, step, verify, open };
        if each.is_none() {
            let plan = one.plan(&id, &names, &mut made).await?;
            made.steps.push(plan);
            continue;
        }
        made.steps.push(StepPlan::default());
        let mut items = Vec::new();
        for (number, item) in items_of(step, &names).map_err(ActionError::failed)?.into_iter().enumerate() {
            made.named.entry(at).or_default().push(if verify { None } else { Some(item_name(&item)) });
            let names = with_item(names.clone(), item);
            items.push(one.plan(&format!("{id}.{}", number + 1), &names, &mut made).await?);
        }
        made.items.insert(at, items);
    }
    let mut plan = assemble(meant, made);
    plan.forced = meant.flags.force.then(|| forced(core, meant, &plan));
    Ok(plan)
}

/// What `--force` lifts, in words.
fn forced(core: &Core, meant: Meant<'_>, plan: &Plan) -> String {
    let Meant { command, args, who, place, flags } = meant;
    let now = core.clock.now();
    let (plan, spec) = (Some(plan), &command.spec);
    let ask = Ask { who, spec, args, place, now, plan, given: &[], operation: None, flags };
    let count = plan.map_or(0, |plan| plan.body.targets.len());
    let most = core.with_policy(|policy| most_targets(policy, &ask));
    match most.filter(|most| count > most.targets as usize) {
        Some(most) => format!("by {who}: {count} targets, at most {} ({})", most.targets, most.rule),
        None => format!("by {who}, and no rule had to be"),
    }
}

/// What was planned so far.
#[derive(Default)]
struct Made {
    calls: Vec<PlannedStep>,
    inputs: Args,
    steps: Vec<StepPlan>,
    items: BTreeMap<usize, Vec<StepPlan>>,
    /// The names of the items, by the step's position; none of a verify step's, which only looks.
    named: BTreeMap<usize, Vec<Option<String>>>,
}

/// A step whose call is being planned.
struct One<'a> {
    core: &'a Core,
    look: &'a Look,
    step: &'a Step,
    verify: bool,
    /// Its condition, where only the run can tell.
    open: Option<&'a Condition>,
}

impl One<'_> {
    async fn plan(&self, id: &str, names: &Value, made: &mut Made) -> Result<StepPlan, ActionError> {
        let step = self.step;
        let with = filled(&step.with, names)
            .map_err(|error| ActionError::failed(format!("step `{}`: {error}", step.id)))?;
        let action = self
            .core
            .action(&step.uses)
            .ok_or_else(|| ActionError::failed(format!("there is no action `{}`", step.uses)))?;
        let mut plan = if self.verify { StepPlan::default() } else { action.plan(self.look, &with).await? };
        if let Some(when) = self.open {
            plan.will = plan.will.iter().map(|line| format!("if `{}`: {line}", when.source())).collect();
        }
        if !plan.inputs.is_empty() {
            made.inputs.insert(id.to_owned(), Value::Object(plan.inputs.clone()));
        }
        made.calls.push(PlannedStep { id: id.to_owned(), uses: step.uses.clone(), with });
        Ok(plan)
    }
}

/// For what a step is made.
///
/// # Errors
/// When that cannot be told, or is no list, or too much.
pub(crate) fn items_of(step: &Step, names: &Value) -> Result<Vec<Value>, String> {
    let Some(each) = &step.for_each else { return Ok(Vec::new()) };
    let over =
        filled(&each.over, names).map_err(|error| format!("`for_each` of step `{}`: {error}", step.id))?;
    let Value::Array(items) = over else {
        return Err(format!("`for_each` of step `{}` is no list: {over}", step.id));
    };
    if items.len() > MOST_ITEMS {
        return Err(format!(
            "Step `{}` is for {} items, and {MOST_ITEMS} are the most.",
            step.id,
            items.len()
        ));
    }
    Ok(items)
}

/// How long the name of an item is at most, in characters.
const LONGEST_NAME: usize = 200;

/// An item as a target is called.
pub(crate) fn item_name(item: &Value) -> String {
    let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    text.chars().take(LONGEST_NAME).collect()
}

/// The same names with this item.
pub(crate) fn with_item(mut names: Value, item: Value) -> Value {
    names["item"] = item;
    names
}

fn assemble(meant: Meant<'_>, made: Made) -> Plan {
    let Made { calls, inputs, steps, items, named } = made;
    // In the order in which they are made.
    let all: Vec<&StepPlan> = steps
        .iter()
        .enumerate()
        .flat_map(|(at, step)| std::iter::once(step).chain(items.get(&at).into_iter().flatten()))
        .collect();
    let mut targets: Vec<String> = Vec::new();
    let mut touches = |target: &String| {
        if !targets.contains(target) {
            targets.push(target.clone());
        }
    };
    for (at, step) in steps.iter().enumerate() {
        step.targets.iter().for_each(&mut touches);
        let items = items.get(&at).into_iter().flatten().zip(named.get(&at).into_iter().flatten());
        for (item, name) in items {
            // What an action says nothing about is named by what it is done for.
            let own = name.as_ref().filter(|_| item.targets.is_empty());
            item.targets.iter().chain(own).for_each(&mut touches);
        }
    }
    let ceilings: Vec<u64> = all.iter().filter_map(|step| step.cost_ceiling).collect();
    let body = PlanBody {
        version: PLAN_VERSION,
        command: meant.command.spec.id.clone(),
        definition: meant.command.digest(),
        args: meant.args.clone(),
        principal: meant.who.key(),
        place: meant.place.clone(),
        targets,
        inputs,
        steps: calls,
        undo: all.iter().filter_map(|step| step.undo.clone()).collect(),
        cost_ceiling: (!ceilings.is_empty()).then(|| ceilings.iter().sum()),
        flags: meant.flags,
    };
    let hash = Hash::of_json(&body).unwrap_or(Hash::ZERO);
    Plan {
        hash,
        will: all.iter().flat_map(|step| step.will.clone()).collect(),
        now: all.iter().flat_map(|step| step.now.clone()).collect(),
        steps,
        items,
        body,
        forced: None,
    }
}

/// All calls of a command, steps first; the flag says whether it is a verify step.
pub(crate) fn all_steps(command: &Command) -> impl Iterator<Item = (&Step, bool)> {
    let steps = command.steps.iter().map(|step| (step, false));
    steps.chain(command.verify.iter().map(|step| (step, true)))
}

/// The step of a command's that a call of an operation is.
pub(crate) fn step_at(op: &Operation, run: usize) -> Option<&Step> {
    let (kind, at) = op.step_of(run)?;
    match kind {
        RunKind::Step | RunKind::Undo => all_steps(&op.command).nth(at).map(|(step, _)| step),
        RunKind::OnFailure => op.command.on_failure.steps().get(at),
    }
}

/// The effect of a step: its own word where the action leaves it to the step, else the action's.
pub(crate) fn effect_of(core: &Core, uses: &ActionName, own: Option<Effect>) -> Effect {
    let Some(action) = core.action(uses) else { return Effect::Destructive };
    let spec = action.spec();
    own.filter(|_| spec.effect_by_step).unwrap_or(spec.effect)
}

/// Whether a step's arguments can be filled in only while the operation runs.
fn depends_on_run(with: &Value) -> bool {
    expr::strings(with)
        .into_iter()
        .filter_map(|text| expr::template_names(text).ok())
        .flatten()
        .any(|name| is_of_run(&name))
}

/// A call's arguments, filled in. Which secrets they refer to is the pack's to say: what an order brings with it is data.
///
/// # Errors
/// When a template cannot be filled in, or a value looks like a reference to a secret.
pub(crate) fn filled(with: &Value, names: &impl expr::Named) -> Result<Value, String> {
    let filled = expr::render_value(with, names).map_err(|error| error.to_string())?;
    let places =
        |value: &Value| secrets::references(value).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    if (secrets::refers(&filled) || secrets::refers(with)) && places(&filled) != places(with) {
        return Err("a value that was filled in is itself a reference to a secret".to_owned());
    }
    Ok(filled)
}

/// Whether a name means something only while the operation runs.
fn is_of_run(name: &str) -> bool {
    matches!(name.split('.').next(), Some("steps" | "op"))
}

/// Whether a step's condition holds.
///
/// # Errors
/// When it names what is not there: then nobody can tell whether the step was wanted.
pub(crate) fn holds(step: &Step, when: &Condition, names: &Value) -> Result<bool, String> {
    when.holds(names).map_err(|error| format!("The condition of step `{}`: {error}", step.id))
}

/// What a step that was skipped says.
pub(crate) fn skipped(when: &Condition) -> String {
    format!("`{}` does not hold", when.source())
}

/// The names that a step's templates may use.
pub(crate) fn names(
    command: &Command,
    args: &Args,
    steps: &Map<String, Value>,
    op: Option<(&OpId, &Principal, &Place)>,
) -> Value {
    let mut names = args.clone();
    names.insert("args".into(), Value::Object(args.clone()));
    names.insert("vars".into(), Value::Object(command.vars.clone()));
    names.insert("steps".into(), Value::Object(steps.clone()));
    if let Some((id, asker, place)) = op {
        names.insert("op".into(), json!({"id": id, "asker": asker.key(), "place": place}));
    }
    Value::Object(names)
}

/// The names that a step's templates may use while its order is answered.
pub(crate) struct ReadNames<'a> {
    command: &'a Command,
    args: &'a Args,
    steps: &'a Map<String, Value>,
    /// All of them, once somebody asked for that.
    all: OnceLock<Value>,
}

impl<'a> ReadNames<'a> {
    pub(crate) fn new(command: &'a Command, args: &'a Args, steps: &'a Map<String, Value>) -> Self {
        Self { command, args, steps, all: OnceLock::new() }
    }
}

impl expr::Named for ReadNames<'_> {
    fn get(&self, path: &str) -> Option<&Value> {
        let Some((first, rest)) = path.split_once('.') else {
            return if ["args", "vars", "steps"].contains(&path) {
                self.all().get(path)
            } else {
                self.args.get(path)
            };
        };
        let (name, rest) = rest.split_once('.').map_or((rest, None), |(name, rest)| (name, Some(rest)));
        let found = match first {
            "args" => self.args.get(name),
            "vars" => self.command.vars.get(name),
            "steps" => self.steps.get(name),
            arg => self.args.get(arg).and_then(|found| found.get(name)),
        };
        rest.map_or(found, |rest| expr::Named::get(found?, rest))
    }

    fn all(&self) -> &Value {
        self.all.get_or_init(|| names(self.command, self.args, self.steps, None))
    }
}

/// The lock that a command takes with these arguments.
///
/// # Errors
/// When its template cannot be filled in.
pub(crate) fn lock_key(command: &Command, args: &Args) -> Result<Option<String>, ActionError> {
    let names = names(command, args, &Map::new(), None);
    let key = command.spec.lock.as_ref().map(|template| expr::render(template, &names)).transpose();
    key.map_err(|error| ActionError::failed(format!("the lock of `{}`: {error}", command.spec.id)))
}

/// Gives every declared argument a value, so that templates and conditions may name it: the default, or null.
pub(crate) fn complete(command: &Command, mut args: Args) -> Args {
    let specs = &command.spec.args;
    if args.len() == specs.len() && args.keys().zip(specs).all(|(name, spec)| *name == spec.name) {
        return args;
    }
    let mut complete = Args::new();
    for spec in &command.spec.args {
        let value = args.remove(&spec.name).or_else(|| spec.default.clone()).unwrap_or(Value::Null);
        complete.insert(spec.name.clone(), value);
    }
    complete
}

/// So many seconds later, or the end of time.
pub(crate) fn later(at: Timestamp, secs: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(secs)).unwrap_or(Timestamp::MAX)
}

/// The id of one of the engine's own commands.
pub(crate) fn own(name: &str) -> CommandId {
    CommandId::parse(&format!("wilco.{name}")).expect("our own names are well formed")
}

#[cfg(test)]
mod tests {
    use wilco_contract::expr::Named;

    use super::*;

    fn ping() -> Command {
        let own = crate::own::commands().into_iter().find(|command| command.spec.id.as_str() == "wilco.ping");
        let mut ping = own.expect("our own command");
        ping.vars = Map::from_iter([("zone".to_owned(), json!({"of": {"host": "a"}}))]);
        ping
    }

    fn map(pairs: &[(&str, Value)]) -> Map<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn the_names_of_a_read_mean_what_they_mean_elsewhere() {
        let command = ping();
        // An argument that is named like one of the three is theirs.
        let args = map(&[("to", json!("web")), ("app", json!({"x": [1]})), ("steps", json!("hidden"))]);
        let steps = map(&[("look", json!({"out": 7, "state": "done"}))]);
        let (all, read) = (names(&command, &args, &steps, None), ReadNames::new(&command, &args, &steps));
        for path in [
            "to",
            "app",
            "app.x",
            "app.x.0",
            "to.x",
            "args",
            "args.to",
            "args.app.x",
            "args.no",
            "args.to.x",
            "vars",
            "vars.zone",
            "vars.zone.of.host",
            "vars.no",
            "steps",
            "steps.look.out",
            "steps.look.no",
            "steps.no.out",
            "no",
            "no.x",
            "op",
            "op.id",
        ] {
            assert_eq!(read.get(path), Named::get(&all, path), "{path}");
        }
        // In the order of their declaration.
        let of = |names: &Value| names["args"].to_string();
        assert_eq!(of(read.all()), of(&all));
        assert_eq!(filled(&json!("{{ args }}"), &read).expect("a value").to_string(), of(&all));
        assert_eq!(filled(&json!("{{ args.to ~ '!' }}"), &read), Ok(json!("web!")));
    }

    #[test]
    fn what_is_complete_stays_and_all_else_is_made_so() {
        let command = ping();
        let [named, other] = [("token", json!("a")), ("other", json!("b"))];
        for (given, expected) in [
            (vec![named.clone()], map(std::slice::from_ref(&named))),
            (vec![], map(&[("token", Value::Null)])),
            (vec![other.clone()], map(&[("token", Value::Null)])),
            (vec![other, named.clone()], map(&[named])),
        ] {
            assert_eq!(complete(&command, map(&given)), expected);
        }
    }
}
