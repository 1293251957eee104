//! Another story: an operation asks, waits and counts, and another one spreads something, fails and takes it back.
//!
//! Not the first one, whose effects need a yes: [`crate::story`].

use crate::{proof::BEHIND, rig::LOOK, story, walk::Walk};

/// Walks it to its end.
pub(crate) async fn tell(walk: &mut Walk) {
    let count = story::order(walk, "count t1", "running").await;
    let id = story::id(&count).to_owned();
    walk.insist(async |people| {
        // The words may come before the question.
        let until = tokio::time::Instant::now() + BEHIND;
        loop {
            let all = people.you.all("rooms/web%3Aops/messages").await?;
            let asks = |text: &str| text.starts_with(&format!("{id} ask"));
            if all.iter().any(|message| message["text"].as_str().is_some_and(asks)) {
                return Ok(());
            }
            assert!(tokio::time::Instant::now() < until, "it asks: {all:?}");
            tokio::time::sleep(LOOK).await;
        }
    })
    .await;
    story::say(walk, &format!("wilco answer {id} one")).await;
    let followed = walk.insist(async |people| people.you.follow(&id).await).await;
    assert_eq!(followed.operation["state"], "succeeded", "{}", followed.operation);

    let spread = story::order(walk, "spread t2", "failed").await;
    let why = spread["why"].as_str().unwrap_or_default();
    assert!(why.ends_with("Undone: `put` for `b`, `put` for `a`."), "{why}");
}

/// It was asked once, counted once, and each thing was done and taken back once.
pub(crate) async fn holds(walk: &mut Walk) {
    let counted = walk.insist(async |people| people.you.call("counted", "counted").await).await;
    assert_eq!(counted.body["text"], "`one` is 1", "{counted}");
    let all = walk.insist(async |people| people.you.all("rooms/web%3Aops/messages").await).await;
    let asked = all.iter().filter(|message| {
        let text = message["text"].as_str().unwrap_or_default();
        text.contains(" asks @you") || text.contains(" asked @you")
    });
    assert_eq!(asked.count(), 1, "it was asked once: {all:?}");
    let log = std::fs::read_to_string(walk.repo.path("spread.log")).expect("what was spread");
    let done: Vec<&str> = log.lines().filter_map(|line| line.split_once(' ')).map(|(_, what)| what).collect();
    assert_eq!(done, ["put.a", "put.b", "fail.-", "take.b", "take.a"]);
}
