//! Where events go: the routes and rules that there are, and what they would say to one.
//!
//! Not the routing: nothing is kept, told or set off here. Layer 3.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use wilco_contract::{
    event::{
        Actor, Event, Labels, Level, MAX_FIELD, MAX_LABELS, MAX_LINE, MAX_NUMBER, MAX_WORDS, one_line,
        some_lines,
    },
    ids::{ObjectId, Seq, SourceName},
};
use wilco_engine::{
    EventSetup,
    route::{Trial, judge, names, try_on},
};

use super::Answer;
use crate::{
    door::Door,
    dto::{List, RouteRow, SaidRow, TriedRow, WouldDo},
    extract::Json,
    problem::Problem,
};

/// The longest body of this route, in bytes.
pub(super) const MAX_TRIAL: usize = 256 * 1024;
/// The longest payload that routes are shown here, in bytes: reading one takes many times its room.
const MAX_JUDGED: u64 = 1024 * 1024;
/// The longest payload that what is tried is shown, in bytes.
const MAX_TRIED_ON: u64 = 64 * 1024;

/// What is tried, on what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The number of an event that is kept.
    event: Option<String>,
    /// An event that never was, in place of one that is kept.
    sample: Option<Sample>,
    /// A condition, as `when` of a route.
    when: Option<String>,
    /// A template, as `say` of a route.
    say: Option<String>,
}

/// An event that never was. What is absent is none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sample {
    source: String,
    kind: String,
    action: Option<String>,
    line: Option<String>,
    object: Option<String>,
    repo: Option<String>,
    number: Option<u64>,
    title: Option<String>,
    url: Option<String>,
    actor: Option<SampleActor>,
    state: Option<String>,
    severity: Option<String>,
    #[serde(default)]
    labels: SampleLabels,
    branch: Option<String>,
    text: Option<String>,
    /// `off`, `digest`, `thread`, `normal` or `loud`; absent: `normal`.
    level: Option<String>,
    payload: Option<Value>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SampleActor {
    account: String,
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum SampleLabels {
    Names(Vec<String>),
    Values(BTreeMap<String, String>),
}

impl Default for SampleLabels {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

pub(super) async fn list(State(door): State<Arc<Door>>) -> Answer<List<RouteRow>> {
    let setup = door.desk.event_setup();
    let routes = setup.routes.iter().map(RouteRow::from);
    let sources = setup.sources.iter().filter(|rule| !rule.to.is_empty()).map(RouteRow::from);
    let rules = setup.rules.iter().map(RouteRow::from);
    Answer::ok(List::whole(routes.chain(sources).chain(rules).collect()))
}

pub(super) async fn try_out(
    State(door): State<Arc<Door>>,
    Json(wanted): Json<Wanted>,
) -> Result<Answer<WouldDo>, Problem> {
    let Wanted { event, sample, when, say } = wanted;
    let (event, payload) = match (event, sample) {
        (Some(id), None) => kept(&door, &id).await?,
        (None, Some(sample)) => {
            let payload = sample.payload.as_ref().map(|payload| Body::Read(payload.clone()));
            (sample.event(&door)?, payload)
        }
        _ => return Err(Problem::malformed("Send either the number of an `event` or a `sample` of one.")),
    };
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let trial = Trial { when: given(when), say: given(say) };
    let _turn = door.trials.acquire().await.map_err(|_| Problem::unavailable("Wilco is stopping."))?;
    let setup = door.desk.event_setup();
    // Reading a payload and judging may take a while, and would keep others waiting.
    let told = tokio::task::spawn_blocking(move || would_do(&setup, &event, payload, &trial)).await;
    told.map(Answer::ok).map_err(|_| Problem::internal("Wilco made a mistake; the server's log says more."))
}

/// What an event came in.
enum Body {
    /// As it is.
    Read(Value),
    /// As it is kept.
    Packed(wilco_contract::event::Payload),
}

async fn kept(door: &Door, id: &str) -> Result<(Event, Option<Body>), Problem> {
    let number = id
        .trim()
        .parse()
        .map_err(|_| Problem::malformed("An event's id is a number, as `/api/v1/events` lists it."))?;
    let stored = door.store.event(Seq(number)).await?;
    let stored = stored.ok_or_else(|| Problem::there_is_no("event", id))?;
    let payload = door.store.payload(stored.seq).await?;
    Ok((stored.event, payload.map(Body::Packed)))
}

fn would_do(setup: &EventSetup, event: &Event, payload: Option<Body>, trial: &Trial) -> WouldDo {
    let (length, value) = match payload {
        None => (0, None),
        Some(Body::Read(value)) => (value.to_string().len() as u64, Some(value)),
        Some(Body::Packed(packed)) if packed.length > MAX_JUDGED => (packed.length, None),
        Some(Body::Packed(packed)) => {
            let body = packed.unpack().ok();
            (packed.length, body.and_then(|body| serde_json::from_slice(&body).ok()))
        }
    };
    let all = names(event, value.as_ref());
    let judged = judge(setup, event, &all);
    let mut would = WouldDo::of(event, &judged);
    would.payload = match (length, &value) {
        (0, _) => "none",
        (length, _) if length > MAX_JUDGED => "too_long",
        (_, None) => "no_json",
        (_, Some(_)) => "whole",
    };
    let routes = setup.routes.iter().map(|route| SaidRow::of_route(route, &all, &judged));
    let rules = setup.rules.iter().map(|rule| SaidRow::of_rule(rule, &all, &judged));
    would.routes = routes.chain(rules).collect();
    if trial.when.is_some() || trial.say.is_some() {
        // Someone's own words are shown less than what is configured, as nobody looked at them before.
        let few = if length > MAX_TRIED_ON { names(event, None) } else { all };
        would.tried = Some(TriedRow::new(try_on(trial, &few), length > MAX_TRIED_ON));
    }
    would
}

impl Sample {
    /// The event that it stands for, within the bounds of all events.
    fn event(self, door: &Door) -> Result<Event, Problem> {
        let unfit = |error: &dyn std::fmt::Display| Problem::unfit(format!("{error}."));
        let source = SourceName::parse(&self.source).map_err(|error| unfit(&error))?;
        let object =
            self.object.as_deref().map(ObjectId::parse).transpose().map_err(|error| unfit(&error))?;
        let level = self
            .level
            .as_deref()
            .map_or(Some(Level::Normal), Level::parse)
            .ok_or_else(|| Problem::unfit("`level` is `off`, `digest`, `thread`, `normal` or `loud`."))?;
        if self.number.is_some_and(|number| number > MAX_NUMBER) {
            return Err(Problem::unfit(format!("`number` is at most {MAX_NUMBER}.")));
        }
        let field = |text: Option<String>| text.map(|text| one_line(&text, MAX_FIELD));
        let short = |text: &str| one_line(text, MAX_FIELD);
        Ok(Event {
            action: field(self.action),
            actor: self.actor.map(|actor| Actor { account: short(&actor.account), name: short(&actor.name) }),
            branch: field(self.branch),
            labels: match self.labels {
                SampleLabels::Names(names) => {
                    Labels::Names(names.iter().take(MAX_LABELS).map(|name| short(name)).collect())
                }
                SampleLabels::Values(values) => Labels::Values(
                    values.iter().take(MAX_LABELS).map(|(name, value)| (short(name), short(value))).collect(),
                ),
            },
            level,
            line: self.line.map_or_else(|| short(&self.kind), |line| one_line(&line, MAX_LINE)),
            number: self.number,
            object,
            repo: field(self.repo),
            severity: field(self.severity),
            state: field(self.state),
            text: self.text.map(|text| some_lines(&text, MAX_WORDS)),
            title: field(self.title),
            url: field(self.url),
            ..Event::new(source, "sample", short(&self.kind), door.access.now())
        })
    }
}
