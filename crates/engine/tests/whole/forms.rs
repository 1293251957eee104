//! The form beside a question: what it asks for, and when it is taken away.

use wilco_contract::{
    operation::State,
    pattern::Pattern,
    reply::{Blank, Block},
    store::Page,
    values::ArgType,
};

use crate::world::{World, commands, policy};

/// A world in which `ship` takes an app, a ref and a yes or no.
async fn world() -> World {
    let mut commands = commands();
    let mut ship = commands[2].clone();
    ship.spec.id = wilco_contract::ids::CommandId::parse("app.ship").expect("an id");
    ship.spec.words = vec![Pattern::parse("ship <app> [at] <ref>").expect("a pattern")];
    ship.spec.examples = vec!["ship billing at v3 --wait-long yes".to_owned()];
    ship.spec.args[0].kind = ArgType::Choice(vec!["web".to_owned(), "billing".to_owned()]);
    for (name, kind) in [("ref", ArgType::Ref), ("wait_long", ArgType::Bool)] {
        let mut arg = ship.spec.args[0].clone();
        (arg.name, arg.kind, arg.about) = (name.to_owned(), kind, format!("about {name}"));
        ship.spec.args.push(arg);
    }
    commands.push(ship);
    World::on_new(policy(), commands).await
}

/// The form beside a message: how its order begins, and the blanks.
fn form(world: &World, at: usize) -> Option<(String, Vec<Blank>)> {
    let shown = world.network.shown();
    shown[at].reply.blocks.iter().find_map(|block| match block {
        Block::Ask { whom, line, blanks, .. } => {
            assert_eq!(whom.as_str(), "web:you");
            Some((line.clone(), blanks.clone()))
        }
        _ => None,
    })
}

async fn orders(world: &World) -> Vec<(String, State)> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| (operation.order.clone(), operation.state)).collect()
}

#[tokio::test]
async fn a_form_asks_for_all_that_is_missing_and_one_line_fills_it_in() {
    let world = world().await;
    world.say("web:you", "1", "wilco ship --because \"a \\\"customer\\\" waits\"").await;
    let (line, blanks) = form(&world, 0).expect("a form");
    assert_eq!(line, "wilco ship --because \"a \\\"customer\\\" waits\"");
    let names: Vec<_> = blanks.iter().map(|blank| (blank.name.as_str(), blank.kind.as_str())).collect();
    assert_eq!(names, [("app", "choice"), ("ref", "ref"), ("wait-long", "bool")]);
    assert_eq!(
        (&blanks[0].choices, &blanks[2].choices),
        (&vec!["web".into(), "billing".into()], &vec!["yes".into(), "no".into()])
    );
    assert_eq!((blanks[1].fits.as_str(), blanks[1].about.as_str()), ("a commit, tag or branch", "about ref"));
    assert_eq!(blanks[1].example.as_deref(), Some("v3"));
    // What is said of it without a form is what was always said.
    assert!(world.last_text().starts_with("`ship <app> [at] <ref>` needs `app`"), "{}", world.last_text());

    let whole = format!("{line} --app web --ref \"v1\" --wait-long no");
    world.reply("web:you", "2", "1", &whole).await;
    let said = "ship web v1 --wait-long no --because \"a \\\"customer\\\" waits\"".to_owned();
    assert_eq!(orders(&world).await, [(said, State::Succeeded)]);
    assert!(form(&world, 0).is_none(), "nobody waits for it any more");
    assert!(
        !world.network.texts().iter().any(|text| text.contains("dropped")),
        "{:?}",
        world.network.texts()
    );
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
    world.step(600).await;
    assert!(!world.last_text().contains("Nobody said"), "{}", world.last_text());
}

#[tokio::test]
async fn what_stands_behind_an_order_stays_behind_what_is_filled_in() {
    let world = world().await;
    world.say("web:you", "1", "wilco status | first 3").await;
    let shown = world.network.shown();
    let ends = |block: &Block| match block {
        Block::Ask { line, behind, .. } => Some((line.clone(), behind.clone())),
        _ => None,
    };
    let found = shown[0].reply.blocks.iter().find_map(ends);
    assert_eq!(found, Some(("wilco status".to_owned(), " | first 3".to_owned())));
}

#[tokio::test]
async fn what_was_answered_by_word_is_in_the_next_form() {
    let world = world().await;
    world.say("web:you", "1", "wilco ship").await;
    world.reply("web:you", "2", "1", "billing").await;
    assert!(form(&world, 0).is_none());
    let (line, blanks) = form(&world, 1).expect("a form");
    assert_eq!((line.as_str(), blanks.len()), ("wilco ship --app billing", 2));
    world.reply("web:you", "3", "1", "cancel").await;
    assert!(form(&world, 1).is_none());
}

#[tokio::test]
async fn what_does_not_fit_in_a_form_is_told_and_the_question_stands() {
    let world = world().await;
    world.say("web:you", "1", "wilco ship").await;
    world.reply("web:you", "2", "1", "wilco ship --app shop --ref v1 --wait-long no").await;
    assert!(world.last_text().contains("`shop` is not one of web, billing"), "{}", world.last_text());
    assert!(form(&world, 0).is_some(), "{:?}", world.network.texts());
    world.reply("web:you", "3", "1", "wilco ship --app web --ref v1 --wait-long no").await;
    assert_eq!(orders(&world).await.len(), 1);
    assert!(form(&world, 0).is_none());
}

#[tokio::test]
async fn a_form_ends_with_its_time_and_with_another_order() {
    let world = world().await;
    world.say("web:you", "1", "wilco ship").await;
    world.step(121).await;
    assert!(form(&world, 0).is_none(), "{:?}", world.network.texts());
    world.say("web:you", "2", "wilco ship").await;
    assert!(form(&world, 2).is_some());
    // Elsewhere the same command is another order.
    world.say("web:you", "3", "wilco ship web v1 --wait-long no").await;
    assert!(form(&world, 2).is_none());
    assert!(world.network.texts()[3].contains("as you gave another order"), "{:?}", world.network.texts());
}

#[tokio::test]
async fn in_a_direct_conversation_the_line_needs_no_name_and_text_networks_have_no_form() {
    let world = world().await;
    world.whisper("web:you", "1", "ship").await;
    assert_eq!(form(&world, 0).expect("a form").0, "ship");
    let plain = World::on_plain(policy(), commands()).await;
    plain.say("web:you", "1", "wilco restart").await;
    assert!(form(&plain, 0).is_none());
}
