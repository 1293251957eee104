//! What a server says of itself: how it compares names, what begins a room, how long things are.
//!
//! Not what it can do on request, which `CAP` settles. Layer 2.

use super::super::line::{MAX_BODY, MOST_BODY};

/// What a server says in `005`, with what holds where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    ascii: bool,
    strict: bool,
    types: String,
    /// The most bytes of a line without its end.
    pub(super) body: usize,
    /// The most signs of a nick.
    pub(super) nick: usize,
    /// Whether `WHO` tells accounts.
    pub(super) whox: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self { ascii: false, strict: false, types: "#&".into(), body: MAX_BODY, nick: 30, whox: false }
    }
}

impl Server {
    /// Takes in a `NAME=value` of `005`.
    pub(super) fn learn(&mut self, token: &str) {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        match name {
            "CASEMAPPING" => {
                self.ascii = !value.starts_with("rfc1459");
                self.strict = value == "rfc1459-strict";
            }
            "CHANTYPES" => self.types = value.to_owned(),
            "LINELEN" => {
                // With its end of two bytes.
                let bytes = value.parse::<usize>().unwrap_or(0).saturating_sub(2);
                self.body = bytes.clamp(MAX_BODY, MOST_BODY);
            }
            "NICKLEN" => self.nick = value.parse().unwrap_or(self.nick).clamp(1, 64),
            "WHOX" => self.whox = true,
            _ => {}
        }
    }

    /// Whether a target is a room.
    pub(super) fn is_room(&self, target: &str) -> bool {
        target.starts_with(|c| self.types.contains(c))
    }

    /// The name as the server compares it.
    pub(super) fn fold(&self, name: &str) -> String {
        let fold = |c: char| match c {
            'A'..='Z' => c.to_ascii_lowercase(),
            '[' if !self.ascii => '{',
            ']' if !self.ascii => '}',
            '\\' if !self.ascii => '|',
            '~' if !self.ascii && !self.strict => '^',
            other => other,
        };
        name.chars().map(fold).collect()
    }

    /// Whether two names are the same to the server.
    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        one.len() == other.len() && self.fold(one) == self.fold(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_the_server_does() {
        let mut server = Server::default();
        assert!(server.same("Ana[~]", "aNA{^}") && server.is_room("&local") && !server.is_room("ana"));
        server.learn("CASEMAPPING=rfc1459-strict");
        assert!(server.same("Ana[]", "ana{}") && !server.same("a~", "a^"));
        server.learn("CASEMAPPING=ascii");
        assert!(server.same("ANA", "ana") && !server.same("a[", "a{"));
        server.learn("CHANTYPES=#");
        assert!(!server.is_room("&local"));
        server.learn("LINELEN=1024");
        assert_eq!(server.body, 1_022);
        server.learn("LINELEN=7");
        assert_eq!(server.body, MAX_BODY);
        server.learn("CHANTYPES=");
        assert!(!server.is_room("#ops"));
    }
}
