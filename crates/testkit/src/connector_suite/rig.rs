//! What the cases need of a network: a [`Rig`].
//!
//! Not a case, and no network: whoever runs the suite has one at hand. For tests only.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use wilco_contract::{
    connector::Connector,
    ids::{Account, Place},
    input::Press,
    reply::Choice,
};
use wilco_runtime::rate::Rate;

use crate::proxy::Proxy;

/// A connector on a fresh network, with two people in a room.
///
/// Whatever a network may lack is asked of each rig, which answers with `None` or `false` itself and says why: a default
/// would let the next connector pass what it should not. Only what is asked for where something else was answered has one.
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

    /// The way with faults on which bytes pass, where there is one. Without one there is nothing to go wrong: the cases of
    /// a connection that is cut, stalls or comes in pieces do not apply.
    fn way(&self) -> Option<Way<'_>>;

    /// After so long without a word from the other side the connector has given a connection up, as its page promises.
    /// Only asked for where there is a way to a server.
    fn notices_within(&self) -> Duration {
        unreachable!("there is no server that could be silent");
    }

    /// From now on time passes as fast as nothing else happens. Only asked for where there is a way to a server.
    fn hurry(&self) {
        unreachable!("there is nothing to wait for");
    }

    /// Lets so much time pass for the network and the connector. Only asked for where the network remembers.
    fn pass(&self, span: Duration) {
        unreachable!("nobody can let {span:?} pass");
    }

    /// Kills the network's server in the middle of everything. `false` where there is none but Wilco itself: the cases
    /// then connect anew beside the connection that stands, which ends by that.
    async fn kill(&self) -> bool;

    /// Starts the server that was killed again, and brings everybody back to where they were.
    async fn revive(&self) {
        unreachable!("nothing was killed");
    }

    /// A connector to such a network that says of itself what is not believed. Nothing where nobody asks who it is, as in
    /// rooms that Wilco keeps itself.
    async fn disbelieved(&self) -> Option<Disbelieved>;

    /// A connector to the network that may say so much and no more. Nothing where nothing bounds what it says.
    fn paced(&self, rate: Rate) -> Option<Arc<dyn Connector>>;

    /// Somebody else says something as if they were this person, as far as the network lets them: the account by which it
    /// has to arrive. The error is what stops them.
    async fn pose(&self, who: &Account, place: &Place, text: &str) -> Result<Account, String> {
        unreachable!("nobody says `{text}` for {who} in {place}");
    }

    /// Whether the network tells who is away.
    fn tells_away(&self) -> bool;

    /// Somebody who may do that keeps us out of the room. `false` where nobody may, as in rooms that Wilco keeps itself.
    async fn expel(&self, place: &Place, how: Expel) -> bool;

    /// Whoever kept us out of the room takes that back, invites us, and sees us come.
    async fn invite(&self, place: &Place) {
        unreachable!("nobody was kept out of {place}");
    }

    /// What whoever runs Wilco was told of the connector.
    fn news(&self) -> Vec<String> {
        Vec::new()
    }

    /// Says something that is delivered twice, as networks do it. `false` where nothing is said: the network has nothing
    /// by which a second delivery could be told from something that is said again.
    async fn say_twice(&self, who: &Account, place: &Place, text: &str) -> bool;

    /// Says bytes that are no UTF-8, as an old client would. The error is what it says when they are refused.
    async fn say_bytes(&self, who: &Account, place: &Place, bytes: &[u8]) -> Result<(), String> {
        unreachable!("{who} cannot say {bytes:?} in {place}");
    }

    /// What calls everybody in a room at once, where the network has such a word.
    fn mass_mention(&self) -> Option<&'static str>;
}

/// The way with faults, and what is at its ends.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    /// The connector and the network's server: what we say and what we hear passes.
    ToServer(&'a Proxy),
    /// People's clients and Wilco, which keeps the network itself: what people say passes, and what they look at.
    ToUs(&'a Proxy),
}

impl<'a> Way<'a> {
    /// What is wrong on it.
    #[must_use]
    pub fn faults(self) -> &'a Proxy {
        match self {
            Self::ToServer(faults) | Self::ToUs(faults) => faults,
        }
    }
}

/// A connector that says of itself what the network does not believe.
pub struct Disbelieved {
    /// The connector.
    pub connector: Arc<dyn Connector>,
    /// The secret that it says, which nobody is to read.
    pub secret: &'static str,
    /// What has to be named, so that somebody can correct it.
    pub names: &'static str,
}

/// How somebody keeps us out of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expel {
    /// They see to it that we are not let in. It does not matter whether we are there.
    Ban,
    /// They do so, and remove us from it.
    Kick,
}

/// Something that a person does beside saying something.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// They come into the room, in which they were not.
    Join,
    /// They leave it.
    Leave,
    /// They say that they are away, or that they are back.
    Away(bool),
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
