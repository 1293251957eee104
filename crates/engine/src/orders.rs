//! What becomes of an order: the gate, then an answer, a refusal, or an operation.
//!
//! Not where orders come from: [`crate::inbox`] brings those of rooms, [`crate::Engine::call`] those of other doors.
//! Both go this one way. Layer 1.

use std::sync::Arc;

use serde_json::Map;
use wilco_contract::{
    action::{Intent, Outcome, Tools},
    clock::Cancel,
    command::{Command, Effect},
    gate::{Ask, Considered, Decision, Permitted},
    ids::{OpId, Place, Seq},
    operation::{OpEvent, Operation, Run, RunEnd, Slot, State},
    plan::Plan,
    principal::Principal,
    reply::{Block, Field, PressKind, Reply, StepMark},
    store::{AuditEntry, Record},
    values::Args,
};

use crate::{
    Answer, Decide, NotDecided, RefusedKind, calls,
    core::Core,
    life,
    limits::Rated,
    lines::Sink,
    planning::{self, Meant, later},
    telemetry, words,
};

/// Where an order comes from.
#[derive(Debug, Clone)]
pub(crate) struct From {
    pub(crate) who: Principal,
    /// Where it was said, or the home room where it was said nowhere.
    pub(crate) place: Place,
    pub(crate) thread: Option<String>,
    /// Whether it was said in a room: then its operation stands there, too.
    pub(crate) in_room: bool,
    /// The journal record of its input, which ends with what comes of it.
    pub(crate) input: Option<Seq>,
    pub(crate) key: Option<String>,
}

/// An order that was understood.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) command: Arc<Command>,
    pub(crate) args: Args,
    /// In its full form.
    pub(crate) said: String,
    pub(crate) because: Option<String>,
    pub(crate) dry_run: bool,
    /// Whether a read is to be answered as JSON.
    pub(crate) json: bool,
    pub(crate) retry_of: Option<OpId>,
}

/// A refusal for the record.
fn refused(reply: Reply, kind: RefusedKind) -> Answer {
    Answer::Refused { reply, kind }
}

pub(crate) fn unavailable(error: &impl std::fmt::Display) -> Answer {
    refused(
        Reply::refusal(format!("The record could not be written, so nothing was started: {error}.")),
        RefusedKind::Unavailable,
    )
}

/// Counts an order against its giver's limit; `None` where it is within.
pub(crate) fn beyond_limit(core: &Core, who: &Principal) -> Option<(Answer, bool)> {
    let limit = core.live.load().setup.limits.per_person;
    let rated = core.rates.count(&who.key(), limit, core.clock.now());
    let (left, tell) = match rated {
        Rated::Within => return None,
        Rated::BeyondTell(left) => (left, true),
        Rated::Beyond(left) => (left, false),
    };
    let (most, secs) = limit.unwrap_or_default();
    let until = later(core.clock.now(), i64::try_from(left).unwrap_or(60));
    let text = format!(
        "That is more than {most} orders in {secs} s, so I take no more from {who} until {}.",
        words::time(core, until)
    );
    let reply = Reply {
        blocks: vec![Block::Refusal {
            text,
            rule: Some("limits.per_person".into()),
            who_can: None,
            you_can: None,
        }],
    };
    Some((refused(reply, RefusedKind::Limited), tell))
}

/// Gives an order.
pub(crate) async fn give(core: &Arc<Core>, from: From, mut given: Given) -> Answer {
    given.args = planning::complete(&given.command, given.args);
    if let Some(press) = press_of(&given.command) {
        return decide(core, &from, &given, press).await;
    }
    if given.command.spec.id == planning::own("retry") {
        return retry(core, from, &given).await;
    }
    if [planning::own("pause"), planning::own("resume")].contains(&given.command.spec.id) {
        return pause(core, &given).await;
    }
    let answer = judged(core, from, given).await;
    telemetry::order(&answer);
    answer
}

async fn judged(core: &Arc<Core>, from: From, given: Given) -> Answer {
    let ask = ask(core, &from, &given, None);
    let verdict = core.gate(ask);
    match verdict.decision {
        Decision::Deny(denial) => {
            core.note(entry("order.refused", &from, &given, &denial.text, Some(&denial.rule))).await;
            refused(words::denial(&denial), RefusedKind::Denied)
        }
        Decision::Allow(permitted) if !given.dry_run => read(core, &from, &given, &permitted).await,
        Decision::Allow(_) | Decision::Plan | Decision::Needs(_) => plan(core, from, given).await,
    }
}

fn ask<'a>(core: &Core, from: &'a From, given: &'a Given, plan: Option<&'a Plan>) -> Ask<'a> {
    Ask {
        who: &from.who,
        spec: &given.command.spec,
        args: &given.args,
        place: &from.place,
        now: core.clock.now(),
        plan,
        given: &[],
        operation: None,
    }
}

fn entry(kind: &str, from: &From, given: &Given, text: &str, rule: Option<&str>) -> AuditEntry {
    AuditEntry {
        kind: kind.to_owned(),
        who: from.who.key(),
        account: from.who.account().cloned(),
        operation: None,
        command: Some(given.command.spec.id.clone()),
        place: Some(from.place.clone()),
        text: text.to_owned(),
        rule: rule.map(ToOwned::to_owned),
    }
}

/// Answers a read: its audit is written behind, the answer is not kept.
async fn read(core: &Arc<Core>, from: &From, given: &Given, permitted: &Permitted) -> Answer {
    let audit = Record::Audit(entry("order.read", from, given, &given.said, None));
    if let Err(error) = core.commit_soon(vec![audit]).await {
        return unavailable(&error);
    }
    let mut steps = Map::new();
    let mut last = Outcome::default();
    for step in &given.command.steps {
        let names = planning::names(&given.args, &steps, None);
        let args = match wilco_contract::expr::render_value(&step.with, &names) {
            Ok(args) => args,
            Err(error) => return failed(&format!("Step `{}`: {error}", step.id)),
        };
        let now = core.clock.now();
        let secs = i64::try_from(given.command.spec.timeout_secs).unwrap_or(600);
        let intent = Intent {
            key: format!("read-{:032x}.{}", u128::from_le_bytes(core.chance.bytes()), step.id),
            operation: None,
            step: step.id.clone(),
            action: step.uses.clone(),
            effect: Effect::Read,
            asker: from.who.clone(),
            place: from.place.clone(),
            args,
            plan: wilco_contract::plan::StepPlan::default(),
            at: now,
            deadline: later(now, secs),
        };
        match run_read(core, permitted, intent).await {
            RunEnd::Done(outcome) => {
                steps.insert(step.id.clone(), calls::merged(&outcome));
                last = outcome;
            }
            RunEnd::Failed(what) | RunEnd::Aborted(what) | RunEnd::Unknown(what) => return failed(&what),
            RunEnd::NotStarted => return failed("it was not begun"),
        }
    }
    let reply = if given.json { as_json(&last) } else { answer(&last) };
    Answer::Done { reply, rows: last.rows }
}

async fn run_read(core: &Arc<Core>, permitted: &Permitted, intent: Intent) -> RunEnd {
    let Some(action) = core.action(&intent.action).cloned() else {
        return RunEnd::Failed(format!("there is no action `{}`", intent.action));
    };
    let sink = Sink::open(core, &intent, false).await;
    let tools = Tools {
        http: core.http.clone(),
        clock: core.clock.clone(),
        cancel: Cancel::never(),
        lines: sink.lines(),
    };
    match wilco_contract::action::Cx::new(permitted, intent, tools) {
        Some(cx) => calls::run(&core.clock, action.as_ref(), cx).await,
        None => RunEnd::Failed("the permission belongs to an operation".to_owned()),
    }
}

fn failed(what: &str) -> Answer {
    refused(Reply::refusal(format!("{}.", what.trim_end_matches('.'))), RefusedKind::Failed)
}

/// What a read says: its own blocks, its rows as a table, its text, or its last word.
fn answer(outcome: &Outcome) -> Reply {
    if let Some(reply) = &outcome.reply {
        return reply.clone();
    }
    if let Some(rows) = outcome.rows.as_ref().filter(|rows| !rows.is_empty()) {
        return Reply { blocks: vec![table(rows)] };
    }
    match (&outcome.text, &outcome.summary) {
        (Some(text), _) if !text.trim().is_empty() => {
            Reply { blocks: vec![Block::Code { text: text.clone() }] }
        }
        (_, Some(summary)) => Reply::text(summary.clone()),
        _ => Reply::text("Done; it said nothing."),
    }
}

/// A read's answer as JSON: its rows, or its outputs, or its text.
fn as_json(outcome: &Outcome) -> Reply {
    let json = match (&outcome.rows, &outcome.outputs, &outcome.text) {
        (Some(rows), ..) => serde_json::Value::from(rows.clone()),
        (None, serde_json::Value::Null, text) => {
            serde_json::json!({"text": text, "summary": outcome.summary})
        }
        (None, outputs, _) => outputs.clone(),
    };
    Reply { blocks: vec![Block::Code { text: format!("{json:#}") }] }
}

fn table(rows: &[serde_json::Value]) -> Block {
    let mut columns: Vec<String> = Vec::new();
    for name in rows.iter().filter_map(serde_json::Value::as_object).flat_map(Map::keys) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let cell = |row: &serde_json::Value, name: &String| match row.get(name) {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let rows = rows.iter().map(|row| columns.iter().map(|name| cell(row, name)).collect()).collect();
    Block::Table { columns, rows }
}

/// Plans a write, and makes an operation of it.
async fn plan(core: &Arc<Core>, from: From, given: Given) -> Answer {
    if let Some(key) = &from.key {
        match core.store.operation_by_key(&from.who.key(), key).await {
            Ok(Some(operation)) => return Answer::Operation(Arc::new(operation)),
            Ok(None) => {}
            Err(error) => return unavailable(&error),
        }
    }
    let meant = Meant { command: &given.command, args: &given.args, who: &from.who, place: &from.place };
    let plan = match planning::make(core, meant).await {
        Ok(plan) => plan,
        Err(error) => return failed(&format!("It could not be planned, and nothing was changed: {error}")),
    };
    let verdict = core.gate(ask(core, &from, &given, Some(&plan)));
    if let Decision::Deny(denial) = &verdict.decision {
        core.note(entry("order.refused", &from, &given, &denial.text, Some(&denial.rule))).await;
        return refused(words::denial(denial), RefusedKind::Denied);
    }
    if given.dry_run {
        let mut reply = words::dry_run(&given.said, &plan);
        reply.blocks.push(Block::Fields { fields: vec![Field::new("Needs", needs(&verdict.decision))] });
        return Answer::Done { reply, rows: None };
    }
    let lock = match planning::lock_key(&given.command, &given.args) {
        Ok(lock) => lock,
        Err(error) => return failed(&error.to_string()),
    };
    match create(core, &from, &given, Made { plan, lock, considered: verdict.considered }).await {
        Ok(operation) => {
            life::begin(core, operation.clone());
            Answer::Operation(operation)
        }
        Err(error) => unavailable(&error),
    }
}

fn needs(decision: &Decision) -> String {
    let Decision::Needs(needs) = decision else { return "nothing more".to_owned() };
    let words = needs.iter().map(|need| match &need.by {
        _ if need.kind == wilco_contract::operation::GivenKind::Confirm => {
            format!("confirmation ({})", need.rule)
        }
        Some(by) => format!("{} × approval by {by} ({})", need.count, need.rule),
        None => format!("{} × approval ({})", need.count, need.rule),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What was made of an order before it became an operation.
struct Made {
    plan: Plan,
    lock: Option<String>,
    considered: Vec<Considered>,
}

/// Commits a new operation with all that is known about it, before anything is shown.
async fn create(
    core: &Core,
    from: &From,
    given: &Given,
    made: Made,
) -> Result<Arc<Operation>, wilco_contract::store::StoreError> {
    let Made { plan, lock, considered } = made;
    let command = given.command.as_ref().clone();
    let home = command.spec.home.clone().unwrap_or_else(|| core.live.load().setup.home.clone());
    let mut slots = Vec::new();
    if from.in_room {
        slots.push(Slot { place: from.place.clone(), thread: from.thread.clone(), receipt: None });
    }
    if !from.in_room || from.place != home {
        slots.push(Slot { place: home.clone(), thread: None, receipt: None });
    }
    let run = |step: &str, verify| Run {
        step: step.to_owned(),
        verify,
        mark: StepMark::Waiting,
        intent: None,
        attempts: 0,
        ended_at: None,
        outcome: None,
        error: None,
    };
    let operation = Operation {
        id: core.mint(command.spec.letter).await?,
        runs: planning::all_steps(&command).map(|(step, verify)| run(&step.id, verify)).collect(),
        asker: from.who.clone(),
        order: given.said.clone(),
        args: given.args.clone(),
        place: from.place.clone(),
        thread: from.thread.clone(),
        home,
        because: given.because.clone(),
        key: from.key.clone(),
        retry_of: given.retry_of.clone(),
        plan,
        needs: Vec::new(),
        given: Vec::new(),
        state: State::Planned,
        why: None,
        lock,
        slots,
        created_at: core.clock.now(),
        expires_at: None,
        started_at: None,
        deadline: None,
        ended_at: None,
        version: 0,
        command,
    };
    let mut now = operation.clone();
    let mut events = vec![OpEvent::Planned { operation: Box::new(operation) }];
    events.extend(life::judging::after(core, &now, life::judging::judge(core, &now, &[])));
    let mut records = Vec::new();
    for event in events {
        // The events were made for this operation just now.
        now.apply(&event).map_err(|error| wilco_contract::store::StoreError::Conflict(error.to_string()))?;
        records.push(Record::Operation { event, now: Arc::new(now.clone()) });
    }
    records.push(Record::Audit(AuditEntry {
        operation: Some(now.id.clone()),
        ..entry("gate.considered", from, given, &listed(&considered), None)
    }));
    records.extend(from.input.map(|input| Record::Handled { input }));
    core.commit(records).await?;
    Ok(Arc::new(now))
}

fn listed(considered: &[Considered]) -> String {
    let line = |rule: &Considered| {
        let sign = if rule.applied { "applies" } else { "does not apply" };
        format!("{} {sign}: {}", rule.rule, rule.note)
    };
    considered.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The decision that a command stands for.
fn press_of(command: &Command) -> Option<PressKind> {
    let presses = [PressKind::Confirm, PressKind::Approve, PressKind::Deny, PressKind::Abort];
    presses.into_iter().find(|press| command.spec.id == planning::own(press.word()))
}

async fn decide(core: &Arc<Core>, from: &From, given: &Given, press: PressKind) -> Answer {
    let named = given.args.get("operation").and_then(|value| value.as_str());
    let operation = match named.map(OpId::parse) {
        Some(Ok(id)) => id,
        Some(Err(error)) => {
            return refused(Reply::refusal(format!("{error}.")), RefusedKind::Malformed);
        }
        None => match sole_waiting(core, &from.who, &from.place) {
            Ok(operation) => operation,
            Err(what) => return refused(Reply::refusal(what), RefusedKind::Malformed),
        },
    };
    let decide = Decide { who: from.who.clone(), press, operation: operation.clone(), plan: None };
    decided(life::decisions::decide(core, decide).await, &operation, press)
}

/// What to say of a decision.
pub(crate) fn decided(decided: Result<Arc<Operation>, NotDecided>, id: &OpId, press: PressKind) -> Answer {
    match decided {
        Ok(operation) => {
            let reply = Reply::text(format!("{}: {} is {}.", past(press), operation.id, operation.state));
            Answer::Done { reply, rows: None }
        }
        Err(NotDecided::NoSuchOperation) => {
            refused(Reply::refusal(format!("There is no operation {id}.")), RefusedKind::Unknown)
        }
        Err(NotDecided::Changed(operation)) => {
            let text = if operation.state.awaits() {
                format!(
                    "The plan of {id} changed to {}. Look at it and decide again.",
                    operation.plan.hash.short()
                )
            } else {
                format!("{id} is {} and waits for no decision.", operation.state)
            };
            refused(Reply::refusal(text), RefusedKind::Failed)
        }
        Err(NotDecided::Denied(denial)) => refused(words::denial(&denial), RefusedKind::Denied),
        Err(NotDecided::Unavailable(error)) => unavailable(&error),
    }
}

fn past(press: PressKind) -> &'static str {
    match press {
        PressKind::Confirm => "Confirmed",
        PressKind::Approve => "Approved",
        PressKind::Deny => "Denied",
        PressKind::Abort => "Stopped",
    }
}

/// The one operation of this person that waits here for their confirmation.
///
/// # Errors
/// When there is none or more than one, in a sentence.
pub(crate) fn sole_waiting(core: &Core, who: &Principal, place: &Place) -> Result<OpId, String> {
    let theirs = |operation: &Operation| operation.asker.key() == who.key() && operation.place == *place;
    let waiting = core.standing(State::AwaitingConfirm, theirs);
    match waiting.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err("No order of yours waits here to be confirmed.".to_owned()),
        several => {
            let ids: Vec<_> = several.iter().map(|operation| operation.id.to_string()).collect();
            Err(format!(
                "Several orders of yours wait here: {}. Name one, as in `confirm {}`.",
                ids.join(", "),
                ids[0]
            ))
        }
    }
}

/// Answers a wish to pause or resume: no action declares that it can.
async fn pause(core: &Arc<Core>, given: &Given) -> Answer {
    let operation = match named(core, given).await {
        Ok(operation) => operation,
        Err(answer) => return answer,
    };
    let id = &operation.id;
    if operation.state.is_final() {
        return failed(&format!("{id} is {} already", operation.state));
    }
    let actions: Vec<_> = operation.command.steps.iter().map(|step| format!("`{}`", step.uses)).collect();
    failed(&format!("{id} cannot be paused, as {} cannot; `abort {id}` stops it", actions.join(" and ")))
}

/// The operation that an order names.
async fn named(core: &Arc<Core>, given: &Given) -> Result<Arc<Operation>, Answer> {
    let named = given.args.get("operation").and_then(|value| value.as_str()).unwrap_or_default();
    let id = OpId::parse(named)
        .map_err(|error| refused(Reply::refusal(format!("{error}.")), RefusedKind::Malformed))?;
    let found = core.operation(&id).await.map_err(|error| unavailable(&error))?;
    found.ok_or_else(|| refused(Reply::refusal(format!("There is no operation {id}.")), RefusedKind::Unknown))
}

/// Gives the order of an ended operation again, by whoever asks now and under today's rules.
async fn retry(core: &Arc<Core>, from: From, given: &Given) -> Answer {
    let operation = match named(core, given).await {
        Ok(operation) => operation,
        Err(answer) => return answer,
    };
    let id = operation.id.clone();
    if !operation.state.is_final() {
        return failed(&format!("{id} is {} and has not ended yet", operation.state));
    }
    let Some(command) = core.live.load().catalogue.command(&operation.command.spec.id).cloned() else {
        return failed(&format!("`{}` is no longer a command", operation.command.spec.id));
    };
    let again = Given {
        command,
        args: operation.args.clone(),
        said: operation.order.clone(),
        because: operation.because.clone(),
        dry_run: given.dry_run,
        json: false,
        retry_of: Some(id),
    };
    Box::pin(give(core, from, again)).await
}
