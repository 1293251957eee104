//! What was said in our rooms while we were away, where the network keeps it.
//!
//! Not whether it still counts: whoever takes it is told when it was said. Only what was not heard before arrives, which
//! its id tells, never its words. Layer 2.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use wilco_contract::recent::Recent;

use super::{Line, Session, command, heard::SKEW};

/// What servers call this.
pub(super) const HISTORY: &str = "draft/chathistory";
/// How many ids of messages are remembered, to know them again.
const REMEMBERED: usize = 4_096;
/// How many messages are asked for at once, where the server names no lower number.
const PAGE: usize = 100;
/// How often is asked for more in one room.
const PAGES: usize = 20;
/// From how long before the last message that was kept: what came by another server may have an earlier time.
const BEFORE: SignedDuration = SignedDuration::from_secs(30);

/// What is remembered from one connection to the next. Clones are the same.
#[derive(Debug, Clone)]
pub(in super::super) struct Past(Arc<Mutex<Heard>>);

#[derive(Debug)]
struct Heard {
    ids: Recent<String>,
    /// When we were there first.
    since: Option<Timestamp>,
}

impl Default for Past {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Heard { ids: Recent::new(REMEMBERED), since: None })))
    }
}

impl Past {
    /// Takes in the id of a message; whether it was not heard yet.
    pub(super) fn hears(&self, id: &str) -> bool {
        self.change(|heard| heard.ids.put(id.to_owned(), ()))
    }

    /// We are there, and hear what is said from now on.
    pub(super) fn begins(&self, now: Timestamp) {
        self.change(|heard| heard.since = heard.since.or(Some(now)));
    }

    /// Since when we were there at all.
    pub(in super::super) fn since(&self) -> Option<Timestamp> {
        self.change(|heard| heard.since)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Heard) -> T) -> T {
        // Each change is one step, so a panic elsewhere leaves it whole.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A line about the past.
pub(super) struct Then {
    pub(super) room: String,
    /// Whether it is of the time when we were away; without a time it is of none.
    pub(super) heard: bool,
}

/// What was asked of a room's past.
#[derive(Debug)]
pub(super) struct Asked {
    room: String,
    /// What comes after this is asked for.
    after: Timestamp,
    /// The batch that answers, once it began, and how many messages were in it.
    batch: Option<String>,
    count: usize,
    pages: usize,
}

impl Session {
    /// Whether the network keeps what is said.
    pub(super) fn keeps_history(&self) -> bool {
        [HISTORY, "batch", "message-tags", "server-time"].iter().all(|cap| self.caps.contains(*cap))
    }

    /// Whether nothing of the past is still to come.
    pub(in super::super) fn is_caught_up(&self) -> bool {
        self.asked_past.is_empty() && self.caps.contains("server-time")
    }

    /// We are in a room: what was said there meanwhile?
    pub(super) fn ask_past(&mut self, room: &str) {
        let Some(since) = self.since.filter(|_| self.keeps_history()) else { return };
        // A room that is entered again later was not left because we were away.
        if !self.caught_up.insert(room.to_owned()) {
            return;
        }
        let after = self.before(since);
        let asked = Asked { room: room.to_owned(), after, batch: None, count: 0, pages: 0 };
        self.ask_page(asked);
    }

    /// The server's time a while before this one.
    fn before(&self, at: Timestamp) -> Timestamp {
        at.checked_sub(self.skew + BEFORE).unwrap_or(at)
    }

    fn ask_page(&mut self, mut asked: Asked) {
        asked.pages += 1;
        (asked.batch, asked.count) = (None, 0);
        let after = format!("timestamp={:.3}", asked.after);
        let page = self.page().to_string();
        self.queue.urgent(command("CHATHISTORY", &["AFTER", &asked.room, &after, &page]));
        self.asked_past.push(asked);
    }

    fn page(&self) -> usize {
        self.server.history.map_or(PAGE, |most| most.clamp(1, PAGE))
    }

    /// A batch of a room's past begins; whether it is to be heard. Some servers play it by themselves to whoever enters:
    /// once, which is as good as having asked.
    pub(super) fn past_begins(&mut self, batch: &str, line: &Line<'_>) -> bool {
        let (server, room) = (&self.server, line.param(2));
        let is_past = line.param(1).ends_with("chathistory");
        let asked = self
            .asked_past
            .iter_mut()
            .find(|asked| is_past && asked.batch.is_none() && server.same(&asked.room, room));
        if let Some(asked) = asked {
            asked.batch = Some(batch.to_owned());
            return true;
        }
        let Some(since) = self.since.filter(|_| is_past && !self.keeps_history()) else { return false };
        let Some(room) = self.room(room).map(|room| room.name.clone()) else { return false };
        if !self.caught_up.insert(room.to_string()) {
            return false;
        }
        let (after, batch) = (self.before(since), Some(batch.to_owned()));
        self.asked_past.push(Asked { room: room.to_string(), after, batch, count: 0, pages: 0 });
        true
    }

    /// A batch ends: there may be more than was in it.
    pub(super) fn past_ends(&mut self, batch: &str) {
        let Some(at) = self.asked_past.iter().position(|asked| asked.batch.as_deref() == Some(batch)) else {
            return;
        };
        let asked = self.asked_past.remove(at);
        if asked.count < self.page() || !self.keeps_history() {
            return;
        }
        if asked.pages < PAGES {
            return self.ask_page(asked);
        }
        let (room, until) = (asked.room, asked.after);
        tracing::warn!(room, %until, "More was said while we were away than is read; what is later was not heard.");
    }

    /// The server does not tell what was said.
    pub(super) fn past_fails(&mut self, line: &Line<'_>) {
        let why = line.last();
        self.asked_past.retain(|asked| !line.params.contains(&asked.room.as_str()));
        tracing::warn!(why, "What was said while we were away cannot be had.");
    }

    /// Of which room a line tells the past, where that is to be heard.
    pub(super) fn past_of(&mut self, line: &Line<'_>) -> Option<Then> {
        let batch = line.tag("batch")?;
        let from = self.since.map(|since| self.before(since));
        let asked = self.asked_past.iter_mut().find(|asked| asked.batch.as_deref() == Some(batch))?;
        asked.count += 1;
        let at = line.tag("time").and_then(|time| time.parse::<Timestamp>().ok());
        asked.after = at.map_or(asked.after, |at| asked.after.max(at));
        let heard = at.zip(from).is_some_and(|(at, from)| at >= from);
        Some(Then { room: asked.room.clone(), heard })
    }

    /// The server says what time it is: how far is its clock behind ours?
    pub(super) fn clock(&mut self, line: &Line<'_>, now: Timestamp) {
        let told = line.tag("time").filter(|_| self.caps.contains("server-time"));
        if let Some(told) = told.and_then(|time| time.parse::<Timestamp>().ok()) {
            let behind = now.duration_since(told);
            self.skew = if behind.abs() > SKEW { behind } else { SignedDuration::ZERO };
        }
    }
}
