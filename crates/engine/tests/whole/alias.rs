//! Names for orders: whose they are, what they can never stand for, and that the gate sees what was meant.

use wilco_contract::{
    operation::State, pattern::Pattern, policy::Grantee, principal::Principal, store::Page,
};
use wilco_engine::{Answer, Call, CallWhat};

use crate::world::{World, commands, policy};

async fn world() -> World {
    let mut commands = commands();
    let mut note = commands[3].clone();
    note.spec.id = wilco_contract::ids::CommandId::parse("app.note").expect("an id");
    note.spec.words = vec![Pattern::parse("note <app> down <text...>").expect("a pattern")];
    note.steps[0].with = serde_json::json!({"app": "{{ app }}", "text": "{{ text }}"});
    commands.push(note);
    let mut all = commands[3].clone();
    all.spec.id = wilco_contract::ids::CommandId::parse("app.status_all").expect("an id");
    all.spec.words = vec![Pattern::parse("status everything").expect("a pattern")];
    all.spec.args.clear();
    all.steps[0].with = serde_json::json!({"all": true});
    commands.push(all);
    World::on_new(policy(), commands).await
}

async fn orders(world: &World) -> Vec<(String, State)> {
    let all = world.store.operations(&[], Page { after: 0, limit: 50 }).await.expect("operations");
    all.into_iter().map(|(_, operation)| (operation.order.clone(), operation.state)).collect()
}

/// Says these one after the other, and returns what was answered last.
async fn say(world: &World, account: &str, lines: &[&str]) -> String {
    for line in lines {
        let id = format!("m{}", world.store.head().await.expect("a head").seq);
        world.say(account, &format!("{id}{line}"), line).await;
        world.store.flush().await.expect("written");
    }
    world.last_text()
}

#[tokio::test]
async fn a_name_of_ones_own_is_read_as_its_order_and_shown_as_that() {
    let world = world().await;
    let told = say(&world, "web:you", &["wilco alias ST = status web."]).await;
    assert_eq!(told, "`st` stands for `status web` from now on (yours alone)");
    assert_eq!(say(&world, "web:you", &["wilco St"]).await, "`status web`:\ndone");
    assert_eq!(world.read.begun()[0].args, serde_json::json!({"app": "web"}));
    let shown = world.network.shown().len();
    say(&world, "web:bo", &["wilco st"]).await;
    assert_eq!(world.network.shown().len(), shown, "to others it is chatter");
    // Operations are told in full anyway.
    say(&world, "web:you", &["wilco alias up = restart $1", "wilco up web"]).await;
    assert_eq!(orders(&world).await, [("restart web".to_owned(), State::Succeeded)]);
    let told = say(&world, "web:you", &["wilco plan up web"]).await;
    assert!(told.contains("Plan for `restart web`. Nothing was changed."), "{told}");
    // It is there after a restart, and gone once it was taken back.
    let next = world.restarted(policy(), commands()).await.recovered().await;
    assert_eq!(say(&next, "web:you", &["wilco st"]).await, "`status web`:\ndone");
    let told = say(&next, "web:you", &["wilco unalias st"]).await;
    assert_eq!(told, "`st` is no name any more (yours alone)");
    let shown = next.network.shown().len();
    say(&next, "web:you", &["wilco st"]).await;
    assert_eq!(next.network.shown().len(), shown);
    let audit = next.store.audit(&Default::default(), Page { after: 0, limit: 99 }).await.expect("the audit");
    let kinds: Vec<_> =
        audit.iter().filter(|row| row.kind.starts_with("alias")).map(|row| &row.kind[..]).collect();
    assert_eq!(kinds, ["alias.set", "alias.set", "alias.ended"]);
}

#[tokio::test]
async fn a_rooms_name_needs_a_right_and_ones_own_counts_first() {
    let world = world().await;
    let told = say(&world, "web:you", &["wilco alias here st = status web"]).await;
    assert!(told.contains("Rule: no grant"), "{told}");
    let told = say(&world, "web:ana", &["wilco alias here st = status shop"]).await;
    assert!(told.contains("succeeded: alias here st = status shop"), "{told}");
    assert_eq!(say(&world, "web:you", &["wilco st"]).await, "`status shop`:\ndone");
    say(&world, "web:you", &["wilco alias st = status web"]).await;
    assert_eq!(say(&world, "web:you", &["wilco st"]).await, "`status web`:\ndone");
    let told = say(&world, "web:you", &["wilco aliases"]).await;
    assert!(
        told.contains("status web") && told.contains("status shop") && told.contains("in web:ops"),
        "{told}"
    );
    let told = say(&world, "web:you", &["wilco unalias here st"]).await;
    assert!(told.contains("Rule: no grant"), "{told}");
    say(&world, "web:ana", &["wilco unalias here st"]).await;
    let told = say(&world, "web:you", &["wilco aliases"]).await;
    assert!(!told.contains("status shop"), "{told}");
}

#[tokio::test]
async fn whoever_uses_a_name_needs_the_right_to_its_order() {
    let world = world().await;
    say(&world, "web:ana", &["wilco alias here go = release web", "wilco alias here st = status web"]).await;
    let told = say(&world, "irc:stranger", &["wilco go"]).await;
    assert!(told.contains("Rule: no grant"), "{told}");
    say(&world, "web:you", &["wilco go"]).await;
    let (order, state) = orders(&world).await.pop().expect("an operation");
    assert_eq!((&order[..], state), ("release web", State::AwaitingApproval), "the same needs as if typed");
    let call = |who: Principal| Call {
        who,
        what: CallWhat::Order("st".to_owned()),
        place: None,
        because: None,
        dry_run: false,
        key: None,
    };
    let operator = world.engine.call(call(Principal::Operator)).await;
    assert!(matches!(operator, Answer::Refused { .. }), "programs say whole orders: {operator:?}");
    let nowhere = world.engine.call(call(world.who("web:you"))).await;
    assert!(matches!(nowhere, Answer::Refused { .. }), "said in no room: {nowhere:?}");
    say(&world, "web:you", &["wilco alias st = status web"]).await;
    let own = world.engine.call(call(world.who("web:you"))).await;
    assert!(matches!(own, Answer::Done { .. }), "{own:?}");
}

#[tokio::test]
async fn a_name_hides_nothing_that_means_something() {
    let world = world().await;
    for name in
        ["status", "help", "confirm", "approve", "yes", "cancel", "plan", "again", "alias", "Wilco", "hubot"]
    {
        let told = say(&world, "web:ana", &[&format!("wilco alias {name} = ping")]).await;
        assert!(told.contains("means something already"), "{name}: {told}");
        let told = say(&world, "web:ana", &[&format!("wilco alias here {name} = ping")]).await;
        assert!(told.contains("means something already"), "{name}: {told}");
        world.step(60).await;
    }
    for (line, why) in [
        ("wilco alias --x = ping", "has no flag"),
        ("wilco alias \"a b\" = ping", "cannot be a name"),
        ("wilco alias 5 = ping", "cannot be a name"),
        ("wilco alias x = what is this", "is no order"),
        ("wilco alias x = status \"web", "never closed"),
        ("wilco alias here x = approve d-7F3K", "a decision is everybody's own"),
        ("wilco alias x = x web", "lead in a circle"),
    ] {
        let told = say(&world, "web:ana", &[line]).await;
        assert!(told.contains(why), "{line}: {told}");
    }
    // A command that comes later is not hidden by an older name.
    say(&world, "web:ana", &["wilco alias down = ping"]).await;
    let mut more = commands();
    more[2].spec.words = vec![Pattern::parse("down <app>").expect("a pattern")];
    let next = world.restarted(policy(), more).await.recovered().await;
    let told = say(&next, "web:ana", &["wilco down"]).await;
    assert!(told.contains("`down <app>` needs `app`"), "{told}");
}

#[tokio::test]
async fn names_may_stand_for_names_but_not_for_ever() {
    let world = world().await;
    say(&world, "web:you", &["wilco alias a1 = status", "wilco alias a2 = a1", "wilco alias a3 = a2 web"])
        .await;
    assert_eq!(say(&world, "web:you", &["wilco a3"]).await, "`status web`:\ndone");
    let told = say(&world, "web:you", &["wilco alias a1 = a3"]).await;
    assert!(told.contains("lead in a circle"), "{told}");
    say(&world, "web:you", &["wilco alias a4 = a3", "wilco alias a5 = a4"]).await;
    let told = say(&world, "web:you", &["wilco alias a6 = a5"]).await;
    assert!(told.contains("too far"), "{told}");
}

#[tokio::test]
async fn words_behind_a_name_are_values_and_nothing_else() {
    let world = world().await;
    let lines =
        ["wilco alias st = status", "wilco alias up = restart $1", "wilco alias n = note $1 down from $2"];
    say(&world, "web:you", &lines).await;
    // `status everything` is another command; behind the name it is the value of this one.
    say(&world, "web:you", &["wilco st everything"]).await;
    assert_eq!(world.read.begun()[0].args, serde_json::json!({"app": "everything"}));
    say(&world, "web:you", &["wilco st \"--json\"", "wilco up \"--dry-run\"", "wilco up \"web --force\""])
        .await;
    assert_eq!(world.read.begun()[1].args, serde_json::json!({"app": "--json"}));
    assert_eq!(orders(&world).await[0].0, "restart \"--dry-run\"");
    assert_eq!(orders(&world).await[1].0, "restart \"web --force\"");
    say(&world, "web:you", &["wilco n \"$2\" \"a \\\" b\""]).await;
    let noted = world.read.begun()[2].args.clone();
    assert_eq!(noted["app"], "$2", "a value that looks like a place stays a value");
    // A flag that is typed is a flag.
    say(&world, "web:you", &["wilco up shop --because \"it hangs\""]).await;
    assert_eq!(orders(&world).await[2].0, "restart shop --because \"it hangs\"");
    for (line, why) in [
        ("wilco up", "takes 1 word"),
        ("wilco up a b", "takes 1 word"),
        ("wilco up \"a", "never closed"),
        ("wilco st a | b", "`status \"a\" \"|\" \"b\"`"),
    ] {
        let told = say(&world, "web:you", &[line]).await;
        assert!(told.contains(why), "{line}: {told}");
    }
    assert_eq!(orders(&world).await.len(), 3);
    assert_eq!(world.read.begun().len(), 3);
}

#[tokio::test]
async fn words_of_the_command_may_stand_behind_a_name_and_what_it_lacks_is_asked_for() {
    let world = world().await;
    say(&world, "web:you", &["wilco alias n = note", "wilco n web down it is “slow”  today"]).await;
    assert_eq!(world.read.begun()[0].args, serde_json::json!({"app": "web", "text": "it is “slow”  today"}));
    world.say("web:you", "t", "wilco alias st = status").await;
    world.say("web:you", "u", "wilco st").await;
    assert!(world.last_text().starts_with("`status <app>` needs `app`"), "{}", world.last_text());
    world.reply("web:you", "v", "u", "web").await;
    assert_eq!(world.network.texts().pop().as_deref(), Some("done"));
}

#[tokio::test]
async fn help_knows_the_names_whose_orders_one_may_give() {
    let mut policy = policy();
    policy.grants[0].to =
        vec![Grantee::parse("person:ana").or_else(|_| Grantee::parse("role:lead")).expect("a grantee")];
    let world = World::on_new(policy, commands()).await;
    say(&world, "web:ana", &["wilco alias here go = restart web", "wilco alias here st = status $1"]).await;
    let told = say(&world, "web:ana", &["wilco help"]).await;
    assert!(told.contains("Names for orders: `go`, `st`;"), "{told}");
    let told = say(&world, "web:you", &["wilco help"]).await;
    assert!(!told.contains("`go`"), "{told}");
    let told = say(&world, "web:ana", &["wilco help go"]).await;
    assert!(told.starts_with("`go` stands for `restart web` (in web:ops).\n`wilco restart <app>`"), "{told}");
    let told = say(&world, "web:you", &["wilco help go"]).await;
    assert!(!told.contains("stands for") && !told.contains("restart web"), "{told}");
}

#[tokio::test]
async fn no_name_has_a_flag_that_is_a_right_of_its_own() {
    let world = world().await;
    for order in ["restart $1 --force", "restart web —alone --because \"it burns\"", "restart $1 --FORCE=x"]
    {
        let told = say(&world, "web:you", &[&format!("wilco alias bounce = {order}")]).await;
        assert!(told.contains("is a right of its own that is said each time"), "{order}: {told}");
    }
    say(&world, "web:you", &["wilco alias bounce = restart $1"]).await;
    let told = say(&world, "web:you", &["wilco bounce web --force"]).await;
    assert!(told.contains("may not give `app.restart` with `--force`"), "{told}");
    // One that was given before this held is not used.
    let old = wilco_contract::alias::Alias {
        scope: wilco_contract::alias::AliasScope::Room(crate::world::place()),
        name: "old".to_owned(),
        order: "restart web --force".to_owned(),
        by: "@cy".to_owned(),
        at: world.time(),
    };
    let batch = wilco_contract::store::Batch {
        at: world.time(),
        records: vec![wilco_contract::store::Record::Alias(old)],
    };
    world.store.commit(batch, wilco_contract::store::When::Now).await.expect("kept");
    let next = world.restarted(policy(), commands()).await.recovered().await;
    let told = say(&next, "web:you", &["wilco old"]).await;
    assert!(told.contains("is a right of its own that is said each time"), "{told}");
    assert!(orders(&next).await.is_empty());
}
