//! Whether the listeners and schedules of the packs fit what is there.
//!
//! Not their form, which `wilco-packs` reads, nor their meaning, which is the engine's. Layer 4.

use wilco_contract::{
    listen::{Does, Listener, MAX_WITHOUT_TEXT},
    policy::Grantee,
};
use wilco_packs::{Pack, Problem};

use super::{Config, connectors::room_problem};

impl Config {
    /// What does not fit between listeners and schedules and what is there.
    #[must_use]
    pub fn check_triggers(&self, all: &Pack) -> Vec<Problem> {
        let mut problems = Vec::new();
        for schedule in &all.schedules {
            let place = schedule.place.as_ref();
            problems.extend(place.and_then(|place| room_problem(place, &self.rooms, &schedule.origin)));
            problems.extend(self.ungranted("schedule", &schedule.name, &schedule.origin));
        }
        for listener in all.listeners.iter().filter(|listener| matches!(listener.does, Does::Run(_))) {
            problems.extend(self.ungranted("listener", &listener.name, &listener.origin));
        }
        let needs_none =
            |listener: &&Listener| listener.on.hear().is_some_and(|hear| hear.needs().is_empty());
        let without = all.listeners.iter().filter(needs_none);
        for listener in without.skip(MAX_WITHOUT_TEXT) {
            let what = format!(
                "more than {MAX_WITHOUT_TEXT} listeners have no text of two letters that a line must have, and each \
                 of them looks at every line"
            );
            let remedy = "Put a word into the pattern that each of its lines has, or do with fewer of these.";
            problems.push(Problem::at(&listener.origin, what, remedy));
        }
        for grant in &self.policy.grants {
            for grantee in &grant.to {
                let Grantee::Program(kind, name) = grantee else { continue };
                let known: Vec<&str> = match kind.as_str() {
                    "listener" => all.listeners.iter().map(|listener| listener.name.as_str()).collect(),
                    "schedule" => all.schedules.iter().map(|schedule| schedule.name.as_str()).collect(),
                    _ => continue,
                };
                if known.iter().all(|known| known != name) {
                    let what = format!("there is no {kind} `{name}`, so this grants nothing");
                    let remedy = format!("Correct the name, or add a `[[{kind}]]` that has it to a pack.");
                    problems.push(Problem::at(&grant.origin, what, remedy).warning().near(name, known));
                }
            }
        }
        problems
    }

    /// A warning at what nothing is granted to: it acts in its own name and may do nothing by itself.
    fn ungranted(&self, kind: &str, name: &str, at: &wilco_contract::ids::Origin) -> Option<Problem> {
        let this = Grantee::Program(kind.to_owned(), name.to_owned());
        if self.policy.grants.iter().any(|grant| grant.to.contains(&this)) {
            return None;
        }
        let what = format!("nothing is granted to `{kind}:{name}`, so it can run nothing");
        let remedy =
            format!("Add a `[[grant]]` with the command and `to = [\"{kind}:{name}\"]` to `wilco.toml`.");
        Some(Problem::at(at, what, remedy).warning())
    }
}
