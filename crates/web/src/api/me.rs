//! Who the caller is, and the rooms they may read.
//!
//! Not the sign-in: `session` has that. Layer 3.

use std::sync::Arc;

use axum::extract::State;
use wilco_contract::{ids::Place, principal::Principal};

use super::Answer;
use crate::{
    door::Door,
    dto::{List, Me, MyRoom, Wilco},
    guard::Caller,
};

pub(super) async fn me(State(door): State<Arc<Door>>, caller: Caller) -> Answer<Me> {
    let rooms = rooms_of(&door, &caller);
    let (id, name) = match &caller.who {
        Principal::Person { id, name, .. } => (id.to_string(), name.clone()),
        Principal::Token { name, .. } | Principal::Rule { name, .. } => (name.clone(), name.clone()),
        Principal::Program { program, .. } => (program.name.clone(), program.name.clone()),
        Principal::Guest { account } => (account.to_string(), account.id().to_owned()),
        Principal::Operator => ("operator".to_owned(), "local operator".to_owned()),
    };
    Answer::ok(Me {
        kind: caller.who.kind(),
        id,
        name,
        roles: caller.who.roles().iter().map(ToString::to_string).collect(),
        csrf: caller.csrf,
        wilco: Wilco {
            name: door.connector.name().to_owned(),
            home: door.home.to_string(),
            public_url: door.access.public_url().to_string(),
            zone: door.desk.zone_name(),
        },
        rooms,
    })
}

pub(super) async fn rooms(State(door): State<Arc<Door>>, caller: Caller) -> Answer<List<MyRoom>> {
    Answer::ok(List::whole(rooms_of(&door, &caller)))
}

/// The rooms, then a person's direct conversation with Wilco.
fn rooms_of(door: &Door, caller: &Caller) -> Vec<MyRoom> {
    let open =
        door.connector.rooms().iter().filter(|room| door.connector.is_open_to(&caller.who, &room.place));
    let mut rooms: Vec<_> = open
        .map(|room| MyRoom {
            place: room.place.to_string(),
            name: room.name.clone(),
            topic: room.topic.clone(),
            direct: false,
        })
        .collect();
    let own = caller.who.person().and_then(|id| Place::parse(&format!("web:@{id}")).ok());
    rooms.extend(own.map(|place| MyRoom {
        place: place.to_string(),
        name: door.connector.name().to_owned(),
        topic: "Between you and Wilco".to_owned(),
        direct: true,
    }));
    rooms
}
