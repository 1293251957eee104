//! One-time links for people.
//!
//! Not their redeeming: `session` does that. Layer 3.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    gate::{Denial, named},
    ids::{PersonId, RoleName},
    policy::{ADMIN, Grantee, Policy},
};

use super::Answer;
use crate::{
    access::Proof,
    door::Door,
    dto::Invited,
    extract::Json,
    guard::Caller,
    problem::Problem,
    refusal::{Refused, refuse},
};

/// For whom.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whom {
    /// The person, as `wilco.toml` names them.
    person: String,
}

pub(super) async fn invite(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(whom): Json<Whom>,
) -> Result<Answer<Invited>, Problem> {
    makes_ways_in(&door, &caller, "make a link").await?;
    let name = whom.person.strip_prefix('@').unwrap_or(&whom.person);
    let person = PersonId::parse(name).map_err(|error| Problem::unfit(format!("{error}.")))?;
    let link = door.access.issue_link(&person, &caller.who.key()).await?;
    Ok(Answer(StatusCode::CREATED, link.into()))
}

/// What is made here outlives the session that made it. A terminal's session opens no page and lets nothing else in, so
/// it makes neither a link nor a token, whoever it is of.
pub(super) async fn makes_ways_in(door: &Door, caller: &Caller, what: &str) -> Result<(), Problem> {
    administers(door, caller, what).await?;
    if !matches!(caller.proof, Proof::Session(_)) || caller.at_the_page().is_some() {
        return Ok(());
    }
    let denial = Denial {
        text: format!("A terminal's login may not {what}: that would outlive the login."),
        rule: "a terminal's login makes no ways in".into(),
        who_can: Some("the local operator, on the server's machine".into()),
        you_can: Some("say it there, after `wilco login --end`".into()),
    };
    Err(refuse(door, caller, Refused { kind: "access.refused", operation: None, denial }).await)
}

/// Who administers, for people to read.
fn administrators(policy: &Policy) -> String {
    let role = RoleName::parse(ADMIN).map(|role| named(policy, &Grantee::Role(role), None));
    role.into_iter().chain(["the local operator".to_owned()]).collect::<Vec<_>>().join(", ")
}

/// Links and tokens are made by the local operator and by persons with the role `admin`. `what` is what the caller
/// wants: "make a link".
pub(super) async fn administers(door: &Door, caller: &Caller, what: &str) -> Result<(), Problem> {
    if caller.who.administers() {
        return Ok(());
    }
    let denial = Denial {
        text: format!("{} may not {what}.", caller.who),
        rule: "admins make ways in".into(),
        who_can: Some(administrators(&door.desk.policy())),
        you_can: None,
    };
    Err(refuse(door, caller, Refused { kind: "access.refused", operation: None, denial }).await)
}
