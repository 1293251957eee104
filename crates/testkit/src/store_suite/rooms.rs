//! The rooms that Wilco keeps.

use std::sync::Arc;

use wilco_contract::{
    connector::DeliveryKey,
    ids::{Place, Seq},
    reply::{Block, Reply},
    search::Search,
    store::{Page, Record, RoomMessage, Speaker, SpeakerKind, Store, StoreError, When},
};

use super::samples::{batch, keyed, message, op_id, place, read};

const ALL: Page = Page { after: 0, limit: 1_000 };

async fn say(store: &Arc<dyn Store>, message: RoomMessage) -> Seq {
    store.commit(batch([Record::Message(message)]), When::Now).await.expect("a commit").expect("a number")
}

async fn edit(store: &Arc<dyn Store>, message: Seq, text: &str) -> Seq {
    let edited = Record::Edited { message, place: place("web:ops"), reply: Reply::text(text) };
    store.commit(batch([edited]), When::Now).await.expect("a commit").expect("a number")
}

fn texts(messages: &[RoomMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}

fn ops() -> Place {
    place("web:ops")
}

/// Oldest first, by number, only of the place.
pub async fn messages_are_paged_by_position(store: Arc<dyn Store>) {
    for text in ["a", "b", "c", "d"] {
        say(&store, message("web:ops", text)).await;
        say(&store, message("web:dev", "elsewhere")).await;
    }
    let all = store.messages(&ops(), ALL).await.expect("messages");
    assert_eq!(texts(&all), ["a", "b", "c", "d"]);
    assert_eq!(all.iter().map(|message| message.seq.0).collect::<Vec<_>>(), [1, 3, 5, 7]);
    assert_eq!(all[1], RoomMessage { seq: Seq(3), changed: Seq(3), ..message("web:ops", "b") });
    let page = store.messages(&ops(), Page { after: 3, limit: 1 }).await.expect("a page");
    assert_eq!(texts(&page), ["c"]);
    assert_eq!(store.message(Seq(3)).await, Ok(Some(all[1].clone())));
    assert_eq!(store.message(Seq(99)).await, Ok(None));
    assert_eq!(store.messages(&place("web:empty"), ALL).await, Ok(Vec::new()));
}

/// The last ones before a number, oldest first.
pub async fn the_newest_messages_are_found_from_the_end(store: Arc<dyn Store>) {
    for text in ["a", "b", "c", "d"] {
        say(&store, message("web:ops", text)).await;
        say(&store, message("web:dev", "elsewhere")).await;
    }
    let before = async |before, limit| {
        let found = store.messages_before(&ops(), Seq(before), limit).await.expect("messages");
        found.into_iter().map(|message| message.text).collect::<Vec<_>>()
    };
    assert_eq!(before(0, 2).await, ["c", "d"]);
    assert_eq!(before(0, 9).await, ["a", "b", "c", "d"]);
    assert_eq!(before(5, 9).await, ["a", "b"]);
    assert_eq!(before(5, 1).await, ["b"]);
    assert_eq!(before(1, 9).await, [""; 0]);
}

/// An edit replaces content, counts up the version and leaves the place in the list.
pub async fn a_changed_message_stands_once_in_its_last_version(store: Arc<dyn Store>) {
    let first = say(&store, message("web:ops", "first")).await;
    say(&store, message("web:ops", "second")).await;
    edit(&store, first, "better").await;
    let twice = ["good", "best"].map(|text| Record::Edited {
        message: first,
        place: ops(),
        reply: Reply::text(text),
    });
    let changed = store.commit(batch(twice), When::Now).await.expect("two edits").expect("a number");
    let all = store.messages(&ops(), ALL).await.expect("messages");
    assert_eq!(texts(&all), ["best", "second"]);
    let expected = RoomMessage {
        seq: first,
        changed,
        version: 4,
        reply: Reply::text("best"),
        ..message("web:ops", "best")
    };
    assert_eq!(all[0], expected);
    assert_eq!(store.message(first).await, Ok(Some(expected)));
    let body = store.sealed(Page { after: 0, limit: 1 }).await.expect("a record").remove(0).body;
    assert!(body.expect("a text").contains("first"), "the journal keeps what was said first");
}

/// Whoever follows the cursor sees every post and the last state of every edit, once.
pub async fn changes_are_followed_by_a_cursor(store: Arc<dyn Store>) {
    let first = say(&store, message("web:ops", "a")).await;
    say(&store, message("web:dev", "elsewhere")).await;
    say(&store, message("web:ops", "b")).await;
    let seen = store.messages_changed(&ops(), ALL).await.expect("changes");
    assert_eq!(texts(&seen), ["a", "b"]);
    let cursor = seen.last().expect("messages").changed.0;
    assert_eq!(store.messages_changed(&ops(), Page { after: cursor, limit: 9 }).await, Ok(Vec::new()));
    edit(&store, first, "a2").await;
    store.commit(batch([read("between")]), When::Now).await.expect("a commit");
    say(&store, message("web:ops", "c")).await;
    let last = edit(&store, first, "a3").await;
    let seen = store.messages_changed(&ops(), Page { after: cursor, limit: 9 }).await.expect("changes");
    assert_eq!(texts(&seen), ["c", "a3"]);
    assert_eq!(seen[1].changed, last);
    let seen = store.messages_changed(&ops(), Page { after: 0, limit: 2 }).await.expect("changes");
    assert_eq!(texts(&seen), ["b", "c"]);
}

/// What was found, and whether older ones are left to look at, over as many looks as it takes.
async fn find(store: &Arc<dyn Store>, search: Search) -> (Vec<String>, usize) {
    let (mut texts, mut looks, mut before) = (Vec::new(), 0, search.before);
    loop {
        let found = store.messages_with(&ops(), &Search { before, ..search.clone() }).await.expect("a look");
        assert!(found.messages.len() <= search.limit, "{found:?}");
        texts.extend(found.messages.into_iter().map(|message| message.text));
        looks += 1;
        match found.next {
            Some(next) => {
                assert!(before.0 == 0 || next < before, "a look goes back: {next:?} before {before:?}");
                before = next;
            }
            None => return (texts, looks),
        }
    }
}

/// All words, of any order and any case of a to z, in the text as it stands now, only of the place, newest first, a
/// bounded number of messages at a time.
pub async fn messages_are_found_by_their_words(store: Arc<dyn Store>) {
    let first = say(&store, message("web:ops", "Release webapp failed")).await;
    say(&store, message("web:dev", "webapp release elsewhere")).await;
    let second = say(&store, message("web:ops", "100 % of the_webapp\\release is out")).await;
    say(&store, message("web:ops", "nothing of it")).await;
    let last = say(&store, message("web:ops", "say it: WEBAPP")).await;
    let search = |words: &[&str]| Search {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        after: Seq(0),
        before: Seq(0),
        limit: 10,
        look: 100,
    };
    let all = ["say it: WEBAPP", "100 % of the_webapp\\release is out", "Release webapp failed"];
    assert_eq!(find(&store, search(&["webapp"])).await, (all.map(str::to_owned).into(), 1));
    assert_eq!(find(&store, search(&["webapp", "RELEASE"])).await.0, all[1..]);
    assert_eq!(find(&store, search(&["webapp", "elsewhere"])).await.0, [""; 0]);
    for sign in ["%", "_", "\\", "0 %"] {
        assert_eq!(find(&store, search(&[sign])).await.0, all[1..2], "{sign} means itself");
    }
    assert_eq!(find(&store, search(&["e_w", "\\r"])).await.0, all[1..2]);
    assert_eq!(find(&store, search(&[])).await.0.len(), 4);
    for (limit, look, looks) in [(1, 100, 3), (10, 1, 4), (1, 1, 4), (10, 3, 2), (3, 4, 1)] {
        let answer = find(&store, Search { limit, look, ..search(&["webapp"]) }).await;
        assert_eq!(answer, (all.map(str::to_owned).into(), looks), "{limit} of {look}");
    }
    let answer = find(&store, Search { before: last, after: first, ..search(&["webapp"]) }).await;
    assert_eq!(answer.0, all[1..2]);
    edit(&store, second, "other words").await;
    assert_eq!(find(&store, search(&["release"])).await.0, all[2..]);
    assert_eq!(find(&store, search(&["other", "words"])).await.0, ["other words"]);
}

/// The same key twice is one message, whatever the place.
pub async fn a_key_is_posted_once(store: Arc<dyn Store>) {
    let seq = say(&store, keyed("web:ops", "once", "k")).await;
    for again in [
        batch([Record::Message(keyed("web:dev", "twice", "k"))]),
        batch(["l", "l"].map(|key| Record::Message(keyed("web:ops", "x", key)))),
    ] {
        let answer = store.commit(again, When::Now).await;
        assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
    }
    let found = store.message_by_key(&DeliveryKey("k".into())).await.expect("a read").expect("the message");
    assert_eq!((found.seq, found.text.as_str()), (seq, "once"));
    assert_eq!(store.message_by_key(&DeliveryKey("l".into())).await, Ok(None));
    say(&store, message("web:ops", "without a key")).await;
    say(&store, message("web:ops", "without a key")).await;
}

/// No message, or one of another place.
pub async fn what_is_not_there_cannot_be_edited(store: Arc<dyn Store>) {
    let seq = say(&store, message("web:dev", "hello")).await;
    for message in [seq, Seq(99)] {
        let edited = Record::Edited { message, place: ops(), reply: Reply::text("x") };
        let answer = store.commit(batch([edited]), When::Now).await;
        assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
    }
    assert_eq!(store.head().await.map(|head| head.seq), Ok(seq));
}

/// Control characters, bidi tricks, markup, a hundred kilobytes.
pub async fn any_text_comes_back_as_it_was(store: Arc<dyn Store>) {
    let odd = [
        "",
        "nul \0 in it",
        "\u{202e}bidi",
        "<b>&amp;</b>",
        "'); DROP TABLE journal; --",
        "\u{1b}[31mred",
        "🚀 ünï",
    ];
    let long = "x".repeat(100_000);
    for text in odd.into_iter().chain([long.as_str()]) {
        let reply = Reply::text(text).and(Block::Code { text: text.to_owned() });
        let said = RoomMessage {
            thread: Some(Seq(1)),
            from: Speaker { kind: SpeakerKind::Wilco, id: "wilco".into(), name: text.to_owned() },
            reply,
            operation: Some(op_id(1)),
            key: Some(DeliveryKey(format!("key {text}"))),
            ..message("web:ops", text)
        };
        let seq = say(&store, said.clone()).await;
        let expected = RoomMessage { seq, changed: seq, ..said };
        assert_eq!(store.message(seq).await, Ok(Some(expected.clone())));
        let key = DeliveryKey(format!("key {text}"));
        assert_eq!(store.message_by_key(&key).await, Ok(Some(expected)));
    }
}
