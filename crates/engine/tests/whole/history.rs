//! What somebody gave before, and giving it again under the rules of today.

use wilco_contract::{operation::State, pattern::Pattern, store::Page, values::ArgType};

use crate::world::{World, commands, policy};

async fn orders(world: &World) -> Vec<(String, State)> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| (operation.order.clone(), operation.state)).collect()
}

#[tokio::test]
async fn history_lists_ones_own_orders_of_this_place_the_newest_first() {
    let world = World::new().await;
    world.say("web:you", "0", "wilco history").await;
    assert_eq!(world.last_text(), "You gave no order here yet.");
    world.say("web:you", "1", "wilco status web").await;
    world.say("web:bo", "2", "wilco status shop").await;
    world.step(3_600).await;
    world.say("web:you", "3", "wilco restart web").await;
    world.whisper("web:you", "4", "status secret").await;
    world.say("web:you", "5", "wilco history").await;
    let told = world.last_text();
    let (restart, status) = (told.find("restart web"), told.find("status web"));
    assert!(restart.is_some() && restart < status, "{told}");
    assert!(told.contains("11:00:00 UTC") && told.contains("10:00:00 UTC"), "{told}");
    assert!(told.contains("succeeded"), "{told}");
    assert!(!told.contains("shop") && !told.contains("secret") && !told.contains("history"), "{told}");
    world.say("web:you", "6", "wilco history STATUS").await;
    assert!(!world.last_text().contains("restart web"), "{}", world.last_text());
    world.whisper("web:you", "7", "history").await;
    let told = world.last_text();
    assert!(told.contains("status secret") && told.contains("restart web"), "{told}");
    let next = world.restarted(policy(), commands()).await.recovered().await;
    next.say("web:you", "8", "wilco history").await;
    assert!(next.last_text().contains("status web"), "{}", next.last_text());
}

#[tokio::test]
async fn again_gives_an_order_once_more_and_shows_it() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco again").await;
    assert!(world.last_text().contains("There is no order 1 of yours here"), "{}", world.last_text());
    world.say("web:you", "2", "wilco restart web --because \"it hangs\"").await;
    world.say("web:you", "3", "wilco status shop").await;
    world.say("web:you", "4", "wilco again").await;
    assert_eq!(world.last_text(), "`status shop`:\ndone");
    world.say("web:bo", "5", "wilco again 1").await;
    assert!(world.last_text().contains("There is no order 1 of yours"), "{}", world.last_text());
    world.say("web:you", "6", "wilco again 3").await;
    let order = "restart web --because \"it hangs\"".to_owned();
    assert_eq!(orders(&world).await, [(order.clone(), State::Succeeded), (order, State::Succeeded)]);
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    assert_eq!(all[1].1.because.as_deref(), Some("it hangs"));
}

#[tokio::test]
async fn again_is_read_and_judged_as_of_today() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco restart old").await;
    let mut narrower = commands();
    narrower[2].spec.args[0].kind = ArgType::Choice(vec!["web".to_owned()]);
    let next = world.restarted(policy(), narrower).await.recovered().await;
    next.say("web:you", "2", "wilco again").await;
    assert!(next.last_text().contains("does not fit `app.restart` any more"), "{}", next.last_text());
    let mut swapped = commands();
    swapped[2].spec.words = vec![Pattern::parse("renew <app>").expect("a pattern")];
    swapped[0].spec.words = vec![Pattern::parse("restart <app>").expect("a pattern")];
    let next = world.restarted(policy(), swapped).await.recovered().await;
    next.say("web:you", "3", "wilco again").await;
    assert!(
        next.last_text().contains("was `app.restart` then and is `app.stage` now"),
        "{}",
        next.last_text()
    );
    let mut stricter = policy();
    stricter.grants.remove(0);
    let next = world.restarted(stricter, commands()).await.recovered().await;
    next.say("web:you", "4", "wilco again").await;
    assert!(next.last_text().contains("Rule: no grant"), "{}", next.last_text());
    assert_eq!(orders(&next).await.len(), 1);
}
