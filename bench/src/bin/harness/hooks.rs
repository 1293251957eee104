//! The measures of webhooks: from the request to the line in the channel, and floods of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::{Http, payloads};
use crate::irc::{Heard, Irc, event};
use crate::options::{Options, Outcome, Row, spread};
use crate::process::{cpu_ms, mem_kib};
use crate::run::Run;
use crate::watch::Watch;

pub(crate) fn hook_latency(o: &Options) -> Outcome<Row> {
    let n = o.number("count", 1000);
    let r = Run::start(o, 0, 1)?;
    r.wait_http(30)?;
    let pay = payloads(o, r.http_port)?;
    let mut c = Irc::connect(r.irc_port, "user", true)?;
    let mut h = Http::new(r.http_port);
    let (mut v, mut lost, mut bad) = (vec![], 0u64, 0u64);
    let c0 = cpu_ms(r.pid());
    for i in 0..n + 50 {
        let t = Instant::now();
        h.post(&pay[i as usize % pay.len()], i)?;
        let mut seen = None;
        while t.elapsed() < Duration::from_secs(5) {
            if let Some(l) = c.line(Duration::from_secs(5))?
                && matches!(event(&l), Some(Heard::Hook(k)) if k == i)
            {
                seen = Some(t.elapsed().as_secs_f64() * 1e3);
                break;
            }
        }
        match h.response(Duration::from_secs(5)) {
            Ok(200..=299) => {}
            _ => bad += 1,
        }
        match seen {
            None => {
                lost += 1;
                if lost > 5 {
                    return Err(format!("more than 5 webhooks without a line ({bad} not answered 2xx)"));
                }
            }
            Some(s) if i >= 50 => v.push(s),
            _ => {}
        }
    }
    let cpu = cpu_ms(r.pid()) - c0;
    let mut row = spread(&mut v);
    row.extend([
        ("lost", lost as f64),
        ("not_2xx", bad as f64),
        ("connections", h.reconnects as f64),
        ("cpu_ms_per_event", cpu as f64 / (n + 50) as f64),
    ]);
    Ok(row)
}
pub(crate) struct Poster {
    pub(crate) ok: Arc<Vec<AtomicU64>>, // 0 not sent, 1 sent, 2 accepted (2xx), 3 refused
    pub(crate) conns: Arc<AtomicU64>,
    pub(crate) errors: Arc<AtomicU64>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) threads: Vec<thread::JoinHandle<()>>,
}
/// `conns` keep-alive connections with up to `depth` requests outstanding on each.
pub(crate) fn post_all(o: &Options, r: &Run, n: u64, conns: u64, depth: usize) -> Outcome<Poster> {
    let pay = Arc::new(payloads(o, r.http_port)?);
    let p = Poster {
        ok: Arc::new((0..n).map(|_| AtomicU64::new(0)).collect()),
        conns: Arc::new(0.into()),
        errors: Arc::new(0.into()),
        stop: Arc::new(false.into()),
        threads: vec![],
    };
    let next = Arc::new(AtomicU64::new(0));
    let mut th = vec![];
    for _ in 0..conns {
        let (pay, ok, cn, er, stop, next, port) = (
            pay.clone(),
            p.ok.clone(),
            p.conns.clone(),
            p.errors.clone(),
            p.stop.clone(),
            next.clone(),
            r.http_port,
        );
        th.push(thread::spawn(move || {
            let mut h = Http::new(port);
            let mut out: std::collections::VecDeque<u64> = Default::default();
            let mut fails = 0;
            while !stop.load(SeqCst) {
                while out.len() < depth {
                    let i = next.fetch_add(1, SeqCst);
                    if i >= n {
                        break;
                    }
                    ok[i as usize].store(1, SeqCst);
                    if h.post(&pay[i as usize % pay.len()], i).is_err() {
                        er.fetch_add(1, SeqCst);
                        fails += 1;
                        out.clear();
                        thread::sleep(Duration::from_millis(10));
                    } else {
                        out.push_back(i);
                    }
                    if fails > 200 {
                        return;
                    }
                }
                match out.pop_front() {
                    None => {
                        if next.load(SeqCst) >= n {
                            break;
                        }
                    }
                    Some(i) => match h.response(Duration::from_secs(30)) {
                        Ok(200..=299) => {
                            ok[i as usize].store(2, SeqCst);
                            if h.s.is_none() {
                                out.clear(); // closed after a good answer: what was behind it is unanswered
                            }
                        }
                        Ok(_) => ok[i as usize].store(3, SeqCst),
                        Err(_) => {
                            er.fetch_add(1, SeqCst);
                            out.clear();
                        }
                    },
                }
            }
            cn.fetch_add(h.reconnects, SeqCst);
        }));
    }
    Ok(Poster { threads: th, ..p })
}
pub(crate) fn tally(ok: &[AtomicU64], w: &Watch) -> (u64, u64, u64, u64) {
    let (mut acc, mut acc_seen, mut refused, mut unacc_seen) = (0, 0, 0, 0);
    for (i, s) in ok.iter().enumerate() {
        let seen = w.hook[i].load(SeqCst) > 0;
        match s.load(SeqCst) {
            2 => {
                acc += 1;
                acc_seen += seen as u64;
            }
            3 => refused += 1,
            1 => unacc_seen += seen as u64,
            _ => {}
        }
    }
    (acc, acc_seen, refused, unacc_seen)
}
pub(crate) fn hook_flood(o: &Options) -> Outcome<Row> {
    let n = o.number("count", 10000);
    let mut r = Run::start(o, 0, n as usize)?;
    r.wait_http(30)?;
    let c0 = cpu_ms(r.pid());
    let t0 = r.clock.ns();
    let p = post_all(o, &r, n, o.number("connections", 16), o.number("depth", 1) as usize)?;
    let limit = o.float("limit", 120.0);
    while p.threads.iter().any(|t| !t.is_finished()) && r.alive() && (r.clock.ns() - t0) as f64 / 1e9 < limit
    {
        thread::sleep(Duration::from_millis(5));
    }
    let acc_s = (r.clock.ns() - t0) as f64 / 1e9;
    p.stop.store(true, SeqCst);
    let want = p.ok.iter().filter(|s| s.load(SeqCst) == 2).count() as u64;
    r.wait_count(&|w| w.hooks.load(SeqCst), want, o.float("quiet", 10.0), limit);
    for t in p.threads {
        let _ = t.join();
    }
    let got = r.watch.hooks.load(SeqCst);
    let wall = r.watch.last.load(SeqCst).saturating_sub(t0) as f64 / 1e9;
    let alive = r.alive();
    let cpu = cpu_ms(r.pid()).saturating_sub(c0);
    let (acc, seen, refused, _) = tally(&p.ok, &r.watch);
    let (rss, _, _) = mem_kib(r.pid());
    Ok(vec![
        ("events_per_s", got as f64 / wall),
        ("accepted_per_s", acc as f64 / acc_s),
        ("lines", got as f64),
        ("accepted", acc as f64),
        ("accepted_lost", (acc - seen) as f64),
        ("refused", refused as f64),
        ("http_errors", p.errors.load(SeqCst) as f64),
        ("connections", p.conns.load(SeqCst) as f64),
        ("dups", r.watch.dups.load(SeqCst) as f64),
        ("wall_s", wall),
        ("cpu_ms_per_event", cpu as f64 / got.max(1) as f64),
        ("rss_after_mib", rss as f64 / 1024.0),
        ("alive", alive as u8 as f64),
    ])
}
