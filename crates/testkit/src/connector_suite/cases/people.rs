//! Who is there, who may read, and who somebody is.
//!
//! Not what they say. For tests only.

use wilco_contract::input::Happens;

use super::super::{Act, Line, Rig};

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
