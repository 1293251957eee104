//! Steps that wait, for somebody's answer and for a time: over restarts, with locks and deadlines, and answered by
//! nobody but whom they ask.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use wilco_contract::{
    command::{Command, Effect, OnFailure, Step, Undo},
    ids::ActionName,
    memory::Namespace,
    operation::{Operation, State},
    principal::{Principal, Scope},
    reply::PressKind::Abort,
    store::{AuditFilter, Memory, Page},
};
use wilco_engine::{Answer, Call, CallWhat, RefusedKind};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};
use wilco_testkit::aborting_store::AbortingStore;

use crate::{
    steps::{ship, world},
    world::{World, commands, policy},
};

fn step(id: &str, uses: &str, with: Value) -> Step {
    let uses = ActionName::parse(uses).expect("an action");
    Step { id: id.to_owned(), uses, with, effect: None, ..ship().steps[0].clone() }
}

/// `ship <app>`, which first asks this.
pub(crate) fn asking(with: Value) -> Command {
    let mut ship = ship();
    let told = json!({"region": "{{ steps.region.answer }}", "by": "{{ steps.region.by }}"});
    ship.steps = vec![step("region", "ask", with), step("do", "test.deploy", told)];
    ship
}

pub(crate) fn regions() -> Command {
    asking(json!({"question": "Which *region* for {{ app }}?", "choices": ["eu", "us"]}))
}

pub(crate) fn with(command: Command) -> Vec<Command> {
    commands().into_iter().chain([command]).collect()
}

async fn the_operation(world: &World) -> Arc<Operation> {
    let all = world.store.operations(&[], Page { after: 0, limit: 9 }).await.expect("operations");
    assert_eq!(all.len(), 1);
    Arc::new(all[0].1.clone())
}

async fn shipping(command: Command) -> (World, Arc<Operation>) {
    let world = world(command).await;
    world.say("web:you", "1", "wilco ship web").await;
    let op = the_operation(&world).await;
    (world, op)
}

/// What somebody is told who gives this order by another door.
pub(crate) async fn called(world: &World, who: Principal, order: &str) -> Answer {
    let what = CallWhat::Order(order.to_owned());
    let call = Call { who, what, place: None, because: None, dry_run: false, key: None };
    let answer = world.engine.call(call).await;
    world.settle().await;
    answer
}

pub(crate) fn refusal(answer: Answer) -> (String, RefusedKind) {
    match answer {
        Answer::Refused { reply, kind } => (reply.plain(), kind),
        other => panic!("it was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_question_stands_in_the_thread_and_its_answer_is_a_value_of_later_steps() {
    let (world, op) = shipping(regions()).await;
    let asked = &world.network.shown()[1];
    assert_eq!(asked.thread.as_deref(), Some("1"));
    assert_eq!(
        asked.reply.plain(),
        format!(
            "{} asks @you:\n> Which *region* for web?\nAnswer here, or say `wilco answer {} …`, until 10:10:00 UTC.\n\
             Say `eu` or `us`.",
            op.id, op.id
        )
    );
    assert!(
        world.network.texts()[0].contains("Asks @you until 10:10:00 UTC."),
        "{}",
        world.network.texts()[0]
    );
    world.reply("web:you", "2", "1", "EU").await;
    assert_eq!(world.state(&op).await, State::Succeeded, "{:?}", world.now(&op).await.why);
    assert_eq!(world.deploy.begun()[0].args, json!({"region": "eu", "by": "@you"}));
    let closed = format!("{} asked @you:\n> Which *region* for web?\n@you answered: eu", op.id);
    assert_eq!(world.network.texts()[1], closed);
    assert_eq!(world.network.shown().len(), 2, "{:?}", world.network.texts());
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
    let filter = AuditFilter { operation: Some(op.id.clone()), ..AuditFilter::default() };
    let audit = world.store.audit(&filter, Page { after: 0, limit: 99 }).await.expect("the audit");
    let who = |kind: &str| audit.iter().find(|row| row.kind == kind).and_then(|row| row.who.clone());
    assert_eq!(
        (who("operation.asked"), who("operation.answered")),
        (Some("wilco".into()), Some("@you".into()))
    );
    // Whoever says it again finds that nothing is asked any more.
    let again = called(&world, world.who("web:you"), &format!("answer {} us", op.id)).await;
    assert_eq!(refusal(again).1, RefusedKind::Failed);
}

#[tokio::test]
async fn nobody_answers_but_whom_it_asks_and_programs_never() {
    let (world, op) = shipping(regions()).await;
    world.reply("web:bo", "2", "1", "I would take eu").await;
    world.reply("web:ana", "3", "99", "eu").await;
    assert_eq!(world.network.shown().len(), 2, "talk about it is talk: {:?}", world.network.texts());
    world.reply("web:bo", "4", "1", "eu").await;
    let told = format!("{} asks @you, and not you.\nRule: whom the step asks\nWho can: @you", op.id);
    assert_eq!(world.last_text(), told);
    let order = format!("answer {} eu", op.id);
    let token = Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
    for who in [token, Principal::Operator, world.who("irc:stranger")] {
        let (text, kind) = refusal(called(&world, who, &order).await);
        assert_eq!(kind, RefusedKind::Denied, "{text}");
    }
    assert_eq!(world.state(&op).await, State::Running);
    let filter = AuditFilter { kind: Some("answer.refused".to_owned()), ..AuditFilter::default() };
    world.store.flush().await.expect("written");
    let refused = world.store.audit(&filter, Page { after: 0, limit: 9 }).await.expect("the audit");
    assert!(refused.len() >= 3, "{refused:?}");
    let Answer::Done { reply, .. } = called(&world, world.who("irc:you2"), &order).await else {
        panic!("no answer")
    };
    assert_eq!(reply.plain(), format!("Answered by @you: {} goes on.", op.id));
    assert_eq!(world.state(&op).await, State::Succeeded);
}

#[tokio::test]
async fn a_role_is_asked_and_the_roles_of_the_moment_count() {
    let lead = asking(json!({"question": "How many?", "type": "integer", "of": "role:lead", "within": "1h"}));
    let (world, op) = shipping(lead.clone()).await;
    world.reply("web:you", "2", "1", "3").await;
    assert_eq!(world.state(&op).await, State::Running, "who gave the order is no lead");
    let (text, _) = refusal(called(&world, world.who("web:you"), &format!("answer {} 3", op.id)).await);
    assert!(text.ends_with("Who can: role:lead (@ana)"), "{text}");
    world.reply("web:ana", "3", "1", "three").await;
    assert_eq!(world.last_text(), "That is no answer here: `three` is not a whole number.");
    world.reply("web:ana", "4", "1", "let me look at it first").await;
    assert_eq!(world.last_text(), "That is no answer here: `three` is not a whole number.", "that is talk");
    world.reply("web:ana", "5", "1", "3").await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert_eq!(world.deploy.begun()[0].args, json!({"region": 3, "by": "@ana"}));
}

#[tokio::test]
async fn an_answer_is_a_value_and_never_a_flag_an_order_or_a_template() {
    let (world, op) = shipping(asking(json!({"question": "What for?"}))).await;
    let said = "--force {{ op.id }} | abort";
    world.reply("web:you", "2", "1", said).await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert_eq!(world.deploy.begun()[0].args["region"], said);
}

#[tokio::test]
async fn nobody_answers_in_time_and_what_was_done_is_undone() {
    let mut ship = regions();
    let undo = Undo { uses: ship.steps[1].uses.clone(), with: json!({"undo": true}), effect: None };
    let first = Step { undo: Some(undo), ..step("first", "test.deploy", json!({})) };
    ship.steps.insert(0, first);
    ship.on_failure = OnFailure::Undo;
    let (world, op) = shipping(ship).await;
    world.step(599).await;
    assert_eq!(world.state(&op).await, State::Running);
    world.step(1).await;
    let op = world.now(&op).await;
    let why = "Step `region` failed: Nobody answered by 10:10:00 UTC. Undone: `first`.";
    assert_eq!((op.state, op.why.as_deref()), (State::Failed, Some(why)));
    assert!(
        world.network.texts()[1].ends_with("Nobody answered by 10:10:00 UTC."),
        "{:?}",
        world.network.texts()
    );
    world.reply("web:you", "2", "1", "eu").await;
    assert_eq!(world.network.shown().len(), 2, "too late is talk");
}

#[tokio::test]
async fn a_question_is_stopped_by_the_button_and_by_cancel_in_its_thread() {
    let (world, op) = shipping(regions()).await;
    world.press("web:you", Abort, &op).await.expect("it is theirs");
    world.settle().await;
    let why = "It was stopped before anybody answered.";
    assert_eq!((world.state(&op).await, world.now(&op).await.why.as_deref()), (State::Aborted, Some(why)));
    let (world, op) = shipping(regions()).await;
    world.reply("web:bo", "2", "1", "cancel").await;
    assert_eq!(world.state(&op).await, State::Running);
    world.reply("web:you", "3", "1", "Cancel.").await;
    assert_eq!(world.state(&op).await, State::Aborted);
    assert!(world.deploy.begun().is_empty());
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn after_a_restart_it_is_not_asked_again_and_waits_to_the_same_moment() {
    let (first, op) = shipping(regions()).await;
    first.step(300).await;
    first.engine.stop();
    first.settle().await;
    let second = first.restarted(policy(), with(regions())).await.recovered().await;
    assert_eq!(second.network.shown().len(), 2, "{:?}", second.network.texts());
    second.step(299).await;
    assert_eq!(second.state(&op).await, State::Running);
    second.reply("web:you", "2", "1", "us").await;
    assert_eq!(second.state(&op).await, State::Succeeded);
    assert!(second.network.texts()[1].ends_with("@you answered: us"), "{:?}", second.network.texts());

    let (first, op) = shipping(regions()).await;
    first.engine.stop();
    first.settle().await;
    first.clock.advance(std::time::Duration::from_secs(601));
    let second = first.restarted(policy(), with(regions())).await.recovered().await;
    assert_eq!(second.state(&op).await, State::Failed, "the moment passed meanwhile");
}

#[tokio::test]
async fn while_it_asks_its_time_stands_still_and_it_keeps_its_lock() {
    let hour = json!({"question": "Which?", "choices": ["eu", "us"], "within": "1h"});
    let (world, op) = shipping(asking(hour)).await;
    world.say("web:ana", "2", "wilco ship web").await;
    world.step(3_540).await;
    let waits =
        world.network.texts().into_iter().find(|text| text.contains("Waits for")).expect("the other one");
    assert!(
        waits.contains(&format!("held by {}", op.id)) && waits.contains("Asks @you until 11:00:00 UTC."),
        "{waits}"
    );
    let lock = world.store.locks().await.expect("locks").remove(0);
    assert!(lock.expires_at >= world.time(), "{lock:?}");
    world.deploy.hold();
    world.reply("web:you", "3", "1", "eu").await;
    let intent = world.deploy.begun()[0].clone();
    assert_eq!(intent.deadline, world.time() + jiff::SignedDuration::from_secs(600), "all its time is left");
    world.deploy.release();
    world.settle().await;
    assert_eq!(world.state(&op).await, State::Succeeded);
}

#[tokio::test]
async fn time_that_was_used_before_a_wait_is_not_given_again() {
    let mut ship = ship();
    ship.steps = vec![
        step("first", "test.deploy", json!({})),
        step("soak", "wait", json!({"for": "20m"})),
        step("last", "test.deploy", json!({})),
    ];
    let world = world(ship).await;
    world.deploy.hold();
    let op = world.order("web:you", "app.ship", "web").await;
    world.step(400).await;
    world.deploy.release();
    world.settle().await;
    world.step(1_200).await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    let begun = world.deploy.begun();
    let left = |at: usize| begun[at].deadline.duration_since(begun[at].at).as_secs();
    assert_eq!((left(0), left(1)), (600, 200));
}

#[tokio::test]
async fn in_a_direct_conversation_an_answer_needs_no_thread_and_orders_stay_orders() {
    let world = world(asking(json!({"question": "Sure?", "type": "bool"}))).await;
    world.whisper("web:you", "1", "ship web").await;
    let op = the_operation(&world).await;
    assert_eq!(
        world.network.texts().iter().filter(|text| text.contains("asks @you")).count(),
        2,
        "there and at home"
    );
    world.whisper("web:you", "2", "ping").await;
    assert_eq!(world.last_text(), "pong");
    world.whisper("web:you", "3", "maybe").await;
    assert_eq!(world.last_text(), "That is no answer here: `maybe` is not yes or no.");
    world.whisper("web:you", "4", "yes").await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert_eq!(world.deploy.begun()[0].args["region"], true);
    let shown = world.network.texts();
    assert_eq!(shown.iter().filter(|text| text.ends_with("@you answered: yes")).count(), 2, "{shown:?}");
}

#[tokio::test]
async fn who_is_no_person_cannot_be_asked() {
    let world = world(regions()).await;
    let token = Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
    let (text, kind) = refusal(world.call_as(token, "app.ship", "web").await);
    assert_eq!(kind, RefusedKind::Failed);
    assert!(text.contains("asks whoever gives the order, and token:ci is no person"), "{text}");
}

#[tokio::test]
async fn a_question_that_is_left_out_is_asked_of_nobody() {
    let condition = |source: &str| Some(wilco_contract::expr::Condition::parse(source).expect("a condition"));
    let mut ship = regions();
    ship.steps[0].when = condition("app == 'web'");
    ship.steps[1].with = json!({});
    let token = || Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
    let known = world(ship.clone()).await;
    let Answer::Operation(op) = known.call_as(token(), "app.ship", "shop").await else {
        panic!("no operation")
    };
    assert_eq!(known.state(&op).await, State::Succeeded);
    // What only the run can tell is found then.
    ship.steps.insert(0, step("look", "test.deploy", json!({})));
    ship.steps[1].when = condition("steps.look.state == 'done'");
    let open = world(ship).await;
    let Answer::Operation(op) = open.call_as(token(), "app.ship", "web").await else {
        panic!("no operation")
    };
    let op = open.now(&op).await;
    assert_eq!(op.state, State::Failed);
    let why = op.why.clone().unwrap_or_default();
    assert!(
        why.starts_with("It cannot go on: step `region` asks whoever gives the order, and token:ci"),
        "{why}"
    );
}

fn soaking(with: Value) -> Command {
    let mut ship = ship();
    ship.steps = vec![step("soak", "wait", with), step("do", "test.deploy", json!({}))];
    ship
}

#[tokio::test]
async fn a_wait_ends_at_its_moment_also_over_a_restart_and_never_earlier() {
    let ten = soaking(json!({"for": "10m"}));
    let (first, op) = shipping(ten.clone()).await;
    assert!(op.plan.will.contains(&"waits 10m".to_owned()), "{:?}", op.plan.will);
    assert!(first.network.texts()[0].contains("Waits until 10:10:00 UTC."), "{:?}", first.network.texts());
    first.step(300).await;
    first.engine.stop();
    first.settle().await;
    let second = first.restarted(policy(), with(ten.clone())).await.recovered().await;
    second.step(299).await;
    assert!(second.deploy.begun().is_empty());
    second.step(1).await;
    assert_eq!((second.state(&op).await, second.deploy.begun().len()), (State::Succeeded, 1));

    let (first, op) = shipping(ten.clone()).await;
    first.engine.stop();
    first.settle().await;
    first.clock.advance(std::time::Duration::from_secs(86_400));
    let second = first.restarted(policy(), with(ten)).await.recovered().await;
    assert_eq!(second.state(&op).await, State::Succeeded, "the moment passed meanwhile");
}

#[tokio::test]
async fn a_wait_until_a_time_is_stopped_at_any_moment() {
    let (world, op) = shipping(soaking(json!({"until": "2026-11-23T12:00:00+01:00"}))).await;
    world.step(3_599).await;
    assert_eq!(world.state(&op).await, State::Running);
    world.press("web:you", Abort, &op).await.expect("it is theirs");
    world.settle().await;
    let why = "It was stopped while it waited.";
    assert_eq!((world.state(&op).await, world.now(&op).await.why.as_deref()), (State::Aborted, Some(why)));
    assert!(world.store.locks().await.expect("locks").is_empty());
    let (world, op) = shipping(soaking(json!({"until": "2026-11-23T10:00:00Z"}))).await;
    assert_eq!(world.state(&op).await, State::Succeeded, "what is past is not waited for");
    for _ in 0..8 {
        let (world, op) = shipping(soaking(json!({"until": "2026-11-23T09:00:00Z"}))).await;
        assert_eq!(world.state(&op).await, State::Succeeded, "nor what is long past");
    }
    let far = world_that_waits("2026-12-24T10:00:00Z").await;
    assert!(refusal(far).0.contains("is more than 7 days away, which are the most"));
}

async fn world_that_waits(until: &str) -> Answer {
    let world = world(soaking(json!({"until": until}))).await;
    world.call("web:you", "app.ship", "web").await
}

#[tokio::test]
async fn what_was_said_before_a_question_answers_it_not() {
    let (world, op) = shipping(regions()).await;
    let before = world.time() - jiff::SignedDuration::from_secs(5);
    world.reply_at(("web:you", "2"), "1", "eu", before).await;
    assert_eq!(world.state(&op).await, State::Running);
    world.reply("web:you", "3", "1", "us").await;
    assert_eq!(world.deploy.begun()[0].args["region"], "us");
}

#[tokio::test]
async fn a_right_that_is_gone_at_the_end_of_a_wait_begins_nothing_more() {
    let command = soaking(json!({"for": "10m"}));
    let (world, op) = shipping(command.clone()).await;
    assert_eq!(world.state(&op).await, State::Running);
    let before = world.deploy.begun().len();
    let mut stricter = policy();
    stricter.grants.clear();
    world.reload(stricter, with(command));
    world.step(601).await;
    assert_eq!((world.now(&op).await.state, world.deploy.begun().len()), (State::Failed, before));
}

#[tokio::test]
async fn a_read_neither_asks_nor_waits() {
    for (uses, with) in [("ask", json!({"question": "Which?"})), ("wait", json!({"for": "1s"}))] {
        let mut look = crate::world::command("app.look", "look <app>", Effect::Read, "test.read");
        look.steps = vec![step("it", uses, with)];
        let world = world(look).await;
        let (text, _) = refusal(world.call("web:you", "app.look", "web").await);
        assert!(text.starts_with("A read is answered at once"), "{text}");
    }
}

#[tokio::test]
async fn where_there_are_no_threads_the_whole_answer_is_said() {
    let mut policy = policy();
    policy.grants[0].rooms = None;
    let world = World::on_plain(policy, with(regions())).await;
    world.say("web:you", "1", "wilco ship web").await;
    let op = the_operation(&world).await;
    let asked =
        world.network.texts().into_iter().find(|text| text.contains("asks @you")).expect("a question");
    assert!(
        asked.ends_with(&format!("Say `wilco answer {0} eu` or `wilco answer {0} us`.", op.id)),
        "{asked}"
    );
    world.say("web:bo", "2", "no idea which region that is").await;
    world.say("web:you", "3", &format!("wilco answer {} us", op.id)).await;
    assert_eq!(world.state(&op).await, State::Succeeded);
}

/// Asks, waits, counts.
fn counting() -> Command {
    let mut ship = regions();
    ship.steps.truncate(1);
    ship.steps.push(step("soak", "wait", json!({"for": "5m"})));
    ship.steps.push(step("count", "memory.add", json!({"key": "{{ steps.region.answer }}"})));
    ship
}

/// A process that lives for so many commits and ends with the next.
struct Mortal {
    commits: Arc<AtomicU64>,
    dead: Arc<AtomicBool>,
}

impl Mortal {
    fn on(store: &Arc<MemoryStore>, most: u64) -> (Self, Arc<AbortingStore>) {
        let mortal = Self { commits: Arc::default(), dead: Arc::default() };
        let (commits, dead) = (mortal.commits.clone(), mortal.dead.clone());
        let dies = move |commit| {
            dead.fetch_or(commit > most, Ordering::SeqCst);
            assert!(commit <= most, "the process ends before this commit");
            commits.store(commit, Ordering::SeqCst);
        };
        (mortal, Arc::new(AbortingStore::new(store.clone(), None, dies)))
    }

    /// What people do, as long as it lives.
    async fn story(&self, world: &World) {
        let words = [(None, "wilco ship web"), (Some("1"), "eu")];
        for ((thread, text), id) in words.into_iter().zip(["1", "2"]) {
            if self.dead.load(Ordering::SeqCst) {
                return;
            }
            // Who brings the word dies with it.
            let said = async {
                match thread {
                    None => world.say("web:you", id, text).await,
                    Some(thread) => world.reply("web:you", id, thread, text).await,
                }
            };
            let _ = AssertUnwindSafe(said).catch_unwind().await;
        }
        for _ in 0..2 {
            if !self.dead.load(Ordering::SeqCst) {
                world.step(300).await;
            }
        }
    }
}

#[tokio::test]
async fn an_end_before_any_commit_asks_once_waits_once_and_counts_once() {
    let new = || Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))));
    let (whole, store) = Mortal::on(&new(), u64::MAX);
    whole.story(&World::on(store, policy(), with(counting())).await).await;
    let commits = whole.commits.load(Ordering::SeqCst);
    assert!(commits > 12, "it takes several commits: {commits}");
    for end in 1..commits {
        let store = new();
        let (first, dies) = Mortal::on(&store, end);
        let world = World::on(dies, policy(), with(counting())).await;
        first.story(&world).await;
        assert!(first.dead.load(Ordering::SeqCst), "with {end} of {commits} commits");
        let (clock, network) = (world.clock.clone(), world.network.clone());
        let (second, again) = Mortal::on(&store, u64::MAX);
        let world = World::of_store(again, clock, network, with(counting())).recovered().await;
        // People insist: what was kept is kept once.
        second.story(&world).await;
        let op = the_operation(&world).await;
        assert_eq!(op.state, State::Succeeded, "with {end} of {commits} commits: {:?}", op.why);
        let namespace = Namespace { pack: "app".to_owned(), name: None, person: None };
        let value = store.remembered(&namespace, "eu").await.expect("a read").map(|entry| entry.value);
        assert_eq!(value, Some(json!(1)), "with {end} of {commits} commits");
        let asked = world.network.texts().iter().filter(|text| text.contains("asked @you")).count();
        assert_eq!(asked, 1, "with {end} of {commits} commits: {:?}", world.network.texts());
    }
}
