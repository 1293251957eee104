//! Files that people send into rooms, each kept for a while.
//!
//! Not their bytes as one: those stand in parts, so that nobody who writes or reads a file holds a whole one. Nor the
//! message that shows it. Layer 0.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{Hash, Place, hex, read_hex};

/// The most bytes of one part: what a file takes of memory on its way in or out.
pub const PART: usize = 128 * 1024;
/// The most bytes of a file: 10 MiB.
pub const MAX_FILE: u64 = 10 * 1024 * 1024;
/// The most files that are kept at once, as small as they may be.
pub const MAX_FILES: u64 = 10_000;
/// How many files one sweep forgets at most: some 80 MiB, so that nobody waits for long behind it.
pub const SWEPT: usize = 8;

/// What nobody can guess, by which a file is found: 128 bits, written as 32 of `0-9a-f`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// The id that is written so; none where this is not exactly how one is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        read_hex(text).map(Self)
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// What a file is, told by its first bytes and by nothing that its sender says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture: `image/png`.
    Png,
    /// A picture: `image/jpeg`.
    Jpeg,
    /// A picture: `image/gif`.
    Gif,
    /// A picture: `image/webp`.
    Webp,
    /// Anything else, which is taken away and never shown.
    Other,
}

impl FileKind {
    /// What a file that begins so is.
    #[must_use]
    pub fn of(first: &[u8]) -> Self {
        match first {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Webp,
            _ => Self::Other,
        }
    }

    /// The type that it is sent as.
    #[must_use]
    pub fn media(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Other => "application/octet-stream",
        }
    }

    /// Whether it can do nothing but be looked at.
    #[must_use]
    pub fn is_picture(self) -> bool {
        self != Self::Other
    }
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// By what it is found.
    pub id: FileId,
    /// The room it was sent into: whoever may read that may have it.
    pub place: Place,
    /// Its name, made harmless.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// How many bytes it has; while it comes in, how many it may become.
    pub bytes: u64,
    /// The hash of its bytes; [`Hash::ZERO`] while it comes in.
    pub hash: Hash,
    /// Since when it is kept.
    pub at: Timestamp,
    /// From when on it is not there any more.
    pub until: Timestamp,
    /// Whether all of it is there.
    pub whole: bool,
}

/// A part of a file: all parts but the last have [`PART`] bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Of which file.
    pub file: FileId,
    /// Its number, from 0.
    pub number: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How much is kept of all files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilesKept {
    /// How many there are.
    pub files: u64,
    /// How many bytes they have together.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_told_by_the_first_bytes_alone() {
        for (first, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], FileKind::Png),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", FileKind::Jpeg),
            (b"GIF87a", FileKind::Gif),
            (b"GIF89a/*<script>", FileKind::Gif),
            (b"RIFF\x24\0\0\0WEBPVP8 ", FileKind::Webp),
            (b"RIFF\x24\0\0\0WAVEfmt ", FileKind::Other),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", FileKind::Other),
            (b" \x89PNG\r\n\x1a\n", FileKind::Other),
            (b"<!doctype html>", FileKind::Other),
            (b"%PDF-1.7", FileKind::Other),
            (b"GIF8", FileKind::Other),
            (b"", FileKind::Other),
        ] {
            assert_eq!(FileKind::of(first), kind, "{first:?}");
            assert_eq!(kind.is_picture(), kind.media() != "application/octet-stream");
        }
    }

    #[test]
    fn an_id_is_written_in_one_way() {
        let id = FileId([0xa5; 16]);
        assert_eq!(FileId::parse(&id.to_string()), Some(id));
        for odd in ["", "../../etc/passwd", &id.to_string().to_uppercase(), &format!("{id}0")] {
            assert_eq!(FileId::parse(odd), None, "{odd}");
        }
    }
}
