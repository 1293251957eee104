//! Webhooks: payloads with their heads and signatures, and a connection that keeps open.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::irc::GUID;
use crate::options::{Options, Outcome, context};

/// The signature of `X-Hub-Signature-256`.
pub(crate) fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length fits");
    mac.update(message);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) struct Payload {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}
pub(crate) fn payloads(o: &Options, port: u16) -> Outcome<Vec<Payload>> {
    let dir = o.get("payloads").ok_or("--payloads DIR is needed (see README.md)")?;
    let mut names: Vec<PathBuf> = std::fs::read_dir(dir)
        .map_err(context(dir))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|x| x == "json"))
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(format!("no .json in {dir}"));
    }
    let path = o.text("hook-path", "/github");
    names
        .iter()
        .map(|n| {
            let body = std::fs::read(n).map_err(context("payload"))?;
            let sig = o.get("secret").map_or(String::new(), |k| format!("X-Hub-Signature-256: sha256={}\r\n", hmac_hex(k.as_bytes(), &body)));
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: GitHub-Hookshot/bench\r\nContent-Type: application/json\r\nX-GitHub-Event: pull_request\r\nX-GitHub-Hook-ID: 1\r\n{sig}Content-Length: {}\r\nX-GitHub-Delivery: {GUID}",
                body.len()
            );
            Ok(Payload { head, body })
        })
        .collect()
}
pub(crate) struct Http {
    pub(crate) port: u16,
    pub(crate) s: Option<TcpStream>,
    pub(crate) buf: Vec<u8>,
    pub(crate) reconnects: u64,
}
impl Http {
    pub(crate) fn new(port: u16) -> Http {
        Http { port, s: None, buf: vec![], reconnects: 0 }
    }
    pub(crate) fn post(&mut self, p: &Payload, id: u64) -> Outcome<()> {
        let mut m = Vec::with_capacity(p.head.len() + p.body.len() + 32);
        m.extend_from_slice(p.head.as_bytes());
        m.extend_from_slice(format!("{id:012x}\r\n\r\n").as_bytes());
        m.extend_from_slice(&p.body);
        if self.s.is_none() {
            let s = TcpStream::connect(("127.0.0.1", self.port)).map_err(context("http connect"))?;
            s.set_nodelay(true).ok();
            s.set_write_timeout(Some(Duration::from_secs(30))).ok();
            self.s = Some(s);
            self.buf.clear();
            self.reconnects += 1;
        }
        let r = self.s.as_mut().unwrap().write_all(&m).map_err(context("http write"));
        if r.is_err() {
            self.s = None;
        }
        r
    }
    /// Reads one response and gives its status.
    pub(crate) fn response(&mut self, wait: Duration) -> Outcome<u16> {
        let r = self.response_inner(wait);
        if r.is_err() {
            self.s = None;
        }
        r
    }
    pub(crate) fn response_inner(&mut self, wait: Duration) -> Outcome<u16> {
        let s = self.s.as_mut().ok_or("no connection")?;
        s.set_read_timeout(Some(wait)).ok();
        let mut tmp = [0u8; 16384];
        let head_end = loop {
            if let Some(i) = self.buf.windows(4).position(|w| w == b"\r\n\r\n") {
                break i + 4;
            }
            match s.read(&mut tmp).map_err(context("http read"))? {
                0 => return Err("http closed".into()),
                n => self.buf.extend_from_slice(&tmp[..n]),
            }
        };
        let head = String::from_utf8_lossy(&self.buf[..head_end]).to_ascii_lowercase();
        let status: u16 = head.split(' ').nth(1).and_then(|c| c.parse().ok()).ok_or("bad status line")?;
        let field = |k: &str| head.lines().find_map(|l| l.strip_prefix(k)).map(|v| v.trim().to_string());
        let mut close = field("connection:").is_some_and(|v| v.contains("close"))
            || (head.starts_with("http/1.0") && field("connection:").is_none());
        let len = field("content-length:").and_then(|v| v.parse::<usize>().ok());
        if let Some(n) = len.or(if status == 204 { Some(0) } else { None }) {
            while self.buf.len() < head_end + n {
                match s.read(&mut tmp).map_err(context("http read"))? {
                    0 => return Err("http closed".into()),
                    k => self.buf.extend_from_slice(&tmp[..k]),
                }
            }
            self.buf.drain(..head_end + n);
        } else if head.contains("transfer-encoding: chunked") {
            loop {
                if let Some(i) = self.buf[head_end..].windows(5).position(|w| w == b"0\r\n\r\n") {
                    self.buf.drain(..head_end + i + 5);
                    break;
                }
                match s.read(&mut tmp).map_err(context("http read"))? {
                    0 => return Err("http closed".into()),
                    k => self.buf.extend_from_slice(&tmp[..k]),
                }
            }
        } else {
            close = true;
        }
        if close {
            self.s = None;
        }
        Ok(status)
    }
}
