//! A room, live.
//!
//! Not the machinery of streams: `sse` has that. Layer 3.

use std::sync::Arc;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{Response, sse::Event},
};
use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    ids::Place,
    store::{Page, Store, StoreError},
};

use super::around::Around;
use crate::{
    connector::{Bell, Here},
    door::Door,
    dto::Message,
    extract::{Asked, InPlace},
    guard::Caller,
    problem::Problem,
    sse::{self, Feed},
};

/// How many messages are read at once.
const AT_ONCE: usize = 200;

/// Where to begin.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    /// The `stream` of the messages that were read, or the `id` of the last event; absent: from now on.
    after: Option<u64>,
    /// Whether to tell what is around the room as well: who is here, and that another room changed.
    around: Option<bool>,
}

struct RoomFeed {
    store: Arc<dyn Store>,
    place: Place,
    bell: Bell,
    /// All changes up to this number were told.
    told: u64,
    around: Option<Around>,
    _here: Option<Here>,
}

pub(super) async fn stream(
    State(door): State<Arc<Door>>,
    caller: Caller,
    InPlace(place): InPlace,
    Asked(from): Asked<From>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Listened to before anything is read, so that nothing falls between.
    let bell = door.connector.bell(&place);
    let head = door.store.head().await?.seq.0;
    let told = sse::resume(&headers, from.after)?.unwrap_or(head);
    if told > head {
        // As after a backup was restored. Waiting for the numbers to catch up would hide what is said until then.
        return Err(Problem::gone("Nothing here is as new as this cursor. Read the room again."));
    }
    let here = caller.who.account().cloned().map(|account| door.connector.arrive(&place, account));
    let around = from.around.unwrap_or(false).then(|| Around::new(&door, &caller.who, &place));
    let feed = RoomFeed { store: Arc::clone(&door.store), place, bell, told, around, _here: here };
    sse::stream(&door, caller, feed)
}

impl Feed for RoomFeed {
    async fn wait(&mut self) {
        match &mut self.around {
            None => self.bell.rings().await,
            Some(around) => tokio::select! {
                () = self.bell.rings() => {}
                () = around.changes() => {}
            },
        }
    }

    async fn read(&mut self) -> Result<Vec<Event>, StoreError> {
        let page = Page { after: self.told, limit: AT_ONCE };
        let changed = self.store.messages_changed(&self.place, page).await?;
        let mut events = Vec::with_capacity(changed.len());
        for message in changed {
            let cursor = message.changed.0;
            events.push(sse::event("message", Some(cursor), &Message::from(message))?);
            self.told = cursor;
        }
        if let Some(around) = &mut self.around {
            around.tell(&mut events)?;
        }
        Ok(events)
    }
}
