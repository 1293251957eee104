//! Operations and their logs.
//!
//! Not the operation itself, which holds more than a caller needs. Layer 3.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use wilco_contract::{
    command::Effect,
    gate::Need,
    ids::PersonId,
    operation::{Given, GivenKind, Operation, Run, State},
    policy::Grantee,
    principal::Principal,
    reply::{PressKind, StepMark},
    store::LogLine,
    values::Args,
};

use crate::desk::Desk;

/// An operation, as the caller may see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Operation")]
pub(crate) struct OperationDto {
    /// Its id.
    id: String,
    /// Its state: `planned`, `awaiting_confirm`, …, `succeeded`, `failed`, `aborted`, `expired`, `needs_human`.
    #[schemars(with = "String")]
    state: State,
    /// Why it stands there, in a sentence.
    why: Option<String>,
    /// The order in its full form.
    order: String,
    /// The command's id.
    command: String,
    /// What the command does, in a line.
    about: String,
    /// `read`, `write` or `destructive`.
    #[schemars(with = "String")]
    effect: Effect,
    /// Who asked.
    asker: Asker,
    /// Where it was asked.
    place: String,
    /// Where it stands.
    home: String,
    /// The asker's reason, in their words.
    because: Option<String>,
    /// The hash of its plan, which every decision names.
    hash: String,
    /// What it will do.
    plan: PlanDto,
    /// What it needs before it may start.
    needs: Vec<NeedDto>,
    /// The decisions so far.
    given: Vec<GivenDto>,
    /// Its calls, steps first, then verify steps.
    steps: Vec<StepDto>,
    /// The key it holds or waits for.
    lock: Option<String>,
    /// The operation that this one tries again.
    retry_of: Option<String>,
    /// What `--force` lifts, in words; null where it was not given.
    forced: Option<String>,
    /// That its asker starts it alone; null where they do not.
    alone: Option<AloneDto>,
    /// When it was planned.
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// When its waiting ends by itself.
    #[schemars(with = "Option<String>")]
    expires_at: Option<Timestamp>,
    /// When its first step began.
    #[schemars(with = "Option<String>")]
    started_at: Option<Timestamp>,
    /// When its run must have ended.
    #[schemars(with = "Option<String>")]
    deadline: Option<Timestamp>,
    /// When it reached a final state.
    #[schemars(with = "Option<String>")]
    ended_at: Option<Timestamp>,
    /// How many events it had.
    version: u64,
    /// What the caller may press now.
    #[schemars(with = "Vec<String>")]
    may: Vec<PressKind>,
}

/// That an operation's asker starts it alone: after a countdown that everybody may stop, without the approvals of others.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Alone")]
struct AloneDto {
    /// The rules whose approvals are not waited for.
    in_place_of: Vec<String>,
    /// While it counts down: when it starts unless somebody stops it.
    #[schemars(with = "Option<String>")]
    starts_at: Option<Timestamp>,
    /// When nobody had stopped it in time.
    #[schemars(with = "Option<String>")]
    unstopped_at: Option<Timestamp>,
}

/// Who asked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Asker {
    /// `person`, `guest`, `operator` or `token`.
    kind: &'static str,
    /// The person, account or token.
    id: String,
    /// The name for people to read.
    name: String,
}

/// What an operation will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Plan")]
struct PlanDto {
    /// What will change, a line each.
    will: Vec<String>,
    /// What held when the plan was made.
    now: Vec<FieldDto>,
    /// What it will touch.
    targets: Vec<String>,
    /// What it will work with, by step.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    inputs: Args,
    /// The calls, in order.
    steps: Vec<PlannedDto>,
    /// How it can be undone.
    undo: Vec<String>,
}

/// A name with a value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Field")]
struct FieldDto {
    /// The name.
    name: String,
    /// The value.
    value: String,
}

/// A call of a plan.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "PlannedStep")]
struct PlannedDto {
    /// The step's name.
    id: String,
    /// The action.
    uses: String,
}

/// Something that is needed before a start.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Need")]
struct NeedDto {
    /// `confirm`, `approve`, or `countdown`: that nobody stops it.
    #[schemars(with = "String")]
    kind: GivenKind,
    /// How many persons.
    count: u32,
    /// Who; null: whoever the command is granted to.
    by: Option<String>,
    /// Who that is now, for people to read, where an approval is waited for.
    who: Option<String>,
    /// How long they have, in seconds.
    within_secs: u64,
    /// The rule that asks for it.
    rule: String,
    /// Whose yes counts already.
    have: Vec<String>,
    /// Whether that is enough.
    met: bool,
}

/// A person's yes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Given")]
struct GivenDto {
    /// `confirm`, `approve`, or `countdown`: nobody stopped what this person started alone.
    #[schemars(with = "String")]
    kind: GivenKind,
    /// Who.
    person: String,
    /// By which account.
    account: String,
    /// When.
    #[schemars(with = "String")]
    at: Timestamp,
}

/// One call within an operation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Step")]
struct StepDto {
    /// The step's name.
    id: String,
    /// Whether it is a verify step.
    verify: bool,
    /// `waiting`, `running`, `done`, `failed`, `unknown` or `skipped`.
    #[schemars(with = "String")]
    mark: StepMark,
    /// What came of it, in a line.
    note: Option<String>,
    /// When it was begun.
    #[schemars(with = "Option<String>")]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schemars(with = "Option<String>")]
    ended_at: Option<Timestamp>,
    /// Why it did not come to a good end.
    error: Option<String>,
}

/// A line of a run's output.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "LogLine")]
pub(crate) struct LogRow {
    /// Its number within the operation, from 1.
    number: u64,
    /// When it was seen.
    #[schemars(with = "String")]
    at: Timestamp,
    /// The step.
    step: String,
    /// `out`, `err` or `note`.
    #[schemars(with = "String")]
    stream: wilco_contract::action::Stream,
    /// The line.
    text: String,
}

impl OperationDto {
    /// The operation with what the caller may press.
    pub(crate) fn new(desk: &dyn Desk, operation: &Operation, caller: &Principal) -> Self {
        let body = &operation.plan.body;
        let now = operation.plan.now.iter();
        Self {
            id: operation.id.to_string(),
            state: operation.state,
            why: operation.why.clone(),
            order: operation.order.clone(),
            command: operation.command.spec.id.to_string(),
            about: operation.command.spec.about.clone(),
            effect: operation.command.spec.effect,
            asker: Asker::from(&operation.asker),
            place: operation.place.to_string(),
            home: operation.home.to_string(),
            because: operation.because.clone(),
            hash: operation.plan.hash.to_string(),
            plan: PlanDto {
                will: operation.plan.will.clone(),
                now: now
                    .map(|field| FieldDto { name: field.name.clone(), value: field.value.clone() })
                    .collect(),
                targets: body.targets.clone(),
                inputs: body.inputs.clone(),
                steps: body
                    .steps
                    .iter()
                    .map(|step| PlannedDto { id: step.id.clone(), uses: step.uses.to_string() })
                    .collect(),
                undo: body.undo.clone(),
            },
            needs: operation.needs.iter().map(|need| NeedDto::new(desk, need, operation)).collect(),
            given: operation.given.iter().map(GivenDto::from).collect(),
            steps: operation.runs.iter().map(StepDto::from).collect(),
            lock: operation.lock.clone(),
            retry_of: operation.retry_of.as_ref().map(ToString::to_string),
            forced: operation.plan.forced.clone(),
            alone: AloneDto::of(operation),
            created_at: operation.created_at,
            expires_at: operation.expires_at,
            started_at: operation.started_at,
            deadline: operation.deadline,
            ended_at: operation.ended_at,
            version: operation.version,
            may: desk.may_press(operation, caller),
        }
    }
}

impl AloneDto {
    fn of(operation: &Operation) -> Option<Self> {
        operation.plan.body.flags.alone.then(|| Self {
            in_place_of: operation.approvals().map(|need| need.rule.clone()).collect(),
            starts_at: operation.expires_at.filter(|_| operation.counts_down()),
            unstopped_at: operation.unstopped_at(),
        })
    }
}

impl From<&Principal> for Asker {
    fn from(who: &Principal) -> Self {
        let (id, name) = match who {
            Principal::Person { id, name, .. } => (id.to_string(), name.clone()),
            Principal::Guest { account } => (account.to_string(), account.id().to_owned()),
            Principal::Operator => ("operator".to_owned(), "local operator".to_owned()),
            Principal::Token { name, .. } | Principal::Rule { name, .. } => (name.clone(), name.clone()),
            Principal::Program { program, .. } => (program.name.clone(), program.name.clone()),
        };
        Self { kind: who.kind(), id, name }
    }
}

impl NeedDto {
    /// The need as it stands now: `need` itself says whose yes counted when the gate last looked, which was before
    /// the yeses that came since.
    fn new(desk: &dyn Desk, need: &Need, operation: &Operation) -> Self {
        let have = have(need, operation);
        let met = have.len() >= need.count as usize;
        let waited = need.kind == GivenKind::Approve && operation.state.awaits() && !met;
        Self {
            kind: need.kind,
            count: need.count,
            by: need.by.as_ref().map(ToString::to_string),
            who: waited.then(|| desk.who_approves(operation, need).unwrap_or_else(|| "nobody".to_owned())),
            within_secs: need.within_secs,
            rule: need.rule.clone(),
            met,
            have: have.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The persons who said this yes to the plan as it is, each once. Whether they may say it was asked before it was taken.
fn have<'a>(need: &Need, operation: &'a Operation) -> Vec<&'a PersonId> {
    let asker = operation.asker.person();
    let mut people = Vec::new();
    for given in &operation.given {
        let person = &given.person;
        let counts = match need.kind {
            GivenKind::Confirm | GivenKind::Countdown => asker == Some(person),
            GivenKind::Approve => {
                asker != Some(person)
                    && need.by.as_ref().is_none_or(|by| match by {
                        Grantee::Person(only) => only == person,
                        _ => true,
                    })
            }
        };
        let fits = given.kind == need.kind && given.plan == operation.plan.hash;
        if fits && counts && !people.contains(&person) {
            people.push(person);
        }
    }
    people
}

impl From<&Given> for GivenDto {
    fn from(given: &Given) -> Self {
        Self {
            kind: given.kind,
            person: given.person.to_string(),
            account: given.account.to_string(),
            at: given.at,
        }
    }
}

impl From<&Run> for StepDto {
    fn from(run: &Run) -> Self {
        Self {
            id: run.name(),
            verify: run.verify,
            mark: run.mark,
            note: run.outcome.as_ref().and_then(|outcome| outcome.summary.clone()),
            started_at: run.intent.as_ref().map(|intent| intent.at),
            ended_at: run.ended_at,
            error: run.error.clone(),
        }
    }
}

impl From<LogLine> for LogRow {
    fn from(line: LogLine) -> Self {
        Self { number: line.number, at: line.at, step: line.step, stream: line.stream, text: line.text }
    }
}
