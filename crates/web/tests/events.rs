//! Events as the API tells them: lists, one with why, its payload, the lines of objects, sources.

use serde_json::{Value, json};
use wilco_contract::{
    connector::{Connector, DeliveryKey, Post},
    event::{Actor, Arrived, Did, Event, Labels, Level, Payload, Trace, TracePlace, TraceRule},
    ids::{ObjectId, Seq, SourceName},
    reply::{Block, Reply},
    slot::{Member, Slot, SlotKind},
    store::{Batch, Forgotten, Record, When},
};
use wilco_engine::SourceHealth;
use wilco_runtime::supervise::Health;

use crate::support::{Server, place};

const EVENTS: &str = "/api/v1/events";
const BODY: &str = "{\"action\":\"opened\",\"title\":\"a\u{202e}b\"}";

fn source(name: &str) -> SourceName {
    SourceName::parse(name).expect("a source")
}

fn object(number: u64) -> ObjectId {
    ObjectId::parse(&format!("github:acme/webapp#{number}")).expect("an object")
}

/// Event `number` by GitHub about the pull request of this number.
fn event(number: u64, by: &str, about: u64) -> Event {
    let at = "2026-01-05T08:59:58Z".parse().expect("a time");
    let mut event = Event::new(source(by), format!("d-{number}"), "pull_request", at);
    event.action = Some("opened".into());
    event.actor = Some(Actor { account: "ana-l".into(), name: "Ana\u{202e}".into() });
    event.labels = Labels::Names(vec!["bug".into()]);
    event.level = Level::Normal;
    event.line = format!("PR webapp#{about} opened by Ana, {number}");
    event.number = Some(about);
    event.object = Some(object(about));
    event.reference = Some(format!("webapp#{about}"));
    event.repo = Some("acme/webapp".into());
    event.signed = true;
    event.state = Some("open".into());
    event.url = Some("https://github.com/acme/webapp/pull/7".into());
    event
}

async fn commit(server: &Server, records: Vec<Record>) -> Seq {
    let at = "2026-01-05T09:00:00Z".parse().expect("a time");
    let last = server.store.commit(Batch { at, records }, When::Now).await.expect("it is written");
    last.unwrap_or_default()
}

async fn keep(server: &Server, event: Event) -> Seq {
    let arrived = Arrived { event, payload: Some(Payload::pack(BODY.as_bytes())) };
    commit(server, vec![Record::Event(Box::new(arrived))]).await
}

fn lines(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|item| item["line"].as_str()).collect()
}

#[tokio::test]
async fn events_are_listed_from_either_end_by_source_and_by_object() {
    let server = Server::start().await;
    let dash = server.token("dash", "read").await;
    for (number, by, about) in [(1, "github", 7), (2, "gitlab", 7), (3, "github", 8), (4, "github", 7)] {
        keep(&server, event(number, by, about)).await;
    }
    let line = |number, about| format!("PR webapp#{about} opened by Ana, {number}");
    let [one, two, three, four] = [line(1, 7), line(2, 7), line(3, 8), line(4, 7)];
    let first = dash.get(&format!("{EVENTS}?limit=3")).await.json();
    assert_eq!(lines(&first), [one.as_str(), &two, &three]);
    let rest = dash.get(&format!("{EVENTS}?limit=3&after={}", first["next"])).await.json();
    assert_eq!((lines(&rest), &rest["next"]), (vec![four.as_str()], &Value::Null));
    let latest = dash.get(&format!("{EVENTS}?latest=3&source=github")).await.json();
    assert_eq!((lines(&latest), &latest["next"]), (vec![four.as_str(), &three, &one], &Value::Null));
    let latest = dash.get(&format!("{EVENTS}?latest=1&object=github:acme/webapp%237")).await.json();
    assert_eq!(lines(&latest), [four.as_str()]);
    let before = format!("{EVENTS}?latest=5&object=github:acme/webapp%237&before={}", latest["next"]);
    assert_eq!(lines(&dash.get(&before).await.json()), [two.as_str(), &one]);
    for bad in ["latest=2&after=1", "latest=2&limit=1", "before=2", "source=a%20b", "object=x", "newest=1"] {
        dash.get(&format!("{EVENTS}?{bad}")).await.problem(400);
    }
}

#[tokio::test]
async fn an_event_says_where_it_went_and_why() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let seq = keep(&server, event(1, "github", 7)).await;
    let early = ana.get(&format!("{EVENTS}/{seq}")).await.json();
    assert_eq!(
        (&early["places"], &early["considered"]),
        (&Value::Null, &Value::Null),
        "it was not routed yet"
    );
    let trace = Trace {
        event: seq,
        considered: vec![TraceRule { rule: "wilco.toml:12".into(), note: "to web:ops, normal".into() }],
        places: vec![TracePlace {
            place: place("web:ops"),
            level: Level::Normal,
            did: Did::Posted,
            note: None,
            slot: Some(3),
        }],
    };
    commit(&server, vec![Record::Routed(trace)]).await;
    let hash = early["payload"]["hash"].clone();
    let places =
        json!([{ "place": "web:ops", "level": "normal", "did": "posted", "note": null, "slot": "3" }]);
    let mut expected = json!({
        "id": seq.to_string(), "source": "github", "kind": "pull_request", "action": "opened", "sender_id": "d-1",
        "delivery": null, "at": "2026-01-05T08:59:58Z", "received_at": "2026-01-05T09:00:00Z",
        "line": "PR webapp#7 opened by Ana, 1", "head": null, "text": null, "object": "github:acme/webapp#7",
        "reference": "webapp#7", "title": null, "number": 7, "state": "open", "done": false, "repo": "acme/webapp",
        "branch": null, "severity": null, "labels": ["bug"], "actor": { "account": "ana-l", "name": "Ana" },
        "url": "https://github.com/acme/webapp/pull/7", "level": "normal", "signed": true, "places": places
    });
    assert_eq!(ana.get(EVENTS).await.json()["items"][0], expected);
    expected["considered"] = json!([{ "rule": "wilco.toml:12", "note": "to web:ops, normal" }]);
    expected["payload"] = json!({ "kept": true, "length": BODY.len(), "hash": hash });
    assert_eq!(ana.get(&format!("{EVENTS}/{seq}")).await.json(), expected);
    assert_eq!(hash.as_str().map(str::len), Some(64));
    ana.get(&format!("{EVENTS}/{}", seq.0 + 1)).await.problem(404);
    ana.get(&format!("{EVENTS}/x")).await.problem(400);
}

#[tokio::test]
async fn a_payload_is_shown_harmless_while_it_is_kept() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let arrived = |number, payload| {
        let arrived = Arrived { event: event(number, "github", 7), payload };
        Record::Event(Box::new(arrived))
    };
    // The second came with the first.
    let second =
        commit(&server, vec![arrived(1, Some(Payload::pack(BODY.as_bytes()))), arrived(2, None)]).await;
    for seq in [second.0 - 1, second.0] {
        let answer = ana.get(&format!("{EVENTS}/{seq}/payload")).await;
        assert_eq!(answer.header("content-type"), "application/json");
        let text = "{\"action\":\"opened\",\"title\":\"a\\u202eb\"}";
        assert_eq!(answer.json(), json!({ "length": BODY.len(), "json": true, "text": text, "cut": false }));
        assert!(!answer.text().contains('\u{202e}'));
    }
    let third = commit(&server, vec![arrived(3, Some(Payload::pack(long.as_bytes())))]).await;
    let cut = ana.get(&format!("{EVENTS}/{third}/payload")).await.json();
    assert_eq!((&cut["cut"], &cut["json"], &cut["length"]), (&json!(true), &json!(true), &json!(long.len())));
    assert_eq!(cut["text"].as_str().map(str::len), Some(1024 * 1024));
    let whole = ana.get(&format!("{EVENTS}/{third}/payload?whole=true")).await.json();
    assert!(whole["text"] == long.as_str() && whole["cut"] == false);

    let forgotten = Forgotten {
        source: source("github"),
        before: "2026-01-06T00:00:00Z".parse().expect("a time"),
        events: vec![Seq(second.0 - 1)],
    };
    commit(&server, vec![Record::Forgotten(forgotten)]).await;
    for seq in [second.0 - 1, second.0] {
        ana.get(&format!("{EVENTS}/{seq}/payload")).await.problem(410);
        let shown = ana.get(&format!("{EVENTS}/{seq}")).await.json();
        assert_eq!(shown["payload"]["kept"], false);
    }
    let length = ana.get(&format!("{EVENTS}/{}", second.0 - 1)).await.json()["payload"]["length"].clone();
    assert_eq!(length, BODY.len(), "the journal still knows how long it was");
    ana.get(&format!("{EVENTS}/99/payload")).await.problem(404);
}

#[tokio::test]
async fn lines_of_objects_say_how_far_they_are_shown() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let at = "2026-01-05T09:00:00Z".parse().expect("a time");
    let member = Member {
        object: object(7),
        reference: "webapp#7".into(),
        line: "PR webapp#7 Fix login".into(),
        url: None,
        title: Some("Fix login".into()),
        state: Some("open".into()),
        done: false,
        since: at,
        level: Level::Loud,
        parts: Vec::new(),
        newest: at,
        stands: at,
        event: Seq(4),
        changes: Vec::new(),
        like: None,
    };
    for number in 1..=3 {
        let slot = Slot {
            number,
            place: place("web:ops"),
            thread: None,
            kind: SlotKind::Objects,
            turn: number,
            post: 1,
            content: Reply::text("PR webapp#7 Fix login"),
            version: 2,
            told: 1,
            opened_at: at,
            posted_at: at,
            place_count: 0,
            due: None,
            expires_at: at,
            members: vec![member.clone()],
            counts: Vec::new(),
            family: None,
            threaded: Vec::new(),
            fold: None,
        };
        commit(&server, vec![Record::Slot(Box::new(slot))]).await;
    }
    commit(&server, vec![Record::Shown { slot: 3, post: 1, version: 2, receipt: None }]).await;
    let list = ana.get("/api/v1/objects?limit=2").await.json();
    let row = &list["items"][0];
    assert_eq!(
        *row,
        json!({
            "id": "3", "place": "web:ops", "kind": "objects", "thread": null, "text": "PR webapp#7 Fix login",
            "members": [{
                "object": "github:acme/webapp#7", "reference": "webapp#7", "line": "PR webapp#7 Fix login", "url": null,
                "title": "Fix login", "state": "open", "done": false, "since": "2026-01-05T09:00:00Z", "level": "loud",
                "newest": "2026-01-05T09:00:00Z", "event": "4"
            }],
            "counted": 0, "opened_at": "2026-01-05T09:00:00Z", "posted_at": "2026-01-05T09:00:00Z",
            "version": 2, "shown": 2, "waiting": false
        })
    );
    assert_eq!((&list["items"][1]["waiting"], &list["items"][1]["shown"]), (&json!(true), &json!(0)));
    let rest = ana.get(&format!("/api/v1/objects?before={}", list["next"])).await.json();
    assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&json!("1"), &Value::Null));
}

#[tokio::test]
async fn a_source_says_how_it_is_and_where_to_send() {
    let server = Server::start().await;
    server.desk.list_source(SourceHealth {
        name: source("github"),
        kind: "github",
        signed: true,
        taken: 12,
        repeated: 2,
        refused: 1,
        taken_at: Some("2026-01-05T09:00:00Z".parse().expect("a time")),
        refused_at: Some("2026-01-05T08:00:00Z".parse().expect("a time")),
        refused_why: Some("The signature is wrong.".into()),
    });
    let list = server.token("dash", "read").await.get("/api/v1/sources").await.json();
    let url = format!("http://localhost:{}/hooks/github", server.address.port());
    assert_eq!(
        list["items"],
        json!([{
            "name": "github", "kind": "github", "signed": true, "path": "/hooks/github", "url": url,
            "taken": 12, "repeated": 2, "refused": 1, "taken_at": "2026-01-05T09:00:00Z",
            "refused_at": "2026-01-05T08:00:00Z", "refused_why": "The signature is wrong."
        }])
    );
}

#[tokio::test]
async fn a_connector_says_how_it_stands_since_when_and_what_to_do() {
    let server = Server::start().await;
    let at = |text: &str| text.parse().expect("a time");
    let healths = server.ready.connectors();
    healths.set("web", Health::Connected, at("2026-01-05T09:00:00Z"));
    healths.set("irc", Health::Parked { why: "the password is wrong".into() }, at("2026-01-05T09:01:00Z"));
    assert_eq!(
        server.client().get("/api/v1/connectors").await.status,
        401,
        "why is for those who are signed in"
    );
    let list = server.token("dash", "read").await.get("/api/v1/connectors").await.json();
    assert_eq!(
        list["items"],
        json!([
            {
                "name": "irc", "kind": "connector", "state": "parked", "since": "2026-01-05T09:01:00Z",
                "why": "the password is wrong", "todo": "Correct it, then order `connectors retry irc`.",
                "failed": "the password is wrong", "failed_at": "2026-01-05T09:01:00Z"
            },
            {
                "name": "web", "kind": "connector", "state": "connected", "since": "2026-01-05T09:00:00Z",
                "why": null, "todo": null, "failed": null, "failed_at": null
            }
        ])
    );
}

#[tokio::test]
async fn a_message_names_the_event_that_it_tells_of() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let outbox = server.connector.connect(None).await.expect("it connects").outbox;
    let told = Block::Event {
        event: Seq(41),
        object: Some(object(7)),
        state: Some("open\u{1b}".into()),
        level: Level::Normal,
        text: "PR **webapp#7**\u{202e}".into(),
        url: None,
    };
    let reply = Reply { blocks: vec![told, Block::Quote { text: "<b>hi</b>".into() }] };
    let key = DeliveryKey("slot:1".into());
    let post = Post { place: &place("web:ops"), thread: None, reply: &reply, key: &key };
    outbox.post(post).await.expect("it is posted");
    let list = ana.get("/api/v1/rooms/web%3Aops/messages").await.json();
    let message = &list["items"][0];
    assert_eq!((&message["event"], &message["operation"]), (&json!("41"), &Value::Null));
    assert_eq!(
        message["blocks"],
        json!([
            {
                "type": "event", "event": 41, "object": "github:acme/webapp#7", "state": "open", "level": "normal",
                "text": "PR **webapp#7**", "url": null
            },
            { "type": "quote", "text": "<b>hi</b>" }
        ])
    );
}
