//! A room that somebody is in: reading it, following it, saying something in it.
//!
//! Not the terminal nor the pipe: both stand on this. Layer 4.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Me,
    feed::{Feed, News},
    said::{Colours, Said, Shown},
};
use crate::cli::{
    Failure,
    client::{Ask, Client, fresh_key},
};

/// How many messages are shown of what was before.
const BEFORE: &str = "20";
/// How many news wait to be shown.
const WAITING: usize = 64;
/// How long it is tried to say something.
const SAY_WITHIN: Duration = Duration::from_secs(30);
/// The first pause before the next try, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

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
        let key = fresh_key()?;
        let body = match thread {
            Some(thread) => json!({ "text": text, "thread": thread }),
            None => json!({ "text": text }),
        };
        // What the last try came to, for when there is no time for another.
        let mut why = "there was no answer.".to_owned();
        let mut is_open = true;
        let tries = async {
            let (mut pause, longest) = PAUSES;
            let mut is_late = false;
            loop {
                match self.once(&body, &key).await {
                    Ok(Answer::Said(said)) => return Outcome::Said(said),
                    Ok(Answer::Not(why)) => return Outcome::Not(why),
                    Ok(Answer::Later(later)) => {
                        // It says that nothing was done, which a connection that breaks does not.
                        is_open = false;
                        why = later;
                    }
                    Err(away) => {
                        is_open = true;
                        // Without a sign at its end it stands before another sentence.
                        why = if away.ends_with(['.', '?']) { away } else { format!("{away}.") };
                    }
                }
                if !std::mem::replace(&mut is_late, true) {
                    late(format!("Not said yet: {why} Trying again.")).await;
                }
                sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
        };
        let outcome = match timeout(SAY_WITHIN, tries).await {
            Ok(outcome) => outcome,
            Err(_) if is_open => Outcome::Unknown(why),
            Err(_) => Outcome::Not(why),
        };
        if let Outcome::Said(said) = &outcome {
            self.last = Some(said.thread.clone().unwrap_or_else(|| said.id.clone()));
        }
        Ok(outcome)
    }

    async fn once(&self, body: &Value, key: &str) -> Result<Answer, String> {
        let path = ["rooms", self.place.as_str(), "messages"];
        let ask = Ask { method: Method::POST, path: &path, query: &[], body: Some(body), key: Some(key) };
        let got = self.client.send(ask).await.map_err(|away| away.to_string())?;
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
