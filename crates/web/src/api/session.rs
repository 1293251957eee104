//! Signing in and out.
//!
//! Not the ways in themselves: `access` keeps and checks them. Layer 3.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    access::{AccessError, POLL_SECS, Proof},
    door::Door,
    extract::Json,
    guard::{Caller, cookie_name},
    problem::Problem,
    whole::whole,
};

/// What a link holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// What stands behind the `#` of the link.
    secret: String,
}

pub(super) async fn sign_in(
    State(door): State<Arc<Door>>,
    Json(given): Json<SignIn>,
) -> Result<Response, Problem> {
    // A link is used up by this, so its session must come about even if the caller hangs up; the answer is lost then.
    let access = door.access.clone();
    let redeemed =
        whole(&door.spawn, "web.access", async move { access.redeem(given.secret.trim()).await }).await;
    let secret = match redeemed {
        Some(Ok(secret)) => secret,
        Some(Err(error)) => return Err(error.into()),
        None => return Err(Problem::internal("The sign-in broke off; the server's log says more.")),
    };
    Ok(with_cookie(&door, &secret.text(), ""))
}

pub(super) async fn sign_out(State(door): State<Arc<Door>>, caller: Caller) -> Result<Response, Problem> {
    if let Proof::Session(session) = &caller.proof {
        door.access.end(session, &caller.who).await?;
        if caller.csrf.is_none() {
            // A terminal keeps no cookies.
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Ok(with_cookie(&door, "", "; Max-Age=0"))
}

/// 204 with the cookie. It lives until the browser is closed; the server ends the session after 12 idle hours.
fn with_cookie(door: &Door, value: &str, more: &str) -> Response {
    let url = door.access.public_url();
    let secure = if url.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", cookie_name(url));
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Store(error) => error.into(),
            AccessError::NoSuchPerson(_) | AccessError::TokenLife => Self::unfit(sentence(&error)),
            AccessError::LinkGone | AccessError::DeviceGone => Self::gone(sentence(&error)),
            AccessError::TokenExists(_) | AccessError::OtherDevice => Self::conflict(sentence(&error)),
            AccessError::NoSuchToken(_) | AccessError::NoSuchCode => Self::not_found(sentence(&error)),
            AccessError::DeviceRefused => Self::denied(sentence(&error)),
            AccessError::CodeGuessed => Self::too_many(sentence(&error)).retry_after(600),
            AccessError::PolledTooSoon => Self::too_many(sentence(&error)).retry_after(POLL_SECS.into()),
            AccessError::TooManyCodes => Self::unavailable(sentence(&error)).retry_after(60),
        }
    }
}

fn sentence(error: &AccessError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}
