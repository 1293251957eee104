//! A room, live: its messages as they come, over every break of the connection, without a gap and without a double.
//!
//! Not what is shown of them. It goes on after the last event that came whole, and tells a server that is away from one
//! that sends what no Wilco sends. Layer 4.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    said::Said,
    sse::{Event, Reader},
};
use crate::cli::client::{Ask, Client, Got};

/// The first pause before the next try, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(10));
/// The server says something at least every 15 s; after this long without a byte a stream counts as dead.
const SILENCE: Duration = Duration::from_secs(40);
/// How often in a row a server may send what is no message.
const NONSENSE: u32 = 5;
/// The most bytes of a refusal that are read.
const MAX_REFUSAL: usize = 64 * 1024;

/// What a feed tells.
#[derive(Debug)]
pub(super) enum News {
    /// A message is new or has changed.
    Said(Box<Said>),
    /// The server is away, and why; another try follows.
    Lost(String),
    /// It is there again.
    Back,
    /// What was shown is newer than all that the server has, so this room has to be read anew.
    Older,
    /// No other try would help, and why.
    Over(String),
}

/// A room that is followed.
pub(super) struct Feed {
    pub(super) client: Client,
    pub(super) place: String,
    /// All changes up to this one were told.
    pub(super) after: String,
}

/// How a connection ended.
enum End {
    /// The connection broke, or was closed.
    Broke(String),
    /// What came was no stream of messages.
    Nonsense(String),
    /// The cursor is ahead of the server.
    Older,
    /// It was refused.
    Refused(String),
    /// Nobody listens any more.
    Unheard,
}

impl Feed {
    /// Follows until nobody listens, or nothing helps.
    pub(super) async fn follow(mut self, news: mpsc::Sender<News>) {
        let (first, longest) = PAUSES;
        let (mut pause, mut nonsense, mut is_lost) = (first, 0, false);
        loop {
            let before = self.after.clone();
            let end = self.once(&news, &mut is_lost).await;
            if self.after != before {
                (pause, nonsense) = (first, 0);
            }
            let why = match end {
                End::Unheard => return,
                End::Refused(why) => {
                    let _ = news.send(News::Over(why)).await;
                    return;
                }
                End::Older => {
                    let _ = news.send(News::Older).await;
                    return;
                }
                End::Broke(why) => why,
                End::Nonsense(what) => {
                    nonsense += 1;
                    let why = format!("{} sent {what}", self.client.server());
                    if nonsense >= NONSENSE {
                        let why =
                            format!("{why}, {nonsense} times in a row; is this the address of a Wilco?");
                        let _ = news.send(News::Over(why)).await;
                        return;
                    }
                    why
                }
            };
            // Told once, however many tries it takes.
            if !is_lost && news.send(News::Lost(why)).await.is_err() {
                return;
            }
            is_lost = true;
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// One connection, from its beginning to its end.
    async fn once(&mut self, news: &mpsc::Sender<News>, is_lost: &mut bool) -> End {
        let path = ["rooms", self.place.as_str(), "stream"];
        let query = [("after", self.after.as_str())];
        let ask = Ask { method: Method::GET, path: &path, query: &query, body: None, key: None };
        let mut response = match self.client.stream(ask).await {
            Ok(response) => response,
            Err(away) => return End::Broke(away.to_string()),
        };
        let status = response.status();
        if status == StatusCode::GONE {
            return End::Older;
        }
        if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
            let why = refusal(response).await;
            let is_over = status == StatusCode::UNAUTHORIZED && self.client.is_login();
            let go_on =
                if is_over { "\nYou can: Say `wilco login`, and then `wilco chat` again." } else { "" };
            return End::Refused(why + go_on);
        }
        if !status.is_success() {
            return End::Broke(format!("{} said {status}", self.client.server()));
        }
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return End::Nonsense("something that is no stream of events".into());
        }
        if std::mem::take(is_lost) && news.send(News::Back).await.is_err() {
            return End::Unheard;
        }
        let mut reader = Reader::default();
        loop {
            let bytes = match timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(bytes))) => bytes,
                Ok(Ok(None)) => return End::Broke(format!("{} ended the connection", self.client.server())),
                Ok(Err(_)) => return End::Broke(format!("the connection to {} broke", self.client.server())),
                Err(_) => {
                    let secs = SILENCE.as_secs();
                    return End::Broke(format!("{} said nothing for {secs} s", self.client.server()));
                }
            };
            let events = match reader.take(&bytes) {
                Ok(events) => events,
                Err(error) => return End::Nonsense(error.to_string()),
            };
            for event in events {
                match self.tell(event, news).await {
                    Ok(true) => {}
                    Ok(false) => return End::Unheard,
                    Err(what) => return End::Nonsense(what),
                }
            }
        }
    }

    /// Tells of an event; false where nobody listens.
    async fn tell(&mut self, event: Event, news: &mpsc::Sender<News>) -> Result<bool, String> {
        if event.name != "message" {
            return Ok(true);
        }
        let (Some(cursor), Ok(value)) = (&event.id, serde_json::from_str::<Value>(&event.data)) else {
            return Err("an event that is no message".into());
        };
        let before = self.after.parse::<u64>().unwrap_or(0);
        let Some(number) = cursor.parse::<u64>().ok().filter(|number| *number > before) else {
            return Err("a message out of its turn".into());
        };
        let said = Said::read(value).ok_or("an event that is no message")?;
        self.after = number.to_string();
        Ok(news.send(News::Said(Box::new(said))).await.is_ok())
    }
}

/// What a refusal says, read up to its cap.
async fn refusal(mut response: reqwest::Response) -> String {
    let status = response.status();
    let mut bytes = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout(SILENCE, response.chunk()).await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_REFUSAL {
            break;
        }
    }
    let mut body = serde_json::from_slice(&bytes).unwrap_or_default();
    wilco_web::clean_value(&mut body);
    Got { status, body }.refusal()
}
