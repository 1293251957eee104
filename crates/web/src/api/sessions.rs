//! The sessions that are open, and ending them from elsewhere: a page that was left open, a terminal that was lost.
//!
//! Not signing in and out, which `session` has. Layer 3.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::access::Session;

use super::{Answer, invites::administers};
use crate::{
    access::Proof,
    door::Door,
    dto::{List, SessionRow},
    extract::{Asked, Named},
    guard::Caller,
    problem::Problem,
};

/// Whose sessions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    /// Everybody's, for admins; absent: the caller's own.
    all: Option<bool>,
}

/// What a session is ended by: the beginning of its hash, which opens nothing.
fn id(session: &Session) -> String {
    session.hash.to_string().chars().take(16).collect()
}

fn is_own(caller: &Caller, session: &Session) -> bool {
    caller.who.person() == Some(&session.person)
}

fn is_current(caller: &Caller, session: &Session) -> bool {
    matches!(&caller.proof, Proof::Session(own) if own.hash == session.hash)
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(whose): Asked<Whose>,
) -> Result<Answer<List<SessionRow>>, Problem> {
    let all = whose.all == Some(true);
    if all {
        administers(&door, &caller, "see the sessions of others").await?;
    }
    let sessions = door.access.open_sessions().await?;
    let shown = sessions.iter().filter(|session| all || is_own(&caller, session));
    let rows = shown.map(|session| SessionRow::new(session, id(session), is_current(&caller, session)));
    Ok(Answer::ok(List::whole(rows.collect())))
}

pub(super) async fn end(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Named(wanted): Named,
) -> Result<StatusCode, Problem> {
    let sessions = door.access.open_sessions().await?;
    let found = sessions.iter().find(|session| id(session) == wanted);
    if !found.is_some_and(|session| is_own(&caller, session)) {
        // Asked before it is said whether there is one.
        administers(&door, &caller, "end the session of somebody else").await?;
    }
    let session = found.ok_or_else(|| {
        Problem::not_found("There is no such session any more: it was ended, or nobody used it for 12 hours.")
    })?;
    door.access.end(session, &caller.who).await?;
    Ok(StatusCode::NO_CONTENT)
}
