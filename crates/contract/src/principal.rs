//! Who gives an order.
//!
//! Not the list of people: that is [`crate::policy`]. Layer 0.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{Account, PersonId, RoleName, Seq},
    policy::ADMIN,
};

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See what every linked person may see.
    Read,
    /// Give orders that are granted to `token:<name>` as well.
    Order,
}

/// A listener or a schedule of a pack. It asks in its own name, never in that of whoever set it off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Program {
    /// What it is.
    pub kind: ProgramKind,
    /// Its full name: the pack's, a dot, its own.
    pub name: String,
}

/// What a [`Program`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramKind {
    /// It hears lines, or heeds what happens beside them.
    Listener,
    /// It is due at times.
    Schedule,
}

impl ProgramKind {
    /// As grants name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Schedule => "schedule",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.name)
    }
}

/// Who stands behind an order, after identities were resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Principal {
    /// A person, by one of their accounts.
    Person {
        /// Who.
        id: PersonId,
        /// Their name for people to read.
        name: String,
        /// Their roles when the principal was resolved.
        roles: Vec<RoleName>,
        /// The account that spoke.
        account: Account,
    },
    /// An account that belongs to nobody we know.
    Guest {
        /// The account that spoke.
        account: Account,
    },
    /// Whoever can read the operator's key on the machine.
    Operator,
    /// A rule, because of an event.
    Rule {
        /// The rule's name.
        name: String,
        /// The event.
        event: Seq,
        /// Whether the event's sender proved who they are; a rule that follows from another event triggers no write.
        signed: bool,
    },
    /// A program, by a token.
    Token {
        /// The token's name.
        name: String,
        /// What it may do.
        scope: Scope,
    },
    /// A listener or a schedule.
    Program {
        /// Which.
        program: Program,
        /// The person whose line or doing set it off: they approve nothing of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        set_off_by: Option<PersonId>,
    },
}

impl Principal {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The person who stands behind it: it is one, or their line set it off. They are no second person.
    #[must_use]
    pub fn behind(&self) -> Option<&PersonId> {
        match self {
            Self::Program { set_off_by, .. } => set_off_by.as_ref(),
            other => other.person(),
        }
    }

    /// The account that spoke, if it came by one.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Person { account, .. } | Self::Guest { account } => Some(account),
            _ => None,
        }
    }

    /// The roles, none for whoever is no person.
    #[must_use]
    pub fn roles(&self) -> &[RoleName] {
        match self {
            Self::Person { roles, .. } => roles,
            _ => &[],
        }
    }

    /// Whether it administers: the local operator, or a person with the role [`ADMIN`].
    #[must_use]
    pub fn administers(&self) -> bool {
        matches!(self, Self::Operator) || self.roles().iter().any(|role| role.as_str() == ADMIN)
    }

    /// The kind as conditions see it: `person`, `guest`, `operator`, `token`, `rule`, `listener`, `schedule`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::Guest { .. } => "guest",
            Self::Operator => "operator",
            Self::Token { .. } => "token",
            Self::Rule { .. } => "rule",
            Self::Program { program, .. } => program.kind.as_str(),
        }
    }

    /// The same words for the same principal, whatever their roles or account: the key for limits and counts.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            // Most are people, and this is asked for again and again.
            Self::Person { id, .. } => ["@", id.as_str()].concat(),
            Self::Guest { account } => ["guest ", account.as_str()].concat(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { id, .. } => write!(f, "@{id}"),
            Self::Guest { account } => write!(f, "guest {account}"),
            Self::Operator => f.write_str("operator"),
            Self::Token { name, .. } => write!(f, "token:{name}"),
            Self::Rule { name, .. } => write!(f, "rule:{name}"),
            Self::Program { program, .. } => program.fmt(f),
        }
    }
}
