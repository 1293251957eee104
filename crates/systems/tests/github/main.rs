//! The source `github`, with requests as GitHub sends them.
//!
//! Not the door: what is too long or too slow never comes this far.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use wilco_contract::{
    event::Event,
    ids::{SourceName, hex},
    source::{BadPayload, BadSignature, RawHook, Secret, Source, Verified},
};
use wilco_systems::github::GithubSource;

mod hostile;
mod lines;
mod proofs;
mod table;

/// When every request of these tests comes.
const NOW: &str = "2026-11-24T12:00:00Z";

/// A source with these secrets.
fn source(secrets: &[&str]) -> GithubSource {
    let secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    GithubSource::new(SourceName::parse("github").expect("a name"), secrets)
}

/// The header's value for a body.
fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

/// Verifies a body with these further headers.
fn verify(source: &GithubSource, headers: &[(&str, &[u8])], body: &[u8]) -> Result<Verified, BadSignature> {
    source.verify(&RawHook { headers, body, received_at: NOW.parse().expect("a time") })
}

/// Decodes a body with exactly these headers.
fn decode_with(headers: &[(&str, &[u8])], body: &[u8]) -> Result<Event, BadPayload> {
    let hook = RawHook { headers, body, received_at: NOW.parse::<Timestamp>().expect("a time") };
    let decoded = source(&[]).decode(&hook, Verified { signed: true })?;
    assert_eq!(decoded.events.len(), 1);
    let event = decoded.events.into_iter().next().expect("one");
    holds(&event);
    Ok(event)
}

/// Decodes JSON of this kind.
fn decode(kind: &str, body: &str) -> Result<Event, BadPayload> {
    decode_with(
        &[
            ("x-github-event", kind.as_bytes()),
            ("x-github-delivery", b"d-1"),
            ("content-type", b"application/json"),
        ],
        body.as_bytes(),
    )
}

/// The event of this kind that JSON is.
fn event(kind: &str, body: &serde_json::Value) -> Event {
    decode(kind, &body.to_string()).expect("an event")
}

/// What holds for every event, whatever it was made of.
fn holds(event: &Event) {
    use wilco_contract::event::{
        Labels, MAX_FIELD, MAX_ID, MAX_LABELS, MAX_LINE, MAX_WORDS, one_line, some_lines,
    };
    // Neither hidden characters nor line ends, and not too long: it is what it would be made again.
    let is_plain = |text: &str, max: usize| !text.is_empty() && one_line(text, max) == text;
    let are_words = |text: &str| !text.is_empty() && some_lines(text, MAX_WORDS) == text;
    assert!(is_plain(&event.line, MAX_LINE), "{event:?}");
    assert!(event.head.as_deref().is_none_or(|head| is_plain(head, MAX_LINE)), "{event:?}");
    assert!(event.id.len() <= MAX_ID && event.kind.chars().count() <= MAX_FIELD, "{event:?}");
    assert!(event.text.as_deref().is_none_or(are_words), "{event:?}");
    for field in [&event.title, &event.repo, &event.family, &event.reference, &event.branch, &event.action] {
        assert!(field.as_deref().is_none_or(|field| is_plain(field, MAX_FIELD)), "{event:?}");
    }
    assert!(matches!(&event.labels, Labels::Names(names) if names.len() <= MAX_LABELS), "{event:?}");
    assert!(event.quote <= event.text.is_some(), "{event:?}");
    assert!(event.state.is_some() || !event.done, "{event:?}");
    assert!(event.at <= NOW.parse().expect("a time"), "{event:?}");
}
