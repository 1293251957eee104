//! Messages of the page's rooms.
//!
//! Not their keeping: the store has them as the contract says. Layer 3.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use wilco_contract::{
    reply::Block,
    store::{RoomMessage, SpeakerKind},
};

use crate::connector::{event_of, operation_of};

/// A message, in its last version.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Message {
    /// Its id within Wilco: a number as text.
    id: String,
    /// When it was said.
    #[schemars(with = "String")]
    at: Timestamp,
    /// Where.
    place: String,
    /// The id of the message that opened its thread.
    thread: Option<String>,
    /// Who said it.
    from: Speaker,
    /// What was said, as plain text.
    text: String,
    /// What was said, as blocks; empty for what people type.
    blocks: Blocks,
    /// How many contents it has had, from 1.
    version: u64,
    /// The operation it speaks of.
    operation: Option<String>,
    /// The event it speaks of: its number as text.
    event: Option<String>,
}

/// Who said a message.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Speaker {
    /// `person`, `wilco` or `program`.
    #[schemars(with = "String")]
    kind: SpeakerKind,
    /// The person, or the program's name.
    id: String,
    /// The name for people to read.
    name: String,
}

/// The blocks of a reply.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Blocks(pub(crate) Vec<Block>);

/// A page of a room.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Messages {
    /// The messages, oldest first.
    pub(crate) items: Vec<Message>,
    /// What to send as `after` for the messages behind these; null at the end.
    pub(crate) next: Option<u64>,
    /// What to send as `after` to the stream, for all that changes from here on.
    pub(crate) stream: String,
}

impl From<RoomMessage> for Message {
    fn from(message: RoomMessage) -> Self {
        let operation = message.operation.as_ref().or_else(|| operation_of(&message.reply));
        Self {
            id: message.seq.to_string(),
            at: message.at,
            thread: message.thread.map(|thread| thread.to_string()),
            operation: operation.map(ToString::to_string),
            event: event_of(&message.reply).map(|event| event.to_string()),
            place: message.place.into(),
            from: Speaker { kind: message.from.kind, id: message.from.id, name: message.from.name },
            text: message.text,
            blocks: Blocks(message.reply.blocks),
            version: message.version,
        }
    }
}

impl JsonSchema for Blocks {
    fn schema_name() -> Cow<'static, str> {
        "Blocks".into()
    }

    // Written by hand, as the type is the contract's; a test holds it to what the type really writes.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = || json_schema!({ "type": "string" });
        let maybe = || json_schema!({ "type": ["string", "null"] });
        let press = json_schema!({ "enum": ["confirm", "approve", "deny", "abort"] });
        let weight = json_schema!({ "enum": ["primary", "plain", "bad"] });
        let mark = json_schema!({ "enum": ["waiting", "running", "done", "failed", "unknown", "skipped"] });
        let level = json_schema!({ "enum": ["off", "digest", "thread", "normal", "loud"] });
        let block = |name: &str, members: &[(&str, Schema)]| {
            let mut schema = object(members);
            schema.insert("title".into(), name.into());
            if let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) {
                properties.insert("type".into(), serde_json::json!({ "const": name }));
            }
            if let Some(required) = schema.get_mut("required").and_then(|value| value.as_array_mut()) {
                required.push("type".into());
            }
            schema
        };
        let list = |of: Schema| json_schema!({ "type": "array", "items": of });
        let choice = object(&[
            ("label", text()),
            ("press", press),
            ("operation", text()),
            ("plan", text()),
            ("weight", weight),
        ]);
        let numbers = json_schema!({ "type": "array", "items": { "type": ["number", "null"] } });
        let blocks = [
            block("text", &[("text", text())]),
            block("status", &[("operation", text()), ("state", text()), ("title", text())]),
            block(
                "event",
                &[
                    ("event", json_schema!({ "type": "integer" })),
                    ("object", maybe()),
                    ("state", maybe()),
                    ("level", level),
                    ("text", text()),
                    ("url", maybe()),
                ],
            ),
            block("quote", &[("text", text())]),
            block("fields", &[("fields", list(object(&[("name", text()), ("value", text())])))]),
            block("code", &[("text", text())]),
            block("table", &[("columns", list(text())), ("rows", list(list(text())))]),
            block(
                "chart",
                &[
                    ("kind", json_schema!({ "enum": ["line", "bars"] })),
                    ("title", text()),
                    ("unit", text()),
                    ("labels", list(text())),
                    ("times", json_schema!({ "type": ["array", "null"], "items": { "type": "string" } })),
                    ("span", text()),
                    ("series", list(object(&[("name", text()), ("values", numbers)]))),
                    ("summary", text()),
                    ("url", maybe()),
                ],
            ),
            block("image", &[("url", text()), ("alt", text())]),
            block("choices", &[("choices", list(choice))]),
            block("offers", &[("offers", list(object(&[("label", text()), ("says", text())])))]),
            block(
                "ask",
                &[
                    ("whom", text()),
                    ("line", text()),
                    ("behind", text()),
                    (
                        "blanks",
                        list(object(&[
                            ("name", text()),
                            ("kind", text()),
                            ("fits", text()),
                            ("about", text()),
                            ("choices", list(text())),
                            ("example", maybe()),
                        ])),
                    ),
                    ("until", text()),
                ],
            ),
            block(
                "progress",
                &[("steps", list(object(&[("name", text()), ("state", mark), ("note", maybe())])))],
            ),
            block(
                "refusal",
                &[("text", text()), ("rule", maybe()), ("who_can", maybe()), ("you_can", maybe())],
            ),
            block("link", &[("text", text()), ("url", text())]),
            block(
                "file",
                &[
                    ("name", text()),
                    ("url", text()),
                    ("bytes", json_schema!({ "type": "integer" })),
                    ("picture", json_schema!({ "type": "boolean" })),
                    ("until", maybe()),
                ],
            ),
        ];
        json_schema!({ "type": "array", "items": { "oneOf": blocks } })
    }
}

/// The schema of an object with exactly these members.
fn object(members: &[(&str, Schema)]) -> Schema {
    let properties: serde_json::Map<_, _> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone().into())).collect();
    let required: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    json_schema!({ "type": "object", "properties": properties, "required": required })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::tz::TimeZone;
    use serde_json::Value;
    use wilco_contract::{
        chart::{Along, Chart, ChartKind, Series, Sketch},
        event::Level,
        ids::{Account, Hash, ObjectId, OpId, Seq},
        operation::State,
        reply::{Blank, Choice, Field, Offer, PressKind, Progress, StepMark, Weight},
    };

    use super::*;

    fn chart() -> Chart {
        let series = vec![Series { name: "x".to_owned(), values: vec![Some(1.5), None] }];
        let along = Along::Times(vec![Timestamp::UNIX_EPOCH; 2], TimeZone::UTC);
        let (title, unit) = (String::new(), String::new());
        Chart::draw(Sketch { kind: ChartKind::Line, title, unit, along, series }).expect("a chart")
    }

    /// One of every kind of block. A new kind does not compile here until it is added.
    fn all() -> Vec<Block> {
        let text = || "x".to_owned();
        let operation = OpId::new('d', 1, 4);
        let choice = Choice {
            label: text(),
            press: PressKind::Confirm,
            operation: operation.clone(),
            plan: Hash::ZERO,
            weight: Weight::Primary,
        };
        let blocks = vec![
            Block::Text { text: text() },
            Block::Status { operation, state: State::Running, title: text() },
            Block::Event {
                event: Seq(7),
                object: ObjectId::parse("github:acme/webapp#812").ok(),
                state: Some(text()),
                level: Level::Loud,
                text: text(),
                url: Some(text()),
            },
            Block::Quote { text: text() },
            Block::Fields { fields: vec![Field::new("a", "b")] },
            Block::Code { text: text() },
            Block::Table { columns: vec![text()], rows: vec![vec![text()]] },
            Block::Chart(Box::new(chart())),
            Block::Image { url: text(), alt: text() },
            Block::Choices { choices: vec![choice] },
            Block::Offers { offers: vec![Offer { label: text(), says: text() }] },
            Block::Ask {
                whom: Account::parse("web:ana").expect("an account"),
                line: text(),
                behind: text(),
                blanks: vec![Blank {
                    name: text(),
                    kind: text(),
                    fits: text(),
                    about: text(),
                    choices: vec![text()],
                    example: None,
                }],
                until: Timestamp::UNIX_EPOCH,
            },
            Block::Progress { steps: vec![Progress { name: text(), state: StepMark::Done, note: None }] },
            Block::Refusal { text: text(), rule: None, who_can: None, you_can: None },
            Block::Link { text: text(), url: text() },
            Block::File {
                name: text(),
                url: text(),
                bytes: 1,
                picture: true,
                until: Some(Timestamp::UNIX_EPOCH),
            },
        ];
        for block in &blocks {
            match block {
                Block::Text { .. } | Block::Status { .. } | Block::Fields { .. } | Block::Code { .. } => {}
                Block::Event { .. } | Block::Quote { .. } => {}
                Block::Table { .. }
                | Block::Chart(_)
                | Block::Image { .. }
                | Block::Choices { .. }
                | Block::Offers { .. }
                | Block::Ask { .. }
                | Block::Progress { .. } => {}
                Block::Refusal { .. } | Block::Link { .. } | Block::File { .. } => {}
            }
        }
        blocks
    }

    #[test]
    fn the_schema_names_every_member_of_every_block() {
        let schema = serde_json::to_value(schemars::schema_for!(Blocks)).expect("a schema");
        let described: Vec<&Value> = schema["items"]["oneOf"].as_array().expect("kinds").iter().collect();
        for block in all() {
            let written = serde_json::to_value(&block).expect("json");
            let kind =
                described.iter().find(|kind| kind["title"] == written["type"]).expect("a described kind");
            fits(kind, &written);
        }
        assert_eq!(described.len(), all().len());
    }

    fn fits(schema: &Value, written: &Value) {
        match written {
            Value::Object(members) => {
                let names: BTreeSet<_> = members.keys().collect();
                let known: BTreeSet<_> = schema["properties"].as_object().expect("members").keys().collect();
                assert_eq!(names, known, "{written}");
                members.iter().for_each(|(name, value)| fits(&schema["properties"][name], value));
            }
            Value::Array(items) => items.iter().for_each(|item| fits(&schema["items"], item)),
            Value::String(text) => {
                if let Some(words) = schema["enum"].as_array() {
                    assert!(words.contains(written), "{text} of {words:?}");
                }
            }
            _ => {}
        }
    }
}
