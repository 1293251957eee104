//! Letting a terminal in: it asks, a person on the page looks at it and answers.
//!
//! Not the codes: `access` keeps them. What asks needs no session, who answers needs a page. Layer 3.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{gate::Denial, ids::PersonId};

use super::Answer;
use crate::{
    access::Polled,
    door::Door,
    dto::{DeviceAsk, DeviceBegun, DeviceLetIn},
    extract::{CameFrom, Json},
    guard::Caller,
    problem::Problem,
    refusal::{Refused, refuse},
    whole::whole,
};

/// What asks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    /// What it calls itself: program, version and machine. The person is shown it as its own words.
    client: String,
}

/// A terminal that waits.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Poll {
    /// Its secret.
    device_secret: String,
}

/// A code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed {
    /// As the person types it.
    code: String,
}

/// An answer to what was looked at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answered {
    /// As the person typed it.
    code: String,
    /// The `seen` of what was looked at.
    seen: String,
}

pub(super) async fn begin(
    State(door): State<Arc<Door>>,
    CameFrom(from): CameFrom,
    Json(asks): Json<Client>,
) -> Result<Answer<DeviceBegun>, Problem> {
    let begun = door.access.begin_device(&asks.client, &from)?;
    let open = format!("{}/login/device", door.access.public_url());
    Ok(Answer(StatusCode::CREATED, DeviceBegun::new(&begun, open)))
}

pub(super) async fn poll(State(door): State<Arc<Door>>, Json(asks): Json<Poll>) -> Result<Response, Problem> {
    // A yes is used up by this, so its session must come about even if the caller hangs up; the answer is lost then.
    let access = door.access.clone();
    let polled =
        whole(&door.spawn, "web.access", async move { access.poll_device(asks.device_secret.trim()).await });
    match polled.await {
        Some(Ok(Polled::Waiting)) => Ok(StatusCode::ACCEPTED.into_response()),
        Some(Ok(Polled::LetIn { session, person })) => {
            Ok(Answer(StatusCode::CREATED, DeviceLetIn::new(&session, &person)).into_response())
        }
        Some(Err(error)) => Err(error.into()),
        None => Err(Problem::internal("The login broke off; the server's log says more.")),
    }
}

pub(super) async fn look(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(typed): Json<Typed>,
) -> Result<Answer<DeviceAsk>, Problem> {
    let person = at_the_page(&door, &caller).await?;
    Ok(Answer::ok(door.access.look_at_device(person, &typed.code)?.into()))
}

pub(super) async fn accept(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(answer): Json<Answered>,
) -> Result<StatusCode, Problem> {
    let person = at_the_page(&door, &caller).await?;
    door.access.let_device_in(person, &answer.code, &answer.seen)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn deny(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Json(answer): Json<Answered>,
) -> Result<StatusCode, Problem> {
    let person = at_the_page(&door, &caller).await?;
    door.access.turn_device_away(&caller.who, person, (&answer.code, &answer.seen)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The person at the page: a program must not make itself a person, nor a terminal let in the next one unseen.
async fn at_the_page<'a>(door: &Door, caller: &'a Caller) -> Result<&'a PersonId, Problem> {
    if let Some(person) = caller.at_the_page() {
        return Ok(person);
    }
    let denial = Denial {
        text: "Only a person who is signed in on the page answers device codes.".into(),
        rule: "device codes are answered on the page".into(),
        who_can: Some("whoever started `wilco login`, on the page".into()),
        you_can: None,
    };
    Err(refuse(door, caller, Refused { kind: "access.refused", operation: None, denial }).await)
}
