//! Listening: connections in, answers out, until the wish to stop.
//!
//! Not axum's own loop: that one sets no deadline for headers, none for stalls, and no limit on connections. Layer 3.

mod impatient;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper::{
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use wilco_contract::clock::Cancel;

use self::impatient::Impatient;
use crate::telemetry;

/// The address at the other end of a request's connection. Behind a proxy it is the proxy's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// How many connections are open at most; more wait in the system's queue.
const CONNECTIONS: usize = 1_024;
/// How long a request's headers may take, the wait for a next request included.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The most bytes of a request's headers.
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// How long answers that were begun may take after the wish to stop.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after a connection could not be taken, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until the wish to stop comes true, then ends: no new connection, live streams closed, connections that never
/// asked for anything cut, what was begun answered within five seconds.
///
/// # Errors
/// When the listener can no longer be used.
pub async fn serve(listener: TcpListener, router: Router, stop: Cancel) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = stop.cancelled() => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let asked = Arc::new(AtomicBool::new(false));
        let connection = graceful.watch(connection(stream, from, &router, &asked));
        let stop = stop.clone();
        // Browsers open connections ahead of need. Hyper would wait for the first request of such a one.
        let unasked = async move {
            stop.cancelled().await;
            if asked.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        connections.spawn(async move {
            metrics::gauge!(telemetry::HTTP_CONNECTIONS).increment(1);
            // A client that goes away or talks nonsense is no news.
            let ended = tokio::select! {
                ended = connection => ended,
                () = unasked => Ok(()),
            };
            metrics::gauge!(telemetry::HTTP_CONNECTIONS).decrement(1);
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut, as they did not end in time");
    }
    connections.shutdown().await;
    Ok(())
}

/// A connection that answers; `asked` comes true with its first request.
fn connection(
    stream: TcpStream,
    from: SocketAddr,
    router: &Router,
    asked: &Arc<AtomicBool>,
) -> impl GracefulConnection<Error = hyper::Error> + Send + use<> {
    // Answers are small and live; waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection gathers its packets");
    }
    let (answers, asked) = (TowerToHyperService::new(router.clone()), asked.clone());
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Peer(from.ip().to_canonical()));
        asked.store(true, Ordering::Relaxed);
        answers.call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(Impatient::new(stream)), service)
}
