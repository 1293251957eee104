//! Errors as RFC 9457 says: `application/problem+json` with what happened and what to do.
//!
//! Not the deciding: handlers return one of these, and nothing else goes out as an error. Layer 3.

use std::borrow::Cow;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};
use wilco_contract::{
    gate::Denial,
    reply::{Block, Reply},
    store::StoreError,
};

/// An error for a caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    more: Map<String, Value>,
    header: Option<(HeaderName, HeaderValue)>,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident, $status:ident, $kind:literal, $title:literal;)+) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
                Self::new(StatusCode::$status, $kind, $title, detail)
            }
        )+
    };
}

impl Problem {
    problems! {
        /// 400: the request cannot be read.
        malformed, BAD_REQUEST, "malformed", "The request cannot be read";
        /// 401: nobody is signed in.
        not_signed_in, UNAUTHORIZED, "not-signed-in", "Nobody is signed in";
        /// 401: who sent it did not prove who they are.
        not_proven, UNAUTHORIZED, "not-proven", "Nobody proved who sent it";
        /// 403: a rule says no.
        denied, FORBIDDEN, "denied", "A rule says no";
        /// 403: it came from another site, or without the proof that it did not.
        foreign, FORBIDDEN, "foreign-request", "The request did not come from this page";
        /// 404: there is no such thing.
        not_found, NOT_FOUND, "not-found", "There is no such thing";
        /// 405: the path takes other methods.
        wrong_method, METHOD_NOT_ALLOWED, "wrong-method", "The path takes other methods";
        /// 409: it does not fit what there is.
        conflict, CONFLICT, "conflict", "It does not fit what there is";
        /// 410: it was there, and counts no more.
        gone, GONE, "gone", "It counts no more";
        /// 413: it is too long.
        too_long, PAYLOAD_TOO_LARGE, "too-long", "It is too long";
        /// 415: the body is of a kind that is not read.
        wrong_kind, UNSUPPORTED_MEDIA_TYPE, "wrong-content-type", "The body is of a kind that is not read";
        /// 421: the host is not ours.
        wrong_host, MISDIRECTED_REQUEST, "wrong-host", "The host is not this server";
        /// 422: it can be read and makes no sense.
        unfit, UNPROCESSABLE_ENTITY, "unfit", "The request does not fit";
        /// 429: too many at once.
        too_many, TOO_MANY_REQUESTS, "too-many", "Too many at once";
        /// 500: our own fault.
        internal, INTERNAL_SERVER_ERROR, "internal", "Wilco made a mistake";
        /// 503: it cannot be done just now, and nothing was.
        unavailable, SERVICE_UNAVAILABLE, "unavailable", "It cannot be done just now";
        /// 507: there is no room for it.
        full, INSUFFICIENT_STORAGE, "no-room", "There is no room for it";
        /// 504: it took too long.
        too_slow, GATEWAY_TIMEOUT, "too-slow", "It took too long";
    }

    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let header = match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Some(retry_after(1)),
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            _ => None,
        };
        Self(Box::new(Inner { status, kind, title, detail: detail.into(), more: Map::new(), header }))
    }

    /// The problem of there being no such operation, place, …: `there_is_no("operation", "d-7F3K")`.
    #[must_use]
    pub fn there_is_no(what: &str, name: &str) -> Self {
        let name: String = crate::text::clean(name).chars().take(80).collect();
        Self::not_found(format!("There is no {what} `{name}`."))
    }

    /// A rule's no.
    #[must_use]
    pub fn denial(denial: Denial) -> Self {
        Self::denied(denial.text)
            .with("rule", denial.rule)
            .with_some("who_can", denial.who_can)
            .with_some("you_can", denial.you_can)
    }

    /// The same problem, saying what a refusing reply says.
    #[must_use]
    pub fn with_reply(mut self, reply: &Reply) -> Self {
        for block in &reply.blocks {
            if let Block::Refusal { text, rule, who_can, you_can } = block {
                self.0.detail = Cow::Owned(text.clone());
                self = self
                    .with_some("rule", rule.clone())
                    .with_some("who_can", who_can.clone())
                    .with_some("you_can", you_can.clone());
            }
        }
        let text = reply.plain();
        if self.0.detail.is_empty() {
            self.0.detail = Cow::Owned(text.clone());
        }
        let blocks = serde_json::to_value(&reply.blocks).unwrap_or_default();
        self.with("text", text).with("blocks", blocks)
    }

    /// The same problem with one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    fn with_some(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same problem, saying when to try again: after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.header = Some(retry_after(seconds));
        self
    }
}

fn retry_after(seconds: u64) -> (HeaderName, HeaderValue) {
    (header::RETRY_AFTER, HeaderValue::from(seconds))
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(what) => {
                Self::conflict(format!("It does not fit what is stored: {what}. Nothing was changed."))
            }
            StoreError::Unavailable(what) => {
                tracing::warn!(error = %what, "the store is not available");
                Self::unavailable(
                    "The record cannot be read or written just now; nothing was changed. Try again soon.",
                )
            }
            StoreError::Fenced(what) => {
                tracing::error!(by = %what, "another Wilco has taken over");
                Self::unavailable("Another Wilco has taken over; nothing was changed. Try again soon.")
            }
            StoreError::Corrupt(what) => {
                tracing::error!(error = %what, "what is stored is damaged");
                Self::internal("What is stored cannot be read; the server's log says more.")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let problem = *self.0;
        let mut body = Map::new();
        body.insert("type".into(), format!("urn:wilco:problem:{}", problem.kind).into());
        body.insert("title".into(), problem.title.into());
        body.insert("status".into(), problem.status.as_u16().into());
        body.insert("detail".into(), problem.detail.into_owned().into());
        body.extend(problem.more);
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        let mut response = (problem.status, kind, Value::Object(body).to_string()).into_response();
        if let Some((name, value)) = problem.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
