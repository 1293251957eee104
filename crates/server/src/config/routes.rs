//! The routes and rules of `wilco.toml`, and whether they and those of the packs fit what is there.
//!
//! Not their form, which packs share ([`wilco_packs::routes`]), nor their meaning, which is the engine's. Layer 4.

use wilco_contract::{
    ids::{Origin, Place},
    policy::Grantee,
    route::{Route, Rule},
};
use wilco_packs::{
    Pack, Problem, routes,
    sheet::{Keys, Table},
};
use wilco_web::Room;

use super::{Config, connectors::room_problem};

/// All `[[route]]`, in the order of the file.
pub(super) fn routes(root: &Table<'_>) -> Vec<Route> {
    all(root, "route", routes::ROUTE).iter().filter_map(|table| routes::route(table, true)).collect()
}

/// All `[[rule]]`, in the order of the file.
pub(super) fn rules(root: &Table<'_>) -> Vec<Rule> {
    all(root, "rule", routes::RULE).iter().filter_map(routes::rule).collect()
}

fn all<'a>(root: &Table<'a>, key: &str, keys: Keys) -> Vec<Table<'a>> {
    root.get(key).map(|value| value.tables(&format!("`[[{key}]]`"), keys)).unwrap_or_default()
}

impl Config {
    /// What does not fit between the routes and rules, those of this file and those of the packs, and what is there.
    #[must_use]
    pub fn check_routes(&self, all: &Pack) -> Vec<Problem> {
        let mut problems = Vec::new();
        for route in &all.routes {
            problems
                .extend(route.to.iter().filter_map(|place| place_problem(place, &self.rooms, &route.origin)));
        }
        problems.extend(routes::same_names(&all.rules));
        problems.extend(all.rules.iter().filter_map(|rule| self.named(rule)));
        for grant in &self.policy.grants {
            let rules = grant.to.iter().filter_map(|grantee| match grantee {
                Grantee::Program(kind, name) if kind == "rule" => Some(name),
                _ => None,
            });
            for name in rules.filter(|name| all.rules.iter().all(|rule| rule.name != **name)) {
                let what = format!("there is no rule `{name}`, so this grants nothing");
                let remedy = "Correct the name, or add a `[[rule]]` that has it.";
                let known = all.rules.iter().map(|rule| rule.name.as_str());
                problems.push(Problem::at(&grant.origin, what, remedy).warning().near(name, known));
            }
        }
        problems
    }

    /// A warning at an order that begins with Wilco's name.
    fn named(&self, rule: &Rule) -> Option<Problem> {
        let first = rule.run.split_whitespace().next()?;
        let bare = first.trim_start_matches('@').trim_end_matches([':', ',']).to_lowercase();
        let is_name = std::iter::once(&self.name).chain(&self.aliases).any(|name| *name == bare);
        is_name.then(|| {
            let what =
                format!("the order of the rule `{}` begins with a name that people call Wilco by", rule.name);
            Problem::at(&rule.origin, what, format!("Write it without `{first}`.")).warning()
        })
    }
}

/// Why events cannot go to a place, if they cannot.
pub(super) fn place_problem(place: &Place, rooms: &[Room], at: &Origin) -> Option<Problem> {
    if place.direct().is_some() && rooms.iter().any(|room| room.place.connector() == place.connector()) {
        let what = format!("`{place}` is a direct conversation, and events go where a team reads them");
        return Some(Problem::at(at, what, "Name a room, such as `web:ops`."));
    }
    room_problem(place, rooms, at)
}
