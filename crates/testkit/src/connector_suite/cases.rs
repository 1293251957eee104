//! The cases of [`connector_suite!`](crate::connector_suite!), one function each.
//!
//! Not for reading results: each panics where the connector is wrong. For tests only.

#![expect(clippy::missing_panics_doc, reason = "a case is a test: it panics where the connector is wrong")]

use wilco_contract::{
    connector::{Cursor, DeliveryKey, Post, Receipt, SendError},
    ids::{Hash, OpId, Place},
    input::{Happens, Input, MAX_TEXT, WrittenBy, is_thumbs_up},
    reply::{Block, Choice, PressKind, Reply, Weight},
    retry::Retry,
};

use super::{Act, Line, Pressed, Rig, acting, ours};

/// Text with all that could harm a reader: colours, direction tricks, markup, a mass mention, a zero byte.
const HOSTILE: &str =
    "wilco \u{1b}[31mred\u{1b}[0m \u{202e}evil\u{2066} <script>alert(1)</script> @everyone \u{0}end";

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

/// An edit changes the message where it stands, and no other.
pub async fn a_post_is_edited_in_place(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    if !line.session.caps.edits {
        return;
    }
    let room = rig.room();
    let receipt = line.posted(&room, None, "running").await;
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

/// An answer hangs from the message that it answers, and what is said beside it comes from the same thread.
pub async fn a_thread_hangs_together(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    if !line.session.caps.threads {
        return;
    }
    let ([ana, ben], room) = (rig.people(), rig.room());
    rig.say(&ana, &room, None, "the order").await.expect("it is said");
    let order = line.message().await;
    line.posted(&room, Some(&order.id), "the answer").await;
    let shown = rig.shows(&ana, &room).await;
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

/// The same delivery key is shown once, one after the other and at once.
pub async fn the_same_key_is_shown_once(rig: &dyn Rig) {
    let line = Line::open(rig, None).await;
    if !line.session.caps.keys {
        return;
    }
    let room = rig.room();
    let (key, reply) = (DeliveryKey("d-0001/slot/0".into()), Reply::text("once"));
    let post = Post { place: &room, thread: None, reply: &reply, key: &key };
    let outbox = &line.session.outbox;
    let (one, other) = tokio::join!(outbox.post(post), outbox.post(post));
    let third = outbox.post(post).await.expect("it is posted");
    assert_eq!(one.expect("it is posted"), third);
    assert_eq!(other.expect("it is posted"), third);
    assert_eq!(ours(rig, &room).await.len(), 1);
    drop(line);
    let line = Line::open(rig, None).await;
    assert_eq!(
        line.session.outbox.post(post).await.expect("it is posted"),
        third,
        "a new connection knows it too"
    );
    assert_eq!(ours(rig, &room).await.len(), 1);
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

/// What fits is shown to its last word.
pub async fn a_long_post_is_shown_whole(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let room = rig.room();
    let text = words(line.session.caps.max_bytes / 2);
    line.post(&room, None, &Reply { blocks: vec![Block::Code { text: text.clone() }] })
        .await
        .expect("it fits");
    assert_whole(rig, &room, &text).await;
}

/// What does not fit is refused for good, split, or cut with a way to the rest; its end is never missing without a word.
pub async fn a_post_that_is_too_long_is_refused_or_split(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let room = rig.room();
    let text = words(line.session.caps.max_bytes * 2);
    match line.post(&room, None, &Reply { blocks: vec![Block::Code { text: text.clone() }] }).await {
        Ok(_) => assert_whole_or_cut(rig, &room, &text).await,
        Err(SendError::NotSent { what, retry }) => {
            assert_eq!(retry, Retry::Never, "the same text will never fit: {what}");
            assert!(!what.is_empty());
            assert_eq!(ours(rig, &room).await, []);
        }
        Err(error) => panic!("it is known that it was not sent: {error}"),
    }
}

/// What a person says beyond what is read is refused to them, or arrives in parts; its end is never missing.
pub async fn a_text_that_is_too_long_is_refused_or_split(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    let text = words(100_000);
    let said = rig.say(&ana, &room, None, &text).await;
    rig.say(&ana, &room, None, "end").await.expect("it is said");
    let mut read = String::new();
    loop {
        let message = line.message().await;
        assert!(message.text.len() <= MAX_TEXT, "no message is longer than {MAX_TEXT} bytes");
        if message.text == "end" {
            break;
        }
        read.push_str(&message.text);
        read.push(' ');
    }
    match said {
        Ok(()) => assert!(read.split_whitespace().eq(text.split_whitespace()), "every word arrives"),
        Err(why) => assert!(read.is_empty() && !why.is_empty(), "a refusal says why, and nothing arrives"),
    }
}

/// Hostile text of a person arrives without what acts, and with all that says something.
pub async fn hostile_text_arrives_as_data(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    rig.say(&ana, &room, None, HOSTILE).await.expect("it is said");
    let text = line.message().await.text;
    assert_eq!(acting(&text), "", "{text:?}");
    for part in ["wilco", "red", "evil", "<script>alert(1)</script>", "@everyone", "end"] {
        assert!(text.contains(part), "{text:?} has lost `{part}`");
    }
}

/// Hostile text in a reply, as programs' output may hold it, is shown without what acts.
pub async fn hostile_text_is_shown_as_data(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let room = rig.room();
    let receipt = line.posted(&room, None, HOSTILE).await;
    let reply = Reply { blocks: vec![Block::Code { text: HOSTILE.into() }] };
    line.post(&room, None, &reply).await.expect("it is posted");
    if line.session.caps.edits {
        line.session
            .outbox
            .edit(&receipt, &Reply::text(format!("edited {HOSTILE}")))
            .await
            .expect("it is edited");
    }
    let shown = ours(rig, &room).await;
    assert_eq!(shown.len(), 2);
    for shown in shown {
        assert_eq!(acting(&shown.text), "", "{:?}", shown.text);
        for part in ["red", "evil", "<script>alert(1)</script>", "end"] {
            assert!(shown.text.contains(part), "{:?} has lost `{part}`", shown.text);
        }
    }
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

/// An edit of a message that is not there fails for good.
pub async fn an_edit_of_nothing_is_refused(rig: &dyn Rig) {
    let line = Line::open(rig, None).await;
    if !line.session.caps.edits {
        return;
    }
    let nothing = Receipt { place: rig.room(), id: "404404404".into() };
    match line.session.outbox.edit(&nothing, &Reply::text("hello")).await {
        Err(SendError::NotSent { retry: Retry::Never, .. }) => {}
        other => panic!("there is no such message: {other:?}"),
    }
}

/// After a break it goes on where it was: what was said meanwhile comes, and what was acked does not come again.
pub async fn a_new_connection_loses_and_doubles_nothing(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, ben], room) = (rig.people(), rig.room());
    let mut cursor: Option<Cursor> = None;
    for number in 0..5 {
        rig.say(&ana, &room, None, &format!("before {number}")).await.expect("it is said");
        let arrival = line.arrival().await;
        cursor = arrival.cursor.or(cursor);
        if let Some(ack) = arrival.ack {
            ack.send();
        }
    }
    drop(line);
    let meanwhile = if rig.remembers() { 5 } else { 0 };
    for number in 0..meanwhile {
        rig.say(&ana, &room, None, &format!("meanwhile {number}")).await.expect("it is said");
    }
    let mut line = Line::open(rig, cursor).await;
    rig.say(&ben, &room, None, "after").await.expect("it is said");
    for number in 0..meanwhile {
        assert_eq!(line.message().await.text, format!("meanwhile {number}"));
    }
    assert_eq!(line.message().await.text, "after");
}

/// What was given out and not acked is given out again, before what is newer.
pub async fn what_was_not_acked_comes_again(rig: &dyn Rig) {
    if !rig.remembers() {
        return;
    }
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    for text in ["acked", "given out", "never given out"] {
        rig.say(&ana, &room, None, text).await.expect("it is said");
    }
    let first = line.arrival().await;
    let cursor = first.cursor.clone();
    if let Some(ack) = first.ack {
        ack.send();
    }
    let second = line.arrival().await;
    let Input::Message(once) = second.input else { panic!("a message arrives") };
    drop(line);
    let mut line = Line::open(rig, cursor).await;
    rig.say(&ana, &room, None, "newer").await.expect("it is said");
    let again = line.message().await;
    assert_eq!((again.text.as_str(), &again.id), ("given out", &once.id), "it is the same delivery");
    assert_eq!(line.message().await.text, "never given out");
    assert_eq!(line.message().await.text, "newer");
}

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

/// Words that are all different, so that a missing one is seen.
fn words(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes);
    for number in 0.. {
        let word = format!("w{number}");
        if text.len() + word.len() + 1 > bytes {
            break;
        }
        text.push_str(&word);
        text.push(if number % 10 == 9 { '\n' } else { ' ' });
    }
    text
}

/// Every word is shown, or all up to one, and then where the rest is.
async fn assert_whole_or_cut(rig: &dyn Rig, room: &Place, text: &str) {
    let shown = ours(rig, room).await;
    let Some((last, before)) = shown.split_last() else { panic!("nothing is shown") };
    if !last.text.contains("http") {
        return assert_whole(rig, room, text).await;
    }
    let read: Vec<_> = before.iter().flat_map(|shown| shown.text.split_whitespace()).collect();
    assert!(
        !read.is_empty() && text.split_whitespace().take(read.len()).eq(read.iter().copied()),
        "{read:?}"
    );
}

async fn assert_whole(rig: &dyn Rig, room: &Place, text: &str) {
    let shown = ours(rig, room).await;
    let read: Vec<_> = shown.iter().flat_map(|shown| shown.text.split_whitespace()).collect();
    assert!(text.split_whitespace().eq(read.iter().copied()), "every word is shown");
}
