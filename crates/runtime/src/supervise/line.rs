//! The way out over whichever connection stands.
//!
//! Not an outbox that keeps anything: what waits stands in the store, and here only for a short break. Layer 1.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::watch;
use wilco_contract::{
    clock::Clock,
    connector::{Directory, Outbox, Post, Presence, Receipt, SendError},
    ids::{Account, Place},
    reply::Reply,
    retry::Retry,
};

use crate::circuit::{Circuits, End, Shut};

/// How long something that is to be sent waits for a connection.
const GRACE: Duration = Duration::from_secs(10);
/// How long a place that refuses is left alone at most: somebody may come back to it at any time.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// The way out over whichever connection stands. A place that refuses again and again is left alone for a while.
pub struct Line {
    connector: String,
    clock: Arc<dyn Clock>,
    now: watch::Sender<Option<Way>>,
    /// Whether it makes sense to wait for a connection.
    waits: AtomicBool,
    circuits: Circuits,
}

#[derive(Clone)]
pub(super) struct Way {
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) directory: Arc<dyn Directory>,
    /// The number of the connection.
    pub(super) number: u64,
}

impl Line {
    pub(super) fn new(connector: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            connector: connector.to_owned(),
            clock,
            now: watch::Sender::new(None),
            waits: AtomicBool::new(true),
            circuits: Circuits::within("connector", connector, LEFT_ALONE),
        }
    }

    /// There is a connection, which has refused nothing yet.
    pub(super) fn stands(&self, way: Way) {
        self.circuits.forget(|_| true);
        self.now.send_replace(Some(way));
    }

    /// There is none.
    pub(super) fn broke(&self) {
        self.now.send_replace(None);
    }

    /// Nobody waits any more for a connection that does not stand.
    pub(super) fn hurry(&self) {
        self.waits.store(false, Ordering::Release);
        self.now.send_modify(|_| {});
    }

    /// The places that are left alone.
    pub(super) fn left_alone(&self) -> Vec<(String, Shut)> {
        self.circuits.shut()
    }

    /// The connection, another one than this; waits for it for a while.
    async fn way(&self, not: Option<u64>) -> Option<Way> {
        let mut now = self.now.subscribe();
        let is_another = |way: &Option<Way>| way.as_ref().is_some_and(|way| Some(way.number) != not);
        let another = now.wait_for(|way| is_another(way) || !self.waits.load(Ordering::Acquire));
        let found = tokio::time::timeout(GRACE, another).await;
        found.ok()?.ok().filter(|way| is_another(way))?.clone()
    }

    fn directory(&self) -> Option<Arc<dyn Directory>> {
        self.now.borrow().as_ref().map(|way| way.directory.clone())
    }

    fn is_gone(&self, number: u64) -> bool {
        self.now.borrow().as_ref().is_none_or(|way| way.number != number)
    }

    fn away(&self) -> SendError {
        let what = format!("the connector `{}` is not connected", self.connector);
        SendError::NotSent { what, retry: Retry::Backoff }
    }

    /// Sends something to a place over the connection that stands, and once more where that one had just ended.
    async fn send<T, F>(&self, place: &Place, send: impl Fn(Arc<dyn Outbox>) -> F) -> Result<T, SendError>
    where
        F: Future<Output = Result<T, SendError>>,
    {
        let way = self.way(None).await.ok_or_else(|| self.away())?;
        match self.over(&way, place, &send).await {
            // It was taken to a connection that had just ended: nothing of it was sent, so the next one takes it.
            Err(SendError::NotSent { retry: Retry::Now | Retry::Backoff, .. })
                if self.is_gone(way.number) =>
            {
                let next = self.way(Some(way.number)).await.ok_or_else(|| self.away())?;
                self.over(&next, place, &send).await
            }
            end => end,
        }
    }

    async fn over<T, F>(
        &self,
        way: &Way,
        place: &Place,
        send: impl Fn(Arc<dyn Outbox>) -> F,
    ) -> Result<T, SendError>
    where
        F: Future<Output = Result<T, SendError>>,
    {
        let now = self.clock.now();
        let pass = self.circuits.enter(place.as_str(), now).map_err(|shut| SendError::NotSent {
            what: format!("`{place}` {shut}"),
            retry: Retry::After(shut.wait(now)),
        })?;
        let sent = send(way.outbox.clone()).await;
        let end = match &sent {
            Ok(_) => End::Good,
            // What is wrong with one message says nothing about the next one, and the end of a connection nothing
            // about the place.
            Err(SendError::NotSent { retry: Retry::Never | Retry::Now, .. }) => End::Neither,
            Err(_) if self.is_gone(way.number) => End::Neither,
            Err(_) => End::Bad,
        };
        pass.end(end, self.clock.now());
        sent
    }
}

#[async_trait]
impl Outbox for Line {
    async fn say(&self, post: Post<'_>) -> Result<(), SendError> {
        self.send(post.place, |outbox| async move { outbox.say(post).await }).await
    }

    async fn post(&self, post: Post<'_>) -> Result<Receipt, SendError> {
        self.send(post.place, |outbox| async move { outbox.post(post).await }).await
    }

    async fn edit(&self, at: &Receipt, reply: &Reply) -> Result<(), SendError> {
        let way = self.way(None).await.ok_or_else(|| self.away())?;
        self.over(&way, &at.place, |outbox| async move { outbox.edit(at, reply).await }).await
    }
}

#[async_trait]
impl Directory for Line {
    async fn exists(&self, place: &Place) -> bool {
        match self.directory() {
            Some(directory) => directory.exists(place).await,
            None => false,
        }
    }

    async fn may_read(&self, account: &Account, place: &Place) -> bool {
        match self.directory() {
            Some(directory) => directory.may_read(account, place).await,
            None => false,
        }
    }

    async fn members(&self, place: &Place) -> Vec<Account> {
        match self.directory() {
            Some(directory) => directory.members(place).await,
            None => Vec::new(),
        }
    }

    async fn presence(&self, account: &Account) -> Presence {
        match self.directory() {
            Some(directory) => directory.presence(account).await,
            None => Presence::Unknown,
        }
    }

    async fn open_dm(&self, account: &Account) -> Option<Place> {
        self.directory()?.open_dm(account).await
    }
}
