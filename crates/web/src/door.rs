//! The door itself: what all routes share, and how a request goes through it.
//!
//! Not the routes of the API: `api` lists them. Layer 3.

use std::{
    borrow::Cow,
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use wilco_contract::{
    clock::{Cancel, Spawn},
    ids::Place,
    store::Store,
};

use crate::{
    access::{Access, OperatorKey},
    api, assets,
    connector::WebConnector,
    desk::Desk,
    extract::MAX_BODY,
    files::{self, FileRules, Files},
    guard, headers,
    health::{self, Ready},
    hooks,
    pictures::{self, Pictures},
    problem::Problem,
    rate::Rate,
    telemetry,
    walks::Walks,
};

/// How long an answer may take until its headers.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// How long the answer to an order may take: the engine ends a read after the time that its command declares.
pub const CALL_DEADLINE: Duration = Duration::from_mins(11);

/// How many downloads of the record may run at once.
const EXPORTS: usize = 4;

/// What the door is built from.
pub struct DoorParts {
    /// The engine.
    pub desk: Arc<dyn Desk>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The way to start tasks.
    pub spawn: Arc<dyn Spawn>,
    /// The rooms.
    pub connector: WebConnector,
    /// The ways in.
    pub access: Access,
    /// The local operator's key; none where nobody is the operator.
    pub operator_key: Option<OperatorKey>,
    /// The home room of operations whose command names none.
    pub home: Place,
    /// How long files are kept, and how much of them.
    pub files: FileRules,
    /// Whether all is up.
    pub ready: Ready,
    /// Where metrics are read; none where no exporter is installed.
    pub metrics: Option<PrometheusHandle>,
    /// The wish to stop: live streams end when it comes true. Give [`crate::serve()`] the same one.
    pub stop: Cancel,
}

/// What all routes share.
pub(crate) struct Door {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) spawn: Arc<dyn Spawn>,
    pub(crate) connector: WebConnector,
    pub(crate) access: Access,
    pub(crate) operator_key: Option<OperatorKey>,
    pub(crate) home: Place,
    pub(crate) ready: Ready,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) stop: Cancel,
    pub(crate) rate: Rate,
    pub(crate) pictures: Pictures,
    pub(crate) files: Files,
    /// One trial of a route at a time: it may read a long payload.
    pub(crate) trials: Semaphore,
    /// Room for downloads of the record.
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) walks: Walks,
    /// Open streams by caller.
    pub(crate) streams: Mutex<HashMap<String, usize>>,
}

/// All routes.
pub fn router(parts: DoorParts) -> Router {
    let DoorParts { desk, store, spawn, connector, access, operator_key, home, files, ready, metrics, stop } =
        parts;
    let door = Arc::new(Door {
        desk,
        store,
        spawn,
        connector,
        access,
        operator_key,
        home,
        ready,
        metrics,
        stop,
        rate: Rate::default(),
        pictures: Pictures::default(),
        files: Files::new(files),
        trials: Semaphore::new(1),
        exports: Arc::new(Semaphore::new(EXPORTS)),
        walks: Walks::default(),
        streams: Mutex::default(),
    });
    let open = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route(pictures::ROUTE, get(pictures::picture));
    let pages = assets::PAGES
        .iter()
        .fold(Router::new(), |router, path| router.route(path, get(assets::page)))
        .route("/assets/{*name}", get(assets::asset))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&door), guard::own_page));
    Router::new()
        .merge(open)
        .merge(pages)
        .merge(api::router(&door))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&door), around))
        .merge(hooks::router(&door))
        .with_state(door)
}

/// Nothing is at this address: a page for whoever followed a link there, a problem for a program.
async fn nowhere(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let reads = method.is_safe() && accepts.contains("text/html");
    if reads && !uri.path().starts_with("/api/") {
        return assets::nowhere(&headers);
    }
    Problem::there_is_no("page", uri.path()).into_response()
}

pub(crate) async fn wrong_method(uri: Uri) -> Problem {
    Problem::wrong_method(format!(
        "`{}` does not take this method; `/api/v1/openapi.json` lists what it takes.",
        uri.path()
    ))
}

/// What every request goes through, whatever its route: a deadline, a guard against panics, headers, counting.
async fn around(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let began = Instant::now();
    let deadline = match route.as_str() {
        api::CALLS => CALL_DEADLINE,
        api::SENDS => files::DEADLINE,
        _ => DEADLINE,
    };
    let mut response = contained(&route, deadline, next.run(request)).await;
    headers::seal(door.access.public_url().is_https(), response.headers_mut());
    count(route.clone().into(), response.status());
    metrics::histogram!(telemetry::HTTP_SECONDS, "route" => route).record(began.elapsed().as_secs_f64());
    response
}

/// The answer, or what to say where it panicked or did not come in time.
pub(crate) async fn contained(
    route: &str,
    deadline: Duration,
    answer: impl Future<Output = Response>,
) -> Response {
    match timeout(deadline, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!(route, "a route panicked");
            Problem::internal("Wilco made a mistake, and said so in its log. Nothing says that it was done.")
                .into_response()
        }
        Err(_) => Problem::too_slow(format!(
            "There was no answer within {} s. What was begun may still be done; look before you try again.",
            deadline.as_secs()
        ))
        .into_response(),
    }
}

/// Counts an answer.
pub(crate) fn count(route: Cow<'static, str>, status: StatusCode) {
    let status = status.as_str().to_owned();
    metrics::counter!(telemetry::HTTP_REQUESTS, "route" => route, "status" => status).increment(1);
}
