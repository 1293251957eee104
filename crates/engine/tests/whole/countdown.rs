//! Who stops a countdown by which words and buttons, and what is refused before one begins or beside one.

use std::sync::Arc;

use wilco_contract::{
    command::Effect,
    connector::Arrival,
    ids::{Account, CommandId, Origin},
    input::{Input, Press},
    operation::{Operation, State},
    plan::StepPlan,
    policy::{Flag, Flags, Glob, Grant, Grantee, Policy},
    principal::Principal,
    reply::{
        Block,
        PressKind::{Abort, Approve, Confirm, Deny},
    },
    store::Page,
    values::Args,
};
use wilco_engine::{Answer, Call, CallWhat, NotDecided, PlanSeen, RefusedKind};

use crate::world::{World, command, commands, person, place, policy};

fn origin(line: u32) -> Origin {
    Origin { file: "wilco.toml".into(), line, column: 1 }
}

fn grant(line: u32, command: &str, to: &str, flags: Flags) -> Grant {
    Grant {
        command: Glob(command.to_owned()),
        effect: None,
        to: vec![Grantee::parse(to).expect("a grantee")],
        rooms: None,
        when: None,
        flags,
        origin: origin(line),
    }
}

/// The policy of the other tests, in which developers may act alone.
fn rules() -> Policy {
    let mut policy = policy();
    policy.grants.push(grant(13, "app.*", "role:developer", Flags::NONE.with(Flag::Alone)));
    policy
}

async fn countdowns() -> World {
    World::on_new(rules(), commands()).await.recovered().await
}

async fn give(world: &World, call: Call) -> Answer {
    let answer = world.engine.call(call).await;
    world.settle().await;
    answer
}

fn order_of(who: Principal, words: &str) -> Call {
    let what = CallWhat::Order(words.to_owned());
    Call { who, what, place: None, because: None, dry_run: false, key: None }
}

async fn operation(world: &World, account: &str, words: &str) -> Arc<Operation> {
    match give(world, order_of(world.who(account), words)).await {
        Answer::Operation(operation) => operation,
        other => panic!("no operation came of it: {other:?}"),
    }
}

fn refusal(answer: Answer) -> (String, RefusedKind) {
    match answer {
        Answer::Refused { reply, kind } => (reply.plain(), kind),
        other => panic!("not refused: {other:?}"),
    }
}

/// An operation of this app's release that its asker has confirmed to start alone.
async fn counting_down(world: &World, app: &str) -> Arc<Operation> {
    let words = format!("release {app} --alone --because \"the site is down\"");
    let op = operation(world, "web:you", &words).await;
    world.press("web:you", Confirm, &op).await.expect("it is theirs");
    let op = world.now(&op).await;
    assert!(op.counts_down(), "{op:?}");
    op
}

/// The loud lines about an operation: which messages they are.
fn loud_lines(world: &World, op: &Operation) -> Vec<usize> {
    let texts = world.network.texts().into_iter().enumerate();
    let head = format!("starts {} alone", op.id);
    texts.filter(|(_, text)| text.contains(&head)).map(|(at, _)| at).collect()
}

/// What has not ended.
async fn living(world: &World) -> Vec<Operation> {
    world.store.flush().await.expect("a flush");
    let states: Vec<_> = State::ALL.into_iter().filter(|state| !state.is_final()).collect();
    let all = world.store.operations(&states, Page { after: 0, limit: 50 }).await.expect("the store");
    all.into_iter().map(|(_, op)| op).collect()
}

fn ids(all: &[&Operation]) -> String {
    let mut ids: Vec<_> = all.iter().map(|op| op.id.to_string()).collect();
    ids.sort();
    ids.join(", ")
}

#[tokio::test]
async fn a_bare_stop_is_for_the_one_countdown_that_is_shown_here() {
    let said =
        ["stop", "Stop.", "STOP!!", "stop it", "Stop it!", "please stop", "wilco stop it!", "stop ID!"];
    for (at, words) in said.into_iter().enumerate() {
        let world = countdowns().await;
        let op = counting_down(&world, "web").await;
        let words = words.replace("ID", op.id.as_str());
        world.say("web:bo", &format!("m{at}"), &words).await;
        let op = world.now(&op).await;
        assert_eq!(op.state, State::Aborted, "{words}");
        assert_eq!(op.why.as_deref(), Some("Stopped by @bo. Nothing was changed."), "{words}");
        world.step(60).await;
        assert!(world.deploy.begun().is_empty(), "{words}");
    }
    // What nobody would take for it.
    let world = countdowns().await;
    let op = counting_down(&world, "web").await;
    let before = world.network.texts().len();
    for (at, words) in ["stop that nonsense", "it", "full stop", "please"].into_iter().enumerate() {
        world.say("web:bo", &format!("c{at}"), words).await;
    }
    assert!(world.now(&op).await.counts_down());
    assert_eq!(world.network.texts().len(), before, "it is chatter");
}

#[tokio::test]
async fn of_several_countdowns_a_bare_stop_is_for_the_one_in_whose_thread_it_is_said() {
    let world = countdowns().await;
    let (first, second) = (counting_down(&world, "web").await, counting_down(&world, "api").await);
    // In the room it may be for either: nobody is left to believe that one is stopped.
    let which = format!("Several can be stopped here: {}. Name one: say `stop ", ids(&[&first, &second]));
    for (at, words) in ["stop", "Stop it!", "wilco stop"].into_iter().enumerate() {
        world.say("web:bo", &format!("m{at}"), words).await;
        assert!(world.last_text().contains(&which), "{words}: {}", world.last_text());
    }
    assert!(world.now(&first).await.counts_down() && world.now(&second).await.counts_down());
    // In the thread of its loud line.
    let line = loud_lines(&world, &first)[0].to_string();
    world.reply("web:bo", "t1", &line, "stop it!").await;
    assert_eq!(world.state(&first).await, State::Aborted);
    assert!(world.now(&second).await.counts_down());
    // In the thread of its status.
    let third = counting_down(&world, "db").await;
    let status = world.now(&third).await.slots[0].receipt.clone().expect("it is shown").id;
    world.reply("web:bo", "t2", &status, "stop").await;
    assert_eq!(world.state(&third).await, State::Aborted);
    assert!(world.now(&second).await.counts_down());
    world.step(60).await;
    assert_eq!((world.state(&second).await, world.deploy.begun().len()), (State::Succeeded, 1));
}

#[tokio::test]
async fn a_bare_stop_that_is_said_to_us_takes_back_what_has_not_begun() {
    let world = countdowns().await;
    world.deploy.hold();
    operation(&world, "web:ana", "restart web").await;
    world.say("web:you", "1", "wilco restart web").await;
    let queued = living(&world).await.into_iter().find(|op| op.state == State::Queued);
    let queued = queued.expect("it waits for the lock");
    // Not said to us, it is chatter; and nobody else's bare word is for it.
    world.say("web:you", "2", "stop").await;
    world.say("web:bo", "3", "wilco stop").await;
    assert_eq!(world.state(&queued).await, State::Queued);
    world.say("web:you", "4", "wilco stop it!").await;
    assert_eq!(world.state(&queued).await, State::Aborted, "{}", world.last_text());
    // Of two, the thread tells which.
    world.say("web:you", "5", "wilco restart web").await;
    world.say("web:you", "6", "wilco stage api").await;
    let all = living(&world).await;
    let [waits, asks] = ["restart web", "stage api"]
        .map(|order| all.iter().find(|op| op.order == order && op.thread.is_some()).expect("it lives"));
    world.say("web:you", "7", "wilco stop").await;
    assert!(world.last_text().contains(&ids(&[waits, asks])), "{}", world.last_text());
    world.reply("web:you", "8", "5", "wilco stop").await;
    assert_eq!((world.state(waits).await, world.state(asks).await), (State::Aborted, State::AwaitingConfirm));
    world.say("web:you", "9", &format!("wilco stop {}!", asks.id)).await;
    assert_eq!(world.state(asks).await, State::Aborted);
    world.deploy.release();
    world.settle().await;
    assert_eq!(world.deploy.begun().len(), 1);
    // A pack's own word stays what it is.
    let mut all = commands();
    all.push(command("app.halt", "stop", Effect::Read, "test.read"));
    all.last_mut().expect("it").spec.args[0].required = false;
    let world = World::on_new(rules(), all).await.recovered().await;
    let asks = operation(&world, "web:you", "stage api").await;
    world.say("web:you", "1", "wilco stop").await;
    assert_eq!((world.state(&asks).await, world.read.begun().len()), (State::AwaitingConfirm, 1));
}

#[tokio::test]
async fn a_countdown_that_is_entered_again_after_a_lock_is_told_and_counted_anew() {
    let mut policy = rules();
    policy.requirements.iter_mut().for_each(|rule| rule.within_secs = 100);
    let world = World::on_new(policy, commands()).await.recovered().await;
    world.deploy.hold();
    operation(&world, "web:ana", "restart web").await;
    let op = counting_down(&world, "web").await;
    world.press("web:ana", Approve, &op).await.expect("ana is a lead");
    assert_eq!(world.state(&op).await, State::Queued, "it waits for the lock");
    assert_eq!(loud_lines(&world, &op).len(), 1);
    // Her yes counts no longer when the lock becomes free.
    world.step(120).await;
    world.deploy.release();
    world.settle().await;
    let op = world.now(&op).await;
    assert!(op.counts_down(), "{op:?}");
    let lines = loud_lines(&world, &op);
    assert_eq!(lines.len(), 2, "{:?}", world.network.texts());
    let line = world.network.texts()[lines[1]].clone();
    assert!(line.contains("It starts at 10:03:00 UTC"), "60 s from now: {line}");
    let begun = world.deploy.begun().len();
    world.step(59).await;
    assert!(world.now(&op).await.counts_down() && world.deploy.begun().len() == begun);
    world.step(1).await;
    assert_eq!((world.state(&op).await, world.deploy.begun().len()), (State::Succeeded, begun + 1));
}

#[tokio::test]
async fn alone_without_a_reason_is_refused_before_anything_is_asked() {
    let world = countdowns().await;
    world.say("web:you", "1", "wilco release --alone").await;
    let text = world.last_text();
    assert!(text.contains("`--alone` needs a reason that everybody reads"), "{text}");
    let before = world.network.texts().len();
    world.reply("web:you", "2", "1", "web").await;
    assert_eq!(world.network.texts().len(), before, "no answer was waited for");
    world.say("web:you", "3", "wilco release --alone --because \" \"").await;
    assert!(world.last_text().contains("needs a reason"), "{}", world.last_text());
    world.say("web:you", "4", "wilco release --alone --because \"the site is down\"").await;
    world.reply("web:you", "5", "4", "web").await;
    let op = living(&world).await.into_iter().next().expect("it was asked for, and given");
    assert!(op.plan.body.flags.alone && op.because.as_deref() == Some("the site is down"), "{op:?}");
}

#[tokio::test]
async fn an_order_that_is_given_again_alone_needs_a_reason_of_its_own() {
    let world = countdowns().await;
    world.say("web:you", "1", "wilco release web --alone --because \"the site is down\"").await;
    let op = living(&world).await.into_iter().next().expect("an operation");
    world.say("web:you", "2", &format!("wilco abort {}", op.id)).await;
    assert_eq!(world.state(&op).await, State::Aborted);
    for (at, words) in ["retry ID --alone", "again 1 --alone"].into_iter().enumerate() {
        let words = words.replace("ID", op.id.as_str());
        world.say("web:you", &format!("n{at}"), &format!("wilco {words}")).await;
        let text = world.last_text();
        assert!(text.contains("`--alone` needs a reason that everybody reads"), "{words}: {text}");
        assert_eq!(world.engine.living(), 0, "{words}");
        world
            .say("web:you", &format!("y{at}"), &format!("wilco {words} --because \"it is down again\""))
            .await;
        let again = living(&world).await.into_iter().next();
        let again = again.unwrap_or_else(|| panic!("{words}: {}", world.last_text()));
        assert_eq!(again.because.as_deref(), Some("it is down again"), "{words}");
        assert!(again.plan.body.flags.alone, "{words}");
        world.say("web:you", &format!("z{at}"), &format!("wilco abort {}", again.id)).await;
    }
    // Without the flag it is an order like any other.
    let plain = operation(&world, "web:you", &format!("retry {}", op.id)).await;
    assert_eq!((plain.plan.body.flags, world.state(&plain).await), (Flags::NONE, State::AwaitingApproval));
}

#[tokio::test]
async fn a_grant_of_the_word_takes_nobodys_right_to_stop_a_countdown() {
    let mut policy = rules();
    policy.grants.push(grant(30, "wilco.abort", "role:lead", Flags::NONE));
    policy.grants.push(grant(31, "wilco.deny", "role:lead", Flags::NONE));
    let world = World::on_new(policy, commands()).await.recovered().await;
    for (at, words) in ["wilco stop ID", "stop", "wilco abort ID", "wilco deny ID"].into_iter().enumerate() {
        let op = counting_down(&world, "web").await;
        world.say("web:bo", &format!("m{at}"), &words.replace("ID", op.id.as_str())).await;
        assert_eq!(world.state(&op).await, State::Aborted, "{words}: {}", world.last_text());
    }
    for by_id in [false, true] {
        let op = counting_down(&world, "web").await;
        let args: Args = [("operation".to_owned(), op.id.to_string().into())].into_iter().collect();
        let what = if by_id {
            CallWhat::Command(CommandId::parse("wilco.abort").expect("an id"), args)
        } else {
            CallWhat::Order(format!("stop {}", op.id))
        };
        let answer = give(&world, Call { what, ..order_of(world.who("web:bo"), "") }).await;
        assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
        assert_eq!(world.state(&op).await, State::Aborted);
    }
    // For anything else the grant holds.
    let op = operation(&world, "web:you", "release web").await;
    let (text, kind) =
        refusal(give(&world, order_of(world.who("web:bo"), &format!("abort {}", op.id))).await);
    assert_eq!(kind, RefusedKind::Denied, "{text}");
    assert_eq!(world.state(&op).await, State::AwaitingApproval);
}

/// The press of the button under a message, by this account.
async fn press_under(world: &World, message: usize, (account, id): (&str, &str)) {
    let shown = world.network.shown().remove(message);
    let choices = shown.reply.blocks.into_iter().find_map(|block| match block {
        Block::Choices { choices } => Some(choices),
        _ => None,
    });
    let choice = choices.expect("it has buttons").remove(0);
    let press = Press {
        id: id.to_owned(),
        place: place(),
        from: Account::parse(account).expect("an account"),
        press: choice.press,
        operation: choice.operation,
        plan: choice.plan,
        at: world.time(),
    };
    world.engine.accept(Arrival { input: Input::Press(press), cursor: None, kept: None, ack: None }).await;
    world.settle().await;
}

#[tokio::test]
async fn after_a_replan_the_button_under_the_old_line_stops_and_does_nothing_else() {
    let targets = |count: usize| StepPlan {
        targets: (0..count).map(|at| format!("web/{at}")).collect(),
        ..StepPlan::default()
    };
    let mut policy = rules();
    policy.people.extend([person("cy", &[], &["web:cy"])]);
    let world = World::on_new(policy, commands()).await.recovered().await;
    world.deploy.plans(targets(1));
    let first = counting_down(&world, "web").await;
    let old_line = loud_lines(&world, &first)[0];
    world.deploy.plans(targets(2));
    world.step(60).await;
    let op = world.now(&first).await;
    assert!(op.state == State::AwaitingConfirm && op.plan.hash != first.plan.hash, "{op:?}");
    // Nothing counts down: whoever has no say in it has none by an old button, and is told.
    press_under(&world, old_line, ("web:cy", "p1")).await;
    assert_eq!(world.state(&op).await, State::AwaitingConfirm);
    assert!(world.last_text().contains("web:cy pressed stop on"), "{}", world.last_text());
    let confirm = PlanSeen::Hash(first.plan.hash);
    let changed = world.press_as(world.who("web:you"), Confirm, &op, confirm).await;
    assert!(matches!(changed, Err(NotDecided::Changed(_))), "a yes is for one plan: {changed:?}");
    // In the new countdown the old button is a stop like any other. Who names the older plan is told of the new.
    world.press("web:you", Confirm, &op).await.expect("it is theirs");
    let op = world.now(&op).await;
    assert!(op.counts_down() && loud_lines(&world, &op).len() == 2, "it is told anew: {op:?}");
    let seen = PlanSeen::Hash(first.plan.hash);
    for press in [Abort, Deny] {
        let named = world.press_as(world.who("web:cy"), press, &op, seen).await;
        let Err(NotDecided::Changed(now)) = named else { panic!("the plan is another: {named:?}") };
        assert_eq!((now.plan.hash, now.state), (op.plan.hash, op.state));
    }
    press_under(&world, old_line, ("web:cy", "p2")).await;
    let op = world.now(&op).await;
    assert_eq!((op.state, op.why.as_deref()), (State::Aborted, Some("Stopped by @cy. Nothing was changed.")));
    // Once it is over, the button tells that and changes nothing.
    press_under(&world, old_line, ("web:bo", "p3")).await;
    assert!(world.last_text().contains("is aborted"), "{}", world.last_text());
    world.step(120).await;
    assert!(world.deploy.begun().is_empty());
}
