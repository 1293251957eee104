//! Who is there, who may read, and who somebody is.
//!
//! Not what they say. For tests only.

use std::collections::BTreeSet;

use wilco_contract::{
    connector::{Presence, SendError},
    ids::Account,
    input::Happens,
    reply::Reply,
    retry::Retry,
};

use super::super::{Act, Expel, Line, Rig};

/// A direct conversation is between its person and us alone, and all that is said in it is said to us.
pub async fn a_direct_conversation_is_private(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let [ana, ben] = rig.people();
    let directory = std::sync::Arc::clone(&line.session.directory);
    let place = directory.open_dm(&ana).await.expect("there is a direct conversation");
    assert!(place.direct().is_some(), "`{place}` reads as one");
    assert!(directory.exists(&place).await);
    assert!(directory.may_read(&ana, &place).await && !directory.may_read(&ben, &place).await);
    line.posted(&place, None, "between us").await;
    rig.say(&ana, &place, None, "an answer").await.expect("it is said");
    let message = line.message().await;
    assert_eq!((message.text.as_str(), &message.place, &message.from), ("an answer", &place, &ana));
    assert!(message.to_us);
    let texts: Vec<_> = rig.shows(&ana, &place).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(texts, ["between us", "an answer"]);
    assert_eq!(rig.shows(&ben, &place).await, []);
    assert_eq!(rig.shows(&ana, &rig.room()).await, []);
}

/// Who is in the room may read it, a stranger may not, and nobody reads a room that is not there.
pub async fn only_members_may_read(rig: &dyn Rig) {
    let line = Line::open(rig, None).await;
    let (people, room) = (rig.people(), rig.room());
    let directory = &line.session.directory;
    for person in &people {
        assert!(directory.may_read(person, &room).await, "{person} may read {room}");
        assert!(!directory.may_read(person, &rig.missing_room()).await);
    }
    if let Some(stranger) = rig.stranger() {
        assert!(!directory.may_read(&stranger, &room).await, "{stranger} may not read {room}");
        assert_eq!(rig.shows(&stranger, &room).await, []);
    }
}

/// Who leaves a room and who comes into it is told, each once.
pub async fn who_comes_and_who_leaves_is_told(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    if !line.session.caps.tells.presence {
        return;
    }
    let ([_, ben], room) = (rig.people(), rig.room());
    let mut ids = std::collections::HashSet::new();
    let (come, leave) = ((Act::Join, Happens::Joined), (Act::Leave, Happens::Left));
    let pair = if rig.is_there(&ben) { [leave, come] } else { [come, leave] };
    for (act, what) in pair.clone().into_iter().chain(pair) {
        rig.act(&ben, &room, act).await;
        let told = line.happening().await;
        assert_eq!((&told.from, &told.place, &told.what), (&ben, &room, &what));
        assert!(ids.insert(told.id), "each has an id of its own");
    }
    rig.say(&ben, &room, None, "after").await.expect("it is said");
    assert_eq!(line.message().await.text, "after");
}

/// Who speaks is an account of which the network says whose it is, or somebody who is seen not to be one; under another's
/// name nobody is taken for them.
pub async fn nobody_speaks_as_another(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, ben], room) = (rig.people(), rig.room());
    for who in [&ana, &ben] {
        rig.say(who, &room, None, "it is me").await.expect("it is said");
        assert_eq!(&line.message().await.from, who);
    }
    match rig.pose(&ana, &room, "wilco approve it").await {
        Ok(posed) => {
            let message = line.said().await;
            assert_eq!((message.text.as_str(), &message.from), ("wilco approve it", &posed));
            assert!(!posed.is_verified(), "the network does not know {posed}");
        }
        Err(why) => assert!(!why.is_empty(), "a refusal says why"),
    }
    rig.say(&ben, &room, None, "after").await.expect("it is said");
    let message = line.said().await;
    assert_eq!((message.text.as_str(), &message.from), ("after", &ben));
}

/// Who is in a room is known, and stays known while people come and leave.
pub async fn who_is_there_is_known(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let (people, room) = (rig.people(), rig.room());
    let directory = line.session.directory.clone();
    let mut there: BTreeSet<Account> = people.iter().filter(|who| rig.is_there(who)).cloned().collect();
    let members = async || directory.members(&room).await.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(members().await, there);
    let [_, ben] = &people;
    let acts = if rig.is_there(ben) { [Act::Leave, Act::Join] } else { [Act::Join, Act::Leave] };
    let told = line.session.caps.tells.presence;
    for act in acts.into_iter().filter(|_| told) {
        rig.act(ben, &room, act).await;
        line.happening().await;
        match act {
            Act::Join => there.insert(ben.clone()),
            _ => there.remove(ben),
        };
        assert_eq!(members().await, there, "after {act:?}");
    }
    assert_eq!(directory.members(&rig.missing_room()).await, []);
}

/// Who says that they are away is known to be, where the network tells; elsewhere nobody is said to be here or not.
pub async fn who_is_away_is_known(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, ben], room) = (rig.people(), rig.room());
    let directory = line.session.directory.clone();
    if !rig.tells_away() {
        for who in [&ana, &ben].into_iter().chain(&rig.stranger()) {
            assert_eq!(directory.presence(who).await, Presence::Unknown, "{who}");
        }
        return;
    }
    for (away, presence) in [(false, Presence::Here), (true, Presence::Away), (false, Presence::Here)] {
        rig.act(&ana, &room, Act::Away(away)).await;
        rig.say(&ana, &room, None, "what came before is known").await.expect("it is said");
        line.said().await;
        assert_eq!(directory.presence(&ana).await, presence);
        assert_eq!(directory.presence(&ben).await, Presence::Here, "each for themselves");
    }
    if let Some(stranger) = rig.stranger() {
        assert_eq!(directory.presence(&stranger).await, Presence::Gone);
    }
}

/// Where somebody removes us from a room, that is told to whoever runs us and to who posts there, and an invitation
/// brings us back. Elsewhere a room that is ours stays ours.
pub async fn who_is_removed_from_a_room_is_told_and_comes_back(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    let directory = line.session.directory.clone();
    let alone = directory.open_dm(&ana).await.expect("there is a direct conversation");
    if rig.expel(&room, Expel::Kick).await {
        // What is said to us alone comes behind it.
        rig.say(&ana, &alone, None, "sorry").await.expect("it is said");
        assert_eq!(line.said().await.text, "sorry");
        is_out(rig, &mut line).await;
        rig.invite(&room).await;
    }
    is_back(rig, &mut line).await;
}

/// Where somebody bans us, that is told as well, and nobody takes it for an end of the room: once it is lifted we come.
pub async fn a_ban_is_told_and_its_end_too(rig: &dyn Rig) {
    let (is_banned, room) = (rig.expel(&rig.room(), Expel::Ban).await, rig.room());
    let mut line = Line::open(rig, None).await;
    if is_banned {
        is_out(rig, &mut line).await;
        rig.invite(&room).await;
    }
    is_back(rig, &mut line).await;
}

/// We are out of the room, everybody who has to know does, and it is tried again.
async fn is_out(rig: &dyn Rig, line: &mut Line) {
    let room = rig.room();
    assert!(!line.session.directory.exists(&room).await);
    assert_eq!(line.session.directory.members(&room).await, []);
    match line.post(&room, None, &Reply::text("nobody hears it")).await {
        Err(SendError::NotSent { what, retry }) => {
            assert!(what.contains(room.room()), "it names the room: {what}");
            assert_ne!(retry, Retry::Never, "we may be let in again: {what}");
        }
        other => panic!("we are out: {other:?}"),
    }
    let news = rig.news();
    assert_eq!(news.len(), 1, "it is told once: {news:?}");
    assert!(news[0].contains(room.room()), "{news:?}");
}

/// We are in the room, hear and are heard.
async fn is_back(rig: &dyn Rig, line: &mut Line) {
    let ([ana, _], room) = (rig.people(), rig.room());
    rig.say(&ana, &room, None, "welcome").await.expect("it is said");
    assert_eq!(line.said().await.text, "welcome");
    assert!(line.session.directory.exists(&room).await);
    line.posted(&room, None, "thanks").await;
    let shown = rig.shows(&ana, &room).await.pop().expect("it is shown");
    assert_eq!((shown.text.as_str(), shown.ours), ("thanks", true));
}
