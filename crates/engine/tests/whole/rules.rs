//! Rules that run a command because of an event: through the gate, once, answered where the event is told.

use wilco_contract::{
    expr::Condition,
    operation::State,
    policy::{Grantee, Policy},
    reply::PressKind,
    route::Rule,
    source::RawHook,
    store::Page,
};
use wilco_engine::EventSetup;
use wilco_testkit::network::MemoryNetwork;

use crate::{
    events::{issue, origin, routes, send, to},
    world::World,
};

fn with_rule(name: &str, run: &str) -> EventSetup {
    let mut setup = routes(vec![to(1, None, "web:ops")]);
    setup.rules = vec![Rule {
        name: name.into(),
        when: Condition::parse("event.state == 'open'").expect("a condition"),
        run: run.into(),
        origin: origin(7),
    }];
    setup
}

/// The test's policy, in which a rule may do what a developer may.
fn granted(mut policy: Policy, rule: &str) -> Policy {
    for grant in &mut policy.grants {
        grant.to.push(Grantee::parse(&format!("rule:{rule}")).expect("a grantee"));
    }
    policy
}

async fn operations(world: &World) -> Vec<wilco_contract::operation::Operation> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| operation).collect()
}

#[tokio::test]
async fn a_rule_that_nothing_grants_is_denied_where_the_event_is_told() {
    let world = World::of_events(with_rule("restart", "restart {{ event.repo }}")).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    assert!(operations(&world).await.is_empty());
    let last = world.network.shown().pop().expect("an answer");
    assert!(last.thread.is_some(), "in the thread of the event's line");
    let text = last.reply.plain();
    assert!(text.contains("Rule `restart`, event ") && text.contains("may not use `app.restart`"), "{text}");
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn a_rule_asks_and_a_person_approves() {
    let world =
        World::of_events_under(granted(crate::world::policy(), "stage"), with_rule("stage", "stage web"))
            .await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    let made = operations(&world).await;
    assert_eq!(
        (made.len(), made[0].state, made[0].asker.key()),
        (1, State::AwaitingApproval, "rule:stage".to_owned())
    );
    world.press("web:bo", PressKind::Approve, &made[0]).await.expect("bo may stage");
    assert_eq!(world.state(&made[0]).await, State::Succeeded);
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn an_event_that_is_not_signed_changes_nothing() {
    let world = World::of_events_under(
        granted(crate::world::policy(), "restart"),
        with_rule("restart", "restart web"),
    )
    .await;
    let body = serde_json::to_vec(&[issue("1", 90, "10:00:00", "open")]).expect("JSON");
    let hook = RawHook { headers: &[], body: &body, received_at: world.time() };
    world.engine.hook("open", hook).await.expect("kept");
    world.settle().await;
    assert!(operations(&world).await.is_empty());
    let text = world.last_text();
    assert!(
        text.contains("was not signed, so it changes nothing")
            && text.contains("unsigned events trigger no write"),
        "{text}"
    );
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    assert_eq!(operations(&world).await.len(), 1, "the same from who proved it does");
}

#[tokio::test]
async fn a_read_is_answered_in_the_thread() {
    let policy = granted(crate::world::policy(), "look");
    let world = World::of_events_under(policy, with_rule("look", "status {{ event.repo }}")).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    let last = world.network.shown().pop().expect("an answer");
    assert!(last.reply.plain().ends_with("done"), "{}", last.reply.plain());
    assert!(last.thread.is_some());
}

#[tokio::test]
async fn a_rule_runs_once_though_wilco_ends_in_between() {
    let setup = || with_rule("restart", "restart web");
    let policy = granted(crate::world::policy(), "restart");
    let world = World::of_events_under(policy.clone(), setup()).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    assert_eq!(operations(&world).await.len(), 1);
    let world = world.again_under(policy, setup(), MemoryNetwork::CAPS).await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("a repeat");
    assert_eq!(operations(&world).await.len(), 1);
}

#[tokio::test]
async fn an_order_that_waited_too_long_is_not_run() {
    let policy = granted(crate::world::policy(), "restart");
    let world = World::of_events_under(policy.clone(), with_rule("restart", "restart web")).await;
    world.engine.stop();
    world.settle().await;
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    world.step(3_600).await;
    let world = world.again_under(policy, with_rule("restart", "restart web"), MemoryNetwork::CAPS).await;
    assert!(operations(&world).await.is_empty());
    assert!(world.last_text().contains("too long ago"), "{}", world.last_text());
}
