//! The commands that the caller may use.
//!
//! Not the catalogue: the engine has it, and knows who may use what. Layer 3.

use std::sync::Arc;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::ids::Place;

use super::Answer;
use crate::{
    door::Door,
    dto::{CommandRow, List},
    extract::Asked,
    guard::Caller,
    problem::Problem,
};

/// Where they would be used.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct At {
    /// The place; absent: the home room.
    place: Option<String>,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(at): Asked<At>,
) -> Result<Answer<List<CommandRow>>, Problem> {
    let place = match at.place {
        Some(text) => Place::parse(&text).map_err(|error| Problem::malformed(format!("{error}.")))?,
        None => door.home.clone(),
    };
    let commands = door.desk.commands_for(&caller.who, &place);
    Ok(Answer::ok(List::whole(commands.iter().map(|command| CommandRow::from(command.as_ref())).collect())))
}
