//! Names for things: places, people, accounts, commands, operations, hashes.
//!
//! Not a registry: these types say that a name is well formed, never that the thing exists. Layer 0.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A name that is not well formed, with what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {expected}")]
pub struct BadName {
    /// What was given, shortened to 80 characters.
    pub given: String,
    /// What was expected, as a noun phrase.
    pub expected: &'static str,
}

impl BadName {
    fn new(given: &str, expected: &'static str) -> Self {
        Self { given: given.chars().take(80).collect(), expected }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $type(Arc<str>);

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl $type {
            /// Reads the name.
            ///
            /// # Errors
            /// When the text is not well formed; the error says what would be.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(BadName::new(text, $expected)) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.as_ref().to_owned()
            }
        }
    };
}

fn slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

fn dotted(text: &str) -> bool {
    text.len() <= 128 && text.split('.').count() >= 2 && text.split('.').all(slug)
}

fn connected(text: &str) -> bool {
    text.len() <= 512
        && !text.chars().any(char::is_control)
        && text.split_once(':').is_some_and(|(connector, rest)| slug(connector) && !rest.is_empty())
}

name!(
    /// A person, by the key of their `[person.x]` table: `ana`.
    PersonId, slug, "a person's name: lower-case letters, digits, - and _"
);
name!(
    /// A role, without the `role:` in front: `lead`.
    RoleName, slug, "a role's name: lower-case letters, digits, - and _"
);
name!(
    /// A command's full id: pack, dot, command, as in `webapp.ship`.
    CommandId, dotted, "a command id such as `webapp.ship`"
);
name!(
    /// An action's name: system, dot, verb, as in `exec.run`; `say`, `ask` and `wait` have no system.
    ActionName, |text| matches!(text, "say" | "ask" | "wait") || dotted(text), "an action's name such as `exec.run`"
);
name!(
    /// A place: `connector:room`. The first colon splits, the rest is the network's stable id; a direct
    /// conversation is `connector:@account`.
    Place, connected, "a place such as `web:ops`"
);
name!(
    /// A source of events, by the key of its `[source.x]` table: `github`.
    SourceName, slug, "a source's name: lower-case letters, digits, - and _"
);
name!(
    /// What events speak of: `source:thing`, as in `github:acme/webapp#812`.
    ObjectId, connected, "an object such as `tickets:acme#812`"
);
name!(
    /// A human's identity on one network: `connector:account`, as in `irc:ana`.
    Account, connected, "an account such as `web:ana`"
);

impl Place {
    /// The connector's name, before the first colon.
    #[must_use]
    pub fn connector(&self) -> &str {
        self.0.split_once(':').map_or("", |(connector, _)| connector)
    }

    /// The network's own id of the room, after the first colon.
    #[must_use]
    pub fn room(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, room)| room)
    }

    /// The direct conversation with this account, as all networks name it.
    #[must_use]
    pub fn alone_with(account: &Account) -> Option<Self> {
        Self::parse(&format!("{}:@{}", account.connector(), account.id())).ok()
    }

    /// The account of a direct conversation, `None` for a room.
    #[must_use]
    pub fn direct(&self) -> Option<&str> {
        self.room().strip_prefix('@')
    }
}

impl Account {
    /// The connector's name, before the first colon.
    #[must_use]
    pub fn connector(&self) -> &str {
        self.0.split_once(':').map_or("", |(connector, _)| connector)
    }

    /// Whether the network says whose it is: whoever it does not know has `~` before their name.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        !self.id().starts_with('~')
    }

    /// The network's own id of the account, after the first colon.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, id)| id)
    }
}

/// The signs of an operation's id: Crockford base32, without i, l, o and u.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An operation's sayable id: a letter, a dash, four signs or more of Crockford base32: `d-7F3K`.
///
/// Read in any case; `o` counts as 0, `i` and `l` as 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpId(Arc<str>);

impl OpId {
    /// Makes the id with this letter and number, `signs` long (4 signs hold 2^20 numbers).
    #[must_use]
    pub fn new(letter: char, number: u64, signs: usize) -> Self {
        let mut text = String::with_capacity(signs + 2);
        text.push(letter.to_ascii_lowercase());
        text.push('-');
        for place in (0..signs).rev() {
            let sign = (number >> (5 * place)) & 31;
            text.push(char::from(CROCKFORD[usize::try_from(sign).unwrap_or(0)]));
        }
        Self(text.into())
    }

    /// Reads an id as people say it.
    ///
    /// # Errors
    /// When the text is not a letter, a dash and at least four Crockford signs.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let bad = || BadName::new(text, "an operation's id such as `d-7F3K`");
        let (letter, rest) = text.split_once('-').ok_or_else(bad)?;
        let mut letters = letter.chars();
        let (Some(first), None) = (letters.next(), letters.next()) else { return Err(bad()) };
        if !first.is_ascii_alphabetic() || !(4..=10).contains(&rest.len()) {
            return Err(bad());
        }
        let mut id = format!("{}-", first.to_ascii_lowercase());
        for sign in rest.chars() {
            let sign = match sign.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if !sign.is_ascii() || !CROCKFORD.contains(&(sign as u8)) {
                return Err(bad());
            }
            id.push(sign);
        }
        Ok(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for OpId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<OpId> for String {
    fn from(id: OpId) -> Self {
        id.0.as_ref().to_owned()
    }
}

/// These bytes as lower-case hex digits, two for each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}

/// The sixteen bytes that [`hex`] writes so; none where this is not exactly how it writes them.
#[must_use]
pub fn read_hex(text: &str) -> Option<[u8; 16]> {
    let digits: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let digit = |sign: u8| match sign {
        b'0'..=b'9' => Some(sign - b'0'),
        b'a'..=b'f' => Some(sign - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? * 16 + digit(pair[1])?;
    }
    Some(bytes)
}

/// A SHA-256, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash before the first record of a chain.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of a value's RFC 8785 JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON (a map with keys that are no strings, a number that is not finite).
    pub fn of_json<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self::of(&serde_json_canonicalizer::to_vec(value)?))
    }

    /// Reads 64 hex digits.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let bad = || BadName::new(text, "a hash of 64 hex digits");
        if text.len() != 64 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        let half = |digit: u8| char::from(digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let [high, low] = pair else { return Err(bad()) };
            *byte = half(*high).ok_or_else(bad)? << 4 | half(*low).ok_or_else(bad)?;
        }
        Ok(Self(bytes))
    }

    /// The first eight digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for Hash {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hex(&hash.0)
    }
}

/// The number of a journal record, from 1, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where something was declared: a file, a line and a column (both from 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The file as the reader of the message would name it, relative to the ops repo; `built in` for our own.
    pub file: Arc<str>,
    /// The line, from 1; 0 where there is no file.
    pub line: u32,
    /// The column, from 1; 0 where there is no file.
    pub column: u32,
}

impl Origin {
    /// What Wilco itself declares.
    #[must_use]
    pub fn built_in() -> Self {
        Self { file: "built in".into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { f.write_str(&self.file) } else { write!(f, "{}:{}", self.file, self.line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_id_is_read_as_people_say_it() {
        let id = OpId::new('d', 0x7_3E6F, 4);
        assert_eq!(OpId::parse(&id.to_string().to_lowercase()), Ok(id));
        assert_eq!(OpId::parse("D-o1Il").map(String::from), Ok("d-0111".to_owned()));
        for bad in ["", "d", "d-7F3", "dd-7F3K", "d-7F3U", "d-7F3é", "7-7F3K", "d-00000000000"] {
            assert!(OpId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_place_splits_at_its_first_colon() {
        let place = Place::parse("matrix:!room:example.org").expect("a place");
        assert_eq!((place.connector(), place.room()), ("matrix", "!room:example.org"));
        assert_eq!(Place::parse("web:@ana").expect("a place").direct(), Some("ana"));
        assert!(Place::parse("ops").is_err() && Place::parse("web:").is_err());
    }

    #[test]
    fn bytes_are_written_as_two_digits_each() {
        assert_eq!(hex(&[0, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(hex(&[]), "");
    }

    #[test]
    fn a_hash_reads_back() {
        let hash = Hash::of(b"wilco");
        assert_eq!(Hash::parse(&hash.to_string()), Ok(hash));
        assert!(Hash::parse("zz").is_err());
    }
}
