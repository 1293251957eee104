//! Steps that are more than one call after the other: conditions.

use serde_json::{Value, json};
use wilco_contract::{
    action::Outcome,
    command::{Command, Effect, Step},
    expr::Condition,
    operation::{Operation, State},
    reply::StepMark,
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
