//! Headers that every answer carries, so that a browser does no more with it than it should.
//!
//! Not the rules of a route: what differs between routes stands with them. Layer 3.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What a page may load and do: its own files, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Who may show an answer in a page of theirs.
pub(crate) const SHOWN_BY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Puts them on an answer. What a route said about caching, about who may show it and about what it may do stays; where it
/// said nothing, nothing is kept, nobody else shows it, and it may do what the page may.
pub(crate) fn seal(https: bool, headers: &mut HeaderMap) {
    headers.reserve(ALWAYS.len() + 4);
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(SHOWN_BY).or_insert(HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
