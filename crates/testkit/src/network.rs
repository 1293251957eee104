//! A chat network in memory: it shows what was posted and edited, and can refuse, stall or forget on demand.
//!
//! Not a connector under test: those pass `connector_suite!`. What its people do beside saying something is in
//! [`people`]. For tests only.

pub mod people;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::watch;
use wilco_contract::{
    connector::{Caps, DeliveryKey, Directory, Outbox, Post, Receipt, SendError, Tells},
    ids::{Account, Place},
    reply::{Block, Reply},
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
    /// Whether who posted it was told that it is there.
    pub answered: bool,
}

#[derive(Default)]
struct Inner {
    shown: Vec<Shown>,
    keys: HashMap<DeliveryKey, usize>,
    refusals: u32,
    unknown: u32,
    keyless: bool,
    gone: HashSet<Place>,
    missing: HashSet<Place>,
    closed: HashSet<Place>,
    /// How much people did.
    done: u64,
}

/// The network.
#[derive(Default)]
pub struct MemoryNetwork {
    inner: Mutex<Inner>,
    stalled: watch::Sender<bool>,
}

impl MemoryNetwork {
    /// What it can do.
    pub const CAPS: Caps = Caps {
        edits: true,
        threads: true,
        buttons: true,
        keys: true,
        pictures: false,
        max_bytes: 65_536,
        tells: Tells::ALL,
    };

    /// What it can do where it is plain: one line after the other, nothing else.
    pub const PLAIN: Caps = Caps {
        edits: false,
        threads: false,
        buttons: false,
        keys: false,
        pictures: true,
        max_bytes: 400,
        tells: Tells::NOTHING,
    };

    /// Shows a repeat twice, as networks without keys do.
    pub fn forget_keys(&self) {
        self.inner().keyless = true;
    }

    /// Shows the next so many posts and edits, and says that nobody can tell.
    pub fn doubt(&self, times: u32) {
        self.inner().unknown = times;
    }

    /// Shows posts and edits and answers none of them, until this is taken back.
    pub fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    async fn let_go(&self) {
        // The sender lives as long as this does, so waiting cannot fail.
        let _ = self.stalled.subscribe().wait_for(|stalled| !stalled).await;
    }

    /// A room is there no more.
    pub fn close(&self, place: &Place) {
        self.inner().gone.insert(place.clone());
    }

    /// There never was such a place, as who looks it up is told.
    pub fn lack(&self, place: &Place) {
        self.inner().missing.insert(place.clone());
    }

    /// Nobody may read in a place.
    pub fn hide(&self, place: &Place) {
        self.inner().closed.insert(place.clone());
    }

    /// A message is there no more.
    pub fn delete(&self, text: &str) {
        for shown in self.inner().shown.iter_mut().filter(|shown| shown.reply.plain().contains(text)) {
            shown.version = 0;
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All messages, oldest first.
    pub fn shown(&self) -> Vec<Shown> {
        self.inner().shown.clone()
    }

    /// The text of all messages, oldest first.
    pub fn texts(&self) -> Vec<String> {
        self.shown().iter().map(|shown| shown.reply.plain()).collect()
    }

    /// The lines that are offered as buttons, oldest first.
    pub fn offers(&self) -> Vec<String> {
        let shown = self.shown();
        let blocks = shown.iter().flat_map(|shown| &shown.reply.blocks);
        let offered = blocks.filter_map(|block| match block {
            Block::Offers { offers } => Some(offers),
            _ => None,
        });
        offered.flatten().map(|offer| offer.says.clone()).collect()
    }

    /// Refuses the next so many posts and edits, for now.
    pub fn refuse(&self, times: u32) {
        self.inner().refusals = times;
    }

    /// How many of the next posts and edits it still refuses.
    pub fn refusals(&self) -> u32 {
        self.inner().refusals
    }
}

impl Inner {
    fn missing(&self, place: &Place) -> Result<(), SendError> {
        if !self.gone.contains(place) {
            return Ok(());
        }
        Err(SendError::NotSent { what: format!("there is no room `{place}`"), retry: Retry::Never })
    }

    /// What is said once it was done.
    fn doubted(&mut self) -> Result<(), SendError> {
        if self.unknown == 0 {
            return Ok(());
        }
        self.unknown -= 1;
        Err(SendError::Unknown { what: "the line broke before the answer".to_owned() })
    }

    /// Shows a post, and returns which message it is.
    fn show(&mut self, post: Post<'_>) -> Result<usize, SendError> {
        self.refused()?;
        self.missing(post.place)?;
        let next = self.shown.len();
        let at = if self.keyless { next } else { *self.keys.get(post.key).unwrap_or(&next) };
        self.keys.insert(post.key.clone(), at);
        if at == next {
            self.shown.push(Shown {
                place: post.place.clone(),
                thread: post.thread.map(ToOwned::to_owned),
                reply: post.reply.clone(),
                version: 1,
                answered: false,
            });
        }
        Ok(at)
    }

    fn change(&mut self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        self.refused()?;
        self.missing(&at.place)?;
        let found = at.id.parse::<usize>().ok().and_then(|at| self.shown.get_mut(at));
        let Some(shown) = found.filter(|shown| shown.version > 0) else {
            return Err(SendError::NotSent { what: "no such message".to_owned(), retry: Retry::Never });
        };
        if shown.reply != *reply {
            shown.reply = reply.clone();
            shown.version += 1;
        }
        Ok(())
    }

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
        let at = self.inner().show(post)?;
        self.let_go().await;
        let mut inner = self.inner();
        inner.doubted()?;
        inner.shown[at].answered = true;
        Ok(Receipt { place: post.place.clone(), id: at.to_string() })
    }

    async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        self.inner().change(at, reply)?;
        self.let_go().await;
        self.inner().doubted()
    }
}

#[async_trait]
impl Directory for MemoryNetwork {
    async fn exists(&self, place: &Place) -> bool {
        !self.inner().missing.contains(place)
    }

    async fn may_read(&self, _: &Account, place: &Place) -> bool {
        !self.inner().closed.contains(place)
    }

    async fn members(&self, _: &Place) -> Vec<Account> {
        Vec::new()
    }

    async fn open_dm(&self, account: &Account) -> Option<Place> {
        Place::alone_with(account)
    }
}
