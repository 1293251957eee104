//! Sources as their senders meet them: proofs, payloads, and what becomes of them.

mod alertmanager;
mod generic;

use std::path::Path;

use jiff::Timestamp;
use wilco_contract::{
    event::Event,
    ids::SourceName,
    source::{BadPayload, BadSignature, RawHook, Secret, Source, Verified},
};

/// When all requests of these tests come.
const NOW: &str = "2026-11-24T14:30:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn name(text: &str) -> SourceName {
    SourceName::parse(text).expect("a name")
}

fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::new(*text)).collect()
}

/// Whether a request with these headers and this body is proven.
fn verify(source: &dyn Source, headers: &[(&str, &str)], body: &[u8]) -> Result<Verified, BadSignature> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    source.verify(&RawHook { headers: &headers, body, received_at: now() })
}

/// What a proven request says.
fn decode(source: &dyn Source, headers: &[(&str, &str)], body: &[u8]) -> Result<Vec<Event>, BadPayload> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let hook = RawHook { headers: &headers, body, received_at: now() };
    Ok(source.decode(&hook, Verified { signed: true })?.events)
}

/// The word for how a proof failed.
fn refused(found: Result<Verified, BadSignature>) -> &'static str {
    found.map_or_else(|bad| bad.kind(), |_| "proven")
}

/// What must hold for every event, whatever it came from.
fn is_harmless(event: &Event) {
    use wilco_contract::event::{
        Labels, MAX_FIELD, MAX_ID, MAX_LABELS, MAX_LINE, MAX_WORDS, one_line, some_lines,
    };
    let one = |text: &str, max: usize| assert_eq!(one_line(text, max), text, "{event:?}");
    one(&event.line, MAX_LINE);
    assert!(!event.line.is_empty() && event.id.len() <= MAX_ID && !event.id.is_empty(), "{event:?}");
    let fields = [&event.action, &event.title, &event.state, &event.severity, &event.reference, &event.repo];
    for text in fields.into_iter().flatten().chain([&event.kind]) {
        one(text, MAX_FIELD);
    }
    if let Some(head) = &event.head {
        one(head, MAX_LINE);
    }
    if let Some(text) = &event.text {
        assert_eq!(&some_lines(text, MAX_WORDS), text);
    }
    if let Labels::Values(values) = &event.labels {
        assert!(values.len() <= MAX_LABELS && values.keys().all(|name| name.is_ascii()));
    }
    assert!(event.at <= now());
}

/// A document, and the bodies that `curl` sends in it.
fn sent_in(document: &str) -> (String, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(document);
    let text = std::fs::read_to_string(path).expect("a document");
    let bodies = text.split("-d '").skip(1).filter_map(|rest| Some(rest.split_once("'\n")?.0.to_owned()));
    (text.clone(), bodies.collect())
}

const HOSTILE: &str = "<img src=x onerror=alert(1)> @everyone \u{202E}evil\u{0} [a](javascript:x)\r\nnext";
