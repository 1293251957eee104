//! Edits: only fresh text gives orders, and what an edit would order is offered.

use jiff::SignedDuration;
use wilco_contract::{reply::Block, store::Page};
use wilco_engine::{Answer, Call, CallWhat};

use crate::world::{World, commands, policy};

/// The lines that the newest version of a message offers.
fn offered(world: &World, at: usize) -> Vec<String> {
    let shown = world.network.shown();
    let offers = shown[at].reply.blocks.iter().filter_map(|block| match block {
        Block::Offers { offers } => Some(offers.iter().map(|offer| offer.says.clone())),
        _ => None,
    });
    offers.flatten().collect()
}

async fn orders(world: &World) -> Vec<String> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| operation.order).collect()
}

#[tokio::test]
async fn an_edit_never_runs_and_offers_what_it_would_order() {
    let world = World::new().await;
    world.say("web:bo", "1", "let us restart it").await;
    let before = world.store.head().await.expect("a head");
    world.edit("web:bo", "1", "wilco, Restart web").await;
    assert_eq!(world.last_text(), "An edit gives no order. To give it:\nSay `wilco restart web`.");
    assert_eq!(world.network.shown()[0].thread.as_deref(), Some("1"));
    assert!(orders(&world).await.is_empty() && world.deploy.begun().is_empty());
    assert_eq!(world.store.head().await.expect("a head"), before, "nothing of it is kept");
    // Whoever presses says the line.
    let line = offered(&world, 0).remove(0);
    world.reply("web:bo", "2", "1", &line).await;
    assert_eq!(orders(&world).await, ["restart web"]);
}

#[tokio::test]
async fn an_order_stands_as_it_was_given_whatever_is_made_of_its_message() {
    let world = World::new().await;
    world.say("web:bo", "1", "wilco restart web").await;
    world.edit("web:bo", "1", "wilco restart  web").await;
    assert_eq!(world.network.shown().len(), 1, "it says the same: {:?}", world.network.texts());
    world.edit("web:bo", "1", "wilco restart api").await;
    assert_eq!(
        world.last_text(),
        "An edit gives no order. `restart web` stands as it was given. To give this one:\nSay `wilco restart api`."
    );
    world.edit("web:bo", "1", "never mind").await;
    assert_eq!((orders(&world).await, world.network.shown().len()), (vec!["restart web".to_owned()], 2));
    // Of one that came to nothing there is nothing that stands.
    world.say("web:bo", "2", "wilco restrt web").await;
    world.edit("web:bo", "2", "wilco restart web").await;
    assert!(world.last_text().starts_with("An edit gives no order. To give it:"), "{}", world.last_text());
}

#[tokio::test]
async fn all_edits_of_a_message_have_one_answer_in_its_newest_version() {
    let world = World::new().await;
    world.edit("web:bo", "1", "wilco restart web").await;
    world.step(5).await;
    world.edit("web:bo", "1", "wilco restart api").await;
    assert_eq!((world.network.shown().len(), offered(&world, 0)), (1, vec!["wilco restart api".to_owned()]));
    let before = world.time() - SignedDuration::from_secs(3);
    world.edit_at("web:bo", "1", "wilco restart db", before).await;
    assert_eq!(offered(&world, 0), ["wilco restart api"], "an older one comes late");
    // A restart forgets what was answered, and the network does not.
    let next = world.restarted(policy(), commands()).await.recovered().await;
    next.edit("web:bo", "1", "wilco restart db").await;
    assert_eq!((next.network.shown().len(), offered(&next, 0)), (1, vec!["wilco restart db".to_owned()]));
}

#[tokio::test]
async fn what_would_be_no_order_of_theirs_gets_silence() {
    let world = World::new().await;
    for (who, text) in [
        ("web:bo", "restart web"),
        ("web:bo", "wilco, on it"),
        ("web:bo", "wilco"),
        ("web:bo", "wilco unlock web"),
        ("web:stranger", "wilco restart web"),
        ("web:bo", "yes"),
        ("web:bo", "👍"),
    ] {
        world.edit(who, "1", text).await;
        assert!(world.network.shown().is_empty(), "{who} {text}: {:?}", world.network.texts());
    }
    let late = world.time() - SignedDuration::from_secs(121);
    world.edit_at("web:bo", "1", "wilco restart web", late).await;
    assert!(world.network.shown().is_empty());
}

#[tokio::test]
async fn a_yes_that_was_edited_in_confirms_nothing() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco stage web").await;
    world.say("web:you", "2", "hm").await;
    world.edit("web:you", "2", "yes").await;
    world.edit("web:you", "2", "wilco yes").await;
    assert!(world.deploy.begun().is_empty());
    assert_eq!(offered(&world, 1), ["wilco confirm"]);
}

#[tokio::test]
async fn an_answer_that_was_edited_answers_nothing_and_an_order_that_lacks_something_is_offered_as_it_is() {
    let world = World::new().await;
    world.say("web:bo", "1", "wilco restart").await;
    world.reply("web:ana", "2", "1", "hm").await;
    world.edit("web:bo", "2", "web").await;
    assert!(orders(&world).await.is_empty());
    world.edit("web:bo", "3", "wilco restart").await;
    assert_eq!(offered(&world, 1), ["wilco restart"]);
    world.edit("web:bo", "4", "wilco restart web --nope").await;
    let told = world.last_text();
    assert!(told.starts_with("An edit gives no order, and this would be none: "), "{told}");
    assert!(told.ends_with("Say `wilco restart <app>`.") && offered(&world, 2).is_empty(), "{told}");
}

#[tokio::test]
async fn where_nothing_can_be_changed_in_place_each_edit_is_answered_by_itself() {
    let world = World::on_plain(policy(), commands()).await;
    world.edit("web:bo", "1", "wilco restart web").await;
    world.edit("web:bo", "1", "wilco restart api").await;
    assert_eq!(world.network.shown().len(), 2);
    assert!(world.last_text().ends_with("Say `wilco restart api`."));
}

#[tokio::test]
async fn an_offer_that_is_meant_no_more_is_taken_back() {
    let world = World::new().await;
    world.say("web:bo", "1", "wilco restart web").await;
    world.edit("web:bo", "1", "wilco restart api").await;
    assert_eq!(offered(&world, 1), ["wilco restart api"]);
    for text in ["wilco restart web", "never mind"] {
        world.edit("web:bo", "1", text).await;
        assert_eq!((world.network.shown().len(), offered(&world, 1)), (2, Vec::new()), "{text}");
    }
    world.edit("web:bo", "1", "wilco restart db").await;
    assert_eq!(offered(&world, 1), ["wilco restart db"]);
}

#[tokio::test]
async fn a_right_of_its_own_is_typed_and_never_pressed() {
    let world = World::new().await;
    world.edit("web:bo", "1", "wilco restart web --force").await;
    assert!(offered(&world, 0).is_empty(), "{:?}", world.network.texts());
    assert_eq!(world.last_text(), "An edit gives no order. To give it, say it anew.");
    let long = "b".repeat(70);
    world.edit("web:bo", "2", &format!("wilco restart {long}")).await;
    let told = world.last_text();
    assert!(told.contains(&format!("wilco restart {long}\n")), "what is cut on the button is read: {told}");
}

#[tokio::test]
async fn no_more_edits_are_answered_than_orders_are_taken() {
    let world = World::new().await;
    for number in 0..40 {
        world.edit("web:bo", &number.to_string(), "wilco restart web").await;
    }
    assert_eq!(world.network.shown().len(), 30);
    world.say("web:bo", "m", "wilco restart web").await;
    assert_eq!(orders(&world).await.len(), 1, "orders are counted by themselves");
}

#[tokio::test]
async fn a_plan_that_was_looked_at_in_a_room_offers_its_order() {
    let world = World::new().await;
    world.say("web:bo", "1", "wilco plan restart web --because \"it hangs\"").await;
    assert!(orders(&world).await.is_empty() && world.deploy.begun().is_empty());
    let line = offered(&world, 0).remove(0);
    assert_eq!(line, "wilco restart web --because \"it hangs\"");
    assert!(world.last_text().ends_with(&format!("Say `{line}`.")), "{}", world.last_text());
    // Whoever presses gives it, as themselves.
    world.reply("web:ana", "2", "1", &line).await;
    assert_eq!(orders(&world).await, [r#"restart web --because "it hangs""#]);
    // Given by another door, it is given on there, also where it is meant for a room.
    for place in [None, Some(crate::world::place())] {
        let what = CallWhat::Order("restart web".into());
        let call = Call { who: world.who("web:bo"), what, place, because: None, dry_run: true, key: None };
        let Answer::Done { reply, .. } = world.engine.call(call).await else {
            panic!("it was only looked at")
        };
        assert!(reply.plain().starts_with("Plan for `restart web`."), "{}", reply.plain());
        assert!(!reply.blocks.iter().any(|block| matches!(block, Block::Offers { .. })), "{}", reply.plain());
    }
}
