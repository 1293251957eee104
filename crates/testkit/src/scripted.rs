//! A server of lines that a test plays: it says what the test tells it to, and the test sees what was said to it.
//!
//! Not a server that knows a protocol, but for the greetings of IRC, which every script begins with. For what no real
//! server here offers. For tests only.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{
        TcpListener,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place where somebody may connect.
pub struct Scripted {
    listener: TcpListener,
}

impl Scripted {
    /// Takes connections on a port of its own, on loopback.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn listen() -> Self {
        Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port") }
    }

    /// Where it is.
    ///
    /// # Panics
    /// When the system does not say.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.local_addr().expect("an address").port()
    }

    /// The next one who connects.
    ///
    /// # Panics
    /// When nobody does.
    pub async fn accept(&self) -> Peer {
        let accepted = timeout(PATIENCE, self.listener.accept()).await.expect("somebody connects in time");
        let (reading, writing) = accepted.expect("a connection").0.into_split();
        Peer { lines: BufReader::new(reading).lines(), writing, heard: Vec::new() }
    }
}

/// A connection; it ends when this is dropped.
pub struct Peer {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writing: OwnedWriteHalf,
    heard: Vec<String>,
}

impl Peer {
    /// Says a line, or several.
    ///
    /// # Panics
    /// When nobody is there any more.
    pub async fn says(&mut self, lines: &str) {
        self.writing.write_all(format!("{lines}\r\n").as_bytes()).await.expect("somebody is there");
    }

    /// The next line that holds this; others are passed over. A `PING` of IRC is answered.
    ///
    /// # Panics
    /// When none comes.
    pub async fn hears(&mut self, text: &str) -> String {
        loop {
            let next = timeout(PATIENCE, self.lines.next_line()).await;
            let line = next.ok().and_then(Result::ok).flatten();
            let line = line.unwrap_or_else(|| panic!("`{text}` was not heard: {:#?}", self.heard));
            self.heard.push(line.clone());
            if let Some(token) = line.strip_prefix("PING ") {
                self.says(&format!(":irc.example.org PONG irc.example.org {token}")).await;
            }
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits until each of these was in a line, in whatever order they come.
    ///
    /// # Panics
    /// When one of them does not.
    pub async fn hears_all(&mut self, texts: &[&str]) {
        let mut left = texts.to_vec();
        while !left.is_empty() {
            let line = self.hears("").await;
            left.retain(|text| !line.contains(text));
        }
    }

    /// All lines that came so far.
    #[must_use]
    pub fn heard(&self) -> &[String] {
        &self.heard
    }

    /// Lets a client of IRC in that wants to be called `nick`: with these capabilities, and these words of `005`.
    ///
    /// # Panics
    /// When it does not say what clients say.
    pub async fn lets_in(&mut self, nick: &str, caps: &str, supports: &str) {
        self.hears("CAP LS").await;
        self.says(&format!(":irc.example.org CAP * LS :{caps}")).await;
        let asked = self.hears("CAP REQ").await;
        let asked = asked.trim_start_matches("CAP REQ ").trim_start_matches(':');
        self.says(&format!(":irc.example.org CAP * ACK :{asked}")).await;
        self.hears("CAP END").await;
        self.says(&format!(
            ":irc.example.org 001 {nick} :Welcome {nick}!w@host.example\r\n\
             :irc.example.org 005 {nick} {supports} :are supported by this server\r\n\
             :irc.example.org 422 {nick} :No MOTD"
        ))
        .await;
    }

    /// Lets a client of IRC into a room that it asks for, in which these nicks are.
    ///
    /// # Panics
    /// When it asks for none.
    pub async fn admits(&mut self, nick: &str, room: &str, nicks: &str) {
        self.hears(&format!("JOIN {room}")).await;
        self.says(&format!(
            ":{nick}!w@host.example JOIN {room} * :Wilco\r\n\
             :irc.example.org 353 {nick} = {room} :{nick} {nicks}\r\n\
             :irc.example.org 366 {nick} {room} :End of NAMES"
        ))
        .await;
    }
}
