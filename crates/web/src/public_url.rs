//! The address where people find the page, and the hosts that a browser may therefore name.
//!
//! Not the address that is listened on: a proxy may stand between. Layer 3.

use std::fmt;

use axum::http::Uri;

/// `public_url`, read: a scheme, a host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    https: bool,
    at: HostPort,
}

/// A `public_url` that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be `public_url`; it has to be `http://` or `https://`, a host, and a port if need be, without a path"
)]
pub struct BadPublicUrl(pub String);

/// A host in lower case with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// Reads `host`, `host:port` or `[v6]:port`; without a port it is this one.
    fn parse(text: &str, default_port: u16) -> Option<Self> {
        let authority: axum::http::uri::Authority = text.parse().ok()?;
        // Somebody's name before the host would be read by people as the host.
        if text.contains('@') || authority.host().is_empty() {
            return None;
        }
        // A colon with nothing or nonsense behind it is no port.
        let port = match text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((_, port)) => port.parse().ok()?,
            None => default_port,
        };
        Some(Self { host: authority.host().to_ascii_lowercase(), port })
    }

    fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }
}

impl PublicUrl {
    /// Reads `http://localhost:7777` or `https://wilco.example.com`, with or without a slash at the end.
    ///
    /// # Errors
    /// When it is none, or has a path.
    pub fn parse(text: &str) -> Result<Self, BadPublicUrl> {
        let bad = || BadPublicUrl(text.to_owned());
        let text = text.trim_end_matches('/');
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad()),
        };
        if uri.path() != "/" || uri.query().is_some() {
            return Err(bad());
        }
        let authority = uri.authority().ok_or_else(bad)?;
        let at = HostPort::parse(authority.as_str(), default_port(https)).ok_or_else(bad)?;
        Ok(Self { text: text.to_owned(), https, at })
    }

    /// The address without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host that a browser named, if it is ours: the public one, or a loopback name with the same port.
    pub(crate) fn own_host(&self, host: &str) -> Option<HostPort> {
        let host = HostPort::parse(host, default_port(self.https))?;
        let ours = host == self.at || (host.is_loopback() && host.port == self.at.port);
        ours.then_some(host)
    }

    /// The host that a terminal named, if it is ours: what a browser may name, or a loopback name with any port, as on
    /// the server's machine behind a proxy.
    pub(crate) fn terminals_host(&self, host: &str) -> Option<HostPort> {
        let near = HostPort::parse(host, default_port(false)).filter(HostPort::is_loopback);
        self.own_host(host).or(near)
    }

    /// Whether an `Origin` header names this host.
    pub(crate) fn is_origin_of(origin: &str, host: &HostPort) -> bool {
        let read = match origin.split_once("://") {
            Some(("http", rest)) => HostPort::parse(rest, default_port(false)),
            Some(("https", rest)) => HostPort::parse(rest, default_port(true)),
            _ => None,
        };
        read.as_ref() == Some(host)
    }
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_is_one() {
        for good in ["http://localhost:7777", "https://wilco.example.com/", "http://[::1]:80"] {
            let url = PublicUrl::parse(good);
            assert_eq!(url.as_ref().map(PublicUrl::as_str), Ok(good.trim_end_matches('/')));
        }
        for bad in
            ["", "localhost", "ftp://x", "http://x/wilco", "http://x?y", "http://a@b", "http://x:port", "//x"]
        {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_is_ours_or_loopback_on_our_port() {
        let local = PublicUrl::parse("http://localhost:7777").expect("an address");
        let public = PublicUrl::parse("https://wilco.example.com").expect("an address");
        for (url, host, ours) in [
            (&local, "localhost:7777", true),
            (&local, "LOCALHOST:7777", true),
            (&local, "127.0.0.1:7777", true),
            (&local, "[::1]:7777", true),
            (&local, "localhost", false),
            (&local, "localhost:7778", false),
            (&local, "evil.example:7777", false),
            (&local, "localhost.evil.example:7777", false),
            (&local, "evil.example@localhost:7777", false),
            (&public, "wilco.example.com", true),
            (&public, "wilco.example.com:443", true),
            (&public, "wilco.example.com:80", false),
            (&public, "127.0.0.1", true),
            (&public, "", false),
        ] {
            assert_eq!(url.own_host(host).is_some(), ours, "{url} {host}");
        }
        for (host, ours) in [
            ("wilco.example.com", true),
            ("127.0.0.1:7777", true),
            ("localhost:7777", true),
            ("[::1]:7777", true),
            ("wilco.example.com:7777", false),
            ("localhost.evil.example:7777", false),
            ("", false),
        ] {
            assert_eq!(public.terminals_host(host).is_some(), ours, "{host}");
        }
    }

    #[test]
    fn an_origin_is_the_host_or_foreign() {
        let url = PublicUrl::parse("http://localhost:7777").expect("an address");
        let host = url.own_host("localhost:7777").expect("our host");
        for (origin, same) in [
            ("http://localhost:7777", true),
            ("http://127.0.0.1:7777", false),
            ("http://localhost", false),
            ("http://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(PublicUrl::is_origin_of(origin, &host), same, "{origin}");
        }
    }
}
