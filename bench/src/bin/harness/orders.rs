//! The measures of commands: start and memory, round trip, flood.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use crate::irc::{CHANNEL, Heard, Irc, NICK, event};
use crate::options::{Options, Outcome, Row, context, spread};
use crate::process::{cpu_ms, mem_kib};
use crate::run::Run;

pub(crate) fn start(o: &Options) -> Outcome<Row> {
    let r = Run::start(o, o.number("listeners", 0), 1)?;
    thread::sleep(Duration::from_millis((o.float("idle", 10.0) * 1000.0) as u64));
    let c0 = cpu_ms(r.pid());
    let (rss, pss, n) = mem_kib(r.pid());
    thread::sleep(Duration::from_secs(o.number("idle-cpu", 2)));
    let c1 = cpu_ms(r.pid());
    Ok(vec![
        ("join_s", r.join_s),
        ("answer_s", r.answer_s),
        ("rss_mib", rss as f64 / 1024.0),
        ("pss_mib", pss as f64 / 1024.0),
        ("procs", n as f64),
        ("start_cpu_s", c0 as f64 / 1000.0),
        ("idle_cpu_pct", (c1 - c0) as f64 / 10.0 / o.number("idle-cpu", 2).max(1) as f64),
    ])
}
pub(crate) fn latency(o: &Options) -> Outcome<Row> {
    let n = o.number("count", 2000);
    let r = Run::start(o, o.number("listeners", 0), 1)?;
    let mut c = Irc::connect(r.irc_port, "user", true)?;
    let (mut v, mut lost) = (vec![], 0u64);
    let c0 = cpu_ms(r.pid());
    for i in 0..n + 100 {
        let t = Instant::now();
        c.send(&format!("PRIVMSG {CHANNEL} :{NICK}: ping t{}\r\n", i + 10))?;
        let ok = loop {
            if t.elapsed() > Duration::from_secs(5) {
                break false;
            }
            if let Some(l) = c.line(Duration::from_secs(5))?
                && matches!(event(&l), Some(Heard::Pong(k)) if k == i + 10)
            {
                break true;
            }
        };
        if !ok {
            lost += 1;
            if lost > 20 {
                return Err("more than 20 commands unanswered".into());
            }
        } else if i >= 100 {
            v.push(t.elapsed().as_secs_f64() * 1e3);
        }
    }
    let cpu = cpu_ms(r.pid()) - c0;
    let mut row = spread(&mut v);
    row.extend([("lost", lost as f64), ("cpu_s_per_1000", cpu as f64 / (n + 100) as f64)]);
    Ok(row)
}
/// `clients` threads each write their share at full speed. Gives the clock at the first write.
pub(crate) fn blast(
    r: &Run,
    clients: u64,
    join: bool,
    line: impl Fn(u64) -> String + Send + Sync + 'static,
    n: u64,
) -> Outcome<(u64, Vec<thread::JoinHandle<()>>, Vec<Irc>)> {
    let line = Arc::new(line);
    let mut conns = vec![];
    let tag = r.clock.ns() % 1_000_000;
    for k in 0..clients {
        conns.push(Irc::dial(r.irc_port, &format!("c{k}x{tag}"))?);
    }
    let conns = conns.into_iter().map(|c| c.welcome(join)).collect::<Outcome<Vec<_>>>()?;
    let t0 = r.clock.ns();
    let mut h = vec![];
    let mut keep = vec![];
    for (k, mut c) in conns.into_iter().enumerate() {
        let line = line.clone();
        // The server says PONG once it has taken a chunk in: as fast as it can, never in gulps
        // larger than its read buffer (InspIRCd would sleep on those). The bot gets no such mercy.
        keep.push(Irc { s: c.s.try_clone().map_err(context("clone"))?, buf: vec![], at: 0 });
        h.push(thread::spawn(move || {
            let mut out = String::new();
            for i in (k as u64..n).step_by(clients as usize) {
                out.push_str(&line(i));
                if out.len() > 8000 {
                    out.push_str("PING k\r\n");
                    if c.send(&out).is_err() || c.until(" PONG ", 60).is_err() {
                        return;
                    }
                    out.clear();
                }
            }
            let _ = c.send(&out);
        }));
    }
    Ok((t0, h, keep))
}
pub(crate) fn flood(o: &Options) -> Outcome<Row> {
    let n = o.number("count", 20000);
    let clients = o.number("clients", 4);
    let order = o.text("order", "ping");
    let mut r = Run::start(o, o.number("listeners", 0), n as usize)?;
    let c0 = cpu_ms(r.pid());
    let (t0, h, keep) = blast(
        &r,
        clients,
        o.get("join").is_some(),
        move |i| format!("PRIVMSG {CHANNEL} :{NICK}: {order} t{i}\r\n"),
        n,
    )?;
    for x in h {
        let _ = x.join();
    }
    let sent_s = (r.clock.ns() - t0) as f64 / 1e9;
    r.wait_count(&|w| w.pongs.load(SeqCst), n, o.float("quiet", 15.0), o.float("limit", 200.0));
    let got = r.watch.pongs.load(SeqCst);
    let wall = r.watch.last.load(SeqCst).saturating_sub(t0) as f64 / 1e9;
    r.wait_idle(5.0);
    let alive = r.alive();
    let cpu = cpu_ms(r.pid()).saturating_sub(c0);
    let (rss, _, _) = mem_kib(r.pid());
    // order: how often a reply overtook an earlier one of the same client
    let mut swaps = 0u64;
    for k in 0..clients {
        let mut hi = 0;
        for i in (k..n).step_by(clients as usize) {
            let t = r.watch.pong[i as usize].load(SeqCst);
            if t == 0 {
                continue;
            }
            if t < hi {
                swaps += 1;
            }
            hi = hi.max(t);
        }
    }
    drop(keep);
    Ok(vec![
        ("answered", got as f64),
        ("lost", (n - got) as f64),
        ("dups", r.watch.dups.load(SeqCst) as f64),
        ("wall_s", wall),
        ("cmd_per_s", got as f64 / wall),
        ("cpu_s_per_1000", cpu as f64 / got.max(1) as f64),
        ("send_s", sent_s),
        ("out_of_order", swaps as f64),
        ("rss_after_mib", rss as f64 / 1024.0),
        ("alive", alive as u8 as f64),
        ("bot_quits", r.watch.quits.load(SeqCst) as f64),
    ])
}
