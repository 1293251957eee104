//! Ways in: one-time links, page sessions, tokens. Kept as hashes only.
//!
//! Not the checking of them: `web/access` does. Layer 0.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{Hash, PersonId},
    principal::Scope,
};

/// A one-time link that makes a session for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginLink {
    /// The hash of its secret.
    pub hash: Hash,
    /// Whose session it makes.
    pub person: PersonId,
    /// Who made it, as [`crate::principal::Principal::key`].
    pub by: String,
    /// Until when it can be redeemed.
    pub expires_at: Timestamp,
    /// When it was redeemed; a link is redeemed once.
    pub used_at: Option<Timestamp>,
}

/// A page session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The hash of its secret.
    pub hash: Hash,
    /// Whose it is.
    pub person: PersonId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to ten minutes.
    pub seen_at: Timestamp,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
}

/// A program's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its name, unique among the living.
    pub name: String,
    /// The hash of its secret.
    pub hash: Hash,
    /// What it may do.
    pub scope: Scope,
    /// Who made it.
    pub by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// What happens to ways in. The store keeps the newest state of each by its hash; what ended or was revoked stays so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum AccessEvent {
    /// A link was made or redeemed. Committing a redeemed link whose stored state is redeemed already is a
    /// [`crate::store::StoreError::Conflict`].
    Link(LoginLink),
    /// A session began, was used or ended.
    Session(Session),
    /// A token was made or revoked. A second living token of a name is a [`crate::store::StoreError::Conflict`].
    Token(Token),
    /// Somebody ended a session: its own person, or another one.
    Ended {
        /// The session, with when it was ended.
        session: Session,
        /// Who, as [`crate::principal::Principal::key`].
        by: String,
    },
    /// Somebody revoked a token.
    Revoked {
        /// The token, with when it was revoked.
        token: Token,
        /// Who, as [`crate::principal::Principal::key`].
        by: String,
    },
}

impl AccessEvent {
    /// Its name in the journal.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Link(link) if link.used_at.is_some() => "access.link_used",
            Self::Link(_) => "access.link_made",
            // Before it was kept who ended it, an end was a session like any other.
            Self::Session(session) if session.ended_at.is_none() => "access.session",
            Self::Session(_) | Self::Ended { .. } => "access.session_ended",
            Self::Token(token) if token.revoked_at.is_none() => "access.token_made",
            Self::Token(_) | Self::Revoked { .. } => "access.token_revoked",
        }
    }

    /// Whose doing it is, as [`crate::principal::Principal::key`].
    #[must_use]
    pub fn who(&self) -> String {
        match self {
            // Made by one person, and used by the one that it is for.
            Self::Link(link) if link.used_at.is_some() => format!("@{}", link.person),
            Self::Link(link) => link.by.clone(),
            Self::Session(session) => format!("@{}", session.person),
            Self::Token(token) => token.by.clone(),
            Self::Ended { by, .. } | Self::Revoked { by, .. } => by.clone(),
        }
    }
}
