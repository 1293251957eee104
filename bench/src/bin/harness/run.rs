//! A run: an IRC server, a system under test, and who watches the channel.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use crate::irc::{CHANNEL, Irc, NICK};
use crate::options::{Clock, Options, Outcome, context};
use crate::process::{Proc, cpu_ms, free_port, spawn};
use crate::watch::Watch;

pub(crate) struct Run {
    pub(crate) clock: Clock,
    pub(crate) irc_port: u16,
    pub(crate) http_port: u16,
    pub(crate) dir: PathBuf,
    pub(crate) watch: Arc<Watch>,
    pub(crate) sut: Option<Proc>,
    pub(crate) ircd: Option<Proc>,
    pub(crate) join_s: f64,
    pub(crate) answer_s: f64,
}
pub(crate) fn start_ircd(o: &Options, port: u16, dir: &Path) -> Outcome<Proc> {
    let mut c = Command::new(o.get("ircd").ok_or("--ircd PROGRAM is needed")?);
    c.arg(port.to_string()).arg(dir.join("ircd"));
    let p = spawn(c, &dir.join("ircd.out"))?;
    let end = Instant::now() + Duration::from_secs(15);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > end {
            return Err("the IRC server did not open its port".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(p)
}
impl Run {
    pub(crate) fn spawn_sut(&mut self, o: &Options, listeners: u64) -> Outcome<()> {
        let mut c = Command::new(o.get("sut").ok_or("--sut PROGRAM is needed")?);
        c.env("BENCH_IRC_HOST", "127.0.0.1")
            .env("BENCH_IRC_PORT", self.irc_port.to_string())
            .env("BENCH_NICK", NICK)
            .env("BENCH_CHANNEL", CHANNEL)
            .env("BENCH_HTTP_PORT", self.http_port.to_string())
            .env("BENCH_LISTENERS", listeners.to_string())
            .env("BENCH_STATE", self.dir.join("state"));
        if let Some(k) = o.get("secret") {
            c.env("BENCH_WEBHOOK_SECRET", k);
        }
        std::fs::create_dir_all(self.dir.join("state")).map_err(context("state"))?;
        self.sut = Some(spawn(c, &self.dir.join("sut.out"))?);
        Ok(())
    }
    /// Server up, watcher in the room, system spawned, and its first answer seen.
    pub(crate) fn start(o: &Options, listeners: u64, cap: usize) -> Outcome<Run> {
        let tmp = o.text("tmp", &std::env::temp_dir().to_string_lossy());
        let dir = Path::new(&tmp).join(format!("bench-{}-{}", std::process::id(), free_port()));
        std::fs::create_dir_all(&dir).map_err(context("tmp"))?;
        let clock = Clock(Instant::now());
        let irc_port = free_port();
        let ircd = start_ircd(o, irc_port, &dir)?;
        let watch = Watch::start(irc_port, clock, cap + 2)?;
        let mut asker = Irc::connect(irc_port, "asker", false)?;
        let mut r = Run {
            clock,
            irc_port,
            http_port: free_port(),
            dir,
            watch,
            sut: None,
            ircd: Some(ircd),
            join_s: 0.0,
            answer_s: 0.0,
        };
        let t0 = Instant::now();
        r.spawn_sut(o, listeners)?;
        let limit = Duration::from_secs(o.number("start-limit", 120));
        let poll = |what: &str, done: &dyn Fn() -> bool, tick: &mut dyn FnMut()| -> Outcome<()> {
            while !done() {
                if t0.elapsed() > limit {
                    return Err(format!("{what} within {limit:?}"));
                }
                thread::sleep(Duration::from_millis(2));
                tick();
            }
            Ok(())
        };
        let w = r.watch.clone();
        poll("the bot did not join", &|| w.joins.load(SeqCst) > 0, &mut || ())?;
        r.join_s = t0.elapsed().as_secs_f64();
        let (mut last, mut gap) = (Instant::now(), Duration::ZERO);
        poll("the bot did not answer", &|| w.pongs.load(SeqCst) > 0, &mut || {
            // ask again with growing gaps, so that a slow bot gets no backlog from this
            if last.elapsed() >= gap {
                let _ = asker.send(&format!("PRIVMSG {CHANNEL} :{NICK}: ping t{cap}\r\n"));
                last = Instant::now();
                gap = (gap * 2).max(Duration::from_millis(50));
            }
        })?;
        r.answer_s = t0.elapsed().as_secs_f64();
        // let repeated start-up questions drain
        thread::sleep(Duration::from_millis(o.number("settle-ms", 1500)));
        w.pongs.store(0, SeqCst);
        w.dups.store(0, SeqCst);
        Ok(r)
    }
    pub(crate) fn pid(&self) -> u32 {
        self.sut.as_ref().map_or(0, |p| p.pid())
    }
    pub(crate) fn alive(&mut self) -> bool {
        matches!(self.sut.as_mut().map(|p| p.child.try_wait()), Some(Ok(None)))
    }
    pub(crate) fn wait_http(&self, secs: u64) -> Outcome<()> {
        let end = Instant::now() + Duration::from_secs(secs);
        while TcpStream::connect(("127.0.0.1", self.http_port)).is_err() {
            if Instant::now() > end {
                return Err("the bot's HTTP port did not open".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
    /// Waits till the counter reaches `want`, or nothing new came for `quiet`, or `limit` passed.
    pub(crate) fn wait_count(&mut self, c: &dyn Fn(&Watch) -> u64, want: u64, quiet: f64, limit: f64) {
        let t0 = Instant::now();
        let (mut seen, mut at) = (c(&self.watch), Instant::now());
        while c(&self.watch) < want && t0.elapsed().as_secs_f64() < limit {
            thread::sleep(Duration::from_millis(5));
            let n = c(&self.watch);
            if n != seen {
                seen = n;
                at = Instant::now();
            }
            if at.elapsed().as_secs_f64() > quiet || !self.alive() {
                break;
            }
        }
    }
    /// Waits till the system uses next to no CPU; gives the clock of the last busy moment.
    pub(crate) fn wait_idle(&self, limit: f64) -> u64 {
        let t0 = Instant::now();
        let mut busy = self.clock.ns();
        let mut prev = cpu_ms(self.pid());
        while t0.elapsed().as_secs_f64() < limit {
            thread::sleep(Duration::from_millis(100));
            let c = cpu_ms(self.pid());
            if c > prev + 20 {
                busy = self.clock.ns();
            }
            prev = c;
            if self.clock.ns() - busy > 400_000_000 {
                break;
            }
        }
        busy
    }
}
impl Drop for Run {
    fn drop(&mut self) {
        self.watch.stop.store(true, SeqCst);
        if let Some(p) = self.sut.as_mut() {
            p.stop(false);
        }
        if let Some(p) = self.ircd.as_mut() {
            p.stop(false);
        }
        if std::env::var_os("BENCH_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}
