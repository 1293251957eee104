//! What the routes and rules say to one event: pure, without store or clock.
//!
//! Not what comes of it in a room: lines, budgets, mutes and likeness are looked at later. Layer 1.

use std::collections::BTreeMap;

use serde::Serialize;
use wilco_contract::{
    event::{Event, Labels, Level, MAX_LINE, TraceRule, one_line},
    expr::{ExprError, Names, line_in, template_names},
    ids::{Origin, Place},
    route::{Group, Route},
};

use super::order;
use crate::EventSetup;

/// What the routes and rules say to an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// The routes and rules that said something, in order: the routes, the source's own places, the rules.
    pub considered: Vec<TraceRule>,
    /// Where the route stands that keeps it out of every room.
    pub dropped_by: Option<String>,
    /// Where it goes, one a place, in the order in which the routes name them.
    pub targets: Vec<Target>,
    /// What it sets off. A route that drops it does not touch these.
    pub orders: Vec<RuleOrder>,
}

/// A place that an event goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The place.
    pub place: Place,
    /// The loudest level that a route asks for there.
    pub level: Level,
    /// Which lines it may share there.
    pub group: Group,
    /// The line in place of the event's own, at most [`MAX_LINE`] characters.
    pub say: Option<String>,
    /// Where the first route stands that names the place.
    pub rule: String,
}

/// An order that an event sets off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOrder {
    /// The rule's name.
    pub rule: String,
    /// The order's words, without Wilco's name in front, or why they cannot be told.
    pub order: Result<String, String>,
}

/// Looks at all routes and rules. `names` are those of [`names`], of the same event.
#[must_use]
pub fn judge(setup: &EventSetup, event: &Event, names: &Names) -> Judged {
    let mut judged = Judged::default();
    let mut fitting = false;
    for route in &setup.routes {
        match route.when.as_ref().map_or(Ok(true), |when| when.holds_in(names)) {
            Ok(false) => {}
            Ok(true) => {
                fitting = true;
                judged.follow(route, event, names);
            }
            Err(error) => judged.note(&route.origin, untold(&error)),
        }
    }
    if judged.dropped_by.is_some() {
        judged.targets.clear();
    } else if !fitting {
        judged.fall_back(setup, event);
    }
    for rule in &setup.rules {
        match rule.when.holds_in(names) {
            Ok(false) => {}
            Ok(true) => {
                let order = order::fill(&rule.run, names);
                judged.note(
                    &rule.origin,
                    match &order {
                        Ok(words) => format!("the rule `{}` runs `{words}`", rule.name),
                        Err(why) => format!("the rule `{}` runs nothing: {why}", rule.name),
                    },
                );
                judged.orders.push(RuleOrder { rule: rule.name.clone(), order });
            }
            Err(error) => judged.note(&rule.origin, untold(&error)),
        }
    }
    judged
}

fn untold(error: &ExprError) -> String {
    format!("its condition cannot be told: {error}")
}

impl Judged {
    fn note(&mut self, origin: &Origin, note: impl Into<String>) {
        self.considered.push(TraceRule { rule: origin.to_string(), note: note.into() });
    }

    /// Does what a route that fits says.
    fn follow(&mut self, route: &Route, event: &Event, names: &Names) {
        if route.drop {
            self.dropped_by.get_or_insert_with(|| route.origin.to_string());
            self.note(&route.origin, "drops it");
            return;
        }
        let level = route.level.unwrap_or(event.level);
        self.note(&route.origin, format!("to {}, {}", listed(&route.to), level.as_str()));
        let say = route.say.as_ref().and_then(|say| self.said(say, route, names));
        for place in &route.to {
            self.aim(
                place,
                Target {
                    place: place.clone(),
                    level,
                    group: route.group,
                    say: say.clone(),
                    rule: route.origin.to_string(),
                },
            );
        }
    }

    /// The line that a route gives an event; without one the event keeps its own, and the trace says why.
    fn said(&mut self, say: &str, route: &Route, names: &Names) -> Option<String> {
        let line = line_in(say, names).map(|line| one_line(&line, MAX_LINE));
        match line {
            Ok(line) if !line.is_empty() => return Some(line),
            Ok(_) => self.note(&route.origin, "its `say` came out empty, so the event's own line is used"),
            Err(error) => {
                self.note(
                    &route.origin,
                    format!("its `say` fails, so the event's own line is used: {error}"),
                );
            }
        }
        None
    }

    fn aim(&mut self, place: &Place, new: Target) {
        let Some(known) = self.targets.iter_mut().find(|known| known.place == *place) else {
            self.targets.push(new);
            return;
        };
        known.level = known.level.max(new.level);
        known.group = narrower(known.group, new.group);
        if known.say.is_none() {
            known.say = new.say;
        }
    }

    /// Where the event goes when no route fits.
    fn fall_back(&mut self, setup: &EventSetup, event: &Event) {
        let Some(source) = setup.sources.iter().find(|source| source.source == event.source) else { return };
        if source.to.is_empty() {
            return self.note(&source.origin, "no route matched, and `to` of the source names no room");
        }
        let level = event.level.as_str();
        self.note(
            &source.origin,
            format!(
                "no route matched, so it goes where `to` of the source says: {}, at level {level}",
                listed(&source.to)
            ),
        );
        for place in &source.to {
            self.aim(
                place,
                Target {
                    place: place.clone(),
                    level: event.level,
                    group: wilco_contract::route::DEFAULT_GROUP,
                    say: None,
                    rule: source.origin.to_string(),
                },
            );
        }
    }
}

/// Of two routes the one that lets fewer lines be shared.
fn narrower(one: Group, other: Group) -> Group {
    match (one, other) {
        (Group::Within(one), Group::Within(other)) => Group::Within(one.min(other)),
        _ => Group::None,
    }
}

fn listed(places: &[Place]) -> String {
    places.iter().map(Place::to_string).collect::<Vec<_>>().join(", ")
}

/// The names that conditions and templates may use of an event. What the event does not have is none, and so is the
/// payload where it is not given.
#[must_use]
pub fn names(event: &Event, payload: Option<&serde_json::Value>) -> Names {
    Names::new(&All { event: View::of(event, payload) })
}

#[derive(Serialize)]
struct All<'a> {
    event: View<'a>,
}

#[derive(Serialize)]
struct View<'a> {
    source: &'a str,
    kind: &'a str,
    action: Option<&'a str>,
    id: &'a str,
    at: jiff::Timestamp,
    object: Option<&'a str>,
    repo: Option<&'a str>,
    number: Option<u64>,
    title: Option<&'a str>,
    url: Option<&'a str>,
    actor: Who<'a>,
    state: Option<&'a str>,
    severity: Option<&'a str>,
    labels: Marks<'a>,
    branch: Option<&'a str>,
    text: Option<&'a str>,
    delivery: Option<&'a str>,
    line: &'a str,
    payload: Option<&'a serde_json::Value>,
}

/// Always there, so that `event.actor.name or '…'` works for events that nobody did.
#[derive(Serialize)]
struct Who<'a> {
    name: Option<&'a str>,
    account: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Marks<'a> {
    Names(&'a [String]),
    Values(&'a BTreeMap<String, String>),
}

impl<'a> View<'a> {
    fn of(event: &'a Event, payload: Option<&'a serde_json::Value>) -> Self {
        Self {
            source: event.source.as_str(),
            kind: &event.kind,
            action: event.action.as_deref(),
            id: &event.id,
            at: event.at,
            object: event.object.as_ref().map(wilco_contract::ids::ObjectId::as_str),
            repo: event.repo.as_deref(),
            number: event.number,
            title: event.title.as_deref(),
            url: event.url.as_deref(),
            actor: Who {
                name: event.actor.as_ref().map(|actor| actor.name.as_str()),
                account: event.actor.as_ref().map(|actor| actor.account.as_str()),
            },
            state: event.state.as_deref(),
            severity: event.severity.as_deref(),
            labels: match &event.labels {
                Labels::Names(names) => Marks::Names(names),
                Labels::Values(values) => Marks::Values(values),
            },
            branch: event.branch.as_deref(),
            text: event.text.as_deref(),
            delivery: event.delivery.as_deref(),
            line: &event.line,
            payload,
        }
    }
}

/// Whether any condition or template looks into the payload. Asked once for a configuration, not for every event.
#[must_use]
pub fn needs_payload(setup: &EventSetup) -> bool {
    // Who takes the whole event may take its payload out of it.
    let looks =
        |name: &String| name == "event" || name == "event.payload" || name.starts_with("event.payload.");
    let mut conditions = setup
        .routes
        .iter()
        .filter_map(|route| route.when.as_ref())
        .chain(setup.rules.iter().map(|rule| &rule.when));
    let mut templates = setup
        .routes
        .iter()
        .filter_map(|route| route.say.as_ref())
        .chain(setup.rules.iter().map(|rule| &rule.run));
    conditions.any(|condition| condition.names().iter().any(looks))
        || templates.any(|template| template_names(template).is_ok_and(|names| names.iter().any(looks)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use wilco_contract::{
        event::Actor,
        expr::Condition,
        ids::{ObjectId, SourceName},
        route::{DEFAULT_GROUP, Rule, SourceRule},
    };

    use super::*;

    fn place(name: &str) -> Place {
        Place::parse(name).expect("a place")
    }

    fn origin(line: u32) -> Origin {
        Origin { file: Arc::from("wilco.toml"), line, column: 1 }
    }

    fn when(text: &str) -> Condition {
        Condition::parse(text).expect("a condition")
    }

    fn route(line: u32, condition: &str, to: &[&str]) -> Route {
        Route {
            when: Some(when(condition)),
            to: to.iter().map(|name| place(name)).collect(),
            say: None,
            level: None,
            group: DEFAULT_GROUP,
            drop: false,
            origin: origin(line),
        }
    }

    fn setup(routes: Vec<Route>) -> EventSetup {
        let source = SourceRule {
            source: SourceName::parse("github").expect("a source"),
            to: vec![place("web:ops")],
            keep_secs: 1,
            origin: origin(99),
        };
        EventSetup { routes, rules: Vec::new(), sources: vec![source] }
    }

    fn event() -> Event {
        let at = "2026-01-05T09:00:00Z".parse().expect("a time");
        Event {
            level: Level::Normal,
            line: "@ana opened webapp#812".into(),
            repo: Some("acme/webapp".into()),
            number: Some(812),
            title: Some("Crash at start".into()),
            ..Event::new(SourceName::parse("github").expect("a source"), "d1", "issues", at)
        }
    }

    fn judged(setup: &EventSetup, event: &Event) -> Judged {
        judge(setup, event, &names(event, None))
    }

    #[test]
    fn all_routes_that_fit_add_up_to_one_target_a_place() {
        let quiet = Route {
            level: Some(Level::Thread),
            ..route(1, "event.kind == 'issues'", &["web:ops", "irc:#web"])
        };
        let said = Route {
            say: Some("look: {{ event.title }}".into()),
            group: Group::None,
            ..route(2, "event.repo == 'acme/webapp'", &["irc:#web"])
        };
        let loud = Route {
            level: Some(Level::Loud),
            say: Some("second".into()),
            group: Group::Within(5),
            ..route(3, "event.number == 812", &["irc:#web", "web:ops"])
        };
        let other = route(4, "event.kind == 'push'", &["irc:#push"]);
        let judged = judged(&setup(vec![quiet, said, loud, other]), &event());
        let found: Vec<_> = judged
            .targets
            .iter()
            .map(|t| (t.place.to_string(), t.level, t.group, t.say.as_deref(), t.rule.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("web:ops".into(), Level::Loud, Group::Within(5), Some("second"), "wilco.toml:1"),
                ("irc:#web".into(), Level::Loud, Group::None, Some("look: Crash at start"), "wilco.toml:1"),
            ]
        );
        let notes: Vec<_> =
            judged.considered.iter().map(|rule| format!("{} {}", rule.rule, rule.note)).collect();
        assert_eq!(
            notes,
            [
                "wilco.toml:1 to web:ops, irc:#web, thread",
                "wilco.toml:2 to irc:#web, normal",
                "wilco.toml:3 to irc:#web, web:ops, loud",
            ]
        );
    }

    #[test]
    fn what_no_route_fits_goes_where_its_source_says() {
        let elsewhere = route(1, "event.kind == 'push'", &["irc:#push"]);
        let told = judged(&setup(vec![elsewhere.clone()]), &event());
        assert_eq!(told.targets.len(), 1);
        assert_eq!(
            (told.targets[0].place.as_str(), told.targets[0].rule.as_str()),
            ("web:ops", "wilco.toml:99")
        );
        assert_eq!(
            told.considered[0].note,
            "no route matched, so it goes where `to` of the source says: web:ops, at level normal"
        );
        let unknown = EventSetup { sources: Vec::new(), ..setup(vec![elsewhere]) };
        assert_eq!(judged(&unknown, &event()), Judged::default());
    }

    #[test]
    fn a_route_that_drops_wins_over_every_other() {
        let drop = Route { drop: true, ..route(2, "event.number > 800", &[]) };
        let all = Route { when: None, ..route(1, "true", &["web:ops"]) };
        let told = judged(&setup(vec![all, drop]), &event());
        assert_eq!((told.targets.len(), told.dropped_by.as_deref()), (0, Some("wilco.toml:2")));
        assert_eq!(told.considered[1].note, "drops it");
    }

    #[test]
    fn a_condition_that_cannot_be_told_does_not_fit_and_is_noted() {
        let wrong = route(1, "event.labels.team.lead == 'x'", &["irc:#x"]);
        let told = judged(&setup(vec![wrong]), &event());
        assert_eq!(told.targets[0].place.as_str(), "web:ops", "the source's own place");
        assert!(
            told.considered[0].note.starts_with("its condition cannot be told: "),
            "{:?}",
            told.considered
        );
    }

    #[test]
    fn a_line_that_cannot_be_said_leaves_the_events_own() {
        for say in ["{{ event.branch }}", "{{ event.labels.team }}", "{{ event.title", "{{ '' }}"] {
            let route = Route { say: Some(say.into()), ..route(1, "true", &["web:ops"]) };
            let told = judged(&setup(vec![route]), &event());
            assert_eq!(told.targets[0].say, None, "{say}");
            assert!(
                told.considered[1].note.contains("the event's own line is used"),
                "{:?}",
                told.considered
            );
        }
        let event = Event { text: Some("a\nb ".repeat(99)), ..event() };
        let long = Route { say: Some("{{ event.text }}".into()), ..route(1, "true", &["web:ops"]) };
        let said = judged(&setup(vec![long]), &event).targets[0].say.clone().expect("a line");
        assert!(said.starts_with("a b a b ") && said.chars().count() <= MAX_LINE, "{said}");
    }

    #[test]
    fn a_rule_gives_an_order_also_where_a_route_drops() {
        let rule = |name: &str, run: &str| Rule {
            name: name.into(),
            when: when("event.repo == 'acme/webapp'"),
            run: run.into(),
            origin: origin(7),
        };
        let drop = Route { drop: true, ..route(1, "true", &[]) };
        let rules = vec![rule("note", "note {{ event.title }}"), rule("ship", "ship {{ event.branch }}")];
        let told = judged(&EventSetup { rules, ..setup(vec![drop]) }, &event());
        assert_eq!(told.orders[0].order.as_deref(), Ok("note \"Crash at start\""));
        assert_eq!(told.orders[1].order, Err("it says a name that has no value".to_owned()));
        assert_eq!(told.considered[1].note, "the rule `note` runs `note \"Crash at start\"`");
    }

    #[test]
    fn every_name_that_is_declared_is_there_and_none_where_the_event_has_nothing() {
        let event = event();
        let bare = names(&event, None);
        for name in wilco_contract::route::EVENT_NAMES {
            let told = when(&format!("{name} is defined")).holds_in(&bare);
            assert_eq!(told, Ok(true), "{name}");
        }
        let holds = |text: &str, names: &Names| when(text).holds_in(names);
        assert_eq!(holds("(event.actor.name or 'nobody') == 'nobody'", &bare), Ok(true));
        assert_eq!(holds("event.payload.a.b == 1", &bare).map_err(|_| ()), Err(()));
        let payload = json!({"a": {"b": 1}});
        assert_eq!(holds("event.payload.a.b == 1", &names(&event, Some(&payload))), Ok(true));
        let full = Event {
            actor: Some(Actor { account: "ana".into(), name: "Ana".into() }),
            object: Some(ObjectId::parse("github:acme/webapp#812").expect("an object")),
            labels: Labels::Names(vec!["bug".into()]),
            ..event
        };
        let full = names(&full, None);
        assert_eq!(holds("'bug' in event.labels and event.actor.account == 'ana'", &full), Ok(true));
        assert_eq!(holds("event.object == 'github:acme/webapp#812' and event.at < '2027'", &full), Ok(true));
    }

    #[test]
    fn the_payload_is_needed_where_something_looks_into_it() {
        let plain = setup(vec![route(1, "event.kind == 'push'", &["web:ops"])]);
        assert!(!needs_payload(&plain));
        for condition in ["event.payload.a == 1", "event['payload']['a'] == 1", "event.payload"] {
            assert!(needs_payload(&setup(vec![route(1, condition, &["web:ops"])])), "{condition}");
        }
        let says = Route { say: Some("{{ event.payload.a }}".into()), ..route(1, "true", &["web:ops"]) };
        assert!(needs_payload(&setup(vec![says])));
    }
}
