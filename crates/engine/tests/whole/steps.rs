//! Steps that are more than one call after the other: conditions, items, tries, and what follows a failure.

use serde_json::{Value, json};
use wilco_contract::{
    action::{ActionError, Outcome, Recovery},
    command::{Command, Effect, ForEach, OnFailure, Step, TryAgain, Undo},
    expr::Condition,
    operation::{Operation, State},
    reply::{PressKind::Abort, StepMark},
};

use crate::world::{World, command, commands, policy};

/// A step like the first of this command, with another name.
pub(crate) fn step(command: &Command, id: &str) -> Step {
    Step { id: id.to_owned(), ..command.steps[0].clone() }
}

fn when(source: &str) -> Option<Condition> {
    Some(Condition::parse(source).expect("a condition"))
}

/// The write that most tests here are about: `ship <app>`.
pub(crate) fn ship() -> Command {
    command("app.ship", "ship <app>", Effect::Write, "test.deploy")
}

/// A world that knows one more command.
pub(crate) async fn world(command: Command) -> World {
    let bare = World::new().await;
    let all = commands().into_iter().chain([command]).collect();
    World::on(bare.store.clone(), policy(), all).await
}

pub(crate) fn marks(op: &Operation) -> Vec<(String, StepMark)> {
    op.runs.iter().map(|run| (run.step.clone(), run.mark)).collect()
}

pub(crate) fn gives(outputs: Value) -> Outcome {
    Outcome { summary: Some("done".to_owned()), outputs, ..Outcome::default() }
}

fn conditional() -> Command {
    let mut ship = ship();
    let migrate = Step { when: when("app == 'billing'"), ..step(&ship, "migrate") };
    let tell =
        Step { when: when("steps.do.changed and steps.migrate.state == 'skipped'"), ..step(&ship, "tell") };
    ship.steps.extend([migrate, tell]);
    ship
}

#[tokio::test]
async fn a_step_whose_condition_does_not_hold_is_skipped_and_shown_so() {
    let world = world(conditional()).await;
    world.deploy.ends(Ok(gives(json!({"changed": true}))));
    let op = world.order("web:you", "app.ship", "web").await;
    let op = world.now(&op).await;
    assert_eq!(op.state, State::Succeeded, "{:?}", op.why);
    let wanted = [("do", StepMark::Done), ("migrate", StepMark::Skipped), ("tell", StepMark::Done)];
    assert_eq!(marks(&op), wanted.map(|(step, mark)| (step.to_owned(), mark)));
    assert_eq!(world.deploy.begun().len(), 2);
    assert!(world.last_text().contains("`app == 'billing'` does not hold"), "{}", world.last_text());
    // What was known when it was planned is not in what people say yes to.
    let planned: Vec<_> = op.plan.body.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(planned, ["do", "tell"]);
}

#[tokio::test]
async fn the_last_step_may_be_skipped_and_all_of_them() {
    let mut last = conditional();
    last.steps.truncate(2);
    last.verify = vec![step(&last, "check")];
    let lasting = world(last.clone()).await;
    let op = lasting.order("web:you", "app.ship", "web").await;
    assert_eq!(lasting.state(&op).await, State::Succeeded);
    assert_eq!(lasting.deploy.begun().len(), 2, "the step and its verification");

    last.steps.remove(0);
    last.verify.clear();
    let none = world(last).await;
    let op = none.order("web:you", "app.ship", "web").await;
    assert_eq!(none.state(&op).await, State::Succeeded);
    assert!(none.deploy.begun().is_empty());
    assert!(none.last_text().contains("does not hold"), "{}", none.last_text());
}

#[tokio::test]
async fn a_condition_that_cannot_be_told_ends_the_operation_before_the_step() {
    let world = world(conditional()).await;
    let op = world.order("web:you", "app.ship", "web").await;
    let op = world.now(&op).await;
    assert_eq!(op.state, State::Failed);
    let why = op.why.clone().unwrap_or_default();
    assert!(why.starts_with("The condition of step `tell`: "), "{why}");
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn a_read_skips_too() {
    let mut look = command("app.look", "look <app>", Effect::Read, "test.read");
    look.steps.push(Step { when: when("steps.do.state != 'done'"), ..step(&look, "again") });
    let world = world(look).await;
    world.call("web:you", "app.look", "web").await;
    assert_eq!(world.read.begun().len(), 1);
}

fn each(at_once: u32) -> Command {
    let mut ship = ship();
    let over = json!(["a", "b", "{{ app }}", "d"]);
    ship.steps[0].for_each = Some(ForEach { over, at_once });
    ship.steps[0].with = json!({"host": "{{ item }}"});
    let tell = Step { with: json!({"all": "{{ steps.do['items'] }}"}), ..step(&ship, "tell") };
    ship.steps.push(Step { for_each: None, ..tell });
    ship
}

fn hosts(world: &World) -> Vec<String> {
    let begun = world.deploy.begun();
    begun.iter().filter_map(|intent| intent.args["host"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn every_item_is_in_the_plan_and_so_many_are_made_at_once() {
    let world = world(each(2)).await;
    world.deploy.hold();
    let op = world.order("web:you", "app.ship", "web").await;
    let planned: Vec<_> =
        op.plan.body.steps.iter().map(|step| (step.id.as_str(), step.with.to_string())).collect();
    assert_eq!(planned[2], ("do.3", r#"{"host":"web"}"#.to_owned()));
    assert_eq!(hosts(&world), ["a", "b"], "two at once");
    let shown = world.network.shown()[0].reply.plain();
    assert!(shown.contains("do a") && shown.contains("do d"), "{shown}");
    world.deploy.release();
    world.settle().await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert_eq!(hosts(&world), ["a", "b", "web", "d"]);
    let begun = world.deploy.begun();
    let keys: Vec<_> = begun.iter().map(|intent| intent.key.trim_start_matches(op.id.as_str())).collect();
    assert_eq!(keys, [".do.1.1", ".do.2.1", ".do.3.1", ".do.4.1", ".tell.1"]);
    assert_eq!(begun[4].args["all"][3]["item"], "d");
    let log =
        world.store.log(&op.id, wilco_contract::store::Page { after: 0, limit: 10 }).await.expect("the log");
    assert_eq!(log.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn an_item_that_fails_lets_the_others_end_and_begins_no_more() {
    let world = world(each(2)).await;
    world.deploy.hold();
    world.deploy.ends(Err(ActionError::failed("no room")));
    let op = world.order("web:you", "app.ship", "web").await;
    world.deploy.release();
    world.settle().await;
    let op = world.now(&op).await;
    assert_eq!(op.state, State::Failed);
    let why =
        "Step `do` for `a` failed: no room. Of 4 it is done for 1, failed for 1, and was not begun for 2.";
    assert_eq!(op.why.as_deref(), Some(why));
    assert_eq!(hosts(&world), ["a", "b"]);
}

#[tokio::test]
async fn items_are_taken_up_after_a_restart_and_none_is_made_twice() {
    let first = world(each(3)).await;
    first.deploy.hold();
    let op = first.order("web:you", "app.ship", "web").await;
    assert_eq!(hosts(&first), ["a", "b", "web"]);
    let all = commands().into_iter().chain([each(3)]).collect();
    let second = first.restarted(policy(), all).await;
    second.deploy.recovers(Recovery::Done(Ok(Outcome::default())));
    second.deploy.recovers(Recovery::NotStarted);
    second.deploy.recovers(Recovery::Done(Ok(Outcome::default())));
    let second = second.recovered().await;
    second.settle().await;
    assert_eq!(second.state(&op).await, State::Succeeded, "{:?}", second.now(&op).await.why);
    let mut again = hosts(&second);
    again.sort();
    assert_eq!(again, ["b", "d"], "what never began, and what had not been begun");
}

#[tokio::test]
async fn all_items_are_stopped_by_one_wish() {
    let world = world(each(3)).await;
    world.deploy.hold();
    let op = world.order("web:you", "app.ship", "web").await;
    world.press("web:you", Abort, &op).await.expect("it is theirs");
    world.settle().await;
    let op = world.now(&op).await;
    assert_eq!((op.state, op.why.as_deref()), (State::Aborted, Some("It was stopped half-way.")));
    assert_eq!(hosts(&world), ["a", "b", "web"]);
}

#[tokio::test]
async fn a_list_that_a_step_gives_is_known_when_it_runs() {
    let mut ship = each(1);
    ship.steps.insert(0, Step { for_each: None, with: json!({}), ..step(&ship, "find") });
    ship.steps[1].for_each = Some(ForEach { over: json!("{{ steps.find.hosts }}"), at_once: 1 });
    let world = world(ship).await;
    world.deploy.ends(Ok(gives(json!({"hosts": ["x", "y"]}))));
    let op = world.order("web:you", "app.ship", "web").await;
    assert_eq!(world.state(&op).await, State::Succeeded);
    assert_eq!(hosts(&world), ["x", "y"]);
    world.deploy.ends(Ok(gives(json!({"hosts": []}))));
    let op = world.order("web:you", "app.ship", "none").await;
    assert_eq!(world.now(&op).await.runs[1].mark, StepMark::Skipped);
    world.deploy.ends(Ok(gives(json!({"hosts": "x"}))));
    let op = world.order("web:you", "app.ship", "odd").await;
    assert_eq!(world.now(&op).await.why.as_deref(), Some(r#"`for_each` of step `do` is no list: "x""#));
}

fn trying() -> Command {
    let mut ship = ship();
    ship.steps[0].retry = Some(TryAgain { times: 2, pause_secs: 10 });
    ship
}

#[tokio::test]
async fn a_known_failure_is_tried_again_after_a_pause() {
    let first = world(trying()).await;
    for _ in 0..2 {
        first.deploy.ends(Err(ActionError::failed("busy")));
    }
    let op = first.order("web:you", "app.ship", "web").await;
    assert_eq!((first.state(&op).await, first.deploy.begun().len()), (State::Running, 1));
    first.step(9).await;
    assert_eq!(first.deploy.begun().len(), 1);
    first.step(1).await;
    assert_eq!(first.deploy.begun().len(), 2);
    // The pause goes on over a restart.
    let all = commands().into_iter().chain([trying()]).collect();
    first.engine.stop();
    let second = first.restarted(policy(), all).await.recovered().await;
    assert_eq!((second.state(&op).await, second.deploy.begun().len()), (State::Running, 0));
    second.step(10).await;
    assert_eq!(second.state(&op).await, State::Succeeded);
    assert_eq!(second.deploy.begun()[0].key, format!("{}.do.3", op.id));
}

#[tokio::test]
async fn tries_come_to_an_end_and_what_is_unknown_is_not_tried() {
    let world = world(trying()).await;
    for _ in 0..3 {
        world.deploy.ends(Err(ActionError::failed("busy")));
    }
    let op = world.order("web:you", "app.ship", "a").await;
    world.step(10).await;
    world.step(10).await;
    assert_eq!(world.now(&op).await.why.as_deref(), Some("Step `do` failed: busy"));
    world.deploy.ends(Err(ActionError::unknown("who knows")));
    let op = world.order("web:you", "app.ship", "b").await;
    assert_eq!((world.state(&op).await, world.deploy.begun().len()), (State::NeedsHuman, 4));
    world.deploy.ends(Err(ActionError::failed("busy")));
    let op = world.order("web:you", "app.ship", "c").await;
    world.press("web:you", Abort, &op).await.expect("it is theirs");
    world.settle().await;
    assert_eq!((world.state(&op).await, world.deploy.begun().len()), (State::Aborted, 5));
}

fn undone() -> Command {
    let mut ship = ship();
    ship.steps[0].undo = Some(Undo {
        uses: ship.steps[0].uses.clone(),
        with: json!({"undo": "{{ steps.do.was }}"}),
        effect: None,
    });
    let second = Step { with: json!({"host": "{{ item }}"}), ..step(&ship, "each") };
    let undo =
        Undo { with: json!({"undo": "{{ item }}"}), ..ship.steps[0].undo.clone().expect("it is there") };
    let for_each = Some(ForEach { over: json!(["x", "y"]), at_once: 1 });
    ship.steps.push(Step { for_each, undo: Some(undo), ..second });
    ship.steps.push(Step { undo: None, ..step(&ship, "last") });
    ship.on_failure = OnFailure::Undo;
    ship
}

fn undos(world: &World) -> Vec<Value> {
    world.deploy.begun().iter().filter_map(|intent| intent.args.get("undo").cloned()).collect()
}

#[tokio::test]
async fn what_was_done_is_undone_in_reverse_after_a_failure() {
    let world = world(undone()).await;
    world.deploy.ends(Ok(gives(json!({"was": "v1"}))));
    world.deploy.ends(Ok(Outcome::default()));
    world.deploy.ends(Ok(Outcome::default()));
    world.deploy.ends(Err(ActionError::failed("no room.")));
    let op = world.order("web:you", "app.ship", "web").await;
    let op = world.now(&op).await;
    assert_eq!(op.state, State::Failed);
    assert_eq!(undos(&world), ["y", "x", "v1"]);
    let why = "Step `last` failed: no room. Undone: `each` for `y`, `each` for `x`, `do`.";
    assert_eq!(op.why.as_deref(), Some(why));
    let last = world.deploy.begun().last().map(|intent| intent.key.clone());
    assert_eq!(last, Some(format!("{}.undo.do.1", op.id)));
    assert!(world.last_text().contains("undo do"), "{}", world.last_text());
    assert!(world.store.locks().await.expect("locks").is_empty());
}

#[tokio::test]
async fn undoing_that_fails_is_said_and_goes_on_after_a_restart() {
    let first = world(undone()).await;
    first.deploy.ends(Ok(gives(json!({"was": "v1"}))));
    first.deploy.ends(Ok(Outcome::default()));
    first.deploy.ends(Err(ActionError::failed("no room.")));
    let op = first.order("web:you", "app.ship", "web").await;
    assert_eq!(undos(&first), ["x", "v1"], "what is done, not what failed");
    assert_eq!(first.state(&op).await, State::Failed);

    let broken = world(undone()).await;
    broken.deploy.ends(Ok(gives(json!({"was": "v1"}))));
    broken.deploy.ends(Ok(Outcome::default()));
    broken.deploy.ends(Err(ActionError::failed("no room.")));
    broken.deploy.ends(Err(ActionError::failed("stuck")));
    let op = broken.order("web:you", "app.ship", "web").await;
    let why = broken.now(&op).await.why.clone().unwrap_or_default();
    assert!(why.ends_with("What follows a failure broke off, too: `each` for `x`: stuck"), "{why}");
    assert_eq!(undos(&broken), ["x"]);
}

#[tokio::test]
async fn nothing_is_undone_where_nobody_can_tell_or_somebody_stopped_it() {
    let world = world(undone()).await;
    world.deploy.ends(Ok(gives(json!({"was": "v1"}))));
    world.deploy.ends(Err(ActionError::unknown("who knows")));
    let op = world.order("web:you", "app.ship", "a").await;
    assert_eq!(world.state(&op).await, State::NeedsHuman);
    world.deploy.hold();
    let op = world.order("web:you", "app.ship", "b").await;
    world.press("web:you", Abort, &op).await.expect("it is theirs");
    world.settle().await;
    assert_eq!(world.state(&op).await, State::Aborted);
    assert!(undos(&world).is_empty());
}

#[tokio::test]
async fn the_steps_for_a_failure_are_made_and_know_why() {
    let mut ship = ship();
    let tell = Step {
        with: json!({"why": "{{ failure }}", "state": "{{ steps.do.state }}"}),
        ..step(&ship, "tell")
    };
    ship.on_failure = OnFailure::Steps(vec![tell]);
    let world = world(ship).await;
    world.deploy.ends(Err(ActionError::failed("no room.")));
    let op = world.order("web:you", "app.ship", "web").await;
    let op = world.now(&op).await;
    let begun = world.deploy.begun();
    assert_eq!(begun[1].args, json!({"why": "Step `do` failed: no room.", "state": "failed"}));
    assert_eq!(op.state, State::Failed);
    assert_eq!(op.why.as_deref(), Some("Step `do` failed: no room. What its command does then is done."));
    let good = world.order("web:you", "app.ship", "good").await;
    assert_eq!((world.state(&good).await, world.deploy.begun().len()), (State::Succeeded, 3));
}
