//! What a program prints, kept by the guard: all of it is read, and a bounded part of it stays.
//!
//! Not its reading: [`super::tail`] follows it while it grows, [`super::answer`] makes sense of it at the end. Layer 2.
//!
//! The files `output.0`, `output.1`, … hold both streams in the order they came: the first stays, of the later ones
//! the last few. Each begins with the number of bytes printed before it, then come pieces: a letter for the stream,
//! a length, the bytes. The guard looks at none of the bytes, so a program that floods it is not held up.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use super::run_dir::RunDir;

/// How long a file may get before the next one is begun, in bytes.
pub(super) const SEGMENT: u64 = 256 << 10;
/// How many of the latest files stay beside the first one.
const LATEST: u64 = 3;
/// How much of the end of standard output is kept for the answer, in bytes.
pub(super) const OUT_TAIL: usize = 256 << 10;
/// How much of the end of standard error is kept to say what was wrong, in bytes.
const ERR_TAIL: usize = 8 << 10;

/// The two ways out of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pipe {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The path of the `number`th file.
pub(super) fn segment_path(dir: &RunDir, number: u64) -> PathBuf {
    dir.path().join(format!("output.{number}"))
}

/// Keeps what a program prints.
pub(super) struct Capture {
    dir: RunDir,
    file: Option<File>,
    number: u64,
    written: u64,
    out: Kept,
    err: Kept,
    broken: Option<io::Error>,
}

impl Capture {
    /// An empty one.
    pub(super) fn new(dir: RunDir) -> Self {
        Self {
            dir,
            file: None,
            number: 0,
            written: 0,
            out: Kept::new(OUT_TAIL),
            err: Kept::new(ERR_TAIL),
            broken: None,
        }
    }

    /// Keeps a piece. A full disk is remembered and loses output, never the run.
    pub(super) fn take(&mut self, pipe: Pipe, piece: &[u8]) {
        if self.broken.is_none()
            && let Err(error) = self.write(pipe, piece)
        {
            self.broken = Some(error);
        }
        match pipe {
            Pipe::Out => self.out.take(piece),
            Pipe::Err => self.err.take(piece),
        }
    }

    fn write(&mut self, pipe: Pipe, piece: &[u8]) -> io::Result<()> {
        if self.file.is_some() && self.written >= SEGMENT {
            self.number += 1;
            self.file = None;
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut file = File::create(segment_path(&self.dir, self.number))?;
                file.write_all(&(self.out.total + self.err.total).to_le_bytes())?;
                self.written = 0;
                if let Some(old) = self.number.checked_sub(LATEST).filter(|old| *old > 0) {
                    std::fs::remove_file(segment_path(&self.dir, old))?;
                }
                none.insert(file)
            }
        };
        let mut framed = Vec::with_capacity(piece.len() + 5);
        framed.push(if pipe == Pipe::Out { b'o' } else { b'e' });
        framed.extend_from_slice(&u32::try_from(piece.len()).map_err(io::Error::other)?.to_le_bytes());
        framed.extend_from_slice(piece);
        file.write_all(&framed)?;
        self.written += framed.len() as u64;
        Ok(())
    }

    /// How much was printed on standard output and on standard error, in bytes.
    pub(super) fn totals(&self) -> (u64, u64) {
        (self.out.total, self.err.total)
    }

    /// Writes the ends of both streams beside the other files. On a full disk the other files make room for them, as an
    /// answer is worth more than what led to it.
    pub(super) fn finish(mut self, durable: bool) -> io::Result<()> {
        if self.write_ends(durable).is_err() {
            self.dir.make_room()?;
            self.write_ends(durable)?;
        }
        self.broken.map_or(Ok(()), Err)
    }

    fn write_ends(&mut self, durable: bool) -> io::Result<()> {
        for (name, end) in [("stdout", self.out.end()), ("stderr", self.err.end())] {
            let mut file = File::create(self.dir.path().join(name))?;
            file.write_all(end)?;
            if durable {
                file.sync_all()?;
            }
        }
        Ok(())
    }
}

/// The end of a stream, and how long all of it was.
struct Kept {
    bytes: Vec<u8>,
    most: usize,
    total: u64,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most, total: 0 }
    }

    fn take(&mut self, piece: &[u8]) {
        self.total += piece.len() as u64;
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > self.most * 2 {
            self.end();
        }
    }

    fn end(&mut self) -> &[u8] {
        self.bytes.drain(..self.bytes.len().saturating_sub(self.most));
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_its_beginning_and_its_end() {
        let root = tempfile::tempdir().expect("a folder");
        let mut capture = Capture::new(RunDir::at(root.path()));
        let piece = [b'x'; 32 << 10];
        for _ in 0..320 {
            capture.take(Pipe::Out, &piece);
        }
        capture.take(Pipe::Err, b"the end\n");
        assert_eq!(capture.totals(), (10 << 20, 8));
        capture.finish(false).expect("files work");
        let names =
            || std::fs::read_dir(root.path()).expect("a folder").map(|entry| entry.expect("an entry"));
        let kept: u64 = names().map(|entry| entry.metadata().expect("a file").len()).sum();
        assert!(kept < 2 << 20, "{kept} bytes are kept");
        assert!(names().any(|entry| entry.file_name() == "output.0"));
        assert_eq!(std::fs::read(root.path().join("stdout")).expect("a file").len(), OUT_TAIL);
        assert_eq!(std::fs::read(root.path().join("stderr")).expect("a file"), b"the end\n");
    }
}
