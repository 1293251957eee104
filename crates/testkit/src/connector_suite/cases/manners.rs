//! What is long, hostile, marked up or written in any script, in both directions, and how fast we speak.
//!
//! Not who says it: [`super::people`]. For tests only.

use std::time::Duration;

use tokio::time::Instant;
use wilco_contract::{
    connector::SendError,
    ids::Place,
    input::MAX_TEXT,
    reply::{Block, Reply},
    retry::Retry,
};
use wilco_runtime::rate::Rate;

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

/// A picture and a file are shown with what they are and where they are, at least as text.
pub async fn a_picture_and_a_file_are_shown_with_their_addresses(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let room = rig.room();
    let picture = Block::Image { url: "/graphs/7.png".into(), alt: "load doubled at 14:05".into() };
    let (name, url) = ("build.log".into(), "/files/7".into());
    let file = Block::File { name, url, bytes: 1_234, picture: false, until: None };
    line.post(&room, None, &Reply { blocks: vec![picture, file] }).await.expect("it is posted");
    let shown: Vec<_> = ours(rig, &room).await.into_iter().map(|shown| shown.text).collect();
    let shown = shown.join("\n");
    for part in ["load doubled at 14:05", "/graphs/7.png", "build.log", "/files/7"] {
        assert!(shown.contains(part), "`{part}` is not in {shown:?}");
    }
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

/// We speak no faster than we may, and lose nothing by it. Where nothing bounds us, all is there at once.
pub async fn the_rate_is_honoured(rig: &dyn Rig) {
    const ALL: u32 = 12;
    let rate = Rate { count: 20, span: Duration::from_secs(1), burst: 3 };
    let (began, room) = (Instant::now(), rig.room());
    let (mut line, each) = match rig.paced(rate) {
        Some(connector) => (Line::of(&*connector, None).await, rate.span / rate.count),
        None => (Line::open(rig, None).await, Duration::ZERO),
    };
    for number in 1..ALL {
        line.hands_over(&room, &format!("told {number}")).await;
    }
    line.posted(&room, None, &format!("told {ALL}")).await;
    assert!(began.elapsed() >= each * (ALL - rate.burst), "all of it after {:?}", began.elapsed());
    let told: Vec<_> = ours(rig, &room).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(told, (1..=ALL).map(|number| format!("told {number}")).collect::<Vec<_>>());
}

/// What people write in whatever script arrives as they wrote it, and so does what we post.
pub async fn signs_of_all_scripts_pass_as_they_are(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    let texts = [
        "Größe, naïve café, 25 °C, 3 €",
        "👩\u{200d}🚒 ❤\u{fe0f} 👍🏽 🇩🇪",
        "e\u{301} 漢字 Ελληνικά עברית العربية हिन्दी",
    ];
    for text in texts {
        rig.say(&ana, &room, None, text).await.expect("it is said");
        assert_eq!(line.message().await.text, text);
        line.posted(&room, None, text).await;
        assert_eq!(ours(rig, &room).await.pop().expect("it is shown").text, text);
    }
}

/// Bytes that are no UTF-8, as old clients send them, are refused to who says them, or what can be read of them arrives;
/// and the connection goes on.
pub async fn bytes_that_are_no_text_are_refused_or_read_around(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    match rig.say_bytes(&ana, &room, b"Gr\xfc\xdfe aus K\xf6ln").await {
        Ok(()) => {
            let text = line.message().await.text;
            for part in ["Gr", "e aus K", "ln"] {
                assert!(text.contains(part), "{text:?} has lost `{part}`");
            }
        }
        Err(why) => assert!(!why.is_empty(), "a refusal says why"),
    }
    rig.say(&ana, &room, None, "after").await.expect("it is said");
    assert_eq!(line.message().await.text, "after");
}

/// Signs that could be markup and are none pass as they are, in both directions: names of files and branches are made of
/// them.
pub async fn what_is_no_markup_passes_as_it_is(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    for text in [
        "wilco logs *.log my_snake_case __init__.py 2*3*4",
        "a|b <x> & &amp; #7 ~/bin \"q\" 'q' \\n [x] (y) {z} $HOME %41",
    ] {
        rig.say(&ana, &room, None, text).await.expect("it is said");
        assert_eq!(line.message().await.text, text);
        let code = Reply { blocks: vec![Block::Code { text: text.into() }] };
        for reply in [code, Reply::text(text)] {
            line.post(&room, None, &reply).await.expect("it is posted");
            assert_eq!(ours(rig, &room).await.pop().expect("it is shown").text, text);
        }
    }
}

/// Markup of ours is shown with all its words; said again by a person as their client shows it, it arrives with the same
/// words and without what acts.
pub async fn markup_is_shown_and_reads_back(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let ([ana, _], room) = (rig.people(), rig.room());
    line.posted(&room, None, "**webapp** goes to `v2**.1`: [the run](https://ci.example.com/7)").await;
    let shown = ours(rig, &room).await.pop().expect("it is shown").text;
    rig.say(&ana, &room, None, &shown).await.expect("it is said");
    let read = line.message().await.text;
    assert_eq!(acting(&read), "", "{read:?}");
    for text in [&shown, &read] {
        let mut rest = text.as_str();
        for part in ["webapp", " goes to `v2**.1`: ", "the run", "https://ci.example.com/7"] {
            let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{text:?} has lost `{part}`"));
            rest = after;
        }
    }
}

/// No text that we pass on calls everybody in a room. Where the network has no word for that, nothing is changed for it.
pub async fn a_mass_mention_calls_nobody(rig: &dyn Rig) {
    let mut line = Line::open(rig, None).await;
    let room = rig.room();
    let call = rig.mass_mention();
    let text = format!("look {} there", call.unwrap_or("@everyone @here @channel <!channel>"));
    for reply in [Reply::text(&text), Reply { blocks: vec![Block::Code { text: text.clone() }] }] {
        line.post(&room, None, &reply).await.expect("it is posted");
        let shown = ours(rig, &room).await.pop().expect("it is shown").text;
        match call {
            Some(call) => {
                assert!(!shown.contains(call), "{shown:?} calls everybody");
                assert!(shown.contains("look") && shown.contains("there"), "{shown:?}");
            }
            None => assert_eq!(shown, text),
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
