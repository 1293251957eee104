//! The one HTTP client: calls to the servers that `wilco.toml` names, and to nobody else.
//!
//! Not a browser: it follows no redirect, keeps no cookies, asks no proxy from the environment, and tries once. A server
//! that fails again and again is left alone for a while ([`crate::circuit`]).
//! A named server may stand at a private address; an address that is not named cannot be called at all. Layer 1.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use reqwest::{
    Client, ClientBuilder, Method, RequestBuilder,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use url::Url;
use wilco_contract::{
    clock::Clock,
    http::{Http, HttpError, HttpRequest, HttpResponse},
};

use crate::{
    circuit::{Circuits, End},
    telemetry,
};

/// How long a connection may take to stand. What is not connected by then was certainly not sent.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How long a server that fails again and again is left alone at most.
const LEFT_ALONE: Duration = Duration::from_secs(300);

/// The client. It is built at the first call, so that a Wilco that calls nobody pays nothing.
pub struct HttpClient {
    servers: RwLock<BTreeMap<String, Url>>,
    circuits: Circuits,
    clock: Arc<dyn Clock>,
    plain: OnceLock<Result<Client, String>>,
    secure: OnceLock<Result<Client, String>>,
}

impl HttpClient {
    /// A client for these servers, by name: addresses with the scheme `http` or `https`.
    #[must_use]
    pub fn new(servers: BTreeMap<String, Url>, clock: Arc<dyn Clock>) -> Self {
        let circuits = Circuits::of_each("server", LEFT_ALONE);
        Self {
            servers: RwLock::new(servers),
            circuits,
            clock,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// Calls these servers from now on; a call under way goes on.
    pub fn serve(&self, servers: BTreeMap<String, Url>) {
        let mut now = self.servers.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *now, servers);
        // At another address it is another server.
        self.circuits.forget(|name| now.get(name) != before.get(name));
    }

    /// The servers that are left alone for a while because they failed again and again, by name: what is said of each.
    #[must_use]
    pub fn left_alone(&self) -> Vec<(String, String)> {
        self.circuits.shut().into_iter().map(|(name, shut)| (name, shut.to_string())).collect()
    }

    /// The client for a scheme. Reading the system's certificates costs time and memory and may fail, so it is
    /// left to the first call that needs them.
    fn client(&self, secure: bool) -> Result<&Client, String> {
        let built = if secure {
            self.secure.get_or_init(|| {
                // A second call finds the provider installed; that is what is wanted.
                let _ = rustls::crypto::ring::default_provider().install_default();
                bare().https_only(true).build().map_err(|error| innermost(&error))
            })
        } else {
            self.plain.get_or_init(|| {
                let _ = rustls::crypto::ring::default_provider().install_default();
                bare().tls_certs_only([]).build().map_err(|error| innermost(&error))
            })
        };
        built.as_ref().map_err(Clone::clone)
    }

    fn prepare(&self, request: &HttpRequest) -> Result<RequestBuilder, HttpError> {
        let servers = self.servers.read().unwrap_or_else(PoisonError::into_inner);
        let base =
            servers.get(&request.server).ok_or_else(|| HttpError::NoSuchServer(request.server.clone()))?;
        let refuse = |why: String| HttpError::NotSent { server: request.server.clone(), why };
        let url = address(base, &request.path, &request.query).map_err(refuse)?;
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| refuse(format!("`{}` is no HTTP method", request.method)))?;
        let headers = headers(&request.headers).map_err(refuse)?;
        let client = self.client(url.scheme() == "https").map_err(refuse)?;
        let mut prepared = client.request(method, url).headers(headers).timeout(request.timeout);
        if let Some(body) = &request.body {
            prepared = prepared.body(body.clone());
        }
        Ok(prepared)
    }
}

fn bare() -> ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "this is the client with the egress rules")]
    Client::builder()
        .user_agent(concat!("wilco/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(2)
}

#[async_trait]
impl Http for HttpClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let prepared = self.prepare(&request)?;
        let answer = if request.waits {
            let answer = exchange(prepared, &request).await;
            if end(&answer) == End::Good {
                self.circuits.forget(|name| name == request.server);
            }
            answer
        } else {
            let pass = self.circuits.enter(&request.server, self.clock.now()).map_err(|shut| {
                HttpError::LeftAlone { server: request.server.clone(), why: shut.to_string() }
            })?;
            let answer = exchange(prepared, &request).await;
            pass.end(end(&answer), self.clock.now());
            answer
        };
        let outcome = match &answer {
            Ok(_) => "answer",
            Err(HttpError::Unknown { .. }) => "unknown",
            Err(_) => "not_sent",
        };
        // The name is one of those in `wilco.toml`, so the labels stay few.
        metrics::counter!(telemetry::HTTP_CALLS, "server" => request.server, "outcome" => outcome)
            .increment(1);
        answer
    }
}

/// What an answer says about the next call: no answer, or one by whoever stands before a server that is away.
fn end(answer: &Result<HttpResponse, HttpError>) -> End {
    match answer {
        Ok(response) if !matches!(response.status, 502..=504) => End::Good,
        Ok(_) | Err(_) => End::Bad,
    }
}

async fn exchange(prepared: RequestBuilder, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
    let fail = |error: &reqwest::Error| {
        let server = request.server.clone();
        if error.is_connect() || error.is_builder() {
            HttpError::NotSent { server, why: innermost(error) }
        } else if error.is_timeout() {
            HttpError::Unknown { server, why: format!("it took longer than {:?}", request.timeout) }
        } else {
            HttpError::Unknown { server, why: innermost(error) }
        }
    };
    let mut response = prepared.send().await.map_err(|error| fail(&error))?;
    let mut body = Vec::new();
    let mut cut = false;
    while let Some(chunk) = response.chunk().await.map_err(|error| fail(&error))? {
        let room = request.max_bytes - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            cut = true;
            break;
        }
    }
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    Ok(HttpResponse { status: response.status().as_u16(), headers, body, cut })
}

/// The address of a path below a server's. Segments are encoded one by one, so none can leave its place.
fn address(base: &Url, path: &[String], query: &[(String, String)]) -> Result<Url, String> {
    let mut url = base.clone();
    for segment in path {
        // The address parser drops tabs and line ends and then reads dots, so neither gets as far as it.
        if segment.is_empty() || segment == "." || segment == ".." || segment.contains(char::is_control) {
            return Err(format!("`{}` cannot be a part of a path", segment.escape_debug()));
        }
    }
    if !path.is_empty() {
        let mut segments = url.path_segments_mut().map_err(|()| format!("`{base}` cannot have a path"))?;
        segments.pop_if_empty().extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let key =
            HeaderName::try_from(name).map_err(|_| format!("`{}` is no header name", name.escape_debug()))?;
        // The value may be a secret, so it is not repeated.
        let value = HeaderValue::try_from(value)
            .map_err(|_| format!("the value of the header `{name}` has signs that a header cannot have"))?;
        headers.append(key, value);
    }
    Ok(headers)
}

/// The cause at the bottom, which is what a person can act on; the address is left out, as it may hold a secret.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base: &str, path: &[&str], query: &[(&str, &str)]) -> Result<String, String> {
        let path: Vec<_> = path.iter().map(ToString::to_string).collect();
        let query: Vec<_> = query.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        address(&Url::parse(base).expect("an address"), &path, &query).map(String::from)
    }

    #[test]
    fn segments_stay_in_their_place() {
        assert_eq!(at("http://h", &["version"], &[]).as_deref(), Ok("http://h/version"));
        assert_eq!(
            at("http://h/base/", &["a b", "c/d?e#f"], &[]).as_deref(),
            Ok("http://h/base/a%20b/c%2Fd%3Fe%23f")
        );
        assert_eq!(at("http://h/base", &["%2e%2e"], &[]).as_deref(), Ok("http://h/base/%252e%252e"));
        assert_eq!(at("http://h/", &["x"], &[("a", "1&b=2")]).as_deref(), Ok("http://h/x?a=1%26b%3D2"));
        for bad in ["", ".", "..", ".\t.", "a\nb", "\0"] {
            assert!(at("http://h/base", &[bad], &[]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_secret_header_is_not_repeated_in_an_error() {
        let error = headers(&[("authorization".into(), "s3cret\n".into())]).expect_err("a line end");
        assert!(error.contains("authorization") && !error.contains("s3cret"), "{error}");
    }
}
