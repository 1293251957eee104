//! A client of the IRC server, and what a line of the bot means.
//!
//! Not a library: it says what the measures need, and nothing of it asks for features of the protocol.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::options::{Outcome, context};

pub(crate) const NICK: &str = "bot";
pub(crate) const CHANNEL: &str = "#bench";
pub(crate) const GUID: &str = "72d3162e-cc78-11e3-81ab-";

pub(crate) struct Irc {
    pub(crate) s: TcpStream,
    pub(crate) buf: Vec<u8>,
    pub(crate) at: usize,
}
impl Irc {
    pub(crate) fn dial(port: u16, nick: &str) -> Outcome<Irc> {
        let end = Instant::now() + Duration::from_secs(20);
        let s = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(s) => break s,
                Err(e) if Instant::now() > end => return Err(format!("irc connect: {e}")),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        s.set_nodelay(true).ok();
        let mut c = Irc { s, buf: Vec::with_capacity(1 << 17), at: 0 };
        c.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :bench\r\n"))?;
        Ok(c)
    }
    pub(crate) fn welcome(mut self, join: bool) -> Outcome<Irc> {
        self.until(" 001 ", 20)?;
        if join {
            self.send(&format!("JOIN {CHANNEL}\r\n"))?;
            self.until(" 366 ", 20)?;
        }
        Ok(self)
    }
    pub(crate) fn connect(port: u16, nick: &str, join: bool) -> Outcome<Irc> {
        Irc::dial(port, nick)?.welcome(join)
    }
    pub(crate) fn send(&mut self, t: &str) -> Outcome<()> {
        self.s.write_all(t.as_bytes()).map_err(context("irc write"))
    }
    pub(crate) fn until(&mut self, needle: &str, secs: u64) -> Outcome<()> {
        let end = Instant::now() + Duration::from_secs(secs);
        while Instant::now() < end {
            if let Some(l) = self.line(Duration::from_millis(500))?
                && l.contains(needle)
            {
                return Ok(());
            }
        }
        Err(format!("no{needle}from the IRC server"))
    }
    /// One line without CRLF; None when nothing came within the time.
    pub(crate) fn line(&mut self, wait: Duration) -> Outcome<Option<String>> {
        loop {
            if let Some(n) = self.buf[self.at..].iter().position(|b| *b == b'\n') {
                let l = String::from_utf8_lossy(&self.buf[self.at..self.at + n]).trim_end().to_string();
                self.at += n + 1;
                if let Some(x) = l.strip_prefix("PING ") {
                    let r = format!("PONG {x}\r\n");
                    self.send(&r)?;
                    continue;
                }
                return Ok(Some(l));
            }
            self.buf.drain(..self.at);
            self.at = 0;
            self.s.set_read_timeout(Some(wait)).ok();
            let mut tmp = [0u8; 65536];
            match self.s.read(&mut tmp) {
                Ok(0) => return Err("the IRC server closed the link".into()),
                Ok(n) => self.buf.extend_from_slice(&tmp[..n]),
                Err(e)
                    if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
                {
                    return Ok(None);
                }
                Err(e) => return Err(format!("irc read: {e}")),
            }
        }
    }
}
pub(crate) enum Heard {
    Join,
    Quit,
    Pong(u64),
    Hook(u64),
    Deploy,
    Other,
}
/// What a line from the bot means to the bench; None for lines from others.
pub(crate) fn event(l: &str) -> Option<Heard> {
    let r = l.strip_prefix(':')?;
    if !r.starts_with(NICK) || !matches!(r.as_bytes().get(NICK.len()), Some(b'!' | b' ')) {
        return None;
    }
    let mut w = r.splitn(4, ' ');
    let (_, cmd) = (w.next(), w.next()?);
    match cmd {
        "JOIN" => return Some(Heard::Join),
        "QUIT" | "PART" | "KICK" => return Some(Heard::Quit),
        "PRIVMSG" | "NOTICE" => {}
        _ => return Some(Heard::Other),
    }
    let text = r;
    if let Some(i) = text.find(GUID) {
        let h = text.get(i + GUID.len()..i + GUID.len() + 12)?;
        return Some(u64::from_str_radix(h, 16).map_or(Heard::Other, Heard::Hook));
    }
    if let Some(i) = text.find("pong t") {
        let d: String = text[i + 6..].chars().take_while(|c| c.is_ascii_digit()).collect();
        return Some(d.parse().map_or(Heard::Other, Heard::Pong));
    }
    Some(if text.contains("deploying ") { Heard::Deploy } else { Heard::Other })
}
