//! A client: one loopback connection a request, and streams of events.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{HeaderMap, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use wilco_contract::clock::Spawn;
use wilco_runtime::tasks::Tasks;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    tasks: Tasks,
    headers: Vec<(String, String)>,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The problem that it is; a test fails where it is none, or another status.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {problem}");
        }
        problem
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr, tasks: Tasks) -> Self {
        let host = format!("localhost:{}", address.port());
        Self { address, tasks, headers: vec![("host".into(), host)] }
    }

    /// The same client on a way to the server that begins at this port.
    pub(crate) fn through(&self, port: u16) -> Self {
        let mut client = self.clone();
        client.address.set_port(port);
        client
    }

    /// The same client with this header, in place of one of the same name.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.without(name);
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same client without this header.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| known != name);
        client
    }

    /// What this header says; empty where it is not sent.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    pub(crate) fn with_bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Redeems a link, keeps the cookie and what proves that requests are the page's own.
    pub(crate) async fn sign_in(&mut self, secret: &str) {
        let answer = self.post("/api/v1/session", &serde_json::json!({ "secret": secret })).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        *self = self.with("cookie", &cookie);
        let me = self.get("/api/v1/me").await.json();
        *self = self.with("x-csrf-token", me["csrf"].as_str().expect("a proof"));
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// Sends a request; a body is JSON unless a header says otherwise.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        self.send_bytes(method, path, body.map(Bytes::from)).await
    }

    /// The same, whatever the bytes are.
    pub(crate) async fn send_bytes(&self, method: &str, path: &str, body: Option<Bytes>) -> Answer {
        let response = self.open(method, path, body).await;
        let (parts, body) = response.into_parts();
        let body =
            tokio::time::timeout(PATIENCE, body.collect()).await.expect("in time").expect("a whole answer");
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes() }
    }

    async fn open(&self, method: &str, path: &str, body: Option<Bytes>) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() && !self.headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        let mut request = request.body(Full::new(body.unwrap_or_default())).expect("a request");
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request.headers_mut().append(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        let connection = async move {
            // The other side may cut it; the request's own error says so.
            let _ = connection.await;
        };
        self.tasks.spawn("test.client", Box::pin(connection));
        let answered = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
        answered.expect("an answer in time").expect("an answer")
    }

    /// Opens a stream of events.
    pub(crate) async fn events(&self, path: &str) -> Events {
        let response = self.with("accept", "text/event-stream").open("GET", path, None).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { body: response.into_body(), read: String::new(), ready: VecDeque::new() }
    }
}

/// A stream of events.
pub(crate) struct Events {
    body: Incoming,
    read: String,
    ready: VecDeque<Event>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<u64>,
    pub(crate) data: Value,
}

impl Events {
    /// The next event; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("an event in time")?;
            let Ok(frame) = frame else { return None };
            self.read.push_str(std::str::from_utf8(frame.data_ref().expect("data")).expect("text"));
            while let Some((event, rest)) = self.read.split_once("\n\n") {
                self.ready.extend(parse(event));
                self.read = rest.to_owned();
            }
        }
    }

    /// The next event of a stream that has not ended.
    pub(crate) async fn event(&mut self) -> Event {
        self.next().await.expect("the stream goes on")
    }
}

fn parse(text: &str) -> Option<Event> {
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    Some(Event {
        data: serde_json::from_str(field("data")?).expect("JSON"),
        name: field("event").unwrap_or("message").to_owned(),
        id: field("id").map(|id| id.parse().expect("a number")),
    })
}
