//! Calls to servers that the configuration names.
//!
//! Not a client: `runtime` has one, with the egress rules. Layer 0.

use std::time::Duration;

use async_trait::async_trait;

/// A request to a server named in `wilco.toml`. Never an address made by joining strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The server's name.
    pub server: String,
    /// The method, in capitals.
    pub method: &'static str,
    /// The path below the server's address, one segment each; each is percent-encoded.
    pub path: Vec<String>,
    /// The query, percent-encoded by the client.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// The most bytes of an answer to read; the rest is left and `cut` is set.
    pub max_bytes: usize,
    /// How long the whole call may take.
    pub timeout: Duration,
    /// Whether it is one of several that wait for the server to come up: such a call is always made, and its failure
    /// says nothing of the server.
    pub waits: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, at most `max_bytes` of it.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// `wilco.toml` names no such server.
    #[error("`wilco.toml` names no server `{0}`; add `[server.{0}]` with its `url`")]
    NoSuchServer(String),
    /// The request never reached the server.
    #[error("`{server}` was not reached: {why}")]
    NotSent {
        /// The server's name.
        server: String,
        /// What happened.
        why: String,
    },
    /// It was not called: it failed again and again, and is left alone for a while.
    #[error("the server `{server}` {why}; it was not called")]
    LeftAlone {
        /// The server's name.
        server: String,
        /// How often, and until when.
        why: String,
    },
    /// The request may have reached the server; there is no whole answer.
    #[error("`{server}` gave no whole answer: {why}")]
    Unknown {
        /// The server's name.
        server: String,
        /// What happened.
        why: String,
    },
}

/// The client.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends once.
    ///
    /// # Errors
    /// When there is no whole answer; any status is an answer.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}
