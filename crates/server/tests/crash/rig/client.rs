//! People and programs at the API, one connection a request.

use std::{fmt, time::Duration};

use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{LOOK, Repo, repo::signature};

/// How long anything may take that needs no person.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a stream may be open.
const STREAM: Duration = Duration::from_secs(300);

/// Somebody who asks the server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: header::HeaderMap,
}

/// An answer: its status and its JSON, null where it has none.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// The server went away before it answered.
#[derive(Debug)]
pub(crate) struct NoAnswer(String);

/// An operation at its end, with the lines that were told live.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) operation: Value,
    pub(crate) lines: Vec<String>,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        assert!(!error.is_timeout(), "the server did not answer in time: {error}");
        Self(format!("{error:?}"))
    }
}

impl Client {
    fn new(repo: &Repo, headers: &[(header::HeaderName, &str)]) -> Self {
        wilco_server::app::install_crypto();
        #[expect(clippy::disallowed_methods, reason = "a client of our own server needs no egress rules")]
        let http = reqwest::Client::builder();
        // A connection that is kept would break with the server, and hide whether the new one answers.
        let http = http.no_proxy().timeout(PATIENCE).pool_max_idle_per_host(0).build().expect("a client");
        let value = |text: &str| header::HeaderValue::from_str(text).expect("a header");
        let headers = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        Self { http, base: repo.url(), headers }
    }

    /// A program with this token, or the local operator with their key.
    pub(crate) fn bearer(repo: &Repo, token: &str) -> Self {
        Self::new(repo, &[(header::AUTHORIZATION, &format!("Bearer {token}"))])
    }

    /// A person, by a one-time link's secret.
    pub(crate) async fn sign_in(repo: &Repo, secret: &str) -> Result<Self, NoAnswer> {
        let nobody = Self::new(repo, &[]);
        let request = nobody.request(Method::POST, "session").json(&json!({ "secret": secret }));
        let response = request.send().await?;
        assert_eq!(response.status().as_u16(), 204, "the link is good");
        let cookie = response.headers()[header::SET_COOKIE].to_str().expect("text");
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        let me = Self::new(repo, &[(header::COOKIE, &cookie)]);
        let csrf = me.get("me").await?.body["csrf"].as_str().expect("a proof").to_owned();
        let proof = header::HeaderName::from_static("x-csrf-token");
        Ok(Self::new(repo, &[(header::COOKIE, &cookie), (proof, &csrf)]))
    }

    /// A person, by an invitation of the operator.
    pub(crate) async fn invited(repo: &Repo, person: &str) -> Result<Self, NoAnswer> {
        let operator = Self::bearer(repo, &repo.operator_key());
        let invited = operator.post("invites", &json!({ "person": person })).await?;
        let url = invited.body["url"].as_str().unwrap_or_else(|| panic!("an invitation: {invited}"));
        Self::sign_in(repo, url.split_once('#').expect("a link").1).await
    }

    /// A request below `/api/v1/`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/api/v1/{path}", self.base)).headers(self.headers.clone())
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, NoAnswer> {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, NoAnswer> {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// Says something in the room. The same key again is the same message.
    pub(crate) async fn say(&self, text: &str, key: &str) -> Result<Answer, NoAnswer> {
        let request = self.request(Method::POST, "rooms/web%3Aops/messages");
        answer(request.header("idempotency-key", key).json(&json!({ "text": text }))).await
    }

    /// Gives an order in the room by another door than its text. The same key again is the same order.
    pub(crate) async fn call(&self, order: &str, key: &str) -> Result<Answer, NoAnswer> {
        let request = self.request(Method::POST, "calls").header("idempotency-key", key);
        answer(request.json(&json!({ "order": order, "place": "web:ops" }))).await
    }

    /// Presses a button of an operation.
    pub(crate) async fn press(&self, operation: &Value, press: &str) -> Result<Answer, NoAnswer> {
        let path = format!("operations/{}/{press}", operation["id"].as_str().expect("an id"));
        self.post(&path, &json!({ "plan": operation["hash"] })).await
    }

    /// Posts an event as GitHub does. The same delivery again is the same event.
    pub(crate) async fn hook(&self, kind: &str, delivery: &str, body: &str) -> Result<Answer, NoAnswer> {
        let request = self.http.post(format!("{}/hooks/github", self.base)).body(body.to_owned());
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.header("x-github-event", kind).header("x-github-delivery", delivery);
        answer(request.header("x-hub-signature-256", signature(body.as_bytes()))).await
    }

    /// All entries of a list, page by page.
    pub(crate) async fn all(&self, list: &str) -> Result<Vec<Value>, NoAnswer> {
        let mut all = Vec::new();
        let mut after = json!(0);
        loop {
            let page = self.get(&format!("{list}?limit=500&after={after}")).await?;
            let items = page.body["items"].as_array().unwrap_or_else(|| panic!("a list: {page}"));
            all.extend(items.iter().cloned());
            after = page.body["next"].clone();
            if after.is_null() {
                return Ok(all);
            }
        }
    }

    /// The newest operation that came of this order, as soon as there is one in one of these states.
    pub(crate) async fn operation(&self, order: &str, states: &[&str]) -> Result<Value, NoAnswer> {
        let look = async {
            loop {
                let latest = self.get("operations?latest=20").await?;
                let items = latest.body["items"].as_array().unwrap_or_else(|| panic!("a list: {latest}"));
                let found = items.iter().find(|operation| operation["order"] == order);
                if let Some(found) = found.filter(|found| states.iter().any(|state| found["state"] == *state))
                {
                    return Ok(found.clone());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match timeout(PATIENCE, look).await {
            Ok(found) => found,
            Err(_) => {
                panic!("`{order}` did not become {states:?}: {:?}", self.get("operations?latest=20").await)
            }
        }
    }

    /// Follows an operation's live log to its end.
    pub(crate) async fn follow(&self, id: &str) -> Result<Followed, NoAnswer> {
        let mut events = self.events(&format!("operations/{id}/log")).await?;
        let mut lines = Vec::new();
        loop {
            let event = events.next().await?;
            match event.name.as_str() {
                "line" => {
                    assert_eq!(
                        event.id,
                        Some(event.data["number"].to_string()),
                        "its number resumes the log"
                    );
                    lines.push(event.data["text"].as_str().expect("a line").to_owned());
                }
                "operation" if !event.data["ended_at"].is_null() => {
                    return Ok(Followed { operation: event.data, lines });
                }
                _ => {}
            }
        }
    }

    /// Opens a stream of events.
    pub(crate) async fn events(&self, path: &str) -> Result<Events, NoAnswer> {
        let request = self.request(Method::GET, path).header(header::ACCEPT, "text/event-stream");
        let response = request.timeout(STREAM).send().await?;
        assert_eq!(response.status().as_u16(), 200, "a stream");
        Ok(Events { response, read: Vec::new() })
    }
}

/// A stream of events.
pub(crate) struct Events {
    response: reqwest::Response,
    read: Vec<u8>,
}

/// An event: what it is called, its cursor, its data.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

impl Events {
    /// The next event.
    pub(crate) async fn next(&mut self) -> Result<Event, NoAnswer> {
        loop {
            while let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let text: Vec<u8> = self.read.drain(..end + 2).collect();
                let text = String::from_utf8(text).expect("text");
                // A comment only shows that the line is alive.
                if let Some(data) = field(&text, "data") {
                    let name = field(&text, "event").unwrap_or("message").to_owned();
                    let data = serde_json::from_str(data).expect("JSON");
                    return Ok(Event { name, id: field(&text, "id").map(str::to_owned), data });
                }
            }
            match self.response.chunk().await? {
                Some(chunk) => self.read.extend_from_slice(&chunk),
                None => return Err(NoAnswer("the stream ended".to_owned())),
            }
        }
    }
}

fn field<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
}

/// Asks, and again while the server says that it is starting.
async fn answer(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    let until = Instant::now() + PATIENCE;
    loop {
        let again = request.try_clone().expect("a body that is whole");
        let response = again.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let answer = Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() };
        let is_starting =
            status == 503 && answer.body["detail"].as_str().unwrap_or_default().contains("is starting");
        if !is_starting {
            return Ok(answer);
        }
        assert!(Instant::now() < until, "it is still starting: {answer}");
        tokio::time::sleep(LOOK).await;
    }
}
