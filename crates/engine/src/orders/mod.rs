//! What becomes of an order: the gate, then an answer, a refusal, or an operation.
//!
//! Not where orders come from: [`crate::inbox`] brings those of rooms, [`crate::Engine::call`] those of other doors.
//! Both go this one way. Layer 1.

mod about;
pub(crate) mod choices;
mod elsewhere;
mod fitting;
pub(crate) mod json;
mod limits;
mod making;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};
use wilco_contract::{
    action::{Intent, Outcome},
    clock::Cancel,
    command::{Command, Effect},
    expr::Named as _,
    gate::{Ask, Decision, Permitted},
    ids::{OpId, Place, Seq},
    operation::RunEnd,
    plan::Plan,
    policy::{Flags, Policy},
    principal::Principal,
    reply::{Block, Reply},
    store::{AuditEntry, Record},
    values::{Args, Asked, Moment},
};

pub(crate) use self::{
    about::{decided, sole_waiting, speaks_of_operation, waiting_here, waits_here},
    elsewhere::{accounts, is_open_to},
    fitting::fitting,
    limits::misflagged,
};
use crate::{
    Answer, RefusedKind, calls,
    compose::{self, Row, Show, Then},
    core::Core,
    limits::Rated,
    lines::{Numbers, Sink},
    pictures,
    planning::{self, ReadNames, later},
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
    /// When it was said.
    pub(crate) said_at: Timestamp,
    /// The journal record of its input, which ends with what comes of it.
    pub(crate) input: Option<Seq>,
    pub(crate) key: Option<String>,
}

impl From {
    /// Whether an order begins with our name here.
    pub(crate) fn is_addressed(&self) -> bool {
        self.in_room && self.place.direct().is_none()
    }

    /// Whether its answer is said in its place, and not handed to another door.
    fn is_answered_there(&self) -> bool {
        self.in_room || matches!(self.who, Principal::Rule { .. })
    }

    /// What `me`, `here` and `tomorrow` mean in the order.
    pub(crate) fn asked<'a>(&'a self, policy: &'a Policy) -> Asked<'a> {
        Asked {
            connector: self.place.connector(),
            place: self.in_room.then_some(&self.place),
            who: self.who.person(),
            when: Some(Moment { now: self.said_at, zone: &policy.zone.0 }),
            people: Some(&policy.people),
        }
    }
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
    /// Its flags that are rights of their own.
    pub(crate) flags: Flags,
    /// Whether it is to be answered as JSON.
    pub(crate) json: bool,
    /// What is done with its answer.
    pub(crate) then: Then,
    pub(crate) retry_of: Option<OpId>,
}

/// A refusal for the record.
fn refused(reply: Reply, kind: RefusedKind) -> Answer {
    Answer::Refused { reply, kind }
}

/// What is said where there is no record, and so no effect.
pub(crate) fn unwritten(error: &impl std::fmt::Display) -> Reply {
    Reply::refusal(format!("The record could not be written, so nothing was started: {error}."))
}

pub(crate) fn unavailable(error: &impl std::fmt::Display) -> Answer {
    refused(unwritten(error), RefusedKind::Unavailable)
}

/// Counts an order against its giver's limit; `None` where it is within.
pub(crate) fn beyond_limit(core: &Core, who: &Principal) -> Option<(Answer, bool)> {
    let limit = core.live.load().setup.limits.per_person;
    let (most, secs) = limit?;
    let rated = core.rates.count(&who.key(), "", limit, core.clock.now());
    let (left, tell) = match rated {
        Rated::Within => return None,
        Rated::BeyondTell(left) => (left, true),
        Rated::Beyond(left) => (left, false),
    };
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
    let answer = judged(core, from, given).await;
    telemetry::order(&answer);
    answer
}

async fn judged(core: &Arc<Core>, from: From, given: Given) -> Answer {
    let ask = ask(core, &from, &given, None);
    let verdict = core.gate(ask);
    match verdict.decision {
        Decision::Deny(_) if let Some(wish) = about::open_stop(core, &from, &given) => {
            about::give(core, from, &given, wish).await
        }
        Decision::Deny(denial) => {
            core.note(entry("order.refused", &from, &given, &denial.text, Some(&denial.rule))).await;
            refused(words::denial(&denial), RefusedKind::Denied)
        }
        _ if let Some(answer) = limits::misused(&given) => answer,
        Decision::Allow(permitted) => match about::wish(&given.command) {
            Some(_) if !given.then.is_none() => {
                let text = format!(
                    "`{}` speaks of another order, so nothing stands behind it, and nothing was done.",
                    given.command.spec.id
                );
                refused(Reply::refusal(text), RefusedKind::Malformed)
            }
            Some(wish) => match about::give(core, from, &given, wish).await {
                Answer::Done { reply, rows } if given.json => {
                    Answer::Done { reply: json::done(&reply), rows }
                }
                answer => answer,
            },
            None => {
                if let Some(to) = &given.then.to
                    && let Err(answer) = elsewhere::may(core, &from, &given, to).await
                {
                    return answer;
                }
                if given.dry_run {
                    return making::plan(core, from, given).await;
                }
                match limits::beyond_rate(core, &from, &given).await {
                    Some(answer) => answer,
                    None => read(core, &from, &given, &permitted, READ).await,
                }
            }
        },
        // It becomes an operation, whose answer stands in its status.
        Decision::Needs(_) if !given.then.is_none() => {
            let text = format!(
                "`{}` needs somebody's yes here, so nothing can stand behind it. Give it alone; nothing was done.",
                given.command.spec.id
            );
            refused(Reply::refusal(text), RefusedKind::Malformed)
        }
        Decision::Plan | Decision::Needs(_) => making::plan(core, from, given).await,
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
        // They are for the order that it hands on.
        flags: if about::hands_on(&given.command) { Flags::NONE } else { given.flags },
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

/// What the record calls a read that somebody gave.
const READ: &str = "order.read";
/// What it calls one that was made to learn what an argument may be: nobody gave it.
const CHOICES: &str = "order.choices";

/// Answers a read: its audit is written behind, under this name, and the answer is not kept.
async fn read(
    core: &Arc<Core>,
    from: &From,
    given: &Given,
    permitted: &Permitted,
    kind: &'static str,
) -> Answer {
    let audit = Record::Audit(entry(kind, from, given, &given.said, None));
    if let Err(error) = core.commit_soon(vec![audit]).await {
        return unavailable(&error);
    }
    let mut steps = Map::new();
    let mut last = Outcome::default();
    let mut left = given.command.steps.iter();
    while let Some(step) = left.next() {
        let names = ReadNames::new(&given.command, &given.args, &steps);
        if let Some(when) = &step.when {
            match planning::holds(step, when, names.all()) {
                Ok(true) => {}
                Ok(false) => {
                    let summary = Some(planning::skipped(when));
                    let skipped = Outcome { summary, ..Outcome::default() };
                    steps.insert(step.id.clone(), calls::merged(&skipped, "skipped"));
                    continue;
                }
                Err(what) => return failed(&what),
            }
        }
        let args = match planning::filled(&step.with, &names) {
            Ok(args) => args,
            Err(error) => return failed(&format!("Step `{}`: {error}", step.id)),
        };
        let now = core.clock.now();
        let secs = i64::try_from(given.command.spec.timeout_secs).unwrap_or(600);
        let intent = Intent {
            key: core.reads.next(core.chance.as_ref(), &step.id),
            operation: None,
            command: Some(given.command.spec.id.clone()),
            step: step.id.clone(),
            action: step.uses.clone(),
            effect: Effect::Read,
            asker: from.who.clone(),
            place: from.place.clone(),
            args,
            plan: wilco_contract::plan::StepPlan::default(),
            at: now,
            deadline: later(now, secs),
            waits: false,
        };
        match run_read(core, permitted, intent).await {
            RunEnd::Done(outcome) => {
                if left.len() > 0 {
                    steps.insert(step.id.clone(), calls::merged(&outcome, "done"));
                }
                last = outcome;
            }
            RunEnd::Failed(what) | RunEnd::Aborted(what) | RunEnd::Unknown(what) => return failed(&what),
            RunEnd::NotStarted => return failed("it was not begun"),
        }
    }
    let (reply, rows) = match composed(core, given, last) {
        Ok(done) => done,
        Err(what) => return failed(&what),
    };
    // An empty answer is one that was said elsewhere.
    let reply = if reply.blocks.is_empty() { answer(&Outcome::default()) } else { reply };
    match &given.then.to {
        Some(to) => elsewhere::say(core, from, given, (to, pictures::linked(core, to, reply).await)).await,
        // What nobody said in a room is answered to whoever asks, wherever that is.
        None if kind == READ && from.is_answered_there() => {
            Answer::Done { reply: pictures::linked(core, &from.place, reply).await, rows }
        }
        None => Answer::Done { reply, rows },
    }
}

/// What a read says, after what stands behind it was done with its rows; and its rows.
fn composed(core: &Core, given: &Given, outcome: Outcome) -> Result<(Reply, Option<Vec<Value>>), String> {
    if !given.then.takes_rows() {
        let reply = if given.json { as_json(&outcome) } else { answer(&outcome) };
        return Ok((reply, outcome.rows));
    }
    let Some(rows) = compose::rows_of(&outcome) else {
        let said = outcome.summary.map_or_else(String::new, |said| format!(". It said: {said}"));
        return Err(format!("`{}` gives no rows, so no stage can follow it{said}", given.command.spec.id));
    };
    let rows = compose::run(&given.then.stages, rows)?;
    let reply = match &given.then.show {
        _ if given.json => json::rows(&rows),
        Some(Show::Csv) => Reply { blocks: vec![Block::Code { text: compose::csv(&rows) }] },
        _ if rows.is_empty() => Reply::text("There are no such rows."),
        Some(Show::Chart(drawing)) => {
            let zone = core.with_policy(|policy| policy.zone.0.clone());
            Reply { blocks: vec![compose::draw(drawing, &rows, &zone)?] }
        }
        _ => Reply { blocks: vec![compose::table(&rows)] },
    };
    Ok((reply, Some(rows.into_iter().map(Value::Object).collect())))
}

/// Answers a read as the asker, who may not be permitted to give it, to learn what an argument may be.
async fn read_as_asked(core: &Arc<Core>, from: &From, given: Given) -> Answer {
    let given = Given { args: planning::complete(&given.command, given.args), ..given };
    match core.gate(ask(core, from, &given, None)).decision {
        Decision::Allow(permitted) => read(core, from, &given, &permitted, CHOICES).await,
        Decision::Deny(denial) => refused(words::denial(&denial), RefusedKind::Denied),
        Decision::Plan | Decision::Needs(_) => failed("it needs more than an answer"),
    }
}

async fn run_read(core: &Arc<Core>, permitted: &Permitted, intent: Intent) -> RunEnd {
    let Some(action) = core.action(&intent.action).cloned() else {
        return RunEnd::Failed(format!("there is no action `{}`", intent.action));
    };
    let sink = Sink::open(core, &intent, &Numbers::default(), false).await;
    let tools = calls::tools(core, &intent, &sink, Cancel::never());
    match wilco_contract::action::Cx::new(permitted, intent, tools) {
        Some(cx) => {
            let end = calls::run(&core.clock, action.as_ref(), cx).await;
            calls::hidden(core, sink.secrets(), end)
        }
        None => RunEnd::Failed("the permission belongs to an operation".to_owned()),
    }
}

fn failed(what: &str) -> Answer {
    let mut rest = what.trim_end_matches('.').chars();
    let first = rest.next().map(char::to_uppercase).into_iter().flatten();
    let text: String = first.chain(rest).chain(['.']).collect();
    refused(Reply::refusal(text), RefusedKind::Failed)
}

/// What a read says: its own blocks, its rows as a table, its text, or its last word.
fn answer(outcome: &Outcome) -> Reply {
    if let Some(reply) = &outcome.reply {
        return reply.clone();
    }
    if let Some(rows) = outcome.rows.as_ref().filter(|rows| !rows.is_empty()) {
        let rows: Vec<Row> = rows.iter().filter_map(Value::as_object).cloned().collect();
        return Reply { blocks: vec![compose::table(&rows)] };
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
        (Some(rows), ..) => Value::from(rows.clone()),
        (None, Value::Null, None) if outcome.reply.is_some() => {
            return json::done(&answer(outcome));
        }
        (None, Value::Null, text) => {
            serde_json::json!({"text": text, "summary": outcome.summary})
        }
        (None, outputs, _) => outputs.clone(),
    };
    Reply { blocks: vec![Block::Code { text: format!("{json:#}") }] }
}
