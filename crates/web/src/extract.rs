//! Reading requests: bodies, queries and names in paths, each with an error that says what is wrong.
//!
//! Not axum's own readers: their errors are plain text, ours are problems. Layer 3.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{HeaderMap, header, request::Parts},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use wilco_contract::{
    ids::{OpId, Place},
    operation::Operation,
};

use crate::{door::Door, guard::Caller, problem::Problem, serve::Peer};

/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// The longest body that is read from who is not signed in, in bytes.
pub(crate) const MAX_SIGN_IN: usize = 4 * 1024;
/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// The header that makes a repeated request recognisable.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Door>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &Arc<Door>) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        // A page of another site can send other types without asking first.
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::wrong_kind(
                "The body has to be JSON, with `Content-Type: application/json`.",
            ));
        }
        let bytes = timeout(BODY_WITHIN, Bytes::from_request(request, door)).await.map_err(|_| {
            Problem::too_slow(format!(
                "The body did not arrive within {} s. Nothing was done.",
                BODY_WITHIN.as_secs()
            ))
        })?;
        let bytes = bytes.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(error)
                if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Problem::too_long(format!(
                    "A body has at most {MAX_BODY} bytes, and one that signs in {MAX_SIGN_IN}."
                ))
            }
            other => Problem::malformed(format!("The body could not be read: {other}.")),
        })?;
        serde_json::from_slice(&bytes)
            .map(Json)
            .map_err(|error| Problem::malformed(format!("The body does not fit: {error}.")))
    }
}

/// Where a request comes from, as far as the connection says.
pub(crate) struct CameFrom(pub(crate) String);

impl FromRequestParts<Arc<Door>> for CameFrom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Door>) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>();
        Ok(Self(peer.map_or_else(|| "an unknown address".to_owned(), |Peer(address)| address.to_string())))
    }
}

/// A query, strictly read.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Door>> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Door>) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(query)| Self(query))
            .map_err(|error| Problem::malformed(format!("The query does not fit: {}.", error.body_text())))
    }
}

/// A segment of the path, percent-decoded.
async fn segment(parts: &mut Parts, door: &Arc<Door>) -> Result<String, Problem> {
    let Path(text) = Path::<String>::from_request_parts(parts, door)
        .await
        .map_err(|error| Problem::malformed(format!("The path does not fit: {}.", error.body_text())))?;
    Ok(text)
}

/// A name in the path.
pub(crate) struct Named(pub(crate) String);

impl FromRequestParts<Arc<Door>> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        segment(parts, door).await.map(Self)
    }
}

/// A room of the page that the caller may read.
pub(crate) struct InPlace(pub(crate) Place);

impl FromRequestParts<Arc<Door>> for InPlace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, door).await?;
        let text = segment(parts, door).await?;
        let place = Place::parse(&text).map_err(|error| Problem::malformed(format!("{error}.")))?;
        open_place(door, &caller, &place).map(|()| Self(place))
    }
}

/// Whether the caller may read and speak in this room of the page.
pub(crate) fn open_place(door: &Door, caller: &Caller, place: &Place) -> Result<(), Problem> {
    if !door.connector.has(place) {
        return Err(Problem::there_is_no("room", place.as_str()));
    }
    if !door.connector.is_open_to(&caller.who, place) {
        return Err(Problem::denied(format!(
            "`{place}` is a direct conversation, open to its person alone."
        ))
        .with("rule", "direct conversations are private"));
    }
    Ok(())
}

/// An operation that the caller may see.
pub(crate) struct Of(pub(crate) Operation);

impl FromRequestParts<Arc<Door>> for Of {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, door).await?;
        // The path may have more names than the id; the id is the first.
        let Path(names) = Path::<Vec<(String, String)>>::from_request_parts(parts, door)
            .await
            .map_err(|error| Problem::malformed(format!("The path does not fit: {}.", error.body_text())))?;
        let text =
            names.into_iter().find_map(|(name, value)| (name == "id").then_some(value)).unwrap_or_default();
        let id = OpId::parse(&text).map_err(|error| Problem::malformed(format!("{error}.")))?;
        let found = door.store.operation(&id).await?.filter(|operation| is_seen(door, &caller, operation));
        found.map(Self).ok_or_else(|| Problem::there_is_no("operation", id.as_str()))
    }
}

/// Whether the caller may see the operation: all may see what stands in a room, its asker what stands in private.
pub(crate) fn is_seen(door: &Door, caller: &Caller, operation: &Operation) -> bool {
    operation.home.direct().is_none()
        || operation.asker.key() == caller.who.key()
        || door.connector.is_open_to(&caller.who, &operation.home)
}

/// The caller's key for a request that may be repeated.
///
/// # Errors
/// When it is there and is no plain text of 1 to 200 signs.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=200).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::malformed("`Idempotency-Key` has to be 1 to 200 plain ASCII signs.")),
    }
}

/// A time in a query: RFC 3339, or a day or time without an offset, which is meant in Wilco's zone.
///
/// # Errors
/// When it is neither, by the name of the parameter.
pub(crate) fn moment(door: &Door, name: &str, text: &str) -> Result<Timestamp, Problem> {
    let text = text.trim();
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let zone = TimeZone::get(&door.desk.zone_name()).unwrap_or(TimeZone::UTC);
    let local = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone).ok());
    local.map(|local| local.timestamp()).ok_or_else(|| {
        Problem::malformed(format!("`{name}` is a time as `2026-11-23T14:00:00Z`, or a day as `2026-11-23`."))
    })
}

/// How many entries of a list to return: 100 where nothing is said, at most 500.
pub(crate) fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(100).clamp(1, 500)
}
