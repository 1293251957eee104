//! What commands remember: each pack its own, within limits, for as long as it says, and counted once.

use std::sync::Arc;

use serde_json::{Value, json};
use wilco_contract::{
    command::{Command, Effect, Step},
    ids::{ActionName, CommandId},
    memory::{MemoryCall, MemoryEvent, Namespace, Remembered},
    operation::State,
    pattern::Pattern,
    policy::{Glob, Policy},
    principal::{Principal, Scope},
    store::{AuditFilter, Batch, Page, Record, When},
};
use wilco_engine::{Answer, Call, CallWhat, RefusedKind};

use crate::world::{World, command, commands, policy};

/// A command whose only step is this; its argument is called `app`.
fn remember(id: &str, effect: Effect, uses: &str, with: Value) -> Command {
    let word = id.replace('.', "-");
    let bare = command(id, &format!("{word} <app>"), effect, "test.read");
    let own = (effect == Effect::Read).then_some(Effect::Read);
    let uses = ActionName::parse(uses).expect("an action");
    let mut command =
        Command { steps: vec![Step { uses, with, effect: own, ..bare.steps[0].clone() }], ..bare };
    command.spec.lock = None;
    command.spec.words = vec![Pattern::parse(&format!("{word} <app>")).expect("a pattern")];
    command
}

fn all() -> Vec<Command> {
    use Effect::{Read, Write};
    let key = || json!({"key": "{{ app }}"});
    let karma = |more: Value| {
        let mut with = json!({"key": "{{ app }}", "namespace": "karma"});
        with.as_object_mut().expect("a table").extend(more.as_object().expect("a table").clone());
        with
    };
    let mine = json!({"key": "city", "value": "{{ app }}", "mine": true});
    let more = [
        remember("app.set", Write, "memory.set", json!({"key": "{{ app }}", "value": {"is": "{{ app }}"}})),
        remember("app.keep", Write, "memory.set", json!({"key": "{{ app }}", "value": 1, "for": "2h"})),
        remember("app.get", Read, "memory.get", json!({"key": "{{ app }}", "default": "none"})),
        remember("app.list", Read, "memory.list", json!({})),
        remember("app.plus", Write, "memory.add", karma(json!({"by": 2}))),
        remember("app.karma", Read, "memory.get", karma(json!({}))),
        remember("app.forget", Write, "memory.forget", key()),
        remember("app.home", Read, "memory.set", mine),
        remember("app.where", Read, "memory.get", json!({"key": "city", "mine": true})),
        remember("app.sneak", Read, "memory.set", json!({"key": "x", "value": "{{ app }}"})),
        remember("app.other", Write, "memory.set", json!({"key": "x", "value": 1, "namespace": "{{ app }}"})),
        remember("app.big", Write, "memory.set", json!({"key": "{{ app }}", "value": "x".repeat(16_380)})),
        remember("fun.get", Read, "memory.get", json!({"key": "{{ app }}", "default": "none"})),
        remember("fun.set", Write, "memory.set", json!({"key": "{{ app }}", "value": "fun's"})),
    ];
    commands().into_iter().chain(more).collect()
}

fn granted() -> Policy {
    let mut policy = policy();
    let fun = wilco_contract::policy::Grant { command: Glob("fun.*".to_owned()), ..policy.grants[0].clone() };
    policy.grants.push(fun);
    policy
}

async fn world() -> World {
    World::on_new(granted(), all()).await
}

/// What a read says.
async fn read(world: &World, who: &str, id: &str, app: &str) -> String {
    match world.call(who, id, app).await {
        Answer::Done { reply, .. } => reply.plain(),
        other => panic!("no answer: {other:?}"),
    }
}

/// What the word `memory` says.
async fn sizes(world: &World) -> String {
    let what = CallWhat::Order("memory".to_owned());
    let call = Call { who: world.who("web:bo"), what, place: None, because: None, dry_run: false, key: None };
    match world.engine.call(call).await {
        Answer::Done { reply, .. } => reply.plain(),
        other => panic!("no answer: {other:?}"),
    }
}

/// How a write ends, and why.
async fn write(world: &World, id: &str, app: &str) -> (State, String) {
    let op = world.order("web:you", id, app).await;
    let op = world.now(&op).await;
    (op.state, op.why.clone().unwrap_or_default())
}

async fn wrote(world: &World, id: &str, app: &str) {
    let (state, why) = write(world, id, app).await;
    assert_eq!(state, State::Succeeded, "{why}");
}

fn namespace(name: Option<&str>) -> Namespace {
    Namespace { pack: "app".to_owned(), name: name.map(str::to_owned), person: None }
}

#[tokio::test]
async fn a_command_finds_what_another_of_its_pack_remembered_and_no_other_pack_does() {
    let world = world().await;
    assert_eq!(read(&world, "web:you", "app.get", "web").await, "`web` is none");
    wrote(&world, "app.set", "web").await;
    assert_eq!(read(&world, "web:bo", "app.get", "web").await, r#"`web` is {"is":"web"}"#);
    assert_eq!(read(&world, "web:you", "fun.get", "web").await, "`web` is none");
    wrote(&world, "fun.set", "web").await;
    assert_eq!(read(&world, "web:you", "app.get", "web").await, r#"`web` is {"is":"web"}"#);
    // Not by any name for a namespace either.
    wrote(&world, "app.other", "fun").await;
    assert_eq!(read(&world, "web:you", "fun.get", "x").await, "`x` is none");
    for name in ["../fun", "fun/x", "@you", "", "FUN", "fun.x"] {
        let (state, why) = write(&world, "app.other", name).await;
        assert_eq!(state, State::Failed, "{name}");
        assert!(why.contains("cannot be a namespace"), "{why}");
    }
    wrote(&world, "app.forget", "web").await;
    assert_eq!(read(&world, "web:you", "app.get", "web").await, "`web` is none");
    wrote(&world, "app.forget", "web").await;
    let Answer::Done { rows, .. } = world.call("web:you", "app.list", "-").await else { panic!("no list") };
    assert_eq!(rows, Some(vec![]));
    let filter = AuditFilter { kind: Some("memory.".to_owned()), ..AuditFilter::default() };
    let told = world.store.audit(&filter, Page { after: 0, limit: 9 }).await.expect("the audit");
    let told: Vec<_> =
        told.iter().map(|row| (row.kind.as_str(), row.who.as_deref().unwrap_or_default())).collect();
    let (set, forgot) = (("memory.set", "@you"), ("memory.forgot", "@you"));
    assert_eq!(told, [set, set, set, forgot], "every change is in the audit");
}

#[tokio::test]
async fn a_number_is_added_to_and_what_is_none_is_left_alone() {
    let world = world().await;
    wrote(&world, "app.plus", "ana").await;
    wrote(&world, "app.plus", "ana").await;
    assert_eq!(read(&world, "web:you", "app.karma", "ana").await, "`ana` is 4");
    assert_eq!(read(&world, "web:you", "app.get", "ana").await, "`ana` is none", "another namespace");
    let shown = world.last_text();
    assert!(shown.contains("`ana` is 4"), "{shown}");
    let entry = |value: Value| Remembered {
        namespace: namespace(Some("karma")),
        key: "bo".to_owned(),
        value,
        version: 1,
        at: world.time(),
        until: None,
    };
    store(&world, [entry(json!("good"))]).await;
    let (state, why) = write(&world, "app.plus", "bo").await;
    assert_eq!(state, State::Failed);
    assert!(why.contains("`bo` is good, to which nothing can be added"), "{why}");
    store(&world, [Remembered { version: 2, ..entry(json!(i64::MAX)) }]).await;
    assert_eq!(write(&world, "app.plus", "bo").await.0, State::Failed);
}

/// Writes past the engine.
async fn store(world: &World, entries: impl IntoIterator<Item = Remembered>) {
    let by = || MemoryCall { key: "test".to_owned(), operation: None, who: "@you".to_owned() };
    let set = |entry| Record::Memory(Box::new(MemoryEvent::Set { entry, by: by() }));
    let records = entries.into_iter().map(set).collect();
    world.store.commit(Batch { at: world.time(), records }, When::Now).await.expect("written");
}

#[tokio::test]
async fn everybody_has_their_own_where_the_step_says_so_and_a_read_changes_nothing_else() {
    let world = world().await;
    assert_eq!(read(&world, "web:you", "app.home", "Berlin").await, "`city` is remembered");
    assert_eq!(read(&world, "irc:you2", "app.where", "-").await, "`city` is Berlin", "by any account");
    assert_eq!(read(&world, "web:bo", "app.where", "-").await, "nothing is remembered as `city`");
    let nobody = Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
    let Answer::Refused { reply, .. } = world.call_as(nobody, "app.where", "-").await else {
        panic!("an answer")
    };
    assert_eq!(reply.plain(), "`mine` is a person's own, and token:ci is none.");
    let Answer::Refused { reply, kind } = world.call("web:you", "app.sneak", "x").await else {
        panic!("taken")
    };
    assert_eq!(kind, RefusedKind::Failed);
    assert_eq!(reply.plain(), "`memory.set` changes what is not the asker's own, which a read may not.");
    assert_eq!(world.store.remembered(&namespace(None), "x").await, Ok(None));
}

#[tokio::test]
async fn what_is_kept_for_a_while_is_gone_then_and_swept_by_and_by() {
    let world = World::on_new(granted(), all()).await.recovered().await;
    wrote(&world, "app.keep", "web").await;
    world.step(7_199).await;
    assert_eq!(read(&world, "web:you", "app.get", "web").await, "`web` is 1");
    world.step(1).await;
    assert_eq!(read(&world, "web:you", "app.get", "web").await, "`web` is none");
    let Answer::Done { rows, .. } = world.call("web:you", "app.list", "-").await else { panic!("no list") };
    assert_eq!(rows, Some(vec![]));
    assert_eq!(sizes(&world).await, "No command remembers anything.");
    // It may be set again before it was swept.
    wrote(&world, "app.keep", "web").await;
    assert_eq!(read(&world, "web:you", "app.get", "web").await, "`web` is 1");
    // Looked for once a minute, and not just now.
    for secs in [3_599, 3_600, 1] {
        world.step(secs).await;
    }
    assert!(world.store.remembered(&namespace(None), "web").await.expect("a read").is_some());
    world.step(60).await;
    assert_eq!(world.store.remembered(&namespace(None), "web").await, Ok(None));
}

#[tokio::test]
async fn what_is_too_much_is_told_with_the_limit_and_nothing_is_stored() {
    let world = world().await;
    let refused = async |id: &str, key: &str, says: &str| {
        let (state, why) = write(&world, id, key).await;
        assert_eq!(state, State::Failed, "{says}");
        assert!(why.contains(says) && why.contains("nothing was stored"), "{why}");
    };
    refused("app.set", &"k".repeat(201), "a key has 1 to 200 bytes, and this one has 201").await;
    let long = "v".repeat(16_384);
    refused("app.set", &long, "a key has 1 to 200 bytes").await;
    let entry = |key: String, value: Value, name: Option<String>| Remembered {
        namespace: Namespace { name, ..namespace(None) },
        key,
        value,
        version: 1,
        at: world.time(),
        until: None,
    };
    // 62 values of 16 KiB leave room for one more in the megabyte.
    store(&world, (0..62).map(|at| entry(format!("b{at:02}"), json!("x".repeat(16_380)), None))).await;
    wrote(&world, "app.big", "b00").await;
    wrote(&world, "app.big", "last").await;
    refused("app.big", "more", "`app` would hold more than 1048576 bytes").await;
    store(&world, (0..1_000).map(|at| entry(format!("k{at:03}"), json!(0), Some("karma".to_owned())))).await;
    refused("app.plus", "new", "`app/karma` has 1000 keys, which are the most").await;
    wrote(&world, "app.plus", "k000").await;
    store(&world, (0..998).map(|at| entry("k".to_owned(), json!(0), Some(format!("n{at:03}"))))).await;
    refused("app.other", "new", "`app` has 1000 namespaces, which are the most").await;
    wrote(&world, "app.other", "n000").await;
}

#[tokio::test]
async fn the_word_memory_tells_how_much_there_is_and_whose_pack_is_gone() {
    let world = world().await;
    wrote(&world, "app.plus", "ana").await;
    for who in ["web:you", "web:bo"] {
        read(&world, who, "app.home", "Berlin").await;
    }
    let gone = Namespace { pack: "gone".to_owned(), ..namespace(None) };
    let entry = Remembered {
        namespace: gone,
        key: "k".to_owned(),
        value: json!(1),
        version: 1,
        at: world.time(),
        until: None,
    };
    store(&world, [entry]).await;
    let told = sizes(&world).await;
    let lines: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["namespace", "keys", "size", "note"]);
    assert_eq!(lines[1], ["app/karma", "1", "4"]);
    assert_eq!(lines[2], ["app@…", "2", "24", "each", "person's", "own"]);
    assert_eq!(lines[3], ["gone", "1", "2", "its", "pack", "is", "not", "there"]);
}

#[tokio::test]
async fn many_who_add_at_once_are_all_counted() {
    let world = Arc::new(world().await);
    let id = CommandId::parse("app.plus").expect("an id");
    let adds = (0..20).map(|_| world.call("web:you", id.as_str(), "ana"));
    futures_util::future::join_all(adds).await;
    world.settle().await;
    assert_eq!(read(&world, "web:you", "app.karma", "ana").await, "`ana` is 40");
}
