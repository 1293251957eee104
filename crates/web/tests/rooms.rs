//! Rooms: who reads and says what, bad input, floods, repeats.

use serde_json::{Value, json};
use wilco_contract::input::{Input, MAX_TEXT};

use crate::support::Server;

const OPS: &str = "/api/v1/rooms/web%3Aops/messages";

fn texts(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|message| message["text"].as_str()).collect()
}

#[tokio::test]
async fn a_room_is_read_in_pages_from_either_end() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    for number in 0..7 {
        let said = ana.post(OPS, &json!({ "text": format!("m{number}") })).await;
        assert_eq!(said.status, 201);
    }
    let first = ana.get(&format!("{OPS}?limit=3")).await.json();
    assert_eq!(texts(&first), ["m0", "m1", "m2"]);
    let second = ana.get(&format!("{OPS}?limit=3&after={}", first["next"])).await.json();
    assert_eq!(texts(&second), ["m3", "m4", "m5"]);
    let last = ana.get(&format!("{OPS}?limit=3&after={}", second["next"])).await.json();
    assert_eq!((texts(&last), &last["next"]), (vec!["m6"], &Value::Null));
    let latest = ana.get(&format!("{OPS}?latest=2")).await.json();
    assert_eq!((texts(&latest), &latest["next"]), (vec!["m5", "m6"], &Value::Null));
    let before = latest["items"][0]["id"].as_str().expect("an id");
    assert_eq!(texts(&ana.get(&format!("{OPS}?limit=2&before={before}")).await.json()), ["m3", "m4"]);
    ana.get(&format!("{OPS}?latest=2&after=1")).await.problem(400);
    let problem = ana.get(&format!("{OPS}?newest=2")).await.problem(400);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("newest")), "{problem}");
}

#[tokio::test]
async fn a_message_has_the_shape_that_was_promised() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let said = ana.post(OPS, &json!({ "text": "wilco ping 1" })).await.json();
    let id = said["id"].as_str().expect("an id");
    assert!(id.parse::<u64>().is_ok());
    let expected = json!({
        "id": id, "at": "2026-01-05T09:00:00Z", "place": "web:ops", "thread": null,
        "from": { "kind": "person", "id": "ana", "name": "Name of ana" },
        "text": "wilco ping 1", "blocks": [], "version": 1, "operation": null, "event": null
    });
    assert_eq!(said, expected);
    assert_eq!(ana.get(OPS).await.json()["items"][0], expected);
}

#[tokio::test]
async fn me_says_who_and_where() {
    let server = Server::start().await;
    let me = server.signed_in("ana").await.get("/api/v1/me").await.json();
    assert_eq!(
        (&me["kind"], &me["id"], &me["roles"]),
        (&json!("person"), &json!("ana"), &json!(["developer"]))
    );
    assert_eq!(me["wilco"]["zone"], "Europe/Berlin");
    assert_eq!(me["wilco"]["prefixes"], json!(["."]));
    assert_eq!(me["wilco"]["home"], "web:ops");
    let rooms: Vec<_> =
        me["rooms"].as_array().expect("rooms").iter().map(|room| (&room["place"], &room["direct"])).collect();
    assert_eq!(
        rooms,
        [
            (&json!("web:ops"), &json!(false)),
            (&json!("web:deploys"), &json!(false)),
            (&json!("web:@ana"), &json!(true))
        ]
    );
    let operator = server.operator().get("/api/v1/rooms").await.json();
    assert_eq!(operator["items"].as_array().map(Vec::len), Some(2), "a program has no direct conversation");
}

#[tokio::test]
async fn a_direct_conversation_is_its_persons_alone() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let direct = "/api/v1/rooms/web%3A%40ana/messages";
    assert_eq!(ana.post(direct, &json!({ "text": "ping 1" })).await.status, 201);
    for other in [server.signed_in("kim").await, server.operator(), server.token("ci", "order").await] {
        other.get(direct).await.problem(403);
        other.get("/api/v1/rooms/web%3A%40ana/stream").await.problem(403);
        other.post(direct, &json!({ "text": "hello" })).await.problem(403);
        other.post("/api/v1/calls", &json!({ "order": "ping 1", "place": "web:@ana" })).await.problem(403);
    }
    ana.get("/api/v1/rooms/web%3A%40zed/messages").await.problem(404);
    ana.get("/api/v1/rooms/web%3Anowhere/messages").await.problem(404);
    ana.get("/api/v1/rooms/irc%3A%23ops/messages").await.problem(404);
    ana.get("/api/v1/rooms/ops/messages").await.problem(400);
}

#[tokio::test]
async fn what_a_person_says_is_an_input_and_what_a_program_says_is_not() {
    let server = Server::start().await;
    let program = server.token("ci", "order").await;
    assert_eq!(program.post(OPS, &json!({ "text": "wilco release webapp" })).await.status, 201);
    assert_eq!(server.operator().post(OPS, &json!({ "text": "wilco release webapp" })).await.status, 201);
    let refused =
        server.token("dash", "read").await.post(OPS, &json!({ "text": "hello" })).await.problem(403);
    assert_eq!(refused["rule"], "scope read");
    let ana = server.signed_in("ana").await;
    ana.post(OPS, &json!({ "text": "wilco ping 1" })).await;
    let unhandled = server.store.unhandled().await.expect("the inbox");
    let said: Vec<_> = unhandled.iter().map(|(_, input)| input.who()).collect();
    assert_eq!(said, ["web:ana"]);
    let kinds: Vec<_> = {
        let list = ana.get(OPS).await.json();
        let items = list["items"].as_array().expect("items").clone();
        items.iter().map(|message| message["from"]["kind"].as_str().expect("a kind").to_owned()).collect()
    };
    assert_eq!(kinds, ["program", "program", "person"]);
}

#[tokio::test]
async fn a_text_of_100_kb_is_refused_with_the_figures() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let problem = ana.post(OPS, &json!({ "text": "x".repeat(100_000) })).await.problem(413);
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(detail.contains("100000") && detail.contains("65536"), "{detail}");
    assert_eq!(
        ana.post(OPS, &json!({ "text": "y".repeat(MAX_TEXT) })).await.status,
        201,
        "what fits is taken"
    );
    ana.post(OPS, &json!({ "text": "x".repeat(2_000_000) })).await.problem(413);
    assert_eq!(ana.get(OPS).await.json()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let attack = "<img src=x onerror=alert(1)>\u{1b}[31m\u{202e}txt.exe\u{0}</script>";
    let said = ana.post(OPS, &json!({ "text": attack })).await;
    assert_eq!(said.header("content-type"), "application/json");
    assert_eq!(said.header("x-content-type-options"), "nosniff");
    assert_eq!(said.json()["text"], "<img src=x onerror=alert(1)>[31mtxt.exe</script>");
    let listed = ana.get(OPS).await;
    assert_eq!(listed.header("content-type"), "application/json");
    assert!(!listed.text().contains('\u{202e}') && !listed.text().contains("\\u00"));
    // An error that repeats what was sent is no way round.
    let problem = ana.get("/api/v1/rooms/web%3A%3Cscript%3E/messages").await.problem(404);
    assert_eq!(problem["detail"], "There is no room `web:<script>`.");
}

#[tokio::test]
async fn a_body_that_does_not_fit_says_what_is_wrong() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    for (body, says) in [
        ("{\"text\": 7}", "string"),
        ("{\"txt\": \"hello\"}", "txt"),
        ("{", "EOF"),
        ("[]", "does not fit"),
        ("{}", "text"),
        ("{\"text\": \"\u{0}\"}", "control character"),
    ] {
        let problem = ana.send("POST", OPS, Some(body.to_owned())).await.problem(400);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{body}: {problem}");
    }
    for empty in ["", "  \n ", "\u{200b}"] {
        ana.post(OPS, &json!({ "text": empty })).await.problem(422);
    }
    for thread in ["x", "0", "99999"] {
        ana.post(OPS, &json!({ "text": "hello", "thread": thread })).await.problem(422);
    }
    let form = ana.with("content-type", "application/x-www-form-urlencoded");
    form.send("POST", OPS, Some("text=hello".into())).await.problem(415);
    ana.send("PUT", OPS, Some("{}".into())).await.problem(405);
    ana.get("/api/v1/nothing").await.problem(404);
    ana.get("/api/v2/me").await.problem(404);
}

#[tokio::test]
async fn a_thread_of_another_room_is_not_taken() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let said = ana.post("/api/v1/rooms/web%3A%40ana/messages", &json!({ "text": "private" })).await.json();
    ana.post(OPS, &json!({ "text": "hello", "thread": said["id"] })).await.problem(422);
}

#[tokio::test]
async fn a_repeated_key_answers_the_same_message() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await.with("idempotency-key", "k-1");
    let body = json!({ "text": "wilco release webapp" });
    let (one, other) = tokio::join!(ana.post(OPS, &body), ana.post(OPS, &body));
    let third = ana.post(OPS, &body).await;
    assert_eq!((one.status, other.status, third.status), (201, 201, 201));
    assert_eq!(one.json(), third.json());
    assert_eq!(other.json(), third.json());
    ana.post(OPS, &json!({ "text": "wilco release billing" })).await.problem(422);
    // The key is the person's own: another one's same key is another message.
    let ben = server.signed_in("ben").await.with("idempotency-key", "k-1");
    assert_ne!(ben.post(OPS, &body).await.json()["id"], third.json()["id"]);
    for bad in ["", &"x".repeat(201)] {
        ana.with("idempotency-key", bad).post(OPS, &body).await.problem(400);
    }
    let inputs = server.store.unhandled().await.expect("the inbox");
    assert_eq!(inputs.len(), 2, "one order a person, however often it was sent");
    let Input::Message(first) = &inputs[0].1 else { panic!("a message") };
    assert_eq!(first.id, "@ana/k-1");
}

#[tokio::test]
async fn a_flood_of_one_person_is_cut_and_harms_nobody_else() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    let mut counts = std::collections::BTreeMap::<u16, usize>::new();
    let began = tokio::time::Instant::now();
    for batch in 0..50 {
        let sent = (0..20).map(|number| {
            let ana = ana.clone();
            async move { ana.post(OPS, &json!({ "text": format!("wilco ping {batch}-{number}") })).await }
        });
        for answer in futures_util::future::join_all(sent).await {
            *counts.entry(answer.status).or_default() += 1;
            if answer.status == 429 {
                assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|secs| secs >= 1));
                answer.problem(429);
            }
        }
    }
    let room = 101.0 + 50.0 * began.elapsed().as_secs_f64();
    assert!(counts[&201] >= 100 && (counts[&201] as f64) < room, "{counts:?}");
    assert_eq!(counts.values().sum::<usize>(), 1_000);
    assert!(counts.keys().all(|status| [201, 429].contains(status)), "{counts:?}");
    assert_eq!(ben.post(OPS, &json!({ "text": "still here" })).await.status, 201);
    let kept = server.store.unhandled().await.expect("the inbox").len();
    assert_eq!(kept, counts[&201] + 1, "what was taken is kept, and nothing else");
}
