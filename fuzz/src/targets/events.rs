//! What holds of every event, whatever it was read from.
//!
//! Not taken from the code that makes events: the rules are written down a second time, so that a mistake there shows.

use std::collections::BTreeSet;

use wilco_contract::{
    event::{Event, Labels, MAX_FIELD, MAX_ID, MAX_LABELS, MAX_LINE, MAX_WORDS, web_address},
    ids::Hash,
    source::{BadPayload, Decoded},
};

/// The longest sentence about a request that cannot be read, in characters: it goes back to whoever sent it.
const MAX_REFUSAL: usize = 600;

/// Demands what must hold of what a source made of a request.
pub(super) fn demand(read: &Result<Decoded, BadPayload>) {
    let decoded = match read {
        Ok(decoded) => decoded,
        Err(BadPayload(why)) => return demand_plain("the refusal", why, MAX_REFUSAL),
    };
    let mut ids = BTreeSet::new();
    for event in &decoded.events {
        assert!(ids.insert(&event.id), "two events of a request have the id {:?}", event.id);
        demand_bounds(event);
        demand_labels(&event.labels);
        demand_json(event);
    }
}

fn demand_bounds(event: &Event) {
    assert!((1..=MAX_ID).contains(&event.id.len()), "the id is empty or too long: {:?}", event.id);
    assert!(!event.line.trim().is_empty(), "an event without a line: {event:?}");
    demand_plain("line", &event.line, MAX_LINE);
    demand_plain("kind", &event.kind, MAX_FIELD);
    let actor = event.actor.as_ref();
    let texts = [
        ("head", &event.head, MAX_LINE),
        ("action", &event.action, MAX_FIELD),
        ("account", &actor.map(|actor| actor.account.clone()), MAX_FIELD),
        ("name", &actor.map(|actor| actor.name.clone()), MAX_FIELD),
        ("branch", &event.branch, MAX_FIELD),
        ("delivery", &event.delivery, MAX_FIELD),
        ("family", &event.family, MAX_FIELD),
        ("part", &event.part, MAX_FIELD),
        ("reference", &event.reference, MAX_FIELD),
        ("repo", &event.repo, MAX_FIELD),
        ("severity", &event.severity, MAX_FIELD),
        ("state", &event.state, MAX_FIELD),
        ("title", &event.title, MAX_FIELD),
    ];
    for (field, text, most) in texts {
        demand_plain(field, text.as_deref().unwrap_or_default(), most);
    }
    let text = event.text.as_deref().unwrap_or_default();
    demand_plain("text", &text.replace('\n', ""), MAX_WORDS);
    assert!(text.chars().count() <= MAX_WORDS, "the text is too long");
    assert!(!event.quote || event.text.is_some(), "a quote of nothing");
    if let Some(url) = &event.url {
        assert_eq!(web_address(url).as_ref(), Some(url), "the address is none");
    }
    if let Some(object) = &event.object {
        let own = format!("{}:", event.source);
        assert!(object.as_str().starts_with(&own), "an object of another source: {object}");
        demand_plain("object", object.as_str(), 512);
    }
}

fn demand_labels(labels: &Labels) {
    match labels {
        Labels::Names(names) => {
            assert!(names.len() <= MAX_LABELS, "too many labels");
            names.iter().for_each(|name| demand_plain("label", name, MAX_FIELD));
        }
        Labels::Values(values) => {
            assert!(values.len() <= MAX_LABELS, "too many labels");
            for (name, value) in values {
                assert!(name.is_ascii() && !name.is_empty(), "a label's name is not ASCII: {name:?}");
                demand_plain("label", name, MAX_FIELD);
                demand_plain("label", value, MAX_FIELD);
            }
        }
    }
}

/// The chain commits to RFC 8785 JSON, and what is written is plain JSON.
fn demand_json(event: &Event) {
    let plain = serde_json::to_string(event).expect("an event is JSON");
    let canonical = Hash::of_json(event).expect("an event is JSON");
    assert_eq!(
        Hash::of(plain.as_bytes()),
        canonical,
        "the plain JSON of an event is not its canonical JSON: {plain}"
    );
    assert_eq!(&serde_json::from_str::<Event>(&plain).expect("an event"), event, "it reads back as another");
}

/// Demands that a text is short and that nothing hides in it.
pub(super) fn demand_plain(what: &str, text: &str, most: usize) {
    assert!(text.chars().count() <= most, "{what} has more than {most} characters: {text:?}");
    let mut before = ' ';
    for c in text.chars() {
        // A joiner takes the power from `@everyone`, and stands nowhere else.
        let mutes = c == '\u{2060}' && before == '@';
        assert!(mutes || !hides(c), "{what} has a {c:?} in it: {text:?}");
        before = c;
    }
}

/// Whether a character controls, turns text around, or is not seen.
pub(super) fn hides(c: char) -> bool {
    let code = u32::from(c);
    matches!(code, 0x00..=0x1f | 0x7f..=0x9f)
        || matches!(code, 0x061c | 0x200b | 0x200e | 0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
        || matches!(code, 0xe0000..=0xe007f)
}
