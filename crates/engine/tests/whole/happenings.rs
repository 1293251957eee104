//! What happens in a room beside lines: who hears of it, and the thumbs-up by which an asker confirms.

use jiff::SignedDuration;
use serde_json::json;
use wilco_contract::{
    listen::{Does, Listener, On},
    operation::{Operation, State},
    plan::StepPlan,
    policy::{Glob, Grantee, Policy},
    store::Page,
};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};
use wilco_testkit::network::people::Act;

use crate::{
    events::origin,
    world::{World, commands, policy},
};

fn listener(own: &str, on: On, does: Does) -> Listener {
    Listener { name: format!("app.{own}"), on, does, rooms: None, origin: origin(1) }
}

fn says(on: On, say: &str) -> Listener {
    listener("says", on, Does::Say(say.to_owned()))
}

async fn world_with(policy: Policy, listeners: Vec<Listener>) -> World {
    let store = std::sync::Arc::new(MemoryStore::new(std::sync::Arc::new(SeededChance::new(7))));
    World::of_triggers(store, "2026-11-23T10:00:00Z", policy, (listeners, Vec::new())).await
}

async fn world(listeners: Vec<Listener>) -> World {
    world_with(policy(), listeners).await
}

/// The test's policy, in which this listener may do what a developer may.
fn granted(name: &str) -> Policy {
    let mut policy = policy();
    policy.grants[0].to.push(Grantee::parse(&format!("listener:{name}")).expect("a grantee"));
    policy
}

async fn operations(world: &World) -> Vec<Operation> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| operation).collect()
}

#[tokio::test]
async fn who_comes_and_goes_and_what_a_room_is_about_is_heard_in_the_room() {
    let world = world(vec![
        says(On::Join, "hello {{ who.name }} ({{ who.id }}, {{ who.account }})"),
        says(On::Leave, "{{ who.name }} left"),
        says(On::Topic, "{{ who.id }} says that it is about: {{ topic }}"),
    ])
    .await;
    let before = world.store.head().await.expect("a head");
    world.act("web:bo", Act::Join).await;
    world.act("web:stranger", Act::Join).await;
    world.act("web:bo", Act::Topic("the **release**\nof v2")).await;
    world.act("web:bo", Act::Leave).await;
    assert_eq!(
        world.network.texts(),
        [
            "hello BO (bo, web:bo)",
            "hello stranger (, web:stranger)",
            "bo says that it is about: the release of v2",
            "BO left"
        ]
    );
    assert!(world.network.shown().iter().all(|shown| shown.thread.is_none()));
    assert_eq!(world.store.head().await.expect("a head"), before, "nothing of it is kept");
}

#[tokio::test]
async fn a_sign_is_heard_in_the_thread_of_its_message() {
    let looks = On::Reaction(vec!["👀".to_owned(), "👍".to_owned()]);
    let world = world(vec![
        says(looks, "{{ who.name }} looks at: {{ message.text }}"),
        listener(
            "shows",
            On::Reaction(Vec::new()),
            Does::Say(
                "{{ reaction }} {% if message.ours %}ours{% else %}theirs{% endif %} {{ message.account }}."
                    .to_owned(),
            ),
        ),
    ])
    .await;
    world.say("web:bo", "1", "wilco ping").await;
    world.act("web:ana", Act::React("👀", "0")).await;
    assert_eq!(world.network.texts(), ["pong", "ANA looks at: pong", "👀 ours ."]);
    assert!(world.network.shown()[1..].iter().all(|shown| shown.thread.as_deref() == Some("1")));
    world.act("web:ana", Act::React("👍🏽", "0")).await;
    assert_eq!(world.network.texts()[3], "ANA looks at: pong", "a colour is the same sign");
    // What a network does not tell is empty, and the message opens a thread of its own.
    world.act("web:ana", Act::React("🚀", "theirs")).await;
    let shown = world.network.shown();
    assert_eq!(shown.len(), 6, "the first one heeds two signs: {:?}", world.network.texts());
    assert_eq!(
        (shown[5].reply.plain().as_str(), shown[5].thread.as_deref()),
        ("🚀 theirs .", Some("theirs"))
    );
}

#[tokio::test]
async fn what_it_runs_it_runs_in_its_own_name_and_a_value_stays_a_value() {
    let run = || vec![listener("runs", On::Topic, Does::Run("restart {{ topic }}".to_owned()))];
    let denied = world(run()).await;
    denied.act("web:ana", Act::Topic("web")).await;
    assert!(operations(&denied).await.is_empty(), "ana may, and the listener may not");
    assert!(denied.last_text().contains("Listener `app.runs`"), "{}", denied.last_text());

    let world = world_with(granted("app.runs"), run()).await;
    world.act("web:ana", Act::Topic("web --force > web:dev")).await;
    let done = operations(&world).await;
    assert_eq!((done[0].asker.key().as_str(), done.len()), ("listener:app.runs", 1));
    assert_eq!(done[0].args["app"], "web --force > web:dev");
    world.act("web:stranger", Act::Topic("web")).await;
    assert_eq!(operations(&world).await.len(), 1, "whoever is nobody we know sets nothing running");
}

#[tokio::test]
async fn what_we_do_ourselves_what_is_late_and_what_happens_elsewhere_set_nothing_off() {
    let elsewhere = Listener { rooms: Some(vec![Glob("web:dev".into())]), ..says(On::Join, "hi") };
    let world =
        world(vec![elsewhere, says(On::Leave, "bye"), says(On::Reaction(Vec::new()), "a sign")]).await;
    world.say("web:bo", "1", "wilco ping").await;
    world.act("web:bo", Act::Join).await;
    world.act("web:wilco", Act::Leave).await;
    world.act("web:wilco", Act::React("👍", "0")).await;
    world.act_at("web:bo", Act::Leave, world.time() - SignedDuration::from_secs(121)).await;
    assert_eq!(world.network.texts(), ["pong"]);
}

#[tokio::test]
async fn a_crowd_that_comes_in_is_greeted_five_times() {
    let world = world(vec![says(On::Join, "hello {{ who.name }}")]).await;
    for number in 0..9 {
        world.act(&format!("web:guest-{number}"), Act::Join).await;
    }
    let texts = world.network.texts();
    assert_eq!(texts.iter().filter(|text| text.starts_with("hello")).count(), 5, "{texts:?}");
    assert_eq!(texts.iter().filter(|text| text.contains("`listener:app.says` was set off 5")).count(), 1);
}

/// A world in which an operation waits for the yes of who asked, and the id of its message.
async fn waiting() -> (World, String) {
    let world = World::new().await;
    world.say("web:you", "1", "wilco stage web").await;
    let [operation] = &operations(&world).await[..] else { panic!("one operation") };
    assert_eq!(operation.state, State::AwaitingConfirm);
    let receipt = operation.slots[0].receipt.clone().expect("it is shown");
    (world, receipt.id)
}

async fn state(world: &World) -> State {
    operations(world).await[0].state
}

#[tokio::test]
async fn the_askers_thumbs_up_on_the_plan_confirms_it() {
    let (world, message) = waiting().await;
    for (who, sign, on) in [
        ("web:ana", "👍", message.as_str()),
        ("web:you", "👎", &message),
        ("web:you", "👍", "99"),
        ("web:you", "👍", "1"),
    ] {
        world.act(who, Act::React(sign, on)).await;
        assert_eq!(state(&world).await, State::AwaitingConfirm, "{who} {sign} {on}");
    }
    let late = world.time() - SignedDuration::from_secs(121);
    world.act_at("web:you", Act::React("👍", &message), late).await;
    assert_eq!(state(&world).await, State::AwaitingConfirm, "only a fresh one counts");
    // The same person, by another account of theirs.
    world.act("irc:you2", Act::React("👍🏿", &message)).await;
    assert_eq!(state(&world).await, State::Succeeded);
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn a_sign_that_was_put_there_before_the_plan_stood_there_confirms_nothing() {
    let (world, message) = waiting().await;
    let inputs = [("revision".to_owned(), json!("bbb"))].into_iter().collect();
    world.deploy.plans(StepPlan { inputs, ..StepPlan::default() });
    world.step(10).await;
    world.act("web:you", Act::React("👍", &message)).await;
    assert_eq!(state(&world).await, State::AwaitingConfirm, "the plan is another one now");
    // On its way when the message was edited.
    let before = world.time() - SignedDuration::from_secs(1);
    world.act_at("web:you", Act::React("👍", &message), before).await;
    assert_eq!(state(&world).await, State::AwaitingConfirm);
    assert!(world.last_text().contains("The plan of"), "and that is said: {}", world.last_text());
    world.act("web:you", Act::React("👍", &message)).await;
    assert_eq!(state(&world).await, State::Succeeded);
}

#[tokio::test]
async fn a_thumbs_up_confirms_no_order_that_somebody_else_has_to_approve() {
    let world = World::new().await;
    world.say("web:ana", "1", "wilco release web").await;
    world.act("web:ana", Act::React("👍", "0")).await;
    world.act("web:bo", Act::React("👍", "0")).await;
    assert_eq!(state(&world).await, State::AwaitingApproval);
}

#[tokio::test]
async fn a_thumbs_up_that_was_kept_counts_after_a_restart() {
    let (world, message) = waiting().await;
    let who = wilco_contract::ids::Account::parse("web:you").expect("an account");
    let act = Act::React("👍", &message);
    let arrival = world.network.does(&who, &crate::world::place(), act, world.time()).expect("it arrives");
    // Its task gets no turn before the end.
    world.engine.accept(arrival).await;
    assert_eq!(world.store.unhandled().await.expect("the inbox").len(), 1);
    world.engine.stop();
    let next = world.restarted(policy(), commands()).await.recovered().await;
    assert_eq!(state(&next).await, State::Succeeded);
}
