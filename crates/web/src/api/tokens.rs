//! Programs' tokens.
//!
//! Not their checking: `guard` asks `access` at each request. Layer 3.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::principal::Scope;

use super::{
    Answer,
    invites::{administers, makes_ways_in},
};
use crate::{
    door::Door,
    dto::{List, TokenMade, TokenRow},
    extract::{Json, Named},
    guard::Caller,
    problem::Problem,
};

/// The token that is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Its name: lower-case letters, digits, - and _.
    name: String,
    /// `read` or `order`.
    #[schemars(with = "String")]
    scope: Scope,
    /// How long it lives, in seconds: a minute to 366 days.
    expires_in_secs: u64,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
) -> Result<Answer<List<TokenRow>>, Problem> {
    administers(&door, &caller, "list the tokens").await?;
    let tokens = door.access.tokens().await?;
    Ok(Answer::ok(List::whole(tokens.into_iter().map(TokenRow::from).collect())))
}

pub(super) async fn make(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(wanted): Json<Wanted>,
) -> Result<Answer<TokenMade>, Problem> {
    makes_ways_in(&door, &caller, "make a token").await?;
    let fits = (1..=64).contains(&wanted.name.len())
        && wanted
            .name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if !fits {
        return Err(Problem::unfit("A token's name has 1 to 64 lower-case letters, digits, - and _."));
    }
    let by = caller.who.key();
    let issued = door.access.make_token(wanted.name, wanted.scope, wanted.expires_in_secs, by).await?;
    Ok(Answer(StatusCode::CREATED, issued.into()))
}

pub(super) async fn revoke(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Problem> {
    administers(&door, &caller, "revoke a token").await?;
    door.access.revoke(&name, &caller.who).await?;
    Ok(StatusCode::NO_CONTENT)
}
