//! Answers where more than one thing waits, where there are no threads, and while something slow goes on.

use std::sync::Arc;

use serde_json::json;
use wilco_contract::{
    action::Outcome,
    command::{Command, Effect},
    operation::{Operation, State},
    store::Page,
    values::ArgType,
};

use crate::{
    waits::{asking, called, refusal, regions, with},
    world::{World, command, policy},
};

async fn operations(world: &World) -> Vec<Arc<Operation>> {
    let all = world.store.operations(&[], Page { after: 0, limit: 9 }).await.expect("operations");
    all.into_iter().map(|(_, op)| Arc::new(op)).collect()
}

async fn of(world: &World, order: &str) -> Arc<Operation> {
    operations(world).await.into_iter().find(|op| op.order == order).expect("the operation")
}

fn sure() -> Command {
    asking(json!({"question": "Sure?", "type": "bool"}))
}

#[tokio::test]
async fn a_yes_that_may_be_for_a_plan_or_a_question_is_for_neither_and_both_are_named() {
    let world = World::on_new(policy(), with(sure())).await;
    world.say("web:you", "1", "wilco stage web").await;
    world.say("web:you", "2", "wilco ship api").await;
    let (plan, asks) = (of(&world, "stage web").await, of(&world, "ship api").await);
    let told = format!(
        "Two things wait for your yes here: `wilco confirm {}` or `wilco answer {} yes`.",
        plan.id, asks.id
    );
    for (id, said) in [("3", "yes"), ("4", "Yes."), ("5", "wilco yes")] {
        world.reply("web:you", id, "2", said).await;
        assert_eq!(world.last_text(), told, "{said}");
        let states = (world.state(&plan).await, world.state(&asks).await);
        assert_eq!(states, (State::AwaitingConfirm, State::Running), "{said}");
    }
    assert!(world.deploy.begun().is_empty() && world.store.unhandled().await.expect("the inbox").is_empty());
    world.say("web:you", "6", &format!("wilco answer {} yes", asks.id)).await;
    assert_eq!(
        (world.state(&plan).await, world.state(&asks).await),
        (State::AwaitingConfirm, State::Succeeded)
    );
    world.say("web:you", "7", &format!("wilco confirm {}", plan.id)).await;
    assert_eq!(world.state(&plan).await, State::Succeeded);
}

#[tokio::test]
async fn a_yes_where_two_plans_wait_confirms_neither_and_names_both() {
    let world = World::on_new(policy(), with(sure())).await;
    world.say("web:you", "1", "wilco stage web").await;
    world.say("web:you", "2", "wilco stage api").await;
    world.say("web:you", "3", "wilco yes").await;
    let (one, other) = (of(&world, "stage web").await, of(&world, "stage api").await);
    assert_eq!(
        (world.state(&one).await, world.state(&other).await),
        (State::AwaitingConfirm, State::AwaitingConfirm)
    );
    let text = world.last_text();
    assert!(
        text.starts_with("Several orders of yours wait here: ")
            && text.contains(&one.id.to_string())
            && text.contains(&other.id.to_string())
            && text.contains("Name one: say `wilco confirm "),
        "{text}"
    );
}

#[tokio::test]
async fn a_yes_where_a_question_and_two_plans_wait_is_for_none_of_them() {
    let world = World::on_new(policy(), with(sure())).await;
    world.say("web:you", "1", "wilco stage web").await;
    world.say("web:you", "2", "wilco stage api").await;
    world.say("web:you", "3", "wilco ship shop").await;
    let asks = of(&world, "ship shop").await;
    world.reply("web:you", "4", "3", "yes").await;
    assert_eq!(world.state(&asks).await, State::Running);
    let text = world.last_text();
    assert!(text.starts_with("Several things wait for your yes here: `wilco confirm "), "{text}");
    assert!(text.ends_with(&format!(" or `wilco answer {} yes`.", asks.id)), "{text}");
    for plan in ["stage web", "stage api"] {
        let plan = of(&world, plan).await;
        assert_eq!(plan.state, State::AwaitingConfirm);
        assert!(text.contains(&format!("`wilco confirm {}`", plan.id)), "{text}");
    }
}

#[tokio::test]
async fn an_answer_where_two_operations_ask_is_for_neither_and_both_are_named() {
    let world = World::on_new(policy(), with(regions())).await;
    world.whisper("web:you", "1", "ship web").await;
    world.whisper("web:you", "2", "ship api").await;
    world.whisper("web:you", "3", "eu").await;
    let text = world.last_text();
    assert!(text.starts_with("Several operations ask something here. Say `answer "), "{text}");
    let all = operations(&world).await;
    assert_eq!(all.len(), 2);
    for op in all {
        assert!(text.contains(&format!("`answer {} …`", op.id)), "{text}");
        assert_eq!(world.state(&op).await, State::Running);
    }
}

#[tokio::test]
async fn without_threads_bare_words_answer_no_question_and_confirm_what_waits() {
    let world = World::on_plain(policy(), with(sure())).await;
    world.say("web:you", "1", "wilco ship web").await;
    let asks = of(&world, "ship web").await;
    let before = world.network.shown().len();
    for (id, said) in [("2", "yes"), ("3", "no"), ("4", "cancel"), ("5", "true")] {
        world.say("web:you", id, said).await;
        assert_eq!(world.state(&asks).await, State::Running, "{said}");
    }
    assert_eq!(world.network.shown().len(), before, "{:?}", world.network.texts());
    world.say("web:you", "6", "wilco stage api").await;
    world.say("web:you", "7", "yes").await;
    assert_eq!(of(&world, "stage api").await.state, State::Succeeded, "there it means the plan");
    assert_eq!(world.state(&asks).await, State::Running);
    world.say("web:you", "8", &format!("wilco answer {} no", asks.id)).await;
    assert_eq!(world.state(&asks).await, State::Succeeded);
    assert_eq!(world.deploy.begun().last().map(|intent| intent.args["region"].clone()), Some(json!(false)));
}

/// `start <app>`, whose choices the slow `apps` tells.
fn slow_choices() -> Vec<Command> {
    let mut apps = command("list.apps", "apps", Effect::Read, "test.read");
    apps.spec.args.clear();
    apps.steps[0].with = json!({});
    let mut start = command("app.start", "start <app>", Effect::Write, "test.deploy");
    start.spec.args[0].kind = ArgType::ChoiceOf { run: "apps".into(), column: Some("name".to_owned()) };
    with(regions()).into_iter().chain([apps, start]).collect()
}

fn tells_apps(world: &World) {
    let rows = vec![json!({"name": "Web"}), json!({"name": "api"})];
    world.read.ends(Ok(Outcome { rows: Some(rows), ..Outcome::default() }));
}

#[tokio::test]
async fn an_answer_overtakes_a_slow_read_and_is_for_the_question_alone() {
    let world = World::on_new(policy(), slow_choices()).await;
    world.say("web:you", "1", "wilco ship web").await;
    world.read.hold();
    tells_apps(&world);
    world.say("web:you", "2", "wilco start web").await;
    assert_eq!(world.read.begun().len(), 1, "it looks: {:?}", world.network.texts());
    world.reply("web:you", "3", "1", "us").await;
    let ship = of(&world, "ship web").await;
    assert_eq!(ship.state, State::Succeeded, "it waits for no look");
    world.read.release();
    world.settle().await;
    assert_eq!(of(&world, "start Web").await.state, State::Succeeded);
    let args: Vec<_> = world.deploy.begun().iter().map(|intent| intent.args.clone()).collect();
    assert_eq!(args, [json!({"region": "us", "by": "@you"}), json!({"app": "Web"})]);
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn answers_to_what_an_order_lacks_count_once_while_the_first_is_looked_at() {
    let world = World::on_new(policy(), slow_choices()).await;
    world.say("web:you", "1", "wilco start").await;
    world.read.hold();
    // Enough for each answer, were each of them to count.
    (0..3).for_each(|_| tells_apps(&world));
    world.reply("web:you", "2", "1", "web").await;
    assert!(
        operations(&world).await.is_empty() && !world.read.begun().is_empty(),
        "it looks: {:?}",
        world.network.texts()
    );
    // Said again, and something else, before anything came of it.
    world.reply("web:you", "3", "1", "web").await;
    world.reply("web:you", "4", "1", "api").await;
    world.read.release();
    world.settle().await;
    let all = operations(&world).await;
    let orders: Vec<_> = all.iter().map(|op| (op.order.as_str(), op.state)).collect();
    assert_eq!(orders, [("start Web", State::Succeeded)]);
    assert_eq!((world.deploy.begun().len(), world.read.begun().len()), (1, 1));
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
    // Nothing of it is left to be answered.
    world.reply("web:you", "5", "1", "api").await;
    assert_eq!(operations(&world).await.len(), 1);
    let gone = called(&world, world.who("web:you"), &format!("answer {} eu", all[0].id)).await;
    assert!(refusal(gone).0.contains("asks nothing now"));
}
