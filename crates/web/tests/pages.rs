//! What the pages of people, ways in, operations, the record and routes ask for.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use wilco_contract::{
    event::{Arrived, Event, Labels, Level, Payload},
    expr::Condition,
    ids::{Account, Origin, RoleName, Seq, SourceName},
    operation::State,
    policy::{Flags, Glob, Grant, Grantee, Person, Policy, Requirement},
    principal::Principal,
    route::{DEFAULT_GROUP, Group, Route, Rule, SourceRule},
    store::{AuditEntry, Batch, Lock, LockOwner, Record, When},
};
use wilco_engine::EventSetup;
use wilco_testkit::store_suite::samples;

use crate::support::{Server, client::Client, person, place, sample};

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn origin(line: u32) -> Origin {
    Origin { file: "wilco.toml".into(), line, column: 1 }
}

fn values<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item[name].as_str().expect("a text")).collect()
}

async fn commit(server: &Server, at: &str, record: Record) {
    let batch = Batch { at: time(at), records: vec![record] };
    server.store.commit(batch, When::Now).await.expect("it is written");
}

/// Seven operations, the even ones of ben, those above four staged in `web:deploys` an hour later.
async fn seven(server: &Server) {
    for number in 1..=7 {
        let mut operation = server.operation(number);
        operation.home = place("web:ops");
        if number % 2 == 0 {
            operation.asker = wilco_web::Desk::person(server.desk.as_ref(), &person("ben")).expect("ben");
        }
        if number > 4 {
            operation.command.spec.id = "webapp.stage".parse_id();
            operation.place = place("web:deploys");
            operation.created_at = time("2026-01-05T10:00:00Z");
        }
        server.keep(operation).await;
    }
}

trait ParseId {
    fn parse_id(&self) -> wilco_contract::ids::CommandId;
}

impl ParseId for str {
    fn parse_id(&self) -> wilco_contract::ids::CommandId {
        wilco_contract::ids::CommandId::parse(self).expect("an id")
    }
}

#[tokio::test]
async fn operations_are_found_from_the_newest_on_by_what_is_known_of_them() {
    let server = Server::start().await;
    seven(&server).await;
    let ana = server.signed_in("ana").await;
    let ids = async |query: &str| {
        let list = ana.get(&format!("/api/v1/operations?{query}")).await.json();
        let ids: String = values(&list, "id").iter().map(|id| id.trim_start_matches("d-000")).collect();
        (ids, list["next"].clone())
    };
    assert_eq!(ids("latest=3").await, ("765".into(), json!(5)));
    assert_eq!(ids("latest=3&before=5").await, ("432".into(), json!(2)));
    assert_eq!(ids("latest=3&before=2").await, ("1".into(), Value::Null));
    assert_eq!(ids("latest=9&who=@ben").await, ("642".into(), Value::Null));
    assert_eq!(ids("latest=2&who=@ben").await, ("64".into(), json!(4)));
    assert_eq!(ids("latest=9&who=@ben&before=4").await, ("2".into(), Value::Null));
    assert_eq!(ids("latest=9&command=webapp.st").await, ("765".into(), Value::Null));
    assert_eq!(ids("latest=9&place=web:deploys&who=@ana").await, ("75".into(), Value::Null));
    assert_eq!(ids("latest=9&since=2026-01-05T09:30:00Z").await, ("765".into(), Value::Null));
    assert_eq!(ids("latest=9&until=2026-01-05T09:30:00Z").await, ("4321".into(), Value::Null));
    // Without an offset it is a time in Berlin.
    assert_eq!(ids("latest=9&since=2026-01-05T10:30").await, ("765".into(), Value::Null));
    assert_eq!(ids("latest=9&since=2026-01-06").await, (String::new(), Value::Null));
    assert_eq!(ids("latest=9&state=awaiting_approval&who=@ana").await.0, "7531");
    assert_eq!(ids("latest=9&state=succeeded").await.0, "");
    for bad in ["latest=2&after=1", "latest=2&limit=2", "before=2", "who=@ana", "latest=2&since=soon"] {
        ana.get(&format!("/api/v1/operations?{bad}")).await.problem(400);
    }
}

#[tokio::test]
async fn of_few_that_fit_no_more_are_looked_at_than_for_one_answer() {
    let server = Server::start().await;
    for number in 1..=1_100 {
        let (mut operation, _) = samples::planned(number, None);
        if number == 1 {
            operation.asker = Principal::Operator;
        }
        server.keep(operation).await;
    }
    let ana = server.signed_in("ana").await;
    let first = ana.get("/api/v1/operations?latest=10&who=operator").await.json();
    assert_eq!(values(&first, "id"), Vec::<&str>::new());
    let next = first["next"].as_u64().expect("there are more");
    assert_eq!(next, 101, "as many as are looked at for one answer");
    let rest = ana.get(&format!("/api/v1/operations?latest=10&who=operator&before={next}")).await.json();
    assert_eq!((values(&rest, "id").len(), &rest["next"]), (1, &Value::Null));
}

#[tokio::test]
async fn people_and_rules_are_told_and_accounts_only_to_whom_they_concern() {
    let server = Server::start().await;
    let people = [("ana", "developer"), ("kim", "admin")].map(|(id, role)| {
        let accounts = [Account::parse(&format!("irc:{id}")).expect("an account")];
        let roles = [RoleName::parse(role).expect("a role")];
        let person = Person {
            name: format!("Name of {id}"),
            email: Some(format!("{id}@example.org")),
            accounts: accounts.into(),
            roles: roles.into(),
            origin: origin(3),
        };
        (self::person(id), person)
    });
    let grant = Grant {
        command: Glob("webapp.*".into()),
        effect: None,
        to: vec![Grantee::parse("role:developer").expect("a role")],
        rooms: Some(vec![Glob("web:*".into())]),
        when: Some(Condition::parse("args.app != 'billing'").expect("a condition")),
        flags: Flags { force: true, alone: false },
        origin: origin(20),
    };
    let requirement = Requirement {
        command: Some(Glob("webapp.ship".into())),
        when: None,
        confirm: true,
        approve: 1,
        by: Some(Grantee::parse("role:lead").expect("a role")),
        within_secs: 3_600,
        step_up: false,
        deny: None,
        max_targets: None,
        origin: origin(30),
    };
    server.desk.rule_by(Policy {
        people: people.into(),
        grants: vec![grant],
        requirements: vec![requirement],
        ..Policy::default()
    });
    let ana = server.signed_in("ana").await;
    let told = ana.get("/api/v1/people").await.json();
    assert_eq!(
        told["items"],
        json!([
            { "id": "ana", "name": "Name of ana", "roles": ["developer"], "accounts": ["irc:ana"], "rule": "wilco.toml:3" },
            { "id": "kim", "name": "Name of kim", "roles": ["admin"], "accounts": null, "rule": "wilco.toml:3" }
        ])
    );
    let told = server.signed_in("kim").await.get("/api/v1/people").await.json();
    assert_eq!(told["items"][0]["accounts"], json!(["irc:ana"]));
    assert!(!told.to_string().contains("example.org"), "{told}");
    assert_eq!(
        ana.get("/api/v1/rules").await.json(),
        json!({
            "grants": [{
                "command": "webapp.*", "effect": null, "to": ["role:developer"], "rooms": ["web:*"],
                "when": "args.app != 'billing'", "flags": ["force"], "rule": "wilco.toml:20"
            }],
            "requirements": [{
                "command": "webapp.ship", "when": null, "confirm": true, "approve": 1, "by": "role:lead",
                "within_secs": 3600, "deny": null, "max_targets": null, "rule": "wilco.toml:30"
            }]
        })
    );
}

async fn sessions(client: &Client, query: &str) -> Vec<Value> {
    let list = client.get(&format!("/api/v1/sessions{query}")).await.json();
    list["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn a_person_ends_their_own_sessions_and_an_admin_anybodys() {
    let server = Server::start().await;
    let here = server.signed_in("ana").await;
    let there = server.signed_in("ana").await;
    let ben = server.signed_in("ben").await;
    let own = sessions(&here, "").await;
    assert_eq!(own.len(), 2, "{own:?}");
    let (current, other): (Vec<_>, Vec<_>) = own.iter().partition(|one| one["current"] == true);
    assert_eq!((current.len(), other.len()), (1, 1));
    let other = other[0]["id"].as_str().expect("an id").to_owned();
    // Whoever is no admin learns nothing of others' sessions, not even whether there is one.
    here.get("/api/v1/sessions?all=true").await.problem(403);
    for id in [other.as_str(), "0000000000000000"] {
        ben.delete(&format!("/api/v1/sessions/{id}")).await.problem(403);
    }
    assert_eq!(here.delete(&format!("/api/v1/sessions/{other}")).await.status, 204);
    there.get("/api/v1/me").await.problem(401);
    assert_eq!(here.get("/api/v1/me").await.status, 200);
    assert_eq!(sessions(&here, "").await.len(), 1);

    let kim = server.signed_in("kim").await;
    let all = sessions(&kim, "?all=true").await;
    let of_ben: Vec<_> = all.iter().filter(|one| one["person"] == "ben").collect();
    assert_eq!((all.len(), of_ben.len()), (3, 1), "{all:?}");
    let path = format!("/api/v1/sessions/{}", of_ben[0]["id"].as_str().expect("an id"));
    assert_eq!(kim.delete(&path).await.status, 204);
    ben.get("/api/v1/me").await.problem(401);
    kim.delete(&path).await.problem(404);
    let kept = kim.get("/api/v1/audit?kind=access.revoked").await.json();
    assert_eq!(values(&kept, "who"), ["@ana", "@kim"]);
    assert_eq!(values(&kept, "text")[1], "a session of @ben was ended");
    // What nobody used for twelve hours is open no more.
    server.clock.advance(Duration::from_hours(11));
    assert_eq!(kim.get("/api/v1/me").await.status, 200);
    server.clock.advance(Duration::from_hours(2));
    assert_eq!(values(&kim.get("/api/v1/sessions?all=true").await.json(), "person"), ["kim"]);
}

#[tokio::test]
async fn a_session_ends_by_what_proves_that_its_page_asks() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let id = sessions(&ana, "").await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sessions/{id}");
    ana.without("x-csrf-token").delete(&path).await.problem(403);
    ana.with("origin", "https://evil.example").delete(&path).await.problem(403);
    // The id is no secret: it opens nothing.
    server.client().with("cookie", &format!("wilco={id}")).get("/api/v1/me").await.problem(401);
    assert_eq!(ana.delete(&path).await.status, 204);
}

#[tokio::test]
async fn a_revoked_token_says_in_the_record_who_revoked_it() {
    let server = Server::start().await;
    server.token("ci", "order").await;
    let kim = server.signed_in("kim").await;
    assert_eq!(kim.delete("/api/v1/tokens/ci").await.status, 204);
    let kept = kim.get("/api/v1/audit?kind=access.revoked").await.json();
    assert_eq!(
        (values(&kept, "who"), values(&kept, "text")),
        (vec!["@kim"], vec!["the token `ci` was revoked"])
    );
}

#[tokio::test]
async fn locks_are_told_as_long_as_they_hold() {
    let server = Server::start().await;
    let lock = |key: &str, owner, until: &str| {
        let (at, expires_at) = (time("2026-01-05T08:00:00Z"), time(until));
        Record::Locked(Lock { key: key.into(), owner, reason: "a release".into(), at, expires_at })
    };
    let owner = LockOwner::Operation(sample::id(7));
    commit(&server, "2026-01-05T08:00:00Z", lock("webapp/production", owner, "2026-01-05T09:30:00Z")).await;
    let owner = LockOwner::Somebody("@ana".into());
    commit(&server, "2026-01-05T08:00:00Z", lock("webapp/staging", owner, "2026-01-05T08:59:00Z")).await;
    let told = server.signed_in("ana").await.get("/api/v1/locks").await.json();
    assert_eq!(
        told["items"],
        json!([{
            "key": "webapp/production", "operation": "d-0007", "who": null, "reason": "a release",
            "at": "2026-01-05T08:00:00Z", "expires_at": "2026-01-05T09:30:00Z"
        }])
    );
}

fn entry(kind: &str, who: &str, text: &str, at: &str) -> Record {
    Record::Audit(AuditEntry {
        kind: kind.into(),
        who: who.into(),
        account: None,
        operation: None,
        command: None,
        place: Some(place(at)),
        text: text.into(),
        rule: None,
    })
}

/// Six reads, one an hour from nine on, every second one by ben, the last one in private.
async fn six(server: &Server) {
    for number in 0..6 {
        let who = if number % 2 == 0 { "@ana" } else { "@ben" };
        let at = if number == 5 { "web:@ben" } else { "web:ops" };
        let record = entry("order.read", who, &format!("read {number}"), at);
        commit(server, &format!("2026-01-05T{:02}:00:00Z", 9 + number), record).await;
    }
}

#[tokio::test]
async fn the_record_is_read_from_its_end_and_by_time() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    six(&server).await;
    let texts = async |query: &str| {
        let list = ana.get(&format!("/api/v1/audit?kind=order.&{query}")).await.json();
        let texts: String =
            values(&list, "text").iter().map(|text| text.trim_start_matches("read ")).collect();
        (texts, list["next"].clone())
    };
    let (first, next) = texts("latest=3").await;
    assert_eq!(first, "43", "what was said in private is left out");
    assert_eq!(texts(&format!("latest=9&before={next}")).await, ("210".into(), Value::Null));
    assert_eq!(texts("latest=9&who=@ben").await.0, "31");
    assert_eq!(
        texts("latest=9&since=2026-01-05T10:00:00Z&until=2026-01-05T12:00:00Z").await,
        ("21".into(), Value::Null)
    );
    assert_eq!(
        texts("since=2026-01-05T10:00:00Z&until=2026-01-05T12:00:00Z").await,
        ("12".into(), Value::Null)
    );
    assert_eq!(texts("latest=9&until=2026-01-05T09:00:00Z").await.0, "");
    // In Berlin it is an hour later.
    assert_eq!(texts("latest=9&since=2026-01-05T13:30").await.0, "4");
    assert_eq!(texts("latest=9&until=2026-01-05").await.0, "");
    for bad in ["latest=2&after=1", "latest=2&limit=1", "before=2", "since=yesterday"] {
        ana.get(&format!("/api/v1/audit?{bad}")).await.problem(400);
    }
}

#[tokio::test]
async fn the_record_is_taken_along_as_lines_and_as_a_table() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    six(&server).await;
    commit(
        &server,
        "2026-01-05T16:00:00Z",
        entry("order.read", "@ana", "=cmd|' /C calc'!A0, \"x\"\nnext", "web:ops"),
    )
    .await;
    let lines = ana.get("/api/v1/audit/export?kind=order.").await;
    assert_eq!((lines.status, lines.header("content-type")), (200, "application/x-ndjson"));
    assert_eq!(lines.header("content-disposition"), "attachment; filename=\"wilco-audit.ndjson\"");
    assert_eq!(
        (lines.header("cache-control"), lines.header("x-content-type-options")),
        ("no-store", "nosniff")
    );
    let read: Vec<Value> =
        lines.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let texts: Vec<_> = read.iter().map(|entry| entry["text"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["read 0", "read 1", "read 2", "read 3", "read 4", "=cmd|' /C calc'!A0, \"x\"\nnext"]);
    assert!(read[0]["hash"].is_string() && read[0]["body"]["text"] == "read 0", "{}", read[0]);

    let table =
        ana.get("/api/v1/audit/export?format=csv&kind=order.&who=@ana&since=2026-01-05T13:00:00Z").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let text = table.text();
    let rows: Vec<_> = text.split("\r\n").collect();
    assert_eq!(rows[0], "number,at,kind,who,operation,text,hash,record");
    assert!(rows[1].contains(",2026-01-05T13:00:00Z,order.read,\"'@ana\",,read 4,"), "{}", rows[1]);
    assert!(rows[2].contains(",\"'=cmd|' /C calc'!A0, \"\"x\"\"\nnext\","), "{}", rows[2]);
    assert_eq!((rows.len(), rows[3]), (4, ""), "{text}");
    let none = ana.get("/api/v1/audit/export?until=2026-01-05T08:00:00Z").await;
    assert_eq!((none.status, none.text().as_str()), (200, ""));
    ana.get("/api/v1/audit/export?format=xml").await.problem(400);
    server.client().get("/api/v1/audit/export").await.problem(401);
}

#[tokio::test]
async fn a_long_record_is_taken_along_whole() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    for _ in 0..13 {
        let records =
            (0..100).map(|number| entry("order.read", "@ana", &format!("read {number}"), "web:ops"));
        let batch = Batch { at: time("2026-01-05T09:00:00Z"), records: records.collect() };
        server.store.commit(batch, When::Now).await.expect("it is written");
    }
    let lines = ana.get("/api/v1/audit/export?kind=order.").await.text();
    assert_eq!(lines.lines().count(), 1_300);
}

async fn walked(client: &Client) -> Value {
    loop {
        let told = client.get("/api/v1/audit/verify").await.json();
        if told["running"] == false && !told["at"].is_null() {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_record_is_walked_when_somebody_asks_and_once_a_minute_at_most() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    six(&server).await;
    let never = ana.get("/api/v1/audit/verify").await.json();
    assert_eq!((&never["running"], &never["whole"]), (&json!(false), &Value::Null));
    assert_eq!(ana.post("/api/v1/audit/verify", &json!({})).await.status, 202);
    let first = walked(&ana).await;
    let head = server.store.head().await.expect("a head");
    assert_eq!((&first["whole"], &first["broken"]), (&json!(head.seq.0), &Value::Null));
    assert_eq!(first["hash"], head.hash.to_string());
    commit(&server, "2026-01-05T16:00:00Z", entry("order.read", "@ana", "one more", "web:ops")).await;
    ana.post("/api/v1/audit/verify", &json!({})).await;
    assert_eq!(walked(&ana).await, first, "it stands for a minute");
    server.clock.advance(Duration::from_secs(61));
    ana.post("/api/v1/audit/verify", &json!({})).await;
    assert_eq!(walked(&ana).await["whole"], json!(server.store.head().await.expect("a head").seq.0));
}

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

#[tokio::test]
async fn a_form_is_said_in_words_before_it_is_given() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let said = async |args: Value| {
        ana.post("/api/v1/calls/words", &json!({ "command": "webapp.ship", "args": args })).await
    };
    assert_eq!(
        said(json!({ "ref": "v2" })).await.json(),
        json!({ "order": "ship webapp v2", "missing": [] })
    );
    assert_eq!(said(json!({})).await.json(), json!({ "order": "ship webapp", "missing": ["ref"] }));
    assert_eq!(said(json!({ "ref": "" })).await.problem(422)["detail"], "`ref`: `` is not a commit.");
    ana.post("/api/v1/calls/words", &json!({ "command": "webapp.none" })).await.problem(404);
    assert_eq!(server.desk.calls().len(), 0, "nothing was given");
}

#[tokio::test]
async fn what_is_private_stands_in_no_list_of_operations() {
    let server = Server::start().await;
    let mut operation = server.operation(7);
    operation.home = place("web:@ana");
    operation.state = State::Queued;
    server.keep(operation).await;
    let list = server.signed_in("ben").await.get("/api/v1/operations?latest=5&who=@ana").await.json();
    assert_eq!(list["items"], json!([]));
}
