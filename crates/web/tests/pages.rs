//! What the pages of people, ways in and operations ask for, and forms.

use std::time::Duration;

use serde_json::{Value, json};
use wilco_contract::{
    expr::Condition,
    ids::{Account, RoleName},
    operation::State,
    policy::{Flags, Glob, Grant, Grantee, Person, Policy, Requirement},
    principal::Principal,
    store::{Lock, LockOwner, Record},
};
use wilco_testkit::store_suite::samples;

use crate::support::{Server, client::Client, commit, origin, person, place, sample, time, values};

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
    // One entry for each end, by whoever ended it.
    let kept = kim.get("/api/v1/audit?kind=access").await.json();
    let ended: Vec<_> = values(&kept, "text").into_iter().zip(values(&kept, "who")).collect();
    let ended: Vec<_> = ended.into_iter().filter(|(text, _)| text.contains("ended")).collect();
    assert_eq!(ended, [("a session of @ana was ended", "@ana"), ("a session of @ben was ended", "@kim")]);
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
    let kept = kim.get("/api/v1/audit?kind=access").await.json();
    let told: Vec<_> = values(&kept, "text").into_iter().zip(values(&kept, "who")).collect();
    let told: Vec<_> = told.into_iter().filter(|(text, _)| text.contains("ci")).collect();
    assert_eq!(told, [("ci", "operator"), ("the token `ci` was revoked", "@kim")]);
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

#[tokio::test]
async fn a_form_is_said_in_words_before_it_is_given() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let said = async |args: Value| {
        ana.post("/api/v1/calls/words", &json!({ "command": "webapp.ship", "args": args })).await
    };
    assert_eq!(
        said(json!({ "ref": "v2" })).await.json(),
        json!({ "order": "ship webapp v2", "missing": [], "wrong": null })
    );
    assert_eq!(
        said(json!({})).await.json(),
        json!({ "order": "ship webapp", "missing": ["ref"], "wrong": null })
    );
    // The question was answered, so a page that asks while somebody types sees no failure.
    let answer = said(json!({ "ref": "" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({ "order": null, "missing": [], "wrong": "`ref`: `` is not a commit." }));
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
