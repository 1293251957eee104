//! What becomes of what was read: echoed as it is run, looked up where a command knows, told as JSON where one asks.

use std::sync::Arc;

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use wilco_contract::{
    action::{ActionError, Outcome},
    command::{Command, Effect},
    policy::{Grant, Policy},
    reply::Block,
    values::{ArgType, Asked},
};
use wilco_engine::{
    Engine,
    catalogue::{Catalogue, Reading},
};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};

use crate::world::{World, command, commands, policy};

fn of(id: &str, words: &str, effect: Effect, kind: ArgType) -> Command {
    let uses = if effect == Effect::Read { "test.read" } else { "test.deploy" };
    let mut command = command(id, words, effect, uses);
    command.spec.args[0].kind = kind;
    command
}

/// Commands with an argument of every kind, and one that tells which apps there are.
fn every_kind() -> Vec<Command> {
    let write = |id: &str, words: &str, kind| of(id, words, Effect::Write, kind);
    let mut apps = of("list.apps", "apps", Effect::Read, ArgType::Word);
    apps.spec.args.clear();
    apps.steps[0].with = json!({});
    let column = Some("name".to_owned());
    commands()
        .into_iter()
        .chain([
            apps,
            write("app.start", "start <app>", ArgType::ChoiceOf { run: "apps".into(), column }),
            write("app.first", "first <app>", ArgType::ChoiceOf { run: "apps".into(), column: None }),
            write("app.odd", "odd <app>", ArgType::ChoiceOf { run: "restart x".into(), column: None }),
            write("app.at", "at <app>", ArgType::Time),
            write("app.wait", "wait <app>", ArgType::Duration),
            write("app.trim", "trim <app>", ArgType::Bytes),
            write("app.page", "page <app>", ArgType::Person),
            write("app.post", "post <app>", ArgType::Room),
            write("app.note", "note <app...>", ArgType::Text),
            write("app.set", "set <app...>", ArgType::Json),
            write("app.pick", "pick <app>", ArgType::Choice(vec!["Red".into(), "blue".into()])),
        ])
        .collect()
}

async fn world_under(policy: Policy) -> World {
    World::on(Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7)))), policy, every_kind()).await
}

async fn world() -> World {
    world_under(policy()).await
}

fn apps(world: &World) {
    let rows = vec![json!({"id": 1, "name": "Web"}), json!({"id": 2, "name": "api"})];
    world.read.ends(Ok(Outcome { rows: Some(rows), ..Outcome::default() }));
}

fn app_of(world: &World) -> Value {
    world.deploy.begun().last().map_or(Value::Null, |intent| intent.args["app"].clone())
}

#[tokio::test]
async fn a_time_is_echoed_and_run_as_the_same_moment() {
    let world = world().await;
    world.say("web:you", "1", "wilco at friday 18:00").await;
    assert_eq!(app_of(&world), json!("2026-11-27T18:00:00+00:00"));
    assert!(world.last_text().contains("at 2026-11-27T18:00:00+00:00"), "{}", world.last_text());
    world.say("web:you", "2", "wilco at friday").await;
    assert!(world.last_text().contains("say the hour, too"), "{}", world.last_text());
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn me_and_here_are_whoever_asks_and_where() {
    let world = world().await;
    world.say("irc:you2", "1", "wilco page me").await;
    assert_eq!(app_of(&world), json!("you"));
    world.say("web:bo", "2", "wilco page ANA").await;
    assert_eq!(app_of(&world), json!("ana"));
    world.say("web:bo", "3", "wilco post here").await;
    assert_eq!(app_of(&world), json!("web:ops"));
    world.say("web:bo", "4", "wilco page aan").await;
    let text = world.last_text();
    assert!(text.contains("not a person that is known here; the nearest is `@ana`"), "{text}");
    assert_eq!(world.deploy.begun().len(), 3);
}

#[tokio::test]
async fn again_looks_at_what_may_be_chosen_now_and_nobody_gave_that_look() {
    let world = world().await;
    apps(&world);
    world.say("web:you", "1", "wilco start web").await;
    world.store.flush().await.expect("written");
    world.say("web:you", "2", "wilco history").await;
    assert!(!world.last_text().contains("apps"), "{}", world.last_text());
    let rows = vec![json!({"id": 2, "name": "api"})];
    world.read.ends(Ok(Outcome { rows: Some(rows), ..Outcome::default() }));
    world.say("web:you", "3", "wilco again 1").await;
    assert!(world.last_text().contains("`Web` is not one of api"), "{}", world.last_text());
    assert_eq!(world.deploy.begun().len(), 1);
}

#[tokio::test]
async fn a_choice_is_what_its_command_tells_the_asker() {
    let world = world().await;
    apps(&world);
    world.say("web:you", "1", "wilco start WEB").await;
    assert_eq!(app_of(&world), json!("Web"));
    assert!(world.last_text().contains("start Web"), "{}", world.last_text());
    assert_eq!(world.read.begun()[0].asker, world.who("web:you"));
    apps(&world);
    world.say("web:you", "2", "wilco start wbe").await;
    let text = world.last_text();
    assert!(text.contains("`app`: `wbe` is not one of Web, api; the nearest is `Web`"), "{text}");
    // Without a column, the first one counts.
    apps(&world);
    world.say("web:you", "3", "wilco first 2").await;
    assert_eq!(app_of(&world), json!("2"));
    // What a program says in lines are choices, too.
    world.read.ends(Ok(Outcome { text: Some("red\nblue\n".to_owned()), ..Outcome::default() }));
    world.say("web:you", "4", "wilco first Blue").await;
    assert_eq!(app_of(&world), json!("blue"));
    assert_eq!(world.deploy.begun().len(), 3);
}

#[tokio::test]
async fn a_choice_that_cannot_be_told_starts_nothing() {
    let world = world().await;
    world.say("web:you", "1", "wilco odd x").await;
    let text = world.last_text();
    assert!(text.contains("What `app` may be is told by `restart x`, and that was not done"), "{text}");
    world.read.ends(Ok(Outcome { rows: Some(Vec::new()), ..Outcome::default() }));
    world.say("web:you", "2", "wilco start web").await;
    assert!(
        world.last_text().contains("one of those that `apps` tells: there are none"),
        "{}",
        world.last_text()
    );
    world.read.ends(Ok(Outcome::default()));
    world.say("web:you", "3", "wilco start web").await;
    assert!(world.last_text().contains("there is no such column"), "{}", world.last_text());
    assert!(world.deploy.begun().is_empty());
}

#[tokio::test]
async fn a_choice_is_not_told_to_whom_the_gate_refuses_it() {
    let mut policy = policy();
    // A read that a grant names by its full id is open to those alone.
    let only =
        Grant { command: wilco_contract::policy::Glob("list.apps".to_owned()), ..policy.grants[1].clone() };
    policy.grants[0].command = wilco_contract::policy::Glob("app.start".to_owned());
    policy.grants.push(only);
    let world = world_under(policy).await;
    world.say("web:you", "1", "wilco start web").await;
    let text = world.last_text();
    assert!(text.contains("What `app` may be is told by `apps`, and that was not done"), "{text}");
    assert!(world.read.begun().is_empty() && world.deploy.begun().is_empty());
}

#[tokio::test]
async fn what_one_is_told_to_say_works_where_it_is_told() {
    let world = world().await;
    world.say("web:you", "1", "wilco help").await;
    let room = world.last_text();
    assert!(room.contains("say `wilco help app`") && room.contains("Say `wilco help <word>`"), "{room}");
    world.say("web:you", "1b", "wilco help list").await;
    assert!(world.last_text().starts_with("`wilco apps`"), "{}", world.last_text());
    world.say("web:you", "2", "wilco help start").await;
    assert!(world.last_text().starts_with("`wilco start <app>` – "), "{}", world.last_text());
    world.say("web:you", "3", "wilco again 7").await;
    let refused = "There is no order 7 of yours here; say `wilco history` for those there are.";
    assert_eq!(world.last_text(), refused);
    // What a program says is a hint in a refusal, and whatever it is where it was found.
    world.read.ends(Err(ActionError::failed("nothing runs; say `start web` first")));
    world.say("web:you", "4", "wilco apps").await;
    assert_eq!(world.last_text(), "Nothing runs; say `wilco start web` first.");
    world.read.ends(Ok(Outcome { text: Some("They say `start web` here.".into()), ..Outcome::default() }));
    world.say("web:you", "5", "wilco apps").await;
    assert_eq!(world.last_text(), "They say `start web` here.");
    // Where only we listen, the words stay bare.
    world.whisper("web:you", "6", "help start").await;
    assert!(world.last_text().starts_with("`start <app>` – "), "{}", world.last_text());
    world.whisper("web:you", "7", "again 7").await;
    assert!(world.last_text().contains("say `history`"), "{}", world.last_text());
    world.whisper("web:you", "8", "history").await;
    assert!(
        world.last_text().ends_with("Say `again <number>` to give one of them again."),
        "{}",
        world.last_text()
    );
    world.say("web:you", "9", "wilco history").await;
    assert!(world.last_text().contains("Say `wilco again <number>` to"), "{}", world.last_text());
}

#[tokio::test]
async fn what_people_say_is_told_as_they_said_it() {
    let world = world().await;
    world.say("web:you", "1", "wilco ping say `start web`").await;
    assert_eq!(world.last_text(), "pong say `start web`");
    world.say("web:you", "2", "wilco stage web --because \"they say `start web`\"").await;
    let waits = world.last_text().split(' ').next().unwrap_or_default().to_owned();
    assert!(world.last_text().contains("says: they say `start web`"), "{}", world.last_text());
    world.say("web:you", "3", &format!("wilco deny {waits} --because \"say `start web`\"")).await;
    world.settle().await;
    let told = world.network.texts().join("\n");
    assert!(told.contains("say `start web`") && !told.contains("wilco start web"), "{told}");
}

#[tokio::test]
async fn what_one_may_not_use_is_seen_with_the_rule() {
    let mut policy = policy();
    policy.grants[0].to.retain(|grantee| grantee.to_string() != "role:developer");
    policy.grants[0].to.push(wilco_contract::policy::Grantee::parse("role:lead").expect("a role"));
    let world = world_under(policy).await;
    let seen = |account: &str| {
        let all = world.engine.commands_seen(&world.who(account), &crate::world::place());
        let of = |(command, denial): &(Arc<Command>, Option<_>)| {
            (command.spec.id.as_str() == "app.start").then(|| denial.clone())
        };
        (all.len(), all.iter().find_map(of).expect("the command"))
    };
    let ((all, mine), (same, no)) = (seen("web:ana"), seen("web:bo"));
    assert_eq!((all, mine), (same, None), "both see all there is");
    let no = no.expect("a no");
    assert_eq!(
        (no.rule.as_str(), no.who_can.as_deref()),
        ("no grant", Some("operator, role:lead (@ana), token:ci"))
    );
    let usable = world.engine.commands_for(&world.who("web:bo"), &crate::world::place());
    assert!(usable.iter().all(|command| command.spec.id.as_str() != "app.start"));
}

/// The newest JSON that was shown; an operation's status stands beside it.
fn as_json(world: &World) -> Value {
    let texts = world.network.texts();
    let read = |text: &String| serde_json::from_str(text.trim_matches(['`', '\n'])).ok();
    texts.iter().rev().find_map(read).unwrap_or_else(|| panic!("no JSON in {texts:?}"))
}

#[tokio::test]
async fn whoever_asks_for_json_gets_every_answer_as_json() {
    let world = world().await;
    apps(&world);
    world.say("web:you", "1", "wilco apps --json").await;
    assert_eq!(as_json(&world)[1]["name"], "api");
    world.say("web:you", "2", "wilco whoami --json").await;
    assert!(as_json(&world)["text"].as_str().is_some_and(|text| text.contains("you")));
    world.say("web:you", "3", "wilco help --json").await;
    let says = |row: &Value| row["say"] == "whoami" && row["effect"] == "read";
    assert!(as_json(&world).as_array().is_some_and(|rows| rows.iter().any(says)));
    world.say("web:you", "4", "wilco restart frozen --json").await;
    let refused = as_json(&world);
    assert_eq!(refused["refused"], "Production is frozen.");
    assert_eq!(refused["rule"], "wilco.toml:22");
    world.say("web:you", "5", "wilco pick green --json").await;
    assert!(as_json(&world)["refused"].as_str().is_some_and(|text| text.contains("not one of Red, blue")));
    world.say("web:you", "6", "wilco confirm --json").await;
    assert!(as_json(&world)["refused"].as_str().is_some_and(|text| text.contains("No order of yours waits")));
    world.say("web:you", "7", "wilco stage web --json").await;
    let made = as_json(&world);
    assert_eq!(
        (made["state"].as_str(), made["order"].as_str()),
        (Some("awaiting_confirm"), Some("stage web --json"))
    );
    assert_eq!(made["hash"].as_str().map(str::len), Some(64));
}

/// Words of orders, and what people put between and around them.
fn line() -> impl Strategy<Value = String> {
    let words = vec![
        "wilco",
        "wilco,",
        ".",
        "stage",
        "restart",
        "release",
        "at",
        "wait",
        "trim",
        "page",
        "post",
        "note",
        "set",
        "pick",
        "start",
        "plan",
        "web",
        "red",
        "Blue",
        "me",
        "@ana",
        "here",
        "#ops",
        "friday",
        "18:00",
        "tomorrow",
        "in",
        "2",
        "hours",
        "GiB",
        "1h30m",
        "500ms",
        "1.5kB",
        "{\"a\":",
        "1}",
        "--app",
        "app=web",
        "--dry-run",
        "--because",
        "--json",
        "--force",
        "--",
        "\"a b\"",
        "“x y”",
        "—dry-run",
        "`",
        "&gt;",
        "|",
        ">",
        "| first 3",
        "| where a=b",
        "> web:dev",
        "\n",
        "。",
        "２",
    ];
    let word = prop_oneof![9 => select(words).prop_map(str::to_owned), 1 => "\\PC{0,5}"];
    let order = select(vec![
        "wilco restart",
        "wilco at",
        "wilco wait",
        "wilco page",
        "wilco note",
        "wilco pick",
        ".set",
        "wilco",
    ]);
    (order, prop::collection::vec(word, 0..5))
        .prop_map(|(order, words)| format!("{order} {}", words.join(" ")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// What is run has the arguments that its status shows in the room: whoever reads the line there knows all of it.
    #[test]
    fn what_was_not_echoed_is_never_executed(line in line()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (begun, titles) = runtime.block_on(async {
            let world = world().await;
            apps(&world);
            world.say("web:you", "1", &line).await;
            let blocks = world.network.shown().into_iter().flat_map(|shown| shown.reply.blocks);
            let titles: Vec<_> = blocks
                .filter_map(|block| match block {
                    Block::Status { title, .. } => Some(title),
                    _ => None,
                })
                .collect();
            (world.deploy.begun(), titles)
        });
        let all = Engine::own_commands().into_iter().chain(every_kind()).collect();
        let catalogue = Catalogue::build(all).expect("no collisions");
        prop_assert!(begun.len() <= 1, "{line:?}");
        for intent in begun {
            // Whoever reads the status elsewhere, at another time, knows all of it.
            let [title] = &titles[..] else { panic!("{line:?} showed {titles:?}") };
            let Reading::Order(order) = catalogue.read(title, &Asked::default()) else { panic!("{title:?} is no order") };
            prop_assert_eq!(order.args.get("app"), Some(&intent.args["app"]), "{:?} showed {:?}", line, title);
            prop_assert!(!order.flags.dry_run && order.command.spec.effect > Effect::Read, "{:?} showed {:?}", line, title);
        }
    }
}
