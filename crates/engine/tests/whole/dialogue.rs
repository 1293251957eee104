//! Orders that lack something: what is missing is asked for, of whoever gave the order, and nothing jumps the gate.

use wilco_contract::{input::Input, operation::State, pattern::Pattern, store::Page, values::ArgType};

use crate::world::{World, commands, policy};

/// A world in which `ship` takes two arguments.
async fn world() -> World {
    World::on_new(policy(), with_ship()).await
}

fn with_ship() -> Vec<wilco_contract::command::Command> {
    let mut commands = commands();
    let mut ship = commands[2].clone();
    ship.spec.id = wilco_contract::ids::CommandId::parse("app.ship").expect("an id");
    ship.spec.words = vec![Pattern::parse("ship <app> [at] <ref>").expect("a pattern")];
    ship.spec.examples = vec!["ship billing at v3".to_owned()];
    ship.spec.args[0].kind = ArgType::Choice(vec!["web".to_owned(), "billing".to_owned()]);
    let mut reference = ship.spec.args[0].clone();
    reference.name = "ref".to_owned();
    reference.kind = ArgType::Ref;
    reference.about = "what to ship".to_owned();
    ship.spec.args.push(reference);
    commands.push(ship);
    commands
}

async fn orders(world: &World) -> Vec<(String, State)> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| (operation.order.clone(), operation.state)).collect()
}

async fn waiting(world: &World) -> usize {
    world.store.unhandled().await.expect("the inbox").len()
}

#[tokio::test]
async fn what_an_order_lacks_is_asked_for_one_by_one_and_the_order_is_echoed() {
    let world = world().await;
    world.say("web:you", "1", "wilco ship").await;
    assert_eq!(
        world.last_text(),
        "`ship <app> [at] <ref>` needs `app` (which app): one of web, billing. Answer here, as in `web`, until \
         10:02:00 UTC; `cancel` drops the order."
    );
    assert_eq!(world.network.shown()[0].thread.as_deref(), Some("1"));
    world.step(60).await;
    world.reply("web:you", "2", "1", "Billing").await;
    assert_eq!(
        world.last_text(),
        "`ship <app> [at] <ref>` needs `ref` (what to ship): a commit, tag or branch. Answer here, as in `v3`, until \
         10:03:00 UTC; `cancel` drops the order."
    );
    world.reply("web:you", "3", "1", "v7").await;
    assert_eq!(world.network.texts()[2], "Understood: `ship billing v7`");
    assert_eq!(orders(&world).await, [("ship billing v7".to_owned(), State::Succeeded)]);
    assert_eq!(waiting(&world).await, 0);
    world.step(600).await;
    assert_eq!(world.network.shown().len(), 4, "nothing expires afterwards: {:?}", world.network.texts());
}

#[tokio::test]
async fn only_the_asker_answers_and_only_in_the_thread() {
    let world = world().await;
    world.say("web:you", "1", "wilco release").await;
    world.reply("web:bo", "2", "1", "web").await;
    world.say("web:you", "3", "web").await;
    world.reply("web:you", "4", "99", "web").await;
    assert!(orders(&world).await.is_empty());
    assert_eq!(world.network.shown().len(), 1, "{:?}", world.network.texts());
    world.reply("web:you", "5", "1", "web").await;
    assert_eq!(orders(&world).await, [("release web".to_owned(), State::AwaitingApproval)]);
}

#[tokio::test]
async fn an_answer_jumps_no_gate() {
    let world = world().await;
    world.say("web:you", "1", "wilco restart").await;
    world.reply("web:you", "2", "1", "frozen").await;
    assert!(world.last_text().contains("Production is frozen."), "{}", world.last_text());
    assert!(orders(&world).await.is_empty() && world.deploy.begun().is_empty());
    world.say("web:you", "3", "wilco restart").await;
    world.reply("web:you", "4", "3", "--force").await;
    assert_eq!(world.network.texts()[4], "Understood: `restart \"--force\"`");
    world.say("irc:stranger", "5", "wilco restart").await;
    let told = world.last_text();
    assert!(told.contains("is missing"), "who may not give the order is asked nothing: {told}");
    assert_eq!(waiting(&world).await, 0);
}

#[tokio::test]
async fn what_does_not_fit_is_told_and_asked_again_three_times_at_most() {
    let world = world().await;
    world.say("web:you", "1", "wilco ship").await;
    world.reply("web:you", "2", "1", "shop").await;
    let told = world.last_text();
    assert!(told.starts_with("`app`: `shop` is not one of web, billing. `ship <app>"), "{told}");
    world.reply("web:you", "3", "1", "hm, let me look").await;
    assert!(world.last_text().starts_with("`app`: that is not one of"), "{}", world.last_text());
    world.reply("web:you", "4", "1", "shop").await;
    assert!(world.last_text().ends_with("was dropped. Nothing was done."), "{}", world.last_text());
    world.reply("web:you", "5", "1", "web").await;
    assert_eq!(world.network.shown().len(), 4);
    assert_eq!((orders(&world).await.len(), waiting(&world).await), (0, 0));
}

#[tokio::test]
async fn another_order_that_lacks_something_is_asked_for_in_its_turn() {
    let world = world().await;
    world.say("web:you", "1", "wilco restart").await;
    world.say("web:you", "2", "wilco ship").await;
    let texts = world.network.texts();
    assert_eq!(texts[1], "`restart <app>` was dropped, as you gave another order. Nothing was done for it.");
    assert!(texts.len() == 3 && texts[2].starts_with("`ship <app>"), "{texts:?}");
}

#[tokio::test]
async fn cancel_another_order_and_silence_end_it_and_each_is_said() {
    let world = world().await;
    world.say("web:you", "1", "wilco restart").await;
    world.reply("web:you", "2", "1", "Cancel.").await;
    assert_eq!(world.last_text(), "`restart <app>` was dropped. Nothing was done.");
    world.say("web:you", "3", "wilco restart").await;
    world.say("web:you", "4", "wilco, on it").await;
    world.say("web:you", "5", "wilco ping").await;
    let texts = world.network.texts();
    assert_eq!(
        texts[3..],
        ["`restart <app>` was dropped, as you gave another order. Nothing was done for it.", "pong"]
    );
    world.say("web:you", "6", "wilco restart").await;
    world.step(119).await;
    assert_eq!(waiting(&world).await, 1);
    world.step(1).await;
    assert_eq!(
        world.last_text(),
        "Nobody said `app` until 10:02:00 UTC, so `restart <app>` was dropped. Nothing was done."
    );
    world.reply("web:you", "7", "6", "web").await;
    assert_eq!((orders(&world).await.len(), waiting(&world).await), (0, 0));
}

#[tokio::test]
async fn a_word_of_control_leaves_the_question_open() {
    let world = world().await;
    world.say("web:you", "1", "wilco stage web").await;
    world.say("web:you", "2", "wilco restart").await;
    world.reply("web:you", "3", "2", "yes").await;
    assert_eq!(orders(&world).await[0].1, State::Succeeded, "the yes was for the plan");
    world.reply("web:you", "4", "2", "web").await;
    assert_eq!(orders(&world).await.len(), 2);
}

#[tokio::test]
async fn a_restart_in_the_middle_goes_on_where_it_was() {
    let world = world().await;
    world.say("web:you", "1", "wilco ship --because \"a customer waits\"").await;
    world.reply("web:you", "2", "1", "billing").await;
    world.step(100).await;
    assert_eq!(waiting(&world).await, 2, "order and answer wait until it ends");
    world.engine.stop();
    world.settle().await;
    let next = world.restarted(policy(), with_ship()).await.recovered().await;
    assert_eq!(next.network.shown().len(), 2, "nothing is asked twice: {:?}", next.network.texts());
    next.reply("web:you", "3", "1", "v7").await;
    let order = "ship billing v7 --because \"a customer waits\"".to_owned();
    assert_eq!(orders(&next).await, [(order, State::Succeeded)]);
    assert_eq!(waiting(&next).await, 0);
    // Later nobody knows what an order was for.
    next.say("web:you", "4", "wilco ship").await;
    next.engine.stop();
    next.step(121).await;
    let last = next.restarted(policy(), with_ship()).await.recovered().await;
    assert!(last.last_text().contains("It was not run"), "{}", last.last_text());
    last.reply("web:you", "5", "4", "web").await;
    assert_eq!((orders(&last).await.len(), waiting(&last).await), (1, 0));
}

#[tokio::test]
async fn in_a_direct_conversation_a_word_answers_and_an_order_ends_it() {
    let world = world().await;
    world.whisper("web:you", "1", "ship").await;
    world.whisper("web:you", "2", "web").await;
    world.whisper("web:you", "3", "v7").await;
    assert_eq!(orders(&world).await, [("ship web v7".to_owned(), State::Succeeded)]);
    world.whisper("web:you", "4", "restart").await;
    world.whisper("web:you", "5", "ping").await;
    assert_eq!(world.last_text(), "pong");
    assert_eq!((orders(&world).await.len(), waiting(&world).await), (1, 0));
}

#[tokio::test]
async fn where_there_are_no_threads_the_room_answers_and_the_question_names_whom_it_asks() {
    let world = World::on_plain(policy(), with_ship()).await;
    world.say("web:you", "1", "wilco restart").await;
    assert!(world.last_text().starts_with("@you: `restart <app>` needs"), "{}", world.last_text());
    world.say("web:bo", "2", "billing").await;
    world.say("web:you", "3", "web").await;
    assert_eq!(orders(&world).await[0].0, "restart web");
}

#[tokio::test]
async fn an_answer_is_no_further_order_for_the_limits() {
    let world = world().await;
    for id in 0..30 {
        let id = id.to_string();
        world.say("web:you", &id, "wilco status").await;
        world.reply("web:you", &format!("{id}a"), &id, "web").await;
    }
    assert_eq!(world.read.begun().len(), 30);
    let Input::Message(message) = world.arrival("web:you", "x", "wilco status").input else {
        panic!("words")
    };
    world.say("web:you", &message.id, &message.text).await;
    assert!(world.last_text().contains("limits.per_person"), "{}", world.last_text());
}
