//! Where events go: routes, rules that run a command, mutes. Plain data, from `wilco.toml` and the packs.
//!
//! Not the deciding: `engine/route` looks at them in order. Layer 0.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    event::Level,
    expr::Condition,
    ids::{Origin, Place, SourceName},
};

/// Where events go that fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Which events; absent: all.
    pub when: Option<Condition>,
    /// Where to.
    pub to: Vec<Place>,
    /// A template of the line, in place of the source's own.
    pub say: Option<String>,
    /// How loud; absent: as the event is by itself.
    pub level: Option<Level>,
    /// Which lines it may share.
    pub group: Group,
    /// Whether what fits goes nowhere, whatever other routes say. Only in `wilco.toml`.
    pub drop: bool,
    /// Where it was declared.
    pub origin: Origin,
}

/// Whether events of a family share a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Those within so many seconds do.
    Within(u64),
    /// Every delivery that was not seen before becomes a post of its own: no slot, no budget, no folding.
    None,
}

/// The default of [`Route::group`].
pub const DEFAULT_GROUP: Group = Group::Within(30);

/// An event runs a command, through the gate, as `rule:<name>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Which events.
    pub when: Condition,
    /// The order, a template over `event.*`.
    pub run: String,
    /// Where it was declared.
    pub origin: Origin,
}

/// What `wilco.toml` says of a source, beyond what the source itself knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRule {
    /// The source.
    pub source: SourceName,
    /// Where its events go when no route fits.
    pub to: Vec<Place>,
    /// How long its payloads are kept, in seconds.
    pub keep_secs: u64,
    /// Where it was declared.
    pub origin: Origin,
}

/// The default of [`SourceRule::keep_secs`]: 14 days.
pub const DEFAULT_KEEP_SECS: u64 = 14 * 86_400;

/// A wish not to be told of something in a place, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Where.
    pub place: Place,
    /// What: a source, a repository, an object, a title or a kind, in lower case.
    pub what: String,
    /// Who wished it, as [`crate::principal::Principal::key`].
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// The names that a condition or template over an event may use. Below `event.payload` and `event.labels` any name
/// may follow.
pub const EVENT_NAMES: [&str; 21] = [
    "event.source",
    "event.kind",
    "event.action",
    "event.id",
    "event.at",
    "event.object",
    "event.repo",
    "event.number",
    "event.title",
    "event.url",
    "event.actor",
    "event.actor.name",
    "event.actor.account",
    "event.state",
    "event.severity",
    "event.labels",
    "event.branch",
    "event.text",
    "event.delivery",
    "event.payload",
    "event.line",
];

/// Whether a condition or template over an event may use this name.
#[must_use]
pub fn is_event_name(name: &str) -> bool {
    name == "event"
        || EVENT_NAMES.contains(&name)
        || name.starts_with("event.payload.")
        || name.starts_with("event.labels.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_below_the_payload_is_free_and_others_are_not() {
        for name in ["event", "event.kind", "event.payload.a.b", "event.labels.team", "event.actor.name"] {
            assert!(is_event_name(name), "{name}");
        }
        for name in ["event.kin", "event.actor.mail", "args.app", "event.kind.x", ""] {
            assert!(!is_event_name(name), "{name}");
        }
    }
}
