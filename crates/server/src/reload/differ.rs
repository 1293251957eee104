//! In what two configurations differ: what counts from now on, and what is read at the start alone.
//!
//! Not the telling: [`super::told`]. Where something stands in its file makes no difference. Layer 4.

use wilco_contract::{
    ids::Origin,
    listen::Listener,
    policy::{Grant, Person, Policy, Requirement},
    route::{Route, Rule},
    schedule::Schedule,
};
use wilco_packs::Pack;

use crate::config::{Config, SourceSetup};

/// The keys that are read at the start alone and are not what runs.
pub(super) fn needs_restart(running: &Config, new: &Config) -> Vec<&'static str> {
    named([
        ("name", running.name != new.name),
        ("listen", running.listen != new.listen),
        ("public_url", running.public_url != new.public_url),
        ("database", running.database != new.database),
        ("durability", running.durability != new.durability),
        ("home", running.home != new.home),
        ("keys", running.keys != new.keys),
        ("files", running.files != new.files),
        ("audit.checkpoints", running.checkpoints != new.checkpoints),
        ("connector", running.rooms != new.rooms || running.connectors != new.connectors),
        ("source", !same(&running.sources, &new.sources, is_same_source)),
    ])
}

/// A new configuration with what was opened at the start.
pub(super) fn as_opened(new: Config, running: &Config) -> Config {
    let running = running.clone();
    Config {
        name: running.name,
        listen: running.listen,
        public_url: running.public_url,
        database: running.database,
        durability: running.durability,
        home: running.home,
        keys: running.keys,
        checkpoints: running.checkpoints,
        files: running.files,
        rooms: running.rooms,
        connectors: running.connectors,
        sources: running.sources,
        ..new
    }
}

/// The sections that differ, but for commands and the values of secrets; each configuration with its packs as one.
pub(super) fn sections(old: (&Config, &Pack), new: (&Config, &Pack)) -> Vec<&'static str> {
    let ((old, old_pack), (new, new_pack)) = (old, new);
    let (policy, now): (&Policy, &Policy) = (&old.policy, &new.policy);
    let people = policy.people.len() == now.people.len()
        && policy.people.iter().zip(&now.people).all(|((id, person), (other, now))| {
            id == other && person_of(person.clone()) == person_of(now.clone())
        });
    named([
        ("aliases", old.aliases != new.aliases),
        ("prefixes", old.prefixes != new.prefixes),
        ("zone", policy.zone.0 != now.zone.0),
        ("limits", old.limits != new.limits),
        ("servers", old.servers != new.servers),
        ("vars", old.vars != new.vars),
        ("people and roles", !people),
        ("grants", !same(&policy.grants, &now.grants, is_same_grant)),
        ("requirements", !same(&policy.requirements, &now.requirements, is_same_requirement)),
        ("routes", !same(&old_pack.routes, &new_pack.routes, is_same_route)),
        ("rules", !same(&old_pack.rules, &new_pack.rules, is_same_rule)),
        ("listeners", !same(&old_pack.listeners, &new_pack.listeners, is_same_listener)),
        ("schedules", !same(&old_pack.schedules, &new_pack.schedules, is_same_schedule)),
        ("lists", old.lists != new.lists),
    ])
}

fn named<const N: usize>(all: [(&'static str, bool); N]) -> Vec<&'static str> {
    all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn same<T>(old: &[T], new: &[T], is_same: impl Fn(&T, &T) -> bool) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(old, new))
}

/// Secrets are compared, and not shown.
fn is_same_source(old: &SourceSetup, new: &SourceSetup) -> bool {
    old.kind == new.kind
        && old.parts == new.parts
        && old.rule.source == new.rule.source
        && old.rule.to == new.rule.to
        && old.rule.keep_secs == new.rule.keep_secs
}

fn is_same_grant(old: &Grant, new: &Grant) -> bool {
    old.command == new.command
        && old.effect == new.effect
        && old.to == new.to
        && old.rooms == new.rooms
        && old.when == new.when
}

fn person_of(person: Person) -> Person {
    Person { origin: Origin::built_in(), ..person }
}

fn is_same_requirement(old: &Requirement, new: &Requirement) -> bool {
    *old == Requirement { origin: old.origin.clone(), ..new.clone() }
}

fn is_same_route(old: &Route, new: &Route) -> bool {
    *old == Route { origin: old.origin.clone(), ..new.clone() }
}

fn is_same_rule(old: &Rule, new: &Rule) -> bool {
    *old == Rule { origin: old.origin.clone(), ..new.clone() }
}

/// There may be thousands, and most stand where they stood.
fn is_same_listener(old: &Listener, new: &Listener) -> bool {
    old == new || *old == Listener { origin: old.origin.clone(), ..new.clone() }
}

fn is_same_schedule(old: &Schedule, new: &Schedule) -> bool {
    *old == Schedule { origin: old.origin.clone(), ..new.clone() }
}
