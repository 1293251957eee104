//! A text sign by sign, with what stands in quotes as one: for conditions, which are written without spaces.
//!
//! Not words: [`super::words`]. The same quotes close and escape alike; they open behind anything but a letter or a
//! digit, as in `f('a')` and `x=='a'`, so that an apostrophe stays one. Layer 1.

use super::signs::{Quote, plain};

/// A sign or a quoted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The byte where it begins.
    pub(crate) at: usize,
    /// What it is.
    pub(crate) kind: PieceKind,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PieceKind {
    /// A sign outside quotes, as the plain one.
    Sign(char),
    /// What stood in quotes.
    Text(String),
}

impl Piece {
    /// The sign that it is; `None` for a quoted text.
    pub(crate) fn sign(&self) -> Option<char> {
        match self.kind {
            PieceKind::Sign(sign) => Some(sign),
            PieceKind::Text(_) => None,
        }
    }

    /// Whether it is a space of any kind.
    pub(crate) fn is_space(&self) -> bool {
        self.sign().is_some_and(char::is_whitespace)
    }
}

/// The pieces of a text, and whether a quote in it is never closed.
pub(crate) fn pieces(text: &str) -> (Vec<Piece>, bool) {
    let mut pieces = Vec::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        let Some(quote) = Quote::opened_by(c).filter(|_| !before.is_alphanumeric()) else {
            pieces.push(Piece { at, kind: PieceKind::Sign(plain(c)) });
            before = c;
            continue;
        };
        let mut inside = String::new();
        let mut closed = false;
        while let Some((_, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == '\\' && quote.escapes() {
                if let Some(escaped) = next.filter(|&next| next == '\\' || quote.closed_by(next, None)) {
                    chars.next();
                    inside.push(escaped);
                    continue;
                }
            } else if quote.closed_by(c, next) {
                closed = true;
                break;
            }
            inside.push(c);
        }
        if quote == Quote::Guillemets {
            inside = inside.trim().to_owned();
        }
        pieces.push(Piece { at, kind: PieceKind::Text(inside) });
        if !closed {
            return (pieces, true);
        }
        before = ' ';
    }
    (pieces, false)
}
