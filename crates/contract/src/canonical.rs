//! The RFC 8785 JSON of a journal entry.
//!
//! Not a canonicalizer of its own: a crate does that, at about 5 µs an entry and more. Audit entries, which every read
//! makes, and events, of which there are thousands a second, are spared it: all they hold is text and whole numbers, so
//! that plain JSON with its fields in order is the same. Layer 0.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    event::{Event, PayloadMark},
    ids::{Account, CommandId, OpId, Place},
    store::{Entry, EntryBody},
};

/// How many bytes most entries need at most.
const USUAL: usize = 512;

/// The body of an audit entry.
#[derive(Serialize)]
struct OrderedAudit<'a> {
    account: Option<&'a Account>,
    command: Option<&'a CommandId>,
    kind: &'a str,
    operation: Option<&'a OpId>,
    place: Option<&'a Place>,
    rule: Option<&'a str>,
    text: &'a str,
    who: &'a str,
}

/// An entry whose body has its fields in order already.
#[derive(Serialize)]
struct OrderedAs<'a, B> {
    at: Timestamp,
    body: B,
    kind: &'a str,
    operation: Option<&'a OpId>,
    who: Option<&'a str>,
}

/// The body of an event's entry.
#[derive(Serialize)]
struct OrderedEvent<'a> {
    event: &'a Event,
    payload: Option<PayloadMark>,
}

impl Entry<'_> {
    /// The RFC 8785 JSON that the chain commits to.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn canonical(&self) -> Result<String, serde_json::Error> {
        match &self.body {
            EntryBody::Audit(audit) => self.ordered(OrderedAudit {
                account: audit.account.as_ref(),
                command: audit.command.as_ref(),
                kind: &audit.kind,
                operation: audit.operation.as_ref(),
                place: audit.place.as_ref(),
                rule: audit.rule.as_deref(),
                text: &audit.text,
                who: &audit.who,
            }),
            EntryBody::Event { event, payload } => self.ordered(OrderedEvent { event, payload: *payload }),
            _ => serde_json_canonicalizer::to_string(self),
        }
    }

    fn ordered<B: Serialize>(&self, body: B) -> Result<String, serde_json::Error> {
        let whole = OrderedAs {
            at: self.at,
            body,
            kind: self.kind,
            operation: self.operation,
            who: self.who.as_deref(),
        };
        let mut json = Vec::with_capacity(USUAL);
        serde_json::to_writer(&mut json, &whole)?;
        String::from_utf8(json).map_err(serde::ser::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*};

    use crate::{
        event::{Arrived, Payload},
        ids::SourceName,
        store::{AuditEntry, Record},
    };

    use super::*;

    fn entries() -> impl Strategy<Value = AuditEntry> {
        // Any text, control characters and quotes among it.
        let text = || ".*|[\\x00-\\x7f\"\\\\]*";
        let names =
            (option::of("web:[a-z@]{1,9}"), option::of("[a-z]{1,9}\\.[a-z]{1,9}"), option::of(0u64..999));
        (text(), text(), text(), option::of(text()), names).prop_map(
            |(kind, who, text, rule, (name, command, number))| AuditEntry {
                kind,
                who,
                account: name.as_deref().and_then(|name| Account::parse(name).ok()),
                operation: number.map(|number| OpId::new('o', number, 4)),
                command: command.as_deref().and_then(|id| CommandId::parse(id).ok()),
                place: name.as_deref().and_then(|name| Place::parse(name).ok()),
                text,
                rule,
            },
        )
    }

    proptest! {
        #[test]
        fn an_audit_entry_is_written_as_the_canonicalizer_writes_it(audit in entries(), at in 0..4_000_000_000i64) {
            let at = Timestamp::new(at, 120_000_000).expect("a time");
            let record = Record::Audit(audit);
            let entry = record.entry(at).expect("an entry");
            let expected = serde_json_canonicalizer::to_string(&entry).expect("JSON");
            prop_assert_eq!(entry.canonical().expect("JSON"), expected);
        }
    }

    #[test]
    fn an_event_is_written_as_the_canonicalizer_writes_it() {
        let source = SourceName::parse("github").expect("a name");
        let event = Event::new(source, "7\u{1}\"é", "issues", Timestamp::UNIX_EPOCH);
        for payload in [None, Some(Payload::pack(b"{}"))] {
            let record = Record::Event(Box::new(Arrived { event: event.clone(), payload }));
            let entry = record.entry(Timestamp::UNIX_EPOCH).expect("an entry");
            let expected = serde_json_canonicalizer::to_string(&entry).expect("JSON");
            assert_eq!(entry.canonical().expect("JSON"), expected);
        }
    }
}
