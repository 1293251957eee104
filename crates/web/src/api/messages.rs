//! Messages of the page's rooms: reading and saying.
//!
//! Not their keeping, nor the reading of orders: the connector commits, the engine reads. Layer 3.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    ids::Seq,
    input::MAX_TEXT,
    store::{Page, RoomMessage},
};

use super::Answer;
use crate::{
    connector::{NotSaid, Say},
    door::Door,
    dto::{List, Message, Messages},
    extract::{Asked, InPlace, Json, idempotency_key, limit},
    guard::Caller,
    problem::Problem,
};

/// Which messages.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Those behind this one.
    after: Option<u64>,
    /// The newest ones before this one.
    before: Option<u64>,
    /// So many of the newest.
    latest: Option<usize>,
    /// The most to return: 100 if absent, at most 500.
    limit: Option<usize>,
}

/// Something to say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// What, at most 64 kB.
    text: String,
    /// In the thread of this message.
    thread: Option<String>,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    InPlace(place): InPlace,
    Asked(which): Asked<Which>,
) -> Result<Answer<Messages>, Problem> {
    let most = limit(which.limit);
    // Looked at before the messages are read: what comes in between is then told by the stream as well, never by none.
    let stream = door.store.head().await?.seq.to_string();
    let (read, most): (Vec<RoomMessage>, usize) = match (which.after, which.before, which.latest) {
        (after, None, None) => {
            let page = Page { after: after.unwrap_or(0), limit: most + 1 };
            (door.store.messages(&place, page).await?, most)
        }
        (None, Some(before), None) => (door.store.messages_before(&place, Seq(before), most).await?, most),
        (None, None, Some(latest)) => {
            let most = limit(Some(latest));
            (door.store.messages_before(&place, Seq(0), most).await?, most)
        }
        _ => return Err(Problem::malformed("Take one of `after`, `before` and `latest`.")),
    };
    let List { items, next } =
        List::page(read, most, |message| message.seq.0, |message| Some(Message::from(message)));
    Ok(Answer::ok(Messages { items, next, stream }))
}

pub(super) async fn say(
    State(door): State<Arc<Door>>,
    caller: Caller,
    InPlace(place): InPlace,
    headers: HeaderMap,
    Json(words): Json<Words>,
) -> Result<Answer<Message>, Problem> {
    if caller.only_reads() {
        return Err(Problem::denied("A token with the scope `read` says nothing.")
            .with("rule", "scope read")
            .with("you_can", "Make a token with `wilco token create NAME --scope order`."));
    }
    door.rate.take(&caller.who.key()).map_err(|pause| {
        Problem::too_many(
            "You say more than 50 messages in a second; the rest was not taken. Try again in a moment.",
        )
        .retry_after(pause.as_secs() + 1)
    })?;
    let thread = match words.thread.as_deref().map(str::parse) {
        None => None,
        Some(Ok(seq)) => Some(Seq(seq)),
        Some(Err(_)) => return Err(Problem::unfit("`thread` has to be the `id` of a message in this room.")),
    };
    let key = idempotency_key(&headers)?;
    let say = Say { who: caller.who, place, thread, text: words.text, key, file: None };
    let message = door.connector.say(say).await?;
    Ok(Answer(StatusCode::CREATED, message.into()))
}

impl From<NotSaid> for Problem {
    fn from(why: NotSaid) -> Self {
        match why {
            NotSaid::Empty => Self::unfit("There is nothing to say: the text is empty."),
            NotSaid::TooLong(bytes) => Self::too_long(format!(
                "The text has {bytes} bytes, and a message has at most {MAX_TEXT}. Nothing was said."
            )),
            NotSaid::NoThread(seq) => {
                Self::unfit(format!("There is no message `{seq}` in this room to answer."))
            }
            NotSaid::OtherText => {
                Self::unfit("This `Idempotency-Key` was used for another message. Nothing was said.")
            }
            NotSaid::Busy => Self::unavailable(
                "Too many messages wait to be worked off. Nothing was said; try again soon.",
            ),
            NotSaid::Store(error) => error.into(),
            NotSaid::Lost => Self::internal(
                "The message may or may not have been said. Send it again with the same `Idempotency-Key`.",
            ),
        }
    }
}
