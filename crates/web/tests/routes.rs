//! Routes as their page lists them, and trying one on an event.

use serde_json::{Value, json};
use wilco_contract::{
    event::{Arrived, Event, Labels, Level, Payload},
    expr::Condition,
    ids::{Seq, SourceName},
    route::{DEFAULT_GROUP, Group, Route, Rule, SourceRule},
    store::Record,
};
use wilco_engine::EventSetup;

use crate::support::{Server, commit, origin, place, time, values};

fn source(name: &str) -> SourceName {
    SourceName::parse(name).expect("a source")
}

fn setup() -> EventSetup {
    let route = |line, when: Option<&str>, to: &[&str]| Route {
        when: when.map(|when| Condition::parse(when).expect("a condition")),
        to: to.iter().map(|name| place(name)).collect(),
        say: None,
        level: None,
        group: DEFAULT_GROUP,
        drop: false,
        origin: origin(line),
    };
    EventSetup {
        routes: vec![
            Route {
                say: Some("look: {{ event.title }}".into()),
                level: Some(Level::Loud),
                group: Group::None,
                ..route(1, Some("event.kind == 'issues' and 'bug' in event.labels"), &["web:ops"])
            },
            route(2, Some("event.repo == 'acme/other' and event.kind == 'issues'"), &["web:deploys"]),
            route(3, Some("event.payload.deep.er == 1"), &["web:deploys"]),
        ],
        rules: vec![Rule {
            name: "note".into(),
            when: Condition::parse("event.number > 800").expect("a condition"),
            run: "note {{ event.title }}".into(),
            origin: origin(4),
        }],
        sources: vec![SourceRule {
            source: source("github"),
            to: vec![place("web:ops")],
            keep_secs: 1,
            origin: origin(5),
        }],
    }
}

#[tokio::test]
async fn routes_are_listed_as_they_are_looked_at() {
    let server = Server::start().await;
    server.desk.route_by(setup());
    let told = server.signed_in("ana").await.get("/api/v1/routes").await.json();
    assert_eq!(values(&told, "kind"), ["route", "route", "route", "source", "rule"]);
    assert_eq!(
        told["items"][0],
        json!({
            "kind": "route", "rule": "wilco.toml:1", "when": "event.kind == 'issues' and 'bug' in event.labels",
            "source": null, "to": ["web:ops"], "level": "loud", "group_secs": null,
            "say": "look: {{ event.title }}", "drop": false, "name": null, "run": null
        })
    );
    assert_eq!(
        (&told["items"][3]["source"], &told["items"][4]["run"]),
        (&json!("github"), &json!("note {{ event.title }}"))
    );
}

#[tokio::test]
async fn a_condition_and_a_line_are_tried_on_an_event_and_nothing_comes_of_it() {
    let server = Server::start().await;
    server.desk.route_by(setup());
    let ana = server.signed_in("ana").await;
    let event = Event {
        labels: Labels::Names(vec!["bug".into()]),
        number: Some(812),
        title: Some("Crash at start".into()),
        line: "@ana opened webapp#812".into(),
        ..Event::new(source("github"), "d1", "issues", time("2026-01-05T09:00:00Z"))
    };
    let payload = Some(Payload::pack(br#"{"deep": {"er": 2}}"#));
    commit(&server, "2026-01-05T09:00:00Z", Record::Event(Box::new(Arrived { event, payload }))).await;
    let Seq(number) = server.store.head().await.expect("a head").seq;
    let body = json!({
        "event": number.to_string(), "when": "event.number > 800 and event.payload.deep.er == 1",
        "say": "{{ event.title|upper }}"
    });
    let told = ana.post("/api/v1/routes/try", &body).await.json();
    assert_eq!(
        told["tried"],
        json!({
            "holds": false, "why": null,
            "terms": [
                { "text": "event.number > 800", "holds": true, "why": null },
                { "text": "event.payload.deep.er == 1", "holds": false, "why": null }
            ],
            "line": "CRASH AT START", "line_why": null, "without_payload": false
        })
    );
    let holds: Vec<_> =
        told["routes"].as_array().expect("routes").iter().map(|route| &route["holds"]).collect();
    assert_eq!(holds, [&json!(true), &json!(false), &json!(false), &json!(true)]);
    assert_eq!(told["routes"][0]["note"], "to web:ops, loud");
    assert_eq!(told["routes"][1]["terms"][0]["why"], Value::Null);
    assert_eq!(
        told["places"],
        json!([{ "place": "web:ops", "level": "loud", "line": "look: Crash at start", "rule": "wilco.toml:1" }])
    );
    assert_eq!(told["orders"], json!([{ "rule": "note", "order": "note \"Crash at start\"", "why": null }]));
    assert_eq!(told["payload"], "whole");
    assert_eq!(server.store.head().await.expect("a head").seq, Seq(number), "nothing was written");
    assert_eq!(server.desk.calls().len(), 0, "nothing was set off");
}

#[tokio::test]
async fn a_sample_is_tried_within_the_bounds_of_events() {
    let server = Server::start().await;
    server.desk.route_by(setup());
    let ana = server.signed_in("ana").await;
    let attempt = async |sample: Value| ana.post("/api/v1/routes/try", &json!({ "sample": sample })).await;
    let told = attempt(json!({ "source": "github", "kind": "push", "title": "a\u{202e}b" })).await.json();
    assert_eq!((&told["tried"], &told["payload"]), (&Value::Null, &json!("none")));
    assert_eq!(told["places"][0]["rule"], "wilco.toml:5", "no route fits");
    assert!(told["routes"][2]["why"].as_str().is_some_and(|why| !why.is_empty()), "{told}");
    for (bad, status) in [
        (json!({ "kind": "push" }), 400),
        (json!({ "source": "git hub", "kind": "push" }), 422),
        (json!({ "source": "github", "kind": "push", "level": "shouting" }), 422),
        (json!({ "source": "github", "kind": "push", "number": 1_u64 << 60 }), 422),
        (json!({ "source": "github", "kind": "push", "nothing": 1 }), 400),
    ] {
        attempt(bad).await.problem(status);
    }
    attempt(json!({ "source": "github", "kind": "push", "text": "x".repeat(300_000) })).await.problem(413);
    ana.post("/api/v1/routes/try", &json!({})).await.problem(400);
    ana.post("/api/v1/routes/try", &json!({ "event": "77" })).await.problem(404);
    ana.post("/api/v1/routes/try", &json!({ "event": "x" })).await.problem(400);
    let greedy = json!({
        "sample": { "source": "github", "kind": "push" }, "when": "'x' * 100000000 == ''", "say": "{{ 'x' * 100000000 }}"
    });
    let told = ana.post("/api/v1/routes/try", &greedy).await.json();
    assert!(told["tried"]["why"].as_str().is_some_and(|why| why.contains("no `*`")), "{told}");
    assert!(told["tried"]["line_why"].as_str().is_some_and(|why| why.contains("no `*`")), "{told}");
}
