//! Finding in rooms: by words, what is unread, and what a stream says of what is around.

use serde_json::{Value, json};

use wilco_contract::{
    connector::{Connector as _, DeliveryKey, Post},
    reply::{Block, Field, NEEDS, Reply},
};

use crate::support::{Server, client::Client, place};

const OPS: &str = "/api/v1/rooms/web%3Aops";
const DEPLOYS: &str = "/api/v1/rooms/web%3Adeploys";

async fn say(who: &Client, room: &str, text: &str) -> String {
    let said = who.post(&format!("{room}/messages"), &json!({ "text": text })).await;
    assert_eq!(said.status, 201, "{text}");
    said.json()["id"].as_str().expect("an id").to_owned()
}

fn texts(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|message| message["text"].as_str()).collect()
}

#[tokio::test]
async fn a_room_is_searched_by_words_and_nothing_else_is_found() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    say(&ana, OPS, "the disk of web1 is full").await;
    let second = say(&ana, OPS, "Web1 is <b>back</b>").await;
    say(&ana, DEPLOYS, "web1 elsewhere").await;
    say(&ana, OPS, "nothing to see").await;
    let search = format!("{OPS}/search");
    let found = ana.get(&format!("{search}?text=web1")).await.json();
    assert_eq!(
        (texts(&found), &found["next"]),
        (vec!["Web1 is <b>back</b>", "the disk of web1 is full"], &Value::Null)
    );
    let found = ana.get(&format!("{search}?text=full%20WEB1")).await.json();
    assert_eq!(texts(&found), ["the disk of web1 is full"]);
    let page = ana.get(&format!("{search}?text=web1&limit=1")).await.json();
    assert_eq!((texts(&page), page["next"].to_string()), (vec!["Web1 is <b>back</b>"], second));
    let older = ana.get(&format!("{search}?text=web1&limit=1&before={}", page["next"])).await.json();
    assert_eq!((texts(&older), &older["next"]), (vec!["the disk of web1 is full"], &Value::Null));
    assert_eq!(texts(&ana.get(&format!("{search}?text=%25")).await.json()), [""; 0]);
    for bad in ["", "%20", "a%20b%20c%20d%20e%20f%20g%20h%20i", &"x".repeat(201)] {
        ana.get(&format!("{search}?text={bad}")).await.problem(422);
    }
    ana.get(&search).await.problem(400);
    server.signed_in("kim").await.get("/api/v1/rooms/web%3A%40ana/search?text=x").await.problem(403);
    server.client().get(&format!("{search}?text=web1")).await.problem(401);
}

#[tokio::test]
async fn what_others_said_since_is_counted_and_own_words_are_not() {
    let server = Server::start().await;
    let (ana, kim) = (server.signed_in("ana").await, server.signed_in("kim").await);
    let read = say(&kim, OPS, "hello @ana, read").await;
    let first = say(&kim, OPS, "one").await;
    say(&ana, OPS, "I spoke to @ana").await;
    say(&kim, OPS, "@ana look, not @anabel").await;
    say(&kim, OPS, "@anabel alone").await;
    let unread = ana.get(&format!("{OPS}/unread?after={read}")).await.json();
    assert_eq!(unread, json!({ "count": 3, "more": false, "mentions": 1, "first": first }));
    let none = ana.get(&format!("{DEPLOYS}/unread?after=0")).await.json();
    assert_eq!(none, json!({ "count": 0, "more": false, "mentions": 0, "first": null }));
    // Behind more than are counted, a mention is still found.
    for number in 0..49 {
        say(&kim, DEPLOYS, &format!("{number}")).await;
        say(&server.operator(), DEPLOYS, &format!("{number} too")).await;
        server.clock.advance(std::time::Duration::from_millis(50));
    }
    for number in 0..3 {
        say(&kim, DEPLOYS, &format!("{number} and @ana")).await;
    }
    let many = ana.get(&format!("{DEPLOYS}/unread?after=0")).await.json();
    assert_eq!((&many["count"], &many["more"], &many["mentions"]), (&json!(100), &json!(true), &json!(3)));
    ana.get(&format!("{OPS}/unread")).await.problem(400);
    server.signed_in("kim").await.get("/api/v1/rooms/web%3A%40ana/unread?after=0").await.problem(403);
}

#[tokio::test]
async fn whom_wilco_names_as_somebody_who_could_help_is_not_spoken_to() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let outbox = server.connector.connect(None).await.expect("it connects").outbox;
    let text = |text: &str| Block::Text { text: text.into() };
    let refusal = Block::Refusal {
        text: "@kim may not use it.".into(),
        rule: None,
        who_can: Some("role:lead (@ana)".into()),
        you_can: None,
    };
    let needs = Block::Fields { fields: vec![Field::new(NEEDS, "1 approval by role:lead (@ana)")] };
    let said = [
        (vec![refusal.clone()], 0),
        (vec![text("Plan for `ship`."), needs.clone()], 0),
        (vec![text("@ana, look at this"), refusal], 1),
        (vec![text("for @ana")], 2),
    ];
    for (number, (blocks, mentions)) in said.into_iter().enumerate() {
        let key = DeliveryKey(format!("said/{number}"));
        let post = Post { place: &place("web:ops"), thread: None, reply: &Reply { blocks }, key: &key };
        outbox.post(post).await.expect("it is posted");
        let unread = ana.get(&format!("{OPS}/unread?after=0")).await.json();
        assert_eq!(unread["mentions"], json!(mentions), "message {number}");
    }
}

#[tokio::test]
async fn a_room_says_which_message_is_its_newest() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let newest = say(&ana, DEPLOYS, "hello").await;
    for list in [
        ana.get("/api/v1/rooms").await.json()["items"].clone(),
        ana.get("/api/v1/me").await.json()["rooms"].clone(),
    ] {
        let of = |at: usize| (list[at]["place"].clone(), list[at]["newest"].clone());
        assert_eq!(of(0), (json!("web:ops"), Value::Null));
        assert_eq!(of(1), (json!("web:deploys"), json!(newest)));
    }
}

#[tokio::test]
async fn a_stream_says_who_is_here_and_which_other_rooms_changed() {
    let server = Server::start().await;
    let (ana, kim) = (server.signed_in("ana").await, server.signed_in("kim").await);
    let mut events = ana.events(&format!("{OPS}/stream?around=true")).await;
    let here = events.event().await;
    assert_eq!((here.name.as_str(), here.id), ("here", None));
    assert_eq!(here.data, json!({ "people": [{ "id": "ana", "name": "Name of ana" }] }));
    let other = kim.events(&format!("{OPS}/stream")).await;
    let both = events.event().await;
    assert_eq!(both.data["people"].as_array().map(Vec::len), Some(2), "{}", both.data);
    say(&kim, DEPLOYS, "elsewhere").await;
    let changed = events.event().await;
    assert_eq!((changed.name.as_str(), changed.data), ("rooms", json!({ "places": ["web:deploys"] })));
    // Another's direct conversation is nobody else's news, and what comes close together is told once.
    say(&kim, "/api/v1/rooms/web%3A%40kim", "alone").await;
    for text in ["a", "b", "c"] {
        say(&kim, DEPLOYS, text).await;
    }
    say(&kim, OPS, "here").await;
    let said = events.event().await;
    assert_eq!((said.name.as_str(), &said.data["text"]), ("message", &json!("here")));
    let changed = events.event().await;
    assert_eq!((changed.name.as_str(), changed.data), ("rooms", json!({ "places": ["web:deploys"] })));
    drop(other);
    let alone = events.event().await;
    assert_eq!(alone.data, json!({ "people": [{ "id": "ana", "name": "Name of ana" }] }));
}

#[tokio::test]
async fn a_long_page_of_messages_is_packed_for_whoever_takes_it() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    say(&ana, OPS, "short").await;
    let gzip = ana.with("accept-encoding", "gzip");
    let short = gzip.get(&format!("{OPS}/messages")).await;
    assert_eq!((short.header("content-encoding"), texts(&short.json())), ("", vec!["short"]));
    say(&ana, OPS, &"long ".repeat(1_000)).await;
    let plain = ana.get(&format!("{OPS}/messages")).await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
    let packed = gzip.get(&format!("{OPS}/messages")).await;
    assert_eq!(
        (packed.header("content-encoding"), packed.header("content-type")),
        ("gzip", "application/json")
    );
    assert!(packed.body.len() * 5 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
    assert_eq!(packed.header("content-length"), packed.body.len().to_string());
    // What holds a secret is never packed, and a refusal is what it was.
    assert_eq!(gzip.get("/api/v1/me").await.header("content-encoding"), "");
    gzip.get(&format!("{OPS}/messages?latest=2&after=1")).await.problem(400);
}
