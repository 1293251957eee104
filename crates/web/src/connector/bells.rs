//! A bell for each place, and who listens to it.
//!
//! Not a carrier of messages: a bell says that something changed, and whoever hears it reads the store from where it
//! stood. So nobody can miss a message, get one twice, or be too slow. Layer 3.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use wilco_contract::ids::Place;

/// The bells of all places. There are as many as there were rooms and people that were listened to.
#[derive(Debug, Default)]
pub(super) struct Bells(Mutex<HashMap<Place, watch::Sender<()>>>);

/// Rings when something changed in its place.
#[derive(Debug)]
pub(crate) struct Bell(watch::Receiver<()>);

impl Bells {
    fn all(&self) -> MutexGuard<'_, HashMap<Place, watch::Sender<()>>> {
        // Each change under the lock is one step, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn listen(&self, place: &Place) -> Bell {
        Bell(self.all().entry(place.clone()).or_default().subscribe())
    }

    pub(super) fn ring(&self, place: &Place) {
        if let Some(bell) = self.all().get(place) {
            bell.send_replace(());
        }
    }
}

impl Bell {
    /// Waits until something changed since the last time.
    pub(crate) async fn rings(&mut self) {
        if self.0.changed().await.is_err() {
            // The network is gone, so nothing will change any more.
            std::future::pending::<()>().await;
        }
    }
}
