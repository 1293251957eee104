//! What comes from senders that nobody knew before.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;
use wilco_contract::{
    event::{Event, Labels, Level},
    ids::{Hash, hex},
    source::{RawHook, Source as _, Verified},
};
use wilco_systems::generic::{
    DEFAULT_TOLERANCE_SECS, Encoding, FIELDS, GenericSource, HmacProof, Proof, Settings, Stamp,
};

use crate::{HOSTILE, decode, is_harmless, name, now, refused, secrets, sent_in, verify};

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")];

fn settings(proof: Proof, event: &[(&str, &str)]) -> Settings {
    let event = event.iter().map(|(field, template)| ((*field).to_owned(), (*template).to_owned()));
    Settings { proof, event: event.collect() }
}

fn proven(proof: Proof, texts: &[&str]) -> GenericSource {
    GenericSource::new(name("deploybot"), secrets(texts), settings(proof, &[])).expect("right settings")
}

fn source(event: &[(&str, &str)]) -> GenericSource {
    GenericSource::new(name("deploybot"), Vec::new(), settings(Proof::default(), event))
        .expect("right settings")
}

fn event(templates: &[(&str, &str)], payload: &Value) -> Event {
    let mut events = decode(&source(templates), &[], payload.to_string().as_bytes()).expect("JSON");
    events.iter().for_each(is_harmless);
    events.remove(0)
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// This template for every field but `done`.
fn every(template: &'static str) -> Vec<(&'static str, &'static str)> {
    FIELDS.iter().filter(|field| **field != "done").map(|field| (*field, template)).collect()
}

const ALL: &[(&str, &str)] = &[
    ("id", "{{ payload.id }}-{{ payload.state }}"),
    ("object", "{{ payload.app }}/{{ payload.env }}"),
    ("kind", "deploy"),
    ("action", "{{ payload.what }}"),
    ("title", "Deploy of {{ payload.app }}"),
    ("state", "{{ payload.state | lower }}"),
    ("level", "{% if payload.env == 'production' %}loud{% else %}thread{% endif %}"),
    ("line", "{{ payload.app }} {{ payload.version }}: {{ payload.state }}"),
    ("head", "{{ payload.app }} runs {{ payload.version }}"),
    ("text", "{{ payload.log }}"),
    ("url", "{{ payload.url }}"),
    ("severity", "{{ payload.sev }}"),
    ("reference", "{{ payload.app }}#{{ payload.id }}"),
    ("repo", "acme/{{ payload.app }}"),
    ("at", "{{ payload.at }}"),
    ("labels", "{{ payload.tags }}"),
];

fn deploy() -> Value {
    json!({"id": 7, "app": "webapp", "env": "production", "what": "finish", "state": "Success", "version": 2.5,
           "log": "one\ntwo", "url": "https://ci.example.org/7", "sev": 3, "at": 1_700_000_000, "tags": ["blue", 1]})
}

#[test]
fn templates_make_an_event_of_a_payload() {
    let event = event(ALL, &deploy());
    assert_eq!(event.id, "7-Success");
    assert_eq!(event.object.as_ref().map(|object| object.as_str()), Some("deploybot:webapp/production"));
    assert_eq!((event.kind.as_str(), event.action.as_deref()), ("deploy", Some("finish")));
    assert_eq!((event.title.as_deref(), event.state.as_deref()), (Some("Deploy of webapp"), Some("success")));
    assert!(event.done && event.signed && event.quote && event.family.is_none());
    assert_eq!((event.level, event.line.as_str()), (Level::Loud, "webapp 2.5: Success"));
    assert_eq!((event.head.as_deref(), event.text.as_deref()), (Some("webapp runs 2.5"), Some("one\ntwo")));
    assert_eq!(event.url.as_deref(), Some("https://ci.example.org/7"));
    assert_eq!((event.severity.as_deref(), event.reference.as_deref()), (Some("3"), Some("webapp#7")));
    assert_eq!((event.repo.as_deref(), event.at.as_second()), (Some("acme/webapp"), 1_700_000_000));
    assert_eq!(event.labels, Labels::Names(vec!["blue".into(), "1".into()]));
}

#[test]
fn the_document_says_what_its_request_does() {
    let (document, bodies) = sent_in("generic.md");
    let templates =
        document.split_once("[source.deploybot.event]\n").and_then(|(_, rest)| rest.split_once("```"));
    let templates: Vec<_> = templates
        .expect("templates")
        .0
        .lines()
        .filter_map(|line| {
            let (field, template) = line.split_once('=')?;
            Some((field.trim(), template.trim().trim_matches('"')))
        })
        .collect();
    let payload = serde_json::from_str(&bodies[0]).expect("JSON");
    let said = event(&templates, &payload);
    assert!(document.contains(&format!("stands `{}`", said.line)));
    assert_eq!((said.id.as_str(), said.head.as_deref()), ("7-started", Some(said.line.as_str())));
    assert_eq!((said.level, said.url), (Level::Normal, None));
}

#[test]
fn a_field_that_no_template_gives_has_a_default() {
    let body = json!({"title": "Backup", "state": "failed"});
    let plain = event(&[], &body);
    assert_eq!(plain.id, Hash::of(body.to_string().as_bytes()).to_string());
    assert_eq!((plain.line.as_str(), plain.kind.as_str()), ("deploybot event", "event"));
    assert_eq!((plain.at, plain.level, plain.done), (now(), Level::Normal, false));
    assert!(plain.object.is_none() && plain.head.is_none() && plain.text.is_none() && !plain.quote);
    let titled = event(&[("title", "{{ payload.title }}"), ("state", "{{ payload.state }}")], &body);
    assert_eq!(titled.line, "Backup: failed");
    let about = event(&[("object", "{{ payload.title }}"), ("line", "It {{ payload.state }}")], &body);
    assert_eq!((about.line.as_str(), about.head.as_deref()), ("It failed", Some("It failed")));
    for end in ["resolved", "closed", "OK", "success", "done"] {
        assert!(event(&[("state", end)], &body).done, "{end}");
    }
    assert!(!event(&[("state", "open")], &body).done);
    assert!(event(&[("state", "open"), ("done", "payload.state == 'failed'")], &body).done);
}

#[test]
fn a_template_that_cannot_be_filled_in_costs_its_field_and_not_the_event() {
    let templates = [
        ("title", "{{ payload.title }}"),
        ("url", "{{ payload.link.href }}"),
        ("done", "payload.finished"),
        ("labels", "{{ payload.tags }}"),
    ];
    let backup = event(&templates, &json!({"title": "Backup"}));
    assert_eq!(backup.line, "Backup [the templates of `done`, `labels`, `url` could not be filled in]");
    let one = event(&[("line", "{{ payload.nope }}"), ("object", "x")], &json!({}));
    assert_eq!(one.line, "deploybot event [the template of `line` could not be filled in]");
    assert_eq!(one.head.as_deref(), Some(one.line.as_str()));
    // One that takes too long, or grows too long, is one as well.
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert!(event(&[("text", endless)], &json!({})).line.contains("`text`"));
    let full = every("{{ payload.a.b }}");
    let all = event(&full, &json!({}));
    assert!(all.line.starts_with("deploybot event [the templates of `kind`, `id`"), "{}", all.line);
    // What is null is absent, and nothing to be told of.
    let null = event(&[("title", "{{ payload.t }}"), ("labels", "{{ payload.t }}")], &json!({"t": null}));
    assert_eq!((null.title.as_deref(), null.line.as_str()), (None, "deploybot event"));
}

#[test]
fn odd_values_are_done_without() {
    let read = |field: &'static str, value: Value| event(&[(field, "{{ payload.x }}")], &json!({"x": value}));
    assert_eq!(read("level", json!("louder")).level, Level::Normal);
    assert_eq!(read("level", json!("off")).level, Level::Off);
    for at in [json!("soon"), json!({}), json!(1e300), json!("2199-01-01T00:00:00Z"), json!(-5)] {
        assert_eq!(read("at", at.clone()).at, now(), "{at}");
    }
    assert_eq!(read("at", json!(1_700_000_000_123_i64)).at.as_millisecond(), 1_700_000_000_123);
    assert_eq!(read("url", json!("javascript:alert(1)")).url, None);
    assert_eq!(read("id", json!("x".repeat(5_000))).id.len(), 64);
    assert_eq!(read("labels", json!("a")).labels, Labels::default());
    let labels = read("labels", json!([{"name": "bug"}, {"x": 1}, null, "p1", []])).labels;
    assert_eq!(labels, Labels::Names(vec!["bug".into(), "p1".into()]));
    let labels = read("labels", json!({"team": "web", "é": "x", "n": 3, "none": null})).labels;
    assert_eq!(labels, Labels::Values([("n".into(), "3".into()), ("team".into(), "web".into())].into()));
    let object = read("object", json!("a\u{202E}\nb")).object.expect("an object");
    assert_eq!(object.as_str().len(), "deploybot:".len() + 64);
    assert!(read("object", json!(" ")).object.is_none());
}

#[test]
fn text_from_outside_stays_text() {
    let every = every("{{ payload.x }}");
    for text in [HOSTILE.to_owned(), "x".repeat(10 << 20), "{{ payload.x }}{% for".to_owned()] {
        event(&every, &json!({"x": text}));
    }
}

#[test]
fn a_form_is_a_flat_table() {
    let source = source(&[("title", "{{ payload.title }}"), ("state", "{{ payload.state }}")]);
    let events = decode(&source, FORM, b"title=Night+backup&state=fail%65d&x=%ff&&=").expect("a form");
    assert_eq!(events[0].line, "Night backup: failed");
    assert!(decode(&source, FORM, b"").is_ok());
}

#[test]
fn what_is_no_json_is_told_what_would_be() {
    let why = |body: &[u8]| decode(&source(&[]), &[], body).expect_err("no JSON").to_string();
    assert!(why(b"title=x").contains("application/x-www-form-urlencoded"));
    assert!(why(b"").contains("no JSON"));
    assert!(why(b"{\"a\": \xff}").contains("no JSON"));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(why(deep.as_bytes()).contains("recursion"));
    // As deep as it may be, it is read and filled in.
    let deep = format!("{{\"x\": {}{}}}", "[".repeat(120), "]".repeat(120));
    let all = every("{{ payload.x }}");
    decode(&source(&all), &[], deep.as_bytes()).expect("read").iter().for_each(is_harmless);
}

#[test]
fn a_bearer_proves_by_its_secret() {
    let plain = proven(Proof::default(), &["old", "new"]);
    let with = |header: &str| refused(verify(&plain, &[("authorization", header)], b"{}"));
    assert_eq!((with("Bearer old"), with("bearer new"), with("Bearer ne")), ("proven", "proven", "wrong"));
    assert_eq!((with("new"), refused(verify(&plain, &[], b"{}"))), ("wrong", "missing"));
    let named = proven(Proof::Bearer { header: Some("x-token".into()) }, &["new"]);
    let with = |header: (&str, &str)| refused(verify(&named, &[header], b"{}"));
    assert_eq!((with(("x-token", "new")), with(("x-token", "Bearer new"))), ("proven", "wrong"));
    assert_eq!(with(("authorization", "Bearer new")), "missing");
    assert!(!format!("{plain:?}").contains("new\""));
}

fn signed(encoding: Encoding, prefix: &str, timestamp: bool) -> Proof {
    let stamp = Stamp { header: "x-timestamp".into(), tolerance_secs: DEFAULT_TOLERANCE_SECS };
    Proof::Hmac(HmacProof {
        header: "x-signature".into(),
        prefix: prefix.into(),
        encoding,
        timestamp: timestamp.then_some(stamp),
    })
}

#[test]
fn an_hmac_proves_body_and_secret() {
    let body = br#"{"a":1}"#;
    let hexed = proven(signed(Encoding::Hex, "sha256=", false), &["old", "new"]);
    let with = |signature: &str, body: &[u8]| refused(verify(&hexed, &[("x-signature", signature)], body));
    for key in ["old", "new"] {
        let signature = format!("sha256={}", hex(&hmac(key.as_bytes(), body)));
        assert_eq!(with(&signature, body), "proven");
        assert_eq!(with(&signature.replace("sha256=", ""), body), "wrong");
        assert_eq!(with(&signature, b"{\"a\":2}"), "wrong");
        assert_eq!(with(&signature[..signature.len() - 2], body), "wrong");
    }
    assert_eq!(with(&format!("sha256={}", hex(&hmac(b"other", body))), body), "wrong");
    assert_eq!((with("", body), with("sha256=zz", body), with("sha256=", body)), ("wrong", "wrong", "wrong"));
    assert_eq!(refused(verify(&hexed, &[], body)), "missing");
    let coded = proven(signed(Encoding::Base64, "", false), &["new"]);
    let signature = STANDARD.encode(hmac(b"new", body));
    assert_eq!(refused(verify(&coded, &[("x-signature", &signature)], body)), "proven");
}

#[test]
fn a_signature_that_covers_its_time_grows_old() {
    let source = proven(signed(Encoding::Hex, "", true), &["new"]);
    let sent = |seconds: i64| {
        let time = (now().as_second() + seconds).to_string();
        let signature = hex(&hmac(b"new", format!("{time}.{{}}").as_bytes()));
        refused(verify(&source, &[("x-signature", &signature), ("x-timestamp", &time)], b"{}"))
    };
    assert_eq!((sent(0), sent(-300), sent(300)), ("proven", "proven", "proven"));
    assert_eq!((sent(-301), sent(301), sent(-86_400)), ("stale", "stale", "stale"));
    let signature = hex(&hmac(b"new", b"soon.{}"));
    assert_eq!(
        refused(verify(&source, &[("x-signature", &signature), ("x-timestamp", "soon")], b"{}")),
        "wrong"
    );
    assert_eq!(refused(verify(&source, &[("x-signature", &signature)], b"{}")), "missing");
    // Another time than the one that was signed proves nothing.
    let fresh = now().as_second().to_string();
    assert_eq!(
        refused(verify(&source, &[("x-signature", &signature), ("x-timestamp", &fresh)], b"{}")),
        "wrong"
    );
}

#[test]
fn the_same_body_is_a_repeat_unless_another_time_was_signed_with_it() {
    let id = |timestamp: bool, signed_as: bool, time: &str| {
        let source = proven(signed(Encoding::Hex, "", timestamp), &["new"]);
        let headers = [("x-timestamp", time.as_bytes())];
        let hook = RawHook { headers: &headers, body: b"{}", received_at: now() };
        source.decode(&hook, Verified { signed: signed_as }).expect("JSON").events.remove(0).id
    };
    assert_eq!(id(true, true, "1700000000"), id(true, true, " 1700000000 "));
    assert_ne!(id(true, true, "1700000000"), id(true, true, "1700086400"));
    // A time that no signature covers makes nothing new.
    let body = Hash::of(b"{}").to_string();
    assert_eq!((id(false, true, "1700000000"), id(true, false, "1700000000")), (body.clone(), body));
}

#[test]
fn the_document_names_what_tells_one_night_from_the_next() {
    let (document, _) = sent_in("generic.md");
    let id =
        document.split("event  = { id = \"").nth(1).and_then(|rest| rest.split_once('"')).expect("an id").0;
    let body = document.split("body='").nth(1).and_then(|rest| rest.split_once('\'')).expect("a body").0;
    let mut payload: Value = serde_json::from_str(body).expect("JSON");
    let first = event(&[("id", id)], &payload);
    assert_eq!((first.id.as_str(), first.line.as_str()), ("nightly-7", "deploybot event"));
    payload["run"] = json!(8);
    assert_eq!(event(&[("id", id)], &payload).id, "nightly-8");
}

#[test]
fn standard_webhooks_are_proven_and_known_by_their_id() {
    let key = b"a key of thirty-two bytes or so!";
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let source = proven(Proof::StandardWebhooks, &[&secret]);
    let (id, time) = ("msg_1", now().as_second().to_string());
    let right = format!("v1,{}", STANDARD.encode(hmac(key, format!("{id}.{time}.{{}}").as_bytes())));
    let with = |signature: &str| {
        let headers =
            [("webhook-id", id), ("webhook-timestamp", time.as_str()), ("webhook-signature", signature)];
        refused(verify(&source, &headers, b"{}"))
    };
    assert_eq!((with(&right), with(&format!("v1,AAAA v2,x {right}"))), ("proven", "proven"));
    assert_eq!((with("v1,AAAA"), with(&right[3..]), with("")), ("wrong", "wrong", "wrong"));
    assert_eq!(refused(verify(&source, &[("webhook-id", id)], b"{}")), "missing");
    let events = decode(&source, &[("webhook-id", id)], b"{}").expect("JSON");
    assert_eq!((events[0].id.as_str(), events[0].delivery.as_deref()), (id, Some(id)));
    let bad = GenericSource::new(name("x"), secrets(&["whsec_%%"]), settings(Proof::StandardWebhooks, &[]));
    let bad = bad.expect_err("no base64");
    assert_eq!(bad[0].0, "secret");
    assert!(!bad[0].1.contains('%'));
}

#[test]
fn settings_that_cannot_be_are_all_told() {
    let wrong = settings(
        Proof::default(),
        &[
            ("line", "{{ title }}"),
            ("url", "{{ payload.url"),
            ("done", "state =="),
            ("level", "louder"),
            ("labels", "bug"),
            ("titel", "x"),
            ("title", "{{ event.title }}"),
        ],
    );
    let problems = GenericSource::new(name("x"), Vec::new(), wrong).expect_err("wrong");
    let fields: Vec<_> = problems.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["done", "labels", "level", "line", "titel", "title", "url"]);
    assert!(problems[3].1.contains("write `payload.title`"), "{:?}", problems[3]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300), form in any::<bool>()) {
        let headers = if form { FORM } else { &[] };
        if let Ok(events) = decode(&source(ALL), headers, &body) {
            events.iter().for_each(is_harmless);
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let headers = [("x-signature", text.as_str()), ("x-timestamp", &text), ("webhook-id", &text),
                       ("webhook-timestamp", &text), ("webhook-signature", &text), ("authorization", &text)];
        for proof in [Proof::default(), signed(Encoding::Hex, "", true), signed(Encoding::Base64, "x", false),
                      Proof::StandardWebhooks] {
            prop_assert_ne!(refused(verify(&proven(proof, &["k"]), &headers, &body)), "proven");
        }
    }

    #[test]
    fn whatever_a_payload_holds_becomes_harmless(text in ".{0,300}", number in any::<f64>(), at in any::<i64>()) {
        let payload = json!({"id": text, "app": text, "env": number, "what": at, "state": text, "version": [text],
            "log": {"a": text}, "url": text, "sev": number, "at": at, "tags": {"a": text, "b": at}});
        event(ALL, &payload);
    }
}
