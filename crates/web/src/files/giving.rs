//! Files on their way out: read part by part, so many at once, cut when they take too long.
//!
//! Not who may have one: `api` decides that before, and what a connection that stalls is cut by, `serve`. Layer 3.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use wilco_contract::{
    file::{FileId, KeptFile},
    store::StoreError,
};

use super::{PATIENCE, body::WITHIN};
use crate::{door::Door, guard::Caller, problem::Problem};

/// How many files go out at once; each holds a part.
const AT_ONCE: usize = 64;
/// How many of these one caller has: more than a browser opens connections, so that a page of pictures waits for none.
const OF_ONE: usize = 8;

/// The turns of those who fetch files.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    /// By caller, as long as they have one or wait for one.
    callers: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), callers: Mutex::default() }
    }

    fn of(&self, caller: String) -> Arc<Semaphore> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.retain(|_, turns| Arc::strong_count(turns) > 1);
        Arc::clone(callers.entry(caller).or_insert_with(|| Arc::new(Semaphore::new(OF_ONE))))
    }

    /// A turn of this caller. Theirs comes first, or whoever waits for it would hold one of all.
    async fn take(&self, caller: String) -> Result<[OwnedSemaphorePermit; 2], Problem> {
        let own = wait(self.of(caller)).await.ok_or_else(|| {
            Problem::too_many(format!("You fetch {OF_ONE} files already. Wait until one of them is there."))
        })?;
        let any = wait(Arc::clone(&self.all)).await.ok_or_else(|| {
            Problem::unavailable("Too many files are being fetched just now. Try again in a moment.")
        })?;
        Ok([own, any])
    }
}

async fn wait(turns: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    timeout(PATIENCE, turns.acquire_owned()).await.ok().and_then(Result::ok)
}

/// A download under way.
struct Giving {
    door: Arc<Door>,
    caller: Caller,
    id: FileId,
    number: u32,
    left: u64,
    until: Instant,
    _turn: [OwnedSemaphorePermit; 2],
}

/// The bytes of a file, read as they are sent.
///
/// # Errors
/// When too many are being sent.
pub(crate) async fn give(door: &Arc<Door>, caller: Caller, file: &KeptFile) -> Result<Body, Problem> {
    let turn = door.files.giving.take(caller.who.key()).await?;
    let giving = Giving {
        door: Arc::clone(door),
        caller,
        id: file.id,
        number: 0,
        left: file.bytes,
        until: Instant::now() + WITHIN,
        _turn: turn,
    };
    let parts = stream::unfold(Some(giving), |giving| async move {
        let mut giving = giving.filter(|giving| giving.left > 0)?;
        match giving.next().await {
            Ok(part) => Some((Ok(part), Some(giving))),
            // The connection is cut, so that nobody takes a part for the whole.
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(Body::from_stream(parts))
}

impl Giving {
    async fn next(&mut self) -> Result<Bytes, StoreError> {
        in_time(self.until)?;
        if !self.door.access.still(&self.caller.proof).await? {
            return Err(StoreError::Unavailable("whoever fetches it is not let in any more".into()));
        }
        let part = self.door.store.file_part(&self.id, self.number).await?;
        let part = part.filter(|part| !part.is_empty() && part.len() as u64 <= self.left);
        let part =
            part.ok_or_else(|| StoreError::Corrupt(format!("file {} has no part {}", self.id, self.number)))?;
        self.number += 1;
        self.left -= part.len() as u64;
        Ok(part.into())
    }
}

/// Whoever takes a little now and then never stalls, and would keep their turn for hours. Asked before each part is read:
/// in between, a connection that takes nothing is cut by itself.
fn in_time(until: Instant) -> Result<(), StoreError> {
    if Instant::now() < until {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!("all of it took longer than {} s", WITHIN.as_secs())))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_takes_one_for_ever() {
        let until = Instant::now() + WITHIN;
        tokio::time::advance(WITHIN - Duration::from_millis(1)).await;
        assert_eq!(in_time(until), Ok(()));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(matches!(in_time(until), Err(StoreError::Unavailable(why)) if why.contains("300 s")));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_their_own_turn_holds_none_of_all() {
        let turns = Turns::new();
        let mut held = Vec::new();
        for _ in 0..OF_ONE {
            held.push(turns.take("@ana".into()).await.expect("a turn"));
        }
        let (refused, other) = tokio::join!(turns.take("@ana".into()), async {
            (turns.take("@ben".into()).await.is_ok(), turns.all.available_permits())
        });
        assert!(refused.is_err() && other == (true, AT_ONCE - OF_ONE - 1));
        drop(held);
        let _again = turns.take("@ana".into()).await.expect("a turn");
        let _known = turns.of("@kim".into());
        let known = turns.callers.lock().expect("a lock").len();
        assert_eq!(known, 2, "who has none is forgotten");
    }
}
