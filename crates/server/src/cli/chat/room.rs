//! A room that somebody is in: reading it, following it, saying something in it.
//!
//! Not the terminal nor the pipe: both stand on this. Layer 4.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet, time::sleep};

use super::{
    Me,
    feed::{Feed, News},
    said::{Colours, Said, Shown},
};
use crate::cli::{
    Failure,
    client::{Ask, Client},
};

/// How many messages are shown of what was before.
const BEFORE: &str = "20";
/// How many news wait to be shown.
const WAITING: usize = 64;
/// How often it is tried to say something, and the pause before the first repeat. Each pause is twice as long.
const TRIES: (u32, Duration) = (7, Duration::from_millis(250));

/// A room, with somebody in it.
pub(super) struct Room {
    pub(super) client: Client,
    pub(super) me: Me,
    pub(super) place: String,
    pub(super) shown: Shown,
    pub(super) colours: Colours,
    /// The thread of what they said last.
    pub(super) last: Option<String>,
    following: JoinSet<()>,
}

/// What became of something that was to be said.
pub(super) enum Outcome {
    /// It is said.
    Said(Box<Said>),
    /// It is not, and why.
    Not(String),
    /// Nobody can tell, and why.
    Unknown(String),
}

impl Room {
    pub(super) fn new(client: Client, me: Me, place: String, colours: Colours) -> Self {
        let shown = Shown::new(&me.wilco.zone, colours);
        Self { client, me, place, shown, colours, last: None, following: JoinSet::new() }
    }

    /// Whether only Wilco listens here.
    pub(super) fn is_direct(&self) -> bool {
        self.me.rooms.iter().any(|room| room.place == self.place && room.direct)
    }

    /// The messages that were said last, and the cursor to follow from.
    pub(super) async fn before(&self) -> Result<(Vec<Said>, String), Failure> {
        let answer = self.client.read(&["rooms", &self.place, "messages"], &[("latest", BEFORE)]).await?;
        let said = answer["items"].as_array().into_iter().flatten();
        let said: Vec<_> = said.filter_map(|value| Said::read(value.clone())).collect();
        let cursor = answer["stream"].as_str().filter(|cursor| cursor.parse::<u64>().is_ok());
        let cursor = cursor.ok_or_else(|| {
            Failure::Failed(format!("{} does not say how far it has told", self.client.server()))
        })?;
        Ok((said, cursor.to_owned()))
    }

    /// Follows the room from a cursor on. Another one that was followed is left.
    pub(super) fn follow(&mut self, after: String) -> mpsc::Receiver<News> {
        let (tell, news) = mpsc::channel(WAITING);
        let feed = Feed { client: self.client.clone(), place: self.place.clone(), after };
        self.following.abort_all();
        self.following.spawn(feed.follow(tell));
        news
    }

    /// Says something, and again while the server is away: the same words under the same key are one message.
    /// `late` hears once that it takes longer.
    pub(super) async fn say(
        &mut self,
        text: &str,
        thread: Option<&str>,
        mut late: impl AsyncFnMut(String),
    ) -> Result<Outcome, Failure> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(|error| Failure::Failed(error.to_string()))?;
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let body = match thread {
            Some(thread) => json!({ "text": text, "thread": thread }),
            None => json!({ "text": text }),
        };
        let (tries, mut pause) = TRIES;
        let mut why = String::new();
        let mut is_open = false;
        for attempt in 0..tries {
            if attempt == 1 {
                late(format!("Not said yet: {why} Trying again.")).await;
            }
            if attempt > 0 {
                sleep(pause).await;
                pause *= 2;
            }
            match self.once(&body, &key).await {
                Ok(Answer::Said(said)) => {
                    self.last = Some(said.thread.clone().unwrap_or_else(|| said.id.clone()));
                    return Ok(Outcome::Said(said));
                }
                Ok(Answer::Not(why)) => return Ok(Outcome::Not(why)),
                Ok(Answer::Later(later)) => why = later,
                Err(away) => {
                    is_open = true;
                    why = away;
                }
            }
        }
        // A refusal that asks for patience says that nothing was done; a broken connection says nothing.
        Ok(if is_open { Outcome::Unknown(why) } else { Outcome::Not(why) })
    }

    async fn once(&self, body: &Value, key: &str) -> Result<Answer, String> {
        let path = ["rooms", self.place.as_str(), "messages"];
        let ask = Ask { method: Method::POST, path: &path, query: &[], body: Some(body), key: Some(key) };
        let got = self.client.send(ask).await.map_err(|away| away.0)?;
        if got.status == StatusCode::CREATED {
            let said = Said::read(got.body).ok_or("the server's answer is no message.")?;
            return Ok(Answer::Said(Box::new(said)));
        }
        let later = matches!(got.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let why = got.refusal();
        Ok(if later {
            Answer::Later(why)
        } else if got.status.is_server_error() {
            return Err(why);
        } else {
            Answer::Not(why)
        })
    }
}

enum Answer {
    Said(Box<Said>),
    Not(String),
    Later(String),
}
