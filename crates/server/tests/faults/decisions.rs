//! Decisions that must not count, and those of two people at once.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    rig::{Client, LOOK, Repo, client::Answer},
    town::{Town, change, good, pressed},
};

/// A refusal that names this rule.
fn refused(answer: &Answer, rule: &str) {
    assert_eq!(answer.status, 403, "{answer}");
    assert!(answer.body["rule"].as_str().unwrap_or_default().contains(rule), "{answer}");
}

fn id(operation: &Value) -> &str {
    operation["id"].as_str().expect("an id")
}

#[tokio::test]
async fn two_people_at_once_make_one_effect() {
    let town = Town::new().await;
    let release = town.order("release red t1", "awaiting_approval").await;
    let (ana, ben) = futures_util::future::join(
        pressed(&town.ana, &release, "approve"),
        pressed(&town.ben, &release, "approve"),
    )
    .await;
    let mut both = [ana.status, ben.status];
    both.sort_unstable();
    assert_eq!(both, [200, 409], "one counts, the other is told: {ana} {ben}");
    assert_eq!(town.end(&release).await["state"], "succeeded");
    assert_eq!(town.effects_of(&release), 1);

    let stage = town.order("stage red t2", "awaiting_confirm").await;
    let presses = (0..6).map(|_| pressed(&town.you, &stage, "confirm"));
    let all = futures_util::future::join_all(presses).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1, "one press counts: {all:?}");
    assert_eq!(town.end(&stage).await["state"], "succeeded");
    assert_eq!(town.effects_of(&stage), 1);

    let release = town.order("release red t3", "awaiting_approval").await;
    let (yes, no) = futures_util::future::join(
        pressed(&town.ana, &release, "approve"),
        pressed(&town.ben, &release, "deny"),
    )
    .await;
    let end = town.end(&release).await;
    let effects = town.effects_of(&release);
    assert!(yes.status == 200 || no.status == 200, "one of them counts: {yes} {no}");
    let fits =
        if end["state"] == "succeeded" { effects == 1 } else { end["state"] == "aborted" && effects == 0 };
    assert!(fits, "{effects} effects: {end}");
}

#[tokio::test]
async fn one_call_sent_many_times_at_once_is_one_operation() {
    let town = Town::new().await;
    let calls = (0..40).map(|_| town.you.call("hold red t1", "the same key"));
    let answers = futures_util::future::join_all(calls).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("an answer")).collect();
    let first = &answers[0].body["operation"];
    let same = answers.iter().all(|answer| answer.status == 202 && answer.body["operation"] == *first);
    assert!(same, "one answer for all: {answers:?}");
    assert_eq!(town.you.all("operations").await.expect("an answer").len(), 1);
}

#[tokio::test]
async fn an_approval_after_the_time_is_over_starts_nothing() {
    let repo = Repo::new("process");
    change(&repo, "by = \"role:lead\"", "by = \"role:lead\"\nwithin = \"1s\"");
    let town = Town::of(repo).await;
    let release = town.order("release red t1", "awaiting_approval").await;
    let end = town.end(&release).await;
    assert_eq!(end["state"], "expired", "{end}");
    let late = pressed(&town.ana, &release, "approve").await;
    assert_eq!(late.status, 409, "{late}");
    assert_eq!(late.body["operation"]["state"], "expired", "{late}");
    assert!(late.body["detail"].as_str().unwrap_or_default().contains("expired"), "{late}");
    sleep(Duration::from_millis(300)).await;
    assert_eq!(town.effects_of(&release), 0);
}

#[tokio::test]
async fn a_plan_that_nobody_saw_is_not_approved() {
    let town = Town::new().await;
    let mut release = town.order("release red t1", "awaiting_approval").await;
    release["hash"] = json!("0".repeat(64));
    let other = pressed(&town.ana, &release, "approve").await;
    assert_eq!(other.status, 409, "{other}");
    assert_eq!(other.body["operation"]["state"], "awaiting_approval", "{other}");
    assert_eq!(town.effects_of(&release), 0);
}

#[tokio::test]
async fn no_program_and_no_second_self_says_yes() {
    let town = Town::new().await;
    let operator = Client::bearer(&town.repo, &town.repo.operator_key());
    let body = json!({ "name": "ci", "scope": "order", "expires_in_secs": 3_600 });
    let made = operator.post("tokens", &body).await.expect("an answer");
    assert_eq!(made.status, 201, "{made}");
    let token = Client::bearer(&town.repo, made.body["token"].as_str().expect("a token"));

    let release = town.order("release red t1", "awaiting_approval").await;
    let stage = town.order("stage blue t2", "awaiting_confirm").await;
    for program in [&token, &operator] {
        for (operation, press) in [(&release, "approve"), (&stage, "confirm")] {
            refused(&pressed(program, operation, press).await, "only persons decide");
            let order = json!({ "order": format!("{press} {}", id(operation)) });
            let answer = program.post("calls", &order).await.expect("an answer");
            assert_eq!(answer.status, 403, "{answer}");
        }
    }
    let phone = Client::invited(&town.repo, "you").await.expect("an answer");
    refused(&pressed(&phone, &release, "approve").await, "wilco.toml:");
    refused(&pressed(&town.you, &release, "approve").await, "wilco.toml:");
    refused(&pressed(&town.ana, &stage, "confirm").await, "the asker confirms");
    for operation in [&release, &stage] {
        let now = town.you.get(&format!("operations/{}", id(operation))).await.expect("an answer");
        assert_eq!(now.body["state"], operation["state"], "{now}");
        assert_eq!(now.body["given"], json!([]), "{now}");
    }
    assert_eq!(town.repo.effects(), []);
}

/// Approved by ana, and waiting for the lock `red`.
async fn approved_behind_a_lock(town: &Town) -> Value {
    let lock = town.order("lock red for 10m", "succeeded").await;
    assert_eq!(lock["state"], "succeeded");
    let release = town.order("release red t1", "awaiting_approval").await;
    good(&pressed(&town.ana, &release, "approve").await);
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let waits = town.you.operation("release red t1", &["queued"]).await.expect("an answer");
        if waits["why"].as_str().unwrap_or_default().contains("`red`") {
            break;
        }
        assert!(Instant::now() < until, "it says what it waits for: {waits}");
        sleep(LOOK).await;
    }
    release
}

#[tokio::test]
async fn a_yes_counts_only_while_its_giver_may_give_it() {
    let mut town = Town::new().await;
    let release = approved_behind_a_lock(&town).await;
    change(&town.repo, r#"roles = ["lead", "developer"]"#, r#"roles = ["developer"]"#);
    town.restart().await;
    town.order("unlock red", "succeeded").await;
    let waits = town.you.operation("release red t1", &["awaiting_approval"]).await.expect("an answer");
    assert!(waits["why"].as_str().is_some_and(|why| why.contains("no longer counts")), "{waits}");
    refused(&pressed(&town.ana, &release, "approve").await, "wilco.toml:");
    assert_eq!(town.effects_of(&release), 0);
    good(&pressed(&town.ben, &release, "approve").await);
    assert_eq!(town.end(&release).await["state"], "succeeded");
    assert_eq!(town.effects_of(&release), 1);
}

#[tokio::test]
async fn what_was_approved_is_what_runs() {
    let town = Town::new().await;
    let release = approved_behind_a_lock(&town).await;
    let program = town.repo.path("packs/app/effect.sh");
    let text = std::fs::read_to_string(&program).expect("a program");
    std::fs::write(&program, text + "echo more\n").expect("written");
    town.order("unlock red", "succeeded").await;
    let waits = town.you.operation("release red t1", &["awaiting_approval"]).await.expect("an answer");
    let why = waits["why"].as_str().unwrap_or_default();
    assert!(why.contains("is void") && why.contains("effect.sh"), "it says what changed: {waits}");
    assert_ne!(waits["hash"], release["hash"]);
    let old = pressed(&town.ana, &release, "approve").await;
    assert_eq!(old.status, 409, "{old}");
    assert_eq!(town.effects_of(&release), 0);
    good(&pressed(&town.ana, &waits, "approve").await);
    assert_eq!(town.end(&release).await["state"], "succeeded");
    assert_eq!(town.effects_of(&release), 1);
}

#[tokio::test]
async fn an_order_starts_only_while_its_giver_may_give_it() {
    let mut town = Town::new().await;
    let release = approved_behind_a_lock(&town).await;
    change(&town.repo, r#"roles = ["admin", "developer"]"#, r#"roles = ["admin"]"#);
    town.restart().await;
    town.order("unlock red", "succeeded").await;
    let end = town.end(&release).await;
    assert_eq!(end["state"], "aborted", "{end}");
    assert!(end["why"].as_str().is_some_and(|why| why.contains("rule: ")), "{end}");
    assert_eq!(town.effects_of(&release), 0);
}
