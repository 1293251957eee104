//! Lines of IRC: from bytes in whatever pieces they come, and back.
//!
//! Not their meaning, which the session knows. A line that is longer than it may be is cut and says so, as an order
//! without its end is none. Layer 2.

use std::borrow::Cow;

/// The most bytes of tags in a line from a server, with their `@` and the space behind them.
const MAX_TAGS: usize = 8_191;
/// The most bytes of a line's rest, without its end, where the server names no other length.
pub(super) const MAX_BODY: usize = 510;
/// The most that a server may name.
pub(super) const MOST_BODY: usize = 16_384;
/// The most parameters that a line has.
const MAX_PARAMS: usize = 64;

/// Takes bytes in and gives lines out.
#[derive(Debug)]
pub struct Reader {
    line: Vec<u8>,
    /// How many bytes at the start are tags; nothing while they are still being read.
    tags: Option<usize>,
    cut: bool,
    max_body: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self { line: Vec::new(), tags: Some(0), cut: false, max_body: MAX_BODY }
    }
}

impl Reader {
    /// Takes as many bytes in a line's rest as this from now on.
    pub(super) fn set_max_body(&mut self, bytes: usize) {
        self.max_body = bytes.clamp(MAX_BODY, MOST_BODY);
    }

    /// Reads the bytes and hands on each line that they end. What is no UTF-8 becomes `U+FFFD`.
    pub fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(Line<'_>)) {
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0);
        for piece in bytes.split_inclusive(ends) {
            let (within, end) = match piece.split_last() {
                Some((last, within)) if ends(last) => (within, Some(*last)),
                _ => (piece, None),
            };
            self.take(within);
            if end == Some(b'\n') {
                let cut = std::mem::take(&mut self.cut);
                if let Some(read) = Line::parse(&String::from_utf8_lossy(&self.line), cut) {
                    line(read);
                }
                self.line.clear();
                self.tags = Some(0);
            }
        }
    }

    /// Takes bytes of the line that is under way.
    fn take(&mut self, mut bytes: &[u8]) {
        if self.line.is_empty() && !self.cut && bytes.first() == Some(&b'@') {
            self.tags = None;
        }
        if self.tags.is_none() {
            let space = bytes.iter().position(|byte| *byte == b' ');
            let (tags, rest) = bytes.split_at(space.unwrap_or(bytes.len()));
            // The space behind them counts as well.
            self.keep(tags, MAX_TAGS - 1);
            let Some((space, rest)) = rest.split_first() else { return };
            self.line.push(*space);
            self.tags = Some(self.line.len());
            bytes = rest;
        }
        self.keep(bytes, self.tags.unwrap_or_default() + self.max_body);
    }

    /// Keeps bytes as long as the line has no more than so many.
    fn keep(&mut self, bytes: &[u8], most: usize) {
        let room = most.saturating_sub(self.line.len());
        self.cut |= bytes.len() > room;
        self.line.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// What the server says about it, by name.
    pub tags: Vec<(&'a str, Cow<'a, str>)>,
    /// Whom it is from: `nick!user@host`, or a server.
    pub source: Option<&'a str>,
    /// The command or number, in capitals.
    pub command: Cow<'a, str>,
    /// What belongs to it.
    pub params: Vec<&'a str>,
    /// Whether something of it is missing. Of tags that were cut none is left.
    pub cut: bool,
}

impl<'a> Line<'a> {
    /// Reads a line without its end; `None` where there is nothing in it. Nothing of it is copied that need not be.
    #[must_use]
    pub fn parse(text: &'a str, cut: bool) -> Option<Self> {
        let mut rest = text.trim_start_matches(' ');
        let mut line = Self { cut, ..Self::default() };
        if let Some(tagged) = rest.strip_prefix('@') {
            let (tags, after) = tagged.split_once(' ').unwrap_or((tagged, ""));
            // An account that was cut would be another one.
            if !cut {
                line.tags = tags.split(';').filter(|tag| !tag.is_empty()).map(tag).collect();
            }
            rest = after.trim_start_matches(' ');
        }
        if let Some(from) = rest.strip_prefix(':') {
            let (source, after) = from.split_once(' ').unwrap_or((from, ""));
            line.source = Some(source);
            rest = after.trim_start_matches(' ');
        }
        let (command, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if command.is_empty() {
            return None;
        }
        line.command = match command {
            small if small.contains(|c: char| c.is_ascii_lowercase()) => {
                Cow::Owned(small.to_ascii_uppercase())
            }
            command => Cow::Borrowed(command),
        };
        rest = after.trim_start_matches(' ');
        while !rest.is_empty() {
            if let Some(last) = rest.strip_prefix(':') {
                line.params.push(last);
                break;
            }
            if line.params.len() == MAX_PARAMS {
                line.cut = true;
                break;
            }
            let (param, after) = rest.split_once(' ').unwrap_or((rest, ""));
            line.params.push(param);
            rest = after.trim_start_matches(' ');
        }
        Some(line)
    }

    /// A tag's value.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    /// A parameter, empty where it is missing.
    #[must_use]
    pub fn param(&self, at: usize) -> &str {
        self.params.get(at).copied().unwrap_or_default()
    }

    /// The last parameter, empty where there is none.
    #[must_use]
    pub fn last(&self) -> &str {
        self.params.last().copied().unwrap_or_default()
    }

    /// The nick it is from; a server's name has none.
    #[must_use]
    pub fn nick(&self) -> Option<&str> {
        let source = self.source?;
        let nick = source.split(['!', '@']).next().unwrap_or(source);
        (source.contains('!') || !source.contains('.')).then_some(nick).filter(|nick| !nick.is_empty())
    }
}

fn tag(text: &str) -> (&str, Cow<'_, str>) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name, unescape(value))
}

fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut signs = value.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        match signs.next() {
            Some(':') => out.push(';'),
            Some('s') => out.push(' '),
            Some('r') => out.push('\r'),
            Some('n') => out.push('\n'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Cow::Owned(out)
}

/// A line to send, without its end. No parameter can end it early; the last one may hold spaces.
pub(super) fn command(name: &str, params: &[&str]) -> String {
    let length: usize = params.iter().map(|param| param.len() + 1).sum();
    let mut out = String::with_capacity(name.len() + length + 1);
    out.push_str(name);
    for (at, param) in params.iter().enumerate() {
        out.push(' ');
        let last = at + 1 == params.len();
        let param = harmless(param, !last);
        if last && (param.is_empty() || param.starts_with(':') || param.contains(' ')) {
            out.push(':');
        }
        out.push_str(&param);
    }
    out
}

/// The parameter without what would end it or the line.
fn harmless(param: &str, whole_word: bool) -> Cow<'_, str> {
    let ends = |c: char| matches!(c, '\r' | '\n' | '\0') || (whole_word && c == ' ');
    if param.contains(ends) { Cow::Owned(param.replace(ends, "")) } else { Cow::Borrowed(param) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Line<'_> {
        Line::parse(text, false).expect("a line")
    }

    #[test]
    fn tags_source_command_and_parameters_are_told_apart() {
        let line = read("@account=ana;+x=a\\:b\\sc\\\\;y;z= :ana!a@host.example privmsg #ops :hello  all");
        let tags: Vec<_> = line.tags.iter().map(|(name, value)| (*name, &**value)).collect();
        assert_eq!(tags, [("account", "ana"), ("+x", "a;b c\\"), ("y", ""), ("z", "")]);
        assert_eq!((line.nick(), &*line.command), (Some("ana"), "PRIVMSG"));
        assert_eq!(line.params, ["#ops", "hello  all"]);
        assert_eq!(read(":irc.example.org 001 wilco :Welcome").nick(), None);
        assert_eq!(read(":ana QUIT").nick(), Some("ana"));
        assert_eq!(read("  PING   a   :").params, ["a", ""]);
        for nothing in ["", "   ", "@a=b", ":x", "@a :x  "] {
            assert_eq!(Line::parse(nothing, false), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_parameter_ends_no_line() {
        assert_eq!(command("JOIN", &["#a b\r\nQUIT"]), "JOIN :#a bQUIT");
        assert_eq!(command("PRIVMSG", &["#a b", "x\nQUIT"]), "PRIVMSG #ab xQUIT");
        assert_eq!(command("PRIVMSG", &["#a", ":-)"]), "PRIVMSG #a ::-)");
        assert_eq!(command("AWAY", &[""]), "AWAY :");
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so_and_the_next_line_is_whole() {
        let mut told = Vec::new();
        let mut tell = |line: Line<'_>| told.push((line.cut, line.last().len(), line.tags.len()));
        let mut reader = Reader::default();
        let long = format!("PRIVMSG #ops :{}\r\nPING 1\r\n", "x".repeat(600));
        reader.feed(long.as_bytes(), &mut tell);
        let tagged = format!("@account=ana{} PING 2\r\nPING 3\n", "x".repeat(9_000));
        reader.feed(tagged.as_bytes(), &mut tell);
        assert_eq!(
            told,
            [(true, MAX_BODY - "PRIVMSG #ops :".len(), 0), (false, 1, 0), (true, 1, 0), (false, 1, 0)]
        );
    }

    /// A reader that has all bytes at once and takes its time.
    fn naive(bytes: &[u8]) -> Vec<String> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n');
        let kept = lines
            .map(|line| line.iter().copied().filter(|byte| !b"\r\n\0".contains(byte)).collect::<Vec<_>>());
        let cut = |line: Vec<u8>| {
            let tags = match line.iter().position(|byte| *byte == b' ') {
                Some(space) if line.first() == Some(&b'@') => space + 1,
                None if line.first() == Some(&b'@') => line.len(),
                _ => 0,
            };
            let mut kept: Vec<u8> = line[..tags].to_vec();
            let ends = kept.last() == Some(&b' ');
            let most = if ends { MAX_TAGS } else { MAX_TAGS - 1 };
            let mut is_cut = kept.len() > most;
            if is_cut {
                kept.truncate(MAX_TAGS - 1);
                kept.extend(ends.then_some(b' '));
            }
            let body = &line[tags..];
            is_cut |= body.len() > MAX_BODY;
            kept.extend(&body[..body.len().min(MAX_BODY)]);
            Line::parse(&String::from_utf8_lossy(&kept), is_cut).map(|line| format!("{line:?}"))
        };
        kept.filter_map(cut).collect()
    }

    fn wire() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\r\n".to_vec()),
            Just(b"@a=b\\s;c ".to_vec()),
            Just(b":n!u@h PRIVMSG #x :".to_vec()),
            Just(vec![b'x'; 505]),
            Just([b"@".to_vec(), vec![b'y'; 8_188]].concat()),
            proptest::collection::vec(any::<u8>(), 0..20),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_pieces_that_bytes_come_in_make_no_difference(bytes in wire(), sizes in proptest::collection::vec(1_usize..700, 1..8)) {
            let mut lines = Vec::new();
            let mut reader = Reader::default();
            let (mut rest, mut sizes) = (bytes.as_slice(), sizes.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*sizes.next().expect("a size")).min(rest.len()));
                reader.feed(now, |line| lines.push(format!("{line:?}")));
                rest = later;
            }
            prop_assert_eq!(lines, naive(&bytes));
        }
    }
}
