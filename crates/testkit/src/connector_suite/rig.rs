//! What the cases need of a network: a [`Rig`].
//!
//! Not a case, and no network: whoever runs the suite has one at hand. For tests only.

use std::sync::Arc;

use async_trait::async_trait;
use wilco_contract::{
    connector::Connector,
    ids::{Account, Place},
    input::Press,
    reply::Choice,
};

/// A connector on a fresh network, with two people in a room.
#[async_trait]
pub trait Rig: Send + Sync {
    /// The connector. It is the same one for the rig's life, and connected anew by the cases.
    fn connector(&self) -> Arc<dyn Connector>;

    /// A room in which both people are.
    fn room(&self) -> Place;

    /// A room that does not exist.
    fn missing_room(&self) -> Place;

    /// The accounts of two people.
    fn people(&self) -> [Account; 2];

    /// An account that may not read the room, where there can be one.
    fn stranger(&self) -> Option<Account>;

    /// Whether the network gives again what was not acked, and what was said while nobody was connected.
    fn remembers(&self) -> bool;

    /// Says something as this person's client would, in the thread of a message that it shows. The error is what the
    /// client says when the network refuses.
    async fn say(&self, who: &Account, place: &Place, thread: Option<&str>, text: &str)
    -> Result<(), String>;

    /// What this person's client shows of the place, oldest first; nothing where they may not look.
    async fn shows(&self, who: &Account, place: &Place) -> Vec<Shown>;

    /// Presses a button that this person's client shows.
    async fn press(&self, who: &Account, place: &Place, button: &Choice) -> Pressed;

    /// Whether this person is in the room already, in the sense in which coming and leaving is told.
    fn is_there(&self, _who: &Account) -> bool {
        false
    }

    /// Does something beside saying something, as this person's client would. Only asked for what the network tells.
    async fn act(&self, who: &Account, place: &Place, act: Act<'_>) {
        unreachable!("{who} cannot do this in {place}: {act:?}");
    }
}

/// Something that a person does beside saying something.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// They come into the room, in which they were not.
    Join,
    /// They leave it.
    Leave,
    /// They give it this topic.
    Topic(&'a str),
    /// They put a sign on a message that their client shows.
    React {
        /// The sign.
        sign: &'a str,
        /// The message.
        on: &'a Shown,
    },
    /// They make this of a message of theirs that their client shows.
    Edit {
        /// The message.
        message: &'a Shown,
        /// What it says from now on.
        text: &'a str,
    },
}

/// A message as a client shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its id, as clients know it.
    pub id: String,
    /// The id of the message that opened its thread.
    pub thread: Option<String>,
    /// Whether it is by Wilco.
    pub ours: bool,
    /// Its text in its last version.
    pub text: String,
    /// Its buttons.
    pub buttons: Vec<Choice>,
}

/// What becomes of a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// It arrives.
    Arrives,
    /// The network's own door took it and answered it; this is what it handed in.
    Answered(Press),
}
