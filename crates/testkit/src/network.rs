//! A chat network in memory: it shows what was posted and edited, and can refuse, stall or forget on demand.
//!
//! Not a connector under test: those pass `connector_suite!`. For tests only.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use wilco_contract::{
    connector::{Caps, DeliveryKey, Directory, Outbox, Post, Receipt, SendError},
    ids::{Account, Place},
    reply::Reply,
    retry::Retry,
};

/// A message as the network shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Where.
    pub place: Place,
    /// In which thread.
    pub thread: Option<String>,
    /// Its newest content.
    pub reply: Reply,
    /// How many contents it has had.
    pub version: u32,
}

#[derive(Default)]
struct Inner {
    shown: Vec<Shown>,
    keys: HashMap<DeliveryKey, usize>,
    refusals: u32,
}

/// The network.
#[derive(Default)]
pub struct MemoryNetwork(Mutex<Inner>);

impl MemoryNetwork {
    /// What it can do.
    pub const CAPS: Caps = Caps { edits: true, threads: true, buttons: true, keys: true, max_bytes: 65_536 };

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All messages, oldest first.
    pub fn shown(&self) -> Vec<Shown> {
        self.inner().shown.clone()
    }

    /// The text of all messages, oldest first.
    pub fn texts(&self) -> Vec<String> {
        self.shown().iter().map(|shown| shown.reply.plain()).collect()
    }

    /// Refuses the next so many posts and edits, for now.
    pub fn refuse(&self, times: u32) {
        self.inner().refusals = times;
    }
}

impl Inner {
    fn refused(&mut self) -> Result<(), SendError> {
        if self.refusals == 0 {
            return Ok(());
        }
        self.refusals -= 1;
        Err(SendError::NotSent { what: "the network is away".to_owned(), retry: Retry::Backoff })
    }
}

#[async_trait]
impl Outbox for MemoryNetwork {
    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        let mut inner = self.inner();
        inner.refused()?;
        let next = inner.shown.len();
        let at = *inner.keys.entry(post.key.clone()).or_insert(next);
        if at == next {
            inner.shown.push(Shown {
                place: post.place.clone(),
                thread: post.thread.map(ToOwned::to_owned),
                reply: post.reply.clone(),
                version: 1,
            });
        }
        Ok(Receipt { place: post.place.clone(), id: at.to_string() })
    }

    async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        let mut inner = self.inner();
        inner.refused()?;
        let found = at.id.parse::<usize>().ok().and_then(|at| inner.shown.get_mut(at));
        let Some(shown) = found else {
            return Err(SendError::NotSent { what: "no such message".to_owned(), retry: Retry::Never });
        };
        if shown.reply != *reply {
            shown.reply = reply.clone();
            shown.version += 1;
        }
        Ok(())
    }
}

#[async_trait]
impl Directory for MemoryNetwork {
    async fn exists(&self, _: &Place) -> bool {
        true
    }

    async fn may_read(&self, _: &Account, _: &Place) -> bool {
        true
    }

    async fn members(&self, _: &Place) -> Vec<Account> {
        Vec::new()
    }

    async fn open_dm(&self, account: &Account) -> Option<Place> {
        Place::parse(&format!("{}:@{}", account.connector(), account.id())).ok()
    }
}
