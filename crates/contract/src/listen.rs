//! Listeners: what they hear in lines that are said to nobody, what they heed beside lines, and what that sets off.
//! Plain data, from the packs.
//!
//! Not the hearing, which is the engine's. Layer 0.

mod hear;

use serde::{Serialize, Serializer};

pub use self::hear::{BadHear, Hear, MAX_PATTERN, MAX_WITHOUT_TEXT};
use crate::{
    event::{MAX_FIELD, one_line},
    expr::{ExprError, Names, VALUE_END, VALUE_START, order_in},
    ids::{Account, Origin, Place},
    input::{Happening, Happens, WrittenBy, plain_sign},
    policy::Glob,
};

/// What sets something off, and what it sets off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its full name: the pack's, a dot, its own.
    pub name: String,
    /// What sets it off.
    pub on: On,
    /// What it does then.
    pub does: Does,
    /// Where it listens; absent: everywhere.
    pub rooms: Option<Vec<Glob>>,
    /// Where it was declared.
    pub origin: Origin,
}

/// What sets a listener off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A line that is said to nobody, and has this in it.
    Line(Hear),
    /// Somebody comes into a room.
    Join,
    /// Somebody leaves one.
    Leave,
    /// A room has another topic.
    Topic,
    /// Somebody puts a sign on a message: one of these, or any where there are none.
    Reaction(Vec<String>),
}

/// What a listener does. Both are templates over the names of what set it off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// It says this: in the thread of the line or message, else in the room.
    Say(String),
    /// It gives this order, as `listener:<name>`.
    Run(String),
}

/// Who set it off, as templates see them: `who.id`, `who.name`, `who.account`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Whose<'a> {
    /// The person; for whoever is nobody we know it is empty.
    #[serde(serialize_with = "or_empty")]
    pub id: Option<&'a str>,
    /// Their name, else the account's.
    pub name: &'a str,
    /// The account.
    pub account: &'a Account,
}

/// What templates may say of what happened.
#[derive(Serialize)]
struct OfHappening<'a> {
    who: &'a Whose<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<OfMessage<'a>>,
}

/// What templates may say of the message that a sign was put on; what the network does not tell is empty.
#[derive(Serialize)]
struct OfMessage<'a> {
    #[serde(serialize_with = "or_empty")]
    text: Option<&'a str>,
    #[serde(serialize_with = "or_empty")]
    account: Option<&'a str>,
    ours: bool,
}

fn or_empty<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.unwrap_or_default())
}

impl Listener {
    /// Whether it listens in this place.
    #[must_use]
    pub fn is_in(&self, place: &Place) -> bool {
        self.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(|room| room.matches(place.as_str())))
    }

    /// Whether this sets it off.
    #[must_use]
    pub fn heeds(&self, happening: &Happening) -> bool {
        let fits = match (&self.on, &happening.what) {
            (On::Join, Happens::Joined) | (On::Leave, Happens::Left) | (On::Topic, Happens::Topic { .. }) => {
                true
            }
            (On::Reaction(signs), Happens::Reacted { sign, .. }) => {
                signs.is_empty() || signs.iter().any(|one| plain_sign(one) == plain_sign(sign))
            }
            _ => false,
        };
        fits && self.is_in(&happening.place)
    }
}

impl On {
    /// The key `on` that it is written with; a line has `hear` in its place.
    #[must_use]
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Self::Line(_) => None,
            Self::Join => Some("join"),
            Self::Leave => Some("leave"),
            Self::Topic => Some("topic"),
            Self::Reaction(_) => Some("reaction"),
        }
    }

    /// The pattern, where it hears lines.
    #[must_use]
    pub fn hear(&self) -> Option<&Hear> {
        match self {
            Self::Line(hear) => Some(hear),
            _ => None,
        }
    }
}

impl Happens {
    /// The names that templates of listeners may use: `who`, and `topic`, or `reaction` and `message`.
    #[must_use]
    pub fn names(&self, who: &Whose<'_>) -> Names {
        let mut names = OfHappening { who, topic: None, reaction: None, message: None };
        match self {
            Self::Joined | Self::Left => {}
            Self::Topic { topic } => names.topic = Some(topic),
            Self::Reacted { sign, on } => {
                names.reaction = Some(sign);
                let account = match &on.by {
                    WrittenBy::Account(account) => Some(account.as_str()),
                    WrittenBy::Us | WrittenBy::Unknown => None,
                };
                names.message =
                    Some(OfMessage { text: on.text.as_deref(), account, ours: on.by == WrittenBy::Us });
            }
        }
        Names::new(&names)
    }
}

/// What a listener says. Its values come from outside: each is one line, and what would be markup in it is left out.
///
/// # Errors
/// When the template cannot be filled in.
pub fn say(template: &str, names: &Names) -> Result<String, ExprError> {
    let marked = order_in(template, names)?;
    let mut said = String::with_capacity(marked.len());
    let mut rest = marked.as_str();
    while let Some((plain, from)) = rest.split_once(VALUE_START) {
        let (value, behind) = from.split_once(VALUE_END).unwrap_or((from, ""));
        said.push_str(plain);
        said.push_str(&one_line(value, MAX_FIELD).replace(['*', '`', '[', ']'], ""));
        rest = behind;
    }
    said.push_str(rest);
    Ok(said)
}
