//! Limits: how often one command, how much at once, and the rights of their own to go beyond: by force, or alone.

use std::sync::{Arc, atomic::Ordering};

use serde_json::json;
use wilco_contract::{
    command::{Command, Effect, ForEach, Rate},
    ids::{Account, Origin, RoleName},
    operation::{GivenKind, Operation, State},
    plan::StepPlan,
    policy::{Flag, Flags, Glob, Grant, Grantee, Policy, Requirement},
    principal::{Principal, Scope},
    reply::PressKind::{Abort, Approve, Confirm, Deny},
    store::{AuditFilter, Page},
};
use wilco_engine::{Answer, Call, CallWhat, NotDecided, PlanSeen, RefusedKind};

use crate::world::{World, command, commands, dying, policy, requirement};

/// The policy of the other tests, in which leads may force, and developers act alone.
pub(crate) fn rules() -> Policy {
    let mut policy = policy();
    let grant = |line, to: &str, flags: Flags| Grant {
        command: Glob("app.*".to_owned()),
        effect: None,
        to: vec![Grantee::parse(to).expect("a grantee")],
        rooms: None,
        when: None,
        flags,
        origin: Origin { file: "wilco.toml".into(), line, column: 1 },
    };
    policy.grants.push(grant(12, "role:lead", Flags::NONE.with(Flag::Force)));
    policy.grants.push(grant(13, "role:developer", Flags::NONE.with(Flag::Alone)));
    policy.grants.push(grant(14, "token:ci", Flags::NONE.with(Flag::Alone)));
    policy
}

fn bounded(most: u32) -> Policy {
    let mut policy = rules();
    policy.requirements.push(Requirement { max_targets: Some(most), ..requirement(23, "app.restart") });
    policy
}

pub(crate) fn targets(count: usize) -> StepPlan {
    StepPlan { targets: (1..=count).map(|at| format!("web/{at}")).collect(), ..StepPlan::default() }
}

/// Commands of which `restart` and `status` have a rate.
pub(crate) fn rated() -> Vec<Command> {
    let origin = Origin { file: "packs/app/pack.toml".into(), line: 9, column: 1 };
    let mut all = commands();
    for command in all.iter_mut().filter(|it| ["app.restart", "app.status"].contains(&it.spec.id.as_str())) {
        command.spec.rate = Some(Rate { most: 2, secs: 600, origin: origin.clone() });
    }
    all
}

pub(crate) async fn order(world: &World, account: &str, words: &str) -> Answer {
    order_as(world, world.who(account), words).await
}

async fn order_as(world: &World, who: Principal, words: &str) -> Answer {
    let what = CallWhat::Order(words.to_owned());
    let call = Call { who, what, place: None, because: None, dry_run: false, key: None };
    let answer = world.engine.call(call).await;
    world.settle().await;
    answer
}

pub(crate) async fn operation(world: &World, account: &str, words: &str) -> Arc<Operation> {
    match order(world, account, words).await {
        Answer::Operation(operation) => operation,
        other => panic!("no operation came of it: {other:?}"),
    }
}

/// What is said of an order that is refused, and why it is.
pub(crate) fn refusal(answer: Answer) -> (String, RefusedKind) {
    match answer {
        Answer::Refused { reply, kind } => (reply.plain(), kind),
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) async fn said(world: &World, account: &str, words: &str) -> String {
    match order(world, account, words).await {
        Answer::Done { reply, .. } => reply.plain(),
        other => panic!("not answered: {other:?}"),
    }
}

pub(crate) async fn audit(world: &World, kind: &str) -> Vec<String> {
    world.store.flush().await.expect("a flush");
    let page = Page { after: 0, limit: 200 };
    let rows = world.store.audit(&AuditFilter::default(), page).await.expect("the audit");
    let rows = rows.into_iter().filter(|row| row.kind == kind);
    rows.map(|row| row.body.expect("a body").to_string()).collect()
}

const ALONE: &str = "release web --alone --because \"the site is down\"";

/// An operation that its asker has confirmed to start alone.
pub(crate) async fn counting_down(world: &World) -> Arc<Operation> {
    let op = operation(world, "web:you", ALONE).await;
    assert_eq!(world.state(&op).await, State::AwaitingConfirm);
    let asked =
        world.network.texts().into_iter().find(|text| text.contains(op.id.as_str())).expect("a status");
    assert!(asked.contains("once that is confirmed, everybody has 60 s to stop it"), "{asked}");
    assert!(!asked.contains("Needs: 1 approval"), "it waits for none: {asked}");
    world.press("web:you", Confirm, &op).await.expect("it is theirs");
    let op = world.now(&op).await;
    assert!(op.counts_down(), "{op:?}");
    op
}

#[tokio::test]
async fn a_command_with_a_rate_is_taken_so_often_from_one_person_and_then_told_once() {
    let world = World::on_new(rules(), rated()).await;
    for id in ["1", "2"] {
        world.say("web:you", id, "wilco restart web").await;
    }
    assert_eq!(world.deploy.begun().len(), 2);
    let before = world.network.texts().len();
    for id in ["3", "4", "5"] {
        world.say("web:you", id, "wilco restart web").await;
    }
    let texts = world.network.texts();
    assert_eq!(texts.len(), before + 1, "told once: {texts:?}");
    let text = world.last_text();
    assert!(text.contains("One person may give `app.restart` 2 times in 10m"), "{text}");
    assert!(
        text.contains("from @you until 10:10:00 UTC") && text.contains("packs/app/pack.toml:9"),
        "{text}"
    );
    assert_eq!((world.deploy.begun().len(), audit(&world, "order.limited").await.len()), (2, 1));
    world.say("web:bo", "6", "wilco restart web").await;
    assert_eq!(world.deploy.begun().len(), 3, "another person has their own");
    world.say("web:you", "7", "wilco restart web --dry-run").await;
    assert!(
        world.last_text().contains("Nothing was changed."),
        "a plan counts nothing: {}",
        world.last_text()
    );
    world.say("web:you", "8", "wilco stage web").await;
    assert!(world.last_text().contains("awaiting confirmation"), "another command has its own");
    world.step(600).await;
    world.say("web:you", "9", "wilco restart web").await;
    assert_eq!(world.deploy.begun().len(), 4);
}

#[tokio::test]
async fn reads_and_orders_given_again_by_any_door_count_as_well() {
    let world = World::on_new(rules(), rated()).await.recovered().await;
    let first = operation(&world, "web:you", "restart web").await;
    operation(&world, "irc:you2", &format!("retry {}", first.id)).await;
    let (text, kind) = refusal(order(&world, "web:you", "restart web").await);
    assert_eq!(kind, RefusedKind::Limited, "{text}");
    let again = refusal(order(&world, "web:you", &format!("retry {}", first.id)).await);
    assert_eq!(again, (text, RefusedKind::StillLimited));
    world.say("web:you", "1", "wilco alias bounce = restart web").await;
    world.say("web:you", "2", "wilco bounce").await;
    world.say("web:you", "3", "wilco restart").await;
    world.say("web:you", "4", "web").await;
    assert_eq!(world.deploy.begun().len(), 2);
    for _ in 0..2 {
        said(&world, "web:you", "status web").await;
    }
    assert_eq!(refusal(order(&world, "web:you", "status web").await).1, RefusedKind::Limited);
    // It is kept in memory.
    let world = world.restarted(rules(), rated()).await.recovered().await;
    operation(&world, "web:you", "restart web").await;
}

#[tokio::test]
async fn a_plan_with_more_targets_than_a_rule_lets_through_is_denied() {
    let world = World::on_new(bounded(5), commands()).await;
    world.deploy.plans(targets(12));
    let (text, kind) = refusal(order(&world, "web:you", "restart web").await);
    assert_eq!(kind, RefusedKind::Denied);
    assert!(text.contains("It would touch 12 targets, and at most 5 are let through at once."), "{text}");
    assert!(text.contains("wilco.toml:23") && text.contains("role:lead (@ana), with `--force`"), "{text}");
    world.deploy.plans(targets(5));
    let op = operation(&world, "web:you", "restart web").await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn of_several_bounds_the_smallest_counts_and_a_packs_own_is_one() {
    let mut all = commands();
    let own = Requirement { command: None, max_targets: Some(3), ..requirement(8, "-") };
    all.iter_mut().for_each(|command| command.spec.require.push(own.clone()));
    let world = World::on_new(bounded(5), all).await;
    world.deploy.plans(targets(4));
    let (text, _) = refusal(order(&world, "web:you", "restart web").await);
    assert!(text.contains("at most 3") && text.contains("wilco.toml:8"), "{text}");
}

#[tokio::test]
async fn how_much_is_touched_is_looked_at_again_just_before_the_start() {
    let mut policy = rules();
    policy.requirements.push(Requirement { max_targets: Some(2), ..requirement(23, "app.release") });
    let world = World::on_new(policy, commands()).await;
    world.deploy.plans(targets(2));
    let op = operation(&world, "web:you", "release web").await;
    world.deploy.plans(targets(3));
    world.press("web:ana", Approve, &op).await.expect("ana approves the plan she saw");
    let op = world.now(&op).await;
    assert_eq!(op.state, State::Aborted);
    assert!(op.why.as_deref().is_some_and(|why| why.contains("3 targets") && why.contains("wilco.toml:23")));
    assert!(world.deploy.begun().is_empty());
}

/// `restart` made for several, which its action names nothing of.
fn for_each(over: serde_json::Value, before: bool) -> Vec<Command> {
    let mut each = command("app.restart", "restart <app>", Effect::Write, "test.deploy");
    each.steps[0].for_each = Some(ForEach { over, at_once: 1 });
    each.steps[0].with = json!({ "app": "{{ item }}" });
    if before {
        let list = command("app.list", "list <app>", Effect::Write, "test.deploy").steps.remove(0);
        each.steps.insert(0, wilco_contract::command::Step { id: "list".to_owned(), ..list });
    }
    vec![each]
}

#[tokio::test]
async fn items_that_an_action_names_nothing_of_count_as_targets_themselves() {
    let world = World::on_new(bounded(2), for_each(json!(["a", "b", "c"]), false)).await;
    let (text, _) = refusal(order(&world, "web:ana", "restart web").await);
    assert!(text.contains("3 targets"), "{text}");
    let op = operation(&world, "web:ana", "restart web --force").await;
    assert_eq!(op.plan.body.targets, ["a", "b", "c"]);
    assert_eq!(world.deploy.begun().len(), 3);
}

#[tokio::test]
async fn items_that_only_the_run_tells_are_counted_before_the_first_is_begun() {
    let over = json!("{{ steps.list.hosts }}");
    let world = World::on_new(bounded(2), for_each(over, true)).await;
    let listed = |hosts: serde_json::Value| wilco_contract::action::Outcome {
        outputs: json!({ "hosts": hosts }),
        ..Default::default()
    };
    world.deploy.ends(Ok(listed(json!(["a", "b", "c"]))));
    let op = operation(&world, "web:you", "restart web").await;
    let op = world.now(&op).await;
    assert_eq!((op.state, world.deploy.begun().len()), (State::Failed, 1));
    assert!(op.why.as_deref().is_some_and(|why| why.contains("3 targets") && why.contains("wilco.toml:23")));
    world.deploy.ends(Ok(listed(json!(["a", "b"]))));
    operation(&world, "web:you", "restart web").await;
    assert_eq!(world.deploy.begun().len(), 4);
    world.deploy.ends(Ok(listed(json!(["a", "b", "c"]))));
    operation(&world, "web:ana", "restart web --force").await;
    assert_eq!(world.deploy.begun().len(), 8);
}

#[tokio::test]
async fn the_items_of_all_steps_are_counted_together() {
    let mut commands = for_each(json!("{{ steps.list.hosts }}"), true);
    let mut second = commands[0].steps[1].clone();
    second.id = "second".to_owned();
    second.for_each = Some(ForEach { over: json!("{{ steps.list.others }}"), at_once: 1 });
    commands[0].steps.push(second);
    let world = World::on_new(bounded(2), commands).await;
    let outputs = json!({ "hosts": ["a", "b"], "others": ["c", "d"] });
    world.deploy.ends(Ok(wilco_contract::action::Outcome { outputs, ..Default::default() }));
    let op = operation(&world, "web:you", "restart web").await;
    let op = world.now(&op).await;
    assert_eq!((op.state, world.deploy.begun().len()), (State::Failed, 3), "the list and two of them");
    assert!(op.why.as_deref().is_some_and(|why| why.contains("4 targets")), "{:?}", op.why);
}

#[tokio::test]
async fn force_is_a_right_of_its_own_and_is_shown_wherever_the_operation_is() {
    let world = World::on_new(bounded(5), commands()).await;
    world.deploy.plans(targets(12));
    let (text, kind) = refusal(order(&world, "web:you", "restart web --force").await);
    assert_eq!(kind, RefusedKind::Denied);
    assert!(text.contains("Rule: force is a right of its own") && text.contains("role:lead"), "{text}");
    let token = Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
    let (text, _) = refusal(order_as(&world, token, "restart web --force").await);
    assert!(text.contains("token:ci may not give `app.restart` with `--force`"), "{text}");
    assert!(
        said(&world, "web:ana", "plan restart web --force").await.contains("Forced: by @ana: 12 targets")
    );
    let op = operation(&world, "web:ana", "restart web --force").await;
    let mark = "Forced: by @ana: 12 targets, at most 5 (wilco.toml:23)";
    assert!(op.plan.body.flags.force && world.state(&op).await == State::Succeeded);
    for words in ["show", "log", "why"] {
        let text = said(&world, "web:bo", &format!("{words} {}", op.id)).await;
        assert!(text.contains(mark), "{words}: {text}");
    }
    let text = said(&world, "web:bo", &format!("why {}", op.id)).await;
    assert!(text.contains("forced by @ana: 12 targets, at most 5"), "{text}");
    assert!(text.contains(" UTC wilco considered for @ana:\n  wilco.toml:"), "the rules are Wilco's: {text}");
    assert!(audit(&world, "gate.considered").await[0].contains("forced by @ana"), "the record has it");
    // Said once, it holds once.
    let (text, _) = refusal(order(&world, "web:ana", &format!("retry {}", op.id)).await);
    assert!(text.contains("12 targets"), "{text}");
    let again = operation(&world, "web:ana", &format!("retry {} --force", op.id)).await;
    assert_eq!(again.order, "restart web --force");
}

#[tokio::test]
async fn where_nothing_had_to_be_forced_that_is_noted_and_the_right_is_needed_all_the_same() {
    let world = World::on_new(bounded(5), commands()).await;
    let (text, _) = refusal(order(&world, "web:you", "restart web --force").await);
    assert!(text.contains("force is a right of its own"), "{text}");
    let op = operation(&world, "web:ana", "restart web --force").await;
    assert_eq!(op.plan.forced.as_deref(), Some("by @ana, and no rule had to be"));
    let (text, kind) = refusal(order(&world, "web:ana", "status web --force").await);
    assert!(kind == RefusedKind::Malformed && text.contains("changes nothing"), "{text}");
    assert!(world.deploy.begun().len() == 1 && world.read.begun().is_empty());
}

#[tokio::test]
async fn force_lifts_nothing_but_how_much_is_touched() {
    let mut policy = bounded(1);
    let freeze = Requirement { deny: Some("Frozen.".to_owned()), ..requirement(24, "app.restart") };
    policy.requirements.push(Requirement { max_targets: Some(1), ..requirement(25, "app.release") });
    policy.requirements.push(freeze);
    let world = World::on_new(policy, commands()).await;
    world.deploy.plans(targets(2));
    let (text, _) = refusal(order(&world, "web:ana", "restart web --force").await);
    assert!(text.contains("Frozen."), "{text}");
    let op = operation(&world, "web:ana", "release web --force").await;
    assert_eq!(world.state(&op).await, State::AwaitingApproval);
}

#[tokio::test]
async fn whoever_acts_alone_gives_a_reason_confirms_and_waits_for_anybody_to_stop_it() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    let (text, kind) = refusal(order(&world, "web:you", "release web --alone").await);
    assert!(kind == RefusedKind::Malformed && text.contains("--because"), "{text}");
    let op = counting_down(&world).await;
    let line = world.network.texts().into_iter().find(|text| text.contains("alone: `release"));
    let line = line.unwrap_or_else(|| panic!("nobody was told: {:?}", world.network.texts()));
    for part in [
        "@you starts",
        "It starts at 10:01:00 UTC, without 1 approval by role:lead (wilco.toml:21).",
        &format!("say `stop {}`", op.id),
        "@you says: the site is down",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    world.step(59).await;
    assert!(world.deploy.begun().is_empty() && world.now(&op).await.counts_down());
    world.step(1).await;
    let op = world.now(&op).await;
    assert_eq!((op.state, world.deploy.begun().len()), (State::Succeeded, 1));
    let mark = "Alone: by @you, in place of 1 approval by role:lead (wilco.toml:21); nobody stopped it in 60 s, until \
                10:01:00 UTC";
    let status = world.network.texts().into_iter().find(|text| text.contains("succeeded")).expect("a status");
    assert!(status.contains(mark) && status.contains("@you says: the site is down"), "{status}");
    for words in ["show", "log", "why"] {
        let text = said(&world, "web:bo", &format!("{words} {}", op.id)).await;
        assert!(text.contains(mark), "{words}: {text}");
    }
    let kinds: Vec<_> = op.given.iter().map(|given| given.kind).collect();
    assert_eq!(kinds, [GivenKind::Confirm, GivenKind::Countdown]);
    assert_eq!(audit(&world, "operation.counted_down").await.len(), 1);
    let why = "Alone, by @you, in place of 1 approval by role:lead (wilco.toml:21): nobody stopped it in 60 s. @you \
               says: the site is down";
    let moved = audit(&world, "operation.moved").await;
    assert!(moved.iter().any(|entry| entry.contains(why)), "{moved:?}");
}

#[tokio::test]
async fn alone_is_a_right_of_its_own_of_persons_only() {
    let mut policy = rules();
    policy.grants.retain(|grant| !grant.flags.alone || grant.to[0].to_string() != "role:developer");
    let world = World::on_new(policy, commands()).await;
    let (text, kind) = refusal(order(&world, "web:ana", ALONE).await);
    assert_eq!(kind, RefusedKind::Denied);
    assert!(text.contains("Rule: alone is a right of its own") && text.contains("token:ci"), "{text}");
    for who in [Principal::Operator, Principal::Token { name: "ci".to_owned(), scope: Scope::Order }] {
        let (text, _) = refusal(order_as(&world, who, ALONE).await);
        assert!(text.contains("Only a person starts something alone"), "{text}");
    }
    assert_eq!(world.engine.living(), 0);
}

#[tokio::test]
async fn anybody_linked_stops_a_countdown_and_it_is_kept_who_did() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    // Bo is no lead, and could not deny it otherwise.
    let op = counting_down(&world).await;
    let guest = Principal::Guest { account: Account::parse("irc:stranger").expect("an account") };
    let nobody = world.press_as(guest, Abort, &op, PlanSeen::Hash(op.plan.hash)).await;
    assert!(matches!(nobody, Err(NotDecided::Denied(_))), "{nobody:?}");
    world.step(30).await;
    world.press("web:bo", Abort, &op).await.expect("whoever sees it may");
    world.step(60).await;
    let op = world.now(&op).await;
    assert_eq!(op.why.as_deref(), Some("Stopped by @bo. Nothing was changed."));
    // In words, to Wilco or to the room.
    for (at, words) in
        ["wilco stop ID", "stop ID", "abort ID", "wilco deny ID", "Stop ID."].iter().enumerate()
    {
        let op = counting_down(&world).await;
        world.say("web:bo", &format!("m{at}"), &words.replace("ID", op.id.as_str())).await;
        assert_eq!(world.state(&op).await, State::Aborted, "{words}");
    }
    let op = counting_down(&world).await;
    world.press("web:bo", Deny, &op).await.expect("a no is a stop");
    assert!(world.deploy.begun().is_empty());
    // Also while it waits for its lock, until it begins.
    world.deploy.hold();
    let first = operation(&world, "web:ana", "restart web").await;
    let op = counting_down(&world).await;
    world.step(60).await;
    assert_eq!(world.state(&op).await, State::Queued);
    world.press("web:bo", Abort, &op).await.expect("it has not begun");
    world.deploy.release();
    world.settle().await;
    assert_eq!((world.state(&first).await, world.deploy.begun().len()), (State::Succeeded, 1));
    // What does not count down is not stopped by words that nobody said to us.
    let op = operation(&world, "web:you", "release web").await;
    world.say("web:ana", "m9", &format!("stop {}", op.id)).await;
    assert_eq!(world.state(&op).await, State::AwaitingApproval);
}

#[tokio::test]
async fn an_approval_in_a_countdown_starts_it_at_once_and_that_is_what_is_told() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    let op = counting_down(&world).await;
    assert!(matches!(world.press("web:bo", Approve, &op).await, Err(NotDecided::Denied(_))), "bo is no lead");
    world.press("web:ana", Approve, &op).await.expect("ana is");
    assert_eq!(world.state(&op).await, State::Succeeded);
    let text = said(&world, "web:bo", &format!("show {}", op.id)).await;
    assert!(text.contains("Alone: asked for by @you, and then approved by @ana"), "{text}");
}

#[tokio::test]
async fn a_countdown_goes_on_over_a_restart_to_the_same_moment() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    let op = counting_down(&world).await;
    world.step(10).await;
    world.engine.stop();
    world.settle().await;
    world.step(15).await;
    let world = world.restarted(rules(), commands()).await.recovered().await;
    world.step(34).await;
    assert!(world.now(&op).await.counts_down() && world.deploy.begun().is_empty());
    world.step(1).await;
    assert_eq!((world.state(&op).await, world.deploy.begun().len()), (State::Succeeded, 1));
}

#[tokio::test]
async fn a_countdown_in_which_it_could_be_stopped_for_less_than_half_a_minute_starts_nothing() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    let op = counting_down(&world).await;
    world.engine.stop();
    world.settle().await;
    world.step(40).await;
    let world = world.restarted(rules(), commands()).await.recovered().await;
    world.step(20).await;
    let op = world.now(&op).await;
    assert_eq!((op.state, world.deploy.begun().len()), (State::Expired, 0));
    let told = world.network.texts().join("\n");
    assert!(told.contains("did not stand in web:ops for 30 s"), "{told}");
}

#[tokio::test]
async fn a_countdown_that_ended_while_wilco_was_away_starts_nothing() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    let op = counting_down(&world).await;
    world.engine.stop();
    world.settle().await;
    world.step(61).await;
    let world = world.restarted(rules(), commands()).await.recovered().await;
    let op = world.now(&op).await;
    assert!(op.state == State::Expired && world.deploy.begun().is_empty());
    assert!(op.why.as_deref().is_some_and(|why| why.contains("while Wilco was away")), "{:?}", op.why);
}

#[tokio::test]
async fn a_plan_that_changes_in_a_countdown_is_confirmed_and_counted_down_anew() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    world.deploy.plans(targets(1));
    let op = counting_down(&world).await;
    world.deploy.plans(targets(2));
    world.step(60).await;
    let op = world.now(&op).await;
    assert_eq!(op.state, State::AwaitingConfirm);
    assert!(world.deploy.begun().is_empty() && op.given.is_empty(), "{op:?}");
    world.press("web:you", Confirm, &op).await.expect("it is theirs");
    world.step(59).await;
    assert!(world.deploy.begun().is_empty());
    world.step(1).await;
    assert_eq!(world.state(&op).await, State::Succeeded);
}

#[tokio::test]
async fn a_right_that_is_gone_when_the_countdown_ends_starts_nothing() {
    let mut no_role = rules();
    let you = no_role.people.values_mut().find(|person| person.name == "YOU").expect("you");
    you.roles = [RoleName::parse("intern").expect("a role")].into();
    let mut no_flag = rules();
    no_flag.grants.iter_mut().for_each(|grant| grant.flags.alone = false);
    let mut no_grant = rules();
    no_grant.grants.retain(|grant| grant.to.iter().all(|to| to.to_string() != "role:developer"));
    for (policy, rule) in
        [(no_role, "no grant"), (no_flag, "alone is a right of its own"), (no_grant, "no grant")]
    {
        let world = World::on_new(rules(), commands()).await.recovered().await;
        let op = counting_down(&world).await;
        world.engine.stop();
        world.settle().await;
        let world = world.restarted(policy, commands()).await.recovered().await;
        world.step(60).await;
        let op = world.now(&op).await;
        assert!(op.state == State::Aborted && world.deploy.begun().is_empty(), "{rule}: {op:?}");
        assert!(op.why.as_deref().is_some_and(|why| why.contains(rule)), "{rule}: {:?}", op.why);
    }
}

#[tokio::test]
async fn alone_replaces_approvals_and_nothing_else() {
    let mut policy = rules();
    policy.requirements.push(Requirement { step_up: true, ..requirement(24, "app.stage") });
    let world = World::on_new(policy, commands()).await.recovered().await;
    let frozen = "release frozen --alone --because x";
    assert!(refusal(order(&world, "web:you", frozen).await).0.contains("Production is frozen."));
    let (text, _) = refusal(order(&world, "web:you", "stage web --alone --because x").await);
    assert!(text.contains("step-up"), "{text}");
    // What needs nothing is confirmed and counted down all the same.
    let op = operation(&world, "web:you", "restart web --alone --because x").await;
    world.press("web:you", Confirm, &op).await.expect("it is theirs");
    assert!(world.now(&op).await.counts_down());
    world.step(60).await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    let text = said(&world, "web:you", "plan release web --alone --because x").await;
    assert!(text.contains("1 approval by role:lead (@ana) (wilco.toml:21); confirmation"), "{text}");
    assert!(text.contains("or 60 s in which nobody stops it (wilco.toml:13)"), "{text}");
    assert!(!text.contains("Say `"), "a right of its own is typed, and never pressed: {text}");
}

#[tokio::test]
async fn an_end_at_any_commit_of_a_countdown_starts_nothing_early_and_nothing_twice() {
    // The asker confirms, and the process ends with this commit; the rest of the countdown is another one's.
    let story = async |end: u64| {
        let world = World::on_new(rules(), commands()).await.recovered().await;
        let op = operation(&world, "web:you", ALONE).await;
        world.engine.stop();
        world.settle().await;
        let (dies, counted) = dying(world.store.clone(), end);
        let mut first = world.restarted(rules(), commands()).await;
        let second = World::on(dies, rules(), commands()).await.recovered().await;
        let _ = second.press("web:you", Confirm, &op).await;
        second.step(20).await;
        second.engine.stop();
        second.settle().await;
        assert!(second.deploy.begun().is_empty(), "with {end} commits");
        first.clock = second.clock.clone();
        let third = first.restarted(rules(), commands()).await.recovered().await;
        let confirmed = third.now(&op).await.counts_down();
        third.step(39).await;
        assert!(third.deploy.begun().is_empty(), "with {end} commits");
        third.step(1).await;
        let state = if confirmed { State::Succeeded } else { State::AwaitingConfirm };
        assert_eq!((third.state(&op).await, third.deploy.begun().len()), (state, usize::from(confirmed)));
        (counted.load(Ordering::SeqCst), confirmed)
    };
    let (commits, confirmed) = story(u64::MAX).await;
    assert!(commits > 1 && confirmed, "it takes several commits: {commits}");
    let mut seen = std::collections::BTreeSet::new();
    for end in 0..commits {
        seen.insert(story(end).await.1);
    }
    assert_eq!(seen.len(), 2, "before the yes and after it");
}
