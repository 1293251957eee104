//! Whether the server lives, whether it is ready, and its figures.
//!
//! Not an account of the outside: a network that is down does not make Wilco unready. Layer 3.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{door::Door, problem::Problem};

/// Whether all is up: journal, catalogue, recovery. Until then the API changes nothing. Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct Ready(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    ready: AtomicBool,
    connectors: Mutex<BTreeMap<String, bool>>,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    connectors: Vec<ConnectorRow>,
}

#[derive(Serialize)]
struct ConnectorRow {
    name: String,
    connected: bool,
}

impl Ready {
    /// Says that all is up.
    pub fn set(&self) {
        self.0.ready.store(true, Ordering::Release);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// Says whether a network is connected. It is listed and decides nothing.
    pub fn connector(&self, name: &str, connected: bool) {
        let mut connectors = self.0.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        connectors.insert(name.to_owned(), connected);
    }

    fn look(&self) -> Readiness {
        let connectors = self.0.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = connectors
            .iter()
            .map(|(name, connected)| ConnectorRow { name: name.clone(), connected: *connected });
        Readiness { ready: self.is_set(), connectors: rows.collect() }
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

/// The figures, as Prometheus reads them.
pub(crate) async fn metrics(State(door): State<Arc<Door>>) -> Response {
    let Some(handle) = &door.metrics else {
        return Problem::not_found("No metrics are collected.").into_response();
    };
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
}
