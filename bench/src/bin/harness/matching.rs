//! The measure of listeners: lines that are said to nobody, against many regular expressions.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use crate::irc::{CHANNEL, Irc, NICK};
use crate::options::{Options, Outcome, Row};
use crate::orders::blast;
use crate::process::{cpu_ms, mem_kib};
use crate::run::Run;

pub(crate) const WORDS: [&str; 16] = [
    "build", "is", "green", "again", "who", "deploys", "the", "service", "today", "I", "think", "staging",
    "looks", "slow", "see", "ticket",
];
pub(crate) fn noise(i: u64) -> String {
    let mut x = i.wrapping_mul(0x9E3779B97F4A7C15) | 1;
    let mut s = format!("PRIVMSG {CHANNEL} :");
    for _ in 0..9 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        s.push_str(WORDS[(x % 16) as usize]);
        s.push(' ');
    }
    s.push_str(&format!("{i}\r\n"));
    s
}
pub(crate) fn matching(o: &Options) -> Outcome<Row> {
    let listeners = o.number("listeners", 10);
    let clients = o.number("clients", 4);
    let mut r = Run::start(o, listeners, 4096)?;
    let (start_s, (rss, _, _)) = (r.answer_s, mem_kib(r.pid()));
    // the listeners are really there: the first and the last one answer
    let mut c = Irc::connect(r.irc_port, "user", false)?;
    let mut matched = 0;
    for i in [0, listeners - 1] {
        let before = r.watch.other.load(SeqCst);
        c.send(&format!("PRIVMSG {CHANNEL} :deploy service_42_{i} to prod\r\n"))?;
        let t = Instant::now();
        while r.watch.other.load(SeqCst) == before && t.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(2));
        }
        matched += (r.watch.other.load(SeqCst) > before) as u64;
    }
    let mut token = 100u64;
    let mut round = |r: &mut Run, n: u64, limit: f64| -> Outcome<(f64, f64, bool)> {
        let c0 = cpu_ms(r.pid());
        let base = token;
        token += clients;
        let p0 = r.watch.pongs.load(SeqCst);
        let (t0, h, keep) = blast(
            r,
            clients,
            false,
            move |i| {
                if i < n {
                    noise(i)
                } else {
                    format!("PRIVMSG {CHANNEL} :{NICK}: ping t{}\r\n", base + i - n)
                }
            },
            n + clients,
        )?;
        for x in h {
            let _ = x.join();
        }
        r.wait_count(&|w| w.pongs.load(SeqCst), p0 + clients, limit, limit);
        let done = r.watch.pongs.load(SeqCst) >= p0 + clients;
        let last = r.watch.last.load(SeqCst);
        let busy = r.wait_idle(limit);
        let end = if busy > last + 300_000_000 { busy } else { last };
        drop(keep);
        Ok((end.saturating_sub(t0) as f64 / 1e9, (cpu_ms(r.pid()) - c0) as f64 / 1e3, done))
    };
    // find a size that takes about --seconds
    let secs = o.float("seconds", 4.0);
    let mut n = 4u64;
    loop {
        let (w, _, ok) = round(&mut r, n, 60.0)?;
        if !ok {
            return Err(format!("no answer to the closing ping after {n} noise lines"));
        }
        // a short round may only have met a hiccup of the box
        if w > secs / 2.0 || (w > secs / 8.0 && n >= 2000) || n >= 400_000 {
            n = ((n as f64 * secs / w) as u64).clamp(4, 400_000);
            break;
        }
        n *= 8;
    }
    let (wall, cpu, ok) = round(&mut r, n, 90.0)?;
    Ok(vec![
        ("msg_per_s", (n + clients) as f64 / wall),
        ("cpu_us_per_msg", cpu * 1e6 / (n + clients) as f64),
        ("noise_lines", n as f64),
        ("wall_s", wall),
        ("start_s", start_s),
        ("rss_mib", rss as f64 / 1024.0),
        ("edges_matched", matched as f64),
        ("closing_pings_answered", ok as u8 as f64),
    ])
}
