//! A client of a running server: where it is, and who asks.
//!
//! Not a second way in: it uses the same API as everybody. Layer 4.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Failure, config_path};
use crate::{
    config::{self, Environment},
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
    /// operator.
    pub(crate) fn find() -> Result<Self, Failure> {
        let environment = Environment::from_process();
        let config = config_path(None).and_then(|path| config::load(&path, &environment).ok());
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
            (None, Some(config)) => Keys::open(&config.keys)?.operator()?,
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
        let mut url = url::Url::parse(&self.base)?;
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

fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
