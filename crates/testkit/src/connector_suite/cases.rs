//! The cases of [`connector_suite!`](crate::connector_suite!), one function each: here what is said, posted, edited,
//! pressed and told.
//!
//! Not for reading results: each panics where the connector is wrong. For tests only.

#![expect(clippy::missing_panics_doc, reason = "a case is a test: it panics where the connector is wrong")]

mod again;
mod faults;
mod manners;
mod people;

use wilco_contract::{
    connector::{Receipt, SendError},
    ids::{Hash, OpId},
    input::{Happens, Input, WrittenBy, is_thumbs_up},
    reply::{Block, Choice, PressKind, Reply, Weight},
    retry::Retry,
};

pub use self::{again::*, faults::*, manners::*, people::*};
use super::{Act, Line, Pressed, Rig, ours};

/// What one person says arrives in the order in which they said it.
pub async fn what_is_said_arrives_in_order(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    for number in 0..50 {
        rig.say(&ana, &room, None, &format!("line {number}")).await.expect("it is said");
    }
    let mut ids = std::collections::HashSet::new();
    for number in 0..50 {
        let message = line.message().await;
        assert_eq!(message.text, format!("line {number}"));
        assert_eq!((&message.from, &message.place, &message.thread), (&ana, &room, &None));
        assert!(!message.to_us, "chatter in a room is not marked as said to us");
        assert!(ids.insert(message.id), "each message has an id of its own");
    }
}

/// What we post is shown, as ours, and in order.
pub async fn a_post_is_shown(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let room = rig.room();
    for text in ["first", "second", "third"] {
        let receipt = line.posted(&room, None, text).await;
        assert_eq!(receipt.place, room);
    }
    let texts: Vec<_> = ours(rig, &room).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(texts, ["first", "second", "third"]);
}

/// An edit changes the message where it stands, and no other. Where there are no edits, it is refused for good, and
/// changes nothing.
pub async fn a_post_is_edited_in_place(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let room = rig.room();
    let receipt = line.posted(&room, None, "running").await;
    if !line.session.caps.edits {
        is_not_edited(&line, &receipt).await;
        let texts: Vec<_> = ours(rig, &room).await.into_iter().map(|shown| shown.text).collect();
        assert_eq!(texts, ["running"]);
        return;
    }
    line.posted(&room, None, "beside").await;
    let before = ours(rig, &room).await;
    for text in ["still running", "done"] {
        line.session.outbox.edit(&receipt, &Reply::text(text)).await.expect("it is edited");
    }
    let after = ours(rig, &room).await;
    let texts: Vec<_> = after.iter().map(|shown| shown.text.as_str()).collect();
    assert_eq!(texts, ["done", "beside"]);
    assert_eq!(after[0].id, before[0].id, "it is the same message");
}

/// An edit of this is refused for good.
async fn is_not_edited(line: &Line, at: &Receipt) {
    match line.session.outbox.edit(at, &Reply::text("hello")).await {
        Err(SendError::NotSent { what, retry: Retry::Never }) => {
            assert!(!what.is_empty(), "a refusal says why");
        }
        other => panic!("it cannot be edited: {other:?}"),
    }
}

/// A press says who pressed which button of which plan. Where there are no buttons, the words are shown.
pub async fn a_button_is_pressed(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([_, ben], room) = (rig.people(), rig.room());
    let button = |press, label: &str| Choice {
        label: label.into(),
        press,
        operation: OpId::new('d', 7, 4),
        plan: Hash::of(b"plan"),
        weight: Weight::Plain,
    };
    let choices = vec![button(PressKind::Approve, "Approve"), button(PressKind::Deny, "Deny")];
    let reply = Reply::text("Ship it?").and(Block::Choices { choices: choices.clone() });
    line.post(&room, None, &reply).await.expect("it is posted");
    let shown = rig.shows(&ben, &room).await.pop().expect("it is shown");
    if !line.session.caps.buttons {
        assert!(shown.text.contains("approve d-0007"), "the words are shown: {}", shown.text);
        return;
    }
    let labels: Vec<_> = shown.buttons.iter().map(|shown| (&shown.label, shown.press)).collect();
    assert_eq!(labels, choices.iter().map(|choice| (&choice.label, choice.press)).collect::<Vec<_>>());
    let press = match rig.press(&ben, &room, &shown.buttons[0]).await {
        Pressed::Answered(press) => press,
        Pressed::Arrives => match line.input().await {
            Input::Press(press) => press,
            other => panic!("something else arrived instead of a press: {other:?}"),
        },
    };
    assert_eq!(
        (press.from, press.press, press.operation, press.plan),
        (ben, PressKind::Approve, OpId::new('d', 7, 4), Hash::of(b"plan"))
    );
    assert_eq!(press.place, room);
}

/// An answer hangs from the message that it answers, and what is said beside it comes from the same thread. Where there
/// are no threads, the answer is shown in the room.
pub async fn a_thread_hangs_together(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, ben], room) = (rig.people(), rig.room());
    rig.say(&ana, &room, None, "the order").await.expect("it is said");
    let order = line.message().await;
    line.posted(&room, Some(&order.id), "the answer").await;
    let shown = rig.shows(&ana, &room).await;
    if !line.session.caps.threads {
        let said: Vec<_> = shown.iter().map(|shown| (shown.ours, shown.text.as_str())).collect();
        assert_eq!(said, [(false, "the order"), (true, "the answer")]);
        assert!(shown.iter().all(|shown| shown.thread.is_none()), "{shown:?}");
        return;
    }
    let [first, answer] = &shown[..] else { panic!("two messages are shown: {shown:?}") };
    assert_eq!((first.thread.as_ref(), answer.thread.as_ref()), (None, Some(&first.id)));
    // Whichever message of the thread is answered, it is the same thread.
    for under in [&first.id, &answer.id] {
        rig.say(&ben, &room, Some(under), "beside it").await.expect("it is said");
        assert_eq!(line.message().await.thread.as_ref(), Some(&order.id));
    }
    // A thread may hang from a message of ours.
    let ours = line.posted(&room, None, "an outcome").await;
    let shown = rig.shows(&ana, &room).await.pop().expect("it is shown");
    rig.say(&ana, &room, Some(&shown.id), "thanks").await.expect("it is said");
    assert_eq!(line.message().await.thread, Some(ours.id));
}

/// What we say does not come back to us.
pub async fn our_own_messages_do_not_arrive(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    line.posted(&room, None, "wilco ping 1").await;
    let receipt = line.posted(&room, None, "wilco ping 2").await;
    if line.session.caps.edits {
        line.session.outbox.edit(&receipt, &Reply::text("wilco ping 3")).await.expect("it is edited");
    }
    rig.say(&ana, &room, None, "after").await.expect("it is said");
    assert_eq!(line.message().await.text, "after");
}

/// A post into a room that is not there fails for good, and the directory says so too.
pub async fn a_room_that_is_not_there_is_said_to_be_so(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let missing = rig.missing_room();
    match line.post(&missing, None, &Reply::text("hello")).await {
        Err(SendError::NotSent { what, retry: Retry::Never }) => {
            assert!(
                what.contains(missing.as_str()) || what.contains(missing.room()),
                "it names the room: {what}"
            );
        }
        other => panic!("there is no such room, and there will be none: {other:?}"),
    }
    let directory = &line.session.directory;
    assert!(directory.exists(&rig.room()).await && !directory.exists(&missing).await);
}

/// An edit of a message that is not there fails for good, and so it does where there are no edits.
pub async fn an_edit_of_nothing_is_refused(rig: &dyn Rig) {
    let line = Line::open(rig, None).await;
    is_not_edited(&line, &Receipt { place: rig.room(), id: "404404404".into() }).await;
}

/// What somebody makes of their message afterwards arrives as an edit of it, and never as something that they say.
pub async fn an_edit_is_no_message(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    if !line.session.caps.tells.edits {
        return;
    }
    let ([ana, ben], room) = (rig.people(), rig.room());
    rig.say(&ana, &room, None, "wilco ping 1").await.expect("it is said");
    let said = line.message().await;
    let shown = rig.shows(&ana, &room).await.pop().expect("it is shown");
    let mut ids = std::collections::HashSet::new();
    for text in ["wilco ping 2", "wilco ping 3"] {
        rig.act(&ana, &room, Act::Edit { message: &shown, text }).await;
        let edited = match line.input().await {
            Input::Edited(edited) => edited,
            other => panic!("something else arrived instead of an edit: {other:?}"),
        };
        assert_eq!((&edited.message, edited.text.as_str()), (&said.id, text));
        assert_eq!((&edited.from, &edited.place, &edited.thread), (&ana, &room, &None));
        assert!(edited.id != said.id && ids.insert(edited.id), "each edit has an id of its own");
    }
    // What we make of ours reaches nobody.
    let receipt = line.posted(&room, None, "pong 1").await;
    if line.session.caps.edits {
        line.session.outbox.edit(&receipt, &Reply::text("wilco ping 4")).await.expect("it is edited");
    }
    rig.say(&ben, &room, None, "after").await.expect("it is said");
    assert_eq!(line.message().await.text, "after");
}

/// That a room has another topic is told, with who gave it.
pub async fn another_topic_is_told(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    if !line.session.caps.tells.topics {
        return;
    }
    let ([_, ben], room) = (rig.people(), rig.room());
    rig.act(&ben, &room, Act::Topic("v2 ships today")).await;
    let told = line.happening().await;
    assert_eq!((&told.from, &told.place), (&ben, &room));
    assert_eq!(told.what, Happens::Topic { topic: "v2 ships today".into() });
}

/// A sign that somebody puts on a message is told, with which message it is.
pub async fn a_sign_on_a_message_is_told(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    if !line.session.caps.tells.reactions {
        return;
    }
    let ([_, ben], room) = (rig.people(), rig.room());
    let receipt = line.posted(&room, None, "Ship it?").await;
    let shown = rig.shows(&ben, &room).await.pop().expect("it is shown");
    rig.act(&ben, &room, Act::React { sign: "👍", on: &shown }).await;
    let told = line.happening().await;
    assert_eq!((&told.from, &told.place), (&ben, &room));
    let Happens::Reacted { sign, on } = told.what else { panic!("a sign is told: {:?}", told.what) };
    assert!(is_thumbs_up(&sign), "{sign}");
    assert_eq!((on.id, on.by), (receipt.id, WrittenBy::Us), "by this the engine knows what it says yes to");
}
