//! Listeners: what lines that are said to nobody set off, in whose name, and how often.

use std::sync::Arc;

use wilco_contract::{
    listen::{Does, Hear, Listener, On},
    operation::State,
    policy::{Glob, Grantee, Policy},
    principal::Principal,
    reply::PressKind,
    store::{AuditFilter, Page},
};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};

use crate::{
    events::origin,
    world::{World, policy},
};

fn listener(own: &str, hear: &str, does: Does) -> Listener {
    let on = On::Line(Hear::parse(hear).expect("a pattern"));
    Listener { name: format!("app.{own}"), on, does, rooms: None, origin: origin(1) }
}

fn says(hear: &str, say: &str) -> Listener {
    listener("says", hear, Does::Say(say.to_owned()))
}

fn runs(hear: &str, run: &str) -> Listener {
    listener("runs", hear, Does::Run(run.to_owned()))
}

/// The test's policy, in which this listener may do what a developer may.
fn granted(name: &str) -> Policy {
    let mut policy = policy();
    policy.grants[0].to.push(Grantee::parse(&format!("listener:{name}")).expect("a grantee"));
    policy
}

async fn world(policy: Policy, listeners: Vec<Listener>) -> World {
    let store = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
    World::of_triggers(store, "2026-11-23T10:00:00Z", policy, (listeners, Vec::new())).await
}

async fn operations(world: &World) -> Vec<wilco_contract::operation::Operation> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| operation).collect()
}

#[tokio::test]
async fn a_line_is_answered_in_its_thread_and_leaves_no_record() {
    let world = world(policy(), vec![says(r"service_(\d+) is slow", "looking at {{ m[1] }}")]).await;
    let before = world.store.head().await.expect("a head").seq;
    world.say("web:bo", "m1", "I think service_7 is slow today").await;
    world.say("web:bo", "m2", "nothing of interest").await;
    world.say("web:bo", "m3", "wilco service_7 is slow").await;
    let shown = world.network.shown();
    assert_eq!(shown.len(), 1, "an order is no line said to nobody: {:?}", world.network.texts());
    assert_eq!((shown[0].thread.as_deref(), shown[0].reply.plain().trim()), (Some("m1"), "looking at 7"));
    let sealed = world.store.sealed(Page { after: before.0, limit: 9 }).await.expect("records");
    let kinds: Vec<_> = sealed.iter().map(|record| record.body.clone().unwrap_or_default()).collect();
    assert!(kinds.iter().all(|body| !body.contains("I think") && !body.contains("interest")), "{kinds:?}");
}

#[tokio::test]
async fn rooms_narrow_where_it_listens() {
    let elsewhere = Listener { rooms: Some(vec![Glob("web:dev".into())]), ..says("hello", "hi") };
    let world = world(policy(), vec![elsewhere]).await;
    world.say("web:bo", "m1", "hello").await;
    assert!(world.network.shown().is_empty());
}

#[tokio::test]
async fn what_it_runs_it_runs_in_its_own_name() {
    let run = runs(r"restart (\S+), anybody", "restart {{ m[1] }}");
    // Ana is a developer, who may; the listener is nobody, who may not.
    let denied = world(policy(), vec![run.clone()]).await;
    denied.say("web:ana", "m1", "restart web, anybody?").await;
    assert!(operations(&denied).await.is_empty());
    let text = denied.network.texts().pop().expect("an answer");
    assert!(text.contains("Listener `app.runs`") && text.contains("may not use `app.restart`"), "{text}");

    let world = world(granted("app.runs"), vec![run]).await;
    world.say("web:ana", "m1", "restart web, anybody?").await;
    world.say("web:ana", "m1", "restart web, anybody?").await;
    let done = operations(&world).await;
    assert_eq!(done.len(), 1, "a line that the network brings twice is one line");
    assert_eq!(done[0].asker.key(), "listener:app.runs");
    assert_eq!((done[0].state, done[0].thread.as_deref()), (State::Succeeded, Some("m1")));
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn a_value_stays_a_value() {
    let world = world(granted("app.runs"), vec![runs("restart it: (.*)", "restart {{ m[1] }}")]).await;
    for (id, words) in
        [("m1", "web --force"), ("m2", "web\" --because \"x"), ("m3", "a=b | status web > web:dev")]
    {
        world.say("web:ana", id, &format!("restart it: {words}")).await;
        let operation = operations(&world).await.pop().expect("an operation");
        assert_eq!(operation.args["app"], words);
        assert_eq!(operation.because, None);
    }
}

#[tokio::test]
async fn whoever_is_nobody_we_know_sets_nothing_running() {
    let world = world(granted("app.runs"), vec![runs("restart (\\w+)", "restart {{ m[1] }}")]).await;
    world.say("web:stranger", "m1", "restart web").await;
    assert!(operations(&world).await.is_empty() && world.network.shown().is_empty());
}

#[tokio::test]
async fn whose_line_it_was_approves_nothing_of_it() {
    let world = world(granted("app.runs"), vec![runs("release (\\w+) now", "release {{ m[1] }}")]).await;
    world.say("web:ana", "m1", "release web now").await;
    let waiting = operations(&world).await.pop().expect("an operation");
    assert_eq!(waiting.state, State::AwaitingApproval);
    assert!(
        matches!(&waiting.asker, Principal::Program { set_off_by: Some(by), .. } if by.as_str() == "ana")
    );
    assert!(
        world.press("web:ana", PressKind::Approve, &waiting).await.is_err(),
        "she leads, and gave the words"
    );
    assert_eq!(world.state(&waiting).await, State::AwaitingApproval);
}

#[tokio::test]
async fn what_was_kept_and_not_worked_off_is_run_after_a_restart_once() {
    let store = Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
    let listeners = || vec![runs("restart (\\w+) now", "restart {{ m[1] }}")];
    let at = |store: &Arc<MemoryStore>, now| {
        World::of_triggers(store.clone(), now, granted("app.runs"), (listeners(), Vec::new()))
    };
    let first = at(&store, "2026-11-23T10:00:00Z").await;
    // Its task gets no turn before the end.
    first.engine.accept(first.arrival("web:ana", "m1", "restart web now")).await;
    assert_eq!(first.store.unhandled().await.expect("the inbox").len(), 1);
    let again = at(&store, "2026-11-23T10:01:00Z").await;
    assert_eq!(operations(&again).await.len(), 1);
    let later = at(&store, "2026-11-23T10:02:00Z").await;
    assert_eq!(operations(&later).await.len(), 1);
}

#[tokio::test]
async fn five_times_in_a_minute_stop_it_and_the_home_room_is_told_once() {
    let world = world(policy(), vec![says("ping", "pong")]).await;
    for number in 0..9 {
        world.say("web:bo", &format!("m{number}"), "ping").await;
        world.step(1).await;
    }
    let texts = world.network.texts();
    assert_eq!(texts.iter().filter(|text| text.trim() == "pong").count(), 5, "{texts:?}");
    let told: Vec<_> =
        texts.iter().filter(|text| text.contains("`listener:app.says` was set off 5 times")).collect();
    assert_eq!(told.len(), 1, "{texts:?}");
    assert!(told[0].contains("until 10:10:04 UTC") && told[0].contains("`wilco resume listener app.says`"));
    let stopped = AuditFilter { kind: Some("program.stopped".into()), ..AuditFilter::default() };
    assert_eq!(world.store.audit(&stopped, Page { after: 0, limit: 9 }).await.map(|rows| rows.len()), Ok(1));

    world.say("web:ana", "r1", "wilco resume listener app.says").await;
    world.say("web:bo", "m10", "ping").await;
    assert_eq!(world.network.texts().iter().filter(|text| text.trim() == "pong").count(), 6);
}

#[tokio::test]
async fn what_was_stopped_goes_on_after_ten_minutes() {
    let world = world(policy(), vec![says("ping", "pong")]).await;
    for number in 0..6 {
        world.say("web:bo", &format!("m{number}"), "ping").await;
    }
    world.step(600).await;
    world.say("web:bo", "m9", "ping").await;
    assert_eq!(world.network.texts().iter().filter(|text| text.trim() == "pong").count(), 6);
}

#[tokio::test]
async fn a_line_that_is_brought_twice_is_answered_once_where_a_repeat_would_show() {
    let world = world(policy(), vec![says("hello", "hi")]).await;
    world.network.forget_keys();
    for (id, answers) in [("m1", 1), ("m1", 1), ("m2", 2)] {
        world.say("web:bo", id, "hello").await;
        assert_eq!(world.network.texts().len(), answers, "{id}");
    }
}
