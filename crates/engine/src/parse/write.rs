//! Writing a text so that it is read as one word, and as that word.
//!
//! Not a whole order, which `catalogue` writes. Layer 1.

use super::signs::is_plain;

/// The text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// Whether a word is read as it stands, without quotes.
pub(crate) fn is_bare(text: &str) -> bool {
    let bare = |c: char| (c.is_alphanumeric() && is_plain(c)) || "_-./:@#%+,~".contains(c);
    !text.is_empty() && !text.starts_with("--") && !text.ends_with('.') && text.chars().all(bare)
}

/// The text as it stands where it can, else in quotes.
pub(crate) fn word(text: &str) -> String {
    if is_bare(text) { text.to_owned() } else { quoted(text) }
}
