//! People, their sessions, and the rules that say who may do what.
//!
//! Not the deciding by them: the gate does that. Layer 3.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use wilco_contract::{
    access::Session,
    command::Effect,
    ids::PersonId,
    policy::{Grant, Person, Requirement},
};

/// A person, as `wilco.toml` names them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Person")]
pub(crate) struct PersonRow {
    /// The name that orders use.
    id: String,
    /// The name for people to read.
    name: String,
    /// Their roles.
    roles: Vec<String>,
    /// Their accounts on networks; null for whoever is neither that person nor an admin.
    accounts: Option<Vec<String>>,
    /// Where they are declared: `wilco.toml:12`.
    rule: String,
}

/// Who may do what, and what it then needs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Rules {
    /// Who may do what; any one suffices.
    pub(crate) grants: Vec<GrantRow>,
    /// What it then needs; all that match add up.
    pub(crate) requirements: Vec<RequirementRow>,
}

/// A grant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
pub(crate) struct GrantRow {
    /// Which commands: `webapp.*`.
    command: String,
    /// The strongest effect that it covers; null: any.
    #[schemars(with = "Option<String>")]
    effect: Option<Effect>,
    /// To whom: `role:developer`, `@ana`.
    to: Vec<String>,
    /// In which rooms; null: anywhere.
    rooms: Option<Vec<String>>,
    /// Under which condition.
    when: Option<String>,
    /// Which flags of an order it covers beside it: `force`, `alone`.
    flags: Vec<&'static str>,
    /// Where it is declared.
    rule: String,
}

/// A requirement.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Requirement")]
pub(crate) struct RequirementRow {
    /// Which commands; null: the one that it stands in.
    command: Option<String>,
    /// Under which condition.
    when: Option<String>,
    /// Whether the asker has to confirm.
    confirm: bool,
    /// How many others have to approve.
    approve: u32,
    /// Who may approve; null: whoever the command is granted to.
    by: Option<String>,
    /// How long they have, in seconds.
    within_secs: u64,
    /// Why it is denied, where it is.
    deny: Option<String>,
    /// The most targets that a plan may have.
    max_targets: Option<u32>,
    /// Where it is declared.
    rule: String,
}

/// A session of a page or a terminal.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(crate) struct SessionRow {
    /// What it is ended by.
    id: String,
    /// Whose it is.
    person: String,
    /// When it began.
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// When it was last used, to ten minutes.
    #[schemars(with = "String")]
    seen_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

impl PersonRow {
    /// A person. `open`: whether the caller may see their accounts.
    pub(crate) fn new(id: &PersonId, person: &Person, open: bool) -> Self {
        Self {
            id: id.to_string(),
            name: person.name.clone(),
            roles: person.roles.iter().map(ToString::to_string).collect(),
            accounts: open.then(|| person.accounts.iter().map(ToString::to_string).collect()),
            rule: person.origin.to_string(),
        }
    }
}

impl From<&Grant> for GrantRow {
    fn from(grant: &Grant) -> Self {
        Self {
            command: grant.command.to_string(),
            effect: grant.effect,
            to: grant.to.iter().map(ToString::to_string).collect(),
            rooms: grant.rooms.as_ref().map(|rooms| rooms.iter().map(ToString::to_string).collect()),
            when: grant.when.as_ref().map(|when| when.source().to_owned()),
            flags: grant.flags.iter().map(|flag| flag.as_str()).collect(),
            rule: grant.origin.to_string(),
        }
    }
}

impl From<&Requirement> for RequirementRow {
    fn from(requirement: &Requirement) -> Self {
        Self {
            command: requirement.command.as_ref().map(ToString::to_string),
            when: requirement.when.as_ref().map(|when| when.source().to_owned()),
            confirm: requirement.confirm,
            approve: requirement.approve,
            by: requirement.by.as_ref().map(ToString::to_string),
            within_secs: requirement.within_secs,
            deny: requirement.deny.clone(),
            max_targets: requirement.max_targets,
            rule: requirement.origin.to_string(),
        }
    }
}

impl SessionRow {
    /// A session. `id` is what it is ended by, `current` whether it is the one that asks.
    pub(crate) fn new(session: &Session, id: String, current: bool) -> Self {
        Self {
            id,
            person: session.person.to_string(),
            created_at: session.created_at,
            seen_at: session.seen_at,
            current,
        }
    }
}
