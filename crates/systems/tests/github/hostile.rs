//! Payloads that want to do harm, or that were harmed on the way.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use wilco_contract::event::Level;
use wilco_testkit::github_examples::examples;

use crate::{decode, event};

/// The kinds with words of their own, and some without.
const KINDS: [&str; 18] = [
    "push",
    "create",
    "release",
    "star",
    "fork",
    "pull_request",
    "pull_request_review",
    "issues",
    "issue_comment",
    "check_suite",
    "workflow_run",
    "status",
    "deployment_status",
    "deployment_review",
    "dependabot_alert",
    "secret_scanning_alert",
    "team",
    "x",
];

#[test]
fn a_body_that_was_cut_off_is_refused_wherever_it_was_cut() {
    for kind in examples() {
        let body = kind.examples[0].get();
        for cut in (1..body.len()).step_by(body.len() / 25 + 1).chain([body.len() - 1]) {
            if body.is_char_boundary(cut) {
                assert!(decode(&kind.name, &body[..cut]).is_err(), "{} at {cut}", kind.name);
            }
        }
    }
}

#[test]
fn a_payload_that_lacks_a_part_or_has_it_of_another_type_is_still_an_event() {
    for kind in examples() {
        let whole: Value = serde_json::from_str(kind.examples[0].get()).expect("JSON");
        let parts: Vec<String> = whole.as_object().expect("an object").keys().cloned().collect();
        for part in parts {
            let mut less = whole.clone();
            less.as_object_mut().expect("an object").remove(&part);
            event(&kind.name, &less);
            for other in [json!(null), json!(7), json!([[]]), json!({})] {
                let mut odd = whole.clone();
                odd[&part] = other;
                event(&kind.name, &odd);
            }
            // The same one floor below.
            let inner: Vec<String> =
                whole[&part].as_object().map_or_else(Vec::new, |part| part.keys().cloned().collect());
            for name in inner {
                for other in [json!(-1.5), json!({"login": [1]})] {
                    let mut odd = whole.clone();
                    odd[&part][&name] = other;
                    event(&kind.name, &odd);
                }
            }
        }
        event(&kind.name, &json!({}));
    }
}

#[test]
fn an_unknown_event_is_kept_and_told_nowhere() {
    let told = event("cosmic_ray", &json!({"repository": {"name": "webapp"}}));
    assert_eq!((told.line.as_str(), told.level), ("unknown event `cosmic_ray` of webapp", Level::Off));
    let told = event(&format!("a\u{202e}@here {}", "b".repeat(500)), &json!({}));
    assert_eq!(told.level, Level::Off);
    assert!(told.line.starts_with("unknown event `a@here bbb"), "{}", told.line);
}

#[test]
fn nesting_without_end_ends() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for body in [
            format!("{{\"client_payload\":{deep}}}"),
            format!("{{\"action\":{deep}}}"),
            format!("{{\"issue\":{{\"labels\":[{deep}]}}}}"),
            format!("{{\"issue\":{deep}}}"),
            format!("{{\"client_payload\":{}", open.repeat(10_000)),
            "{\"issue\":".repeat(10_000),
        ] {
            // Whether it is read or refused, it ends.
            let _ = decode("issues", &body);
        }
    }
}

#[test]
fn a_title_of_ten_megabytes_is_short_and_quick() {
    for unit in ["x", "\u{200B}", "a ", "@here ", "\\n", "\\u202e"] {
        let title = unit.repeat(10_000_000 / unit.len());
        let body = format!(
            "{{\"action\":\"opened\",\"issue\":{{\"number\":1,\"title\":\"{title}\",\"body\":\"{title}\"}},\
             \"repository\":{{\"name\":\"{title}\",\"full_name\":\"{title}\"}},\"sender\":{{\"login\":\"{title}\"}}}}"
        );
        let event = decode("issues", &body).expect("an event");
        assert!(event.line.chars().count() <= 200);
    }
}

#[test]
fn hostile_titles_are_data() {
    let told = |title: &str| {
        event(
            "issues",
            &json!({"action": "opened", "repository": {"name": "webapp", "full_name": "acme/webapp"},
                "issue": {"number": 1, "state": "open", "title": title,
                "body": title, "html_url": title, "user": {"login": title}}}),
        )
    };
    assert_eq!(
        told("@everyone\r\n\u{7}<b>x</b>\u{202E}").line,
        "Issue webapp#1 @everyone <b>x</b> — @everyone <b>x</b>"
    );
    assert_eq!(told("javascript:alert(1)").url, None);
    assert_eq!(told("https://example.org/1").url.as_deref(), Some("https://example.org/1"));
    // What hides in a word is taken out, so that whoever shows it sees the word.
    for (title, plain) in
        [("@here", "@here"), ("\u{200B}@\u{200B}room", "@room"), ("@every\u{2060}one!", "@everyone!")]
    {
        let told = told(title);
        assert_eq!((told.title.as_deref(), told.text.as_deref()), (Some(plain), Some(plain)));
        for text in [Some(&told.line), told.head.as_ref()] {
            assert_eq!(text.expect("a text"), &format!("Issue webapp#1 {plain} — {plain}"));
        }
    }
    for title in ["", " ", "\u{200B}", "\"", "{{ 7*7 }}", "`", "**", "=cmd|' /C calc'!A0", "🏳️‍🌈", "\u{0}"]
    {
        told(title);
    }
}

#[test]
fn no_object_has_the_name_of_another() {
    let of = |branch: &str| {
        let run = json!({"name": branch, "head_branch": branch, "conclusion": "failure"});
        let repository = json!({"name": "webapp", "full_name": "acme/webapp", "default_branch": branch});
        event("workflow_run", &json!({"action": "completed", "workflow_run": run, "repository": repository}))
    };
    let long = "b".repeat(300);
    let (one, other) = (of(&format!("{long}1")), of(&format!("{long}2")));
    assert!(one.object.is_some() && one.object != other.object);
    assert_eq!(of("main").object.expect("an object").as_str(), "github:acme/webapp@main/workflow/main");
}

/// Anything that is nearly a payload.
fn nearly_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "action",
        "issue",
        "pull_request",
        "title",
        "number",
        "repository",
        "full_name",
        "name",
        "sender",
        "login",
        "labels",
        "alert",
        "rule",
        "severity",
        "commits",
        "message",
        "ref",
        "after",
        "before",
        "forced",
        "release",
        "body",
        "check_suite",
        "workflow_run",
        "head_branch",
        "conclusion",
        "default_branch",
        "changes",
        "from",
        "updated_at",
        "created_at",
        "deployment",
        "deployment_status",
        "state",
        "environment",
        "review",
        "comment",
        "user",
        "html_url",
        "branches",
        "context",
        "hook",
        "events",
        "team",
        "requested_reviewers",
    ]);
    let words = prop::sample::select(vec![
        "opened",
        "closed",
        "created",
        "completed",
        "failure",
        "success",
        "main",
        "refs/heads/main",
        "refs/tags/v1",
        "2019-05-15T15:20:41Z",
        "9999-99-99T00:00:00Z",
        "-009999-01-02T01:59:59Z",
        "@everyone",
        "https://a.b/c",
        "",
        "é\u{202e}\u{0}x",
        "submitted",
        "approved",
        "published",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names.clone(), inner, 0..8)
                .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_nearly_a_payload_makes_it_fall(body in nearly_json(), kind in prop::sample::select(KINDS.to_vec())) {
        if body.is_object() {
            prop_assert!(decode(kind, &body.to_string()).is_ok());
        }
    }

    #[test]
    fn nor_do_any_bytes(body in prop::collection::vec(any::<u8>(), 0..300), form in any::<bool>()) {
        let content: &[u8] = if form { b"application/x-www-form-urlencoded" } else { b"application/json" };
        let headers = [("x-github-event", &b"push"[..]), ("x-github-delivery", b"d-1"), ("content-type", content)];
        let _ = crate::decode_with(&headers, &body);
        let _ = crate::decode_with(&headers, &[b"{", &body[..]].concat());
        let _ = crate::decode_with(&headers, &[b"payload={", &body[..]].concat());
    }
}

#[test]
fn a_time_that_is_none_is_the_moment_it_came() {
    let now: Timestamp = crate::NOW.parse().expect("a time");
    let at = |time: Value| {
        event("issues", &json!({"action": "opened", "issue": {"number": 1, "updated_at": time}})).at
    };
    for time in [json!("never"), json!(i64::MAX), json!(u64::MAX), json!("2019-13-01T00:00:00Z"), json!({})] {
        assert_eq!(at(time.clone()), now, "{time}");
    }
    assert_eq!(at(json!(1_557_933_641)).as_second(), 1_557_933_641);
    assert_eq!(at(json!("2021-08-19T12:16:32.000-04:00")).to_string(), "2021-08-19T16:16:32Z");
}

#[test]
fn nothing_happened_after_it_came() {
    let now: Timestamp = crate::NOW.parse().expect("a time");
    let later = now.as_second() + 1;
    for time in [json!("9999-12-30T00:00:00Z"), json!(later), json!("2026-11-24T12:00:00.001Z")] {
        for (kind, part) in [("issues", "issue"), ("pull_request", "pull_request"), ("release", "release")] {
            let body = json!({"action": "published", part: {"number": 1, "updated_at": time}});
            assert_eq!(event(kind, &body).at, now, "{kind} {time}");
        }
    }
}
