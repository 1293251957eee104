//! The measures of loss: a bot that is killed, and an IRC server that goes away.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::hooks::{post_all, tally};
use crate::irc::{CHANNEL, Irc, NICK};
use crate::options::{Options, Outcome, Row};
use crate::process::{mem_kib, most_kib};
use crate::run::{Run, start_ircd};

/// SIGKILL in the middle of a webhook flood, then a restart over the same state.
pub(crate) fn kill(o: &Options) -> Outcome<Row> {
    let n = o.number("count", 100_000);
    let mut r = Run::start(o, 0, n as usize)?;
    r.wait_http(30)?;
    let p = post_all(o, &r, n, o.number("connections", 16), o.number("depth", 1) as usize)?;
    thread::sleep(Duration::from_millis((o.float("after", 1.5) * 1000.0) as u64));
    r.sut.as_mut().unwrap().stop(true);
    p.stop.store(true, SeqCst);
    for t in p.threads {
        let _ = t.join();
    }
    thread::sleep(Duration::from_secs(1));
    let (acc, seen0, _, _) = tally(&p.ok, &r.watch);
    let j = r.watch.joins.load(SeqCst);
    let t = Instant::now();
    r.spawn_sut(o, 0)?;
    while r.watch.joins.load(SeqCst) == j && t.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(20));
    }
    let back = t.elapsed().as_secs_f64();
    let want = p.ok.iter().filter(|s| s.load(SeqCst) == 2).count() as u64;
    let start_hooks = r.watch.hooks.load(SeqCst);
    thread::sleep(Duration::from_secs_f64(o.float("wait", 10.0)));
    if r.watch.hooks.load(SeqCst) > start_hooks {
        r.wait_count(&|w| w.hooks.load(SeqCst), want, 10.0, 120.0);
    }
    let (_, seen1, _, extra) = tally(&p.ok, &r.watch);
    Ok(vec![
        ("accepted", acc as f64),
        ("delivered_before", seen0 as f64),
        ("delivered_after_restart", (seen1 - seen0) as f64),
        ("accepted_lost", (acc - seen1) as f64),
        ("unaccepted_delivered", extra as f64),
        ("dups", r.watch.dups.load(SeqCst) as f64),
        ("rejoin_s", back),
    ])
}

/// How many arrived after a later one; where nothing arrived there is nothing to overtake.
fn overtaken(stamps: &[AtomicU64]) -> usize {
    let stamps: Vec<u64> = stamps.iter().map(|at| at.load(SeqCst)).filter(|at| *at > 0).collect();
    stamps.windows(2).filter(|pair| pair[1] < pair[0]).count()
}

/// The IRC server dies, webhooks keep coming, the server returns.
pub(crate) fn outage(o: &Options) -> Outcome<Row> {
    let n = o.number("count", 100);
    let mut r = Run::start(o, 0, n as usize)?;
    r.wait_http(30)?;
    thread::sleep(Duration::from_secs(2));
    let (idle, _, _) = mem_kib(r.pid());
    r.ircd.as_mut().unwrap().stop(true);
    r.ircd = None;
    thread::sleep(Duration::from_millis(300));
    r.watch.pong[n as usize].store(0, SeqCst);
    r.watch.pongs.store(0, SeqCst);
    let t0 = Instant::now();
    let p = post_all(o, &r, n, 1, 1)?;
    let down = o.float("down", 5.0);
    while t0.elapsed().as_secs_f64() < down {
        thread::sleep(Duration::from_millis(10));
    }
    r.ircd = Some(start_ircd(o, r.irc_port, &r.dir.clone())?);
    let t1 = Instant::now();
    let limit = o.float("wait", 90.0);
    let mut asker = Irc::connect(r.irc_port, "asker2", false)?;
    while r.watch.pongs.load(SeqCst) == 0 && t1.elapsed().as_secs_f64() < limit && r.alive() {
        asker.send(&format!("PRIVMSG {CHANNEL} :{NICK}: ping t{n}\r\n"))?;
        thread::sleep(Duration::from_millis(200));
    }
    let back = r.watch.pongs.load(SeqCst) > 0;
    let back_s = t1.elapsed().as_secs_f64();
    let t2 = Instant::now();
    while p.threads.iter().any(|t| !t.is_finished()) && t2.elapsed() < Duration::from_secs(15) {
        thread::sleep(Duration::from_millis(20));
    }
    p.stop.store(true, SeqCst);
    if back {
        thread::sleep(Duration::from_secs(8));
    }
    let alive = r.alive();
    let most = most_kib(r.pid());
    let (acc, seen, refused, extra) = tally(&p.ok, &r.watch);
    Ok(vec![
        ("posted", n as f64),
        ("accepted", acc as f64),
        ("refused", refused as f64),
        ("http_errors", p.errors.load(SeqCst) as f64),
        ("accepted_delivered", seen as f64),
        ("accepted_lost", (acc - seen) as f64),
        ("unaccepted_delivered", extra as f64),
        ("dups", r.watch.dups.load(SeqCst) as f64),
        ("out_of_order", overtaken(&r.watch.hook) as f64),
        ("rss_idle_mib", idle as f64 / 1024.0),
        ("rss_most_mib", most as f64 / 1024.0),
        ("rejoined", back as u8 as f64),
        ("rejoin_s", back_s),
        ("alive", alive as u8 as f64),
    ])
}
