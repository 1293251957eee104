//! Schedules: each due time once, whatever happens meanwhile.

use std::sync::{Arc, atomic::Ordering};

use wilco_contract::{
    input::{Input, Trigger},
    operation::State,
    policy::{Grantee, Policy},
    principal::{Program, ProgramKind},
    schedule::{Cadence, Cron, Missed, Schedule, ScheduleEvent},
    store::{Batch, Page, Record, Store, When},
};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};

use crate::{
    events::origin,
    world::{World, dying, place, policy},
};

fn nightly(cron: &str, missed: Missed) -> Schedule {
    Schedule {
        name: "app.nightly".to_owned(),
        when: Cadence::Cron(Cron::parse(cron).expect("a cron expression")),
        zone: None,
        missed,
        run: "restart web".to_owned(),
        place: None,
        origin: origin(1),
    }
}

fn granted() -> Policy {
    let mut policy = policy();
    policy.grants[0].to.push(Grantee::parse("schedule:app.nightly").expect("a grantee"));
    policy
}

fn store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))))
}

async fn world(store: &Arc<MemoryStore>, now: &str, schedule: Schedule) -> World {
    World::of_triggers(store.clone(), now, granted(), (Vec::new(), vec![schedule])).await
}

async fn count(world: &World) -> usize {
    world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations").len()
}

#[tokio::test]
async fn what_is_due_is_run_once_in_its_own_name() {
    let world = world(&store(), "2026-11-23T08:59:00Z", nightly("0 9 * * *", Missed::Skip)).await;
    world.step(59).await;
    assert_eq!(count(&world).await, 0);
    world.step(1).await;
    world.step(1).await;
    let (_, operation) = world
        .store
        .operations(&[], Page { after: 0, limit: 9 })
        .await
        .expect("operations")
        .pop()
        .expect("one");
    assert_eq!((operation.asker.key().as_str(), operation.state), ("schedule:app.nightly", State::Succeeded));
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn what_nothing_grants_is_denied_and_said_in_the_home_room() {
    let schedules = vec![nightly("0 9 * * *", Missed::Skip)];
    let world = World::of_triggers(store(), "2026-11-23T08:59:00Z", policy(), (Vec::new(), schedules)).await;
    world.step(60).await;
    let text = world.network.texts().pop().expect("an answer");
    assert!(text.contains("Schedule `app.nightly`") && text.contains("may not use `app.restart`"), "{text}");
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn over_a_restart_a_time_is_due_once() {
    let store = store();
    let at = |now| world(&store, now, nightly("0 9 * * *", Missed::Skip));
    at("2026-11-23T08:59:00Z").await;
    // Down at nine, and back within the minute.
    assert_eq!(count(&at("2026-11-23T09:00:40Z").await).await, 1);
    assert_eq!(count(&at("2026-11-23T09:00:50Z").await).await, 1);
    let world = at("2026-11-23T09:00:55Z").await;
    world.step(3_600).await;
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn an_end_between_the_commit_and_the_run_loses_nothing() {
    let store = store();
    let (name, due) = ("app.nightly".to_owned(), "2026-11-23T09:00:00Z".parse().expect("a time"));
    let began =
        ScheduleEvent::Began { name: name.clone(), at: "2026-11-23T08:00:00Z".parse().expect("a time") };
    let order = Trigger {
        id: format!("schedule/{name}/{due}"),
        program: Program { kind: ProgramKind::Schedule, name: name.clone() },
        set_off_by: None,
        order: "restart web".to_owned(),
        place: place(),
        thread: None,
        at: due,
        late: false,
    };
    let fired = ScheduleEvent::Fired { name, due };
    let records =
        vec![Record::Schedule(began), Record::Schedule(fired), Record::Input(Input::Trigger(order))];
    store.commit(Batch { at: due, records }, When::Now).await.expect("kept");
    let at = |now| world(&store, now, nightly("0 9 * * *", Missed::Skip));
    assert_eq!(count(&at("2026-11-23T09:05:00Z").await).await, 1);
    assert_eq!(count(&at("2026-11-23T09:06:00Z").await).await, 1);
}

#[tokio::test]
async fn an_end_before_any_commit_loses_nothing_and_repeats_nothing() {
    let night = |store: Arc<dyn Store>, now| {
        let schedules = vec![nightly("0 9 * * *", Missed::Skip)];
        World::of_triggers(store, now, granted(), (Vec::new(), schedules))
    };
    let story = async |store: Arc<dyn Store>| {
        let world = night(store, "2026-11-23T08:59:00Z").await;
        world.step(60).await;
        world.step(1).await;
    };
    let (whole, counted) = dying(store(), u64::MAX);
    story(whole).await;
    let commits = counted.load(Ordering::SeqCst);
    assert!(commits > 4, "it takes several commits: {commits}");
    for end in 1..commits {
        let store = store();
        let (dies, counted) = dying(store.clone(), end);
        story(dies).await;
        assert_eq!(counted.load(Ordering::SeqCst), end);
        for now in ["2026-11-23T09:00:30Z", "2026-11-23T09:00:40Z"] {
            let world = night(store.clone(), now).await;
            world.step(1).await;
            assert_eq!(count(&world).await, 1, "with {end} of {commits} commits, at {now}");
            assert!(world.store.unhandled().await.expect("the inbox").is_empty(), "with {end} commits");
        }
    }
}

#[tokio::test]
async fn what_was_missed_is_skipped_or_made_up_for_once() {
    for (missed, runs) in [(Missed::Skip, 0), (Missed::Once, 1)] {
        let store = store();
        world(&store, "2026-11-20T12:00:00Z", nightly("0 9 * * *", missed)).await;
        let back = world(&store, "2026-11-23T12:00:00Z", nightly("0 9 * * *", missed)).await;
        assert_eq!(count(&back).await, runs, "{missed:?}");
        let again = world(&store, "2026-11-23T13:00:00Z", nightly("0 9 * * *", missed)).await;
        assert_eq!(count(&again).await, runs, "{missed:?}");
    }
}

#[tokio::test]
async fn a_new_schedule_has_missed_nothing() {
    let world = world(&store(), "2026-11-23T12:00:00Z", nightly("0 9 * * *", Missed::Once)).await;
    assert_eq!(count(&world).await, 0);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nothing_due_again() {
    let world = world(&store(), "2026-11-23T08:59:00Z", nightly("0 9 * * *", Missed::Once)).await;
    world.step(60).await;
    world.clock.jump("2026-11-23T08:30:00Z".parse().expect("a time"));
    world.settle().await;
    world.step(3_600).await;
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn a_pause_is_kept_over_a_restart_and_paused_time_is_not_missed() {
    let store = store();
    let at = |now| world(&store, now, nightly("0 9 * * *", Missed::Once));
    let first = at("2026-11-22T12:00:00Z").await;
    first.say("web:ana", "m1", "wilco pause schedule nightly").await;
    let second = at("2026-11-23T08:59:00Z").await;
    let paused = count(&second).await;
    second.step(120).await;
    assert_eq!(count(&second).await, paused, "it was not due");
    second.say("web:ana", "m2", "wilco schedules").await;
    let listed = second.network.texts().pop().expect("a list");
    assert!(listed.contains("paused by @ana since 2026-11-22 12:00:00 UTC"), "{listed}");
    second.say("web:ana", "m3", "wilco resume schedule app.nightly").await;
    let resumed = count(&second).await;
    second.step(3_600).await;
    assert_eq!(count(&second).await, resumed, "what it would have run meanwhile was not missed");
    second.step(23 * 3_600).await;
    assert_eq!(count(&second).await, resumed + 1);
}

#[tokio::test]
async fn pausing_a_schedule_is_a_write_that_needs_a_grant() {
    let world = world(&store(), "2026-11-23T08:00:00Z", nightly("0 9 * * *", Missed::Skip)).await;
    world.say("web:bo", "m1", "wilco pause schedule nightly").await;
    let text = world.network.texts().pop().expect("an answer");
    assert!(text.contains("may not use `wilco.pause-schedule`"), "{text}");
    world.say("web:ana", "m2", "wilco pause schedule weekly").await;
    let text = world.network.texts().join("\n");
    assert!(text.contains("there is no schedule `weekly`"), "{text}");
}
