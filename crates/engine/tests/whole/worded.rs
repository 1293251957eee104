//! What a form asks before an order is given: what it is in words, what it would do.

use serde_json::json;
use wilco_contract::{
    command::Effect,
    ids::{CommandId, Place},
    operation::State,
    policy::Glob,
    reply::PressKind::{Approve, Confirm},
    store::Page,
    values::{ArgType, Args},
};
use wilco_engine::{Answer, Call, CallWhat, Worded};

use crate::world::{World, command, commands, place, policy};

fn args(values: &[(&str, &str)]) -> Args {
    values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

#[tokio::test]
async fn a_command_with_its_arguments_is_said_as_it_is_read_back() {
    let mut counted = command("app.scale", "scale <app> [to <count>]", Effect::Write, "test.deploy");
    let mut count = counted.spec.args[0].clone();
    count.name = "count".to_owned();
    count.kind = ArgType::Integer;
    counted.spec.args.push(count);
    let world = World::on_new(policy(), [commands(), vec![counted]].concat()).await.recovered().await;
    let said = |id: &str, values: &[(&str, &str)]| {
        let id = CommandId::parse(id).expect("an id");
        world.engine.in_words(&world.who("web:you"), &place(), (&id, &args(values)))
    };
    for (id, values, words) in [
        ("app.stage", &[("app", "web")][..], "stage web"),
        ("app.stage", &[("app", "two words")], "stage \"two words\""),
        ("app.stage", &[("app", "--force")], "stage \"--force\""),
        ("app.scale", &[("app", "web"), ("count", "3")], "scale web to 3"),
    ] {
        assert_eq!(said(id, values), Worded::Whole(words.into()), "{id} {values:?}");
    }
    let begun = Worded::Begun("scale --app web".into(), vec!["count".into()]);
    assert_eq!(said("app.scale", &[("app", "web")]), begun);
    let Worded::Malformed(what) = said("app.scale", &[("app", "web"), ("count", "three")]) else {
        panic!("`three` is no whole number");
    };
    assert!(what.starts_with("`count`: "), "{what}");
    assert!(matches!(said("app.stage", &[("ap", "web")]), Worded::Malformed(_)));
    assert_eq!(said("app.none", &[]), Worded::Unknown);
    assert_eq!(world.engine.living(), 0, "nothing was given");
}

#[tokio::test]
async fn to_look_before_never_decides() {
    let world = World::new().await;
    let waiting = world.order("web:you", "app.stage", "web").await;
    let asked = world.order("web:you", "app.release", "web").await;
    let look = async |account: &str, words: &str| {
        let call = Call {
            who: world.who(account),
            what: CallWhat::Order(words.to_owned()),
            place: None,
            because: None,
            dry_run: true,
            key: None,
        };
        let answer = world.engine.call(call).await;
        world.settle().await;
        answer
    };
    for (account, words) in
        [("web:you", format!("confirm {}", waiting.id)), ("web:ana", format!("approve {}", asked.id))]
    {
        let Answer::Refused { reply, .. } = look(account, &words).await else { panic!("{words} was taken") };
        assert!(reply.plain().contains("Nothing was done"), "{}", reply.plain());
    }
    assert_eq!(world.state(&waiting).await, State::AwaitingConfirm);
    assert_eq!(world.state(&asked).await, State::AwaitingApproval);
    world.press("web:you", Confirm, &waiting).await.expect("the real thing counts");
    world.press("web:ana", Approve, &asked).await.expect("and so does this");
    // What gives an order again shows its plan, and makes nothing.
    let again = look("web:you", &format!("retry {}", waiting.id)).await;
    assert!(matches!(again, Answer::Done { .. }), "{again:?}");
    let all = world.store.operations(&[], Page { after: 0, limit: 9 }).await.expect("operations");
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn to_look_before_is_for_a_place_and_said_in_none() {
    let mut policy = policy();
    policy.grants[0].rooms = Some(vec![Glob("web:dev".to_owned()), Glob("web:hidden".to_owned())]);
    let world = World::on_new(policy, commands()).await;
    world.network.hide(&Place::parse("web:hidden").expect("a place"));
    let look = async |place: Option<&str>, dry_run| {
        let call = Call {
            who: world.who("web:you"),
            what: CallWhat::Order("restart web".to_owned()),
            place: place.map(|place| Place::parse(place).expect("a place")),
            because: None,
            dry_run,
            key: None,
        };
        let answer = world.engine.call(call).await;
        world.settle().await;
        answer
    };
    let Answer::Done { reply, .. } = look(Some("web:dev"), true).await else { panic!("granted there") };
    assert!(reply.plain().contains("Needs"), "{}", reply.plain());
    for elsewhere in [Some("web:ops"), None] {
        let Answer::Refused { reply, .. } = look(elsewhere, true).await else { panic!("{elsewhere:?}") };
        assert!(reply.plain().contains("Rule: "), "{}", reply.plain());
    }
    // Not even to look is a way into a room that is not open to whoever looks.
    let Answer::Refused { reply, .. } = look(Some("web:hidden"), true).await else { panic!("closed") };
    assert!(reply.plain().contains("`web:hidden` is not open to"), "{}", reply.plain());
    assert!(world.network.shown().is_empty(), "a look is told to whoever looks alone");
    assert!(matches!(look(Some("web:dev"), false).await, Answer::Operation(_)));
    assert!(world.network.shown().iter().any(|shown| shown.place.as_str() == "web:dev"));
}
