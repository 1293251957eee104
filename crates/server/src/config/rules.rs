//! The rules of `wilco.toml`: grants and requirements.
//!
//! Not their meaning: `contract::gate` decides. Whether they fit the commands: [`super::cross`]. Layer 4.

use std::collections::{BTreeMap, BTreeSet};

use wilco_contract::{
    command::Effect,
    ids::{Origin, PersonId, Place},
    policy::{Flag, Flags, Glob, Grant, Grantee, Person, Requirement},
};
use wilco_packs::{
    Problem,
    problem::nearest,
    rules::{condition, effect, grantee, requirement},
    sheet::{Keys, Table, Text, Value},
};
use wilco_web::Room;

pub(super) const GRANT: Keys = Keys::of(&["command", "effect", "to", "rooms", "when", "flags"]);
pub(super) const REQUIRE: Keys =
    Keys::of(&["command", "approve", "by", "within", "confirm", "when", "step_up", "deny", "max_targets"]);

type People = BTreeMap<PersonId, Person>;

/// All `[[grant]]`.
pub(super) fn grants(root: &Table<'_>, people: &People, rooms: &[Room]) -> Vec<Grant> {
    let tables = root.get("grant").map(|value| value.tables("`[[grant]]`", GRANT)).unwrap_or_default();
    tables.iter().filter_map(|table| grant(table, people, rooms)).collect()
}

fn grant(table: &Table<'_>, people: &People, rooms: &[Room]) -> Option<Grant> {
    let command = table.need("command", "command = \"webapp.*\"").and_then(|value| command(&value));
    let effect = table.get("effect").map(|value| effect(&value));
    let to = table.need("to", "to = [\"role:developer\"]").and_then(|value| grantees(&value, people));
    let places = table.get("rooms").map(|value| places(&value, rooms));
    let when = table.get("when").map(|value| condition(&value, None));
    let flags = table.get("flags").map(|value| flags(&value));
    if let (Some(Some(Flags { alone: true, .. })), Some(to), Some(value)) = (flags, &to, table.get("flags"))
        && !to.iter().any(|to| matches!(to, Grantee::Role(_) | Grantee::Person(_)))
    {
        let what = "only a person starts something alone, and this grants it to none";
        let remedy = "Name a role or a person, or remove `alone`.";
        value.add(Problem::at(&value.origin(), what, remedy).warning());
    }
    Some(Grant {
        command: command?,
        effect: whole::<Effect>(effect)?,
        to: to?,
        rooms: whole(places)?,
        when: whole(when)?,
        flags: whole(flags)?.unwrap_or_default(),
        origin: table.origin(),
    })
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

/// All `[[require]]`.
pub(super) fn requirements(root: &Table<'_>, people: &People) -> Vec<Requirement> {
    let tables = root.get("require").map(|value| value.tables("`[[require]]`", REQUIRE)).unwrap_or_default();
    let mut requirements = Vec::new();
    for table in &tables {
        let command = table.need("command", "command = \"webapp.ship\"").and_then(|value| command(&value));
        let Some(requirement) = requirement(table, None) else { continue };
        if let Some(problem) = approvers_problem(&requirement, people) {
            table.sheet().add(problem);
        }
        if command.is_some() {
            requirements.push(Requirement { command, ..requirement });
        }
    }
    requirements
}

/// A warning where too few people could ever approve.
pub(super) fn approvers_problem(requirement: &Requirement, people: &People) -> Option<Problem> {
    let by = requirement.by.as_ref()?;
    let able = people.iter().filter(|(id, person)| match by {
        Grantee::Role(role) => person.roles.contains(role),
        Grantee::Person(named) => named == *id,
        _ => false,
    });
    let able = able.count();
    if able >= requirement.approve as usize {
        return None;
    }
    let needed = requirement.approve;
    let what = match (able, by) {
        (0, Grantee::Person(_)) => format!("`{by}` has to approve, and `wilco.toml` names no such person"),
        (0, _) => format!("`{by}` has to approve, and nobody has that role"),
        _ => format!("{needed} approvals by `{by}` are needed, and only {able} could give one"),
    };
    let remedy = "As it stands nothing that this rule matches can ever start: name somebody else, or change `[person.…]`.";
    let problem = Problem::at(&requirement.origin, what, remedy).warning();
    Some(if able == 0 { problem.near(&by.to_string(), names(people)) } else { problem })
}

/// Everybody and every role, as grants name them.
fn names(people: &People) -> Vec<String> {
    let roles: BTreeSet<_> = people.values().flat_map(|person| &person.roles).collect();
    people.keys().map(|id| format!("@{id}")).chain(roles.iter().map(|role| format!("role:{role}"))).collect()
}

fn command(value: &Value<'_>) -> Option<Glob> {
    let text = value.words("\"webapp.*\"")?;
    let well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '*');
    if text.text.chars().all(well) && (text.text.contains('.') || text.text.contains('*')) {
        return Some(Glob(text.text.to_owned()));
    }
    let what = format!("`{}` names no command", text.text);
    text.wrong(
        what,
        "Write a full id such as `webapp.ship`, or one with stars such as `webapp.*`; never its words.",
    );
    None
}

/// The flags of orders that a grant covers as well.
fn flags(value: &Value<'_>) -> Option<Flags> {
    let texts = value.texts("[\"force\"]")?;
    if texts.is_empty() {
        value.wrong("`flags` is empty, so it grants no flag", "Name one, or remove `flags`.");
        return None;
    }
    let mut flags = Flags::NONE;
    for text in &texts {
        let Some(flag) = Flag::ALL.into_iter().find(|flag| flag.as_str() == text.text) else {
            let what = format!("`{}` is no flag that can be granted", text.text);
            let problem =
                Problem::at(&text.origin(), what, "Write `flags = [\"force\"]`, `[\"alone\"]` or both.");
            text.add(problem.near(text.text, Flag::ALL.map(Flag::as_str)));
            return None;
        };
        flags = flags.with(flag);
    }
    Some(flags)
}

fn grantees(value: &Value<'_>, people: &People) -> Option<Vec<Grantee>> {
    let texts = value.texts("[\"role:developer\"]")?;
    if texts.is_empty() {
        value.wrong("`to` is empty, so this grants nothing", "Name somebody: `to = [\"role:developer\"]`.");
        return None;
    }
    let mut grantees = Vec::new();
    for text in &texts {
        let grantee = grantee(text)?;
        if let Some(problem) = nobody(&grantee, people, text) {
            text.add(problem);
        }
        grantees.push(grantee);
    }
    Some(grantees)
}

/// A warning where a grantee is nobody.
fn nobody(grantee: &Grantee, people: &People, text: &Text<'_>) -> Option<Problem> {
    let warning = |what: String, remedy: &str| Problem::at(&text.origin(), what, remedy).warning();
    match grantee {
        Grantee::Role(role) if people.values().all(|person| !person.roles.contains(role)) => {
            let what = format!("nobody has the role `{role}`, so this grants nothing");
            let remedy = "Correct it, or give somebody the role.";
            Some(warning(what, remedy).near(text.text, names(people)))
        }
        Grantee::Person(id) if !people.contains_key(id) => {
            let what = format!("there is no `[person.{id}]`, so this grants nothing");
            Some(warning(what, "Correct the name, or add the person.").near(text.text, names(people)))
        }
        // Which rules, listeners and schedules there are is known when the packs are.
        Grantee::Program(kind, _) if !matches!(kind.as_str(), "rule" | "listener" | "schedule") => {
            let what = format!("this version has no {kind}s that could ask for anything");
            Some(warning(what, "Remove it, or leave it for a later version."))
        }
        _ => None,
    }
}

fn places(value: &Value<'_>, rooms: &[Room]) -> Option<Vec<Glob>> {
    let texts = value.texts("[\"web:ops\"]")?;
    if texts.is_empty() {
        value.wrong("`rooms` is empty, so this grants nothing", "Name a room, or remove `rooms`.");
        return None;
    }
    let mut globs = Vec::new();
    for text in &texts {
        let glob = Glob(text.text.to_owned());
        let Some((connector, room)) = text.text.split_once(':') else {
            if text.text.contains('*') {
                globs.push(glob);
                continue;
            }
            let what = format!("`{}` is no place", text.text);
            text.wrong(
                what,
                "Write the connector, a colon and the room: `web:ops`, or `web:*` for all of them.",
            );
            return None;
        };
        let known = rooms.iter().map(|room| room.place.as_str());
        if glob.is_full() && !room.starts_with('@') && !known.clone().any(|known| known == text.text) {
            let is_there = rooms.iter().any(|room| room.place.connector() == connector);
            let what = match Place::parse(text.text) {
                Ok(place) if is_there => super::no_room(&place),
                _ => format!("there is no connector `{connector}`"),
            };
            let problem =
                Problem::at(&text.origin(), what, "Correct it; as it stands this place grants nothing.");
            text.add(problem.warning().near(text.text, known.collect::<Vec<_>>()));
        }
        globs.push(glob);
    }
    Some(globs)
}

/// A warning at a rule that speaks of no command.
pub(super) fn no_command(glob: &Glob, origin: &Origin, ids: &[&str], effect: &str) -> Problem {
    let what = format!("no command is called `{glob}`, so {effect}");
    let mut problem = Problem::at(origin, what, "Correct the id, or remove the rule.").warning();
    problem.nearest = nearest(&glob.0, ids.iter().copied()).map(str::to_owned);
    problem
}
