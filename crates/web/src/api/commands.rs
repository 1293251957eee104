//! The commands that the caller may use.
//!
//! Not the catalogue: the engine has it, and knows who may use what. Layer 3.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::ids::Place;

use super::{Answer, me::rooms_of};
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
    /// In place of `place`: in any room of the page that the caller may read; each command then names its `rooms`.
    anywhere: Option<bool>,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(at): Asked<At>,
) -> Result<Answer<List<CommandRow>>, Problem> {
    let place = match at.place {
        Some(_) if at.anywhere == Some(true) => {
            return Err(Problem::malformed("Take one of `place` and `anywhere`."));
        }
        Some(text) => Place::parse(&text).map_err(|error| Problem::malformed(format!("{error}.")))?,
        None if at.anywhere == Some(true) => return Ok(Answer::ok(List::whole(anywhere(&door, &caller)))),
        None => door.home.clone(),
    };
    let commands = door.desk.commands_for(&caller.who, &place);
    Ok(Answer::ok(List::whole(commands.iter().map(|command| CommandRow::from(command.as_ref())).collect())))
}

/// A command that is granted in one room alone stands in no list of another.
fn anywhere(door: &Door, caller: &Caller) -> Vec<CommandRow> {
    let mut all = BTreeMap::new();
    for room in rooms_of(door, &caller.who) {
        for command in door.desk.commands_for(&caller.who, &room.place) {
            let (_, rooms) = all.entry(command.spec.id.clone()).or_insert_with(|| (command, Vec::new()));
            rooms.push(room.place.to_string());
        }
    }
    all.into_values().map(|(command, rooms)| CommandRow::from(command.as_ref()).within(rooms)).collect()
}
