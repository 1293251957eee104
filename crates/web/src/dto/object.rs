//! What rooms are shown of objects, and how far that has got.
//!
//! Not the messages themselves: the networks have them, and the page's are [`super::Message`]. Layer 3.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use wilco_contract::slot::{Member, ShownSlot, SlotKind};

/// A message in a room that is kept up to date: an object's line, one that stands for several, a digest.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ObjectLine")]
pub(crate) struct ObjectRow {
    /// Its number as text.
    id: String,
    /// Where it stands.
    place: String,
    /// What it stands for: `objects`, `overflow`, `digest`, `fold`.
    #[schemars(with = "String")]
    kind: SlotKind,
    /// The line whose thread it stands in: its number as text.
    thread: Option<String>,
    /// What it shows, as plain text.
    text: String,
    /// What it is made of.
    members: Vec<MemberRow>,
    /// How many it counts, where it stands for what was folded.
    counted: u64,
    /// When it was made.
    #[schemars(with = "String")]
    opened_at: Timestamp,
    /// When it was posted last.
    #[schemars(with = "String")]
    posted_at: Timestamp,
    /// How many contents it has had, from 1.
    version: u64,
    /// The newest of these that was shown; 0 before the first.
    shown: u64,
    /// Whether its newest content still waits to be shown.
    waiting: bool,
}

/// An object in a line.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ObjectInLine")]
struct MemberRow {
    /// The object.
    object: String,
    /// How people call it.
    reference: String,
    /// Its own line.
    line: String,
    /// Where to look at it.
    url: Option<String>,
    /// Its title.
    title: Option<String>,
    /// Its state.
    state: Option<String>,
    /// Whether that state is an end.
    done: bool,
    /// Since when it is in this state.
    #[schemars(with = "String")]
    since: Timestamp,
    /// How loud its line is.
    level: &'static str,
    /// When the newest that was told of it happened.
    #[schemars(with = "String")]
    newest: Timestamp,
    /// The newest event told of it: its number as text.
    event: String,
}

impl From<ShownSlot> for ObjectRow {
    fn from(ShownSlot { slot, shown }: ShownSlot) -> Self {
        // What only counts is about no object.
        let counts = slot.kind != SlotKind::Objects;
        Self {
            id: slot.number.to_string(),
            text: slot.content.plain(),
            place: slot.place.into(),
            kind: slot.kind,
            thread: slot.thread.map(|thread| thread.to_string()),
            members: if counts {
                Vec::new()
            } else {
                slot.members.into_iter().map(MemberRow::from).collect()
            },
            counted: slot.counts.iter().map(|count| count.count).sum(),
            opened_at: slot.opened_at,
            posted_at: slot.posted_at,
            version: slot.version,
            shown: shown.version,
            waiting: shown.version < slot.version,
        }
    }
}

impl From<Member> for MemberRow {
    fn from(member: Member) -> Self {
        Self {
            object: member.object.into(),
            reference: member.reference,
            line: member.line,
            url: member.url,
            title: member.title,
            state: member.state,
            done: member.done,
            since: member.since,
            level: member.level.as_str(),
            newest: member.newest,
            event: member.event.to_string(),
        }
    }
}
