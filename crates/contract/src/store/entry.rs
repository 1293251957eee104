//! What the journal has of a record: who, what kind of thing, and the body that the chain commits to.
//!
//! Not how it is written or sealed: each store does that. Layer 0.

use jiff::Timestamp;
use serde::Serialize;

use super::{AuditEntry, Forgotten, Lock, LockOwner, Record, RoomMessage};
use crate::{
    access::AccessEvent,
    alias::{Alias, AliasScope},
    event::{Event, Payload, PayloadMark},
    ids::{OpId, Place, Seq},
    input::Input,
    memory::MemoryEvent,
    operation::{OpEvent, Operation},
    reply::Reply,
    route::Mute,
    schedule::ScheduleEvent,
};

/// The header and body of a journal record, whose RFC 8785 JSON the chain commits to.
#[derive(Debug, Serialize)]
pub struct Entry<'a> {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: &'a str,
    /// Who.
    pub who: Option<String>,
    /// About which operation.
    pub operation: Option<&'a OpId>,
    /// The record itself.
    pub body: EntryBody<'a>,
}

/// The body of an [`Entry`].
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum EntryBody<'a> {
    /// Of [`Record::Operation`]: the event; the operation is what the events add up to.
    Operation(&'a OpEvent),
    /// Of [`Record::Audit`].
    Audit(&'a AuditEntry),
    /// Of [`Record::Input`].
    Input(&'a Input),
    /// Of [`Record::Handled`].
    Handled {
        /// The journal number of the input.
        input: Seq,
    },
    /// Of [`Record::Message`].
    Message(&'a RoomMessage),
    /// Of [`Record::Edited`].
    Edited {
        /// The message's number.
        message: Seq,
        /// Its place.
        place: &'a Place,
        /// The new content.
        reply: &'a Reply,
    },
    /// Of [`Record::Locked`].
    Locked(&'a Lock),
    /// Of [`Record::Unlocked`].
    Unlocked {
        /// The key.
        key: &'a str,
        /// By whom.
        by: &'a str,
    },
    /// Of [`Record::Access`].
    Access(&'a AccessEvent),
    /// Of [`Record::Event`].
    Event {
        /// The event.
        event: &'a Event,
        /// What is kept of its payload for ever.
        payload: Option<PayloadMark>,
    },
    /// Of [`Record::Forgotten`].
    Forgotten(&'a Forgotten),
    /// Of [`Record::Schedule`].
    Schedule(&'a ScheduleEvent),
    /// Of [`Record::Memory`].
    Memory(&'a MemoryEvent),
    /// Of [`Record::Muted`].
    Muted(&'a Mute),
    /// Of [`Record::Alias`].
    Alias(&'a Alias),
    /// Of [`Record::Unalias`].
    Unalias {
        /// Whose.
        scope: &'a AliasScope,
        /// The name.
        name: &'a str,
        /// By whom.
        by: &'a str,
    },
    /// Of [`Record::Unmuted`].
    Unmuted {
        /// Where.
        place: &'a Place,
        /// What.
        what: &'a str,
        /// By whom.
        by: &'a str,
    },
}

impl Record {
    /// The journal entry of this record; `None` for what stands beside the journal.
    #[must_use]
    pub fn entry(&self, at: Timestamp) -> Option<Entry<'_>> {
        let entry = |kind, who, operation, body| Some(Entry { at, kind, who, operation, body });
        match self {
            Self::Operation { event, now } => {
                entry(event.kind(), Some(who_of(event, now)), Some(&now.id), EntryBody::Operation(event))
            }
            Self::Audit(audit) => {
                entry(&audit.kind, Some(audit.who.clone()), audit.operation.as_ref(), EntryBody::Audit(audit))
            }
            Self::Input(input) => entry("input", Some(input.who()), None, EntryBody::Input(input)),
            Self::Handled { input } => entry("handled", None, None, EntryBody::Handled { input: *input }),
            Self::Message(message) => entry(
                "message",
                Some(message.from.id.clone()),
                message.operation.as_ref(),
                EntryBody::Message(message),
            ),
            Self::Edited { message, place, reply } => {
                entry("message.edited", None, None, EntryBody::Edited { message: *message, place, reply })
            }
            Self::Locked(lock) => {
                let (who, operation) = match &lock.owner {
                    LockOwner::Operation(id) => (None, Some(id)),
                    LockOwner::Somebody(who) => (Some(who.clone()), None),
                };
                entry("lock.taken", who, operation, EntryBody::Locked(lock))
            }
            Self::Unlocked { key, by } => {
                entry("lock.given_back", Some(by.clone()), None, EntryBody::Unlocked { key, by })
            }
            Self::Access(event) => entry(event.kind(), Some(event.who()), None, EntryBody::Access(event)),
            Self::Event(arrived) => {
                let payload = arrived.payload.as_ref().map(Payload::mark);
                let who = format!("source:{}", arrived.event.source);
                entry("event", Some(who), None, EntryBody::Event { event: &arrived.event, payload })
            }
            Self::Forgotten(forgotten) => {
                entry("event.forgotten", Some("wilco".to_owned()), None, EntryBody::Forgotten(forgotten))
            }
            Self::Muted(mute) => entry("mute.set", Some(mute.by.clone()), None, EntryBody::Muted(mute)),
            Self::Unmuted { place, what, by } => {
                entry("mute.ended", Some(by.clone()), None, EntryBody::Unmuted { place, what, by })
            }
            Self::Schedule(event) => entry(event.kind(), Some(event.who()), None, EntryBody::Schedule(event)),
            Self::Memory(event) => {
                let by = event.by();
                let who = by.map_or_else(|| "wilco".to_owned(), |by| by.who.clone());
                let operation = by.and_then(|by| by.operation.as_ref());
                entry(event.kind(), Some(who), operation, EntryBody::Memory(event))
            }
            Self::Alias(alias) => entry("alias.set", Some(alias.by.clone()), None, EntryBody::Alias(alias)),
            Self::Unalias { scope, name, by } => {
                entry("alias.ended", Some(by.clone()), None, EntryBody::Unalias { scope, name, by })
            }
            Self::Routed(_)
            | Self::Slot(_)
            | Self::Line(_)
            | Self::Shown { .. }
            | Self::Said { .. }
            | Self::Lease(_)
            | Self::Announced(_)
            | Self::Chart(_)
            | Self::ChartsSwept { .. }
            | Self::File(_)
            | Self::FilePart(_)
            | Self::FileDropped(_)
            | Self::FilesSwept { .. }
            | Self::Log(_) => None,
        }
    }
}

fn who_of(event: &OpEvent, now: &Operation) -> String {
    match event {
        OpEvent::Planned { .. } => now.asker.key(),
        OpEvent::Given { given } => format!("@{}", given.person),
        OpEvent::Answered { answer, .. } => format!("@{}", answer.by),
        OpEvent::Moved { by: Some(by), .. } => by.clone(),
        _ => "wilco".to_owned(),
    }
}
