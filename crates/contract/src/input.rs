//! What comes in: all that the engine ever receives.
//!
//! Not a wire format: each connector turns its own into these. Layer 0.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{Account, Hash, OpId, PersonId, Place, Seq},
    principal::Program,
    reply::PressKind,
};

/// The longest text that is read as a message, in bytes; a connector cuts off or refuses what is longer.
pub const MAX_TEXT: usize = 64 * 1024;

/// Something that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Input {
    /// Somebody said something.
    Message(Message),
    /// Somebody pressed a button.
    Press(Press),
    /// Something happened in a room beside what is said there. It is never kept.
    Happened(Happening),
    /// Somebody changed what they had said. It gives no order, and is never kept.
    Edited(Edited),
    /// A rule wants a command to be run, because of an event. No connector yields it: the router does.
    Rule(RuleOrder),
    /// A listener or a schedule wants a command to be run. No connector yields it: the engine does.
    Trigger(Trigger),
}

/// Fresh, original text by an account. Edits, quotes, forwards, previews, echoes and bots' texts never become one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The network's id of the message: the same delivery twice has the same.
    pub id: String,
    /// Where it was said.
    pub place: Place,
    /// The thread, if it was said in one: the network's id of the message that opened it.
    pub thread: Option<String>,
    /// Who said it.
    pub from: Account,
    /// What was said, free of the network's markup, at most [`MAX_TEXT`] bytes.
    pub text: String,
    /// When the network says it was said.
    pub at: Timestamp,
    /// Whether the network itself marks it as said to us: a mention, a direct conversation, a slash command.
    pub to_us: bool,
}

/// Something that happened in a room beside what is said there. What we do ourselves, and what other bots do, never
/// becomes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// The network's id of it: the same delivery twice has the same, and no other input of the place has it.
    pub id: String,
    /// Where it happened.
    pub place: Place,
    /// Who did it.
    pub from: Account,
    /// What they did.
    pub what: Happens,
    /// When the network says it happened.
    pub at: Timestamp,
}

/// What happens in a room beside what is said there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happens {
    /// They came into the room.
    Joined,
    /// They left it, of their own will or not.
    Left,
    /// They gave it another topic.
    Topic {
        /// What it is now, at most [`MAX_TEXT`] bytes; empty where it was taken away.
        topic: String,
    },
    /// They put a sign on a message. That one is taken back never becomes one.
    Reacted {
        /// The sign itself where it has one, `👍`; else the network's word for it.
        sign: String,
        /// The message that it was put on.
        on: ReactedTo,
    },
}

/// The message that a sign was put on, as far as the network tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactedTo {
    /// The network's id of the message.
    pub id: String,
    /// The thread that it stands in.
    pub thread: Option<String>,
    /// Whose message it is.
    pub by: WrittenBy,
    /// Its text.
    pub text: Option<String>,
}

/// Whose message it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenBy {
    /// Ours.
    Us,
    /// Somebody's.
    Account(Account),
    /// The network does not tell.
    Unknown,
}

/// What somebody made of a message of theirs afterwards. A preview that the network adds is no edit, nor is an edit of
/// ours or another bot's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The network's id of this edit: the same delivery twice has the same.
    pub id: String,
    /// The network's id of the message.
    pub message: String,
    /// Where it stands.
    pub place: Place,
    /// The thread, if it stands in one: the network's id of the message that opened it.
    pub thread: Option<String>,
    /// Who edited it.
    pub from: Account,
    /// What it says now, free of the network's markup, at most [`MAX_TEXT`] bytes.
    pub text: String,
    /// When the network says it was edited.
    pub at: Timestamp,
    /// Whether the network itself marks it as said to us, as in [`Message::to_us`].
    pub to_us: bool,
}

/// A sign without what only colours it: 👍🏽 is 👍, and so is one that asks to be shown as a picture.
#[must_use]
pub fn plain_sign(sign: &str) -> String {
    plain_signs(sign).collect()
}

fn plain_signs(sign: &str) -> impl Iterator<Item = char> {
    sign.trim().chars().filter(|c| !matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}'))
}

/// Whether a sign, or a text that is nothing else, is a thumbs-up.
#[must_use]
pub fn is_thumbs_up(sign: &str) -> bool {
    plain_signs(sign).eq("👍".chars())
}

/// A press of one of our buttons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Press {
    /// The network's id of the press.
    pub id: String,
    /// Where the button stands.
    pub place: Place,
    /// Who pressed.
    pub from: Account,
    /// What it does.
    pub press: PressKind,
    /// The operation.
    pub operation: OpId,
    /// The plan that the button was shown with.
    pub plan: Hash,
    /// When.
    pub at: Timestamp,
}

/// An order that a rule gives because of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleOrder {
    /// Unique to the rule and the event: the same twice is the same order.
    pub id: String,
    /// The rule's name.
    pub rule: String,
    /// The event.
    pub event: Seq,
    /// Whether the event's sender proved who they are.
    pub signed: bool,
    /// The order, without our name in front.
    pub order: String,
    /// Where the event was told, or the home room.
    pub place: Place,
    /// The slot in whose thread the answer belongs.
    pub slot: Option<u64>,
    /// When the event was taken in.
    pub at: Timestamp,
}

/// An order that a listener gives because of a line or a happening, or a schedule because of the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Unique to the program and what set it off: the same twice is the same order.
    pub id: String,
    /// Who gives it.
    pub program: Program,
    /// The person whose line or doing set it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_off_by: Option<PersonId>,
    /// The order, without our name in front.
    pub order: String,
    /// Where the line was said or it happened, or where the schedule belongs.
    pub place: Place,
    /// The thread of the answer; none: the room itself.
    pub thread: Option<String>,
    /// When the line was said or it happened, or the schedule was due.
    pub at: Timestamp,
    /// Whether it is still run when it comes late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

impl Input {
    /// Whom it came from: an account, or `rule:<name>`.
    #[must_use]
    pub fn who(&self) -> String {
        match self {
            Self::Message(message) => message.from.to_string(),
            Self::Press(press) => press.from.to_string(),
            Self::Happened(happening) => happening.from.to_string(),
            Self::Edited(edited) => edited.from.to_string(),
            Self::Rule(rule) => format!("rule:{}", rule.rule),
            Self::Trigger(trigger) => trigger.program.to_string(),
        }
    }

    /// The place that it came from.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Message(message) => &message.place,
            Self::Press(press) => &press.place,
            Self::Happened(happening) => &happening.place,
            Self::Edited(edited) => &edited.place,
            Self::Rule(rule) => &rule.place,
            Self::Trigger(trigger) => &trigger.place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbs_up_is_one_in_every_colour() {
        for sign in ["👍", "👍🏻", "👍🏿", " 👍\u{fe0f}"] {
            assert!(is_thumbs_up(sign), "{sign:?}");
        }
        for sign in ["👎", "👍👍", "+1", "", "👍 no"] {
            assert!(!is_thumbs_up(sign), "{sign:?}");
        }
    }
}
