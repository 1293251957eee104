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
    ids::{Place, Seq},
};

use super::Answer;
use crate::{
    connector::{Again, Say},
    door::Door,
    dto::Message,
    extract::{Asked, InPlace, Named, idempotency_key, open_place},
    files::{self, Incoming, disposition, harmless},
    guard::Caller,
    problem::Problem,
};

/// The header with the words beside a file, percent-encoded. An address ends in the logs of proxies, and what people say
/// belongs in none.
pub(crate) const WORDS: &str = "x-wilco-text";
/// The longest words beside a file, in bytes.
const MAX_WORDS: usize = 8 * 1024;
/// What a file that is opened by its address may do.
const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";
/// A browser asks before it shows again what it keeps: whoever has signed out, or may not see the room, sees no file.
const KEEP: &str = "private, no-cache";

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
        let told = files::measure(body).await?;
        let_in_still(&door, &caller, &place).await?;
        let again = Again { place: &place, thread, words: &words, name: &name, told };
        return Ok(Answer(StatusCode::CREATED, door.connector.sent_again(first, again).await?.into()));
    }
    let incoming = Incoming { caller: caller.clone(), place: place.clone(), name };
    let sent = files::take_in(&door, incoming, body).await?;
    let_in_still(&door, &caller, &place).await?;
    let say = Say { who: caller.who, place, thread, text: words, key, file: Some(sent) };
    let message = door.connector.say(say).await?;
    Ok(Answer(StatusCode::CREATED, message.into()))
}

/// Whether the caller may say something there now that all of the file has come. They were let in when it began, which may
/// be minutes ago, and the words beside it may be an order.
async fn let_in_still(door: &Door, caller: &Caller, place: &Place) -> Result<(), Problem> {
    if !door.access.still(&caller.proof).await? {
        return Err(Problem::not_signed_in("What let you in ended while the file came. Nothing was sent."));
    }
    open_place(door, caller, place)
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
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let id = FileId::parse(&id).ok_or_else(|| door.files.nowhere())?;
    let file = door.store.file(&id, door.access.now()).await?;
    // Whoever may not see its room does not learn that there is one.
    let file = file.filter(|file| open_place(&door, &caller, &file.place).is_ok());
    let file = file.ok_or_else(|| door.files.nowhere())?;
    let tag = format!("\"{}\"", file.hash);
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP));
    headers.insert(header::ETAG, value(&tag)?);
    describe(&file, &mut headers)?;
    if is_known(&asked, &tag) {
        // A browser takes these over for what it has: without them our pages' own policy would hold for the file.
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.bytes));
    Ok((headers, files::give(&door, caller, &file).await?).into_response())
}

/// Whether the browser has these bytes. Whatever repacks an answer on its way may have made the tag a weak one.
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let mut known = known.split(',').map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Only a picture of a safe kind is shown where it stands, and even that as nothing but a picture.
fn describe(file: &KeptFile, headers: &mut HeaderMap) -> Result<(), Problem> {
    let way = value(&disposition(file.kind.is_picture(), &file.name))?;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind.media()));
    headers.insert(header::CONTENT_DISPOSITION, way);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(())
}

fn value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(text).map_err(|error| Problem::internal(error.to_string()))
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
