//! The lower bound: no framework, one thread per socket, no parsing beyond what an answer needs.
use regex::RegexSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

fn env(k: &str) -> String {
    std::env::var(k).unwrap_or_default()
}
/// Room for the lazy DFA: with the crate's default, 10,000 listeners fall back to a slow engine.
fn floor_dfa() -> usize {
    env("FLOOR_DFA_MIB").parse::<usize>().unwrap_or(256) << 20
}
/// The value right behind `"key":`, up to the closing quote or comma.
fn after<'a>(body: &'a str, key: &str) -> &'a str {
    let Some(i) = body.find(key) else { return "" };
    let r = &body[i + key.len()..];
    match r.strip_prefix('"') {
        Some(q) => &q[..q.find('"').unwrap_or(0)],
        None => &r[..r.find([',', '}']).unwrap_or(0)],
    }
}
fn http(s: TcpStream, out: Arc<Mutex<TcpStream>>, chan: String) -> std::io::Result<()> {
    s.set_nodelay(true)?;
    let mut w = s.try_clone()?;
    let mut r = BufReader::with_capacity(1 << 16, s);
    let (mut line, mut body) = (String::new(), vec![]);
    loop {
        let (mut len, mut guid) = (0usize, String::new());
        loop {
            line.clear();
            if r.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let l = line.trim_end();
            if l.is_empty() {
                break;
            }
            if let Some((k, v)) = l.split_once(": ") {
                match k {
                    "Content-Length" => len = v.parse().unwrap_or(0),
                    "X-GitHub-Delivery" => guid = v.into(),
                    _ => {}
                }
            }
        }
        body.resize(len, 0);
        r.read_exact(&mut body)?;
        let b = String::from_utf8_lossy(&body);
        let msg = format!(
            "PRIVMSG {chan} :PR {} #{} {} {guid}\r\n",
            after(&b, "\"action\":"),
            after(&b, "\"number\":"),
            after(&b, "\"title\":")
        );
        out.lock().unwrap().write_all(msg.as_bytes())?;
        w.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
}
fn main() -> std::io::Result<()> {
    let (nick, chan) = (env("BENCH_NICK"), env("BENCH_CHANNEL"));
    let n: usize = env("BENCH_LISTENERS").parse().unwrap_or(0);
    let set = regex::RegexSetBuilder::new((0..n).map(|i| format!(r"(?-u)deploy service_(\d+)_{i} to (\w+)")))
        .size_limit(1 << 30)
        .dfa_size_limit(floor_dfa())
        .build()
        .unwrap_or_else(|_| RegexSet::empty());
    let s = TcpStream::connect(format!("{}:{}", env("BENCH_IRC_HOST"), env("BENCH_IRC_PORT")))?;
    s.set_nodelay(true)?;
    let out = Arc::new(Mutex::new(s.try_clone()?));
    write!(out.lock().unwrap(), "NICK {nick}\r\nUSER {nick} 0 * :floor\r\nJOIN {chan}\r\n")?;
    if let Ok(l) = TcpListener::bind(format!("127.0.0.1:{}", env("BENCH_HTTP_PORT"))) {
        let (o, c) = (out.clone(), chan.clone());
        std::thread::spawn(move || {
            for s in l.incoming().flatten() {
                let (o, c) = (o.clone(), c.clone());
                std::thread::spawn(move || http(s, o, c));
            }
        });
    }
    let (want, addressed) = (format!(" PRIVMSG {chan} :"), format!("{nick}: ping "));
    let mut r = BufReader::with_capacity(1 << 16, s);
    let (mut line, mut reply) = (vec![], String::new());
    loop {
        line.clear();
        if r.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let l = String::from_utf8_lossy(&line);
        let l = l.trim_end();
        if let Some(token) = l.strip_prefix("PING") {
            reply.push_str(&format!("PONG{token}\r\n"));
        } else if l.contains(" 001 ") {
            reply.push_str(&format!("JOIN {chan}\r\n"));
        } else if let Some(i) = l.find(&want) {
            let text = &l[i + want.len()..];
            if let Some(t) = text.strip_prefix(&addressed) {
                reply.push_str(&format!("PRIVMSG {chan} :pong {t}\r\n"));
            } else if n > 0 {
                for k in set.matches(text) {
                    reply.push_str(&format!("PRIVMSG {chan} :deploying {k}\r\n"));
                }
            }
        }
        if !reply.is_empty() && (r.buffer().is_empty() || reply.len() > 16000) {
            out.lock().unwrap().write_all(reply.as_bytes())?;
            reply.clear();
        }
    }
}
