//! Follows what a program prints, line by line, while the guard keeps it.
//!
//! Not the keeping: [`super::capture`] does that and says how the files look. Layer 2.

use std::{
    fs::File,
    io::{self, Read},
};

use wilco_contract::action::Stream;

use super::{capture::segment_path, run_dir::RunDir};

/// The longest beginning of a line that is told, in bytes; of the rest it is told how long it is. It is twice what is
/// kept of a line, so that a secret at the cut is whole, and hidden, before that is made.
const LINE: usize = 8_192;
/// How much is read at a time, in bytes.
const PART: u64 = 1 << 20;

/// A line, or a note about lines that are missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Which way it came.
    pub(super) stream: Stream,
    /// What is told of it.
    pub(super) text: String,
    /// How many bytes more it has.
    pub(super) more: u64,
}

/// A reader that remembers how far it got.
pub(super) struct Tail {
    dir: RunDir,
    number: u64,
    file: Option<File>,
    seen: u64,
    unread: Vec<u8>,
    out: Unfinished,
    err: Unfinished,
}

impl Tail {
    /// A reader from the beginning.
    pub(super) fn new(dir: RunDir) -> Self {
        Self {
            dir,
            number: 0,
            file: None,
            seen: 0,
            unread: Vec::new(),
            out: Unfinished::default(),
            err: Unfinished::default(),
        }
    }

    /// Reads on; whether there may be more right now.
    pub(super) fn read(&mut self, lines: &mut Vec<Line>) -> io::Result<bool> {
        // A file is whole once a later one is there, so that has to be asked before its end is read.
        let next = self.next_number()?;
        if self.file.is_none() {
            let Some(number) = next else { return Ok(false) };
            return self.open(number, lines);
        }
        let Some(file) = &mut self.file else { return Ok(false) };
        let read = file.take(PART).read_to_end(&mut self.unread)? as u64;
        self.split(lines);
        if read == PART {
            return Ok(true);
        }
        let Some(number) = next else { return Ok(false) };
        self.open(number, lines)
    }

    /// Says what stands after the last line's end, once nothing more can come.
    pub(super) fn finish(&mut self, lines: &mut Vec<Line>) {
        self.out.end(Stream::Out, lines);
        self.err.end(Stream::Err, lines);
    }

    /// The first file that is there after the one being read.
    fn next_number(&self) -> io::Result<Option<u64>> {
        let least = if self.file.is_some() { self.number + 1 } else { self.number };
        let mut found = None;
        for entry in std::fs::read_dir(self.dir.path())? {
            let name = entry?.file_name();
            let number =
                name.to_str().and_then(|name| name.strip_prefix("output.")).and_then(|n| n.parse().ok());
            found = number.filter(|number| *number >= least).into_iter().chain(found).min();
        }
        Ok(found)
    }

    fn open(&mut self, number: u64, lines: &mut Vec<Line>) -> io::Result<bool> {
        let mut file = match File::open(segment_path(&self.dir, number)) {
            // It was deleted since it was listed: a later one is there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            file => file?,
        };
        let mut before = [0; 8];
        if let Err(error) = file.read_exact(&mut before) {
            // It was created and says nothing yet.
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(false) } else { Err(error) };
        }
        let before = u64::from_le_bytes(before);
        if before > self.seen {
            self.finish(lines);
            let text = format!("… {} bytes of output are left out here", before - self.seen);
            lines.push(Line { stream: Stream::Note, text, more: 0 });
            self.seen = before;
        }
        self.unread.clear();
        self.number = number;
        self.file = Some(file);
        Ok(true)
    }

    fn split(&mut self, lines: &mut Vec<Line>) {
        let mut rest = self.unread.as_slice();
        while let [stream, a, b, c, d, after @ ..] = rest {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            let Some((piece, after)) = after.split_at_checked(length) else { break };
            match stream {
                b'o' => self.out.take(Stream::Out, piece, lines),
                _ => self.err.take(Stream::Err, piece, lines),
            }
            self.seen += length as u64;
            rest = after;
        }
        let left = rest.len();
        self.unread.drain(..self.unread.len() - left);
    }
}

/// A line whose end has not come yet.
#[derive(Default)]
struct Unfinished {
    bytes: Vec<u8>,
    left_out: u64,
}

impl Unfinished {
    fn take(&mut self, stream: Stream, piece: &[u8], lines: &mut Vec<Line>) {
        let mut parts = piece.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.add(part);
            self.tell(stream, lines);
        }
        self.add(last);
    }

    fn add(&mut self, part: &[u8]) {
        let room = LINE.saturating_sub(self.bytes.len()).min(part.len());
        self.bytes.extend_from_slice(&part[..room]);
        self.left_out += (part.len() - room) as u64;
    }

    fn tell(&mut self, stream: Stream, lines: &mut Vec<Line>) {
        let bytes = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        let text = String::from_utf8_lossy(bytes).into_owned();
        lines.push(Line { stream, text, more: std::mem::take(&mut self.left_out) });
        self.bytes.clear();
    }

    fn end(&mut self, stream: Stream, lines: &mut Vec<Line>) {
        if !self.bytes.is_empty() {
            self.tell(stream, lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::capture::{Capture, Pipe},
        *,
    };

    fn told(lines: &[Line]) -> Vec<(Stream, &str)> {
        assert!(lines.iter().all(|line| line.more == 0), "{lines:?}");
        lines.iter().map(|line| (line.stream, line.text.as_str())).collect()
    }

    fn follow(tail: &mut Tail) -> Vec<Line> {
        let mut lines = Vec::new();
        while tail.read(&mut lines).expect("files work") {}
        lines
    }

    #[test]
    fn lines_come_as_they_are_finished() {
        let root = tempfile::tempdir().expect("a folder");
        let dir = RunDir::at(root.path());
        let (mut capture, mut tail) = (Capture::new(dir.clone()), Tail::new(dir));
        assert_eq!(follow(&mut tail), []);
        capture.take(Pipe::Out, b"one\r\ntw");
        capture.take(Pipe::Err, b"bad \xff\n");
        assert_eq!(told(&follow(&mut tail)), [(Stream::Out, "one"), (Stream::Err, "bad \u{fffd}")]);
        capture.take(Pipe::Out, b"o\n\nlast");
        assert_eq!(told(&follow(&mut tail)), [(Stream::Out, "two"), (Stream::Out, "")]);
        let mut lines = Vec::new();
        tail.finish(&mut lines);
        assert_eq!(told(&lines), [(Stream::Out, "last")]);
    }

    #[test]
    fn a_long_line_is_cut_and_a_flood_is_counted() {
        let root = tempfile::tempdir().expect("a folder");
        let dir = RunDir::at(root.path());
        let (mut capture, mut tail) = (Capture::new(dir.clone()), Tail::new(dir));
        let mut line = vec![b'x'; 50_000];
        line.push(b'\n');
        for _ in 0..200 {
            capture.take(Pipe::Out, &line);
        }
        let lines = follow(&mut tail);
        assert_eq!(
            (lines[0].text.as_str(), lines[0].more),
            ("x".repeat(LINE).as_str(), 50_000 - LINE as u64)
        );
        let told: u64 = lines.iter().filter(|line| line.stream == Stream::Out).count() as u64;
        let note =
            lines.iter().find(|line| line.stream == Stream::Note).expect("a note about what is left out");
        assert_eq!(note.text, format!("… {} bytes of output are left out here", (200 - told) * 50_001));
    }
}
