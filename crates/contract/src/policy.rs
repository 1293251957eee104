//! The rules: who is who, who may do what, and what it then needs.
//!
//! Not the decision: [`crate::gate`] makes it. A policy is plain data, built from `wilco.toml` and the packs. Layer 0.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    command::Effect,
    expr::Condition,
    ids::{Account, CommandId, Origin, PersonId, Place, RoleName},
    principal::Principal,
};

/// All rules and people.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The people, by name.
    pub people: BTreeMap<PersonId, Person>,
    /// Who may do what. Any one suffices.
    pub grants: Vec<Grant>,
    /// What it then needs. All that match add up.
    pub requirements: Vec<Requirement>,
    /// The zone for `now.*` in conditions and for times told to people.
    pub zone: Zone,
}

/// A time zone; UTC by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub jiff::tz::TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name for people to read.
    pub name: String,
    /// Their address, for notes.
    pub email: Option<String>,
    /// Their accounts on networks; `web:<id>` is always one.
    pub accounts: BTreeSet<Account>,
    /// Their roles.
    pub roles: BTreeSet<RoleName>,
    /// Where they were declared.
    pub origin: Origin,
}

/// Who may do what, where, when.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Which commands.
    pub command: Glob,
    /// The strongest effect it covers; absent: any.
    pub effect: Option<Effect>,
    /// Who.
    pub to: Vec<Grantee>,
    /// Where; absent: anywhere.
    pub rooms: Option<Vec<Glob>>,
    /// Under which condition.
    pub when: Option<Condition>,
    /// Which flags of an order it covers beside the order itself.
    pub flags: Flags,
    /// Where it was declared.
    pub origin: Origin,
}

/// A flag of an order that is a right of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// `--force`: more targets at once than a rule lets through.
    Force,
    /// `--alone`: a countdown that anybody may stop, in place of the approvals of others.
    Alone,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Force, Self::Alone];

    /// Its name in a grant: `force`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Force => "force",
            Self::Alone => "alone",
        }
    }
}

/// Which flags that are rights of their own an order has, or a grant covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// [`Flag::Force`].
    #[serde(default)]
    pub force: bool,
    /// [`Flag::Alone`].
    #[serde(default)]
    pub alone: bool,
}

impl Flags {
    /// None of them.
    pub const NONE: Self = Self { force: false, alone: false };

    /// Whether this one is there.
    #[must_use]
    pub fn has(self, flag: Flag) -> bool {
        match flag {
            Flag::Force => self.force,
            Flag::Alone => self.alone,
        }
    }

    /// The same with this one.
    #[must_use]
    pub fn with(self, flag: Flag) -> Self {
        match flag {
            Flag::Force => Self { force: true, ..self },
            Flag::Alone => Self { alone: true, ..self },
        }
    }

    /// Those that are there.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// What a command needs beyond a grant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Requirement {
    /// Which commands; absent in a pack: the command that it stands in.
    pub command: Option<Glob>,
    /// Under which condition. One that errs denies.
    pub when: Option<Condition>,
    /// The asker has to confirm.
    pub confirm: bool,
    /// How many other persons have to approve.
    pub approve: u32,
    /// Who may approve; absent: whoever the command is granted to.
    pub by: Option<Grantee>,
    /// How long they have, in seconds.
    pub within_secs: u64,
    /// The asker has to prove themselves anew.
    pub step_up: bool,
    /// It is denied, and why.
    pub deny: Option<String>,
    /// The most targets that its plan may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_targets: Option<u32>,
    /// Where it was declared.
    pub origin: Origin,
}

/// The default of [`Requirement::within_secs`].
pub const DEFAULT_WITHIN_SECS: u64 = 3_600;
/// How long an asker has to confirm, in seconds.
pub const CONFIRM_SECS: u64 = 120;
/// How long everybody has to stop what somebody starts alone, in seconds.
pub const COUNTDOWN_SECS: u64 = 60;

/// The name of the role that administers: the built-in commands are its without a grant, and so are links and tokens.
pub const ADMIN: &str = "admin";

/// Somebody, or some kind of somebody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Grantee {
    /// `role:lead`
    Role(RoleName),
    /// `@ana`
    Person(PersonId),
    /// `guest`
    Guest,
    /// `operator`
    Operator,
    /// `token:ci`
    Token(String),
    /// `rule:x`, `listener:x`, `schedule:x`, `script:x`, `agent:x`: programs inside Wilco's reach, by kind and name.
    Program(String, String),
}

/// A text that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names nobody; it may be `role:x`, `@person`, `guest`, `operator`, `token:x`, `rule:x`, `listener:x`, `schedule:x`, `script:x` or `agent:x`"
)]
pub struct BadGrantee(pub String);

impl Grantee {
    /// Reads `role:x`, `@x`, `guest`, `operator`, `token:x`, `rule:x`, `listener:x`, `schedule:x`, `script:x`,
    /// `agent:x`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, BadGrantee> {
        let bad = || BadGrantee(text.to_owned());
        if let Some(person) = text.strip_prefix('@') {
            return PersonId::parse(person).map(Self::Person).map_err(|_| bad());
        }
        match text.split_once(':') {
            None if text == "guest" => Ok(Self::Guest),
            None if text == "operator" => Ok(Self::Operator),
            Some(("role", name)) => RoleName::parse(name).map(Self::Role).map_err(|_| bad()),
            Some(("token", name)) if !name.is_empty() => Ok(Self::Token(name.to_owned())),
            Some((kind @ ("rule" | "listener" | "schedule" | "script" | "agent"), name))
                if !name.is_empty() =>
            {
                Ok(Self::Program(kind.to_owned(), name.to_owned()))
            }
            _ => Err(bad()),
        }
    }

    /// Whether this principal is meant.
    #[must_use]
    pub fn covers(&self, who: &Principal) -> bool {
        match (self, who) {
            (Self::Role(role), Principal::Person { roles, .. }) => roles.contains(role),
            (Self::Person(person), Principal::Person { id, .. }) => person == id,
            (Self::Guest, Principal::Guest { .. }) | (Self::Operator, Principal::Operator) => true,
            (Self::Token(token), Principal::Token { name, .. }) => token == name,
            (Self::Program(kind, rule), Principal::Rule { name, .. }) => kind == "rule" && rule == name,
            (Self::Program(kind, name), Principal::Program { program, .. }) => {
                kind == program.kind.as_str() && *name == program.name
            }
            _ => false,
        }
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "role:{role}"),
            Self::Person(person) => write!(f, "@{person}"),
            Self::Guest => f.write_str("guest"),
            Self::Operator => f.write_str("operator"),
            Self::Token(name) => write!(f, "token:{name}"),
            Self::Program(kind, name) => write!(f, "{kind}:{name}"),
        }
    }
}

impl TryFrom<String> for Grantee {
    type Error = BadGrantee;
    fn try_from(text: String) -> Result<Self, BadGrantee> {
        Self::parse(&text)
    }
}

impl From<Grantee> for String {
    fn from(grantee: Grantee) -> Self {
        grantee.to_string()
    }
}

/// A name in which `*` stands for anything: `webapp.*`, `web:*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(pub String);

impl Glob {
    /// Whether it has no `*`: it names one thing in full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether the text fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(first) = parts.next() else { return false };
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Policy {
    /// Who stands behind an account: the person it belongs to, or a guest.
    #[must_use]
    pub fn resolve(&self, account: &Account) -> Principal {
        let owner = self.people.iter().find(|(id, person)| {
            person.accounts.contains(account) || (account.connector() == "web" && account.id() == id.as_str())
        });
        match owner {
            Some((id, _)) => {
                self.person(id, account.clone()).unwrap_or(Principal::Guest { account: account.clone() })
            }
            None => Principal::Guest { account: account.clone() },
        }
    }

    /// The person of this name, speaking by this account; `None` where there is no such person.
    #[must_use]
    pub fn person(&self, id: &PersonId, account: Account) -> Option<Principal> {
        let person = self.people.get(id)?;
        Some(Principal::Person {
            id: id.clone(),
            name: person.name.clone(),
            roles: person.roles.iter().cloned().collect(),
            account,
        })
    }

    /// The same principal with today's roles. A person who was removed becomes a guest; whoever is no person stays.
    #[must_use]
    pub fn refresh(&self, who: &Principal) -> Principal {
        match who {
            Principal::Person { id, account, .. } => {
                self.person(id, account.clone()).unwrap_or(Principal::Guest { account: account.clone() })
            }
            other => other.clone(),
        }
    }

    /// The people with this role, for telling who can help.
    #[must_use]
    pub fn holders(&self, role: &RoleName) -> Vec<&PersonId> {
        self.people.iter().filter(|(_, person)| person.roles.contains(role)).map(|(id, _)| id).collect()
    }

    /// The grants that speak of this command in this place, whoever they are for.
    pub fn grants_for<'a>(
        &'a self,
        command: &'a CommandId,
        effect: Effect,
        place: &'a Place,
    ) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().filter(move |grant| {
            grant.command.matches(command.as_str())
                && grant.effect.is_none_or(|strongest| effect <= strongest)
                && grant.covers_place(place)
        })
    }
}

impl Grant {
    /// Whether it holds in this place.
    #[must_use]
    pub fn covers_place(&self, place: &Place) -> bool {
        self.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(|room| room.matches(place.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_what_its_stars_leave_open() {
        for (glob, text, fits) in [
            ("webapp.*", "webapp.ship", true),
            ("webapp.*", "webapp", false),
            ("*", "anything", true),
            ("*.ship", "webapp.ship", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("webapp.ship", "webapp.ship2", false),
            ("ab*b", "ab", false),
        ] {
            assert_eq!(Glob(glob.into()).matches(text), fits, "{glob} {text}");
        }
    }

    #[test]
    fn a_grantee_reads_back_and_a_stranger_is_named() {
        for text in ["role:lead", "@ana", "guest", "operator", "token:ci", "rule:x", "script:x", "agent:x"] {
            assert_eq!(Grantee::parse(text).map(String::from).as_deref(), Ok(text));
        }
        assert!(Grantee::parse("lead").is_err_and(|error| error.to_string().contains("role:x")));
    }
}
