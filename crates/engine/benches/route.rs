//! What one event costs between the journal and its places: its names, 20 routes, one that says something, one rule.
//!
//! The budget is 15 µs, without a payload.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use wilco_contract::{
    event::{Actor, Event, Labels, Level},
    expr::Condition,
    ids::{ObjectId, Origin, Place, SourceName},
    route::{DEFAULT_GROUP, Route, Rule, SourceRule},
};
use wilco_engine::{
    EventSetup,
    route::{judge, names},
};

fn event() -> Event {
    Event {
        action: Some("opened".into()),
        actor: Some(Actor { account: "ana".into(), name: "Ana Lima".into() }),
        branch: Some("fix/crash".into()),
        delivery: Some("72d3162e-cc78-11e3-81ab-4c9367dc0958".into()),
        family: Some("pull requests opened in acme/webapp".into()),
        head: Some("webapp#812 Crash at start · open".into()),
        labels: Labels::Names(vec!["bug".into(), "urgent".into()]),
        level: Level::Normal,
        line: "@ana opened webapp#812: Crash at start".into(),
        number: Some(812),
        object: ObjectId::parse("github:acme/webapp#812").ok(),
        reference: Some("webapp#812".into()),
        repo: Some("acme/webapp".into()),
        signed: true,
        state: Some("open".into()),
        text: Some("It crashes when the cache is cold. ".repeat(20)),
        title: Some("Crash at start".into()),
        url: Some("https://github.example/acme/webapp/pull/812".into()),
        ..Event::new(source(), "72d3162e", "pull_request", "2026-01-05T09:00:00Z".parse().expect("a time"))
    }
}

fn source() -> SourceName {
    SourceName::parse("github").expect("a source")
}

fn place(name: &str) -> Place {
    Place::parse(name).expect("a place")
}

fn setup() -> EventSetup {
    let when = |text: &str| Condition::parse(text).expect("a condition");
    let routes = (0..20).map(|number| Route {
        when: Some(when(&format!(
            "event.source == 'github' and event.kind in ['issues', 'pull_request'] and event.repo == 'acme/{}'",
            if number < 2 { "webapp".to_owned() } else { format!("app{number}") }
        ))),
        to: vec![place("web:ops"), place("irc:#web")],
        say: (number == 1).then(|| "{{ event.actor.name }}: {{ event.title }}".to_owned()),
        level: None,
        group: DEFAULT_GROUP,
        drop: false,
        origin: Origin::built_in(),
    });
    let rule = Rule {
        name: "restart".into(),
        when: when("event.source == 'alertmanager' and event.state == 'firing'"),
        run: "restart webapp".into(),
        origin: Origin::built_in(),
    };
    let rest =
        SourceRule { source: source(), to: vec![place("web:ops")], keep_secs: 1, origin: Origin::built_in() };
    EventSetup { routes: routes.collect(), rules: vec![rule], sources: vec![rest] }
}

fn judging(c: &mut Criterion) {
    let (setup, event) = (setup(), event());
    assert_eq!(judge(&setup, &event, &names(&event, None)).targets.len(), 2);
    c.bench_function("names", |b| b.iter(|| names(black_box(&event), None)));
    let ready = names(&event, None);
    c.bench_function("judge", |b| b.iter(|| judge(black_box(&setup), black_box(&event), &ready)));
    c.bench_function("names and judge", |b| {
        b.iter(|| judge(black_box(&setup), black_box(&event), &names(&event, None)));
    });
    let user =
        json!({"login": "ana", "id": 1, "url": "https://api.github.example/users/ana", "type": "User"});
    let payload = json!({"action": "opened", "users": vec![user; 200]});
    c.bench_function("names with a payload of 17 kB", |b| {
        b.iter(|| names(black_box(&event), Some(&payload)));
    });
}

criterion_group!(benches, judging);
criterion_main!(benches);
