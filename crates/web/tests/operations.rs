//! Operations, decisions, calls, commands and the audit.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wilco_contract::{
    gate::{Denial, Need},
    ids::{Account, CommandId, Hash},
    operation::{Given, GivenKind, OpEvent, State},
    policy::{Flags, Grantee},
    reply::{Block, Reply},
    store::{AuditEntry, Batch, Record, When},
};
use wilco_engine::{Answer, CallWhat, NotDecided, PlanSeen, RefusedKind};

use crate::support::{OPERATOR, Server, person, place, sample};

const APPROVE: &str = "/api/v1/operations/d-0007/approve";

#[tokio::test]
async fn an_operation_has_the_shape_that_was_promised() {
    let server = Server::start().await;
    let operation = server.keep(server.operation(7)).await;
    let ben = server.signed_in("ben").await;
    let shown = ben.get("/api/v1/operations/D-OOO7").await.json();
    let hash = operation.plan.hash.to_string();
    assert_eq!(
        shown,
        json!({
            "id": "d-0007", "state": "awaiting_approval", "why": null, "order": "release webapp",
            "command": "webapp.release", "about": "Release a revision", "effect": "write",
            "asker": { "kind": "person", "id": "ana", "name": "Name of ana" },
            "place": "web:ops", "home": "web:deploys", "because": "the fix[1m is ready", "hash": hash,
            "plan": {
                "will": ["webapp: v1 → v2"], "now": [{ "name": "production", "value": "v1" }],
                "targets": ["webapp/production"], "inputs": {}, "steps": [], "undo": ["rollback webapp"]
            },
            "needs": [{
                "kind": "approve", "count": 1, "by": null, "who": "nobody", "within_secs": 3600, "rule": "wilco.toml:41",
                "have": [], "met": false
            }],
            "given": [],
            "steps": [{
                "id": "ship", "verify": false, "mark": "waiting", "note": null, "started_at": null,
                "ended_at": null, "error": null
            }],
            "lock": "webapp/production", "retry_of": null, "forced": null, "alone": null,
            "created_at": "2026-01-05T09:00:00Z",
            "expires_at": null, "started_at": null, "deadline": null, "ended_at": null, "version": 1,
            "may": ["approve"]
        })
    );
    assert_eq!(server.operator().get("/api/v1/operations/d-0007").await.json()["may"], json!([]));
    ben.get("/api/v1/operations/d-0008").await.problem(404);
    ben.get("/api/v1/operations/nonsense").await.problem(400);
}

#[tokio::test]
async fn operations_are_listed_by_state_and_page() {
    let server = Server::start().await;
    for number in 1..=5 {
        server.keep(server.operation(number)).await;
    }
    let ana = server.signed_in("ana").await;
    let ids = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().expect("items");
        items.iter().map(|operation| operation["id"].as_str().expect("an id").to_owned()).collect()
    };
    let first = ana.get("/api/v1/operations?state=awaiting_approval,running&limit=3").await.json();
    assert_eq!(ids(&first), ["d-0001", "d-0002", "d-0003"]);
    let rest = ana.get(&format!("/api/v1/operations?limit=3&after={}", first["next"])).await.json();
    assert_eq!((ids(&rest), &rest["next"]), (vec!["d-0004".to_owned(), "d-0005".to_owned()], &Value::Null));
    assert_eq!(ids(&ana.get("/api/v1/operations?state=succeeded").await.json()), Vec::<String>::new());
    assert_eq!(ids(&ana.get("/api/v1/operations?latest=2").await.json()), ["d-0005", "d-0004"]);
    let problem = ana.get("/api/v1/operations?state=done").await.problem(400);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("succeeded")), "{problem}");
}

#[tokio::test]
async fn an_operation_in_private_is_its_askers() {
    let server = Server::start().await;
    let mut operation = server.operation(7);
    operation.home = place("web:@ana");
    server.keep(operation).await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    assert_eq!(ana.get("/api/v1/operations/d-0007").await.status, 200);
    ben.get("/api/v1/operations/d-0007").await.problem(404);
    ben.get("/api/v1/operations/d-0007/log").await.problem(404);
    ben.post(APPROVE, &json!({ "plan": Hash::ZERO })).await.problem(404);
    assert_eq!(ben.get("/api/v1/operations").await.json()["items"], json!([]));
    assert_eq!(ben.get("/api/v1/operations?latest=5").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_person_decides_and_sees_what_came_of_it() {
    let server = Server::start().await;
    let operation = server.keep(server.operation(7)).await;
    let mut queued = operation.as_ref().clone();
    let event =
        OpEvent::Moved { to: State::Queued, at: operation.created_at, why: None, by: None, expires_at: None };
    queued.apply(&event).expect("it may");
    let queued = Arc::new(queued);
    let answer = Arc::clone(&queued);
    server.desk.decide_with(Box::new(move |_| Ok(Arc::clone(&answer))));
    let ben = server.signed_in("ben").await;
    for press in ["confirm", "approve", "deny", "abort"] {
        let path = format!("/api/v1/operations/d-0007/{press}");
        let answer = ben.post(&path, &json!({ "plan": operation.plan.hash })).await;
        assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("queued")));
        let decide = server.desk.decisions().pop().expect("it was handed in");
        assert_eq!(decide.press.word(), press);
        assert_eq!(decide.who.person().map(|id| id.as_str()), Some("ben"));
        assert_eq!((decide.operation, decide.plan), (sample::id(7), PlanSeen::Hash(operation.plan.hash)));
    }
}

#[tokio::test]
async fn a_token_that_only_reads_shows_no_words_of_its_own_in_a_room() {
    let server = Server::start().await;
    let read = server.token("dash", "read").await;
    let body = json!({ "order": "everybody approve d-0007", "place": "web:ops" });
    assert_eq!(read.post("/api/v1/calls", &body).await.problem(403)["rule"], "scope read");
    assert!(server.desk.calls().is_empty(), "nothing reached the engine");
}

#[tokio::test]
async fn a_programs_yes_is_refused_by_the_engine_which_keeps_it_in_the_audit() {
    let server = Server::start().await;
    let operation = server.keep(server.operation(7)).await;
    server.desk.decide_with(Box::new(|decide| {
        Err(NotDecided::Denied(Denial {
            text: format!("Only a person confirms or approves; {} is not one.", decide.who),
            rule: "only persons decide".into(),
            who_can: None,
            you_can: Some("Sign in on the page.".into()),
        }))
    }));
    let body = json!({ "plan": operation.plan.hash });
    let (read, order) = (server.token("dash", "read").await, server.token("ci", "order").await);
    // Nor with a person's cookie beside it: what is sent as a program is a program's.
    let mixed = server.signed_in("ben").await.with_bearer(OPERATOR);
    for press in ["confirm", "approve"] {
        for (client, key) in [
            (&read, "token:dash"),
            (&order, "token:ci"),
            (&server.operator(), "operator"),
            (&mixed, "operator"),
        ] {
            let path = format!("/api/v1/operations/d-0007/{press}");
            let problem = client.post(&path, &body).await.problem(403);
            assert_eq!(problem["rule"], "only persons decide");
            assert!(problem["you_can"].is_string());
            let decide = server.desk.decisions().pop().expect("it was handed in");
            assert_eq!((decide.press.word(), decide.who.key().as_str()), (press, key));
        }
    }
}

#[tokio::test]
async fn a_token_that_only_reads_stops_nothing_and_the_audit_has_it() {
    let server = Server::start().await;
    let operation = server.keep(server.operation(7)).await;
    let read = server.token("dash", "read").await;
    let body = json!({ "plan": operation.plan.hash });
    for press in ["deny", "abort"] {
        let path = format!("/api/v1/operations/d-0007/{press}");
        assert_eq!(read.post(&path, &body).await.problem(403)["rule"], "scope read");
    }
    assert!(server.desk.decisions().is_empty(), "nothing reached the engine");
    let kept = server.operator().get("/api/v1/audit?operation=d-0007&kind=decision.refused").await.json();
    let kept = kept["items"].as_array().expect("items").clone();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(
        (&kept[0]["who"], &kept[0]["text"]),
        (&json!("token:dash"), &json!("A token with the scope `read` presses nothing."))
    );
}

#[tokio::test]
async fn what_cannot_be_paused_says_so() {
    let server = Server::start().await;
    let operation = server.keep(server.operation(7)).await;
    let ben = server.signed_in("ben").await;
    let body = json!({ "plan": operation.plan.hash });
    for (press, what) in [("pause", "paused"), ("resume", "resumed")] {
        let path = format!("/api/v1/operations/d-0007/{press}");
        let problem = ben.post(&path, &body).await.problem(403);
        assert_eq!(problem["rule"], "what the action declares");
        let detail =
            format!("`d-0007` cannot be {what}, as `webapp.release` cannot; `abort d-0007` stops it.");
        assert_eq!(problem["detail"], json!(detail));
        ben.post(&path, &json!({ "plan": Hash::ZERO })).await.problem(409);
        ben.post("/api/v1/operations/d-0008/pause", &body).await.problem(404);
    }
    let mut ended = server.operation(9);
    ended.state = State::Succeeded;
    let ended = server.keep(ended).await;
    let body = json!({ "plan": ended.plan.hash });
    let problem = ben.post("/api/v1/operations/d-0009/pause", &body).await.problem(409);
    assert_eq!(problem["detail"], "`d-0009` has ended (succeeded); it takes no decision any more.");
    let described = server.client().get("/api/v1/openapi.json").await.json();
    for press in ["pause", "resume"] {
        let route = &described["paths"][format!("/api/v1/operations/{{id}}/{press}")]["post"];
        assert!(route["summary"].as_str().is_some_and(|text| text.contains("403")), "{route}");
    }
}

/// What an operation needs is told as it stands now, whatever the gate saw when it last looked.
#[tokio::test]
async fn a_yes_shows_at_the_need_that_it_meets() {
    let server = Server::start().await;
    let mut operation = server.operation(7);
    let approve = operation.needs[0].clone();
    let confirm = Need { kind: GivenKind::Confirm, rule: "wilco.toml:40".into(), ..approve.clone() };
    let by_kim = Need { by: Some(Grantee::Person(person("kim"))), ..approve.clone() };
    operation.needs = vec![confirm, Need { count: 2, ..approve }, by_kim];
    let yes = |kind, who: &str, plan| Given {
        kind,
        person: person(who),
        account: Account::parse(&format!("web:{who}")).expect("an account"),
        at: operation.created_at,
        plan,
    };
    let hash = operation.plan.hash;
    operation.given = vec![
        yes(GivenKind::Confirm, "ana", hash),
        yes(GivenKind::Approve, "ana", hash),
        yes(GivenKind::Approve, "kim", Hash::ZERO),
        yes(GivenKind::Approve, "ben", hash),
        yes(GivenKind::Approve, "ben", hash),
    ];
    server.keep(operation.clone()).await;
    let client = server.operator();
    let told = async |path: &str| {
        let shown = client.get(path).await.json();
        let needs = shown["needs"].as_array().expect("needs").clone();
        needs.iter().map(|need| (need["have"].clone(), need["met"].clone())).collect::<Vec<_>>()
    };
    let not_yet = [(json!(["ana"]), json!(true)), (json!(["ben"]), json!(false)), (json!([]), json!(false))];
    assert_eq!(told("/api/v1/operations/d-0007").await, not_yet);
    let shown = client.get("/api/v1/operations/d-0007").await.json();
    let who: Vec<_> = (0..3).map(|at| shown["needs"][at]["who"].clone()).collect();
    assert_eq!(who, [Value::Null, json!("nobody"), json!("@kim")]);
    operation.id = sample::id(8);
    operation.given.push(yes(GivenKind::Approve, "kim", hash));
    server.keep(operation.clone()).await;
    let met =
        [(json!(["ana"]), json!(true)), (json!(["ben", "kim"]), json!(true)), (json!(["kim"]), json!(true))];
    assert_eq!(told("/api/v1/operations/d-0008").await, met);
}

#[tokio::test]
async fn what_is_started_alone_or_by_force_shows_as_long_as_there_is_a_record() {
    let server = Server::start().await;
    let mut operation = server.operation(7);
    operation.plan.body.flags = Flags { force: true, alone: true };
    operation.plan.forced = Some("by @ana: 12 targets, at most 5 (wilco.toml:9)".into());
    let approve = operation.needs[0].clone();
    operation.needs.push(Need {
        kind: GivenKind::Countdown,
        within_secs: 60,
        rule: "wilco.toml:12".into(),
        ..approve
    });
    operation.expires_at = Some(operation.created_at);
    server.keep(operation.clone()).await;
    let client = server.operator();
    let shown = client.get("/api/v1/operations/d-0007").await.json();
    assert_eq!(shown["forced"], "by @ana: 12 targets, at most 5 (wilco.toml:9)");
    let at = operation.created_at.to_string();
    assert_eq!(
        shown["alone"],
        json!({ "in_place_of": ["wilco.toml:41"], "starts_at": at, "unstopped_at": null })
    );
    assert_eq!(shown["needs"][1]["kind"], "countdown");
    operation.given.push(Given {
        kind: GivenKind::Countdown,
        person: person("ana"),
        account: Account::parse("web:ana").expect("an account"),
        at: operation.created_at,
        plan: operation.plan.hash,
    });
    (operation.id, operation.state, operation.expires_at) = (sample::id(8), State::Succeeded, None);
    server.keep(operation).await;
    let shown = client.get("/api/v1/operations/d-0008").await.json();
    assert_eq!(
        shown["alone"],
        json!({ "in_place_of": ["wilco.toml:41"], "starts_at": null, "unstopped_at": at })
    );
    assert_eq!((&shown["needs"][1]["met"], &shown["given"][0]["kind"]), (&json!(true), &json!("countdown")));
}

/// An order takes as long as its command may; everything else is answered, or told to be late, within half a minute.
#[tokio::test]
async fn an_order_may_take_its_time_and_no_more_than_eleven_minutes() {
    let server = Server::start().await;
    for (takes, status) in [(600, "200"), (700, "504")] {
        server.desk.take(Duration::from_secs(takes));
        let body = r#"{"order":"ping 1"}"#;
        let request = format!(
            "POST /api/v1/calls HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {OPERATOR}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(server.address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("written");
        let calls = server.desk.calls().len();
        while server.desk.calls().len() == calls {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        tokio::time::resume();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn a_decision_that_does_not_count_says_why() {
    let server = Server::start().await;
    let operation = server.keep(server.operation(7)).await;
    let ben = server.signed_in("ben").await;
    let body = json!({ "plan": operation.plan.hash });

    let changed = Arc::new(server.operation(8));
    server.desk.decide_with(Box::new(move |_| Err(NotDecided::Changed(Arc::clone(&changed)))));
    let problem = ben.post(APPROVE, &body).await.problem(409);
    assert_eq!(problem["operation"]["id"], "d-0008");
    assert!(!problem.to_string().contains('\u{202e}'), "also a problem's texts are harmless");
    assert_eq!(problem["detail"], "The plan of `d-0008` is another one now. Look at it, and decide again.");
    let mut ended = operation.as_ref().clone();
    ended.state = State::Failed;
    let ended = Arc::new(ended);
    server.desk.decide_with(Box::new(move |_| Err(NotDecided::Changed(Arc::clone(&ended)))));
    let problem = ben.post(APPROVE, &body).await.problem(409);
    assert_eq!(problem["detail"], "`d-0007` has ended (failed); it takes no decision any more.");

    server.desk.decide_with(Box::new(|_| {
        Err(NotDecided::Denied(Denial {
            text: "You gave this order, so somebody else has to approve it.".into(),
            rule: "wilco.toml:41".into(),
            who_can: Some("role:lead (@ben)".into()),
            you_can: None,
        }))
    }));
    let problem = ben.post(APPROVE, &body).await.problem(403);
    assert_eq!(
        (&problem["rule"], &problem["who_can"]),
        (&json!("wilco.toml:41"), &json!("role:lead (@ben)"))
    );
    assert!(problem.get("you_can").is_none());

    server.desk.decide_with(Box::new(|_| Err(NotDecided::Unavailable("disk full".into()))));
    let answer = ben.post(APPROVE, &body).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(503);
    for bad in [json!({}), json!({ "plan": "x" }), json!({ "plan": operation.plan.hash, "force": true })] {
        ben.post(APPROVE, &bad).await.problem(400);
    }
}

#[tokio::test]
async fn a_call_is_handed_in_as_it_was_meant() {
    let server = Server::start().await;
    let ci = server.token("ci", "order").await.with("idempotency-key", "k-1");
    let body = json!({
        "command": "webapp.release", "args": { "app": "webapp" }, "place": "web:ops",
        "because": "nightly\u{1b}[1m", "dry_run": true
    });
    assert_eq!(
        ci.post("/api/v1/calls", &body).await.json(),
        json!({
            "text": "pong", "blocks": [{ "type": "text", "text": "pong" }], "rows": null
        })
    );
    let call = server.desk.calls().pop().expect("it was handed in");
    assert_eq!((call.who.key().as_str(), call.key.as_deref(), call.dry_run), ("token:ci", Some("k-1"), true));
    assert_eq!(call.place, Some(place("web:ops")));
    assert_eq!(call.because.as_deref(), Some("nightly[1m"));
    assert!(
        matches!(call.what, CallWhat::Command(id, args) if id.as_str() == "webapp.release" && args["app"] == "webapp")
    );

    let operation = Arc::new(server.operation(7));
    let hash = operation.plan.hash;
    server.desk.answer_with(Box::new(move |_| Answer::Operation(Arc::clone(&operation))));
    let started = ci.post("/api/v1/calls", &json!({ "order": "release webapp" })).await;
    assert_eq!((started.status, started.json()), (202, json!({ "operation": "d-0007", "hash": hash })));
}

#[tokio::test]
async fn a_call_that_is_refused_says_why() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let kinds = [
        (RefusedKind::Unknown, 404),
        (RefusedKind::Malformed, 422),
        (RefusedKind::Denied, 403),
        (RefusedKind::Limited, 429),
        (RefusedKind::StillLimited, 429),
        (RefusedKind::Failed, 422),
        (RefusedKind::Unavailable, 503),
    ];
    for (kind, status) in kinds {
        let reply = Reply {
            blocks: vec![Block::Refusal {
                text: "@ana may not use `webapp.release` in web:ops.".into(),
                rule: Some("no grant".into()),
                who_can: Some("role:lead".into()),
                you_can: None,
            }],
        };
        server.desk.answer_with(Box::new(move |_| Answer::Refused { reply: reply.clone(), kind }));
        let problem = ana.post("/api/v1/calls", &json!({ "order": "release webapp" })).await.problem(status);
        assert_eq!(problem["detail"], "@ana may not use `webapp.release` in web:ops.");
        assert_eq!(
            problem["text"],
            "@ana may not use `webapp.release` in web:ops.\nRule: no grant\nWho can: role:lead"
        );
        assert_eq!((&problem["rule"], &problem["who_can"]), (&json!("no grant"), &json!("role:lead")));
    }
    server
        .desk
        .answer_with(Box::new(|_| Answer::Refused { reply: Reply::text("hm"), kind: RefusedKind::Unknown }));
    assert_eq!(ana.post("/api/v1/calls", &json!({ "order": "x" })).await.problem(404)["detail"], "hm");
    let before = server.desk.calls().len();
    for bad in [
        json!({}),
        json!({ "order": "x", "command": "a.b" }),
        json!({ "order": "x", "args": { "a": 1 } }),
        json!({ "command": "nonsense" }),
        json!({ "order": "x", "place": "ops" }),
        json!({ "order": "x", "plce": "web:ops" }),
    ] {
        ana.post("/api/v1/calls", &bad).await.problem(400);
    }
    ana.post("/api/v1/calls", &json!({ "order": "x", "place": "web:nowhere" })).await.problem(404);
    ana.post("/api/v1/calls", &json!({ "order": "x".repeat(100_000) })).await.problem(413);
    assert_eq!(server.desk.calls().len(), before, "nothing of it reached the engine");
}

#[tokio::test]
async fn a_panic_behind_a_route_stays_there() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    server.desk.answer_with(Box::new(|_| panic!("on purpose")));
    ana.post("/api/v1/calls", &json!({ "order": "ping 1" })).await.problem(500);
    server.desk.answer_with(Box::new(|_| Answer::Done {
        reply: Reply::text("pong"),
        rows: Some(vec![json!({ "n": 1 })]),
    }));
    assert_eq!(
        ana.post("/api/v1/calls", &json!({ "order": "ping 1" })).await.json()["rows"],
        json!([{ "n": 1 }])
    );
}

#[tokio::test]
async fn commands_are_listed_with_their_forms() {
    let server = Server::start().await;
    server.desk.offer(sample::command());
    let list = server.signed_in("ana").await.get("/api/v1/commands").await.json();
    assert_eq!(
        list,
        json!({
            "items": [{
                "id": "webapp.release", "words": ["release <app>"], "about": "Release a revision", "effect": "write",
                "args": [
                    {
                        "name": "app", "type": "choice", "about": "The app", "required": true, "default": "webapp",
                        "choices": ["webapp", "billing"]
                    },
                    { "name": "wait", "type": "duration", "about": "The wait", "required": true, "default": null }
                ],
                "examples": ["release webapp"]
            }],
            "next": null
        })
    );
}

#[tokio::test]
async fn commands_of_any_room_name_their_rooms() {
    let server = Server::start().await;
    let mut shut = sample::command();
    shut.spec.id = CommandId::parse("webapp.shut").expect("an id");
    server.desk.offer(sample::command());
    server.desk.offer_in("web:@ana", shut);
    let ana = server.signed_in("ana").await;
    let rooms = |list: Value, id: &str| {
        let items = list["items"].as_array().expect("items").clone();
        items.into_iter().find(|one| one["id"] == id).map(|one| one["rooms"].clone())
    };
    assert_eq!(rooms(ana.get("/api/v1/commands").await.json(), "webapp.shut"), None);
    let anywhere = ana.get("/api/v1/commands?anywhere=true").await.json();
    assert_eq!(rooms(anywhere.clone(), "webapp.shut"), Some(json!(["web:@ana"])));
    let everywhere = rooms(anywhere, "webapp.release").expect("a command");
    assert!(everywhere.as_array().is_some_and(|rooms| rooms.contains(&json!("web:ops"))), "{everywhere}");
    // Another one's conversation is no room of theirs.
    let of_ben = server.signed_in("ben").await.get("/api/v1/commands?anywhere=true").await.json();
    assert_eq!(rooms(of_ben, "webapp.shut"), None);
    ana.get("/api/v1/commands?anywhere=true&place=web:ops").await.problem(400);
}

#[tokio::test]
async fn people_see_what_they_may_not_use_with_the_rule_and_who_can() {
    let server = Server::start().await;
    let mut shut = sample::command();
    shut.spec.id = CommandId::parse("webapp.shut").expect("an id");
    server.desk.offer(sample::command());
    server.desk.offer_in("web:@ana", shut);
    let all = "/api/v1/commands?anywhere=true&refused=true";
    let list = server.signed_in("ben").await.get(all).await.json();
    let item = |at: usize| list["items"][at].clone();
    assert_eq!((item(0)["id"].as_str(), item(0)["refused"].clone()), (Some("webapp.release"), Value::Null));
    assert_eq!((item(1)["id"].as_str(), item(1)["rooms"].clone()), (Some("webapp.shut"), json!([])));
    let refused = json!({
        "text": "@ben may not use `webapp.shut` in web:ops.", "rule": "no grant", "who_can": "role:admin"
    });
    assert_eq!(item(1)["refused"], refused);
    // Whoever may use it somewhere is not refused.
    let ana = server.signed_in("ana").await;
    assert_eq!(ana.get(all).await.json()["items"][1]["refused"], Value::Null);
    ana.get("/api/v1/commands?refused=true").await.problem(400);
}

#[tokio::test]
async fn the_audit_is_listed_and_keeps_what_was_private_private() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    for (at, text) in [("web:ops", "status webapp"), ("web:@ana", "my secret plan")] {
        let entry = AuditEntry {
            kind: "order.read".into(),
            who: "@ana".into(),
            account: None,
            operation: None,
            command: None,
            place: Some(place(at)),
            text: text.into(),
            rule: None,
        };
        let now = "2026-01-05T09:00:00Z".parse().expect("a time");
        let batch = Batch { at: now, records: vec![Record::Audit(entry)] };
        server.store.commit(batch, When::Now).await.expect("it is written");
    }
    server.keep(server.operation(7)).await;
    let said = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().expect("items");
        items.iter().map(|entry| entry["text"].as_str().expect("a text").to_owned()).collect()
    };
    assert_eq!(said(&ana.get("/api/v1/audit?kind=order.").await.json()), ["status webapp", "my secret plan"]);
    assert_eq!(said(&ben.get("/api/v1/audit?kind=order.").await.json()), ["status webapp"]);
    assert_eq!(said(&server.operator().get("/api/v1/audit?kind=order.").await.json()).len(), 2);
    assert_eq!(said(&ben.get("/api/v1/audit?operation=d-0007").await.json()), ["release webapp"]);
    let first = ben.get("/api/v1/audit?who=@ana&limit=1").await.json();
    assert!(first["next"].is_u64(), "{first}");
    let entry = &first["items"][0];
    assert!(entry["hash"].as_str().is_some_and(|hash| hash.len() == 64) && entry["seq"].is_u64(), "{entry}");
    ben.get("/api/v1/audit?operation=x").await.problem(400);
}
