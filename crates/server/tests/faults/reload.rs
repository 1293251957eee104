//! A configuration that changes while the server runs: taken over, told, and left where it is broken.

use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use crate::town::{Town, change, up};

/// How long a change may take until the home room knows of it.
const TOLD: Duration = Duration::from_secs(20);

/// What the home room was told of the configuration, oldest first.
async fn told(town: &Town) -> Vec<String> {
    let messages = town.you.all("rooms/web:ops/messages").await.expect("messages");
    let texts = messages.iter().filter_map(|message| message["text"].as_str());
    texts
        .filter(|text| text.starts_with("The configuration") || text.starts_with("Since Wilco"))
        .map(str::to_owned)
        .collect()
}

/// What it is told next, after so many.
pub(crate) async fn next(town: &Town, before: usize) -> String {
    let end = Instant::now() + TOLD;
    loop {
        if let Some(text) = told(town).await.into_iter().nth(before) {
            return text;
        }
        assert!(Instant::now() < end, "nothing was told:\n{}", town.server.said());
        sleep(Duration::from_millis(100)).await;
    }
}

fn pack(town: &Town, from: &str, to: &str) {
    let path = town.repo.path("packs/app/pack.toml");
    let text = std::fs::read_to_string(&path).expect("a pack");
    assert!(text.contains(from), "there is `{from}` in it");
    std::fs::write(path, text.replace(from, to)).expect("written");
}

async fn answer(town: &Town, order: &str) -> Value {
    town.you.call(order, order).await.expect("an answer").body
}

#[tokio::test]
async fn a_listener_more_is_told() {
    let town = Town::new().await;
    let more = "[[listener]]\nid = \"down\"\nhear = 'is (\\w+) down'\nsay = \"Say status.\"\n\n[[command]]\nid = \"status\"";
    pack(&town, "[[command]]\nid = \"status\"", more);
    let text = next(&town, 0).await;
    assert!(text.contains("Changed beside commands: listeners."), "{text}");
}

#[tokio::test]
async fn a_command_more_is_there_without_a_restart_and_the_room_is_told_who_may_use_it() {
    let town = Town::new().await;
    let waiting = town.order("stage red t1", "awaiting_confirm").await;
    pack(&town, "Do what a stage does", "Put it where it can be looked at");
    let text = next(&town, 0).await;
    assert!(text.contains("Changed: `app.stage`."), "{text}");
    assert!(text.contains(&format!("asked for anew: {}", waiting["id"].as_str().expect("an id"))), "{text}");
    let pressed = town.you.press(&waiting, "confirm").await.expect("an answer");
    assert_eq!(town.end(&waiting).await["state"], "aborted", "{pressed}");

    change(&town.repo, "[[require]]\ncommand = \"app.rollback\"\nconfirm = true", "");
    let text = next(&town, 1).await;
    assert!(text.contains("@you now needs nothing else for `app.rollback`, and needed confirm."), "{text}");
    let rolled = town.order("rollback red t2", "running").await;
    assert_eq!(town.end(&rolled).await["state"], "succeeded");
    // By the word, and with nothing new.
    let asked = answer(&town, "reload").await;
    assert!(asked["operation"].is_string(), "{asked}");
    assert!(next(&town, 2).await.contains("Nothing changed."));
}

#[tokio::test]
async fn a_broken_pack_leaves_the_old_one_running_and_says_so_once() {
    let town = Town::new().await;
    pack(&town, "id = \"status\"", "id = \"status\"\nno such key");
    let text = next(&town, 0).await;
    assert!(
        text.contains("Broken, so what ran before goes on:") && text.contains("packs/app/pack.toml:"),
        "{text}"
    );
    let status = answer(&town, "status").await;
    assert!(status["text"].is_string(), "the old one answers: {status}");
    // Saved again, and still broken in the same way: nobody is told twice.
    pack(&town, "no such key", "no such key ");
    sleep(Duration::from_secs(4)).await;
    assert_eq!(told(&town).await.len(), 1, "{:?}", told(&town).await);
    pack(&town, "\nno such key ", "");
    let text = next(&town, 1).await;
    assert!(text.contains("can be used again"), "{text}");

    change(&town.repo, "[[grant]]", "[[grant");
    let text = next(&town, 2).await;
    assert!(text.contains("the old one goes on") && text.contains("wilco.toml:"), "{text}");
    assert!(answer(&town, "status").await["text"].is_string());
}

#[tokio::test]
async fn what_takes_a_restart_is_said_and_a_right_gained_while_wilco_was_away_too() {
    let mut town = Town::new().await;
    change(&town.repo, "durability = \"process\"", "durability = \"full\"");
    let text = next(&town, 0).await;
    assert!(text.contains("Takes a restart of Wilco: `durability`."), "{text}");
    town.stop().await;
    change(&town.repo, "to = [\"role:developer\"]", "to = [\"role:developer\", \"@ben\"]");
    town.server = up(&town.repo).await;
    let text = next(&town, 1).await;
    assert!(
        text.contains("allows more") && text.contains("@ben may now use `app.count`, `app.hold`"),
        "{text}"
    );
}

#[tokio::test]
async fn every_section_that_changes_is_named_and_what_takes_a_restart_stays() {
    let town = Town::new().await;
    change(&town.repo, "lane = \"unlimited\"", "lane = 7");
    let text = next(&town, 0).await;
    assert!(text.contains("Changed beside commands: limits."), "{text}");
    // Where something stands changes nothing; that a restart is needed is told once.
    change(&town.repo, "durability = \"process\"", "name = \"ops\"\ndurability = \"process\"");
    let text = next(&town, 1).await;
    assert!(text.contains("Takes a restart of Wilco: `name`.") && !text.contains("Changed"), "{text}");
    change(&town.repo, "roles = [\"lead\"]", "roles = [\"lead\", \"tester\"]");
    let text = next(&town, 2).await;
    assert!(text.contains("people and roles") && !text.contains("restart"), "{text}");
    assert!(answer(&town, "status").await["text"].is_string());
}

#[tokio::test]
async fn beside_a_pack_that_never_ran_the_rest_is_taken_over_and_a_mended_one_is_seen() {
    let town = Town::new().await;
    let new = town.repo.path("packs/new");
    std::fs::create_dir_all(&new).expect("a folder");
    std::fs::write(new.join("pack.toml"), "no pack").expect("written");
    pack(&town, "Do what a stage does", "Put it where it can be looked at");
    let text = next(&town, 0).await;
    assert!(text.contains("Changed: `app.stage`.") && text.contains("left out until it is mended"), "{text}");
    std::fs::remove_dir_all(&new).expect("removed");
    assert_eq!(next(&town, 1).await, "The configuration can be used again.");
    // A folder that is named and not there is refused until it is, though no known file changes then.
    change(&town.repo, "durability", "packs = [\"packs\", \"more\"]\ndurability");
    let text = next(&town, 2).await;
    assert!(text.contains("the old one goes on"), "{text}");
    std::fs::create_dir_all(town.repo.path("more")).expect("a folder");
    assert_eq!(next(&town, 3).await, "The configuration can be used again.");
}
