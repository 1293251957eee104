//! People on IRC, with a client that knows next to nothing: it shows each line as the server sends it.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpStream, tcp::OwnedWriteHalf},
    sync::{Mutex, watch},
    task::JoinHandle,
    time::timeout,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who is connected.
pub(crate) struct Person {
    pub(crate) nick: String,
    writing: Arc<Mutex<OwnedWriteHalf>>,
    /// All lines so far, with what they said themselves.
    tell: Arc<watch::Sender<Vec<String>>>,
    lines: watch::Receiver<Vec<String>>,
    reader: JoinHandle<()>,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) nick: String,
    pub(crate) target: String,
    pub(crate) text: String,
}

impl Drop for Person {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Person {
    /// Somebody comes under a nick that is free.
    pub(crate) async fn come(port: u16, nick: &str) -> Self {
        let stream = timeout(PATIENCE, async {
            loop {
                match TcpStream::connect(("127.0.0.1", port)).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        let (reading, writing) = stream.await.expect("the server takes people").into_split();
        let writing = Arc::new(Mutex::new(writing));
        let (tell, lines) = watch::channel(Vec::new());
        let tell = Arc::new(tell);
        let (answering, showing) = (writing.clone(), tell.clone());
        let reader = async move {
            let mut reading = BufReader::new(reading);
            let mut line = Vec::new();
            while reading.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                if let Some(token) = text.strip_prefix("PING ") {
                    let pong = format!("PONG {token}\r\n");
                    if answering.lock().await.write_all(pong.as_bytes()).await.is_err() {
                        return;
                    }
                }
                showing.send_modify(|lines| lines.push(text));
            }
        };
        #[expect(clippy::disallowed_methods, reason = "a person's own client is no task of Wilco")]
        let reader = tokio::spawn(reader);
        let person = Self { nick: nick.to_owned(), writing, tell, lines, reader };
        person.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}")).await;
        person.sees(" 001 ").await;
        person
    }

    /// Takes an account of the network's services, which may be still on their way.
    pub(crate) async fn register(&self) {
        self.proves("REGISTER sesame someone@test.example").await;
    }

    /// Says to the network's services whose account is theirs, until it is believed.
    pub(crate) async fn proves(&self, how: &str) {
        let proving = async {
            loop {
                self.send(&format!("PRIVMSG NickServ :{how}")).await;
                if timeout(Duration::from_millis(400), self.seen(" 900 ")).await.is_ok() {
                    return;
                }
            }
        };
        timeout(PATIENCE, proving).await.unwrap_or_else(|_| panic!("no account: {:#?}", self.lines.borrow()));
    }

    /// Enters a room.
    pub(crate) async fn enter(&self, room: &str) {
        self.send(&format!("JOIN {room}")).await;
        self.sees(" 366 ").await;
    }

    /// Waits until somebody is in the room.
    pub(crate) async fn meets(&self, nick: &str, room: &str) {
        let meeting = async {
            loop {
                let before = self.lines.borrow().len();
                self.send(&format!("NAMES {room}")).await;
                self.sync().await;
                let there = |line: &String| {
                    line.contains(" 353 ")
                        && line.split([' ', ':']).any(|name| name.trim_start_matches(['@', '+']) == nick)
                };
                if self.lines.borrow().iter().skip(before).any(there) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, meeting)
            .await
            .unwrap_or_else(|_| panic!("{nick} is not in {room}: {:#?}", self.lines.borrow()));
    }

    /// Sends a line, or several.
    pub(crate) async fn send(&self, line: &str) {
        self.send_bytes(line.as_bytes()).await;
    }

    /// Sends a line, whatever its bytes are.
    pub(crate) async fn send_bytes(&self, line: &[u8]) {
        let line = [line, b"\r\n"].concat();
        self.writing.lock().await.write_all(&line).await.expect("the server takes it");
    }

    /// Says something, once they have read what is there; what is long goes in several lines, as clients do it.
    pub(crate) async fn say(&self, target: &str, text: &str) {
        self.sync().await;
        // No client can send it: it ends lines.
        for line in text.replace('\0', "").lines() {
            for piece in wilco_systems::irc::split(line, 400) {
                let line = format!("PRIVMSG {target} :{piece}");
                self.tell.send_modify(|lines| lines.push(format!(":{}!self@here {line}", self.nick)));
                self.send(&line).await;
            }
        }
    }

    /// Waits until the server has worked off all that was sent to it, and showed what came of it.
    pub(crate) async fn sync(&self) {
        let token = format!("sync{}", self.lines.borrow().len());
        self.send(&format!("PING {token}")).await;
        let seen = self.sees(&token).await;
        assert!(seen.contains("PONG"), "{seen}");
    }

    /// Waits until a line came that contains this.
    pub(crate) async fn sees(&self, text: &str) -> String {
        timeout(PATIENCE, self.seen(text))
            .await
            .unwrap_or_else(|_| panic!("{} did not see `{text}`: {:#?}", self.nick, self.lines.borrow()))
    }

    async fn seen(&self, text: &str) -> String {
        let mut lines = self.lines.clone();
        let found = |lines: &Vec<String>| lines.iter().find(|line| line.contains(text)).cloned();
        loop {
            let line = found(&lines.borrow_and_update());
            match line {
                Some(line) => return line,
                None if lines.changed().await.is_err() => return std::future::pending().await,
                None => {}
            }
        }
    }

    /// Waits until somebody said something that contains this.
    pub(crate) async fn hears(&self, text: &str) -> Words {
        let mut lines = self.lines.clone();
        let hearing = async {
            loop {
                let found =
                    words(&lines.borrow_and_update()).into_iter().find(|words| words.text.contains(text));
                match found {
                    Some(found) => return found,
                    None if lines.changed().await.is_err() => return std::future::pending().await,
                    None => {}
                }
            }
        };
        timeout(PATIENCE, hearing)
            .await
            .unwrap_or_else(|_| panic!("{} did not hear `{text}`: {:#?}", self.nick, self.lines.borrow()))
    }

    /// All that was said so far, in order.
    pub(crate) fn heard(&self) -> Vec<Words> {
        words(&self.lines.borrow())
    }
}

fn words(lines: &[String]) -> Vec<Words> {
    let said = |line: &String| {
        let (source, rest) = line.strip_prefix(':')?.split_once(' ')?;
        let (target, text) = rest.strip_prefix("PRIVMSG ")?.split_once(' ')?;
        let nick = source.split('!').next()?.to_owned();
        let text = text.strip_prefix(':').unwrap_or(text);
        Some(Words { nick, target: target.to_owned(), text: text.to_owned() })
    };
    lines.iter().filter_map(said).collect()
}
