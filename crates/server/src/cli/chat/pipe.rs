//! Lines from a pipe: each is said, and the answers to them are printed.
//!
//! Not a script's way to give an order, which is `wilco run` with its exit codes; this says what a person would type.
//! Layer 4.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read as _},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use wilco_contract::{input::MAX_TEXT, operation::State};

use super::{
    complete::Known,
    feed::News,
    room::{Outcome, Room},
    said::Said,
};
use crate::cli::{Failure, terminal};

/// How long an operation that has begun may have no news.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a first answer is waited for: of what is plainly said to Wilco, and of any other line, which may be an order
/// by signs that only the server knows.
const FIRST: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(3));
/// How long all answers together are waited for.
const AT_MOST: Duration = Duration::from_mins(15);
/// How long after the last answer more may come.
const QUIET: Duration = Duration::from_secs(1);

/// A line of what is piped in.
enum Line {
    Text(String),
    TooLong,
    NoText,
}

/// What is waited for in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// A first answer, for so long.
    First(Duration),
    /// The end of an operation.
    End,
    /// Nothing.
    No,
}

impl Waits {
    /// After an answer of Wilco with this state. An operation is answered when it has ended, or waits for somebody.
    fn after(state: Option<State>) -> Self {
        if state.is_none_or(|state| state.is_final() || state.awaits()) { Self::No } else { Self::End }
    }
}

/// How long the next news may take.
fn patience(threads: &HashMap<String, Waits>) -> Duration {
    let of = |waits: &Waits| match waits {
        Waits::First(patience) => *patience,
        Waits::End => PATIENCE,
        Waits::No => QUIET,
    };
    threads.values().map(of).max().unwrap_or(QUIET)
}

/// What is waited for.
struct Pipe {
    room: Room,
    news: mpsc::Receiver<News>,
    /// Threads of what was said, and what is waited for in each.
    threads: HashMap<String, Waits>,
    is_whole: bool,
}

/// Says each line and prints the answers; fails where a line was not said or not answered.
pub(super) async fn pipe(mut room: Room) -> Result<(), Failure> {
    let (_, cursor) = room.before().await?;
    let news = room.follow(cursor);
    let mut known = Known::new(&room.me.wilco.name, Vec::new());
    known.is_direct = room.is_direct();
    let mut pipe = Pipe { room, news, threads: HashMap::new(), is_whole: true };
    let mut lines = lines();
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) => pipe.line(line, &known).await?,
                None => break,
            },
            Some(news) = pipe.news.recv() => drop(pipe.hear(news)?),
        }
    }
    pipe.wait().await?;
    if pipe.is_whole { Ok(()) } else { Err(Failure::Told) }
}

impl Pipe {
    async fn line(&mut self, line: Line, known: &Known) -> Result<(), Failure> {
        let text = match line {
            Line::Text(text) if text.trim().is_empty() => return Ok(()),
            Line::Text(text) => text,
            Line::TooLong => return self.not(&format!("a line of more than {MAX_TEXT} bytes")),
            Line::NoText => return self.not("a line that is no text"),
        };
        let (thread, text) = match text.trim().split_once(char::is_whitespace) {
            Some(("/re", rest)) => match self.room.last.clone() {
                Some(last) => (Some(last), rest.trim()),
                None => return self.not("nothing was said yet that `/re` could go on with"),
            },
            _ => (None, text.trim()),
        };
        let late = async |text: String| terminal::notice(&text);
        match self.room.say(text, thread.as_deref(), late).await? {
            Outcome::Said(said) => {
                // In a thread of their own words even talk may be an answer that Wilco asked for.
                let is_to_wilco = thread.is_some() || known.is_said_to_wilco(text);
                let waits = match self.room.me.is_person() {
                    true => Waits::First(if is_to_wilco { FIRST.0 } else { FIRST.1 }),
                    false => Waits::No,
                };
                let opened = said.thread.clone().unwrap_or_else(|| said.id.clone());
                self.threads.insert(opened, waits);
                self.show(&said);
                Ok(())
            }
            Outcome::Not(why) => self.not(&why),
            Outcome::Unknown(why) => self.not(&format!("{why} It may or may not have been said")),
        }
    }

    fn not(&mut self, why: &str) -> Result<(), Failure> {
        terminal::notice(&format!("Not said: {why}"));
        self.is_whole = false;
        Ok(())
    }

    fn show(&mut self, said: &Said) {
        if let Some(text) = self.room.shown.tell(said) {
            terminal::line(&text);
        }
    }

    /// Takes in news; says whether they are of a thread of its own.
    fn hear(&mut self, news: News) -> Result<bool, Failure> {
        match news {
            News::Said(said) => {
                let thread = said.thread.as_ref().and_then(|thread| self.threads.get_mut(thread));
                let Some(waits) = thread else { return Ok(false) };
                if said.from.kind == "wilco" {
                    *waits = Waits::after(said.state);
                }
                self.show(&said);
                Ok(true)
            }
            News::Lost(why) => {
                terminal::notice(&format!("{why}. Trying again."));
                Ok(false)
            }
            News::Back => Ok(false),
            News::Older => Err(Failure::Failed(
                "The record there is older than it was, as after a backup was restored; look at the room."
                    .into(),
            )),
            News::Over(why) => Err(Failure::Failed(why)),
        }
    }

    /// Waits for the answers that are missing, and then until it is quiet. What others say keeps nobody waiting.
    async fn wait(&mut self) -> Result<(), Failure> {
        let end = Instant::now() + AT_MOST;
        let mut since = Instant::now();
        loop {
            let until = (since + patience(&self.threads)).min(end);
            match timeout_at(until, self.news.recv()).await {
                Ok(Some(news)) => {
                    if self.hear(news)? {
                        since = Instant::now();
                    }
                }
                Ok(None) | Err(_) => return self.gave_up(),
            }
        }
    }

    /// What is said when nothing more is waited for.
    fn gave_up(&self) -> Result<(), Failure> {
        let count = |is: fn(&Waits) -> bool| self.threads.values().filter(|waits| is(waits)).count();
        let running = count(|waits| matches!(waits, Waits::End));
        if running > 0 {
            return Err(Failure::Failed(format!(
                "{running} of what was ordered has not ended, and is no longer waited for; `wilco chat` shows the room."
            )));
        }
        // What Wilco has nothing to say to is no failure; talk is not expected to have an answer.
        if count(|waits| *waits == Waits::First(FIRST.0)) > 0 {
            terminal::notice(&format!("No answer came within {} s.", FIRST.0.as_secs()));
        }
        Ok(())
    }
}

/// The lines of stdin, read in a thread of their own.
fn lines() -> mpsc::Receiver<Line> {
    let (tell, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = BufReader::new(std::io::stdin());
        while let Some(line) = next_line(&mut input) {
            if tell.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// The next line, of which no more is kept than may be said.
fn next_line(input: &mut impl BufRead) -> Option<Line> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_TEXT + 2).unwrap_or(u64::MAX);
    // Where stdin breaks, it ends.
    input.by_ref().take(limit).read_until(b'\n', &mut bytes).ok().filter(|read| *read > 0)?;
    let is_whole = bytes.last() == Some(&b'\n');
    if !is_whole && bytes.len() > MAX_TEXT {
        skip_line(input);
        return Some(Line::TooLong);
    }
    Some(String::from_utf8(bytes).map_or(Line::NoText, Line::Text))
}

fn skip_line(input: &mut impl BufRead) {
    loop {
        let Ok(part) = input.fill_buf() else { return };
        if part.is_empty() {
            return;
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(part.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_operation_that_has_begun_is_waited_for_long() {
        let of = |waits: &[Waits]| {
            let threads = waits.iter().enumerate().map(|(at, waits)| (at.to_string(), *waits));
            patience(&threads.collect())
        };
        assert_eq!(of(&[]), QUIET);
        assert_eq!(of(&[Waits::No, Waits::First(FIRST.1)]), FIRST.1);
        assert_eq!(of(&[Waits::First(FIRST.0), Waits::No]), FIRST.0);
        assert_eq!(of(&[Waits::End, Waits::First(FIRST.1)]), PATIENCE);
        assert_eq!(Waits::after(None), Waits::No);
        assert_eq!(Waits::after(Some(State::Running)), Waits::End);
        assert_eq!(Waits::after(Some(State::AwaitingConfirm)), Waits::No);
        assert_eq!(Waits::after(Some(State::Succeeded)), Waits::No);
    }

    #[test]
    fn lines_are_read_up_to_what_may_be_said() {
        let long = "x".repeat(MAX_TEXT * 3);
        let input = format!("one\n{long}\ntwo\r\n");
        let mut bytes = input.into_bytes();
        bytes.extend_from_slice(b"\xff\xfe\n\nlast");
        let mut input = bytes.as_slice();
        let mut said = Vec::new();
        while let Some(line) = next_line(&mut input) {
            said.push(match line {
                Line::Text(text) => text,
                Line::TooLong => "too long".into(),
                Line::NoText => "no text".into(),
            });
        }
        assert_eq!(said, ["one\n", "too long", "two\r\n", "no text", "\n", "last"]);
    }
}
