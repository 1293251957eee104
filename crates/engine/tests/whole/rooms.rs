//! What is said in rooms, through the real engine: whom it is for, in which turn, once, and what survives a restart.

use std::sync::Arc;

use crate::world::{World, commands, policy};
use wilco_contract::{
    input::Input,
    operation::{Operation, State},
    store::{Batch, Page, Record, When},
};
use wilco_runtime::supervise::{Health, Healths};

async fn operations(world: &World) -> Vec<Operation> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| operation).collect()
}

#[tokio::test]
async fn chatter_gets_silence_and_is_not_kept() {
    let world = World::new().await;
    world.say("web:you", "1", "did anybody restart the web server?").await;
    world.say("web:you", "2", "wilco, on it").await;
    assert!(world.network.shown().is_empty(), "{:?}", world.network.texts());
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn an_order_is_answered_in_its_thread() {
    let world = World::new().await;
    world.say("web:you", "17", "Wilco: ping abc").await;
    let shown = world.network.shown();
    assert_eq!((shown[0].reply.plain().as_str(), shown[0].thread.as_deref()), ("pong abc", Some("17")));
    world.say("web:you", "18", ".status web").await;
    assert_eq!(world.last_text(), "done");
    let audit =
        world.store.audit(&Default::default(), Page { after: 0, limit: 50 }).await.expect("the audit");
    assert_eq!(audit.iter().filter(|row| row.kind == "order.read").count(), 2);
}

#[tokio::test]
async fn a_near_miss_suggests_what_the_asker_may_do_and_nothing_else() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco relese web").await;
    assert!(world.last_text().contains("Did you mean `wilco release <app>`?"), "{}", world.last_text());
    world.say("irc:stranger", "2", "wilco relese web").await;
    assert_eq!(world.network.shown().len(), 1, "a guest may not release, so nothing is suggested");
    world.say("web:you", "3", "wilco release").await;
    assert!(world.last_text().contains("needs `app` (which app): a word"), "{}", world.last_text());
}

#[tokio::test]
async fn yes_confirms_where_exactly_one_plan_of_theirs_waits() {
    let world = World::new().await;
    world.say("web:you", "1", "yes").await;
    assert!(world.network.shown().is_empty());
    world.say("web:you", "2", "wilco stage web").await;
    world.say("web:bo", "3", "yes").await;
    assert_eq!(operations(&world).await[0].state, State::AwaitingConfirm, "bo's yes is chatter");
    world.say("web:you", "4", "yes").await;
    assert_eq!(operations(&world).await[0].state, State::Succeeded);
    assert_eq!(operations(&world).await[0].given[0].person.as_str(), "you");
}

#[tokio::test]
async fn approving_by_text_counts_as_the_button_does() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco release web --because \"it is friday\"").await;
    let op = operations(&world).await[0].clone();
    assert_eq!(op.because.as_deref(), Some("it is friday"));
    world.say("web:you", "2", &format!("wilco approve {}", op.id)).await;
    assert!(world.last_text().contains("somebody else has to approve it"), "{}", world.last_text());
    assert!(world.last_text().contains("Rule: wilco.toml:21"), "{}", world.last_text());
    world.say("web:ana", "3", &format!("wilco approve {}", op.id.to_string().to_lowercase())).await;
    assert_eq!(operations(&world).await[0].state, State::Succeeded);
    world.say("web:bo", "4", &format!("wilco why {}", op.id)).await;
    let why = world.last_text();
    for part in [
        "wilco.toml:10 applies",
        "wilco.toml:21 applies",
        "@ana approved",
        "refused, approve: You gave this order",
    ] {
        assert!(why.contains(part), "{part} is not in: {why}");
    }
}

#[tokio::test]
async fn the_same_delivery_twice_is_one_order() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco restart web").await;
    world.say("web:you", "1", "wilco restart web").await;
    assert_eq!(world.deploy.begun().len(), 1);
    assert_eq!(operations(&world).await.len(), 1);
}

#[tokio::test]
async fn orders_of_one_speaker_go_one_by_one_and_the_lane_is_bounded() {
    let world = World::new().await;
    world.read.hold();
    for id in 0..20 {
        world.say("web:you", &id.to_string(), "wilco status web").await;
    }
    assert_eq!(world.read.begun().len(), 1, "one at a time");
    let refused: Vec<_> =
        world.network.texts().into_iter().filter(|text| text.contains("wait here already")).collect();
    assert_eq!(refused.len(), 1, "told once: {refused:?}");
    world.say("web:bo", "b", "wilco ping").await;
    assert_eq!(world.last_text(), "pong", "another speaker has another lane");
    world.read.release();
    world.settle().await;
    assert_eq!(world.read.begun().len(), 17, "one and sixteen that waited");
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn a_thousand_orders_from_one_person_are_told_once_and_hurt_nobody() {
    let world = World::new().await;
    for id in 0..1_000 {
        world.say("web:you", &id.to_string(), "wilco ping").await;
    }
    let texts = world.network.texts();
    assert_eq!(texts.iter().filter(|text| *text == "pong").count(), 30);
    assert_eq!(texts.len(), 31, "{:?}", texts.last());
    assert!(texts[30].contains("limits.per_person"), "{}", texts[30]);
    world.say("web:bo", "b", "wilco ping").await;
    assert_eq!(world.last_text(), "pong");
    world.step(61).await;
    world.say("web:you", "later", "wilco ping").await;
    assert_eq!(world.last_text(), "pong");
}

#[tokio::test]
async fn control_and_bidi_characters_html_and_colours_are_data() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco ping \u{202e}<script>alert(1)</script>\u{1b}[31m\u{7}").await;
    assert_eq!(world.last_text(), "pong <script>alert(1)</script>");
    world.say("web:you", "2", &format!("wilco ping {}", "x".repeat(60_000))).await;
    assert!(world.last_text().starts_with("pong xxx"));
}

/// A restart with an order that was accepted and not worked off, so many seconds after it was said.
async fn restarted_after(secs: u64, text: &str) -> World {
    let world = World::new().await;
    let Input::Message(message) = world.arrival("web:you", "1", text).input else { panic!("a message") };
    let batch = Batch { at: world.time(), records: vec![Record::Input(Input::Message(message))] };
    world.store.commit(batch, When::Now).await.expect("committed");
    world.step(secs).await;
    world.restarted(policy(), commands()).await.recovered().await
}

#[tokio::test]
async fn an_accepted_order_survives_a_restart_and_an_old_one_is_answered_instead_of_run() {
    let world = restarted_after(60, "wilco restart web").await;
    assert_eq!(world.deploy.begun().len(), 1);
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
    let world = restarted_after(121, "wilco restart web").await;
    assert!(world.deploy.begun().is_empty());
    assert!(world.last_text().contains("It was not run"), "{}", world.last_text());
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn a_message_is_acknowledged_after_it_is_kept() {
    let world = World::new().await;
    let acked = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = acked.clone();
    let mut arrival = world.arrival("web:you", "1", "wilco restart web");
    arrival.ack = Some(wilco_contract::connector::Ack::new(move || {
        flag.store(true, std::sync::atomic::Ordering::SeqCst);
    }));
    world.engine.accept(arrival).await;
    assert!(acked.load(std::sync::atomic::Ordering::SeqCst));
    let rows = world.store.sealed(Page { after: 0, limit: 10 }).await.expect("the journal");
    assert!(rows[0].body.as_deref().is_some_and(|body| body.contains("wilco restart web")));
}

/// Where a network waits for nothing, a read is answered, audited and never written itself; and answered once.
#[tokio::test]
async fn a_read_is_kept_only_where_its_network_is_told_so() {
    let world = World::new().await;
    let kept = async |text: &str| {
        let rows = world.store.sealed(Page { after: 0, limit: 100 }).await.expect("the journal");
        rows.iter().filter(|row| row.body.as_deref().is_some_and(|body| body.contains(text))).count()
    };
    for id in ["1", "1"] {
        world.engine.accept(world.arrival("web:you", id, "wilco ping near")).await;
        world.settle().await;
    }
    world.store.flush().await.expect("the store takes it");
    assert_eq!(world.network.texts().iter().filter(|text| text.contains("pong near")).count(), 1);
    assert_eq!(kept("ping near").await, 1, "its audit alone");
    let mut arrival = world.arrival("web:you", "2", "wilco ping far");
    arrival.ack = Some(wilco_contract::connector::Ack::new(|| {}));
    world.engine.accept(arrival).await;
    world.settle().await;
    world.store.flush().await.expect("the store takes it");
    assert!(kept("ping far").await > 1, "itself, and its audit");
    // It gives another order, whatever that does.
    world.engine.accept(world.arrival("web:you", "a", "wilco again")).await;
    assert!(kept("wilco again").await > 0, "what gives an order is kept before that is given");
    world.engine.accept(world.arrival("web:you", "3", "wilco restart web")).await;
    assert!(kept("wilco restart web").await > 0, "what changes something is kept before anything is done");
}

#[tokio::test]
async fn locks_are_taken_and_given_back_by_people() {
    let world = World::new().await;
    world.say("web:ana", "1", "wilco lock web/production for 1h --because \"moving the racks\"").await;
    assert!(world.last_text().contains("succeeded"), "{}", world.last_text());
    world.say("web:you", "2", "wilco restart web").await;
    assert!(world.last_text().contains("held by @ana (moving the racks)"), "{}", world.last_text());
    world.say("web:you", "3", "wilco locks").await;
    assert!(world.last_text().contains("web/production"), "{}", world.last_text());
    world.say("web:ana", "4", "wilco unlock web/production").await;
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn retry_gives_the_order_again_under_todays_rules() {
    let world = World::new().await;
    world.deploy.ends(Err(wilco_contract::action::ActionError::failed("the disk is full")));
    world.say("web:you", "1", "wilco restart web").await;
    let first = operations(&world).await[0].clone();
    assert_eq!(first.state, State::Failed);
    world.say("irc:stranger", "2", &format!("wilco retry {}", first.id)).await;
    assert!(world.last_text().contains("Rule: no grant"), "{}", world.last_text());
    world.say("web:bo", "3", &format!("wilco retry {}", first.id)).await;
    let again = operations(&world).await[1].clone();
    assert_eq!((again.state, again.retry_of), (State::Succeeded, Some(first.id)));
}

#[tokio::test]
async fn a_limit_holds_up_no_decision() {
    let world = World::new().await;
    world.say("web:you", "o", "wilco release web").await;
    let op = operations(&world).await[0].clone();
    for id in 0..40 {
        world.say("web:you", &id.to_string(), "wilco ping").await;
    }
    world.say("web:you", "a", &format!("wilco abort {}", op.id)).await;
    assert_eq!(operations(&world).await[0].state, State::Aborted);
    let audit =
        world.store.audit(&Default::default(), Page { after: 0, limit: 500 }).await.expect("the audit");
    assert_eq!(audit.iter().filter(|row| row.kind == "order.limited").count(), 1);
}

#[tokio::test]
async fn a_bare_yes_from_before_a_restart_confirms_nothing() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco stage web").await;
    let Input::Message(message) = world.arrival("web:you", "2", "yes").input else { panic!("a message") };
    let batch = Batch { at: world.time(), records: vec![Record::Input(Input::Message(message))] };
    world.store.commit(batch, When::Now).await.expect("committed");
    let next = world.restarted(policy(), commands()).await.recovered().await;
    assert_eq!(operations(&next).await[0].state, State::AwaitingConfirm);
    assert!(next.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn a_retry_is_read_by_todays_definition() {
    let world = World::new().await;
    world.say("web:you", "1", "wilco restart old").await;
    let first = operations(&world).await[0].clone();
    let mut narrower = commands();
    narrower[2].spec.args[0].kind = wilco_contract::values::ArgType::Choice(vec!["web".to_owned()]);
    let next = world.restarted(policy(), narrower).await.recovered().await;
    next.say("web:you", "2", &format!("wilco retry {}", first.id)).await;
    assert!(next.last_text().contains("does not fit"), "{}", next.last_text());
    assert!(next.deploy.begun().is_empty());
}

#[tokio::test]
async fn pausing_is_refused_with_why_and_a_guest_learns_nothing() {
    let world = World::new().await;
    world.deploy.hold();
    world.say("web:you", "1", "wilco restart web").await;
    let op = operations(&world).await[0].clone();
    world.say("web:you", "2", &format!("wilco pause {}", op.id)).await;
    assert!(world.last_text().contains("`test.deploy` cannot"), "{}", world.last_text());
    world.say("irc:stranger", "3", &format!("wilco pause {}", op.id)).await;
    assert!(world.last_text().contains("Rule: no grant"), "{}", world.last_text());
}

/// Whoever asks hears how the connections stand, with what to do about one that is parked.
#[tokio::test]
async fn how_connectors_stand_is_told_with_why() {
    let world = World::new().await;
    world.say("web:you", "m1", "wilco connectors").await;
    assert_eq!(world.last_text(), "There are no connectors.");
    let healths = Healths::default();
    healths.set("far", Health::Parked { why: "the password is wrong".into() }, world.time());
    healths.set("web", Health::Connected, world.time());
    world.engine.connectors_stand_as(Arc::new(healths));
    world.say("web:you", "m2", "wilco connectors").await;
    let told = world.last_text();
    let rows: Vec<Vec<_>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1][..6], ["far", "parked", "the", "password", "is", "wrong;"], "{told}");
    assert!(told.contains("Correct it, then order `connectors retry far`."), "{told}");
    assert_eq!(rows[2][..3], ["web", "connected", "since"], "{told}");
}
