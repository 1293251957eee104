//! Slots and lines: what Wilco has to show in rooms because of events, and how far that has got.
//!
//! Not the sending: `engine/outbox` does it, in the order that stands here. An operation's own messages are in
//! [`crate::operation`]. Layer 0.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    connector::Receipt,
    event::Level,
    ids::{Hash, ObjectId, Place, Seq},
    reply::Reply,
};

/// A message in a room that is kept up to date: one object's line, one that stands for several, a digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Its number, shared with the lines: the later one was made later.
    pub number: u64,
    /// Where it stands.
    pub place: Place,
    /// The slot whose thread it stands in, by its number.
    pub thread: Option<u64>,
    /// What it stands for.
    pub kind: SlotKind,
    /// Its turn among what is posted in this place: its number at first, a new one each time it is posted anew.
    pub turn: u64,
    /// How often it was posted, from 1.
    pub post: u32,
    /// What it shows.
    pub content: Reply,
    /// The version of the content, from 1.
    pub version: u64,
    /// The last version that is worth a new line where the network cannot edit.
    pub told: u64,
    /// When it was made.
    pub opened_at: Timestamp,
    /// When it took its turn.
    pub posted_at: Timestamp,
    /// How many messages the place had had then, as far as Wilco saw them.
    pub place_count: u64,
    /// When it has to be looked at again.
    pub due: Option<Timestamp>,
    /// Until when showing it is tried.
    pub expires_at: Timestamp,
    /// What the line is made of.
    pub members: Vec<Member>,
    /// What it counts, where it stands for what was folded.
    pub counts: Vec<Count>,
    /// The family that may join it, and until when.
    pub family: Option<(String, Timestamp)>,
    /// When lines were put into its thread lately.
    pub threaded: Vec<Timestamp>,
    /// The slot in its thread that counts what was folded, by its number.
    pub fold: Option<u64>,
}

/// What a slot stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// Objects: one, or several of a family.
    Objects,
    /// What was too much for the room.
    Overflow,
    /// What is told once a day.
    Digest,
    /// What was too much for a thread.
    Fold,
}

/// How much of something was folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// What, in a few words.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// An object in a slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The object.
    pub object: ObjectId,
    /// How people call it.
    pub reference: String,
    /// Its own line.
    pub line: String,
    /// Where to look at it.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its state.
    pub state: Option<String>,
    /// Whether that state is an end.
    pub done: bool,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// How loud its line is.
    pub level: Level,
    /// When the newest that was told of it happened.
    pub newest: Timestamp,
    /// When the newest happened that said how it stands: what is older does not change that.
    pub stands: Timestamp,
    /// The same for parts of it, those that were heard of last.
    pub parts: Vec<(String, Timestamp)>,
    /// The newest event told of it.
    pub event: Seq,
    /// When its state changed lately.
    pub changes: Vec<Timestamp>,
    /// What was last told of it, and when: the same is not told twice.
    pub like: Option<(Hash, Timestamp)>,
}

/// A line that is said once: in an object's thread, or as a post of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, shared with the slots; its turn in its place.
    pub number: u64,
    /// Where.
    pub place: Place,
    /// The slot whose thread it goes to.
    pub thread: Option<u64>,
    /// What it says.
    pub content: Reply,
    /// The event that it tells of.
    pub event: Option<Seq>,
    /// Until when saying it is tried.
    pub expires_at: Timestamp,
}

/// How far showing a slot has got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Its message on the network, in its newest posting.
    pub receipt: Option<Receipt>,
    /// The newest version that was shown; 0 before the first.
    pub version: u64,
}

/// A slot with how far showing it has got.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownSlot {
    /// The slot.
    pub slot: Slot,
    /// How far.
    pub shown: Shown,
}

/// Something to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// What.
    pub what: ParcelKind,
    /// The message that opened the thread it goes to; absent where it goes to no thread, or where that message was
    /// never shown.
    pub thread: Option<Receipt>,
}

/// What kind of thing to send.
#[derive(Debug, Clone, PartialEq)]
pub enum ParcelKind {
    /// A slot whose newest version was not shown.
    Slot(Box<ShownSlot>),
    /// A line that was not said.
    Line(Box<Line>),
}

impl ParcelKind {
    /// The number of the slot or line.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Slot(slot) => slot.slot.number,
            Self::Line(line) => line.number,
        }
    }

    /// The slot in whose thread it belongs, by its number.
    #[must_use]
    pub fn thread(&self) -> Option<u64> {
        match self {
            Self::Slot(slot) => slot.slot.thread,
            Self::Line(line) => line.thread,
        }
    }

    /// Until when sending it is tried.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        match self {
            Self::Slot(slot) => slot.slot.expires_at,
            Self::Line(line) => line.expires_at,
        }
    }
}
