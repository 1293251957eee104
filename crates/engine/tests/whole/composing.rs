//! Orders with something behind them: stages over rows, and answers that are said elsewhere.

use std::sync::Arc;

use serde_json::{Value, json};
use wilco_contract::{
    action::Outcome,
    ids::Place,
    listen::{Does, Hear, Listener, On},
    operation::State,
    policy::{Flags, Glob, Grant, Grantee, Policy, Requirement},
    principal::{Principal, Scope},
    schedule::{Cadence, Cron, Missed, Schedule},
    store::{AuditFilter, Page},
    values::ArgType,
};
use wilco_engine::{Answer, Call, CallWhat};
use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};

use crate::{
    events::{issue, origin, routes, send, to},
    world::{World, commands, policy, requirement},
};

fn services() -> Vec<Value> {
    vec![
        json!({"name": "web", "state": "ok", "age": 9, "host": {"zone": "a"}}),
        json!({"name": "api", "state": "failed", "age": 10, "host": {"zone": "b"}}),
        json!({"name": "db, main", "state": "failed", "age": 2, "host": {"zone": "a"}, "owner": "ana"}),
    ]
}

fn with_rows(rows: Vec<Value>) -> Outcome {
    Outcome { rows: Some(rows), ..Outcome::default() }
}

/// Says a line to which the read answers with the services, and returns what was answered.
async fn say(world: &World, line: &str) -> String {
    world.read.ends(Ok(with_rows(services())));
    let id = format!("{}{line}", world.store.head().await.expect("a head").seq);
    world.say("web:you", &id, line).await;
    world.store.flush().await.expect("written");
    world.step(2).await;
    world.last_text()
}

fn room(name: &str) -> Place {
    Place::parse(name).expect("a place")
}

async fn audit(world: &World, kind: &str) -> Vec<(String, String)> {
    world.store.flush().await.expect("written");
    let rows =
        world.store.audit(&AuditFilter::default(), Page { after: 0, limit: 200 }).await.expect("audit");
    let text = |body: &Value, name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let of_kind = rows.into_iter().filter(|row| row.kind == kind).filter_map(|row| row.body);
    of_kind.map(|body| (text(&body, "place"), text(&body, "text"))).collect()
}

async fn operations(world: &World) -> usize {
    world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations").len()
}

#[tokio::test]
async fn stages_go_on_with_the_rows_of_a_read() {
    let world = World::new().await;
    for (behind, said) in [
        ("where state=failed | columns name age", "name      age\napi       10\ndb, main  2"),
        ("where state == 'failed' and age > 3 | columns name", "name\napi"),
        ("where name ~ DB | columns age", "age\n2"),
        ("where state!=failed | columns name", "name\nweb"),
        ("where age=10.0 | columns name", "name\napi"),
        ("where host.zone == 'a' | columns name", "name\nweb\ndb, main"),
        ("where row['name']|length == 3 | columns name", "name\nweb\napi"),
        ("where owner=ana | columns name", "name\ndb, main"),
        ("where owner is defined and owner == 'ana' | count", "count\n1"),
        ("sort age | columns age", "age\n2\n9\n10"),
        ("sort age desc | first 1 | columns name", "name\napi"),
        ("sort state desc, age desc | columns name", "name\nweb\napi\ndb, main"),
        ("sort owner | columns name", "name\ndb, main\nweb\napi"),
        ("last 1 | columns name", "name\ndb, main"),
        ("count", "count\n3"),
        ("count by state", "state   count\nok      1\nfailed  2"),
        ("count by state | sort count desc | first 1", "state   count\nfailed  2"),
        ("columns age, name | first 1 | table", "age  name\n9    web"),
        ("where state=gone", "There are no such rows."),
        ("columns name state | csv", "name,state\nweb,ok\napi,failed\n\"db, main\",failed"),
        ("where state=gone | json", "[]"),
    ] {
        assert_eq!(say(&world, &format!("wilco status x | {behind}")).await, said, "{behind}");
    }
    // What is typed is counted as one order.
    assert_eq!(world.read.begun().len(), 21);
}

#[tokio::test]
async fn json_is_the_same_as_a_flag_and_as_a_stage() {
    let world = World::new().await;
    let stage = say(&world, "wilco status x | json").await;
    assert_eq!(stage, say(&world, "wilco status x --json").await);
    assert_eq!(serde_json::from_str::<Value>(&stage).expect("JSON"), Value::from(services()));
    let piped = say(&world, "wilco status x | first 1 | json").await;
    assert_eq!(piped, say(&world, "wilco status x --json | first 1").await);
    assert_eq!(serde_json::from_str::<Value>(&piped).expect("JSON"), json!([services()[0]]));
}

#[tokio::test]
async fn what_does_not_fit_the_rows_is_said() {
    let world = World::new().await;
    for (behind, said) in [
        (
            "where stat == 'ok'",
            "`where` names `stat`, which no row has; the nearest is `state`. The columns are `name`, `state`, `age`, \
             `host`, `owner`.",
        ),
        ("sort size", "`sort` names `size`, which no row has. The columns are "),
        ("columns nam", "the nearest is `name`"),
        ("count by stat", "`count` names `stat`, which no row has"),
        ("where stat=ok", "`where` names `stat`, which no row has"),
        ("where range(3)", "`where` names `range`, which no row has"),
        (
            "where owner == 'ana'",
            "Row 1 has no `owner`, only `name`, `state`, `age`, `host`; `owner is defined and …` passes over such rows.",
        ),
        ("where state|int > 3 or age < 'x'|int", "cannot be told of row 1"),
        ("columns name | sort age", "`sort` names `age`, which no row has. The columns are `name`."),
        ("wher a=b", "`wher` is no stage; the nearest is `where`. There are where, sort, first, last, count"),
        ("first x", "`first` takes one number from 1 to 10000. Say `wilco status x | first <number>`."),
    ] {
        let told = say(&world, &format!("wilco status x | {behind}")).await;
        assert!(told.contains(said), "{behind}: {told}");
    }
    let world = World::new().await;
    world.read.ends(Ok(with_rows((0..=10_000).map(|n| json!({"n": n})).collect())));
    world.say("web:you", "1", "wilco status x | count").await;
    assert_eq!(world.last_text(), "It gives 10001 rows, and stages take at most 10000.");
}

#[tokio::test]
async fn a_text_is_rows_of_lines_and_a_bare_word_is_none() {
    let world = World::new().await;
    let text = Some("one ok\ntwo error\n\nthree error\n".to_owned());
    world.read.ends(Ok(Outcome { text, ..Outcome::default() }));
    world.say("web:you", "1", "wilco status x | where 'error' in line | last 1").await;
    assert_eq!(world.last_text(), "line\nthree error");
    world.say("web:you", "2", "wilco status x | count").await;
    assert_eq!(world.last_text(), "`app.status` gives no rows, so no stage can follow it. It said: done.");
    world.read.ends(Ok(with_rows(vec![json!("a"), json!(2)])));
    world.say("web:you", "3", "wilco status x | sort value desc").await;
    assert_eq!(world.last_text(), "value\na\n2");
}

#[tokio::test]
async fn what_lists_things_gives_rows_and_says_what_it_said() {
    let world = World::new().await;
    assert_eq!(say(&world, "wilco locks | count").await, "count\n0");
    world.order("web:you", "app.restart", "web").await;
    world.order("web:you", "app.restart", "shop").await;
    let told = say(&world, "wilco operations | where order == 'restart shop' | columns state").await;
    assert_eq!(told, "state\nsucceeded");
    let told = say(&world, "wilco operations | count by state").await;
    assert_eq!(told, "state      count\nsucceeded  2");
    world.deploy.hold();
    world.order("web:you", "app.restart", "api").await;
    assert_eq!(say(&world, "wilco locks | columns lock").await, "lock\napi/production");
    assert!(say(&world, "wilco locks").await.starts_with("lock            held by"));
    let told = say(&world, "wilco help | where effect == 'write' and id == 'app.stage' | columns say").await;
    assert_eq!(told, "say\nstage <app>");
    say(&world, "wilco status web").await;
    assert_eq!(
        say(&world, "wilco history | where order ~ status | first 1 | columns order").await,
        "order\nstatus web"
    );
    assert_eq!(say(&world, "wilco routes | count").await, "count\n0");
    assert_eq!(say(&world, "wilco schedules | count").await, "count\n0");
    assert_eq!(say(&world, "wilco aliases | count").await, "count\n0");
    let newest = world.store.latest_operations(9).await.expect("operations").pop().expect("one").id;
    let told =
        say(&world, &format!("wilco log {newest} | where line == 'begun' | columns line stream")).await;
    assert_eq!(told, "line   stream\nbegun  out");
}

#[tokio::test]
async fn what_changes_something_or_decides_has_nothing_behind_it() {
    let world = World::new().await;
    for line in ["wilco restart web | first 3", "wilco restart web > web:dev", "wilco stage web | json"] {
        let told = say(&world, line).await;
        assert!(told.contains("changes something, and only what reads gives rows"), "{line}: {told}");
        assert!(told.contains("so nothing was done. Say `wilco "), "{line}: {told}");
    }
    assert_eq!(operations(&world).await, 0);
    let waits = world.order("web:you", "app.stage", "web").await;
    let told = say(&world, "wilco confirm | first 3").await;
    assert_eq!(
        told,
        "`wilco.confirm` speaks of another order, so nothing stands behind it, and nothing was done."
    );
    assert_eq!(world.state(&waits).await, State::AwaitingConfirm);
    // A read that needs a yes becomes an operation.
    let mut careful = policy();
    careful.requirements.push(Requirement { confirm: true, ..requirement(30, "app.status") });
    let world = World::on_new(careful, commands()).await;
    let told = say(&world, "wilco status web | count").await;
    assert!(told.starts_with("`app.status` needs somebody's yes here"), "{told}");
    assert_eq!(operations(&world).await, 0);
}

#[tokio::test]
async fn a_plan_of_a_read_with_stages_is_only_told() {
    let world = World::new().await;
    let told = say(&world, "wilco plan status web | first 3 > web:dev").await;
    assert!(told.starts_with("Plan for `status web | first 3 > web:dev`. Nothing was changed."), "{told}");
    assert!(world.read.begun().is_empty());
    assert!(world.network.shown().iter().all(|shown| shown.place == room("web:ops")));
}

#[tokio::test]
async fn an_answer_is_said_elsewhere_with_who_asked_and_what() {
    let world = World::new().await;
    let told = say(&world, "wilco status web | first 1 | columns name > web:dev").await;
    assert_eq!(told, "Said in web:dev.");
    let shown = world.network.shown();
    let there: Vec<_> = shown.iter().filter(|shown| shown.place == room("web:dev")).collect();
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].reply.plain(), "you: `status web | first 1 | columns name`\nname\nweb");
    assert_eq!(there[0].thread, None);
    let read = audit(&world, "order.read").await;
    let order = "status web | first 1 | columns name > web:dev".to_owned();
    assert_eq!(read, [("web:ops".to_owned(), order.clone())]);
    // It is kept whole for another time.
    assert!(say(&world, "wilco history").await.contains(&order));
    let told = say(&world, "wilco again").await;
    assert_eq!(told, format!("`{order}`:\nSaid in web:dev."));
    assert_eq!(say(&world, "wilco status web > here").await, "Said in web:ops.");
    // Signs of an order are no markup where it is shown.
    say(&world, "wilco status \"a`[b](https://x)\" > web:dev").await;
    let last =
        world.network.shown().into_iter().rfind(|shown| shown.place == room("web:dev")).expect("shown");
    let blocks = serde_json::to_value(&last.reply).expect("JSON");
    assert_eq!(blocks["blocks"][0], json!({"type": "code", "text": "you: status \"a`[b](https://x)\""}));
    // A network that is away is told of, and nothing else.
    world.network.refuse(1);
    let told = say(&world, "wilco status web > web:dev").await;
    assert_eq!(told, "The answer could not be said in `web:dev`: not sent: the network is away.");
}

#[tokio::test]
async fn choices_may_come_from_an_order_with_stages_and_from_none_that_is_said_elsewhere() {
    for (run, told) in [
        ("status x | where state=failed | columns name", "`web` is not one of api, db, main"),
        ("status x > web:dev", "it is no read"),
    ] {
        let mut commands = commands();
        commands[2].spec.args[0].kind = ArgType::ChoiceOf { run: run.to_owned(), column: None };
        let world = World::on_new(policy(), commands).await;
        let said = say(&world, "wilco restart web").await;
        assert!(said.contains(told), "{run}: {said}");
        assert_eq!(operations(&world).await, 0);
    }
}

#[tokio::test]
async fn a_second_turn_after_a_restart_says_it_once() {
    let world = World::new().await;
    let arrival = world.arrival("web:you", "m1", "wilco status web > web:dev");
    let batch = wilco_contract::store::Batch {
        at: world.time(),
        records: vec![wilco_contract::store::Record::Input(arrival.input.clone())],
    };
    world.store.commit(batch, wilco_contract::store::When::Now).await.expect("kept");
    // Worked off, and gone before that was written.
    let shown_there = |world: &World| {
        world.network.shown().into_iter().filter(|shown| shown.place == room("web:dev")).count()
    };
    let kept = world.store.unhandled().await.expect("the inbox").first().map(|(seq, _)| *seq);
    world.engine.accept(wilco_contract::connector::Arrival { kept, ..arrival }).await;
    world.settle().await;
    assert_eq!(shown_there(&world), 1);
    let again = world.arrival("web:you", "m1", "wilco status web > web:dev");
    world.engine.accept(wilco_contract::connector::Arrival { kept, ..again }).await;
    world.settle().await;
    assert_eq!(shown_there(&world), 1);
}

#[tokio::test]
async fn nothing_is_said_where_the_asker_may_not_have_it_said() {
    let mut narrow = policy();
    let only_here = Grant {
        command: Glob("app.status".to_owned()),
        effect: None,
        to: vec![
            Grantee::parse("role:developer").expect("a grantee"),
            Grantee::parse("guest").expect("a grantee"),
        ],
        rooms: Some(vec![
            Glob("web:ops".to_owned()),
            Glob("web:@*".to_owned()),
            Glob("web:hidden".to_owned()),
        ]),
        when: None,
        flags: Flags::NONE,
        origin: origin(40),
    };
    narrow.grants[0].effect = Some(wilco_contract::command::Effect::Write);
    narrow.grants[0].command = Glob("app.re*".to_owned());
    narrow.grants.push(only_here);
    let world = World::on_new(narrow, commands()).await;
    world.network.hide(&room("web:hidden"));
    world.network.lack(&room("web:nowhere"));
    for (to, why) in [
        ("web:dev", "@you may not use `app.status` in web:dev.\nRule: no grant"),
        (
            "web:hidden",
            "`web:hidden` is not open to you. Nothing was said.\nRule: whoever has something said",
        ),
        (
            "web:@ana",
            "`web:@ana` is a direct conversation, and not yours. Nothing was said.\nRule: nothing is said in",
        ),
        ("web:nowhere", "There is no place `web:nowhere`."),
        ("irc:#x", "There is no connector `irc`, so nothing can be said in `irc:#x`."),
    ] {
        let told = say(&world, &format!("wilco status web > {to}")).await;
        assert!(told.starts_with(why), "{to}: {told}");
        world.step(60).await;
    }
    assert!(world.read.begun().is_empty(), "nothing is asked for an answer that nobody gets");
    assert!(world.network.shown().iter().all(|shown| shown.place == room("web:ops")));
    let refused: Vec<_> = audit(&world, "order.refused").await.into_iter().map(|(place, _)| place).collect();
    assert_eq!(refused, ["web:dev", "web:hidden", "web:@ana"]);
    // One's own direct conversation is one's own.
    assert_eq!(say(&world, "wilco status web > web:@you").await, "Said in web:@you.");
    // A guest has no account where the answer would go.
    world.say("irc:stranger", "guest", "wilco status web > web:ops").await;
    assert!(world.last_text().starts_with("You have no account on `web`"), "{}", world.last_text());
}

#[tokio::test]
async fn programs_have_answers_said_as_their_grants_allow() {
    let world = World::new().await;
    let call = |who: Principal, words: &str| Call {
        who,
        what: CallWhat::Order(words.to_owned()),
        place: None,
        because: None,
        dry_run: false,
        key: None,
    };
    let token = |scope| Principal::Token { name: "ci".to_owned(), scope };
    world.read.ends(Ok(with_rows(services())));
    let answer = world.engine.call(call(token(Scope::Order), "status web | count > web:dev")).await;
    let Answer::Done { reply, rows: None } = answer else { panic!("{answer:?}") };
    assert_eq!(reply.plain(), "Said in web:dev.");
    assert_eq!(world.last_text(), "token:ci: `status web | count`\ncount\n3");
    let answer = world.engine.call(call(token(Scope::Read), "status web > web:dev")).await;
    let Answer::Refused { reply, .. } = answer else { panic!("{answer:?}") };
    assert!(reply.plain().contains("Rule: scope read"), "{}", reply.plain());
    let answer = world.engine.call(call(token(Scope::Order), "status web > web:@ana")).await;
    assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
    world.read.ends(Ok(with_rows(services())));
    let answer = world.engine.call(call(token(Scope::Read), "status web | first 1 | columns age")).await;
    let Answer::Done { rows, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(rows, Some(vec![json!({"age": 9})]));
}

#[tokio::test]
async fn what_every_token_may_read_no_token_has_said_in_a_room() {
    let world = World::new().await;
    let ask = |who: Principal, words: &str, key: Option<&str>| Call {
        who,
        what: CallWhat::Order(words.to_owned()),
        place: None,
        because: None,
        dry_run: false,
        key: key.map(str::to_owned),
    };
    let token = || Principal::Token { name: "other".to_owned(), scope: Scope::Order };
    for who in [token(), Principal::Operator] {
        let answer = world.engine.call(ask(who, "ping \"hello\" > web:dev", None)).await;
        let Answer::Refused { reply, .. } = answer else { panic!("{answer:?}") };
        assert!(
            reply.plain().contains("have the answer of `wilco.ping` said in `web:dev`"),
            "{}",
            reply.plain()
        );
        assert!(reply.plain().contains("Rule: no grant"), "{}", reply.plain());
    }
    assert!(world.network.shown().is_empty());
    assert!(matches!(world.engine.call(ask(token(), "ping hello", None)).await, Answer::Done { .. }));
    // The same key has it said once.
    let ci = || Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
    for _ in 0..2 {
        world.read.ends(Ok(with_rows(services())));
        world.engine.call(ask(ci(), "status web | count > web:dev", Some("k1"))).await;
    }
    assert_eq!(world.network.shown().len(), 1);
}

fn store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(Arc::new(SeededChance::new(7))))
}

fn granted(to: &str) -> Policy {
    let mut policy = policy();
    policy.grants[0].to.push(Grantee::parse(to).expect("a grantee"));
    policy
}

#[tokio::test]
async fn a_schedules_answer_is_said_once_and_where_it_says() {
    let schedule = Schedule {
        name: "app.morning".to_owned(),
        when: Cadence::Cron(Cron::parse("0 9 * * *").expect("a cron expression")),
        zone: None,
        missed: Missed::Skip,
        run: "status web | count > web:dev".to_owned(),
        place: None,
        origin: origin(1),
    };
    let (policy, triggers) = (granted("schedule:app.morning"), (Vec::new(), vec![schedule.clone()]));
    let world = World::of_triggers(store(), "2026-11-23T08:59:00Z", policy, triggers).await;
    world.read.ends(Ok(with_rows(services())));
    world.step(60).await;
    world.step(1).await;
    let shown: Vec<_> =
        world.network.shown().iter().map(|shown| (shown.place.to_string(), shown.reply.plain())).collect();
    let said = "schedule:app.morning: `status web | count`\ncount\n3".to_owned();
    assert_eq!(shown, [("web:dev".to_owned(), said)]);
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
    // What it may not is told where the schedule belongs.
    let elsewhere = (Vec::new(), vec![schedule]);
    let mut narrow = granted("schedule:app.morning");
    narrow.grants[0].rooms = Some(vec![Glob("web:ops".to_owned())]);
    let world = World::of_triggers(store(), "2026-11-23T08:59:00Z", narrow, elsewhere).await;
    world.step(60).await;
    let shown = world.network.shown();
    assert_eq!((shown.len(), shown[0].place.clone()), (1, room("web:ops")));
    assert!(shown[0].reply.plain().contains("may not use `app.status` in web:dev"), "{:?}", shown[0]);
}

#[tokio::test]
async fn listeners_and_rules_have_answers_said_and_their_values_stay_values() {
    let listener = Listener {
        name: "app.look".to_owned(),
        on: On::Line(Hear::parse("look at (.+)").expect("a pattern")),
        does: Does::Run("status {{ m[1] }} | first 1 | columns name > web:dev".to_owned()),
        rooms: None,
        origin: origin(1),
    };
    let triggers = (vec![listener], Vec::new());
    let world =
        World::of_triggers(store(), "2026-11-23T10:00:00Z", granted("listener:app.look"), triggers).await;
    world.read.ends(Ok(with_rows(services())));
    world.say("web:bo", "m1", "look at web | first 3 > web:boss").await;
    let shown = world.network.shown();
    assert_eq!(world.read.begun()[0].args, json!({"app": "web | first 3 > web:boss"}));
    assert_eq!((shown.len(), shown[0].place.clone()), (1, room("web:dev")), "{:?}", world.network.texts());

    let mut setup = routes(vec![to(1, None, "web:ops")]);
    setup.rules = vec![wilco_contract::route::Rule {
        name: "look".into(),
        when: wilco_contract::expr::Condition::parse("event.state == 'open'").expect("a condition"),
        run: "status {{ event.repo }} > web:dev".into(),
        origin: origin(7),
    }];
    let world = World::of_events_under(granted("rule:look"), setup).await;
    world.read.ends(Ok(with_rows(services())));
    send(&world, &[issue("1", 90, "10:00:00", "open")]).await.expect("kept");
    world.settle().await;
    let there: Vec<_> =
        world.network.shown().into_iter().filter(|shown| shown.place == room("web:dev")).collect();
    assert_eq!(there.len(), 1);
    assert!(there[0].reply.plain().starts_with("rule:look: `status "), "{:?}", there[0]);
    let here = world.network.texts();
    assert!(here.iter().all(|text| !text.contains("Said in") && !text.contains("Rule `look`")), "{here:?}");
    assert!(world.store.unhandled().await.expect("the inbox").is_empty());
}

#[tokio::test]
async fn a_name_may_have_stages_and_words_go_before_them() {
    let world = World::new().await;
    let told = say(&world, "wilco alias bad = status $1 | where state=failed | columns name").await;
    assert!(told.starts_with("`bad` stands for `status $1 | where state=failed | columns name`"), "{told}");
    let told = say(&world, "wilco bad web").await;
    assert_eq!(told, "`status web | where state=failed | columns name`:\nname\napi\ndb, main");
    let told = say(&world, "wilco bad web | first 1").await;
    assert_eq!(told, "`status web | where state=failed | columns name | first 1`:\nname\napi");
    assert_eq!(world.read.begun()[1].args, json!({"app": "web"}));
    let told = say(&world, "wilco bad web > web:dev").await;
    assert_eq!(told, "`status web | where state=failed | columns name > web:dev`:\nSaid in web:dev.");
    say(&world, "wilco alias st = status | count").await;
    assert_eq!(say(&world, "wilco st web").await, "`status web | count`:\ncount\n3");
    assert_eq!(say(&world, "wilco st \"a | b\" | csv").await, "`status \"a | b\" | count | csv`:\ncount\n3");
    say(&world, "wilco alias of = status web | where state == $1 | count").await;
    assert_eq!(
        say(&world, "wilco of failed").await,
        "`status web | where state == \"failed\" | count`:\ncount\n2"
    );
    let told = say(&world, "wilco of \"failed' | first 1 > web:boss\"").await;
    assert!(told.ends_with("count\n0"), "a value is no stage: {told}");
    say(&world, "wilco alias top = st | first 1").await;
    assert_eq!(say(&world, "wilco top web").await, "`status web | count | first 1`:\ncount\n3");
    // What it stands for is looked at when it is given.
    let told = say(&world, "wilco alias no = status web | first many").await;
    assert!(told.contains("`first` takes one number"), "{told}");
    let told = say(&world, "wilco again 2").await;
    assert!(told.contains("`status web | count | first 1`:"), "{told}");
    assert!(world.network.shown().iter().all(|shown| shown.place != room("web:boss")));
}

#[tokio::test]
async fn what_an_order_with_stages_lacks_is_asked_for() {
    let world = World::new().await;
    world.read.ends(Ok(with_rows(services())));
    world.say("web:you", "1", "wilco status | count > web:dev").await;
    assert!(world.last_text().starts_with("`status <app>` needs `app`"), "{}", world.last_text());
    world.reply("web:you", "2", "1", "web").await;
    let texts = world.network.texts();
    assert_eq!(texts[1], "Understood: `status web | count > web:dev`");
    assert_eq!(texts[2], "you: `status web | count`\ncount\n3");
    assert_eq!(texts[3], "Said in web:dev.");
}

#[tokio::test]
async fn help_tells_of_stages() {
    let world = World::new().await;
    let told = say(&world, "wilco help where").await;
    assert!(told.starts_with("`… | where <condition>` – Keeps the rows for which it holds"), "{told}");
    for word in ["pipes", "|", "> "] {
        let told = say(&world, &format!("wilco help {word}")).await;
        assert!(
            told.contains("| count [by <column>]: Counts the rows") && told.contains("> <place>:"),
            "{told}"
        );
    }
}
