//! The joint to a chat network.
//!
//! Not the loop that keeps it alive: a connector connects once, sends once and describes the failure; `runtime`
//! does the rest. Layer 0.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{Account, Place, Seq},
    input::Input,
    reply::Reply,
    retry::Retry,
};

/// Where to go on after a break, in the network's own terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub String);

/// A chat network.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects once, going on after the cursor where the network can.
    ///
    /// # Errors
    /// When it did not succeed; the error says whether trying again makes sense.
    async fn connect(&self, resume: Option<Cursor>) -> Result<Session, ConnectError>;
}

/// A standing connection.
pub struct Session {
    /// What the network can do.
    pub caps: Caps,
    /// What comes in; it ends when the connection does.
    pub arrivals: BoxStream<'static, Arrival>,
    /// The way out.
    pub outbox: Arc<dyn Outbox>,
    /// Who is where.
    pub directory: Arc<dyn Directory>,
}

/// What a network can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent ability, read by name")]
pub struct Caps {
    /// A message can be changed in place.
    pub edits: bool,
    /// Messages can hang together in threads.
    pub threads: bool,
    /// Buttons can be pressed.
    pub buttons: bool,
    /// The same delivery key twice is shown once.
    pub keys: bool,
    /// A chart that is said there is to come with the address of its picture, as the network draws none itself.
    pub pictures: bool,
    /// The longest message in bytes.
    pub max_bytes: usize,
    /// What it tells beside what is said.
    pub tells: Tells,
}

/// What a network tells beside what is said and pressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent ability, read by name")]
pub struct Tells {
    /// Who comes into a room, and who leaves it.
    pub presence: bool,
    /// That a room has another topic.
    pub topics: bool,
    /// That somebody put a sign on a message.
    pub reactions: bool,
    /// That somebody changed what they had said.
    pub edits: bool,
}

impl Tells {
    /// All of it.
    pub const ALL: Self = Self { presence: true, topics: true, reactions: true, edits: true };
    /// None of it.
    pub const NOTHING: Self = Self { presence: false, topics: false, reactions: false, edits: false };
}

/// Something that came in, and how to say that it was kept.
pub struct Arrival {
    /// What came in.
    pub input: Input,
    /// Where to go on after it.
    pub cursor: Option<Cursor>,
    /// Its journal record, where the connector has already committed it; otherwise the engine does.
    pub kept: Option<Seq>,
    /// Called once it is kept or needs no keeping.
    pub ack: Option<Ack>,
}

/// Tells the network that an input was kept.
pub struct Ack(Box<dyn FnOnce() + Send>);

impl Ack {
    /// An ack that does this.
    pub fn new(then: impl FnOnce() + Send + 'static) -> Self {
        Self(Box::new(then))
    }

    /// Says so.
    pub fn send(self) {
        (self.0)();
    }
}

/// The way out to a network. Each call tries once.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Posts a new message. The same key twice shows one message where the network has keys.
    ///
    /// # Errors
    /// When it was not sent, or when nobody can tell.
    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError>;

    /// Says something that nothing waits for and nobody keeps, such as the answer of a read. Returns once it is in its
    /// turn, behind all that was posted there before; a network that takes its time to say that it has something holds
    /// up nobody by it.
    ///
    /// # Errors
    /// When it was not taken.
    async fn say(&self, post: Post<'_>) -> Result<(), SendError> {
        self.post(post).await.map(|_| ())
    }

    /// Replaces a message's content.
    ///
    /// # Errors
    /// When it was not sent, or when nobody can tell.
    async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError>;
}

/// A message to post.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// Where.
    pub place: &'a Place,
    /// The thread, where the network has threads.
    pub thread: Option<&'a str>,
    /// What.
    pub reply: &'a Reply,
    /// The key that makes a repeat harmless.
    pub key: &'a DeliveryKey,
}

/// Who is where, and who may read what.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Whether the place exists.
    async fn exists(&self, place: &Place) -> bool;

    /// Whether this account may read the place.
    async fn may_read(&self, account: &Account, place: &Place) -> bool;

    /// The accounts that are in the place now.
    async fn members(&self, place: &Place) -> Vec<Account>;

    /// Whether the person behind an account is there to read something.
    async fn presence(&self, _account: &Account) -> Presence {
        Presence::Unknown
    }

    /// The place of a direct conversation with this account, opened if need be.
    async fn open_dm(&self, account: &Account) -> Option<Place>;
}

/// Tells whoever runs Wilco what became of a connector, in the home room.
pub trait News: Send + Sync {
    /// Tells it, in a sentence. Returns at once.
    fn tell(&self, connector: &str, what: String);
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// They are.
    Here,
    /// They say that they are away.
    Away,
    /// They are nowhere where we are.
    Gone,
    /// The network does not tell.
    #[default]
    Unknown,
}

/// How a connector stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name in the configuration.
    pub connector: String,
    /// In a word: `connecting`, `connected`, `waiting`, `parked`.
    pub state: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// What happened, where it is not connected; or what of it is left alone for a while.
    pub why: Option<String>,
    /// What went wrong last, and when, though it may be well by now.
    pub last: Option<(Timestamp, String)>,
    /// What somebody has to do.
    pub todo: Option<String>,
}

/// How all connectors stand.
#[async_trait]
pub trait Standings: Send + Sync {
    /// All of them, by name.
    fn standings(&self) -> Vec<Standing>;

    /// The servers that are left alone for a while because they failed again and again, by name: what is said of each.
    fn left_alone(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Tries a connector again at once, as it is configured now.
    ///
    /// # Errors
    /// Why not, in a sentence.
    async fn retry(&self, connector: &str) -> Result<String, String> {
        Err(format!("There is no way to try `{connector}` again here."))
    }
}

/// Makes a repeated post recognisable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeliveryKey(pub String);

/// Where a post ended up, so that it can be edited.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// The place.
    pub place: Place,
    /// The network's id of the message.
    pub id: String,
}

/// Why a connection did not come about.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct ConnectError {
    /// What happened and what to do, in a sentence.
    pub what: String,
    /// Whether to try again.
    pub retry: Retry,
}

/// Why a message was not sent.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    /// It was not sent.
    #[error("not sent: {what}")]
    NotSent {
        /// What happened.
        what: String,
        /// Whether to try again.
        retry: Retry,
    },
    /// It may have been sent; nobody can tell.
    #[error("it is unknown whether it was sent: {what}")]
    Unknown {
        /// What happened.
        what: String,
    },
}
