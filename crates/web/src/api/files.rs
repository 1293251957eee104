//! Files of the page's rooms: sending one, and fetching one.
//!
//! Not their keeping, which is `files`, nor the message that shows one: the connector commits that. Layer 3.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    file::{FileId, KeptFile},
    ids::Seq,
    reply::Block,
    store::RoomMessage,
};

use super::Answer;
use crate::{
    connector::Say,
    door::Door,
    dto::Message,
    extract::{Asked, InPlace, Named, idempotency_key, open_place},
    files::{self, Incoming, disposition, harmless},
    guard::Caller,
    problem::Problem,
    text,
};

/// The header with the words beside a file, percent-encoded. An address ends in the logs of proxies, and what people say
/// belongs in none.
pub(crate) const WORDS: &str = "x-wilco-text";
/// The longest words beside a file, in bytes.
const MAX_WORDS: usize = 8 * 1024;
/// What a file that is opened by its address may do.
const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";
/// How long a browser may keep it, in seconds: a room is looked at again and again, and a session ends some day.
const KEEP: &str = "private, max-age=600";

/// What is sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    /// The file's name.
    name: String,
    /// In the thread of this message.
    thread: Option<String>,
}

pub(super) async fn send(
    State(door): State<Arc<Door>>,
    request: (Caller, InPlace, Asked<About>, HeaderMap),
    body: Body,
) -> Result<Answer<Message>, Problem> {
    let (caller, InPlace(place), Asked(about), headers) = request;
    if caller.only_reads() {
        return Err(Problem::denied("A token with the scope `read` sends nothing.")
            .with("rule", "scope read")
            .with("you_can", "Make a token with `wilco token create NAME --scope order`."));
    }
    let thread = match about.thread.as_deref().map(str::parse) {
        None => None,
        Some(Ok(seq)) => Some(Seq(seq)),
        Some(Err(_)) => return Err(Problem::unfit("`thread` has to be the `id` of a message in this room.")),
    };
    let (key, name, words) = (idempotency_key(&headers)?, harmless(&about.name), words(&headers)?);
    if let Some(key) = &key
        && let Some(first) = door.connector.said_before(&caller.who, key).await?
    {
        let (bytes, hash) = files::measure(body).await?;
        let kept = match shown(&first) {
            Some((id, known, size)) if known == name && size == bytes => {
                // Once it is over, its name and its size have to do.
                door.store.file(&id, door.access.now()).await?.is_none_or(|kept| kept.hash == hash)
            }
            _ => false,
        };
        if kept && first.place == place && said(&first) == text::clean(&words) {
            return Ok(Answer(StatusCode::CREATED, first.into()));
        }
        return Err(Problem::unfit("This `Idempotency-Key` was used for another message. Nothing was sent."));
    }
    let incoming = Incoming { caller: caller.clone(), place: place.clone(), name };
    let sent = files::take_in(&door, incoming, body).await?;
    let say = Say { who: caller.who, place, thread, text: words, key, file: Some(sent) };
    let message = door.connector.say(say).await?;
    Ok(Answer(StatusCode::CREATED, message.into()))
}

/// The file that a message shows: its id, name and size.
fn shown(message: &RoomMessage) -> Option<(FileId, &str, u64)> {
    message.reply.blocks.iter().find_map(|block| match block {
        Block::File { name, url, bytes, .. } => {
            Some((FileId::parse(url.rsplit('/').next()?)?, name.as_str(), *bytes))
        }
        _ => None,
    })
}

/// The words beside it.
fn said(message: &RoomMessage) -> &str {
    let words = message.reply.blocks.iter().find_map(|block| match block {
        Block::Quote { text } => Some(text.as_str()),
        _ => None,
    });
    words.unwrap_or_default()
}

/// The words that a request brings beside its file.
fn words(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(value) = headers.get(WORDS) else { return Ok(String::new()) };
    let bad = || Problem::malformed("`X-Wilco-Text` has to be UTF-8, percent-encoded.");
    let words = decoded(value.as_bytes()).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
    if words.len() > MAX_WORDS {
        return Err(Problem::too_long(format!(
            "The words beside a file have at most {MAX_WORDS} bytes. Nothing was sent; say them by themselves."
        )));
    }
    Ok(if words.trim().is_empty() { String::new() } else { words })
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let half = |digit: u8| char::from(digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => half(*rest.next()?)? << 4 | half(*rest.next()?)?,
            other => *other,
        });
    }
    Some(bytes)
}

pub(super) async fn fetch(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let id = FileId::parse(&id).ok_or_else(|| door.files.nowhere())?;
    let file = door.store.file(&id, door.access.now()).await?;
    // Whoever may not see its room does not learn that there is one.
    let file = file.filter(|file| open_place(&door, &caller, &file.place).is_ok());
    let file = file.ok_or_else(|| door.files.nowhere())?;
    let headers = headers(&file)?;
    Ok((headers, files::give(&door, caller, &file).await?).into_response())
}

/// Only a picture of a safe kind is shown where it stands, and even that as nothing but a picture.
fn headers(file: &KeptFile) -> Result<HeaderMap, Problem> {
    let value = HeaderValue::try_from(disposition(file.kind.is_picture(), &file.name))
        .map_err(|error| Problem::internal(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind.media()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.bytes));
    headers.insert(header::CONTENT_DISPOSITION, value);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP));
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &HeaderMap) -> Option<String> {
        words(headers).ok()
    }

    #[test]
    fn words_come_back_as_they_were_written() {
        for (written, words) in [
            ("look%20here", Some("look here")),
            ("%C3%A9%0A%25", Some("é\n%")),
            ("plain", Some("plain")),
            ("%2", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(WORDS, HeaderValue::from_static(written));
            assert_eq!(read(&headers).as_deref(), words, "{written}");
        }
        assert_eq!(read(&HeaderMap::new()), Some(String::new()));
    }
}
