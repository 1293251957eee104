//! What is locked, by whom, since when.
//!
//! Not the taking and giving back: `lock` and `unlock` are orders like others. Layer 3.

use std::sync::Arc;

use axum::extract::State;

use super::Answer;
use crate::{
    door::Door,
    dto::{List, LockRow},
    problem::Problem,
};

pub(super) async fn list(State(door): State<Arc<Door>>) -> Result<Answer<List<LockRow>>, Problem> {
    let now = door.access.now();
    let locks = door.store.locks().await?;
    // One whose time is over counts no more, and goes when somebody else takes the key.
    let held = locks.into_iter().filter(|lock| now < lock.expires_at);
    Ok(Answer::ok(List::whole(held.map(LockRow::from).collect())))
}
