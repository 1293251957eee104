//! What is long, hostile or marked up, in both directions.
//!
//! Not who says it: [`super::people`]. For tests only.

use wilco_contract::{
    connector::SendError,
    ids::Place,
    input::MAX_TEXT,
    reply::{Block, Reply},
    retry::Retry,
};

use super::super::{Line, Rig, acting, ours};

/// Text with all that could harm a reader: colours, direction tricks, markup, a mass mention, a zero byte.
const HOSTILE: &str =
    "wilco \u{1b}[31mred\u{1b}[0m \u{202e}evil\u{2066} <script>alert(1)</script> @everyone \u{0}end";

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
