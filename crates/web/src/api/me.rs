//! Who the caller is, and the rooms they may read.
//!
//! Not the sign-in: `session` has that. Layer 3.

use std::sync::Arc;

use axum::extract::State;
use wilco_contract::{
    file::MAX_FILE,
    ids::{Place, Seq},
    principal::Principal,
    store::StoreError,
};

use super::Answer;
use crate::{
    connector::Room,
    door::Door,
    dto::{List, Me, MyRoom, Wilco},
    guard::Caller,
    problem::Problem,
};

pub(super) async fn me(State(door): State<Arc<Door>>, caller: Caller) -> Result<Answer<Me>, Problem> {
    let rooms = my_rooms(&door, &caller).await?;
    let (id, name) = match &caller.who {
        Principal::Person { id, name, .. } => (id.to_string(), name.clone()),
        Principal::Token { name, .. } | Principal::Rule { name, .. } => (name.clone(), name.clone()),
        Principal::Program { program, .. } => (program.name.clone(), program.name.clone()),
        Principal::Guest { account } => (account.to_string(), account.id().to_owned()),
        Principal::Operator => ("operator".to_owned(), "local operator".to_owned()),
    };
    Ok(Answer::ok(Me {
        kind: caller.who.kind(),
        id,
        name,
        roles: caller.who.roles().iter().map(ToString::to_string).collect(),
        csrf: caller.csrf,
        wilco: Wilco {
            name: door.connector.name().to_owned(),
            prefixes: door.desk.prefixes(),
            home: door.home.to_string(),
            public_url: door.access.public_url().to_string(),
            zone: door.desk.zone_name(),
            file_bytes: MAX_FILE,
        },
        rooms,
    }))
}

pub(super) async fn rooms(
    State(door): State<Arc<Door>>,
    caller: Caller,
) -> Result<Answer<List<MyRoom>>, Problem> {
    Ok(Answer::ok(List::whole(my_rooms(&door, &caller).await?)))
}

async fn my_rooms(door: &Door, caller: &Caller) -> Result<Vec<MyRoom>, StoreError> {
    let mut rooms = Vec::new();
    for Room { place, name, topic } in rooms_of(door, &caller.who) {
        let newest = door.store.messages_before(&place, Seq(0), 1).await?.pop();
        rooms.push(MyRoom {
            direct: place.direct().is_some(),
            place: place.to_string(),
            name,
            topic,
            newest: newest.map(|message| message.seq.to_string()),
        });
    }
    Ok(rooms)
}

/// The rooms, then a person's direct conversation with Wilco.
pub(super) fn rooms_of(door: &Door, who: &Principal) -> Vec<Room> {
    let open = door.connector.rooms().iter().filter(|room| door.connector.is_open_to(who, &room.place));
    let mut rooms: Vec<_> = open.cloned().collect();
    let own = who.person().and_then(|id| Place::parse(&format!("web:@{id}")).ok());
    rooms.extend(own.map(|place| Room {
        place,
        name: door.connector.name().to_owned(),
        topic: "Between you and Wilco".to_owned(),
    }));
    rooms
}
