//! Finding messages by their words.
//!
//! Not an index: a look goes over so many messages and no more, newest first, and says where the next one goes on. So it
//! costs nothing while messages are written, and as much in a large room as in a small one. Layer 0.

use crate::{ids::Seq, store::RoomMessage};

/// The most words that a [`Search`] has.
pub const MAX_WORDS: usize = 8;

/// What to find in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// What a message's text has to have, each somewhere; the letters a to z count as A to Z do. At most
    /// [`MAX_WORDS`]; more are not looked for.
    pub words: Vec<String>,
    /// Only messages behind this number.
    pub after: Seq,
    /// Only messages before this number; 0: the end.
    pub before: Seq,
    /// The most to find.
    pub limit: usize,
    /// The most messages to look at.
    pub look: usize,
}

/// What was found in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The messages, newest first.
    pub messages: Vec<RoomMessage>,
    /// What to send as [`Search::before`] for older ones; none where all were looked at.
    pub next: Option<Seq>,
}
