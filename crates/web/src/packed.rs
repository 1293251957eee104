//! Gzip on the way out: for clients that take it, where there is something to save.
//!
//! Not for answers that hold a secret beside what others may choose: their size would tell of it. Layer 3.

use std::io::Write;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use flate2::{Compression, write::GzEncoder};

use crate::problem::Problem;

/// Shorter answers fit into a packet or two anyway.
const WORTH: usize = 2 * 1024;
/// The longest answer that is packed: 500 messages of the longest kind have less.
const MOST: usize = 256 * 1024 * 1024;

/// Whether a client says that it unpacks gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING);
    let mut accepted =
        accepted.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    accepted.any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Packs the answer of a route that has all of it in memory.
pub(crate) async fn packed(request: Request, next: Next) -> Result<Response, Problem> {
    let takes = takes_gzip(request.headers());
    let mut response = next.run(request).await;
    if response.status().is_success() {
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if !takes || !response.status().is_success() {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let failed = || Problem::internal("The answer could not be written; the server's log says more.");
    let bytes = to_bytes(body, MOST).await.map_err(|error| {
        tracing::error!(%error, "an answer could not be read to be packed");
        failed()
    })?;
    if bytes.len() < WORTH {
        return Ok(Response::from_parts(parts, Body::from(bytes)));
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish()).map_err(|error| {
        tracing::error!(%error, "an answer could not be packed");
        failed()
    })?;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(Response::from_parts(parts, Body::from(packed)))
}
