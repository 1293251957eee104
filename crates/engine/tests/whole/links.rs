//! Accounts that people link to themselves by a code.

use wilco_contract::{
    connector::Arrival,
    ids::{Account, Place},
    input::{Input, Message},
    principal::Principal,
};
use wilco_testkit::network::MemoryNetwork;

use crate::world::{World, commands, person, policy};

/// Makes a network known on which nobody was heard yet.
fn with_irc(world: World) -> World {
    for name in ["irc", "other"] {
        world.engine.attach(name, MemoryNetwork::CAPS, world.network.clone(), world.network.clone());
    }
    world
}

/// Says something to Wilco alone; what it answers.
async fn whisper(world: &World, account: &str, text: &str) -> String {
    let from = Account::parse(account).expect("an account");
    let place = Place::parse(&format!("{}:@{}", from.connector(), from.id())).expect("a place");
    let count = world.network.shown().len();
    let message = Message {
        id: format!("m{count}{account}{text}{}", world.time()),
        place,
        thread: None,
        from,
        text: text.to_owned(),
        at: world.time(),
        to_us: true,
    };
    world
        .engine
        .accept(Arrival { input: Input::Message(message), cursor: None, kept: None, ack: None })
        .await;
    world.settle().await;
    let said: Vec<_> = world.network.texts().into_iter().skip(count).collect();
    said.join("\n")
}

/// A new code for Ana.
async fn code(world: &World) -> String {
    let told = whisper(world, "web:ana", "link me on irc").await;
    let code = told.split_once("`link ").and_then(|(_, rest)| rest.split_once('`'));
    code.map(|(code, _)| code.to_owned()).unwrap_or_else(|| panic!("no code: {told}"))
}

fn who(world: &World, account: &str) -> String {
    match world.who(account) {
        Principal::Person { id, .. } => id.to_string(),
        other => other.kind().to_owned(),
    }
}

#[tokio::test]
async fn a_code_counts_once_on_its_network_for_ten_minutes() {
    let world = with_irc(World::new().await.recovered().await);
    let late = code(&world).await;
    world.step(600).await;
    let told = whisper(&world, "irc:anushka", &format!("link {late}")).await;
    assert!(told.contains("This code was used, has ended, or never was"), "{told}");
    let code = code(&world).await;
    let elsewhere = whisper(&world, "other:anushka", &format!("link {code}")).await;
    assert!(elsewhere.contains("never was for other"), "{elsewhere}");
    let guest = whisper(&world, "irc:~anushka", &format!("link {code}")).await;
    assert!(guest.contains("Nobody can tell whose irc:~anushka is") && guest.contains("Rule: "), "{guest}");
    let known = whisper(&world, "irc:you2", &format!("link {code}")).await;
    assert!(known.contains("irc:you2 is @you's already"), "{known}");
    assert_eq!(who(&world, "irc:anushka"), "guest");
    let linked = whisper(&world, "irc:anushka", &format!("link {code}")).await;
    assert!(linked.contains("You are @ana from now on") && linked.contains("is linked to you"), "{linked}");
    assert_eq!(who(&world, "irc:anushka"), "ana");
    let again = whisper(&world, "irc:other", &format!("link {code}")).await;
    assert!(again.contains("This code was used"), "{again}");
}

#[tokio::test]
async fn a_code_is_for_a_person_alone_and_never_said_in_a_room() {
    let world = with_irc(World::new().await.recovered().await);
    world.say("web:ana", "1", "wilco link me on irc").await;
    for shown in world.network.shown() {
        let alone = shown.place.as_str() == "web:@ana";
        assert_eq!(shown.reply.plain().contains("`link "), alone, "{shown:?}");
    }
    assert!(world.network.texts().iter().any(|text| text.contains("You have a code in web:@ana")));
    for (network, why) in [("web", "`web` is no network"), ("slack", "`slack` is no network")] {
        let told = whisper(&world, "web:ana", &format!("link me on {network}")).await;
        assert!(told.contains(why), "{told}");
    }
    let told = whisper(&world, "irc:zed", "link me on irc").await;
    assert!(
        told.contains("may not use `wilco.link-me`") && told.contains("`link me on irc` there"),
        "{told}"
    );
}

#[tokio::test]
async fn codes_are_given_and_tried_so_often_and_no_more() {
    let world = with_irc(World::new().await.recovered().await);
    for _ in 0..5 {
        code(&world).await;
    }
    let told = whisper(&world, "web:ana", "link me on irc").await;
    assert!(told.contains("You got 5 codes in 10 minutes"), "{told}");
    for number in 0..5 {
        let told = whisper(&world, "irc:zed", &format!("link AAAA-AAA{}", number + 2)).await;
        assert!(told.contains("never was"), "{told}");
    }
    let told = whisper(&world, "irc:zed", "link AAAA-AAAA").await;
    assert!(told.contains("Too many codes were said; wait 10 minutes"), "{told}");
    world.step(601).await;
    let code = code(&world).await;
    let told = whisper(&world, "irc:zed", &format!("link {code}")).await;
    assert!(told.contains("You are @ana"), "{told}");
}

#[tokio::test]
async fn what_was_linked_outlives_a_restart_and_gives_way_to_the_file() {
    let world = with_irc(World::new().await.recovered().await);
    let code = code(&world).await;
    whisper(&world, "irc:anushka", &format!("link {code}")).await;
    let world = with_irc(world.restarted(policy(), commands()).await.recovered().await);
    assert_eq!(who(&world, "irc:anushka"), "ana");
    world.reload(policy(), commands());
    assert_eq!(who(&world, "irc:anushka"), "ana");
    let mut other = policy();
    other.people.extend([person("bea", &[], &["irc:anushka"])]);
    world.reload(other, commands());
    assert_eq!(who(&world, "irc:anushka"), "bea");
    world.reload(policy(), commands());
    // Others neither see nor end it.
    assert!(whisper(&world, "web:bo", "links").await.contains("No accounts were linked"));
    assert!(whisper(&world, "web:bo", "unlink irc:anushka").await.contains("is no linked account of yours"));
    assert!(whisper(&world, "web:ana", "links").await.contains("irc:anushka"));
    let ended = whisper(&world, "web:ana", "unlink irc:anushka").await;
    assert!(ended.contains("irc:anushka is not @ana's any more"), "{ended}");
    assert_eq!(who(&world, "irc:anushka"), "guest");
    let world = with_irc(world.restarted(policy(), commands()).await.recovered().await);
    assert_eq!(who(&world, "irc:anushka"), "guest");
    // It can be linked again.
    let code = self::code(&world).await;
    whisper(&world, "irc:anushka", &format!("link {code}")).await;
    assert_eq!(who(&world, "irc:anushka"), "ana");
}
