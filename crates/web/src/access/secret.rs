//! Secrets that open ways in.
//!
//! Not their keeping: what is stored is the hash. Neither type prints its value. Layer 3.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wilco_contract::{clock::Chance, ids::Hash};

/// What a token begins with, so that people and scanners know it when they see it.
const TOKEN_PREFIX: &str = "wilco_";
/// What the secret of a terminal's session begins with; no token is as long.
const TERMINAL_PREFIX: &str = "wilco_s_";
/// What the hash of a terminal's session is of, besides its secret: the two kinds of sessions share one table, and the
/// secret of one kind must not open the other.
const TERMINAL_LABEL: &[u8] = b"wilco terminal 1\0";
/// What the token against forged requests is a hash of, besides the session's secret.
const CSRF_LABEL: &[u8] = b"wilco csrf 1\0";

/// 32 bytes that nobody can guess.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub(crate) fn draw(chance: &dyn Chance) -> Self {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&chance.bytes());
        bytes[16..].copy_from_slice(&chance.bytes());
        Self(bytes)
    }

    /// Reads 43 signs of base64url.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Reads a token: `wilco_` and 43 signs.
    pub(crate) fn read_token(text: &str) -> Option<Self> {
        Self::read(text.strip_prefix(TOKEN_PREFIX)?)
    }

    /// Reads the secret of a terminal's session: `wilco_s_` and 43 signs.
    pub(crate) fn read_terminal(text: &str) -> Option<Self> {
        Self::read(text.strip_prefix(TERMINAL_PREFIX)?)
    }

    /// The secret itself: for the one who gets it, and nobody else.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The secret as a token.
    pub(crate) fn token_text(&self) -> String {
        format!("{TOKEN_PREFIX}{}", self.text())
    }

    /// The secret as that of a terminal's session.
    pub(crate) fn terminal_text(&self) -> String {
        format!("{TERMINAL_PREFIX}{}", self.text())
    }

    /// What is stored of a terminal's session.
    pub(crate) fn terminal_hash(&self) -> Hash {
        Hash(Sha256::new().chain_update(TERMINAL_LABEL).chain_update(self.0).finalize().into())
    }

    /// What is stored.
    pub(crate) fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }

    /// What a page shows to prove that a request is its own; it says nothing about the secret.
    pub(crate) fn csrf(&self) -> String {
        let hash: [u8; 32] = Sha256::new().chain_update(CSRF_LABEL).chain_update(self.0).finalize().into();
        URL_SAFE_NO_PAD.encode(hash)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether two texts are the same, taking as long for every other.
pub(crate) fn same(one: &str, other: &str) -> bool {
    // Hashed first, so that not even a length shows.
    Hash::of(one.as_bytes()).0.ct_eq(&Hash::of(other.as_bytes()).0).into()
}

/// The key that whoever runs the server can read: the text of `<keys>/operator`.
#[derive(Clone)]
pub struct OperatorKey(String);

impl OperatorKey {
    /// The key of this text; blanks around it do not count. `None` for fewer than 32 signs, which could be guessed.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() >= 32).then(|| Self(text.to_owned()))
    }

    /// Whether this is the key.
    pub(crate) fn is(&self, given: &str) -> bool {
        same(&self.0, given)
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use wilco_runtime::chance::{OsChance, SeededChance};

    use super::*;

    #[test]
    fn a_secret_reads_back_and_nothing_else_does() {
        let secret = Secret::draw(&OsChance);
        assert_eq!(Secret::read(&secret.text()), Some(secret.clone()));
        assert_eq!(Secret::read_token(&secret.token_text()), Some(secret.clone()));
        assert_ne!(secret, Secret::draw(&OsChance));
        for bad in ["", "a", &secret.token_text(), &format!("{}=", secret.text()), &"*".repeat(43)] {
            assert_eq!(Secret::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_terminals_secret_is_neither_a_token_nor_a_cookie() {
        let secret = Secret::draw(&OsChance);
        let text = secret.terminal_text();
        assert_eq!(Secret::read_terminal(&text), Some(secret.clone()));
        assert_eq!((Secret::read_token(&text), Secret::read(&text)), (None, None));
        assert_eq!(Secret::read_terminal(&secret.token_text()), None);
        assert_ne!(secret.terminal_hash(), secret.hash(), "one secret opens one kind of session");
    }

    #[test]
    fn the_page_proof_is_not_the_secret() {
        let secret = Secret::draw(&SeededChance::new(1));
        assert_ne!(secret.csrf(), secret.text());
        assert_ne!(secret.csrf(), URL_SAFE_NO_PAD.encode(secret.hash().0));
        assert!(same(&secret.csrf(), &secret.csrf()) && !same(&secret.csrf(), ""));
    }

    #[test]
    fn nothing_prints_a_secret() {
        let secret = Secret::draw(&SeededChance::new(1));
        let key = OperatorKey::new(&"k".repeat(64)).expect("long enough");
        let shown = format!("{secret:?} {key:?}");
        assert!(!shown.contains(&secret.text()) && !shown.contains("kkk"));
        assert!(key.is(&"k".repeat(64)) && !key.is("k") && OperatorKey::new(" short ").is_none());
    }
}
