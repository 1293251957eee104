//! Whether the server lives, whether it is ready, and its figures.
//!
//! Not an account of the outside: a network that is down does not make Wilco unready. Layer 3.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use wilco_contract::connector::Standings;
use wilco_runtime::supervise::{Health, Healths};

use crate::{door::Door, headers, problem::Problem};

/// Whether all is up: journal, catalogue, recovery. Until then the API changes nothing. Clones are the same flag.
#[derive(Clone, Default)]
pub struct Ready(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ready: AtomicBool,
    connectors: Healths,
    standings: OnceLock<Arc<dyn Standings>>,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// Whom it waits for, where another Wilco has the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    connectors: Vec<ConnectorRow>,
}

#[derive(Serialize)]
struct ConnectorRow {
    name: String,
    connected: bool,
    /// In a word; why stands in the log, as this is open to everybody.
    state: &'static str,
}

impl Ready {
    /// Says that all is up.
    pub fn set(&self) {
        self.0.ready.store(true, Ordering::Release);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// How the networks stand. They are listed and decide nothing.
    #[must_use]
    pub fn connectors(&self) -> &Healths {
        &self.0.connectors
    }

    /// Makes known who says more of how all stands.
    pub fn stands_as(&self, standings: Arc<dyn Standings>) {
        // Whoever comes second finds the first.
        let _ = self.0.standings.set(standings);
    }

    pub(crate) fn standings(&self) -> &dyn Standings {
        match self.0.standings.get() {
            Some(all) => all.as_ref(),
            None => &self.0.connectors,
        }
    }

    fn look(&self) -> Readiness {
        let rows = self.0.connectors.all().into_iter().map(|(name, health)| ConnectorRow {
            name,
            connected: health == Health::Connected,
            state: health.word(),
        });
        Readiness { ready: self.is_set(), waits_for: None, connectors: rows.collect() }
    }
}

/// 200 as soon as anything is answered at all.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 once all is up.
pub(crate) async fn readyz(State(door): State<Arc<Door>>) -> Response {
    let readiness = door.ready.look();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

/// What a Wilco answers that waits for another one to end.
pub fn standby(holder: String) -> Router {
    let readyz = move || {
        let readiness = Readiness { ready: false, waits_for: Some(holder.clone()), connectors: Vec::new() };
        async move { (StatusCode::SERVICE_UNAVAILABLE, Json(readiness)).into_response() }
    };
    let elsewhere = || async {
        Problem::unavailable("This Wilco waits until another one ends, which has the database; ask that one.")
    };
    let seal = |mut response: Response| async move {
        headers::seal(false, response.headers_mut());
        response
    };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(elsewhere)
        .layer(middleware::map_response(seal))
}

/// The figures, as Prometheus reads them.
pub(crate) async fn metrics(State(door): State<Arc<Door>>) -> Response {
    let Some(handle) = &door.metrics else {
        return Problem::not_found("No metrics are collected.").into_response();
    };
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
}
