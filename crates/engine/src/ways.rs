//! The ways out: which connector a place belongs to, and saying something there.
//!
//! Not a queue: what is said here is either the answer to somebody who is waiting, or a slot that keeps trying. Layer 1.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use wilco_contract::{
    connector::{Caps, DeliveryKey, Directory, Outbox, Post, Receipt, SendError},
    ids::Place,
    reply::Reply,
    retry::Retry,
};

/// The way out to one connector.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) caps: Caps,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) directory: Arc<dyn Directory>,
}

#[derive(Default)]
pub(crate) struct Ways(RwLock<HashMap<String, Way>>);

impl Ways {
    /// Makes a connector known, or replaces it after it connected anew.
    pub(crate) fn attach(&self, connector: &str, way: Way) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(connector.to_owned(), way);
    }

    /// The way to a place.
    pub(crate) fn to(&self, place: &Place) -> Option<Way> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(place.connector()).cloned()
    }

    /// Posts once.
    pub(crate) async fn post(
        &self,
        place: &Place,
        thread: Option<&str>,
        reply: &Reply,
        key: &DeliveryKey,
    ) -> Result<Receipt, SendError> {
        let way = self.to(place).ok_or_else(|| no_way(place))?;
        let thread = thread.filter(|_| way.caps.threads);
        way.outbox.post(Post { place, thread, reply, key }).await
    }

    /// Says what nothing waits for, in its turn.
    pub(crate) async fn say(
        &self,
        place: &Place,
        thread: Option<&str>,
        reply: &Reply,
        key: &DeliveryKey,
    ) -> Result<(), SendError> {
        let way = self.to(place).ok_or_else(|| no_way(place))?;
        let thread = thread.filter(|_| way.caps.threads);
        way.outbox.say(Post { place, thread, reply, key }).await
    }

    /// Edits once, where the network can.
    pub(crate) async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        let way = self.to(&at.place).ok_or_else(|| no_way(&at.place))?;
        way.outbox.edit(at, reply).await
    }
}

fn no_way(place: &Place) -> SendError {
    SendError::NotSent { what: format!("the connector of `{place}` is not connected"), retry: Retry::Backoff }
}
