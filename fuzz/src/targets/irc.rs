//! The targets that read what an IRC server sends, and split what is said there.
//!
//! Not the session, which tests of its own put under lines of all kinds.

use wilco_systems::irc::{Line, Reader, split};

/// Bytes of a server. The first byte says in pieces of which size they come.
pub(super) fn irc_lines(input: &[u8]) {
    let Some((first, bytes)) = input.split_first() else { return };
    let whole = read(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(*first) + 1).collect();
    assert_eq!(read(&pieces), whole, "the pieces make a difference");
}

fn read(pieces: &[&[u8]]) -> Vec<String> {
    let (mut reader, mut lines) = (Reader::default(), Vec::new());
    let mut look = |line: Line<'_>| {
        assert!(!line.command.is_empty() && !line.command.contains(' '), "no command: {line:?}");
        let texts = line.params.iter().copied().chain([&*line.command]);
        let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
        assert!(!texts.clone().any(breaks), "a line within a line: {line:?}");
        assert!(line.params.len() <= 65, "too many parameters: {line:?}");
        assert!(line.nick().is_none_or(|nick| !nick.is_empty()), "nobody speaks: {line:?}");
        assert!(
            !line.cut || line.tags.is_empty() || line.tag("account").is_none_or(|_| line.params.len() >= 64)
        );
        lines.push(format!("{line:?}"));
    };
    pieces.iter().for_each(|piece| reader.feed(piece, &mut look));
    lines
}

/// A text to say. The first byte is how much fits into a line.
pub(super) fn irc_split(input: &[u8]) {
    let Some((first, text)) = input.split_first() else { return };
    let (max, text) = (usize::from(*first), String::from_utf8_lossy(text));
    let pieces = split(&text, max);
    assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= max.max(4)), "{pieces:?}");
    assert_eq!(pieces.concat(), text, "something is lost");
}
