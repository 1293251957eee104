//! The story: one person stages, releases and rolls back; another approves; between that webhooks come in. Each request
//! that gets no answer is made again, with the same key.
//!
//! Not the proof of it: [`crate::proof`] looks at what is left in the end.

use serde_json::Value;

use crate::{walk::Walk, webhooks};

/// Walks it to its end.
pub(crate) async fn tell(walk: &mut Walk) {
    let stage = order(walk, "stage red t1", "awaiting_confirm").await;
    yes(walk, &stage, "you", "confirm").await;
    ends_well(walk, &stage).await;
    webhooks::tell(walk, 0).await;

    let release = order(walk, "release red t2", "awaiting_approval").await;
    let refused = walk.insist(async |people| people.you.press(&release, "approve").await).await;
    assert_eq!(refused.status, 403, "{refused}");
    let rule = refused.body["rule"].as_str().unwrap_or_default();
    assert!(rule.starts_with("wilco.toml:"), "the rule is named: {refused}");
    assert!(refused.body["who_can"].as_str().unwrap_or_default().contains("@ana"), "{refused}");
    yes(walk, &release, "ana", "approve").await;
    ends_well(walk, &release).await;
    webhooks::tell(walk, 1).await;

    let rollback = call(walk, "rollback red t3", "awaiting_confirm").await;
    say(walk, &format!("wilco confirm {}", id(&rollback))).await;
    ends_well(walk, &rollback).await;
    webhooks::tell(walk, 2).await;
}

pub(crate) fn id(operation: &Value) -> &str {
    operation["id"].as_str().expect("an id")
}

/// Says something until it is acknowledged; the words are its key.
pub(crate) async fn say(walk: &mut Walk, text: &str) {
    let said = walk.insist(async |people| people.you.say(text, text).await).await;
    assert_eq!(said.status, 201, "{said}");
    walk.acknowledged.push(said.body);
}

/// Gives an order and waits for its operation.
pub(crate) async fn order(walk: &mut Walk, order: &str, state: &str) -> Value {
    say(walk, &format!("wilco {order}")).await;
    walk.insist(async |people| people.you.operation(order, &[state]).await).await
}

/// Gives an order by a call until it is answered, and waits for that operation.
async fn call(walk: &mut Walk, order: &str, state: &str) -> Value {
    let called = walk.insist(async |people| people.you.call(order, order).await).await;
    assert_eq!(called.status, 202, "{called}");
    let operation = walk.insist(async |people| people.you.operation(order, &[state]).await).await;
    assert_eq!(operation["id"], called.body["operation"], "the operation that it was answered with");
    operation
}

/// Presses until it counts. Where the answer was lost the press may have counted before.
async fn yes(walk: &mut Walk, operation: &Value, who: &str, press: &str) {
    let deaths = walk.deaths;
    let pressed = walk
        .insist(async |people| {
            if who == "you" { &people.you } else { &people.ana }.press(operation, press).await
        })
        .await;
    if pressed.status == 409 && walk.deaths > deaths {
        let given = pressed.body["operation"]["given"].as_array().expect("the operation as it stands");
        assert!(given.iter().any(|given| given["person"] == who), "it counted: {pressed}");
    } else {
        assert_eq!(pressed.status, 200, "{pressed}");
    }
}

/// Follows the live log to the end.
async fn ends_well(walk: &mut Walk, operation: &Value) {
    let followed = walk.insist(async |people| people.you.follow(id(operation)).await).await;
    assert_eq!(followed.operation["state"], "succeeded", "{}", followed.operation);
    let (step, _) = operation["order"].as_str().expect("an order").split_once(' ').expect("a step");
    for line in [format!("began {step} for {}", id(operation)), format!("did {step} for {}", id(operation))] {
        let times = followed.lines.iter().filter(|told| **told == line).count();
        assert_eq!(times, 1, "`{line}` is told once: {:?}", followed.lines);
    }
}
