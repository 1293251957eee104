//! The names of this crate's metrics, and what they count.
//!
//! Not an exporter: the server installs one and hands its handle in. Layer 3.

/// Answers, by `route` (the pattern, never the path) and `status`.
pub const HTTP_REQUESTS: &str = "wilco_http_requests_total";
/// How long answers took until their headers, in seconds, by `route`.
pub const HTTP_SECONDS: &str = "wilco_http_request_seconds";
/// Live streams that are open.
pub const HTTP_STREAMS: &str = "wilco_http_streams";
/// Connections that are open.
pub const HTTP_CONNECTIONS: &str = "wilco_http_connections";
/// Messages in the page's rooms, by who said them: `person`, `program`, `wilco`.
pub const WEB_MESSAGES: &str = "wilco_web_messages_total";

/// Says to the installed exporter what these metrics are. Call it once, after installing.
pub fn describe() {
    metrics::describe_counter!(HTTP_REQUESTS, "Answers of the HTTP door by route and status");
    metrics::describe_histogram!(HTTP_SECONDS, "Seconds until an answer's headers by route");
    metrics::describe_gauge!(HTTP_STREAMS, "Live streams that are open");
    metrics::describe_gauge!(HTTP_CONNECTIONS, "HTTP connections that are open");
    metrics::describe_counter!(WEB_MESSAGES, "Messages in the page's rooms by kind of speaker");
}
