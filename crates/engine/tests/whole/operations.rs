//! Operations through the real engine: decisions, locks, plans that change, aborts, restarts.

use std::sync::Arc;

use crate::world::{World, commands, policy};
use serde_json::json;
use wilco_contract::{
    action::{ActionError, Outcome, Recovery},
    ids::{Account, RoleName},
    operation::State,
    plan::StepPlan,
    policy::Policy,
    principal::{Principal, Scope},
    reply::PressKind::{Abort, Approve, Confirm, Deny},
    store::{Page, Store},
};
use wilco_engine::{Answer, EventSetup, NotDecided, PlanSeen, RefusedKind};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};
use wilco_testkit::network::MemoryNetwork;

fn store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))))
}

fn rule(decided: Result<Arc<wilco_contract::operation::Operation>, NotDecided>) -> String {
    match decided {
        Err(NotDecided::Denied(denial)) => denial.rule,
        other => panic!("not denied: {other:?}"),
    }
}

#[tokio::test]
async fn an_order_that_needs_nothing_runs_and_leaves_its_status_in_the_home_room() {
    let world = World::new().await;
    let op = world.order("web:you", "app.restart", "web").await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert_eq!(world.deploy.begun().len(), 1);
    assert_eq!(world.deploy.begun()[0].args, json!({"app": "web"}));
    let shown = world.network.shown();
    assert_eq!(shown.len(), 1, "one message, edited in place");
    assert!(
        shown[0].version > 1 && shown[0].reply.plain().contains("succeeded"),
        "{}",
        shown[0].reply.plain()
    );
    let log = world.store.log(&op.id, Page { after: 0, limit: 10 }).await.expect("the log");
    assert_eq!(log.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["begun"]);
    assert!(world.engine.living() == 0 && world.store.locks().await.expect("locks").is_empty());
}

#[tokio::test]
async fn the_asker_confirms_and_nobody_else() {
    let world = World::new().await;
    let op = world.order("web:you", "app.stage", "web").await;
    assert_eq!(world.state(&op).await, State::AwaitingConfirm);
    assert_eq!(rule(world.press("web:ana", Confirm, &op).await), "the asker confirms");
    assert!(world.deploy.begun().is_empty());
    world.press("irc:you2", Confirm, &op).await.expect("the same person by another account");
    assert_eq!(world.state(&op).await, State::Succeeded);
}

#[tokio::test]
async fn another_person_with_the_role_approves_and_the_asker_never_by_any_account() {
    let world = World::new().await;
    let op = world.order("web:you", "app.release", "web").await;
    assert_eq!(world.state(&op).await, State::AwaitingApproval);
    assert_eq!(rule(world.press("web:you", Approve, &op).await), "wilco.toml:21");
    assert_eq!(rule(world.press("irc:you2", Approve, &op).await), "wilco.toml:21");
    assert_eq!(rule(world.press("web:bo", Approve, &op).await), "wilco.toml:21");
    for nobody in [
        Principal::Operator,
        Principal::Token { name: "ci".to_owned(), scope: Scope::Order },
        Principal::Guest { account: Account::parse("irc:ana").expect("an account") },
    ] {
        assert_eq!(
            rule(world.press_as(nobody, Approve, &op, PlanSeen::Hash(op.plan.hash)).await),
            "only persons decide"
        );
    }
    assert_eq!(world.state(&op).await, State::AwaitingApproval);
    world.press("web:ana", Approve, &op).await.expect("ana is a lead");
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert!(matches!(world.press("web:ana", Approve, &op).await, Err(NotDecided::Changed(_))));
}

#[tokio::test]
async fn two_presses_at_once_start_it_once() {
    let world = World::new().await;
    let op = world.order("web:you", "app.release", "web").await;
    let (one, two) = tokio::join!(world.press("web:ana", Approve, &op), world.press("web:ana", Approve, &op));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn nobody_decides_in_time() {
    let world = World::new().await;
    let (stage, release) =
        (world.order("web:you", "app.stage", "a").await, world.order("web:you", "app.release", "b").await);
    world.step(121).await;
    assert_eq!(world.state(&stage).await, State::Expired);
    assert_eq!(world.state(&release).await, State::AwaitingApproval);
    world.step(480).await;
    assert_eq!(world.state(&release).await, State::Expired);
    assert!(matches!(world.press("web:ana", Approve, &release).await, Err(NotDecided::Changed(_))));
    assert!(world.deploy.begun().is_empty());
    assert!(world.last_text().contains("Nothing was changed."), "{}", world.last_text());
}

#[tokio::test]
async fn a_holder_denies_and_the_asker_aborts() {
    let world = World::new().await;
    let op = world.order("web:you", "app.release", "a").await;
    assert_eq!(rule(world.press("web:bo", Deny, &op).await), "wilco.toml:21");
    world.press("web:ana", Deny, &op).await.expect("ana may");
    assert_eq!(world.state(&op).await, State::Aborted);
    let op = world.order("web:you", "app.release", "b").await;
    world.press("web:you", Abort, &op).await.expect("it is theirs");
    assert_eq!(world.now(&op).await.why.as_deref(), Some("Stopped by @you. Nothing was changed."));
    assert!(world.deploy.begun().is_empty());
}

#[tokio::test]
async fn what_nothing_grants_is_denied_and_a_requirement_can_deny() {
    let world = World::new().await;
    let guest = world.call("irc:stranger", "app.restart", "web").await;
    let Answer::Refused { reply, kind: RefusedKind::Denied } = guest else { panic!("{guest:?}") };
    assert!(
        reply.plain().contains("Rule: no grant") && reply.plain().contains("role:developer"),
        "{}",
        reply.plain()
    );
    let frozen = world.call("web:you", "app.restart", "frozen").await;
    let Answer::Refused { reply, kind: RefusedKind::Denied } = frozen else { panic!("{frozen:?}") };
    assert!(reply.plain().contains("Production is frozen.") && reply.plain().contains("wilco.toml:22"));
    let read_only = Principal::Token { name: "ci".to_owned(), scope: Scope::Read };
    assert!(matches!(world.call_as(read_only, "app.restart", "web").await, Answer::Refused { .. }));
    assert!(world.deploy.begun().is_empty());
    let audit =
        world.store.audit(&Default::default(), Page { after: 0, limit: 50 }).await.expect("the audit");
    assert_eq!(audit.iter().filter(|row| row.kind == "order.refused").count(), 3);
}

#[tokio::test]
async fn confirm_for_a_token_is_an_approval_by_a_person_who_may_give_the_order() {
    let world = World::new().await;
    let token = Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
    let Answer::Operation(op) = world.call_as(token.clone(), "app.stage", "web").await else {
        panic!("no operation")
    };
    assert_eq!(world.state(&op).await, State::AwaitingApproval);
    assert_eq!(
        rule(world.press_as(token, Confirm, &op, PlanSeen::At(world.time())).await),
        "only persons decide"
    );
    world.press("web:bo", Approve, &op).await.expect("bo may give it");
    assert_eq!(world.state(&op).await, State::Succeeded);
}

#[tokio::test]
async fn a_plan_that_changed_voids_the_approval_and_says_what_changed() {
    let world = World::new().await;
    let plan = |revision: &str| StepPlan {
        inputs: [("revision".to_owned(), json!(revision))].into_iter().collect(),
        ..StepPlan::default()
    };
    world.deploy.plans(plan("aaa"));
    let op = world.order("web:you", "app.release", "web").await;
    world.deploy.plans(plan("bbb"));
    world.press("web:ana", Approve, &op).await.expect("ana approves the plan she saw");
    let now = world.now(&op).await;
    assert_eq!(now.state, State::AwaitingApproval);
    assert_eq!(now.why.as_deref(), Some("What had been said yes to is void: revision: aaa → bbb."));
    assert!(world.deploy.begun().is_empty() && now.given.is_empty());
    assert!(
        matches!(world.press("web:ana", Approve, &op).await, Err(NotDecided::Changed(_))),
        "the old hash is void"
    );
    world.press("web:ana", Approve, &now).await.expect("the new one counts");
    assert_eq!(world.deploy.begun()[0].plan.inputs["revision"], json!("bbb"));
}

#[tokio::test]
async fn one_lock_is_held_by_one_operation_and_the_next_one_waits() {
    let world = World::new().await;
    world.deploy.hold();
    let first = world.order("web:you", "app.restart", "web").await;
    let second = world.order("web:bo", "app.restart", "web").await;
    let other = world.order("web:bo", "app.restart", "api").await;
    assert_eq!([world.state(&first).await, world.state(&other).await], [State::Running; 2]);
    let waiting = world.now(&second).await;
    assert_eq!(waiting.state, State::Queued);
    assert!(waiting.why.as_deref().is_some_and(|why| why.contains(first.id.as_str())), "{:?}", waiting.why);
    world.deploy.release();
    world.settle().await;
    assert_eq!(world.state(&second).await, State::Succeeded);
    assert_eq!(world.deploy.begun().len(), 3);
}

#[tokio::test]
async fn a_running_step_is_stopped_on_a_wish() {
    let world = World::new().await;
    world.deploy.hold();
    let op = world.order("web:you", "app.restart", "web").await;
    world.press("web:bo", Abort, &op).await.expect("bo may give this order, so may stop it");
    let now = world.now(&op).await;
    assert_eq!((now.state, now.why.as_deref()), (State::Aborted, Some("It was stopped half-way.")));
}

#[tokio::test]
async fn failure_fault_and_doubt_are_told_apart() {
    let world = World::new().await;
    world.deploy.ends(Err(ActionError::failed("the disk is full")));
    let failed = world.order("web:you", "app.restart", "a").await;
    assert_eq!(world.now(&failed).await.why.as_deref(), Some("Step `do` failed: the disk is full"));
    world.deploy.ends(Err(ActionError::unknown("the line broke")));
    let unknown = world.order("web:you", "app.restart", "b").await;
    assert_eq!(world.state(&unknown).await, State::NeedsHuman);
    let locks = world.store.locks().await.expect("locks");
    assert_eq!(locks.len(), 1, "a person has to look first: {locks:?}");
    world.deploy.panics();
    let fault = world.order("web:you", "app.restart", "c").await;
    assert_eq!(world.state(&fault).await, State::NeedsHuman);
}

#[tokio::test]
async fn a_call_that_never_comes_back_needs_a_human() {
    let world = World::new().await;
    world.deploy.hold();
    let op = world.order("web:you", "app.restart", "web").await;
    world.step(600).await;
    assert_eq!(world.state(&op).await, State::Running, "the action has some time beyond its deadline");
    world.step(20).await;
    assert_eq!(world.state(&op).await, State::NeedsHuman);
}

#[tokio::test]
async fn a_verify_step_that_fails_is_a_failure_of_the_operation() {
    let mut commands = commands();
    let mut verify = commands[3].steps[0].clone();
    verify.id = "probe".to_owned();
    commands[2].verify = vec![verify];
    let world = World::on(store(), policy(), commands).await;
    world.read.ends(Err(ActionError::failed("it answers v1")));
    let op = world.order("web:you", "app.restart", "web").await;
    let now = world.now(&op).await;
    assert_eq!(now.state, State::Failed);
    assert!(
        now.why.as_deref().is_some_and(|why| why.contains("does not prove it: it answers v1")),
        "{:?}",
        now.why
    );
    let op = world.order("web:you", "app.restart", "web").await;
    assert_eq!(world.state(&op).await, State::Succeeded);
}

/// What a restart finds of a call that was begun.
async fn after_restart(recovery: Recovery) -> (World, Arc<wilco_contract::operation::Operation>) {
    let world = World::new().await;
    world.deploy.hold();
    let op = world.order("web:you", "app.restart", "web").await;
    assert_eq!(world.state(&op).await, State::Running);
    let next = world.restarted(policy(), commands()).await;
    next.deploy.recovers(recovery);
    let next = next.recovered().await;
    (next, op)
}

#[tokio::test]
async fn after_a_restart_the_outside_is_asked() {
    let done = Outcome { summary: Some("it was done".to_owned()), ..Outcome::default() };
    let (world, op) = after_restart(Recovery::Done(Ok(done))).await;
    assert_eq!((world.state(&op).await, world.deploy.begun().len()), (State::Succeeded, 0));
    let (world, op) = after_restart(Recovery::NotStarted).await;
    assert_eq!((world.state(&op).await, world.deploy.begun().len()), (State::Succeeded, 1));
    assert_eq!(world.deploy.begun()[0].key, format!("{}.do.2", op.id), "a new attempt has a new key");
    let (world, op) = after_restart(Recovery::Unknown("nobody saw it".to_owned())).await;
    assert_eq!((world.state(&op).await, world.deploy.begun().len()), (State::NeedsHuman, 0));
    assert!(world.last_text().contains("nobody saw it"), "{}", world.last_text());
}

#[tokio::test]
async fn a_role_removed_over_a_restart_stops_what_has_not_begun() {
    let world = World::new().await;
    world.deploy.hold();
    let blocking = world.order("web:bo", "app.restart", "web").await;
    let op = world.order("web:you", "app.release", "web").await;
    world.press("web:ana", Approve, &op).await.expect("ana is a lead");
    assert_eq!(world.state(&op).await, State::Queued);
    let mut fewer: Policy = policy();
    let ana = fewer.people.values_mut().find(|person| person.name == "ANA").expect("ana");
    ana.roles.remove(&RoleName::parse("lead").expect("a role"));
    let next = world.restarted(fewer, commands()).await;
    next.deploy.recovers(Recovery::Done(Ok(Outcome::default())));
    let next = next.recovered().await;
    assert_eq!(next.state(&blocking).await, State::Succeeded);
    let now = next.now(&op).await;
    assert_eq!(now.state, State::AwaitingApproval, "{:?}", now.why);
    assert_eq!(now.why.as_deref(), Some("A yes that it had no longer counts."));
    assert!(next.deploy.begun().is_empty());
}

#[tokio::test]
async fn a_changed_definition_voids_what_waits() {
    let world = World::new().await;
    let op = world.order("web:you", "app.release", "web").await;
    let mut changed = commands();
    changed[1].steps[0].with = json!({"app": "{{ app }}", "force": true});
    let next = world.restarted(policy(), changed).await.recovered().await;
    let _ = next.press("web:ana", Approve, &op).await;
    let now = next.now(&op).await;
    assert_eq!(now.state, State::Aborted);
    assert!(now.why.as_deref().is_some_and(|why| why.contains("definition changed")), "{:?}", now.why);
}

#[tokio::test]
async fn a_repeated_request_with_a_key_is_one_operation() {
    let world = World::new().await;
    let call = || wilco_engine::Call {
        who: world.who("web:you"),
        what: wilco_engine::CallWhat::Command(
            wilco_contract::ids::CommandId::parse("app.restart").expect("an id"),
            [("app".to_owned(), json!("web"))].into_iter().collect(),
        ),
        place: None,
        because: None,
        dry_run: false,
        key: Some("k1".to_owned()),
    };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let Answer::Operation(op) = world.engine.call(call()).await else { panic!("no operation") };
        world.settle().await;
        ids.push(op.id.clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn a_key_that_comes_with_another_flag_or_reason_is_a_conflict_and_no_repeat() {
    let world = World::on_new(crate::limits::rules(), commands()).await;
    let call = async |words: &str| {
        let what = wilco_engine::CallWhat::Order(words.to_owned());
        let key = Some("k1".to_owned());
        let call = wilco_engine::Call {
            who: world.who("web:ana"),
            what,
            place: None,
            because: None,
            dry_run: false,
            key,
        };
        let answer = world.engine.call(call).await;
        world.settle().await;
        answer
    };
    let Answer::Operation(first) = call("restart web").await else { panic!("no operation") };
    for other in
        ["restart web --force", "restart web --alone --because x", "restart web --because x", "restart db"]
    {
        let (text, kind) = crate::limits::refusal(call(other).await);
        assert_eq!(kind, RefusedKind::Malformed, "{other}: {text}");
        assert!(
            text.contains("This key was used for another order") && text.contains(first.id.as_str()),
            "{other}: {text}"
        );
    }
    let Answer::Operation(again) = call("restart web").await else { panic!("no operation") };
    assert_eq!((again.id.as_str(), world.deploy.begun().len()), (first.id.as_str(), 1));
}

#[tokio::test]
async fn a_network_that_is_away_holds_up_nothing_and_gets_the_newest_state() {
    let world = World::new().await;
    world.network.refuse(3);
    let op = world.order("web:you", "app.restart", "web").await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert!(world.network.shown().is_empty());
    for _ in 0..5 {
        world.step(8).await;
    }
    assert!(world.last_text().contains("succeeded"), "{}", world.last_text());
}

#[tokio::test]
async fn where_nothing_can_be_edited_what_matters_is_said_anew_and_once() {
    let world = World::new().await.again(EventSetup::default(), MemoryNetwork::PLAIN).await;
    let op = world.order("web:you", "app.release", "web").await;
    world.press("web:ana", Approve, &op).await.expect("she may");
    assert_eq!(world.state(&op).await, State::Succeeded);
    let firsts = |world: &World| {
        let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
        world.network.texts().into_iter().map(first).collect::<Vec<_>>()
    };
    let told = ["awaiting approval", "succeeded"].map(|state| format!("{} {state}: release web", op.id));
    assert_eq!(firsts(&world), told, "it is asked, and it is over; not that it runs");
    let world = world.again(EventSetup::default(), MemoryNetwork::PLAIN).await;
    assert_eq!(firsts(&world), told, "a restart says nothing again");
}

/// A plan that works with this revision.
fn plan(revision: &str) -> StepPlan {
    StepPlan {
        inputs: [("revision".to_owned(), json!(revision))].into_iter().collect(),
        ..StepPlan::default()
    }
}

#[tokio::test]
async fn words_said_before_a_plan_was_made_do_not_count_for_it() {
    let world = World::new().await;
    world.deploy.plans(plan("aaa"));
    let op = world.order("web:you", "app.release", "web").await;
    world.deploy.plans(plan("bbb"));
    let early = PlanSeen::At(world.time());
    world.step(1).await;
    let ana = || world.who("web:ana");
    world.press_as(ana(), Approve, &op, early).await.expect("the plan she saw was there");
    assert_eq!(world.state(&op).await, State::AwaitingApproval, "it was another one just before the start");
    let again = world.press_as(ana(), Approve, &op, early).await;
    assert!(matches!(again, Err(NotDecided::Changed(_))), "{again:?}");
    assert!(world.deploy.begun().is_empty());
    world.press_as(ana(), Approve, &op, PlanSeen::At(world.time())).await.expect("she has seen the new one");
    assert_eq!(world.state(&op).await, State::Succeeded);
}

#[tokio::test]
async fn a_plan_that_is_another_one_at_every_look_ends() {
    let world = World::new().await;
    world.deploy.plans(plan("0"));
    world.deploy.plans_anew();
    let op = world.order("web:you", "app.restart", "web").await;
    let now = world.now(&op).await;
    assert_eq!(now.state, State::Failed);
    assert!(now.why.as_deref().is_some_and(|why| why.contains("another one at every look")), "{:?}", now.why);
    assert!(world.deploy.begun().is_empty() && world.store.locks().await.expect("locks").is_empty());
}

#[tokio::test]
async fn a_key_used_twice_at_once_makes_one_operation_and_fits_no_other_order() {
    let world = World::new().await;
    let call = |app: &str| wilco_engine::Call {
        who: world.who("web:you"),
        what: wilco_engine::CallWhat::Command(
            wilco_contract::ids::CommandId::parse("app.restart").expect("an id"),
            [("app".to_owned(), json!(app))].into_iter().collect(),
        ),
        place: None,
        because: None,
        dry_run: false,
        key: Some("k1".to_owned()),
    };
    let (one, two, three) = tokio::join!(
        world.engine.call(call("web")),
        world.engine.call(call("web")),
        world.engine.call(call("web"))
    );
    world.settle().await;
    let ids = [one, two, three].map(|answer| match answer {
        Answer::Operation(op) => op.id.clone(),
        other => panic!("no operation: {other:?}"),
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(world.deploy.begun().len(), 1);
    let Answer::Refused { reply, .. } = world.engine.call(call("api")).await else { panic!("another order") };
    assert!(reply.plain().contains("This key was used for another order"), "{}", reply.plain());
}

#[tokio::test]
async fn a_second_wish_to_stop_is_told_that_it_stops_already() {
    let world = World::new().await;
    world.deploy.hold();
    world.deploy.ignores_cancel();
    let op = world.order("web:you", "app.restart", "web").await;
    world.press("web:you", Abort, &op).await.expect("it is theirs");
    assert_eq!(world.state(&op).await, State::Aborting);
    assert_eq!(rule(world.press("web:you", Abort, &op).await), "state of the operation");
    world.deploy.release();
    world.settle().await;
    assert_eq!(world.state(&op).await, State::Succeeded, "it was done before it could be stopped");
}

#[tokio::test]
async fn what_needs_a_human_keeps_its_lock_until_a_person_gives_it_back() {
    let world = World::new().await;
    world.deploy.ends(Err(ActionError::unknown("the line broke")));
    world.order("web:you", "app.restart", "web").await;
    let next = world.order("web:bo", "app.restart", "web").await;
    for _ in 0..3 {
        world.step(900).await;
    }
    assert_eq!(world.state(&next).await, State::Queued, "nobody has looked");
    let after = world.restarted(policy(), commands()).await.recovered().await;
    assert_eq!(after.state(&next).await, State::Queued, "also after a restart");
    assert!(after.deploy.begun().is_empty());
}

#[tokio::test]
async fn what_waits_lets_go_at_a_stop_and_waits_on_after_it() {
    let world = World::new().await;
    let op = world.order("web:you", "app.release", "web").await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(tasks() > 0);
    world.engine.stop();
    world.settle().await;
    assert_eq!(tasks(), 0);
    let refused = world.press("web:ana", Approve, &op).await;
    assert!(matches!(refused, Err(NotDecided::Unavailable(_))), "{refused:?}");
    let next = world.restarted(policy(), commands()).await.recovered().await;
    next.press("web:ana", Approve, &op).await.expect("it waits on");
    assert_eq!(next.state(&op).await, State::Succeeded);
}

#[tokio::test]
async fn a_clock_that_jumps_starts_nothing_that_was_not_decided_in_time() {
    let world = World::new().await;
    let back = world.order("web:you", "app.release", "a").await;
    let begun = world.time();
    world.clock.jump(begun - jiff::SignedDuration::from_hours(5));
    world.settle().await;
    assert_eq!(world.state(&back).await, State::AwaitingApproval);
    world.press("web:ana", Approve, &back).await.expect("in time by any clock");
    assert_eq!(world.state(&back).await, State::Succeeded);
    let forth = world.order("web:you", "app.release", "b").await;
    world.clock.jump(begun + jiff::SignedDuration::from_hours(48));
    world.settle().await;
    assert_eq!(world.state(&forth).await, State::Expired);
    assert!(matches!(world.press("web:ana", Approve, &forth).await, Err(NotDecided::Changed(_))));
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn the_reason_of_a_no_stands_in_the_operation_in_one_line() {
    let world = World::new().await;
    let op = world.order("web:you", "app.release", "web").await;
    world.say("web:ana", "1", &format!("wilco deny {} --because \"not before\n Monday\"", op.id)).await;
    let now = world.now(&op).await;
    let why = "Denied by @ana, because \"not before Monday\". Nothing was changed.";
    assert_eq!((now.state, now.why.as_deref()), (State::Aborted, Some(why)));
    assert!(world.network.texts()[0].contains(why), "{:?}", world.network.texts());
    world.deploy.hold();
    world.deploy.ignores_cancel();
    let op = world.order("web:you", "app.restart", "web").await;
    world.say("web:you", "2", &format!("wilco abort {} --because \"wrong app\"", op.id)).await;
    let why = "Stopped by @you, because \"wrong app\"; it is being stopped.";
    assert_eq!(world.now(&op).await.why.as_deref(), Some(why));
}
