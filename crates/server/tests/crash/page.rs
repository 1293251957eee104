//! A live page: it shows the room by the stream, and goes on where it stopped when the server comes back.

use std::{cell::RefCell, collections::BTreeMap, future::Future};

use tokio::time::{Duration, Instant, sleep};

use crate::rig::{Client, LOOK, client::NoAnswer};

const ROOM: &str = "rooms/web%3Aops";
/// How long the page may be behind.
const BEHIND: Duration = Duration::from_secs(10);

/// What a page was told: the newest version of each message, by its number.
pub(crate) struct Page {
    client: Client,
    cursor: RefCell<String>,
    shown: RefCell<BTreeMap<String, u64>>,
}

impl Page {
    /// Opens the room while nobody has said anything.
    pub(crate) async fn open(client: &Client) -> Self {
        let messages = client.get(&format!("{ROOM}/messages")).await.expect("an answer");
        let cursor = messages.body["stream"].as_str().expect("a cursor").to_owned();
        Self { client: client.clone(), cursor: RefCell::new(cursor), shown: RefCell::default() }
    }

    /// Follows the room for as long as this takes.
    pub(crate) async fn follow_while<T>(self, work: impl Future<Output = T>) -> (Self, T) {
        let done = tokio::select! {
            done = work => done,
            () = self.follow() => unreachable!("it follows without an end"),
        };
        (self, done)
    }

    async fn follow(&self) {
        loop {
            // Whatever broke it off: it goes on behind the last that it was told.
            let _broke_off = self.stream().await;
            sleep(LOOK).await;
        }
    }

    async fn stream(&self) -> NoAnswer {
        let path = format!("{ROOM}/stream?after={}", self.cursor.borrow());
        let mut events = match self.client.events(&path).await {
            Ok(events) => events,
            Err(no_answer) => return no_answer,
        };
        loop {
            match events.next().await {
                Ok(event) => {
                    let number = event.data["id"].as_str().expect("a message").to_owned();
                    let version = event.data["version"].as_u64().expect("a version");
                    let before = self.shown.borrow_mut().insert(number, version);
                    assert!(before.is_none_or(|before| before <= version), "never an older one: {event:?}");
                    self.cursor.replace(event.id.expect("a cursor"));
                }
                Err(no_answer) => return no_answer,
            }
        }
    }

    /// Follows until it shows all that is there, each message in its last version.
    pub(crate) async fn catch_up(self, client: &Client) {
        let until = Instant::now() + BEHIND;
        let caught_up = async {
            loop {
                let messages = client.all(&format!("{ROOM}/messages")).await.expect("an answer");
                let there = messages.iter().map(|message| {
                    let number = message["id"].as_str().expect("a number").to_owned();
                    (number, message["version"].as_u64().expect("a version"))
                });
                let there: BTreeMap<_, _> = there.collect();
                if *self.shown.borrow() == there {
                    return;
                }
                let shown = self.shown.borrow().clone();
                assert!(Instant::now() < until, "the page shows {shown:?}, and there is {there:?}");
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = caught_up => {}
            () = self.follow() => {}
        }
    }
}
