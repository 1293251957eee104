//! The story's webhooks: an issue is opened, renamed and closed. One message shows it, in its newest state, and what
//! happened stands in its thread once.
//!
//! Not the flood of [`crate::hooks`]: here each request waits until the room shows what came of the one before.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    proof::BEHIND,
    rig::{Client, LOOK, client::NoAnswer},
    walk::Walk,
};

/// Where events are told, behind the story's configuration.
pub(crate) const ROUTES: &str = "to = [\"web:events\"]\n\n[connector.web]\nrooms = [\"events\"]\n";

const MESSAGES: &str = "rooms/web%3Aevents/messages";

/// What happens, in order, and what the message shows after it.
const CHAPTERS: [Chapter; 3] = [
    Chapter {
        action: "opened",
        title: "Login fails",
        state: "open",
        shows: "Issue webapp#7 Login fails — ana",
    },
    Chapter {
        action: "edited",
        title: "Login fails at night",
        state: "open",
        shows: "Issue webapp#7 Login fails at night — ana",
    },
    Chapter {
        action: "closed",
        title: "Login fails at night",
        state: "closed",
        shows: "Issue webapp#7 Login fails at night — closed by ana",
    },
];

struct Chapter {
    action: &'static str,
    title: &'static str,
    state: &'static str,
    shows: &'static str,
}

fn delivery(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// One chapter: posted until it is answered, and waited for until the room shows it.
pub(crate) async fn tell(walk: &mut Walk, number: usize) {
    let Chapter { action, title, state, shows } = &CHAPTERS[number];
    let body = json!({"action": action, "sender": {"login": "ana"},
        "issue": {"number": 7, "title": title, "body": "It says so.", "state": state, "user": {"login": "ana"},
            "updated_at": format!("2019-05-15T10:0{number}:00Z")},
        "repository": {"full_name": "acme/webapp", "name": "webapp"}})
    .to_string();
    let deaths = walk.deaths;
    let taken = walk.insist(async |people| people.you.hook("issues", &delivery(number), &body).await).await;
    let is_new = taken.body == json!({"new": 1, "repeated": 0});
    // Where the answer was lost, the request before may have counted.
    let is_known = walk.deaths > deaths && taken.body == json!({"new": 0, "repeated": 1});
    assert!(taken.status == 200 && (is_new || is_known), "{taken}");
    walk.insist(async |people| shown(&people.you, shows).await).await;
}

/// Waits until the newest message at the top of the room begins so.
async fn shown(client: &Client, text: &str) -> Result<(), NoAnswer> {
    let until = Instant::now() + BEHIND;
    loop {
        let (top, thread) = room(client).await?;
        if top.last().is_some_and(|top| top == text) {
            return Ok(());
        }
        assert!(Instant::now() < until, "`{text}` is not shown: {top:?} {thread:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The texts at the top of the room, and those in threads.
async fn room(client: &Client) -> Result<(Vec<String>, Vec<String>), NoAnswer> {
    let all = client.all(MESSAGES).await?;
    let (threaded, top): (Vec<_>, Vec<_>) = all.into_iter().partition(|message| !message["thread"].is_null());
    let texts = |messages: Vec<Value>| {
        messages.iter().map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
    };
    Ok((texts(top), texts(threaded)))
}

/// What must hold in the end: each request is one event that went its way, and each thing that happened is told once.
pub(crate) async fn are_told_once(client: &Client) -> Result<(), NoAnswer> {
    let events = client.all("events").await?;
    let deliveries: Vec<_> = events.iter().map(|event| event["delivery"].clone()).collect();
    let expected: Vec<_> = (0..CHAPTERS.len()).map(|number| json!(delivery(number))).collect();
    assert_eq!(deliveries, expected, "each is stored once, in its order");
    let unrouted = events.iter().find(|event| event["places"].as_array().is_none_or(Vec::is_empty));
    assert!(unrouted.is_none(), "each went somewhere: {unrouted:?}");
    let until = Instant::now() + BEHIND;
    loop {
        let (top, thread) = room(client).await?;
        // A rename is worth no line of its own.
        let told = ["> It says so.", CHAPTERS[2].shows];
        if top == [CHAPTERS[2].shows] && thread == told {
            return Ok(());
        }
        let is_once = top.len() <= 1 && thread.len() <= told.len();
        assert!(is_once && Instant::now() < until, "told once, and whole: {top:?} {thread:?}");
        tokio::time::sleep(LOOK).await;
    }
}
