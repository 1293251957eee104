//! Routes and rules as files write them, for packs and `wilco.toml` alike.
//!
//! Not their meaning: the engine looks at them when an event comes. Whether their places and orders are there is found
//! where all of those are known. Layer 2.

use std::collections::BTreeSet;

use wilco_contract::{
    event::Level,
    expr::{Condition, template_names},
    ids::{Origin, Place, RoleName},
    route::{DEFAULT_GROUP, EVENT_NAMES, Group, Route, Rule, is_event_name},
    values::read_seconds,
};

use crate::{
    problem::Problem,
    sheet::{Keys, Table, Text, Value},
    template::FUNCTIONS,
};

/// The keys of a route.
pub const ROUTE: Keys = Keys::of(&["when", "to", "say", "level", "group", "drop"]);
/// The keys of a rule.
pub const RULE: Keys = Keys::of(&["name", "when", "run"]);

const LEVELS: [Level; 4] = [Level::Loud, Level::Normal, Level::Thread, Level::Digest];

/// Reads a route; `None`, with the problems reported, where it cannot be used. `may_drop`: whether its file may keep
/// events out of every room.
pub fn route(table: &Table<'_>, may_drop: bool) -> Option<Route> {
    let drop = table.get("drop").map_or(Some(false), |value| dropping(&value, may_drop));
    let when = table.get("when").map(|value| condition(&value));
    let level = table.get("level").map(|value| level(&value));
    let group = table.get("group").map_or(Some(DEFAULT_GROUP), |value| group(&value));
    let say = table.get("say").map(|value| template(&value, "\"{{ event.title }}\""));
    let to = if drop == Some(true) {
        goes_nowhere(table);
        Some(Vec::new())
    } else if drop.is_none() && table.get("to").is_none() {
        // Whoever wanted to drop names no place; that was told already.
        None
    } else {
        table.need("to", "to = [\"web:ops\"]").and_then(|value| places(&value))
    };
    Some(Route {
        when: whole(when)?,
        to: to?,
        say: whole(say)?,
        level: whole(level)?,
        group: group?,
        drop: drop?,
        origin: table.origin(),
    })
}

/// Reads a rule; `None`, with the problems reported, where it cannot be used.
pub fn rule(table: &Table<'_>) -> Option<Rule> {
    let name = table.need("name", "name = \"restart\"").and_then(|value| name(&value));
    let example = "event.source == 'alertmanager' and event.state == 'firing'";
    let when = table.need("when", &format!("when = \"{example}\"")).and_then(|value| condition(&value));
    let run = table
        .need("run", "run = \"restart webapp\"")
        .and_then(|value| template(&value, "\"restart {{ event.labels.app }}\""));
    Some(Rule { name: name?, when: when?, run: run?, origin: table.origin() })
}

/// What is absent stays absent; what is there but wrong makes the whole wrong.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the key is there, the inner one whether it is right"
)]
fn whole<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        None => Some(None),
        Some(None) => None,
        Some(right) => Some(right),
    }
}

fn name(value: &Value<'_>) -> Option<String> {
    let text = value.words("\"restart\"")?;
    if RoleName::parse(text.text).is_ok() {
        return Some(text.text.to_owned());
    }
    let what = format!("`{}` cannot be the name of a rule", text.text);
    text.wrong(what, "Use lower-case letters, digits, - and _: grants name it as `rule:restart`.");
    None
}

fn dropping(value: &Value<'_>, may_drop: bool) -> Option<bool> {
    let drop = value.flag()?;
    if drop && !may_drop {
        let what = "a pack cannot drop events, as they may be somebody else's too";
        value.wrong(what, "Write this route into `wilco.toml`, or give it `level = \"digest\"`.");
        return None;
    }
    Some(drop)
}

/// What a route that drops says besides means nothing.
fn goes_nowhere(table: &Table<'_>) {
    for key in ["to", "say", "level", "group"] {
        if let Some(value) = table.get(key) {
            let what = format!("`{key}` means nothing beside `drop = true`: what fits goes nowhere");
            value.add(Problem::at(&value.origin(), what, format!("Remove `{key}`, or `drop`.")));
        }
    }
}

fn condition(value: &Value<'_>) -> Option<Condition> {
    let text = value.words("\"event.source == 'github' and event.kind == 'issues'\"")?;
    let condition = match Condition::parse(text.text) {
        Ok(condition) => condition,
        Err(error) => {
            text.wrong(
                format!("this condition cannot be read: {error}"),
                "Write a condition such as `event.source == 'github' and event.repo == 'acme/webapp'`.",
            );
            return None;
        }
    };
    known(&text, &condition.names(), "condition").then_some(condition)
}

fn template(value: &Value<'_>, example: &str) -> Option<String> {
    let text = value.words(example)?;
    let names = match template_names(text.text) {
        Ok(names) => names,
        Err(error) => {
            text.wrong(
                format!("this template cannot be read: {error}"),
                "Write `{{ event.title }}` for a value, `{% if … %} … {% endif %}` for a choice.",
            );
            return None;
        }
    };
    known(&text, &names, "template").then(|| text.text.to_owned())
}

/// Whether all names are those of an event; the others are reported.
fn known(text: &Text<'_>, names: &BTreeSet<String>, what: &str) -> bool {
    let unknown: Vec<_> =
        names.iter().filter(|name| !is_event_name(name) && !FUNCTIONS.contains(&name.as_str())).collect();
    for name in &unknown {
        let told = format!("the {what} names `{name}`, which is not defined");
        let fields: Vec<_> = EVENT_NAMES.iter().filter_map(|name| name.strip_prefix("event.")).collect();
        let remedy = format!(
            "Here it may use `event.` and one of {}; below `labels` and `payload` any name may follow.",
            fields.join(", ")
        );
        text.add(Problem::at(&text.origin_of_word(name), told, remedy).near(name, EVENT_NAMES));
    }
    unknown.is_empty()
}

/// Reads a list of places, at least one; what is none is reported. Also for where a source's events go.
pub fn places(value: &Value<'_>) -> Option<Vec<Place>> {
    let texts = value.texts("[\"web:ops\"]")?;
    if texts.is_empty() {
        value.wrong(format!("`{}` names no place", value.name()), "Name a room, as in `to = [\"web:ops\"]`.");
        return None;
    }
    let mut places = Vec::new();
    for text in &texts {
        match Place::parse(text.text) {
            Ok(place) if places.contains(&place) => {
                let problem =
                    Problem::at(&text.origin(), format!("`{place}` stands twice"), "Remove one of them.");
                text.add(problem.warning());
            }
            Ok(place) => places.push(place),
            Err(_) => {
                let what = format!("`{}` is no place", text.text);
                text.wrong(what, "Write the connector, a colon and the room: `web:ops`.");
                return None;
            }
        }
    }
    Some(places)
}

fn level(value: &Value<'_>) -> Option<Level> {
    let text = value.words("\"thread\"")?;
    let found = LEVELS.into_iter().find(|level| level.as_str() == text.text);
    if found.is_none() {
        let remedy = "Write `loud` (a line, never folded), `normal` (a line), `thread` (in the thread of its object's \
                      line) or `digest` (counted).";
        let problem = Problem::at(&text.origin(), format!("there is no level `{}`", text.text), remedy);
        text.add(problem.near(text.text, LEVELS.map(Level::as_str)));
    }
    found
}

fn group(value: &Value<'_>) -> Option<Group> {
    let text = value.words("\"30s\"")?;
    if text.text == "none" {
        return Some(Group::None);
    }
    let seconds = read_seconds(text.text).filter(|seconds| *seconds > 0);
    if seconds.is_none() {
        let problem = Problem::at(
            &text.origin(),
            format!("`{}` is no span of time in which lines are put together", text.text),
            "Write `group = \"30s\"`, or `group = \"none\"` for a post of its own for everything that comes.",
        );
        text.add(problem.near(text.text, ["none"]));
    }
    seconds.map(Group::Within)
}

/// Reports every rule whose name an earlier one has; `origin` of a problem is the later rule.
#[must_use]
pub fn same_names(rules: &[Rule]) -> Vec<Problem> {
    let earlier = |at: usize| rules[..at].iter().find(|earlier| earlier.name == rules[at].name);
    let problem = |name: &str, first: &Origin, origin: &Origin| {
        let what = format!("two rules are called `{name}`; the first stands at {first}");
        Problem::at(origin, what, "Give one of them another name, and grant it what it may do.")
    };
    let all = rules.iter().enumerate();
    all.filter_map(|(at, rule)| earlier(at).map(|first| problem(&rule.name, &first.origin, &rule.origin)))
        .collect()
}
