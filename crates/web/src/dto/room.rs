//! What is in a room beside its messages.
//!
//! Not the messages: `message` has those. Layer 3.

use schemars::JsonSchema;
use serde::Serialize;

/// What the caller has not read in a room.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unread {
    /// How many messages of others, at most 100.
    pub(crate) count: usize,
    /// Whether there are more than were counted.
    pub(crate) more: bool,
    /// How many of all of them speak to the caller, as `@ana` does to Ana; at most 100.
    pub(crate) mentions: usize,
    /// The id of the first one.
    pub(crate) first: Option<String>,
}

/// Who is in a room: an event `here` of its stream.
#[derive(Debug, Serialize)]
pub(crate) struct InRoom {
    /// They have a stream of it open, by id.
    pub(crate) people: Vec<PersonHere>,
}

/// Somebody who is in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PersonHere {
    /// Their id.
    pub(crate) id: String,
    /// Their name for people to read.
    pub(crate) name: String,
}

/// Other rooms changed: an event `rooms` of a room's stream.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    /// Which.
    pub(crate) places: Vec<String>,
}
