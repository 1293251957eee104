//! IRC: a connector that speaks IRCv3 where the server does.
//!
//! `session` is the protocol without a socket: lines and time in, lines and arrivals out. `connector` moves the
//! bytes. Not the loop that connects again: `runtime` has that. Layer 2.

mod connector;
mod handed;
mod line;
mod render;
mod sasl;
mod session;
mod split;
mod text;

use wilco_contract::source::Secret;
use wilco_runtime::{dial::Address, rate::Rate};

pub use connector::{IrcConnector, Parts, TELLS};
pub use line::{Line, Reader};
pub use split::split;

/// What one connection to a network is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name in `wilco.toml`, which begins its places.
    pub name: String,
    /// Where its servers are, the first to be tried first; at least one.
    pub addresses: Vec<Address>,
    /// The nick that is asked for.
    pub nick: String,
    /// How we say who we are, where we do.
    pub sasl: Option<Sasl>,
    /// The rooms that it enters.
    pub rooms: Vec<RoomSettings>,
    /// How fast lines are sent; nothing: as fast as the server takes them.
    pub rate: Option<Rate>,
    /// Whether charts come with the address of a picture.
    pub pictures: bool,
    /// By which name people address Wilco, for the orders that it offers.
    pub called: String,
    /// Where people find the page, without a slash at the end.
    pub console: String,
}

/// A room that is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSettings {
    /// Its name, as the network has it.
    pub name: String,
    /// What opens it, where it is kept with a key.
    pub key: Option<Secret>,
}

impl From<&str> for RoomSettings {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), key: None }
    }
}

/// How we say who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sasl {
    /// By the password of an account.
    Password {
        /// The account.
        account: String,
        /// Its password.
        password: Secret,
    },
    /// By the certificate of the connection.
    Certificate,
}

/// Whether a server takes this as a nick: letters, digits and some signs, no digit or `-` first.
#[must_use]
pub fn is_nick(text: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphabetic() || "[]\\`_^{|}".contains(c);
    text.len() <= 30
        && text.starts_with(sign)
        && text.chars().all(|c| sign(c) || c.is_ascii_digit() || c == '-')
}

/// Whether this can be the name of a room.
#[must_use]
pub fn is_room(text: &str) -> bool {
    let signs = |c: char| !c.is_control() && !matches!(c, ' ' | ',' | ':');
    text.starts_with(['#', '&', '+', '!']) && text.len() > 1 && text.len() <= 200 && text.chars().all(signs)
}

/// Whether a server takes this as the key of a room.
#[must_use]
pub fn is_key(key: &[u8]) -> bool {
    let fits = |byte: &u8| !byte.is_ascii_control() && !matches!(byte, b' ' | b',' | b':');
    (1..=100).contains(&key.len()) && key.iter().all(fits)
}

/// The account behind an id of this network, as the connector names it: `None` where no such account could speak.
#[must_use]
pub fn account_id(given: &str) -> Option<String> {
    session::account(given)
}
