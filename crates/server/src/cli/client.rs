//! A client of a running server: where it is, and who asks.
//!
//! Not a second way in: it uses the same API as everybody. Layer 4.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Failure, config_path};
use crate::{
    config::{self, Config, Environment},
    keys::Keys,
};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(40);
/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The client.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An answer.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Client {
    /// Finds the server by `WILCO_URL`, else by the configuration here, and speaks as `WILCO_TOKEN`, else as the local
    /// operator. The operator's key goes to the server that it is for, and to no other address.
    pub(crate) fn find() -> Result<Self, Failure> {
        let environment = Environment::from_process();
        let needed = environment.url.is_none() || environment.token.is_none();
        let config = match config_path(None).filter(|_| needed).map(|path| config::load(&path, &environment))
        {
            Some(Ok(config)) => Some(config),
            Some(Err(problems)) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                return Err(Failure::Failed(problems.join("\n")));
            }
            None => None,
        };
        let base = match (&environment.url, &config) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Some(config)) => config.local_url(),
            (None, None) => {
                return Err(Failure::Failed(
                    "no server is known here: set `WILCO_URL`, or go to the folder of its `wilco.toml`"
                        .into(),
                ));
            }
        };
        let token = match (&environment.token, &config) {
            (Some(token), _) => token.clone(),
            (None, Some(config)) if is_own(&base, config) => Keys::open(&config.keys)?.operator()?,
            (None, Some(config)) => {
                return Err(Failure::Failed(format!(
                    "`WILCO_URL` is {base}, and the server of the `wilco.toml` here is at {}: its operator's key is \
                     not sent elsewhere. Set `WILCO_TOKEN`, or unset `WILCO_URL`",
                    config.local_url()
                )));
            }
            (None, None) => {
                return Err(Failure::Failed("nobody is known to ask: set `WILCO_TOKEN`".into()));
            }
        };
        crate::app::install_crypto();
        #[expect(clippy::disallowed_methods, reason = "the client of our own server needs no egress rules")]
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        Ok(Self { http, base, token })
    }

    /// Asks once. `path` is below `/api/v1`.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Got, Failure> {
        let mut url = url::Url::parse(&self.base).map_err(|error| {
            Failure::Usage(format!("`{}` is not the address of a server: {error}", self.base))
        })?;
        url.path_segments_mut()
            .map_err(|()| Failure::Usage(format!("`{}` is not the address of a server", self.base)))?
            .pop_if_empty()
            .extend(["api", "v1"])
            .extend(path);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|error| {
            Failure::Failed(format!(
                "{} was not reached: {}; is `wilco up` running?",
                self.base,
                root(&error)
            ))
        })?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(Failure::Failed("the answer is too long".into()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok(Got { status, body })
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
        let text = |name: &str| self.body.get(name).and_then(Value::as_str);
        let first = text("text").or_else(|| text("detail")).or_else(|| text("title"));
        let mut lines = vec![first.map_or_else(|| format!("the server said {}", self.status), str::to_owned)];
        for (name, label) in [("rule", "Rule"), ("who_can", "Who can"), ("you_can", "You can")] {
            if let Some(fact) = text(name).filter(|_| text("text").is_none()) {
                lines.push(format!("{label}: {fact}"));
            }
        }
        Failure::Failed(lines.join("\n"))
    }
}

/// Whether an address is that of the server of this configuration: where it listens, by a loopback name too, or its
/// `public_url`.
fn is_own(base: &str, config: &Config) -> bool {
    let read = |text: &str| url::Url::parse(text).ok();
    let (Some(base), Some(local)) = (read(base), read(&config.local_url())) else { return false };
    let is_loopback = matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let at_port = base.scheme() == "http" && base.port_or_known_default() == local.port_or_known_default();
    base.origin() == local.origin()
        || (is_loopback && at_port)
        || read(&config.public_url).is_some_and(|public| public.origin() == base.origin())
}

fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
