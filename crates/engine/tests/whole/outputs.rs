//! What calls give and print: cut where it is too long, which is said, and without the values of secrets.

use serde_json::json;
use wilco_contract::{action::Outcome, operation::State, store::Page};

use crate::world::{World, commands, policy};

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_and_says_how_long_it_was() {
    let world = World::new().await;
    for (bytes, says) in
        [(65_536, None), (70_000, Some("\nThe first 64 KiB of 70000 bytes; the rest is not kept."))]
    {
        world.deploy.ends(Ok(Outcome { text: Some("x".repeat(bytes)), ..Outcome::default() }));
        let op = world.order("web:you", "app.restart", "web").await;
        let op = world.now(&op).await;
        let text = op.runs[0].outcome.as_ref().and_then(|outcome| outcome.text.clone()).expect("a text");
        let x = text.chars().filter(|c| *c == 'x').count();
        assert_eq!(x, 65_536);
        assert_eq!(
            text.strip_prefix(&"x".repeat(x)).map(|rest| rest.trim_start_matches('…')),
            Some(says.unwrap_or(""))
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_longer_than_a_message_is_cut_to_its_first_rows_or_refused_with_the_way() {
    let world = World::on_plain(policy(), commands()).await;
    let rows = (0..99).map(|at| json!({"name": format!("service-{at}")})).collect();
    world.read.ends(Ok(Outcome { rows: Some(rows), ..Outcome::default() }));
    world.say("web:you", "1", "wilco status web").await;
    let text = world.last_text();
    let shown = text.matches("service-").count();
    assert!(shown > 0 && shown < 99 && text.len() <= 400, "{text}");
    assert!(text.contains(&format!("{} more; say `… | first 20`.", 99 - shown)), "{text}");
    world.read.ends(Ok(Outcome { text: Some("y".repeat(500)), ..Outcome::default() }));
    world.say("web:you", "2", "wilco status web").await;
    let text = world.last_text();
    assert!(
        !text.contains("yy") && text.contains("a message in `web:ops` at most 400; say `… | first 20`"),
        "{text}"
    );
}

#[tokio::test]
async fn what_a_call_prints_hides_the_secrets_that_it_began_with_and_those_that_came_since() {
    let world = World::new().await;
    world.deploy.hold();
    world.deploy.prints("it was hunter2-hunter2, it is correct-horse");
    let op = world.order("web:you", "app.restart", "web").await;
    world.reload_secrets(&[("TOKEN", "correct-horse")]);
    let summary = Some("from hunter2-hunter2 to correct-horse".to_owned());
    world.deploy.ends(Ok(Outcome { summary, ..Outcome::default() }));
    world.deploy.release();
    world.settle().await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    let now = world.now(&op).await;
    let summary = now.runs[0].outcome.as_ref().and_then(|outcome| outcome.summary.as_deref());
    assert_eq!(summary, Some("from [secret TOKEN] to [secret TOKEN]"));
    world.store.flush().await.expect("written");
    let log = world.store.log(&op.id, Page { after: 0, limit: 10 }).await.expect("the log");
    let lines: Vec<_> = log.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["begun", "it was [secret TOKEN], it is [secret TOKEN]"]);
}
