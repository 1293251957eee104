//! `POST /hooks/<source>`: requests of senders of webhooks, read whole and handed in.
//!
//! Not their proof nor their reading: a source does both, and the engine keeps what came. Whoever sends is heard, under
//! any Host and without a session, so what is read before the proof is bounded here. Layer 3.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, BodyDataStream, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::StreamExt;
use hyper::body::Body as _;
use metrics::{Counter, Histogram};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use wilco_contract::source::RawHook;
use wilco_engine::{NotTaken, Taken};

use crate::{
    door::{self, Door},
    headers,
    problem::Problem,
    telemetry,
    text::clean,
};

/// Where hooks arrive.
const BASE: &str = "/hooks/";
/// The route, as metrics call it.
const ROUTE: &str = "/hooks/{source}";
/// Up to this many bytes a body needs no room of its own: the number of connections bounds how many there are. So a
/// sender who fills the room with long ones does not keep the short ones out.
const SHORT: usize = 64 * 1024;
/// How many bytes the longer bodies in flight have together.
const ROOM: usize = 128 * 1024 * 1024;
/// How long a longer body waits for room.
const ROOM_WITHIN: Duration = Duration::from_secs(5);
/// How long the next bytes of a body may take: who sends none keeps no room.
const NEXT_WITHIN: Duration = Duration::from_secs(10);
/// From this many bytes on a body is read on a thread of its own, as reading it would keep others waiting.
const LONG: usize = 256 * 1024;
/// How many of these are read at once: the rest of the server has threads to itself, too.
const LONG_AT_ONCE: usize = 8;
/// After how many seconds a sender should try again where there was no room, or nothing could be kept.
const AGAIN: u64 = 5;
/// The answers that are counted without looking the counter up.
const COUNTED: [StatusCode; 7] = [
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// What hooks share.
struct Hooks {
    door: Arc<Door>,
    /// A permit a byte.
    room: Arc<Semaphore>,
    /// A permit a thread.
    threads: Arc<Semaphore>,
    answers: [Counter; COUNTED.len()],
    seconds: Histogram,
}

/// A body, with the room that it takes.
struct Whole {
    body: Bytes,
    room: Option<OwnedSemaphorePermit>,
}

/// The routes of hooks, with all that a request goes through.
pub(crate) fn router(door: &Arc<Door>) -> Router<Arc<Door>> {
    let answers =
        COUNTED.map(|status| metrics::counter!(telemetry::HTTP_REQUESTS, "route" => ROUTE, "status" => status.as_str().to_owned()));
    let hooks = Arc::new(Hooks {
        door: Arc::clone(door),
        room: Arc::new(Semaphore::new(ROOM)),
        threads: Arc::new(Semaphore::new(LONG_AT_ONCE)),
        answers,
        seconds: metrics::histogram!(telemetry::HTTP_SECONDS, "route" => ROUTE),
    });
    Router::new()
        .route(ROUTE, post(take))
        .method_not_allowed_fallback(door::wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&hooks), around))
        .with_state(hooks)
}

/// What [`door`] does around its routes, without the texts that it makes for each request.
async fn around(State(hooks): State<Arc<Hooks>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let mut response = door::contained(ROUTE, door::DEADLINE, next.run(request)).await;
    headers::seal(hooks.door.access.public_url().is_https(), response.headers_mut());
    let status = response.status();
    match COUNTED.iter().position(|known| *known == status) {
        Some(at) => hooks.answers[at].increment(1),
        None => door::count(ROUTE.into(), status),
    }
    hooks.seconds.record(began.elapsed().as_secs_f64());
    response
}

async fn take(State(hooks): State<Arc<Hooks>>, request: Request) -> Result<Response, Problem> {
    let door = &hooks.door;
    if !door.ready.is_set() {
        return Err(
            Problem::unavailable("Wilco is starting; nothing was kept. Send it again.").retry_after(AGAIN)
        );
    }
    let received_at = door.access.now();
    let (parts, body) = request.into_parts();
    let source = parts.uri.path().strip_prefix(BASE).unwrap_or_default();
    let no_such = || Problem::there_is_no("source", source);
    let cap = door.desk.hook_limit(source).ok_or_else(no_such)?;
    let Whole { body, room } = read(&hooks.room, body, cap).await?;

    if body.len() <= LONG {
        // Not a task of its own, which would cost as much as the rest of the way: where the sender hangs up, the engine
        // still sees to it that what was kept is told.
        let headers = listed(&parts.headers);
        let taken = door.desk.hook(source, RawHook { headers: &headers, body: &body, received_at }).await;
        return taken.map(told).map_err(|why| not_taken(why, source));
    }
    let (desk, name, headers) = (Arc::clone(&door.desk), source.to_owned(), parts.headers);
    let work = async move {
        let headers = listed(&headers);
        let taken = desk.hook(&name, RawHook { headers: &headers, body: &body, received_at }).await;
        drop(room);
        taken
    };
    // Nobody closes it, so that a permit comes; it goes with the work, also where nobody waits for that any more.
    let thread = Arc::clone(&hooks.threads).acquire_owned().await;
    let handle = Handle::current();
    let work = move || {
        let taken = handle.block_on(work);
        drop(thread);
        taken
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(taken) => taken.map(told).map_err(|why| not_taken(why, source)),
        Err(_) => Err(Problem::internal(
            "Wilco made a mistake, and said so in its log. Nothing says that it was kept.",
        )),
    }
}

fn listed(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    let mut list = Vec::with_capacity(headers.len());
    list.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    list
}

/// Reads a body of at most `cap` bytes, in one piece where it came in one.
///
/// Room and memory are taken for what has come, not for what was declared: a declaration costs its sender nothing.
async fn read(room: &Arc<Semaphore>, body: Body, cap: usize) -> Result<Whole, Problem> {
    let too_long =
        || Problem::too_long(format!("This source takes at most {cap} bytes. Nothing of it was kept."));
    // What does not fit into memory does not fit under a cap either.
    let declared = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if declared.is_some_and(|length| length > cap) {
        return Err(too_long());
    }
    let most = declared.unwrap_or(cap);
    let mut pieces = body.into_data_stream();
    let mut reserved = None;
    let first = next(&mut pieces).await?.unwrap_or_default();
    if declared == Some(first.len()) {
        if first.len() > SHORT {
            reserve(room, &mut reserved, first.len()).await?;
        }
        return Ok(Whole { body: first, room: reserved });
    }
    let mut whole = Vec::with_capacity(declared.map_or(first.len(), |length| length.min(SHORT)));
    let mut piece = first;
    // How many bytes may be held with the room taken so far.
    let mut held = SHORT;
    loop {
        if piece.len() > most - whole.len() {
            return Err(too_long());
        }
        let length = whole.len() + piece.len();
        if length > held {
            // By half of what is there: that few steps do, and nobody holds much more than they sent.
            while held < length {
                held += held / 2;
            }
            held = held.min(most);
            reserve(room, &mut reserved, held).await?;
            whole.reserve_exact(held - whole.len());
        }
        whole.extend_from_slice(&piece);
        match next(&mut pieces).await? {
            Some(next) => piece = next,
            None => return Ok(Whole { body: whole.into(), room: reserved }),
        }
    }
}

/// The next bytes of a body; none at its end.
async fn next(pieces: &mut BodyDataStream) -> Result<Option<Bytes>, Problem> {
    match timeout(NEXT_WITHIN, pieces.next()).await {
        Ok(piece) => {
            piece.transpose().map_err(|_| Problem::malformed("The body was cut off. Nothing of it was kept."))
        }
        Err(_) => Err(Problem::malformed(format!(
            "Nothing more of the body came for {} s. Nothing of it was kept.",
            NEXT_WITHIN.as_secs()
        ))),
    }
}

/// Takes more of the room, once it is there, until these are so many bytes.
///
/// Bodies that wait for each other wait in vain, and only so long: whoever gives up leaves room for the others.
async fn reserve(
    room: &Arc<Semaphore>,
    reserved: &mut Option<OwnedSemaphorePermit>,
    bytes: usize,
) -> Result<(), Problem> {
    let has = reserved.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    // A source that takes more than there is room for has all of it to itself.
    let more = u32::try_from(bytes.min(ROOM) - has).unwrap_or(u32::MAX);
    let Ok(Ok(more)) = timeout(ROOM_WITHIN, Arc::clone(room).acquire_many_owned(more)).await else {
        return Err(Problem::unavailable(
            "Too many long bodies are on their way at once. Nothing of this one was kept; send it again.",
        )
        .retry_after(AGAIN));
    };
    match reserved {
        Some(reserved) => reserved.merge(more),
        None => *reserved = Some(more),
    }
    Ok(())
}

fn told(taken: Taken) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (kind, format!(r#"{{"new":{},"repeated":{}}}"#, taken.new, taken.repeated)).into_response()
}

fn not_taken(why: NotTaken, source: &str) -> Problem {
    let plain = |text: String| match clean(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(cleaned) => cleaned,
    };
    match why {
        NotTaken::NoSuchSource => Problem::there_is_no("source", source),
        NotTaken::NotProven(why) => Problem::not_proven(plain(why)),
        NotTaken::Unreadable(why) => Problem::malformed(plain(why)),
        NotTaken::Unavailable(why) => {
            tracing::warn!(source, error = %why, "a hook could not be kept");
            Problem::unavailable("It could not be kept, and nothing of it was. Send it again.")
                .retry_after(AGAIN)
        }
    }
}
