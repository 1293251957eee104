//! Too much: a message that is too long, and a thousand orders in a second from one person.

use std::fs;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    rig::Repo,
    town::{Town, change},
};

const MESSAGES: &str = "rooms/web%3Aops/messages";
/// How much more memory a server may take for a flood, in KiB.
const GROWTH: u64 = 30 * 1024;

#[tokio::test]
async fn a_message_of_100_kb_is_not_taken_and_told() {
    let town = Town::new().await;
    let long = "x".repeat(100_000);
    let said = town.you.say(&format!("wilco status {long}"), "long").await.expect("an answer");
    assert_eq!(said.status, 413, "{said}");
    let detail = said.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("at most") && detail.contains("Nothing was said"), "{said}");
    let called =
        town.you.post("calls", &json!({ "order": format!("status {long}") })).await.expect("an answer");
    assert_eq!(called.status, 413, "{called}");
    assert_eq!(town.you.all(MESSAGES).await.expect("an answer"), Vec::<Value>::new());
}

/// The memory of a process, in KiB.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_thousand_orders_in_a_second_are_bounded_and_told_once() {
    let repo = Repo::new("process");
    change(&repo, "[limits]\nper_person = \"unlimited\"\nlane = \"unlimited\"\n", "");
    let town = Town::of(repo).await;
    town.stage("t1").await;
    let before = memory(town.server.pid());
    let since = Instant::now();
    let posts = stream::iter(0..1_000).map(|n| {
        let you = &town.you;
        async move { you.say("wilco status", &format!("flood {n}")).await.expect("an answer").status }
    });
    let statuses: Vec<u16> = posts.buffer_unordered(32).collect().await;
    let count = |status: u16| statuses.iter().filter(|is| **is == status).count();
    println!("201: {}, 429: {}, in {:?}.", count(201), count(429), since.elapsed());
    assert_eq!(count(201) + count(429), 1_000, "taken or told: {statuses:?}");
    assert!(count(201) >= 100, "a burst is taken");
    sleep(Duration::from_secs(1)).await;
    let after = memory(town.server.pid());
    println!("{before} KiB before the flood, {after} KiB after it.");
    assert!(after < before + GROWTH, "the memory is bounded");

    let all = town.you.all(MESSAGES).await.expect("an answer");
    let from = |kind: &'static str| all.iter().filter(move |message| message["from"]["kind"] == kind);
    assert_eq!(from("person").count(), count(201) + 1, "what was acknowledged is there");
    let text = |message: &Value| message["text"].as_str().unwrap_or_default().to_owned();
    let told: Vec<_> = from("wilco").map(text).filter(|text| text.contains("I take no more")).collect();
    let limits = told.iter().filter(|text| text.contains("more than 30 orders in 60 s")).count();
    let lanes = told.iter().filter(|text| text.contains("wait here already")).count();
    assert!(limits <= 1 && lanes <= 1 && limits + lanes > 0, "told once: {told:?}");

    let ana = town.ana.say("wilco ping still here", "ping").await.expect("an answer");
    assert_eq!(ana.status, 201, "{ana}");
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let latest = town.ana.get(&format!("{MESSAGES}?latest=5")).await.expect("an answer");
        if latest.to_string().contains("pong still here") {
            break;
        }
        assert!(Instant::now() < until, "others are heard: {latest}");
        sleep(Duration::from_millis(50)).await;
    }
}
