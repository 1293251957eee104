//! A bell for each place, and who listens to it.
//!
//! Not a carrier of messages: a bell says that something changed, and whoever hears it reads the store from where it
//! stood. So nobody can miss a message, get one twice, or be too slow. Layer 3.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use wilco_contract::ids::{Account, Place};

/// The bells of all places. There are as many as there were rooms and people that were listened to.
#[derive(Debug, Default)]
pub(super) struct Bells(Arc<Mutex<HashMap<Place, Spot>>>);

#[derive(Debug, Default)]
struct Spot {
    bell: watch::Sender<()>,
    present: BTreeMap<Account, usize>,
}

/// Rings when something changed in its place.
#[derive(Debug)]
pub(crate) struct Bell(watch::Receiver<()>);

/// Somebody is present until this is dropped.
#[derive(Debug)]
pub(crate) struct Here {
    spots: Arc<Mutex<HashMap<Place, Spot>>>,
    place: Place,
    account: Account,
}

impl Bells {
    pub(super) fn listen(&self, place: &Place) -> Bell {
        Bell(lock(&self.0).entry(place.clone()).or_default().bell.subscribe())
    }

    pub(super) fn ring(&self, place: &Place) {
        if let Some(spot) = lock(&self.0).get(place) {
            spot.bell.send_replace(());
        }
    }

    pub(super) fn arrive(&self, place: &Place, account: Account) -> Here {
        *lock(&self.0).entry(place.clone()).or_default().present.entry(account.clone()).or_default() += 1;
        Here { spots: Arc::clone(&self.0), place: place.clone(), account }
    }

    pub(super) fn present(&self, place: &Place) -> Vec<Account> {
        lock(&self.0).get(place).map(|spot| spot.present.keys().cloned().collect()).unwrap_or_default()
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

impl Drop for Here {
    fn drop(&mut self) {
        let mut spots = lock(&self.spots);
        let Some(spot) = spots.get_mut(&self.place) else { return };
        if let Some(count) = spot.present.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                spot.present.remove(&self.account);
            }
        }
    }
}

fn lock(spots: &Mutex<HashMap<Place, Spot>>) -> MutexGuard<'_, HashMap<Place, Spot>> {
    // Each change under the lock is one step, so a panic elsewhere leaves it whole.
    spots.lock().unwrap_or_else(PoisonError::into_inner)
}
