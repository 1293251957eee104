//! Routes and rules, and what they would say to an event.
//!
//! Not the judging: the engine has it. Layer 3.

use schemars::JsonSchema;
use serde::Serialize;
use wilco_contract::{
    event::Event,
    expr::Names,
    route::{Group, Route, Rule, SourceRule},
};
use wilco_engine::route::{Judged, RuleOrder, Target, Term, Tried, terms};

/// A route, a rule, or where a source's events go when no route fits.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Route")]
pub(crate) struct RouteRow {
    /// `route`, `source` or `rule`.
    kind: &'static str,
    /// Where it is declared: `wilco.toml:12`.
    rule: String,
    /// Under which condition; null: always, and for a source where no route fits.
    when: Option<String>,
    /// The source, for the kind `source`.
    source: Option<String>,
    /// Where to.
    to: Vec<String>,
    /// How loud; null: as the event is by itself.
    level: Option<&'static str>,
    /// Within how many seconds events of a family share a line; null: never.
    group_secs: Option<u64>,
    /// The template of the line, in place of the event's own.
    say: Option<String>,
    /// Whether what fits goes nowhere.
    drop: bool,
    /// The rule's name, for the kind `rule`.
    name: Option<String>,
    /// The order that it gives, for the kind `rule`.
    run: Option<String>,
}

/// What would come of an event.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WouldDo {
    /// The event's own line.
    pub(crate) line: String,
    /// Its source.
    pub(crate) source: String,
    /// Its kind.
    pub(crate) kind: String,
    /// What becomes of what is tried; null where nothing is.
    pub(crate) tried: Option<TriedRow>,
    /// What each route and rule that there is says.
    pub(crate) routes: Vec<SaidRow>,
    /// Where it would go, by these.
    pub(crate) places: Vec<TargetRow>,
    /// The route that keeps it out of every room.
    pub(crate) dropped_by: Option<String>,
    /// The orders that it would set off.
    pub(crate) orders: Vec<OrderRow>,
    /// What of its payload the routes looked at: `whole`, `none` where there is none, `no_json`, or nothing as it is
    /// `too_long`.
    pub(crate) payload: &'static str,
}

/// What becomes of what is tried.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Tried")]
pub(crate) struct TriedRow {
    /// Whether the condition holds; null where nobody can tell, or there is none.
    holds: Option<bool>,
    /// Why nobody can tell.
    why: Option<String>,
    /// The parts of the condition that all have to hold.
    terms: Vec<TermRow>,
    /// The line; null where there is none.
    line: Option<String>,
    /// Why there is none.
    line_why: Option<String>,
    /// Whether it was tried without the payload, as that is too long.
    without_payload: bool,
}

/// What a route or rule says to the event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteSaid")]
pub(crate) struct SaidRow {
    /// Where it is declared.
    rule: String,
    /// Its condition; null: always.
    when: Option<String>,
    /// Whether it holds; null where nobody can tell.
    holds: Option<bool>,
    /// Why nobody can tell.
    why: Option<String>,
    /// The parts of the condition that all have to hold.
    terms: Vec<TermRow>,
    /// What it does, in words; null where it does not fit.
    note: Option<String>,
}

/// A part of a condition.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Term")]
pub(crate) struct TermRow {
    /// As it is written.
    text: String,
    /// Whether it holds; null where nobody can tell.
    holds: Option<bool>,
    /// Why nobody can tell.
    why: Option<String>,
}

/// A place that the event would go to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Target")]
pub(crate) struct TargetRow {
    /// The place.
    place: String,
    /// How loud.
    level: &'static str,
    /// The line in place of the event's own.
    line: Option<String>,
    /// The first route that names the place.
    rule: String,
}

/// An order that the event would set off.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RuleOrder")]
pub(crate) struct OrderRow {
    /// The rule's name.
    rule: String,
    /// The order's words; null where they cannot be told.
    order: Option<String>,
    /// Why they cannot.
    why: Option<String>,
}

impl RouteRow {
    fn bare(kind: &'static str, rule: String) -> Self {
        Self {
            kind,
            rule,
            when: None,
            source: None,
            to: Vec::new(),
            level: None,
            group_secs: None,
            say: None,
            drop: false,
            name: None,
            run: None,
        }
    }
}

impl From<&Route> for RouteRow {
    fn from(route: &Route) -> Self {
        Self {
            when: route.when.as_ref().map(|when| when.source().to_owned()),
            to: route.to.iter().map(ToString::to_string).collect(),
            level: route.level.map(|level| level.as_str()),
            group_secs: match route.group {
                Group::Within(secs) => Some(secs),
                Group::None => None,
            },
            say: route.say.clone(),
            drop: route.drop,
            ..Self::bare("route", route.origin.to_string())
        }
    }
}

impl From<&SourceRule> for RouteRow {
    fn from(rule: &SourceRule) -> Self {
        Self {
            source: Some(rule.source.to_string()),
            to: rule.to.iter().map(ToString::to_string).collect(),
            ..Self::bare("source", rule.origin.to_string())
        }
    }
}

impl From<&Rule> for RouteRow {
    fn from(rule: &Rule) -> Self {
        Self {
            when: Some(rule.when.source().to_owned()),
            name: Some(rule.name.clone()),
            run: Some(rule.run.clone()),
            ..Self::bare("rule", rule.origin.to_string())
        }
    }
}

fn split<T>(told: Result<T, String>) -> (Option<T>, Option<String>) {
    match told {
        Ok(value) => (Some(value), None),
        Err(why) => (None, Some(why)),
    }
}

impl From<Term> for TermRow {
    fn from(term: Term) -> Self {
        let (holds, why) = split(term.holds);
        Self { text: term.text, holds, why }
    }
}

impl TriedRow {
    /// What became of it.
    pub(crate) fn new(tried: Tried, without_payload: bool) -> Self {
        let (holds, why) = tried.when.map_or((None, None), split);
        let (line, line_why) = tried.say.map_or((None, None), split);
        let terms = tried.terms.into_iter().map(TermRow::from).collect();
        Self { holds, why, terms, line, line_why, without_payload }
    }
}

impl SaidRow {
    /// What a route says; `judged` has the notes of those that fit.
    pub(crate) fn of_route(route: &Route, names: &Names, judged: &Judged) -> Self {
        let rule = route.origin.to_string();
        let Some(when) = &route.when else {
            let note = note(judged, &rule);
            return Self { rule, when: None, holds: Some(true), why: None, terms: Vec::new(), note };
        };
        let (holds, why) = split(when.holds_in(names).map_err(|error| error.to_string()));
        let note = if holds == Some(true) { note(judged, &rule) } else { None };
        let terms = terms(when, names).into_iter().map(TermRow::from).collect();
        Self { rule, when: Some(when.source().to_owned()), holds, why, terms, note }
    }

    /// What a rule that gives an order says.
    pub(crate) fn of_rule(rule: &Rule, names: &Names, judged: &Judged) -> Self {
        let origin = rule.origin.to_string();
        let (holds, why) = split(rule.when.holds_in(names).map_err(|error| error.to_string()));
        let note = if holds == Some(true) { note(judged, &origin) } else { None };
        let terms = terms(&rule.when, names).into_iter().map(TermRow::from).collect();
        Self { rule: origin, when: Some(rule.when.source().to_owned()), holds, why, terms, note }
    }
}

fn note(judged: &Judged, rule: &str) -> Option<String> {
    let notes: Vec<_> =
        judged.considered.iter().filter(|said| said.rule == rule).map(|said| said.note.as_str()).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

impl From<&Target> for TargetRow {
    fn from(target: &Target) -> Self {
        Self {
            place: target.place.to_string(),
            level: target.level.as_str(),
            line: target.say.clone(),
            rule: target.rule.clone(),
        }
    }
}

impl From<&RuleOrder> for OrderRow {
    fn from(order: &RuleOrder) -> Self {
        let (words, why) = split(order.order.clone());
        Self { rule: order.rule.clone(), order: words, why }
    }
}

impl WouldDo {
    /// What would come of an event by what is judged, without what is tried.
    pub(crate) fn of(event: &Event, judged: &Judged) -> Self {
        Self {
            line: event.line.clone(),
            source: event.source.to_string(),
            kind: event.kind.clone(),
            tried: None,
            routes: Vec::new(),
            places: judged.targets.iter().map(TargetRow::from).collect(),
            dropped_by: judged.dropped_by.clone(),
            orders: judged.orders.iter().map(OrderRow::from).collect(),
            payload: "none",
        }
    }
}
