//! A client of a running server: where it is, and who asks.
//!
//! Not a second way in: it uses the same API as everybody. What a server sends is taken with a cap and a deadline, and
//! made harmless for a terminal. Layer 4.

use std::time::Duration;

use reqwest::{Method, StatusCode, header, redirect};
use serde_json::Value;
use tokio::time::timeout;
use url::Url;
use wilco_contract::ids::hex;

use super::{
    Failure, config_path,
    logins::{Login, Logins},
};
use crate::{
    config::{self, Config, Environment, Personal},
    keys::Keys,
};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(40);
/// How long an order may take: what the server gives it, and what the way there takes.
const CALL: Duration = wilco_web::CALL_DEADLINE.saturating_add(Duration::from_secs(30));
/// How long it may take to reach the server.
const CONNECT: Duration = Duration::from_secs(20);
/// How long a stream may be open: it says something every 15 seconds, and whoever reads it watches for that.
const STREAM: Duration = Duration::from_hours(24 * 365);
/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The client.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    credential: Option<String>,
    /// Whether it asks with a login, which its person can begin anew.
    is_login: bool,
}

/// One request.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    /// Below `/api/v1`, by segments.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<&'a Value>,
    /// What makes a repeat recognisable.
    pub(crate) key: Option<&'a str>,
}

/// An answer.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

/// The server was not reached, or what came was no answer of it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Away {
    /// What happened.
    what: String,
    /// Whether what was sent may have been taken.
    pub(crate) is_open: bool,
}

impl Away {
    fn new(what: String) -> Self {
        Self { what, is_open: false }
    }
}

/// Where the server is: `WILCO_URL`, else the configuration here.
struct Server {
    base: Url,
    /// The configuration here, where it was needed so far.
    config: Option<Config>,
}

impl Server {
    fn find(environment: &Environment) -> Result<Self, Failure> {
        let (text, config) = match &environment.url {
            Some(url) => (url.clone(), None),
            None => {
                let config = config_here(environment)?.ok_or_else(|| {
                    Failure::Failed(
                        "no server is known here: set `WILCO_URL`, or go to the folder of its `wilco.toml`"
                            .into(),
                    )
                })?;
                (config.local_url(), Some(config))
            }
        };
        let not = |why: &str| Failure::Usage(format!("`WILCO_URL` is not the address of a server: {why}"));
        let mut base = Url::parse(&text).map_err(|error| not(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(not("it begins with http:// or https:// and a host"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            // It would be sent along, and stand in the file of logins.
            return Err(not("it has a name or a password in it"));
        }
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self { base, config })
    }

    /// The local operator's key. It goes to the server that it is for, and to no other address.
    fn operator(self, environment: &Environment) -> Result<String, Failure> {
        let config = match self.config {
            Some(config) => Some(config),
            None => config_here(environment)?,
        };
        match config {
            Some(config) if is_own(&self.base, &config) => Ok(Keys::open(&config.keys)?.operator()?),
            Some(config) => Err(Failure::Failed(format!(
                "`WILCO_URL` is {}, and the server of the `wilco.toml` here is at {}: its operator's key is not sent \
                 elsewhere. Say `wilco login`, set `WILCO_TOKEN`, or unset `WILCO_URL`",
                name_of(&self.base),
                config.local_url()
            ))),
            None => {
                Err(Failure::Failed("nobody is known to ask: say `wilco login`, or set `WILCO_TOKEN`".into()))
            }
        }
    }
}

fn config_here(environment: &Environment) -> Result<Option<Config>, Failure> {
    match config_path(None).map(|path| config::load(&path, environment)) {
        Some(Ok(config)) => Ok(Some(config)),
        Some(Err(problems)) => {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            Err(Failure::Failed(problems.join("\n")))
        }
        None => Ok(None),
    }
}

/// A server's name for people: its address without a slash at the end.
fn name_of(base: &Url) -> String {
    base.as_str().trim_end_matches('/').to_owned()
}

/// A server's name in the file of logins: however loopback is spelled, it is one.
fn key_of(base: &Url) -> String {
    let mut base = base.clone();
    if is_loopback(&base) {
        // It parses, so it is taken.
        let _ = base.set_host(Some("127.0.0.1"));
    }
    name_of(&base)
}

fn is_loopback(base: &Url) -> bool {
    matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// What makes a request recognisable when it comes again.
pub(crate) fn fresh_key() -> Result<String, Failure> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(hex(&key))
}

/// How long an answer to this is waited for.
fn deadline(ask: &Ask<'_>) -> Duration {
    if ask.method == Method::POST && ask.path == ["calls"] { CALL } else { TIMEOUT }
}

impl Client {
    /// Finds the server, and speaks as the person of `wilco login`, else as `WILCO_TOKEN`, else as the local operator.
    pub(crate) fn find() -> Result<Self, Failure> {
        let environment = Environment::from_process();
        let server = Server::find(&environment)?;
        let base = server.base.clone();
        // Where there is no folder for logins there are none.
        let login = match Logins::of(&Personal::from_process()) {
            Ok(logins) => logins.at(&key_of(&base))?,
            Err(_) => None,
        };
        let is_login = login.is_some();
        let credential = match (login, &environment.token) {
            (Some(login), _) => login.secret().to_owned(),
            (None, Some(token)) => token.clone(),
            (None, None) => server.operator(&environment)?,
        };
        Self::new(base, Some(credential), is_login)
    }

    /// Finds the server, and speaks as nobody.
    pub(crate) fn nobody() -> Result<Self, Failure> {
        Self::new(Server::find(&Environment::from_process())?.base, None, false)
    }

    /// The same client, speaking with a login.
    pub(crate) fn with(&self, login: &Login) -> Self {
        Self { credential: Some(login.secret().to_owned()), is_login: true, ..self.clone() }
    }

    /// A client of the server at this address.
    pub(super) fn new(base: Url, credential: Option<String>, is_login: bool) -> Result<Self, Failure> {
        crate::app::install_crypto();
        #[expect(clippy::disallowed_methods, reason = "the client of our own server needs no egress rules")]
        let http = reqwest::Client::builder();
        // A server of ours sends nobody elsewhere, and a credential would go along.
        let http = http.no_proxy().redirect(redirect::Policy::none()).connect_timeout(CONNECT).build()?;
        Ok(Self { http, base, credential, is_login })
    }

    /// The server's name, for people.
    pub(crate) fn server(&self) -> String {
        name_of(&self.base)
    }

    /// The server's name in the file of logins.
    pub(crate) fn key(&self) -> String {
        key_of(&self.base)
    }

    /// Whether it asks with a login.
    pub(crate) fn is_login(&self) -> bool {
        self.is_login
    }

    /// Whether what goes to the server can be read on the way there.
    pub(crate) fn is_in_the_clear(&self) -> bool {
        self.base.scheme() == "http" && !is_loopback(&self.base)
    }

    fn request(&self, ask: &Ask<'_>) -> Result<reqwest::RequestBuilder, Away> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(ask.path);
        }
        let mut request = self.http.request(ask.method.clone(), url).query(ask.query).timeout(deadline(ask));
        if let Some(credential) = &self.credential {
            let value = header::HeaderValue::from_str(&format!("Bearer {credential}"));
            let mut value = value.map_err(|_| Away::new("the token has signs that no token has".into()))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(key) = ask.key {
            request = request.header("idempotency-key", key);
        }
        Ok(match ask.body {
            Some(body) => request.json(body),
            None => request,
        })
    }

    /// Why no answer came. What was on its way when that happened may be done; nobody can tell.
    fn away(&self, ask: &Ask<'_>, error: &reqwest::Error) -> Away {
        let server = self.server();
        if error.is_connect() || error.is_builder() {
            return Away::new(format!("{server} was not reached: {}; is `wilco up` running?", root(error)));
        }
        let what = if error.is_timeout() {
            format!("{server} gave no answer within {} s", deadline(ask).as_secs())
        } else {
            format!("the connection to {server} broke before its answer was there: {}", root(error))
        };
        if ask.method.is_safe() {
            return Away::new(what);
        }
        Away { what: format!("{what}; it may or may not have been taken"), is_open: true }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn send(&self, ask: Ask<'_>) -> Result<Got, Away> {
        let mut response = self.request(&ask)?.send().await.map_err(|error| self.away(&ask, &error))?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.away(&ask, &error))? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(Away::new(format!(
                    "{} sent more than {} MiB as one answer; the rest was not read",
                    self.server(),
                    MAX_ANSWER / 1024 / 1024
                )));
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut body = match serde_json::from_slice(&bytes) {
            Ok(body) => body,
            Err(_) if bytes.is_empty() => Value::Null,
            Err(_) => {
                return Err(Away::new(format!(
                    "{} answered {status} with something that is no JSON; is this the address of a Wilco?",
                    self.server()
                )));
            }
        };
        wilco_web::clean_value(&mut body);
        if status == StatusCode::UNAUTHORIZED
            && self.is_login
            && let Some(problem) = body.as_object_mut()
        {
            problem.insert("you_can".into(), "Say `wilco login --end` to go on without a login.".into());
        }
        Ok(Got { status, body })
    }

    /// Opens a stream of events. The answer's headers have come; what it says is not read yet.
    pub(crate) async fn stream(&self, ask: Ask<'_>) -> Result<reqwest::Response, Away> {
        let request = self.request(&ask)?.header(header::ACCEPT, "text/event-stream").timeout(STREAM);
        match timeout(TIMEOUT, request.send()).await {
            Ok(opened) => opened.map_err(|error| self.away(&ask, &error)),
            Err(_) => {
                Err(Away::new(format!("{} did not answer within {} s", self.server(), TIMEOUT.as_secs())))
            }
        }
    }

    /// Asks once. `path` is below `/api/v1`.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Got, Failure> {
        Ok(self.send(Ask { method, path, query: &[], body, key: None }).await?)
    }

    /// Reads something, and expects it to be there.
    pub(crate) async fn read(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Failure> {
        let got = self.send(Ask { method: Method::GET, path, query, body: None, key: None }).await?;
        if got.status.is_success() { Ok(got.body) } else { Err(got.refused()) }
    }

    /// Asks once and expects it to be done.
    pub(crate) async fn done(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let got = self.ask(method, path, body).await?;
        if got.status.is_success() { Ok(got.body) } else { Err(got.refused()) }
    }
}

impl Got {
    /// What a refusal says, for the terminal.
    pub(crate) fn refused(&self) -> Failure {
        Failure::Failed(self.refusal())
    }

    /// What a refusal says: what happened, the rule, and who can help.
    pub(crate) fn refusal(&self) -> String {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str);
        let first = text("text").or_else(|| text("detail")).or_else(|| text("title"));
        let mut lines = vec![first.map_or_else(|| format!("the server said {}", self.status), str::to_owned)];
        for (name, label) in [("rule", "Rule"), ("who_can", "Who can"), ("you_can", "You can")] {
            if let Some(fact) = text(name).filter(|_| text("text").is_none()) {
                lines.push(format!("{label}: {fact}"));
            }
        }
        lines.join("\n")
    }
}

/// Whether an address is that of the server of this configuration: where it listens, by a loopback name too, or its
/// `public_url`.
fn is_own(base: &Url, config: &Config) -> bool {
    let read = |text: &str| Url::parse(text).ok();
    let Some(local) = read(&config.local_url()) else { return false };
    let at_port = base.scheme() == "http" && base.port_or_known_default() == local.port_or_known_default();
    base.origin() == local.origin()
        || (is_loopback(base) && at_port)
        || read(&config.public_url).is_some_and(|public| public.origin() == base.origin())
}

fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    fn post<'a>(path: &'a [&'a str], body: &'a Value) -> Ask<'a> {
        Ask { method: Method::POST, path, query: &[], body: Some(body), key: Some("k") }
    }

    #[test]
    fn an_order_has_longer_than_the_server_gives_it() {
        let body = Value::Null;
        assert!(deadline(&post(&["calls"], &body)) > wilco_web::CALL_DEADLINE);
        assert_eq!(deadline(&post(&["tokens"], &body)), TIMEOUT);
    }

    /// What is said of a server that reads a request and then does this.
    async fn told(says: &'static [u8]) -> (String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base =
            Url::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("one");
        let Ok(client) = Client::new(base, None, false) else { panic!("a client") };
        let body = Value::Null;
        let asked = client.send(post(&["calls"], &body));
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut read = vec![0; 4096];
            let length = stream.read(&mut read).await.expect("a request");
            stream.write_all(says).await.expect("written");
            String::from_utf8_lossy(&read[..length]).to_lowercase()
        };
        let (answer, request) = tokio::join!(asked, server);
        (answer.err().expect("no answer").what, request)
    }

    #[tokio::test]
    async fn what_broke_off_behind_the_request_may_have_been_taken() {
        for says in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
            let (why, request) = told(says).await;
            assert!(why.ends_with("; it may or may not have been taken"), "{why}");
            assert!(!why.contains("was not reached"), "{why}");
            assert!(request.contains("idempotency-key: k"), "{request}");
        }
        let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("one");
        let base = Url::parse(&format!("http://{gone}")).expect("an address");
        let body = Value::Null;
        let Ok(client) = Client::new(base, None, false) else { panic!("a client") };
        let away = client.send(post(&["calls"], &body)).await;
        let why = away.err().expect("nobody is there").what;
        assert!(why.contains("was not reached") && !why.contains("may or may not"), "{why}");
    }

    #[test]
    fn loopback_has_one_login_however_it_is_spelled() {
        let key = |text: &str| key_of(&Url::parse(text).expect("an address"));
        for text in ["http://localhost:7777/", "http://127.0.0.1:7777", "http://[::1]:7777"] {
            assert_eq!(key(text), "http://127.0.0.1:7777", "{text}");
        }
        assert_eq!(key("https://wilco.example.org/"), "https://wilco.example.org");
        assert_ne!(key("http://localhost:7778"), key("http://localhost:7777"));
    }
}
