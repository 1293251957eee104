//! Events: what happened in the team's systems, as a source decoded it, and the payload it came in.
//!
//! Not where an event goes: [`crate::route`] has those rules, and [`crate::slot`] the messages that come of them.
//! Layer 0.

use std::{cell::RefCell, collections::BTreeMap};

use bytes::Bytes;
use jiff::Timestamp;
use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};
use serde::{Deserialize, Serialize};

use crate::ids::{Hash, ObjectId, Place, Seq, SourceName};

/// The longest line of an event, in characters, its address not counted.
pub const MAX_LINE: usize = 200;
/// The longest text of an event that is kept beside its line, in characters; the payload has all of it.
pub const MAX_WORDS: usize = 1_000;
/// The longest of the other texts of an event, in characters.
pub const MAX_FIELD: usize = 300;
/// The most labels that are kept.
pub const MAX_LABELS: usize = 64;
/// The greatest number that RFC 8785 JSON writes as it is: 2^53 − 1.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;
/// The longest id of a delivery, in bytes; a source hashes what is longer.
pub const MAX_ID: usize = 200;

/// Something that happened.
///
/// The fields stand in the order of their names, so that plain JSON of it is RFC 8785 JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What was done, in the vendor's word: `opened`, `completed`.
    pub action: Option<String>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// When it happened, as the sender says; when it came, where the sender says nothing.
    pub at: Timestamp,
    /// The branch that it is about.
    pub branch: Option<String>,
    /// The sender's id of the request that it came in.
    pub delivery: Option<String>,
    /// Whether the object has come to an end with it: closed, merged, resolved, succeeded.
    pub done: bool,
    /// What it is one of, in the plural, for lines that stand for several: `issues opened in acme/webapp`. Events with
    /// the same family may share a line; without one they never do.
    pub family: Option<String>,
    /// The object's own line as it stands after it. Absent: the event leaves the line as it is.
    pub head: Option<String>,
    /// The id by which the source tells a repeat, at most [`MAX_ID`] bytes: the same event twice has the same.
    pub id: String,
    /// What kind of thing, in the vendor's word: `pull_request`.
    pub kind: String,
    /// Its labels.
    pub labels: Labels,
    /// How loud it is by itself.
    pub level: Level,
    /// What happened, in one line that says it without any other: at most [`MAX_LINE`] characters, no address.
    pub line: String,
    /// The object's number, at most [`MAX_NUMBER`].
    pub number: Option<u64>,
    /// What it is about.
    pub object: Option<ObjectId>,
    /// Which part of the object it is about, where parts have an order of their own: one alert of a group. An event is
    /// late when something newer is known of its part; without parts, of its object.
    pub part: Option<String>,
    /// Whether [`Self::text`] is worth showing beside the line.
    pub quote: bool,
    /// How people call the object, in short: `webapp#812`.
    pub reference: Option<String>,
    /// The repository, in full.
    pub repo: Option<String>,
    /// How bad it is, in the vendor's word.
    pub severity: Option<String>,
    /// Whether the sender proved who they are. What did not triggers no write.
    pub signed: bool,
    /// The source that it came by.
    pub source: SourceName,
    /// The object's state after it, in one word: `open`, `firing`, `resolved`. Absent: it changes none.
    pub state: Option<String>,
    /// People's or systems' own words in it, at most [`MAX_WORDS`] characters.
    pub text: Option<String>,
    /// The object's title.
    pub title: Option<String>,
    /// Where to look at it: an `http://` or `https://` address.
    pub url: Option<String>,
}

/// Who did something outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Their account there.
    pub account: String,
    /// Their name for people to read.
    pub name: String,
}

/// The labels of an event: names, or names with values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Labels {
    /// Names.
    Names(Vec<String>),
    /// Names with values. The names are ASCII.
    Values(BTreeMap<String, String>),
}

impl Default for Labels {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

/// How loud an event is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Kept, and told nowhere; where its object has a line, that is brought up to date.
    Off,
    /// Counted in the room's digest of the day.
    Digest,
    /// A line in the object's thread.
    Thread,
    /// The object's line: posted once, then kept up to date.
    Normal,
    /// The same, and never folded into a line with others.
    Loud,
}

impl Level {
    /// Its name in files and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Digest => "digest",
            Self::Thread => "thread",
            Self::Normal => "normal",
            Self::Loud => "loud",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Off, Self::Digest, Self::Thread, Self::Normal, Self::Loud]
            .into_iter()
            .find(|level| level.as_str() == name)
    }
}

impl Event {
    /// An event of which nothing is known but where, when and what kind: told nowhere, about nothing.
    #[must_use]
    pub fn new(source: SourceName, id: impl Into<String>, kind: impl Into<String>, at: Timestamp) -> Self {
        Self {
            action: None,
            actor: None,
            at,
            branch: None,
            delivery: None,
            done: false,
            family: None,
            head: None,
            id: id.into(),
            kind: kind.into(),
            labels: Labels::default(),
            level: Level::Off,
            line: String::new(),
            number: None,
            object: None,
            part: None,
            quote: false,
            reference: None,
            repo: None,
            severity: None,
            signed: false,
            source,
            state: None,
            text: None,
            title: None,
            url: None,
        }
    }
}

/// Text from outside in one line: characters that draw nothing, turn text around or break the line become spaces or
/// go, runs of spaces become one, and what is longer than `max` characters ends in `…`.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    if max == 0 {
        return String::new();
    }
    let mut out = String::with_capacity(text.len().min(max * 4));
    let (mut count, mut space) = (0, false);
    for c in text.chars() {
        if is_hidden(c) && !c.is_whitespace() {
            continue;
        }
        if c.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        let wanted = 1 + usize::from(space);
        if count + wanted > max {
            while count >= max {
                out.pop();
                count -= 1;
            }
            out.truncate(out.trim_end().len());
            out.push('…');
            return out;
        }
        if space {
            out.push(' ');
        }
        space = false;
        out.push(c);
        count += wanted;
    }
    out
}

/// Text from outside of several lines: as [`one_line`], but line ends stay, at most two in a row.
#[must_use]
pub fn some_lines(text: &str, max: usize) -> String {
    if max == 0 {
        return String::new();
    }
    let mut out = String::with_capacity(text.len().min(max * 4));
    let (mut count, mut ends) = (0, 2);
    for c in text.chars() {
        if c == '\r' || (is_hidden(c) && c != '\n' && c != '\t') {
            continue;
        }
        ends = if c == '\n' { ends + 1 } else { 0 };
        if ends > 2 {
            continue;
        }
        if count == max {
            out.pop();
            out.truncate(out.trim_end().len());
            out.push('…');
            return out;
        }
        out.push(if c == '\t' { ' ' } else { c });
        count += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether a character is a control character, turns the direction of text around, or cannot be seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// An address that people may follow: `http` or `https`, no spaces or control characters, at most 2,000 bytes.
#[must_use]
pub fn web_address(text: &str) -> Option<String> {
    let fits = (text.starts_with("https://") || text.starts_with("http://"))
        && text.len() <= 2_000
        && !text.chars().any(|c| c.is_whitespace() || is_hidden(c) || matches!(c, '<' | '>' | '"' | '`'));
    fits.then(|| text.to_owned())
}

/// A request's body as it is kept: packed, and provable by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The body as an LZ4 block.
    pub packed: Bytes,
    /// The body's length in bytes.
    pub length: u64,
}

/// Up to this many bytes a body is packed with what its thread keeps for that.
const SHORT: usize = 256 * 1024;

thread_local! {
    static PACKING: RefCell<Packing> = RefCell::default();
}

/// What packing needs, kept from body to body: making it anew would cost more than most bodies.
#[derive(Default)]
struct Packing {
    table: CompressTable,
    out: Vec<u8>,
}

impl Packing {
    fn pack(&mut self, body: &[u8]) -> Bytes {
        let most = get_maximum_output_size(body.len());
        if self.out.len() < most {
            self.out.resize(most, 0);
        }
        let length = compress_into_with_table(body, &mut self.out, &mut self.table);
        Bytes::copy_from_slice(&self.out[..length.expect("there is room for the largest")])
    }
}

/// A payload that cannot be unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payload is damaged: {0}")]
pub struct BadPacking(String);

impl Payload {
    /// Packs a body.
    #[must_use]
    pub fn pack(body: &[u8]) -> Self {
        let packed = if body.len() > SHORT {
            lz4_flex::block::compress(body).into()
        } else {
            PACKING.with_borrow_mut(|packing| packing.pack(body))
        };
        Self { packed, length: body.len() as u64 }
    }

    /// The body.
    ///
    /// # Errors
    /// When it is not what was packed.
    pub fn unpack(&self) -> Result<Vec<u8>, BadPacking> {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        // A block expands at most 255 times, so a length that was tampered with reserves no more than that.
        if length > self.packed.len().saturating_mul(256) {
            return Err(BadPacking("its length is wrong".to_owned()));
        }
        let body = lz4_flex::block::decompress(&self.packed, length);
        let body = body.map_err(|error| BadPacking(error.to_string()))?;
        if body.len() == length { Ok(body) } else { Err(BadPacking("its length is wrong".to_owned())) }
    }

    /// What the journal says of it.
    #[must_use]
    pub fn mark(&self) -> PayloadMark {
        PayloadMark { hash: Hash::of(&self.packed), length: self.length }
    }
}

/// What the journal keeps of a payload for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadMark {
    /// The SHA-256 of the packed body.
    pub hash: Hash,
    /// The body's length in bytes.
    pub length: u64,
}

/// An event to be written, with its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// The event.
    pub event: Event,
    /// The payload; absent where an event before it in the same batch brought it.
    pub payload: Option<Payload>,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its journal number, which is its id.
    pub seq: Seq,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// The event.
    pub event: Event,
    /// What is known of its payload; absent where it shares that of an event before it.
    pub payload: Option<PayloadMark>,
}

/// An event that is to be routed.
#[derive(Debug, Clone, PartialEq)]
pub struct Unrouted {
    /// Its journal number, which is its id.
    pub seq: Seq,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// The event.
    pub event: Event,
}

/// Where an event went, and why: what was considered when it was routed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The event.
    pub event: Seq,
    /// The routes and rules that were looked at and that said something, in order.
    pub considered: Vec<TraceRule>,
    /// What came of it, a row a place.
    pub places: Vec<TracePlace>,
}

/// What a route or rule said to an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRule {
    /// Where it stands: `wilco.toml:12`.
    pub rule: String,
    /// What it said, or why it could not be told.
    pub note: String,
}

/// What came of an event in a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracePlace {
    /// The place.
    pub place: Place,
    /// How loud it was there.
    pub level: Level,
    /// What was done there.
    pub did: Did,
    /// Further, in a few words.
    pub note: Option<String>,
    /// The number of the slot that it stands in.
    pub slot: Option<u64>,
}

/// What was done with an event in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// Its object got a line.
    Posted,
    /// Its object's line was brought up to date, without a word in the thread.
    Edited,
    /// It got a line in its object's thread.
    Threaded,
    /// It joined a line that stands for several.
    Grouped,
    /// It was counted in a digest.
    Counted,
    /// It was folded: too much, or too much to and fro.
    Folded,
    /// Nothing: its level is off.
    Kept,
    /// Nothing: it was told before.
    Alike,
    /// Nothing: something newer was there.
    Late,
    /// Nothing: the place is muted for it.
    Muted,
    /// Nothing: a route drops it.
    Dropped,
}

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only by this source.
    pub source: Option<SourceName>,
    /// Only about this object.
    pub object: Option<ObjectId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_becomes_one_harmless_line() {
        assert_eq!(one_line("  a\u{202E}b\r\n\tc\u{0}  d ", 20), "ab c d");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line("abc def", 5), "abc…");
        assert_eq!(one_line("\u{200B}\u{FEFF}", 5), "");
        assert_eq!(some_lines("a\r\n\n\n\n\nb\u{7}", 20), "a\n\nb");
        assert_eq!((some_lines("abcdef", 6), some_lines("abcdef", 3)), ("abcdef".into(), "ab…".into()));
        for max in 0..3 {
            let lengths =
                [one_line("abcdef", max), some_lines("abcdef", max)].map(|text| text.chars().count());
            assert_eq!(lengths, [max, max], "what has no room is not there");
        }
    }

    #[test]
    fn an_address_is_for_the_web() {
        assert!(web_address("https://example.org/a?b#c").is_some());
        for bad in ["javascript:alert(1)", "https://a b", "ftp://a", "https://a\">", "data:text/html,x", ""] {
            assert!(web_address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_payload_comes_back_and_a_lie_about_its_length_does_not() {
        let body = b"{\"a\":1}".repeat(5_000);
        let packed = Payload::pack(&body);
        assert!(packed.packed.len() < body.len() / 10);
        assert_eq!(packed.unpack(), Ok(body));
        for length in [0, 1, u64::MAX, packed.length + 1, packed.length - 1] {
            assert!(Payload { length, ..packed.clone() }.unpack().is_err(), "{length}");
        }
    }

    #[test]
    fn an_event_is_written_as_the_canonicalizer_writes_it() {
        let source = SourceName::parse("github").expect("a name");
        let mut event = Event::new(source, "7", "issues", Timestamp::UNIX_EPOCH);
        event.line = "é \"\u{1F600}\\".into();
        event.labels = Labels::Values([("b".into(), "1".into()), ("a".into(), "2".into())].into());
        event.actor = Some(Actor { account: "ana".into(), name: "Ana".into() });
        let plain = serde_json::to_string(&event).expect("JSON");
        assert_eq!(plain, serde_json_canonicalizer::to_string(&event).expect("JSON"));
        assert_eq!(serde_json::from_str::<Event>(&plain).expect("an event"), event);
    }
}
