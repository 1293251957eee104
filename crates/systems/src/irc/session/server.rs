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
    /// Whether it tells when a nick is free.
    pub(super) monitor: bool,
    /// The most messages of the past that it tells at once; nothing: as many as it is asked for.
    pub(super) history: Option<usize>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            ascii: false,
            strict: false,
            types: "#&".into(),
            body: MAX_BODY,
            nick: usize::MAX,
            whox: false,
            monitor: false,
            history: None,
        }
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
            "NICKLEN" => self.nick = value.parse().unwrap_or(self.nick).max(1),
            "WHOX" => self.whox = true,
            "MONITOR" => self.monitor = true,
            "CHATHISTORY" | "draft/CHATHISTORY" => {
                self.history = value.parse().ok().filter(|most| *most > 0);
            }
            _ => {}
        }
    }

    /// The nick that somebody gets who asks for this one: what is too long is cut.
    pub(super) fn nick_for<'a>(&self, wanted: &'a str) -> &'a str {
        wanted.get(..self.nick).unwrap_or(wanted)
    }

    /// Whether a target is a room.
    pub(super) fn is_room(&self, target: &str) -> bool {
        target.starts_with(|c| self.types.contains(c))
    }

    /// The name as the server compares it.
    pub(super) fn fold(&self, name: &str) -> String {
        self.fold_behind("", name)
    }

    /// The same behind something that stays as it is.
    pub(super) fn fold_behind(&self, before: &str, name: &str) -> String {
        let mut folded = String::with_capacity(before.len() + name.len());
        folded.push_str(before);
        folded.extend(name.chars().map(|c| u8::try_from(c).map_or(c, |byte| char::from(self.folded(byte)))));
        folded
    }

    /// A sign as the server compares it; what is no ASCII stays.
    fn folded(&self, byte: u8) -> u8 {
        match byte {
            b'A'..=b'Z' => byte.to_ascii_lowercase(),
            b'[' if !self.ascii => b'{',
            b']' if !self.ascii => b'}',
            b'\\' if !self.ascii => b'|',
            b'~' if !self.ascii && !self.strict => b'^',
            other => other,
        }
    }

    /// Whether two names are the same to the server.
    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        let alike = |(one, other): (u8, u8)| one == other || self.folded(one) == self.folded(other);
        one.len() == other.len() && one.bytes().zip(other.bytes()).all(alike)
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
        server.learn("NICKLEN=5");
        assert_eq!((server.nick_for("wilco"), server.nick_for("wilco2")), ("wilco", "wilco"));
        server.learn("CHATHISTORY=0");
        assert_eq!(server.history, None);
        server.learn("CHANTYPES=");
        assert!(!server.is_room("#ops"));
    }
}
