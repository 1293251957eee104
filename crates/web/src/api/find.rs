//! Finding in a room: messages by their words, and what somebody has not read yet.
//!
//! Not a mark of how far anybody has read: whoever asks says it. Layer 3.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    ids::Seq,
    reply::{Block, NEEDS, Reply},
    search::{MAX_WORDS, Search},
    store::{Page, RoomMessage, SpeakerKind},
};

use super::Answer;
use crate::{
    door::Door,
    dto::{List, Message, Unread},
    extract::{Asked, InPlace, limit},
    guard::Caller,
    problem::Problem,
};

/// The longest text to look for, in bytes.
const MAX_SOUGHT: usize = 200;
/// How many messages one request looks at: tens of milliseconds in a database that is not in memory yet.
const LOOK: usize = 20_000;
/// How many unread messages are counted.
const MOST_UNREAD: usize = 100;

/// What to find.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct What {
    /// Words that all stand in the message, at most eight and 200 bytes; the letters a to z count as A to Z do.
    text: String,
    /// Only messages before this one: the list's `next`, for older ones.
    before: Option<u64>,
    /// Only messages behind this one.
    after: Option<u64>,
    /// The most to return: 100 if absent, at most 500.
    limit: Option<usize>,
}

/// How far somebody has read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadTo {
    /// The last message that was read.
    after: u64,
}

pub(super) async fn search(
    State(door): State<Arc<Door>>,
    InPlace(place): InPlace,
    Asked(what): Asked<What>,
) -> Result<Answer<List<Message>>, Problem> {
    let words = words(&what.text)?;
    let search = Search {
        words,
        after: Seq(what.after.unwrap_or(0)),
        before: Seq(what.before.unwrap_or(0)),
        limit: limit(what.limit),
        look: LOOK,
    };
    let found = door.store.messages_with(&place, &search).await?;
    let items = found.messages.into_iter().map(Message::from).collect();
    Ok(Answer::ok(List { items, next: found.next.map(|seq| seq.0) }))
}

fn words(text: &str) -> Result<Vec<String>, Problem> {
    if text.len() > MAX_SOUGHT {
        return Err(Problem::unfit(format!(
            "`text` has {} bytes, and a search has at most {MAX_SOUGHT}.",
            text.len()
        )));
    }
    let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    match words.len() {
        0 => Err(Problem::unfit("There is nothing to look for: `text` is empty.")),
        count if count > MAX_WORDS => {
            Err(Problem::unfit(format!("`text` has {count} words, and a search has at most {MAX_WORDS}.")))
        }
        _ => Ok(words),
    }
}

pub(super) async fn unread(
    State(door): State<Arc<Door>>,
    caller: Caller,
    InPlace(place): InPlace,
    Asked(read): Asked<ReadTo>,
) -> Result<Answer<Unread>, Problem> {
    let me = caller.who.person().map(ToString::to_string);
    let is_own = |message: &RoomMessage| {
        message.from.kind == SpeakerKind::Person && Some(&message.from.id) == me.as_ref()
    };
    let page = Page { after: read.after, limit: MOST_UNREAD + 1 };
    let behind = door.store.messages(&place, page).await?;
    let more = behind.len() > MOST_UNREAD;
    let others: Vec<_> = behind.iter().filter(|message| !is_own(message)).collect();
    let mut mentions = 0;
    if let Some(me) = &me {
        // Newest first, so that a mention is found however much was said before it.
        let search = Search {
            words: vec![format!("@{me}")],
            after: Seq(read.after),
            before: Seq(0),
            limit: MOST_UNREAD,
            look: LOOK,
        };
        let found = door.store.messages_with(&place, &search).await?.messages;
        mentions =
            found.iter().filter(|message| !is_own(message) && has_mention(&spoken(message), me)).count();
    }
    let first = others.first().map(|message| message.seq.to_string());
    Ok(Answer::ok(Unread { count: others.len().min(MOST_UNREAD), more, mentions, first }))
}

/// What a message says to people. Whom a refusal or a plan that was only looked at names, as somebody who could help, is
/// not spoken to by it.
fn spoken(message: &RoomMessage) -> Cow<'_, str> {
    if message.from.kind != SpeakerKind::Wilco || message.operation.is_some() {
        return Cow::Borrowed(&message.text);
    }
    let names = |block: &Block| match block {
        Block::Refusal { .. } => true,
        Block::Fields { fields } => fields.iter().any(|field| field.name == NEEDS),
        _ => false,
    };
    if !message.reply.blocks.iter().any(names) {
        return Cow::Borrowed(&message.text);
    }
    let blocks = message.reply.blocks.iter().filter(|block| !names(block)).cloned().collect();
    Cow::Owned(Reply { blocks }.plain())
}

/// Whether a text speaks to this person: `@ana`, and not `@anabel`, `web:@ana` or `mail@ana`.
fn has_mention(text: &str, id: &str) -> bool {
    let name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices('@').any(|(at, _)| {
        let starts = !text[..at].ends_with(|c: char| name(c) || matches!(c, ':' | '.' | '@' | '/'));
        let rest = &text[at + 1..];
        let ends = rest.find(|c: char| !name(c)).unwrap_or(rest.len());
        starts && rest[..ends].eq_ignore_ascii_case(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_whole_name() {
        for text in ["@ana", "hello @ana, look", "(@ana)", "@Ana: x", "@anabel and @ana.", "a\n@ana"] {
            assert!(has_mention(text, "ana"), "{text}");
        }
        for text in ["", "ana", "@anabel", "@ana-2", "web:@ana", "mail@ana.example", "@@ana", "@än", "/@ana"]
        {
            assert!(!has_mention(text, "ana"), "{text}");
        }
    }
}
