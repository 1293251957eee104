//! Who is who, and which rules say who may do what.
//!
//! Not ways in: sessions, links and tokens have files of their own. Layer 3.

use std::sync::Arc;

use axum::extract::State;

use super::Answer;
use crate::{
    door::Door,
    dto::{GrantRow, List, PersonRow, RequirementRow, Rules},
    guard::Caller,
};

pub(super) async fn list(State(door): State<Arc<Door>>, caller: Caller) -> Answer<List<PersonRow>> {
    let policy = door.desk.policy();
    let all = caller.who.administers();
    let row = |(id, person)| PersonRow::new(id, person, all || caller.who.person() == Some(id));
    Answer::ok(List::whole(policy.people.iter().map(row).collect()))
}

pub(super) async fn rules(State(door): State<Arc<Door>>) -> Answer<Rules> {
    let policy = door.desk.policy();
    Answer::ok(Rules {
        grants: policy.grants.iter().map(GrantRow::from).collect(),
        requirements: policy.requirements.iter().map(RequirementRow::from).collect(),
    })
}
