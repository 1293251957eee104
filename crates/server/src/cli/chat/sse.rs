//! Server-sent events, read from bytes as they come.
//!
//! Not the connection: `feed` opens it, and opens it again. What is longer than an event of ours can be is an error, so
//! that a server that never ends a line fills no memory. Layer 4.

/// The longest event that is read, in bytes: a message has at most 64 kB of text and 256 kB of blocks, and JSON may
/// write a sign of either as six.
const MAX_EVENT: usize = 4 * 1024 * 1024;

/// An event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
    pub(super) id: Option<String>,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoEvent {
    /// An event is too long.
    #[error("an event of more than {} MiB", MAX_EVENT / 1024 / 1024)]
    TooLong,
    /// It is no text.
    #[error("bytes that are no text")]
    NoText,
}

/// A reader of one stream.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The line that has begun.
    line: Vec<u8>,
    event: Event,
    has_data: bool,
}

impl Reader {
    /// Takes in what came; returns the events that are whole with it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, NoEvent> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + self.event.data.len() + part.len() > MAX_EVENT {
                return Err(NoEvent::TooLong);
            }
            self.line.extend_from_slice(part);
            if self.line.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let line = std::str::from_utf8(&line).map_err(|_| NoEvent::NoText)?;
                events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
            }
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment, or what a later server may say.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_bytes_come() {
        let text = ": alive\n\nevent: message\nid: 7\ndata: {\"a\":\ndata: \"é\"}\n\nid: 8\n\nretry: 1\r\ndata:x\r\n\r\n";
        let whole = [
            Event { name: "message".into(), data: "{\"a\":\n\"é\"}".into(), id: Some("7".into()) },
            Event { name: String::new(), data: "x".into(), id: None },
        ];
        for size in 1..=text.len() {
            let mut reader = Reader::default();
            let parts = text.as_bytes().chunks(size).map(|part| reader.take(part).expect("text"));
            assert_eq!(parts.flatten().collect::<Vec<_>>(), whole, "in parts of {size} bytes");
        }
    }

    #[test]
    fn what_never_ends_and_what_is_no_text_is_an_error() {
        let flood = |line: &[u8]| {
            let mut reader = Reader::default();
            (0..10_000).find_map(|_| reader.take(line).err())
        };
        assert_eq!(flood(&[b'x'; 1_000]), Some(NoEvent::TooLong), "a line without an end");
        assert_eq!(
            flood(b"data: xxxxxxxxxx\n".repeat(100).as_slice()),
            Some(NoEvent::TooLong),
            "an event without"
        );
        assert_eq!(flood(b"data: \xff\n\n"), Some(NoEvent::NoText));
        assert_eq!(flood(b": alive\n\n"), None);
    }
}
