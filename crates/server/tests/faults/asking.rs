//! A question of an operation on the real page: its buttons, its thread, and who may not answer.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{rig::Client, town::Town};

const ROOM: &str = "rooms/web%3Aops/messages";

/// The newest message whose text begins so.
async fn message(town: &Town, begins: &str) -> Value {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let all = town.you.all(ROOM).await.expect("messages");
        let fits = |message: &&Value| message["text"].as_str().is_some_and(|text| text.starts_with(begins));
        if let Some(found) = all.iter().rev().find(fits) {
            return found.clone();
        }
        assert!(Instant::now() < end, "nothing begins with `{begins}`: {all:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn offers(message: &Value) -> Option<&Value> {
    message["blocks"].as_array()?.iter().find(|block| block["type"] == "offers")
}

#[tokio::test]
async fn a_button_answers_in_the_thread_and_the_question_shows_it() {
    let town = Town::new().await;
    let operation = town.order("count t1", "running").await;
    let id = operation["id"].as_str().expect("an id");
    let asks = message(&town, &format!("{id} asks @you:")).await;
    let offer = &offers(&asks).expect("buttons")["offers"][0];
    assert_eq!((&offer["label"], &offer["says"]), (&json!("one"), &json!("one")));
    let order = message(&town, "wilco count t1").await;
    assert_eq!(asks["thread"], order["id"], "it stands in the thread of the order");

    let operator = Client::bearer(&town.repo, &town.repo.operator_key());
    let refused = operator.post("calls", &json!({ "order": format!("answer {id} one") })).await;
    let refused = refused.expect("an answer");
    assert_eq!((refused.status, &refused.body["rule"]), (403, &json!("only persons answer")), "{refused}");
    // What the button does.
    let said = json!({ "text": offer["says"], "thread": asks["thread"] });
    let by_ana = town.ana.post(ROOM, &said).await.expect("an answer");
    assert_eq!(by_ana.status, 201, "{by_ana}");
    message(&town, &format!("{id} asks @you, and not you.")).await;
    let by_you = town.you.post(ROOM, &said).await.expect("an answer");
    assert_eq!(by_you.status, 201, "{by_you}");
    assert_eq!(town.end(&operation).await["state"], "succeeded");
    let asked = message(&town, &format!("{id} asked @you:")).await;
    assert_eq!(asked["id"], asks["id"], "the same message");
    assert!(
        offers(&asked).is_none() && asked["text"].as_str().expect("a text").ends_with("@you answered: one")
    );
    assert_eq!(town.you.call("counted", "counted").await.expect("an answer").body["text"], "`one` is 1");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_what_only_waits() {
    let mut town = Town::new().await;
    town.order("count t1", "running").await;
    let begun = Instant::now();
    town.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
}
