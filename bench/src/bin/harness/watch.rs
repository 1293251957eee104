//! Who sits in the channel and stamps the arrival of each answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crate::irc::{Heard, Irc, event};
use crate::options::{Clock, Outcome};

/// Sits in the channel in its own thread and stamps each reply's arrival.
pub(crate) struct Watch {
    pub(crate) pong: Vec<AtomicU64>,
    pub(crate) hook: Vec<AtomicU64>,
    pub(crate) pongs: AtomicU64,
    pub(crate) hooks: AtomicU64,
    pub(crate) dups: AtomicU64,
    pub(crate) last: AtomicU64,
    pub(crate) joins: AtomicU64,
    pub(crate) quits: AtomicU64,
    pub(crate) other: AtomicU64,
    pub(crate) stop: AtomicBool,
}
impl Watch {
    pub(crate) fn start(port: u16, clock: Clock, cap: usize) -> Outcome<Arc<Watch>> {
        let z = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let w = Arc::new(Watch {
            pong: z(cap),
            hook: z(cap),
            pongs: 0.into(),
            hooks: 0.into(),
            dups: 0.into(),
            last: 0.into(),
            joins: 0.into(),
            quits: 0.into(),
            other: 0.into(),
            stop: false.into(),
        });
        let mut c = Irc::connect(port, "watcher", true)?;
        // A small regular PING keeps the server's event loop turning (see README, "The server").
        let v = w.clone();
        thread::spawn(move || {
            let mut t = Irc::connect(port, "ticker", false);
            while !v.stop.load(SeqCst) {
                thread::sleep(Duration::from_millis(4));
                match t.as_mut().map(|c| c.send("PING t\r\n").and_then(|_| c.line(Duration::from_millis(1))))
                {
                    Ok(Ok(_)) => {}
                    _ => {
                        thread::sleep(Duration::from_millis(500));
                        t = Irc::connect(port, "ticker2", false);
                    }
                }
            }
        });
        let v = w.clone();
        thread::spawn(move || {
            let mut n = 0;
            while !v.stop.load(SeqCst) {
                let l = match c.line(Duration::from_millis(50)) {
                    Ok(Some(l)) => l,
                    Ok(None) => continue,
                    Err(_) => {
                        // the server went away (outage test): come back under a new nick
                        n += 1;
                        match Irc::connect(port, &format!("watcher{n}"), true) {
                            Ok(x) => c = x,
                            Err(_) => thread::sleep(Duration::from_millis(10)),
                        }
                        continue;
                    }
                };
                let now = clock.ns().max(1);
                let (tab, id, cnt) = match event(&l) {
                    None => continue,
                    Some(Heard::Join) => {
                        v.joins.fetch_add(1, SeqCst);
                        continue;
                    }
                    Some(Heard::Quit) => {
                        v.quits.fetch_add(1, SeqCst);
                        continue;
                    }
                    Some(Heard::Pong(i)) => (&v.pong, i, &v.pongs),
                    Some(Heard::Hook(i)) => (&v.hook, i, &v.hooks),
                    Some(_) => {
                        v.other.fetch_add(1, SeqCst);
                        continue;
                    }
                };
                match tab.get(id as usize) {
                    Some(c) if c.swap(now, SeqCst) == 0 => {
                        cnt.fetch_add(1, SeqCst);
                        v.last.store(now, SeqCst);
                    }
                    _ => {
                        v.dups.fetch_add(1, SeqCst);
                    }
                }
            }
        });
        Ok(w)
    }
}
