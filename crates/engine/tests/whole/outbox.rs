//! The way out: what a network refuses, forgets or leaves in doubt is still shown, in order, once.

use std::sync::Arc;

use tokio::sync::oneshot;
use wilco_contract::{
    connector::Caps,
    ids::Place,
    operation::State,
    reply::PressKind,
    route::{Group, Route},
    store::{AuditFilter, Batch, Page, Record},
};
use wilco_engine::EventSetup;
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};
use wilco_testkit::{aborting_store::AbortingStore, network::MemoryNetwork};

use crate::{
    events::{issue, routes, send, to},
    world::{World, commands, policy},
};

fn texts(world: &World) -> Vec<String> {
    world.network.texts()
}

#[tokio::test]
async fn a_network_that_was_away_gets_the_newest_state_in_order() {
    let world = World::of_events(routes(vec![to(1, None, "web:ops")])).await;
    world.network.refuse(1_000_000);
    for (id, number, at, state) in
        [("1", 90, "10:00:00", "open"), ("2", 91, "10:00:00", "open"), ("3", 90, "10:01:00", "closed")]
    {
        send(&world, &[issue(id, number, at, state)]).await.expect("kept");
    }
    world.step(3_000).await;
    assert!(texts(&world).is_empty());
    let world = world.again(routes(vec![to(1, None, "web:ops")]), MemoryNetwork::CAPS).await;
    world.network.refuse(0);
    world.step(60).await;
    let texts = texts(&world);
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(
        texts[0].starts_with("Issue webapp#90 Title 90 — closed") && texts[1].starts_with("Issue webapp#91")
    );
    assert!(texts[2].starts_with("Issue webapp#90 closed"));
}

#[tokio::test]
async fn doubt_repeats_only_what_a_network_recognises() {
    let world = World::of_events(routes(vec![to(1, None, "web:ops")])).await;
    world.network.doubt(60);
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    for _ in 0..70 {
        world.step(60).await;
    }
    send(&world, &[issue("2", 90, "10:01:00", "closed")]).await.expect("kept");
    let texts = texts(&world);
    assert_eq!(texts.len(), 2, "an hour of doubt, one message: {texts:?}");
    assert!(texts[0].contains("closed"), "{texts:?}");
}

#[tokio::test]
async fn doubt_without_keys_is_repeated_twice_and_then_told() {
    let world = World::of_events(routes(vec![to(1, None, "web:far")])).await;
    let world = world.again(routes(vec![to(1, None, "web:far")]), MemoryNetwork::PLAIN).await;
    world.network.forget_keys();
    world.network.doubt(3);
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    for _ in 0..70 {
        world.step(60).await;
    }
    let texts = texts(&world);
    assert_eq!(texts.iter().filter(|text| text.starts_with("Issue webapp#90")).count(), 3, "{texts:?}");
    assert!(texts[3].starts_with("1 line could not be shown in web:far"), "{texts:?}");
    send(&world, &[issue("2", 91, "10:01:00", "open")]).await.expect("kept");
    assert!(world.network.texts()[4].starts_with("Issue webapp#91"), "what comes after it goes on");
}

#[tokio::test]
async fn a_room_that_is_gone_is_told_in_the_home_room_once() {
    let world = World::of_events(routes(vec![to(1, None, "web:gone")])).await;
    world.network.close(&Place::parse("web:gone").expect("a place"));
    for number in 0..3u64 {
        send(&world, &[issue(&number.to_string(), number, "10:00:00", "open")]).await.expect("kept");
        world.step(30).await;
    }
    let texts = texts(&world);
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].starts_with("3 lines could not be shown in web:gone, the last one at 10:01:00 UTC: not sent: there is no room `web:gone`"), "{texts:?}");
    let filter = AuditFilter { kind: Some("delivery.given_up".into()), ..AuditFilter::default() };
    let audit = world.store.audit(&filter, Page { after: 0, limit: 9 }).await.expect("the audit");
    assert_eq!(audit.len(), 3);
}

#[tokio::test]
async fn a_message_that_was_deleted_is_said_anew() {
    let world = World::of_events(routes(vec![to(1, None, "web:ops")])).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    world.network.delete("Issue webapp#90");
    send(&world, &[issue("2", 90, "10:01:00", "closed")]).await.expect("kept");
    let heads: Vec<_> = texts(&world).into_iter().filter(|text| text.contains("Title 90")).collect();
    assert_eq!(heads.len(), 2, "{heads:?}");
    assert!(heads[1].contains("closed"));
}

#[tokio::test]
async fn a_plain_network_gets_one_line_a_change_and_no_repeats() {
    let setup = || routes(vec![to(1, None, "web:ops")]);
    let world = World::of_events(setup()).await.again(setup(), MemoryNetwork::PLAIN).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    send(&world, &[issue("2", 90, "10:01:00", "closed")]).await.expect("kept");
    let texts = texts(&world);
    let url = " · https://github.com/acme/webapp/issues/90";
    assert_eq!(
        texts,
        [format!("Issue webapp#90 Title 90 — open{url}"), format!("Issue webapp#90 closed{url}")]
    );
}

#[tokio::test]
async fn what_cannot_be_shown_in_a_day_is_given_up_and_told() {
    let world = World::of_events(routes(vec![to(1, None, "far:room")])).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    world.step(3_600).await;
    assert!(texts(&world).is_empty(), "its connector is not there yet");
    for _ in 0..25 {
        world.step(3_600).await;
    }
    let texts = texts(&world);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("could not be shown in far:room") && texts[0].contains("in time"), "{texts:?}");
}

#[tokio::test]
async fn a_connector_that_comes_back_is_sent_to_at_once() {
    let world = World::of_events(routes(vec![to(1, None, "far:room")])).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    world.step(600).await;
    world.engine.attach("far", MemoryNetwork::CAPS, world.network.clone(), world.network.clone());
    world.settle().await;
    assert_eq!(texts(&world).len(), 1);
}

#[tokio::test]
async fn doubt_about_a_new_line_without_keys_is_not_repeated_for_ever() {
    let setup = || routes(vec![to(1, None, "web:ops")]);
    let world = World::of_events(setup()).await.again(setup(), MemoryNetwork::PLAIN).await;
    world.network.forget_keys();
    for number in 0..30u64 {
        send(&world, &[issue(&number.to_string(), number, "10:00:00", "open")]).await.expect("kept");
    }
    let before = texts(&world).len();
    world.network.doubt(1_000);
    // The line that counts is told anew once its ten minutes are over.
    for _ in 0..120 {
        world.step(60).await;
    }
    let more = texts(&world).len() - before;
    assert!(more <= 3 + 3, "{:#?}", texts(&world));
}

#[tokio::test]
async fn an_edit_that_waits_holds_up_no_post() {
    let world = World::of_events(routes(vec![to(1, None, "web:ops")])).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    let mut quiet = issue("2", 90, "10:01:00", "open");
    quiet.level = wilco_contract::event::Level::Off;
    quiet.head = Some("Issue webapp#90 — edited".into());
    world.network.refuse(1);
    send(&world, &[quiet]).await.expect("kept");
    send(&world, &[issue("3", 91, "10:01:00", "open")]).await.expect("kept");
    assert!(texts(&world)[1].starts_with("Issue webapp#91"), "{:?}", texts(&world));
    world.step(2).await;
    assert!(texts(&world)[0].starts_with("Issue webapp#90 — edited"), "{:?}", texts(&world));
}

#[tokio::test]
async fn lines_that_wait_follow_their_slot_to_where_it_is_told_anew() {
    let world = World::of_events(routes(vec![to(1, None, "web:ops")])).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    world.network.refuse(1_000_000);
    send(&world, &[issue("2", 90, "10:01:00", "closed")]).await.expect("kept");
    for number in 0..201 {
        world.say("web:you", &format!("m{number}"), "chatter").await;
    }
    send(&world, &[issue("3", 90, "10:02:00", "reopened")]).await.expect("kept");
    world.network.refuse(0);
    world.step(120).await;
    let shown = world.network.shown();
    let top: Vec<_> =
        shown.iter().filter(|shown| shown.thread.is_none()).map(|shown| shown.reply.plain()).collect();
    assert_eq!(top.len(), 2, "{top:#?}");
    assert!(top[1].contains("First told"), "{top:#?}");
}

async fn plainly_again(world: &World) -> World {
    world.again(EventSetup::default(), MemoryNetwork::PLAIN).await
}

#[tokio::test]
async fn where_a_repeat_would_show_a_restart_tells_the_end_that_nobody_heard_and_nothing_twice() {
    let world = World::on_plain(policy(), commands()).await.recovered().await;
    world.network.forget_keys();
    let stage = world.order("web:you", "app.stage", "web").await;
    assert_eq!(texts(&world).len(), 1, "it waits for a yes");
    world.network.refuse(u32::MAX);
    world.press("web:you", PressKind::Confirm, &stage).await.expect("confirmed");
    assert_eq!(world.state(&stage).await, State::Succeeded);
    let world = plainly_again(&world).await;
    assert_eq!(texts(&world).len(), 1, "the network is away");
    world.network.refuse(0);
    let world = plainly_again(&world).await;
    assert_eq!(texts(&world).len(), 2, "{:?}", texts(&world));
    assert!(texts(&world)[1].contains("succeeded: stage web"), "{:?}", texts(&world));
    let world = plainly_again(&world).await;
    assert_eq!(texts(&world).len(), 2, "{:?}", texts(&world));
}

#[tokio::test]
async fn an_end_that_came_before_its_first_message_is_told_once() {
    let world = World::on_plain(policy(), commands()).await.recovered().await;
    world.network.forget_keys();
    world.network.stall(true);
    let restart = world.order("web:you", "app.restart", "web").await;
    assert_eq!(world.state(&restart).await, State::Succeeded);
    world.network.stall(false);
    world.settle().await;
    let before = texts(&world);
    assert!(before.last().is_some_and(|text| text.contains("succeeded: restart web")), "{before:?}");
    let world = plainly_again(&world).await;
    assert_eq!(texts(&world), before);
}

/// A world whose store holds up the next slot that is written.
async fn held_up(caps: Caps) -> (World, oneshot::Sender<()>) {
    let store = holding();
    let goes = store.hold(|batch: &Batch| batch.records.iter().any(|one| matches!(one, Record::Slot(_))));
    (World::of_events_on(store, routes(vec![to(1, None, "web:ops")]), caps).await, goes)
}

fn holding() -> Arc<AbortingStore> {
    let inner = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
    Arc::new(AbortingStore::new(inner, None, |_| {}))
}

async fn waits(world: &World) -> usize {
    world.store.parcels(&Place::parse("web:ops").expect("a place"), 9).await.expect("a read").len()
}

#[tokio::test]
async fn a_first_message_leaves_while_it_is_being_written_and_is_noted_after_it() {
    let (world, goes) = held_up(MemoryNetwork::PLAIN).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    assert_eq!(
        (texts(&world).len(), world.store.last_number().await),
        (1, Ok(0)),
        "said, and not written yet"
    );
    send(&world, &[issue("2", 91, "10:00:00", "open")]).await.expect("kept");
    assert_eq!(texts(&world).len(), 1, "one at a time");
    goes.send(()).expect("it is waited for");
    world.settle().await;
    assert_eq!((texts(&world).len(), waits(&world).await), (2, 0), "{:?}", texts(&world));
    let world = world.again(routes(vec![to(1, None, "web:ops")]), MemoryNetwork::PLAIN).await;
    assert_eq!(texts(&world).len(), 2, "nothing is said again");
}

#[tokio::test]
async fn a_first_message_that_could_not_be_written_is_told_once_more_when_it_is() {
    let store = holding();
    let slot = |batch: &Batch| batch.records.iter().any(|one| matches!(one, Record::Slot(_)));
    let refusals: Vec<_> = (0..4).map(|_| store.hold(slot)).collect();
    let world = World::of_events_on(store, routes(vec![to(1, None, "web:ops")]), MemoryNetwork::PLAIN).await;
    world.network.forget_keys();
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    for refusal in refusals {
        assert_eq!(texts(&world).len(), 1, "however often it cannot be written");
        drop(refusal);
        world.settle().await;
        world.step(60).await;
    }
    let said = texts(&world);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0], said[1]);
    assert_eq!(waits(&world).await, 0);
    send(&world, &[issue("2", 90, "10:01:00", "closed")]).await.expect("kept");
    assert_eq!(texts(&world).len(), 3, "the line that is known goes on");
}

#[tokio::test]
async fn after_a_kill_a_first_message_is_told_again_where_it_was_not_written() {
    let (world, _goes) = held_up(MemoryNetwork::PLAIN).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    // What was held up is gone with the process.
    world.network.forget_keys();
    let world = world.again(routes(vec![to(1, None, "web:ops")]), MemoryNetwork::PLAIN).await;
    assert_eq!((texts(&world).len(), waits(&world).await), (2, 0));
}

#[tokio::test]
async fn a_network_that_knows_a_repeat_is_told_once_it_is_written() {
    let (world, goes) = held_up(MemoryNetwork::CAPS).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    assert!(texts(&world).is_empty());
    goes.send(()).expect("it is waited for");
    world.settle().await;
    assert_eq!(texts(&world).len(), 1);
}

#[tokio::test]
async fn a_first_message_that_a_network_refuses_waits_like_any_other() {
    let (world, goes) = held_up(MemoryNetwork::PLAIN).await;
    world.network.refuse(1);
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    goes.send(()).expect("it is waited for");
    world.settle().await;
    assert_eq!((texts(&world).len(), waits(&world).await), (0, 1));
    world.step(60).await;
    assert_eq!((texts(&world).len(), waits(&world).await), (1, 0));
}

#[tokio::test]
async fn a_line_of_its_own_leaves_while_it_is_being_written() {
    let store = holding();
    let alone = Route { group: Group::None, ..to(1, None, "web:ops") };
    let world = World::of_events_on(store.clone(), routes(vec![alone]), MemoryNetwork::PLAIN).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    let goes = store.hold(|batch: &Batch| batch.records.iter().any(|one| matches!(one, Record::Line(_))));
    send(&world, &[issue("2", 90, "10:01:00", "closed")]).await.expect("kept");
    assert_eq!((texts(&world).len(), waits(&world).await), (2, 0), "{:?}", texts(&world));
    goes.send(()).expect("it is waited for");
    world.step(60).await;
    assert_eq!((texts(&world).len(), waits(&world).await), (2, 0), "{:?}", texts(&world));
}
