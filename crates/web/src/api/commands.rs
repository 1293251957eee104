//! The commands that the caller may use, and beside them those that they may only see.
//!
//! Not the catalogue: the engine has it, and knows who may use what. Layer 3.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{command::Command, gate::Denial, ids::Place};

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
    /// With `anywhere`, and asked by a person: also the commands that they may use nowhere, each `refused`.
    refused: Option<bool>,
}

pub(super) async fn list(
    State(door): State<Arc<Door>>,
    caller: Caller,
    Asked(at): Asked<At>,
) -> Result<Answer<List<CommandRow>>, Problem> {
    if at.refused == Some(true) && at.anywhere != Some(true) {
        return Err(Problem::malformed("`refused` goes with `anywhere`."));
    }
    let place = match at.place {
        Some(_) if at.anywhere == Some(true) => {
            return Err(Problem::malformed("Take one of `place` and `anywhere`."));
        }
        Some(text) => Place::parse(&text).map_err(|error| Problem::malformed(format!("{error}.")))?,
        None if at.anywhere == Some(true) => {
            // What there is to order is for people to see; a token sees what it may use.
            let refused = at.refused == Some(true) && caller.who.person().is_some();
            return Ok(Answer::ok(List::whole(anywhere(&door, &caller, refused))));
        }
        None => door.home.clone(),
    };
    let commands = door.desk.commands_for(&caller.who, &place);
    Ok(Answer::ok(List::whole(commands.iter().map(|command| CommandRow::from(command.as_ref())).collect())))
}

/// A command and where somebody may use it, or the rule's no.
struct Found {
    command: Arc<Command>,
    rooms: Vec<String>,
    denial: Option<Denial>,
}

/// A command that is granted in one room alone stands in no list of another.
fn anywhere(door: &Door, caller: &Caller, refused: bool) -> Vec<CommandRow> {
    let mut all = BTreeMap::new();
    for room in rooms_of(door, &caller.who) {
        for (command, denial) in door.desk.commands_seen(&caller.who, &room.place) {
            let id = command.spec.id.clone();
            let found = all.entry(id).or_insert_with(|| Found { command, rooms: Vec::new(), denial: None });
            match denial {
                None => found.rooms.push(room.place.to_string()),
                // The home room's no is the one that people know.
                Some(denial) if found.denial.is_none() || room.place == door.home => {
                    found.denial = Some(denial);
                }
                Some(_) => {}
            }
        }
    }
    let rows = all.into_values().filter(|found| refused || !found.rooms.is_empty());
    rows.map(|Found { command, rooms, denial }| {
        let denial = denial.filter(|_| rooms.is_empty());
        CommandRow::from(command.as_ref()).within(rooms).refused(denial)
    })
    .collect()
}
