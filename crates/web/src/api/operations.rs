//! Operations, and people's decisions about them.
//!
//! Not the deciding: the engine asks the gate. Layer 3.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    gate::Denial,
    ids::{Hash, OpId},
    operation::{Operation, State as OpState},
    reply::{PressKind, StepMark},
    store::Page,
};
use wilco_engine::{Decide, NotDecided, PlanSeen};

use super::Answer;
use crate::{
    door::Door,
    dto::{List, OperationDto},
    extract::{Asked, Json, Of, is_seen, limit, moment},
    guard::Caller,
    problem::Problem,
    refusal::{Refused, refuse},
    text::clean_json,
    whole::whole,
};

/// Which operations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only those in one of these states, split by commas.
    state: Option<String>,
    /// Those behind this number, the `next` of the list before.
    after: Option<u64>,
    /// The most to return: 100 if absent, at most 500.
    limit: Option<usize>,
    /// So many of the newest, newest first; takes no `after` and no `limit`.
    latest: Option<usize>,
    /// With `latest`: the newest before this number, the `next` of the list before.
    before: Option<u64>,
    /// With `latest`: only what this one asked for: `@ana`, `token:ci`.
    who: Option<String>,
    /// With `latest`: only of commands whose id begins so: `webapp.`.
    command: Option<String>,
    /// With `latest`: only what was asked in this place or stands in it.
    place: Option<String>,
    /// With `latest`: only what was asked from this time on: RFC 3339, or a day or time without an offset, in Wilco's
    /// zone.
    since: Option<String>,
    /// With `latest`: only what was asked before this time, written in the same way.
    until: Option<String>,
}

/// Of which operations a list is, beside their states.
#[derive(Default)]
struct Only {
    who: Option<String>,
    command: Option<String>,
    place: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Only {
    fn is_all(&self) -> bool {
        let Self { who, command, place, since, until } = self;
        [who, command, place].into_iter().all(Option::is_none) && since.is_none() && until.is_none()
    }

    fn fits(&self, operation: &Operation) -> bool {
        let is = |wanted: &Option<String>, is: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(is);
        is(&self.who, &|who| operation.asker.key() == who)
            && is(&self.command, &|start| operation.command.spec.id.as_str().starts_with(start))
            && is(&self.place, &|place| operation.place.as_str() == place || operation.home.as_str() == place)
            && self.since.is_none_or(|since| operation.created_at >= since)
            && self.until.is_none_or(|until| operation.created_at < until)
    }
}

/// The plan that the caller saw.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// The operation's `hash`.
    #[schemars(with = "String")]
    plan: Hash,
}

/// How many operations are looked at for one answer, where few of them fit.
const LOOKED_AT: usize = 1_000;

fn shown(door: &Door, caller: &Caller, operation: &Operation) -> OperationDto {
    OperationDto::new(door.desk.as_ref(), operation, &caller.who)
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<Answer<List<OperationDto>>, Problem> {
    let seen =
        |operation: Operation| is_seen(&door, &caller, &operation).then(|| shown(&door, &caller, &operation));
    let states = states(which.state.as_deref().unwrap_or_default())?;
    let time = |name, text: Option<String>| text.map(|text| moment(&door, name, &text)).transpose();
    let of = Only {
        who: which.who,
        command: which.command,
        place: which.place,
        since: time("since", which.since)?,
        until: time("until", which.until)?,
    };
    if let Some(latest) = which.latest {
        if which.after.is_some() || which.limit.is_some() {
            return Err(Problem::malformed(
                "`latest` stands without `after` and `limit`; with `before` it goes on.",
            ));
        }
        let (found, next) =
            newest(&door, (&states, &of), which.before.unwrap_or(0), limit(Some(latest))).await?;
        return Ok(Answer::ok(List { items: found.into_iter().filter_map(seen).collect(), next }));
    }
    if which.before.is_some() || !of.is_all() {
        return Err(Problem::malformed(
            "`before`, `who`, `command`, `place`, `since` and `until` need `latest`.",
        ));
    }
    let most = limit(which.limit);
    let page = Page { after: which.after.unwrap_or(0), limit: most + 1 };
    let read = door.store.operations(&states, page).await?;
    Ok(Answer::ok(List::page(read, most, |(number, _)| *number, |(_, operation)| seen(operation))))
}

/// The newest that fit before a number, and where to go on; of few that fit only those among as many as are looked at
/// for one answer.
async fn newest(
    door: &Door,
    (states, of): (&[OpState], &Only),
    mut before: u64,
    most: usize,
) -> Result<(Vec<Operation>, Option<u64>), Problem> {
    let page = if of.is_all() { most + 1 } else { LOOKED_AT / 4 };
    let (mut found, mut looked) = (Vec::new(), 0);
    while looked < LOOKED_AT {
        let read = door.store.operations_before(states, before, page).await?;
        let is_end = read.len() < page;
        for (number, operation) in read {
            if found.len() == most {
                return Ok((found, Some(before)));
            }
            // They stand in the order in which they were asked for.
            if of.since.is_some_and(|since| operation.created_at < since) {
                return Ok((found, None));
            }
            before = number;
            looked += 1;
            if of.fits(&operation) {
                found.push(operation);
            }
        }
        if is_end {
            return Ok((found, None));
        }
    }
    Ok((found, Some(before)))
}

fn states(text: &str) -> Result<Vec<OpState>, Problem> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            OpState::parse(name).ok_or_else(|| {
                let known: Vec<_> = OpState::ALL.into_iter().map(OpState::as_str).collect();
                Problem::malformed(format!("There is no state `{name}`; there are {}.", known.join(", ")))
            })
        })
        .collect()
}

pub(super) async fn one(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Of(operation): Of,
) -> Answer<OperationDto> {
    Answer::ok(shown(&door, &caller, &operation))
}

type Pressed = Result<Answer<OperationDto>, Problem>;

pub(super) async fn confirm(door: State<Arc<Door>>, caller: Caller, of: Of, seen: Json<Seen>) -> Pressed {
    press(door, caller, (of, seen), PressKind::Confirm).await
}

pub(super) async fn approve(door: State<Arc<Door>>, caller: Caller, of: Of, seen: Json<Seen>) -> Pressed {
    press(door, caller, (of, seen), PressKind::Approve).await
}

pub(super) async fn deny(door: State<Arc<Door>>, caller: Caller, of: Of, seen: Json<Seen>) -> Pressed {
    press(door, caller, (of, seen), PressKind::Deny).await
}

pub(super) async fn abort(door: State<Arc<Door>>, caller: Caller, of: Of, seen: Json<Seen>) -> Pressed {
    press(door, caller, (of, seen), PressKind::Abort).await
}

async fn press(
    State(door): State<Arc<Door>>,
    caller: Caller,
    (Of(operation), Json(seen)): (Of, Json<Seen>),
    press: PressKind,
) -> Pressed {
    if caller.only_reads() && matches!(press, PressKind::Deny | PressKind::Abort) {
        let denial = Denial {
            text: "A token with the scope `read` presses nothing.".into(),
            rule: "scope read".into(),
            who_can: None,
            you_can: Some("Make a token with `wilco token create NAME --scope order`.".into()),
        };
        let refused = Refused { kind: "decision.refused", operation: Some(&operation.id), denial };
        return Err(refuse(&door, &caller, refused).await);
    }
    // That only persons confirm and approve is the engine's to say, as its refusals are in the audit.
    let decide = Decide {
        who: caller.who.clone(),
        press,
        operation: operation.id.clone(),
        plan: PlanSeen::Hash(seen.plan),
        because: None,
    };
    let desk = Arc::clone(&door.desk);
    match whole(&door.spawn, "web.decide", async move { desk.decide(decide).await }).await {
        Some(Ok(now)) => Ok(Answer::ok(shown(&door, &caller, &now))),
        Some(Err(why)) => Err(not_decided(&door, &caller, (&operation.id, seen.plan), why)),
        None => Err(Problem::internal("Wilco made a mistake. Look at the operation before you press again.")),
    }
}

pub(super) async fn pause(door: State<Arc<Door>>, caller: Caller, of: Of, seen: Json<Seen>) -> Problem {
    not_held(door, caller, (of, seen), "paused").await
}

pub(super) async fn resume(door: State<Arc<Door>>, caller: Caller, of: Of, seen: Json<Seen>) -> Problem {
    not_held(door, caller, (of, seen), "resumed").await
}

/// An action would have to declare that it can be paused, and none can.
async fn not_held(
    State(door): State<Arc<Door>>,
    caller: Caller,
    (Of(operation), Json(seen)): (Of, Json<Seen>),
    what: &str,
) -> Problem {
    let id = &operation.id;
    if operation.state.is_final() || operation.plan.hash != seen.plan {
        let plan = (id, seen.plan);
        return not_decided(&door, &caller, plan, NotDecided::Changed(Arc::new(operation.clone())));
    }
    let action = action_at(&operation);
    let denial = Denial {
        text: format!("`{id}` cannot be {what}, as `{action}` cannot; `abort {id}` stops it."),
        rule: "what the action declares".into(),
        who_can: None,
        you_can: None,
    };
    refuse(&door, &caller, Refused { kind: "decision.refused", operation: Some(id), denial }).await
}

/// The action that runs, or the one that would run first.
fn action_at(operation: &Operation) -> &str {
    let running = operation.runs.iter().find(|run| run.mark == StepMark::Running);
    let mut steps = operation.command.steps.iter().chain(&operation.command.verify);
    let step = match running {
        Some(run) => steps.find(|step| step.id == run.step),
        None => steps.next(),
    };
    step.map_or(operation.command.spec.id.as_str(), |step| step.uses.as_str())
}

fn not_decided(door: &Door, caller: &Caller, (id, plan): (&OpId, Hash), why: NotDecided) -> Problem {
    match why {
        NotDecided::NoSuchOperation => Problem::there_is_no("operation", id.as_str()),
        NotDecided::Denied(denial) => Problem::denial(denial),
        NotDecided::Unavailable(what) => {
            tracing::warn!(error = %what, "a decision could not be written");
            Problem::unavailable("The decision could not be written; nothing was decided. Try again soon.")
        }
        NotDecided::Changed(now) => {
            let detail = if now.state.is_final() {
                format!("`{}` has ended ({}); it takes no decision any more.", now.id, now.state)
            } else if now.plan.hash != plan {
                format!("The plan of `{}` is another one now. Look at it, and decide again.", now.id)
            } else {
                format!("`{}` is {}; it waits for no such decision.", now.id, now.state)
            };
            let shown = clean_json(&shown(door, caller, &now)).ok();
            let shown = shown.and_then(|json| serde_json::from_str::<serde_json::Value>(&json).ok());
            Problem::conflict(detail).with("operation", shown.unwrap_or_default())
        }
    }
}
