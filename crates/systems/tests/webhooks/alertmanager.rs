//! What comes from Alertmanager. The fixtures are what Alertmanager 0.25 sent of alerts of Prometheus 2.42.

use proptest::prelude::*;
use serde_json::{Value, json};
use wilco_contract::{
    event::{Event, Labels, Level, MAX_LABELS},
    source::Source as _,
};
use wilco_systems::alertmanager::AlertmanagerSource;

use crate::{HOSTILE, decode, is_harmless, name, refused, secrets, sent_in, verify};

const FIRING: &[u8] = include_bytes!("fixtures/alertmanager_firing.json");
const PART_RESOLVED: &[u8] = include_bytes!("fixtures/alertmanager_part_resolved.json");
const RESOLVED: &[u8] = include_bytes!("fixtures/alertmanager_resolved.json");

fn source() -> AlertmanagerSource {
    AlertmanagerSource::new(name("alertmanager"), secrets(&["wrong-horse", "battery"]))
}

fn events(body: &[u8]) -> Vec<Event> {
    let events = decode(&source(), &[], body).expect("a notification");
    events.iter().for_each(is_harmless);
    events
}

fn told(body: &Value) -> Vec<Event> {
    events(body.to_string().as_bytes())
}

fn why(body: &str) -> String {
    decode(&source(), &[], body.as_bytes()).expect_err("no notification").to_string()
}

/// A notification about one alert, with these labels and annotations.
fn one(labels: &Value, annotations: &Value) -> Value {
    json!({"version": "4", "status": "firing", "groupKey": "{}:{}", "alerts": [
        {"status": "firing", "labels": labels, "annotations": annotations, "startsAt": "2026-11-24T14:00:00Z",
         "fingerprint": "f"}]})
}

#[test]
fn a_secret_proves_a_sender_as_a_token_or_as_a_password() {
    let source = source();
    let with = |header: &str| refused(verify(&source, &[("authorization", header)], b""));
    assert_eq!(with("Bearer wrong-horse"), "proven");
    assert_eq!(with("bearer battery"), "proven");
    assert_eq!(with("Basic YW55Ym9keTpiYXR0ZXJ5"), "proven");
    for wrong in
        ["Bearer wrong-hors", "Bearer ", "battery", "Basic YmF0dGVyeTp4", "Basic !", "Digest battery"]
    {
        assert_eq!(with(wrong), "wrong", "{wrong}");
    }
    assert_eq!(refused(verify(&source, &[], b"")), "missing");
    let open = AlertmanagerSource::new(name("open"), Vec::new());
    assert!(!open.is_signed() && source.is_signed());
    assert_eq!(verify(&open, &[], b"").map(|verified| verified.signed), Ok(false));
    assert!(!format!("{source:?}").contains("horse"));
}

#[test]
fn a_group_fires_resolves_in_part_and_is_over() {
    let first = events(FIRING);
    let lines: Vec<_> = first.iter().map(|event| event.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "firing: WebappDown 127.0.0.1:19097 (production, prod-eu): 127.0.0.1:19097 of webapp does not answer",
            "firing: WebappDown 127.0.0.1:19096 (production, prod-eu): 127.0.0.1:19096 of webapp does not answer",
        ]
    );
    assert!(first[0].at < first[1].at);
    let event = &first[0];
    assert_eq!(event.head.as_deref(), Some("CRIT WebappDown webapp (production, prod-eu): 2 firing"));
    assert_eq!(
        event.object.as_ref().map(|object| object.as_str()),
        Some("alertmanager:{}:{alertname=\"WebappDown\", job=\"webapp\"}")
    );
    assert_eq!(
        (event.state.as_deref(), event.action.as_deref(), event.done),
        (Some("firing"), Some("firing"), false)
    );
    assert_eq!((event.level, event.severity.as_deref()), (Level::Loud, Some("critical")));
    assert_eq!(
        (event.title.as_deref(), event.reference.as_deref()),
        (Some("WebappDown"), Some("WebappDown"))
    );
    assert_eq!(
        event.text.as_deref(),
        Some("No scrape has come through for a second.\nLook at the host first.")
    );
    assert!(event.quote && event.signed && event.family.is_none());
    assert!(event.url.as_ref().is_some_and(|url| url.contains("/graph?g0.expr=up")));
    let Labels::Values(labels) = &event.labels else { panic!("labels have values") };
    assert_eq!((labels.len(), labels["instance"].as_str()), (6, "127.0.0.1:19097"));

    let part = events(PART_RESOLVED);
    let firing = part.iter().find(|event| event.action.as_deref() == Some("firing")).expect("one fires");
    // What fires still is known already.
    assert_eq!((&firing.id, firing.at), (&first[0].id, first[0].at));
    let over = part.iter().find(|event| event.action.as_deref() == Some("resolved")).expect("one is over");
    assert!(first.iter().all(|event| event.id != over.id));
    assert_eq!(over.line, "resolved: WebappDown 127.0.0.1:19096 after 19 s");
    assert_eq!(over.at.to_string(), "2026-11-24T14:22:18.275Z");
    assert_eq!((over.state.as_deref(), over.done, over.quote), (Some("firing"), false, false));
    assert_eq!(
        over.head.as_deref(),
        Some(
            "CRIT WebappDown webapp (production, prod-eu): 1 firing, 1 resolved — \
             127.0.0.1:19097 of webapp does not answer"
        )
    );

    let end = events(RESOLVED);
    assert_eq!(end.len(), 1);
    assert_eq!(end[0].head.as_deref(), Some("WebappDown webapp (production, prod-eu): resolved after 44 s"));
    assert_eq!((end[0].state.as_deref(), end[0].done), (Some("resolved"), true));
    assert!(first.iter().chain(&part).chain(&end).all(|event| event.object == first[0].object));
}

#[test]
fn a_repeat_is_the_same_events_and_a_new_alarm_is_not() {
    assert_eq!(events(FIRING), events(FIRING));
    let labels = json!({"alertname": "A"});
    let mut later = one(&labels, &json!({}));
    let first = told(&later).remove(0);
    later["alerts"][0]["annotations"] = json!({"summary": "now 7"});
    assert_eq!(told(&later)[0].id, first.id);
    later["alerts"][0]["startsAt"] = json!("2026-11-24T14:05:00Z");
    assert_ne!(told(&later)[0].id, first.id);
    // The same alert twice in one notification is one.
    let alert = later["alerts"][0].clone();
    later["alerts"].as_array_mut().expect("alerts").push(alert);
    assert_eq!(told(&later).len(), 1);
}

#[test]
fn several_that_are_over_are_counted_and_so_are_those_that_were_left_out() {
    let alert = |n: u32, status: &str| {
        json!({"status": status, "labels": {"alertname": "HighLatency", "instance": format!("api-{n}"),
               "service": "api", "cluster": "prod-eu", "severity": "warning"},
               "annotations": {"summary": "p99 2.3 s > 1 s"}, "fingerprint": n.to_string(),
               "startsAt": format!("2026-11-24T14:0{n}:00Z"),
               "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-24T14:15:00Z" }})
    };
    let common =
        json!({"alertname": "HighLatency", "service": "api", "cluster": "prod-eu", "severity": "warning"});
    let group = |status: &str, alerts: Vec<Value>, left_out: u64| {
        json!({"version": "4", "groupKey": "g", "status": status, "alerts": alerts, "truncatedAlerts": left_out,
               "commonLabels": common, "commonAnnotations": {"summary": "p99 2.3 s > 1 s"}})
    };
    let firing =
        group("firing", (1..4).map(|n| alert(n, "firing")).chain([alert(4, "resolved")]).collect(), 0);
    let events = told(&firing);
    assert_eq!(
        events[0].head.as_deref(),
        Some("WARN HighLatency api (prod-eu): 3 firing, 1 resolved — p99 2.3 s > 1 s")
    );
    assert_eq!(events[0].line, "firing: HighLatency api-1 (prod-eu): p99 2.3 s > 1 s");
    assert_eq!(events[0].level, Level::Normal);
    let over = told(&group("resolved", (1..4).map(|n| alert(n, "resolved")).collect(), 0));
    assert_eq!(over[0].head.as_deref(), Some("HighLatency api (prod-eu): resolved after 14 min, 3 alerts"));
    let many = told(&group("firing", vec![alert(1, "firing")], 7));
    assert_eq!(
        many[0].head.as_deref(),
        Some("WARN HighLatency api (prod-eu): 1 firing and 7 more — p99 2.3 s > 1 s")
    );
}

#[test]
fn the_document_says_what_its_request_does() {
    let (document, bodies) = sent_in("alertmanager.md");
    let head = |body: &str| events(body.as_bytes()).remove(0).head.expect("a head");
    assert!(document.contains(&format!("`{}`", head(&bodies[0]))));
    let over = bodies[0].replace("\"firing\"", "\"resolved\"");
    let over = over.replace("0001-01-01T00:00:00Z", "2026-01-05T09:14:00Z");
    assert!(document.contains(&format!("becomes `{}`", head(&over))));
}

#[test]
fn what_is_missing_is_done_without() {
    let bare = told(&json!({"version": "4", "alerts": [{}]}));
    assert_eq!((bare[0].line.as_str(), bare[0].head.as_deref()), ("firing: alert", Some("alert: 1 firing")));
    assert_eq!(bare[0].at, crate::now());
    assert!(bare[0].object.is_some() && bare[0].url.is_none());
    // A clock that is ahead makes nothing happen after it was told.
    let mut ahead = one(&json!({}), &json!({}));
    ahead["alerts"][0]["startsAt"] = json!("2199-01-01T00:00:00Z");
    assert_eq!(told(&ahead)[0].at, crate::now());
}

#[test]
fn text_from_outside_stays_text() {
    let labels = json!({"alertname": HOSTILE, "instance": HOSTILE, "env": HOSTILE, "severity": HOSTILE, "é": "x",
                        "a b": "x", "": "x"});
    let mut body = one(&labels, &json!({"summary": HOSTILE, "description": HOSTILE}));
    body["groupKey"] = json!(HOSTILE);
    body["alerts"][0]["generatorURL"] = json!("javascript:alert(1)");
    body["externalURL"] = json!("https://a.example/\u{202E}");
    let event = told(&body).remove(0);
    assert!(event.url.is_none());
    let thing =
        event.object.as_ref().and_then(|object| object.as_str().split_once(':')).expect("an object").1;
    assert_eq!(thing.len(), 64, "{thing}");
    let Labels::Values(values) = event.labels else { panic!("labels have values") };
    assert_eq!(values.keys().collect::<Vec<_>>(), ["alertname", "env", "instance", "severity"]);

    let many: serde_json::Map<_, _> = (0..500).map(|n| (format!("l{n}"), json!("x"))).collect();
    let Labels::Values(values) = told(&one(&json!(many), &json!({}))).remove(0).labels else {
        panic!("values")
    };
    assert_eq!(values.len(), MAX_LABELS);
}

#[test]
fn what_is_no_notification_is_told_what_would_be() {
    assert!(why("").contains("no notification of Alertmanager"));
    assert!(why("{\"alerts\": [{}]}").contains("has no `version`"));
    assert!(why(r#"{"version": "1", "alerts": [{}]}"#).contains("Version `1`"));
    assert!(why(r#"{"version": "4", "alerts": []}"#).contains("no alerts"));
    assert!(why(r#"{"version": "4", "alerts": null}"#).contains("no alerts"));
    assert!(why(&std::str::from_utf8(FIRING).expect("text")[..700]).contains("EOF"));
}

#[test]
fn what_is_deep_or_long_does_no_harm() {
    let deep =
        format!(r#"{{"version": "4", "alerts": [{{}}], "x": {}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    // What is not known is passed over, however deep.
    assert_eq!(events(deep.as_bytes()).len(), 1);
    let deep = format!(r#"{{"version": "4", "alerts": [{{"labels": {}}}]}}"#, r#"{"a":"#.repeat(10_000));
    assert!(why(&deep).contains("recursion"), "{}", why(&deep));
    let long = "x".repeat(10 << 20);
    let event =
        told(&one(&json!({"alertname": long, "instance": long}), &json!({"summary": long}))).remove(0);
    assert!(event.line.chars().count() <= 201);
    let many = json!({"version": "4", "alerts": vec![json!({}); 100_000]});
    assert_eq!(told(&many).len(), 1);
    let many: Vec<_> = (0..6_000).map(|n| json!({"fingerprint": n.to_string()})).collect();
    let events = told(&json!({"version": "4", "alerts": many}));
    assert_eq!(events.len(), 5_000);
    assert!(
        events[0].head.as_deref().is_some_and(|head| head.ends_with("and 1000 more")),
        "{:?}",
        events[0].head
    );
}

/// JSON of the shape of a notification, with anything in it.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop_oneof![
            Just("resolved"),
            Just("firing"),
            Just("2026-01-01T00:00:00Z"),
            Just("9999-12-31T23:59:59Z")
        ]
        .prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("alertname".to_owned()),
        Just("severity".to_owned()),
        Just("summary".to_owned()),
        Just("status".to_owned()),
        Just("startsAt".to_owned()),
        Just("endsAt".to_owned()),
        Just("labels".to_owned()),
        Just("annotations".to_owned()),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&source(), &[], &body);
        let header = String::from_utf8_lossy(&body).into_owned();
        let _ = verify(&source(), &[("authorization", &header)], &body);
    }

    #[test]
    fn whatever_alerts_say_becomes_harmless(alerts in prop::collection::vec(anything(), 1..5), group in anything()) {
        let body = json!({"version": "4", "alerts": alerts, "groupKey": group, "commonLabels": group, "status": group});
        if let Ok(events) = decode(&source(), &[], body.to_string().as_bytes()) {
            events.iter().for_each(is_harmless);
        }
    }
}
