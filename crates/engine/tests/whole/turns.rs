//! What becomes of an order that was taken for a read when it was heard, where things are otherwise in its turn.

use serde_json::json;
use wilco_contract::{
    command::{Command, Effect},
    input::Input,
    lease::Fence,
    operation::{Operation, State},
    pattern::Pattern,
    policy::{Glob, Grant, Grantee, Policy},
    store::Page,
    values::ArgType,
};

use crate::world::{World, command, commands, person, policy};

/// A world in which a read of somebody's is going on, and another one of theirs waits behind it.
async fn behind_a_slow_one() -> World {
    behind_a_slow_one_under(policy()).await
}

async fn behind_a_slow_one_under(policy: Policy) -> World {
    let world = World::on_new(policy, commands()).await;
    world.read.hold();
    world.say("web:you", "1", "wilco status web").await;
    world.say("web:you", "2", "wilco status shop").await;
    assert_eq!(apps(&world), ["web"], "one at a time");
    assert_eq!(kept(&world, "wilco status shop").await, 0, "what only reads is not kept");
    world
}

/// Lets the slow one end, and what waits have its turn.
async fn goes_on(world: &World) {
    world.read.release();
    world.settle().await;
}

/// What was read, in order.
fn apps(world: &World) -> Vec<String> {
    let app = |args: &serde_json::Value| args["app"].as_str().unwrap_or_default().to_owned();
    world.read.begun().iter().map(|intent| app(&intent.args)).collect()
}

/// In how many records these words are.
async fn kept(world: &World, words: &str) -> usize {
    let rows = world.store.sealed(Page { after: 0, limit: 500 }).await.expect("the journal");
    rows.iter().filter(|row| row.body.as_deref().is_some_and(|body| body.contains(words))).count()
}

async fn operations(world: &World) -> Vec<Operation> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| operation).collect()
}

async fn nothing_is_left(world: &World) -> bool {
    world.store.unhandled().await.expect("the inbox").is_empty()
}

/// The commands, with this made of `status`.
fn with_status(change: impl FnOnce(&mut Command)) -> Vec<Command> {
    let mut commands = commands();
    let status = commands.iter_mut().find(|command| command.spec.id.as_str() == "app.status");
    change(status.expect("there is `status`"));
    commands
}

#[tokio::test]
async fn what_is_as_it_was_is_read_in_its_turn() {
    let world = behind_a_slow_one().await;
    goes_on(&world).await;
    assert_eq!(apps(&world), ["web", "shop"]);
    assert_eq!(kept(&world, "wilco status shop").await, 0);
}

#[tokio::test]
async fn a_read_that_a_reload_makes_a_write_is_kept_and_planned_and_runs_as_one() {
    let world = behind_a_slow_one().await;
    let writes =
        with_status(|status| *status = command("app.status", "status <app>", Effect::Write, "test.deploy"));
    world.reload(policy(), writes);
    goes_on(&world).await;
    assert_eq!(apps(&world), ["web"], "it is no read any more");
    assert!(kept(&world, "wilco status shop").await > 0, "what changes something is kept");
    let made = operations(&world).await;
    let [made] = &made[..] else { panic!("one operation: {made:?}") };
    assert_eq!((made.order.as_str(), made.state), ("status shop", State::Succeeded));
    assert_eq!(world.deploy.begun().len(), 1);
    assert_eq!(world.deploy.begun()[0].args, json!({"app": "shop"}));
    assert!(nothing_is_left(&world).await);
}

#[tokio::test]
async fn a_read_that_a_reload_makes_a_write_waits_for_what_that_needs() {
    let world = behind_a_slow_one().await;
    let mut stricter = policy();
    let needs = stricter.requirements.iter_mut().find(|needs| needs.confirm).expect("one wants a yes");
    needs.command = Some(Glob("app.status".to_owned()));
    let writes =
        with_status(|status| *status = command("app.status", "status <app>", Effect::Write, "test.deploy"));
    world.reload(stricter, writes);
    goes_on(&world).await;
    assert_eq!(operations(&world).await[0].state, State::AwaitingConfirm);
    assert!(world.deploy.begun().is_empty());
}

/// The rules, under which `status` is for this role alone: a read that a grant names by its full id is.
fn status_for(role: &str) -> Policy {
    let mut policy = policy();
    let to = vec![Grantee::parse(role).expect("a role")];
    policy.grants.push(Grant { command: Glob("app.status".to_owned()), to, ..policy.grants[0].clone() });
    policy
}

#[tokio::test]
async fn a_read_whose_grant_a_reload_takes_away_is_refused() {
    let world = behind_a_slow_one().await;
    let mut without = status_for("role:lead");
    without.grants.retain(|grant| grant.command.0 != "app.*");
    world.reload(without, commands());
    goes_on(&world).await;
    assert!(world.last_text().contains("Rule: no grant"), "{}", world.last_text());
    assert_eq!(apps(&world), ["web"]);
}

#[tokio::test]
async fn who_lost_a_role_by_a_reload_gives_no_order_under_it() {
    let world = behind_a_slow_one_under(status_for("role:developer")).await;
    let mut without = status_for("role:developer");
    without.people.extend([person("you", &[], &["web:you"])]);
    world.reload(without, commands());
    goes_on(&world).await;
    assert!(world.last_text().contains("Rule: no grant"), "{}", world.last_text());
    assert_eq!(apps(&world), ["web"]);
}

#[tokio::test]
async fn a_read_that_lacks_something_after_a_reload_is_kept_and_its_speaker_asked() {
    let world = behind_a_slow_one().await;
    let lacking = with_status(|status| {
        status.spec.words = vec![Pattern::parse("status <app> <ref>").expect("a pattern")];
        let mut reference = status.spec.args[0].clone();
        reference.name = "ref".to_owned();
        status.spec.args.push(reference);
    });
    world.reload(policy(), lacking);
    goes_on(&world).await;
    assert!(world.last_text().contains("`status <app> <ref>` needs `ref`"), "{}", world.last_text());
    assert!(kept(&world, "wilco status shop").await > 0, "what waits for an answer is kept");
    world.reply("web:you", "3", "2", "v7").await;
    assert_eq!(apps(&world), ["web", "shop"]);
    assert!(nothing_is_left(&world).await);
}

#[tokio::test]
async fn another_order_drops_what_was_asked_while_it_waited() {
    let world = World::new().await;
    world.read.hold();
    world.say("web:you", "1", "wilco status web").await;
    world.say("web:you", "2", "wilco restart").await;
    world.say("web:you", "3", "wilco status shop").await;
    goes_on(&world).await;
    let texts = world.network.texts();
    assert!(texts[1].starts_with("`restart <app>` needs `app`"), "{texts:?}");
    assert_eq!(texts[2], "`restart <app>` was dropped, as you gave another order. Nothing was done for it.");
    assert_eq!(apps(&world), ["web", "shop"]);
    assert!(kept(&world, "wilco status shop").await > 0, "it may have been the answer");
    assert!(nothing_is_left(&world).await);
}

/// In a direct conversation a word that is offered is the answer, though it is an order of its own.
#[tokio::test]
async fn a_read_that_is_the_answer_to_what_was_asked_while_it_waited_is_that() {
    let mut pick = command("app.pick", "pick <app>", Effect::Write, "test.deploy");
    pick.spec.args[0].kind = ArgType::Choice(vec!["whoami".to_owned(), "web".to_owned()]);
    let world = World::on_new(policy(), commands().into_iter().chain([pick]).collect()).await;
    world.read.hold();
    world.whisper("web:you", "1", "status web").await;
    world.whisper("web:you", "2", "pick").await;
    world.whisper("web:you", "3", "whoami").await;
    goes_on(&world).await;
    let texts = world.network.texts();
    assert!(texts.iter().any(|text| text == "Understood: `pick whoami`"), "{texts:?}");
    assert_eq!(world.deploy.begun()[0].args, json!({"app": "whoami"}));
    assert!(nothing_is_left(&world).await);
}

#[tokio::test]
async fn what_has_to_be_kept_in_its_turn_and_cannot_be_is_told_and_not_done() {
    let world = behind_a_slow_one().await;
    let writes =
        with_status(|status| *status = command("app.status", "status <app>", Effect::Write, "test.deploy"));
    world.reload(policy(), writes);
    // From now on it takes nothing from this world.
    world.store.fence(Fence { name: "another".to_owned(), token: 1 });
    goes_on(&world).await;
    let told = world.last_text();
    assert!(
        told.contains("The record could not be written, so nothing was started: another Wilco"),
        "{told}"
    );
    assert!(operations(&world).await.is_empty() && world.deploy.begun().is_empty());
    assert_eq!((apps(&world), kept(&world, "wilco status shop").await), (vec!["web".to_owned()], 0));
}

#[tokio::test]
async fn what_comes_twice_while_it_waits_and_has_to_be_kept_is_one_order() {
    let world = behind_a_slow_one().await;
    let Input::Message(message) = world.arrival("web:you", "2", "wilco status shop").input else { return };
    let writes =
        with_status(|status| *status = command("app.status", "status <app>", Effect::Write, "test.deploy"));
    world.reload(policy(), writes);
    world.say("web:you", &message.id, &message.text).await;
    goes_on(&world).await;
    assert_eq!(operations(&world).await.len(), 1);
    assert_eq!((apps(&world), world.deploy.begun().len()), (vec!["web".to_owned()], 1));
}

/// A name that was given just before counts for all that is said behind it.
#[tokio::test]
async fn help_is_told_of_what_a_name_stands_for_in_its_turn() {
    let world = World::new().await;
    world.read.hold();
    world.say("web:you", "1", "wilco status web").await;
    world.say("web:you", "2", "wilco alias relese = status web").await;
    world.say("web:you", "3", "wilco relese --help").await;
    goes_on(&world).await;
    let told = world.last_text();
    assert!(told.contains("status <app>") && !told.contains("release"), "{told}");
}
