//! What a command's rate holds up and what it does not, where that is told, and orders under one key.

use wilco_contract::{
    command::{Command, Rate},
    ids::{CommandId, Origin, Place},
    input::Input,
    operation::State,
    policy::{Flag, Flags, Glob, Grant, Grantee, Policy},
    principal::{Principal, Scope},
    reply::PressKind::Confirm,
    values::Args,
};
use wilco_engine::{Answer, Call, CallWhat, RefusedKind};

use crate::world::{World, commands, policy};

/// The policy of the other tests, in which developers may force and act alone.
fn rules() -> Policy {
    let mut policy = policy();
    policy.grants.push(Grant {
        command: Glob("app.*".to_owned()),
        effect: None,
        to: vec![Grantee::parse("role:developer").expect("a role")],
        rooms: None,
        when: None,
        flags: Flags::NONE.with(Flag::Alone).with(Flag::Force),
        origin: Origin { file: "wilco.toml".into(), line: 13, column: 1 },
    });
    policy
}

/// The commands of the other tests, each of which one person may give once in ten minutes.
fn rated() -> Vec<Command> {
    let origin = Origin { file: "packs/app/pack.toml".into(), line: 9, column: 1 };
    let mut all = commands();
    all.iter_mut()
        .for_each(|command| command.spec.rate = Some(Rate { most: 1, secs: 600, origin: origin.clone() }));
    all
}

async fn world() -> World {
    World::on_new(rules(), rated()).await.recovered().await
}

async fn give(world: &World, who: &Principal, words: &str, key: Option<&str>) -> Answer {
    give_what(world, who, CallWhat::Order(words.to_owned()), key).await
}

async fn give_what(world: &World, who: &Principal, what: CallWhat, key: Option<&str>) -> Answer {
    let key = key.map(ToOwned::to_owned);
    let call = Call { who: who.clone(), what, place: None, because: None, dry_run: false, key };
    let answer = world.engine.call(call).await;
    world.settle().await;
    answer
}

fn refusal(answer: Answer) -> (String, RefusedKind) {
    match answer {
        Answer::Refused { reply, kind } => (reply.plain(), kind),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_stop_by_the_api_is_held_up_by_no_rate() {
    for is_token in [true, false] {
        let world = world().await;
        let ci = Principal::Token { name: "ci".to_owned(), scope: Scope::Order };
        let who = if is_token { ci } else { world.who("web:you") };
        for by_id in [false, true] {
            let app = if by_id { "api" } else { "web" };
            let words = format!("{} {app}", if by_id { "restart" } else { "release" });
            world.deploy.hold();
            let Answer::Operation(op) = give(&world, &who, &words, None).await else { panic!("{words}") };
            // The rate of the command and the person's own are both used up.
            let again = refusal(give(&world, &who, &words, None).await);
            assert_eq!(again.1, RefusedKind::Limited, "{}", again.0);
            for _ in 0..40 {
                give(&world, &who, "status web", None).await;
            }
            let beyond = refusal(give(&world, &who, "help", None).await);
            assert!(beyond.0.contains("more than 30 orders"), "{}", beyond.0);
            let args: Args = [("operation".to_owned(), op.id.to_string().into())].into_iter().collect();
            let what = if by_id {
                CallWhat::Command(CommandId::parse("wilco.abort").expect("an id"), args)
            } else {
                CallWhat::Order(format!("stop {}!", op.id))
            };
            let answer = give_what(&world, &who, what, None).await;
            assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
            assert!(matches!(world.state(&op).await, State::Aborted | State::Aborting), "{words}");
            world.deploy.release();
            world.step(60).await;
        }
    }
}

#[tokio::test]
async fn a_countdown_is_stopped_by_the_api_beyond_every_rate() {
    let world = world().await;
    let (you, bo) = (world.who("web:you"), world.who("web:bo"));
    let words = "release web --alone --because \"the site is down\"";
    let Answer::Operation(op) = give(&world, &you, words, None).await else { panic!("no operation") };
    world.press("web:you", Confirm, &op).await.expect("it is theirs");
    for _ in 0..40 {
        give(&world, &bo, "status web", None).await;
    }
    assert_eq!(refusal(give(&world, &bo, "help", None).await).1, RefusedKind::Limited);
    let answer = give(&world, &bo, "stop it!", None).await;
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    assert_eq!(world.now(&op).await.why.as_deref(), Some("Stopped by @bo. Nothing was changed."));
}

#[tokio::test]
async fn one_key_with_other_flags_is_another_order_and_no_repeat() {
    let world = World::on_new(rules(), commands()).await.recovered().await;
    let you = world.who("web:you");
    let alone = "release web --alone --because \"it is down\"";
    let all = ["release web", "release web --force", alone];
    for (at, first) in all.into_iter().enumerate() {
        let key = format!("key-{at}");
        let Answer::Operation(op) = give(&world, &you, first, Some(&key)).await else { panic!("{first}") };
        for other in all {
            let living = world.engine.living();
            match give(&world, &you, other, Some(&key)).await {
                Answer::Operation(same) => assert_eq!((other, &same.id), (first, &op.id)),
                Answer::Refused { reply, kind } => {
                    assert_ne!(other, first);
                    assert_eq!(kind, RefusedKind::Malformed);
                    let text = reply.plain();
                    assert!(
                        text.contains(&format!("This key was used for another order: {}", op.id)),
                        "{text}"
                    );
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(world.engine.living(), living, "nothing came of it: {other}");
        }
    }
}

#[tokio::test]
async fn what_is_beyond_a_rate_is_told_once_in_each_place() {
    let world = world().await;
    let say = async |id: &str, at: &str, words: &str| {
        let mut arrival = world.arrival("web:you", id, words);
        if let Input::Message(message) = &mut arrival.input {
            message.place = Place::parse(at).expect("a place");
        }
        world.engine.accept(arrival).await;
        world.settle().await;
    };
    let told = |at: &str| {
        let here = |shown: &wilco_testkit::network::Shown| shown.place.to_string() == at;
        let rate = |shown: &wilco_testkit::network::Shown| {
            shown.reply.plain().contains("One person may give `app.status` once in 10m")
        };
        world.network.shown().iter().filter(|shown| here(shown) && rate(shown)).count()
    };
    let rooms = ["web:ops", "web:deploys", "web:@you"];
    for (round, at) in [0, 1].into_iter().flat_map(|round| rooms.map(|at| (round, at))) {
        for time in 0..3 {
            say(&format!("{at}-{round}-{time}"), at, "wilco status web").await;
        }
        assert_eq!(told(at), 1, "{at}: {:?}", world.network.texts());
    }
    assert_eq!(world.read.begun().len(), 1, "the rate is of the person, wherever they are");
    // By the API it is told to whoever asks, whatever the rooms heard.
    let you = world.who("web:you");
    let (text, kind) = refusal(give(&world, &you, "status web", None).await);
    assert!(kind == RefusedKind::Limited && text.contains("One person may give `app.status`"), "{text}");
    world.step(600).await;
    say("later", "web:deploys", "wilco status web").await;
    assert_eq!(world.read.begun().len(), 2);
    say("beyond", "web:deploys", "wilco status web").await;
    assert_eq!(told("web:deploys"), 2, "a new span is told anew");
}
