//! Live streams: server-sent events that go on where a client stopped, and end when its access does.
//!
//! Not what is streamed: each feed says what is new. Layer 3.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    sync::{Arc, PoisonError},
    time::Duration,
};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response, Sse, sse::Event, sse::KeepAlive},
};
use futures_util::stream;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval};
use wilco_contract::store::StoreError;

use crate::{door::Door, guard::Caller, problem::Problem, telemetry, text::clean_json};

/// How often a comment shows that the line is alive.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How soon a stream ends after its session did.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How many streams one caller may have open.
const PER_CALLER: usize = 64;

/// Something to stream.
pub(crate) trait Feed: Send + 'static {
    /// Waits until there may be something new. It is dropped and called again at any moment, and must lose nothing.
    fn wait(&mut self) -> impl Future<Output = ()> + Send;

    /// What is new since the last time; nothing when all was told.
    fn read(&mut self) -> impl Future<Output = Result<Vec<Event>, StoreError>> + Send;
}

/// Streams a feed to this caller.
///
/// # Errors
/// When the caller has too many streams open.
pub(crate) fn stream<F: Feed>(door: &Arc<Door>, caller: Caller, feed: F) -> Result<Response, Problem> {
    let open = Open::new(door, caller.who.key())?;
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, and the caller was looked at just now.
    look.reset();
    let live = Live { feed, caller, open, look, ready: VecDeque::new() };
    let events = stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)).into_response();
    // A proxy that gathers an answer before it passes it on would make a live page a dead one.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Live<F> {
    feed: F,
    caller: Caller,
    open: Open,
    look: Interval,
    ready: VecDeque<Event>,
}

impl<F: Feed> Live<F> {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match self.feed.read().await {
                Ok(events) if events.is_empty() => {}
                Ok(events) => {
                    self.ready.extend(events);
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "a live stream ends, as the store cannot be read; the client comes again");
                    return None;
                }
            }
            let door = &self.open.door;
            tokio::select! {
                () = self.feed.wait() => {}
                () = door.stop.cancelled() => return None,
                _ = self.look.tick() => {
                    if !matches!(door.access.still(&self.caller.proof).await, Ok(true)) {
                        return None;
                    }
                }
            }
        }
    }
}

/// Counts a stream for as long as it is open.
struct Open {
    door: Arc<Door>,
    who: String,
}

impl Open {
    fn new(door: &Arc<Door>, who: String) -> Result<Self, Problem> {
        let mut streams = door.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = streams.entry(who.clone()).or_default();
        if *count >= PER_CALLER {
            let detail = format!("You have {PER_CALLER} live streams open, which is the most; close one.");
            return Err(Problem::too_many(detail).retry_after(5));
        }
        *count += 1;
        metrics::gauge!(telemetry::HTTP_STREAMS).increment(1);
        Ok(Self { door: Arc::clone(door), who })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!(telemetry::HTTP_STREAMS).decrement(1);
        let mut streams = self.door.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = streams.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.who);
            }
        }
    }
}

/// An event with this name, cursor and content.
pub(crate) fn event<T: Serialize>(name: &str, id: Option<u64>, data: &T) -> Result<Event, StoreError> {
    let json = clean_json(data).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let event = Event::default().event(name).data(json);
    Ok(match id {
        Some(id) => event.id(id.to_string()),
        None => event,
    })
}

/// Where to go on: what the browser remembers before what the address says.
///
/// # Errors
/// When the browser's is no number.
pub(crate) fn resume(headers: &HeaderMap, after: Option<u64>) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(after) };
    let read = value.to_str().ok().and_then(|text| text.parse().ok());
    read.map(Some)
        .ok_or_else(|| Problem::malformed("`Last-Event-ID` has to be the `id` of an event of this stream."))
}
