//! Events, where they went, and what they came in.
//!
//! Not what rooms show of them: [`super::ObjectRow`] has that. Layer 3.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use wilco_contract::{
    event::{self, Did, Payload, StoredEvent, Trace, TracePlace, TraceRule},
    ids::Hash,
};

use crate::text::acts;

/// An event, and where it went.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub(crate) struct EventRow {
    /// Its id within Wilco: a number as text.
    id: String,
    /// The source that it came by.
    source: String,
    /// What kind of thing, in the sender's word.
    kind: String,
    /// What was done, in the sender's word.
    action: Option<String>,
    /// The sender's id of it, by which a repeat is told.
    sender_id: String,
    /// The sender's id of the request that it came in.
    delivery: Option<String>,
    /// When it happened, as the sender says.
    #[schemars(with = "String")]
    at: Timestamp,
    /// When it was taken in.
    #[schemars(with = "String")]
    received_at: Timestamp,
    /// What happened, in a line.
    line: String,
    /// The object's own line after it.
    head: Option<String>,
    /// People's or systems' own words in it.
    text: Option<String>,
    /// What it is about.
    object: Option<String>,
    /// How people call that.
    reference: Option<String>,
    /// Its title.
    title: Option<String>,
    /// Its number.
    number: Option<u64>,
    /// Its state after it: `open`, `firing`, `resolved`.
    state: Option<String>,
    /// Whether it has come to an end with it.
    done: bool,
    /// The repository.
    repo: Option<String>,
    /// The branch.
    branch: Option<String>,
    /// How bad it is, in the sender's word.
    severity: Option<String>,
    /// Its labels.
    labels: Labels,
    /// Who did it.
    actor: Option<Actor>,
    /// Where to look at it.
    url: Option<String>,
    /// How loud it is by itself: `off`, `digest`, `thread`, `normal`, `loud`.
    level: &'static str,
    /// Whether the sender proved who they are.
    signed: bool,
    /// What came of it, a row a place; null before it was routed.
    places: Option<Vec<Went>>,
}

/// An event with why it went where it went.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "EventDetail")]
pub(crate) struct EventDetail {
    #[serde(flatten)]
    event: EventRow,
    /// The routes and rules that said something to it, in order; null before it was routed.
    considered: Option<Vec<Considered>>,
    /// What is known of the request's body.
    payload: PayloadRow,
}

/// Who did something outside.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Actor {
    /// Their account there.
    account: String,
    /// Their name for people to read.
    name: String,
}

/// Labels: names, or names with values.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
enum Labels {
    Names(Vec<String>),
    Values(BTreeMap<String, String>),
}

/// What came of an event in a place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Went {
    /// The place.
    place: String,
    /// How loud it was there.
    level: &'static str,
    /// What was done: `posted`, `edited`, `threaded`, `grouped`, `counted`, `folded`, `kept`, `alike`, `late`, `muted`,
    /// `dropped`.
    #[schemars(with = "String")]
    did: Did,
    /// Further, in a few words.
    note: Option<String>,
    /// The object line that it stands in: its number as text.
    slot: Option<String>,
}

/// What a route or rule said to an event.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Considered {
    /// Where it stands: `wilco.toml:12`.
    rule: String,
    /// What it said, or why it could not be told.
    note: String,
}

/// What is known of a request's body.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct PayloadRow {
    /// Whether it is still kept.
    kept: bool,
    /// Its length in bytes; null where it came with another event and is kept no more.
    length: Option<u64>,
    /// The SHA-256 of what is kept, as the journal has it; null where it came with another event.
    #[schemars(with = "Option<String>")]
    hash: Option<Hash>,
}

/// A request's body as text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Payload")]
pub(crate) struct PayloadText {
    /// Its length in bytes, as it was received.
    length: u64,
    /// Whether it is JSON. Then the text has the same meaning as the body, with characters that hide or turn text
    /// around written as `\u….`; where it is none, they are written as `\u{…}`.
    json: bool,
    /// The body.
    text: String,
    /// Whether the text is only its beginning; `whole=true` asks for all of it.
    cut: bool,
}

impl EventRow {
    pub(crate) fn new(stored: StoredEvent, trace: Option<&Trace>) -> Self {
        let StoredEvent { seq, received_at, event, payload: _ } = stored;
        let labels = match event.labels {
            event::Labels::Names(names) => Labels::Names(names),
            event::Labels::Values(values) => Labels::Values(values),
        };
        Self {
            id: seq.to_string(),
            source: event.source.into(),
            kind: event.kind,
            action: event.action,
            sender_id: event.id,
            delivery: event.delivery,
            at: event.at,
            received_at,
            line: event.line,
            head: event.head,
            text: event.text,
            object: event.object.map(Into::into),
            reference: event.reference,
            title: event.title,
            number: event.number,
            state: event.state,
            done: event.done,
            repo: event.repo,
            branch: event.branch,
            severity: event.severity,
            labels,
            actor: event.actor.map(|actor| Actor { account: actor.account, name: actor.name }),
            url: event.url,
            level: event.level.as_str(),
            signed: event.signed,
            places: trace.map(|trace| trace.places.iter().map(Went::from).collect()),
        }
    }
}

impl EventDetail {
    /// `kept`: the length of the payload that it came in, if that is still there.
    pub(crate) fn new(stored: StoredEvent, trace: Option<&Trace>, kept: Option<u64>) -> Self {
        let mark = stored.payload;
        let payload = PayloadRow {
            kept: kept.is_some(),
            length: kept.or(mark.map(|mark| mark.length)),
            hash: mark.map(|mark| mark.hash),
        };
        let considered = trace.map(|trace| trace.considered.iter().map(Considered::from).collect());
        Self { event: EventRow::new(stored, trace), considered, payload }
    }
}

impl From<&TracePlace> for Went {
    fn from(place: &TracePlace) -> Self {
        Self {
            place: place.place.to_string(),
            level: place.level.as_str(),
            did: place.did,
            note: place.note.clone(),
            slot: place.slot.map(|slot| slot.to_string()),
        }
    }
}

impl From<&TraceRule> for Considered {
    fn from(rule: &TraceRule) -> Self {
        Self { rule: rule.rule.clone(), note: rule.note.clone() }
    }
}

impl PayloadText {
    /// The body as text of at most about `most` bytes; `None` where what is stored is damaged.
    pub(crate) fn new(payload: &Payload, most: usize) -> Option<Self> {
        let body = payload.unpack().ok()?;
        let json = is_json(&body);
        let cut = body.len() > most;
        let whole = String::from_utf8_lossy(&body[..body.len().min(most)]);
        // A character that the cut went through says nothing.
        let shown = if cut { whole.trim_end_matches('\u{FFFD}') } else { whole.as_ref() };
        Some(Self { length: payload.length, json, text: escaped(shown, json), cut })
    }
}

fn is_json(body: &[u8]) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(body);
    IgnoredAny::deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

/// The text with each character that acts written in signs that do not. In JSON such a character stands in a string, so
/// that its escape means the same.
fn escaped(text: &str, json: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '\r' => out.write_char(c),
            c if !acts(c) => out.write_char(c),
            c if json => c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}")),
            c => write!(out, "\\u{{{:x}}}", u32::from(c)),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_shown_harmless_and_means_the_same() {
        let body = "{\"a\":\"x\u{202e}\u{e0041}\u{7f} é\",\r\n\t\"b\":[1]}";
        let shown = PayloadText::new(&Payload::pack(body.as_bytes()), 1_000).expect("it is whole");
        assert_eq!(shown.text, "{\"a\":\"x\\u202e\\udb40\\udc41\\u007f é\",\r\n\t\"b\":[1]}");
        assert!(shown.json && !shown.cut);
        let meant = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(meant(&shown.text), meant(body));
    }

    #[test]
    fn what_is_no_json_is_escaped_and_what_is_long_is_cut() {
        let shown = |body: &[u8], most| PayloadText::new(&Payload::pack(body), most).expect("it is whole");
        let text = shown(b"a=1&b=\x1b[2J\xff", 1_000);
        assert_eq!((text.text.as_str(), text.json, text.length), ("a=1&b=\\u{1b}[2J\u{FFFD}", false, 11));
        let cut = shown("ééé".as_bytes(), 3);
        assert_eq!((cut.text.as_str(), cut.cut, cut.length), ("é", true, 6));
        assert!(!shown(b"{} {}", 1_000).json);
        let damaged = Payload { length: 7, ..Payload::pack(b"1234") };
        assert!(PayloadText::new(&damaged, 1_000).is_none());
    }
}
