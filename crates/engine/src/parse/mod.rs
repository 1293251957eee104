//! From what somebody typed to words: undo markup and phones, see whether it is said to us, split it.
//!
//! Not the meaning of the words: `catalogue` knows the commands. Layer 1.
//!
//! Markup and invisible characters are undone in the whole text ([`clean`]). What phones and full-width keyboards do to
//! signs is undone only where it would be grammar, word by word: what stands in quotes and in `<rest...>` stays as it
//! was typed.

mod address;
mod clean;
mod pieces;
mod signs;
mod words;
mod write;

pub use address::{Addressed, Names, read_line};
pub use clean::clean;
pub(crate) use pieces::{Piece, PieceKind, pieces};
pub(crate) use words::{Token, Words, as_read, asks_json, lower};
pub(crate) use write::{is_bare, quoted, word};
