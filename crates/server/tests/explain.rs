//! `wilco explain`: what it says of a request.

use jiff::Timestamp;
use serde_json::Value;
use wilco_contract::{
    event::{Event, Level},
    expr::Condition,
    ids::{ObjectId, Origin, Place, SourceName},
    route::{DEFAULT_GROUP, Group, Route, Rule, SourceRule},
    source::{BadPayload, BadSignature, Decoded, RawHook, Source, Verified},
};
use wilco_engine::EventSetup;
use wilco_server::explain::{Request, explain, header};

/// A source that takes a kind from a header, and everything else from the body.
struct Forge(SourceName);

impl Source for Forge {
    fn name(&self) -> &SourceName {
        &self.0
    }

    fn kind(&self) -> &'static str {
        "forge"
    }

    fn max_body(&self) -> usize {
        200
    }

    fn is_signed(&self) -> bool {
        true
    }

    fn verify(&self, hook: &RawHook<'_>) -> Result<Verified, BadSignature> {
        match hook.header("x-signature") {
            Some("right") => Ok(Verified { signed: true }),
            Some(_) => Err(BadSignature::Wrong("the signature does not fit".into())),
            None => Err(BadSignature::Missing("the header `X-Signature` is missing".into())),
        }
    }

    fn decode(&self, hook: &RawHook<'_>, verified: Verified) -> Result<Decoded, BadPayload> {
        let body: Value =
            serde_json::from_slice(hook.body).map_err(|_| BadPayload("the body is no JSON".into()))?;
        let Some(title) = body["title"].as_str() else { return Ok(Decoded { events: Vec::new() }) };
        let event = Event {
            action: Some("opened".into()),
            family: Some("issues opened".into()),
            head: Some(format!("webapp#8 {title} · open")),
            level: Level::Normal,
            line: format!("@ana opened webapp#8: {title}"),
            object: ObjectId::parse("forge:webapp#8").ok(),
            signed: verified.signed,
            title: Some(title.to_owned()),
            url: Some("https://forge.example/8".into()),
            ..Event::new(self.0.clone(), "1", hook.header("x-event").unwrap_or("issues"), hook.received_at)
        };
        Ok(Decoded { events: vec![event] })
    }
}

fn place(name: &str) -> Place {
    Place::parse(name).expect("a place")
}

fn at(line: u32) -> Origin {
    Origin { file: "wilco.toml".into(), line, column: 1 }
}

fn setup() -> EventSetup {
    let when = |text: &str| Condition::parse(text).expect("a condition");
    let route = |line, text: &str, to: &str| Route {
        when: Some(when(text)),
        to: vec![place(to)],
        say: None,
        level: None,
        group: DEFAULT_GROUP,
        drop: false,
        origin: at(line),
    };
    let loud = Route {
        level: Some(Level::Loud),
        group: Group::None,
        say: Some("look at this: {{ event.payload.title }}".into()),
        ..route(20, "'urgent' in event.title", "web:ops")
    };
    let drop = Route { drop: true, to: Vec::new(), ..route(30, "event.kind == 'star'", "web:ops") };
    let rule = |name: &str, line, run: &str| Rule {
        name: name.into(),
        when: when("'urgent' in event.title"),
        run: run.into(),
        origin: at(line),
    };
    EventSetup {
        routes: vec![
            route(10, "event.kind == 'issues'", "web:web"),
            loud,
            drop,
            route(40, "event.labels.team == 'x'", "web:x"),
        ],
        rules: vec![rule("note", 50, "note {{ event.title }}"), rule("ship", 60, "ship {{ event.branch }}")],
        sources: vec![SourceRule {
            source: SourceName::parse("forge").expect("a source"),
            to: vec![place("web:ops")],
            keep_secs: 1,
            origin: at(2),
        }],
    }
}

fn told(file: &str) -> String {
    let forge = Forge(SourceName::parse("forge").expect("a source"));
    match explain(&setup(), &forge, &Request::read(file.as_bytes()), Timestamp::UNIX_EPOCH) {
        Ok(told) => told,
        Err(why) => format!("{why}\n"),
    }
}

#[test]
fn a_request_is_explained() {
    let long = format!("{{\"title\": \"{}\"}}", "x".repeat(200));
    let all: String = [
        "X-Signature: right\r\n\r\n{\"title\": \"urgent: it is down\"}",
        "{\"title\": \"a wish\"}",
        "POST /hooks/forge HTTP/1.1\nX-Event: star\nX-Signature: wrong\n\n{\"title\": \"urgent\"}\n",
        "X-Event: push\n\n{\"title\": \"a push\"}",
        "{}",
        "no JSON",
        &long,
    ]
    .iter()
    .map(|file| format!("## {}\n{}\n", &file[..file.len().min(80)], told(file)))
    .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn a_body_that_looks_like_headers_is_a_body() {
    for file in
        ["", "\n", "{\"a\": 1}", "text: yes", "a: b\nc: d", "\n\nx", "payload=%7B%7D\n\nx", "a: b\n{}\n\nx"]
    {
        let read = Request::read(file.as_bytes());
        assert_eq!((read.headers.len(), read.body), (0, file.as_bytes().to_vec()), "{file:?}");
    }
    let read = Request::read(b"A: b\nX-C:d\n\n\xff\n");
    assert_eq!(read.headers, [("a".into(), "b".into()), ("x-c".into(), "d".into())]);
    assert_eq!(read.body, b"\xff\n");
    assert_eq!((header("no"), header(": x"), header("a b: x")), (None, None, None));
}
