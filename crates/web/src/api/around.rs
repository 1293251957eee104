//! What is around a room: who is in it, and that another room of the caller's changed.
//!
//! Not a count of anything: a page that hears that a room changed asks what it has not read there. Told beside the
//! messages of one stream, as a browser has few connections. None of it has a cursor: it is how things are now. Layer 3.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::response::sse::Event;
use futures_util::future::select_all;
use tokio::time::{Instant, sleep_until};
use wilco_contract::{ids::Place, principal::Principal, store::StoreError};

use super::me::rooms_of;
use crate::{
    connector::Bell,
    door::Door,
    dto::{Changed, InRoom, PersonHere},
    sse,
};

/// How often it is told that other rooms changed, at most.
const EVERY: Duration = Duration::from_secs(1);

/// What is around a room.
pub(super) struct Around {
    door: Arc<Door>,
    place: Place,
    others: Vec<(Place, Bell)>,
    /// The rooms that changed and were not told yet.
    rung: BTreeSet<Place>,
    /// When they may be.
    due: Instant,
    /// Who was told to be here.
    told: Option<Vec<PersonHere>>,
}

impl Around {
    pub(super) fn new(door: &Arc<Door>, who: &Principal, place: &Place) -> Self {
        let others = rooms_of(door, who).into_iter().map(|room| room.place).filter(|other| other != place);
        let others = others.map(|other| (other.clone(), door.connector.bell(&other))).collect();
        let (rung, due) = (BTreeSet::new(), Instant::now());
        Self { door: Arc::clone(door), place: place.clone(), others, rung, due, told: None }
    }

    /// Waits until there may be something to tell. Dropped at any moment, it loses nothing.
    pub(super) async fn changes(&mut self) {
        loop {
            let (is_rung, due) = (!self.rung.is_empty(), self.due);
            tokio::select! {
                () = self.door.connector.comings_and_goings() => return,
                () = sleep_until(due), if is_rung => return,
                place = any(&mut self.others) => { self.rung.insert(place); }
            }
        }
    }

    /// Tells what is new.
    pub(super) fn tell(&mut self, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let here = self.here();
        if self.told.as_ref() != Some(&here) {
            events.push(sse::event("here", None, &InRoom { people: here.clone() })?);
            self.told = Some(here);
        }
        if !self.rung.is_empty() && Instant::now() >= self.due {
            let places = std::mem::take(&mut self.rung).iter().map(ToString::to_string).collect();
            events.push(sse::event("rooms", None, &Changed { places })?);
            self.due = Instant::now() + EVERY;
        }
        Ok(())
    }

    fn here(&self) -> Vec<PersonHere> {
        let accounts = self.door.connector.present(&self.place);
        let people = accounts.iter().filter_map(|account| match self.door.desk.resolve(account) {
            Principal::Person { id, name, .. } => Some(PersonHere { id: id.to_string(), name }),
            _ => None,
        });
        people.collect()
    }
}

/// The first place of these that rings.
async fn any(bells: &mut [(Place, Bell)]) -> Place {
    if bells.is_empty() {
        return std::future::pending().await;
    }
    let rings = bells.iter_mut().map(|(place, bell)| {
        Box::pin(async move {
            bell.rings().await;
            place.clone()
        })
    });
    select_all(rings).await.0
}
