//! Names that people and rooms give to orders.
//!
//! Not what becomes of a line that uses one: the engine puts the order in its place, and then reads it. Layer 0.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{PersonId, Place};

/// A name for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Whose it is.
    pub scope: AliasScope,
    /// The name: one word, in lower case.
    pub name: String,
    /// The order that it stands for, without our name in front.
    pub order: String,
    /// Who gave it, as [`crate::principal::Principal::key`].
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Whose an alias is. One's own counts before the room's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasScope {
    /// A person's, wherever they speak.
    Person(PersonId),
    /// A room's, whoever speaks there.
    Room(Place),
}

impl AliasScope {
    /// The scope in a word: `@ana`, `web:ops`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Person(person) => format!("@{person}"),
            Self::Room(place) => place.to_string(),
        }
    }
}
