//! People who stay for a long run: whoever loses the server comes again, and one of them writes down what Wilco says.
//!
//! Not `Person`, whom a story asks for each line and who fails when the server goes. For tests only.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpStream, tcp::OwnedWriteHalf},
    sync::watch,
    time::Instant,
};

use super::judge::Heard;

/// The rooms.
pub(super) const ROOMS: [&str; 2] = ["#ops", "#deploys"];
/// The pause before somebody comes again.
const PAUSE: Duration = Duration::from_millis(30);

/// What the witness writes down.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What Wilco said.
    pub(super) heard: Vec<Heard>,
    /// Where it came and went.
    moves: Vec<Move>,
}

/// Wilco came into a room, or left the network.
#[derive(Debug)]
struct Move {
    at: Duration,
    nick: String,
    /// The room into which it came.
    into: Option<String>,
}

impl Notes {
    /// Whether Wilco came into all rooms after this, and is there still.
    pub(super) fn is_back(&self, since: Duration) -> bool {
        ROOMS.iter().all(|room| {
            let into = |came: &&Move| came.at >= since && came.into.as_deref() == Some(*room);
            let left = |came: &Move| {
                self.moves
                    .iter()
                    .any(|left| left.at > came.at && left.nick == came.nick && left.into.is_none())
            };
            self.moves.iter().rfind(into).is_some_and(|came| !left(came))
        })
    }
}

/// Somebody who is there, or comes again.
pub(super) struct Guest {
    writing: Arc<tokio::sync::Mutex<Option<OwnedWriteHalf>>>,
    /// In how many rooms they are.
    rooms: watch::Receiver<usize>,
}

impl Guest {
    /// Somebody who comes, and comes again for ever.
    pub(super) fn come(port: u16, nick: &str, notes: Option<Arc<Mutex<Notes>>>, began: Instant) -> Self {
        let writing = Arc::new(tokio::sync::Mutex::new(None));
        let (tell, rooms) = watch::channel(0);
        let stay = Stay { port, nick: nick.to_owned(), notes, began, writing: writing.clone(), tell };
        super::start(stay.for_ever());
        Self { writing, rooms }
    }

    /// Waits until they are in all rooms.
    pub(super) async fn is_there(&self) {
        let _ = self.rooms.clone().wait_for(|rooms| *rooms == ROOMS.len()).await;
    }

    /// Says something where they are in the rooms; whether they could.
    pub(super) async fn say(&self, room: &str, text: &str) -> bool {
        if *self.rooms.borrow() < ROOMS.len() {
            return false;
        }
        match self.writing.lock().await.as_mut() {
            Some(writing) => {
                writing.write_all(format!("PRIVMSG {room} :{text}\r\n").as_bytes()).await.is_ok()
            }
            None => false,
        }
    }
}

/// One connection after the other.
struct Stay {
    port: u16,
    nick: String,
    notes: Option<Arc<Mutex<Notes>>>,
    began: Instant,
    writing: Arc<tokio::sync::Mutex<Option<OwnedWriteHalf>>>,
    tell: watch::Sender<usize>,
}

impl Stay {
    async fn for_ever(self) {
        loop {
            // However it ended, they come again.
            let _ = self.once().await;
            *self.writing.lock().await = None;
            self.tell.send_replace(0);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn once(&self) -> std::io::Result<()> {
        let (reading, mut writing) = TcpStream::connect(("127.0.0.1", self.port)).await?.into_split();
        let Self { nick, .. } = self;
        let rooms = ROOMS.join(",");
        writing.write_all(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n").as_bytes()).await?;
        *self.writing.lock().await = Some(writing);
        let mut reading = BufReader::new(reading);
        let mut bytes = Vec::new();
        while reading.read_until(b'\n', &mut bytes).await? > 0 {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if let Some(token) = line.strip_prefix("PING ") {
                self.send(&format!("PONG {token}")).await?;
                continue;
            }
            match line.split(' ').nth(1) {
                Some("001") => self.send(&format!("JOIN {rooms}")).await?,
                Some("366") => self.tell.send_modify(|rooms| *rooms += 1),
                _ => {}
            }
            if let Some(notes) = &self.notes {
                note(&mut lock(notes), &line, self.began.elapsed());
            }
        }
        Ok(())
    }

    async fn send(&self, line: &str) -> std::io::Result<()> {
        match self.writing.lock().await.as_mut() {
            Some(writing) => writing.write_all(format!("{line}\r\n").as_bytes()).await,
            None => Ok(()),
        }
    }
}

/// Writes down a line of Wilco.
fn note(notes: &mut Notes, line: &str, at: Duration) {
    let Some((source, rest)) = line.strip_prefix(":wilco").and_then(|rest| rest.split_once(' ')) else {
        return;
    };
    let nick = format!("wilco{}", source.split('!').next().unwrap_or_default());
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    match word {
        "PRIVMSG" => {
            let (room, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let text = text.strip_prefix(':').unwrap_or(text).to_owned();
            notes.heard.push(Heard { at, room: room.to_owned(), text });
        }
        "JOIN" => notes.moves.push(Move { at, nick, into: Some(rest.trim_start_matches(':').to_owned()) }),
        "QUIT" => notes.moves.push(Move { at, nick, into: None }),
        _ => {}
    }
}

/// What is in it: whoever panicked with it failed the run already.
pub(super) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().expect("no panic before")
}
