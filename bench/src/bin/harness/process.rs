//! The processes of a run: started in a group of their own, weighed with all their children, ended.
//!
//! Reads `/proc`, so Linux only.

use std::collections::HashMap;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::options::{Outcome, context};

pub(crate) fn stat_of(pid: u32) -> Option<(u32, u64)> {
    let s = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = &s[s.rfind(')')? + 2..];
    let f: Vec<&str> = rest.split(' ').collect();
    let t = |i: usize| f.get(i).and_then(|v| v.parse::<u64>().ok()).unwrap_or(0);
    // ppid; utime + stime + those of reaped children
    Some((t(1) as u32, t(11) + t(12) + t(13) + t(14)))
}
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut kids: HashMap<u32, Vec<u32>> = HashMap::new();
    if let Ok(d) = std::fs::read_dir("/proc") {
        for e in d.flatten() {
            if let Some(pid) = e.file_name().to_str().and_then(|n| n.parse::<u32>().ok())
                && let Some((pp, _)) = stat_of(pid)
            {
                kids.entry(pp).or_default().push(pid);
            }
        }
    }
    let mut out = vec![root];
    let mut i = 0;
    while i < out.len() {
        if let Some(k) = kids.get(&out[i]) {
            out.extend(k);
        }
        i += 1;
    }
    out
}
pub(crate) fn cpu_ms(root: u32) -> u64 {
    let hz = rustix::param::clock_ticks_per_second().max(1);
    tree(root).iter().filter_map(|p| stat_of(*p)).map(|x| x.1).sum::<u64>() * 1000 / hz
}
pub(crate) fn mem_kib(root: u32) -> (u64, u64, u64) {
    let (mut rss, mut pss) = (0, 0);
    let t = tree(root);
    for p in &t {
        let s = std::fs::read_to_string(format!("/proc/{p}/smaps_rollup")).unwrap_or_default();
        let val = |k: &str| {
            s.lines()
                .find(|l| l.starts_with(k))
                .and_then(|l| l.split_whitespace().nth(1))
                .and_then(|v| v.parse::<u64>().ok())
                .unwrap_or(0)
        };
        rss += val("Rss:");
        pss += val("Pss:");
    }
    (rss, pss, t.len() as u64)
}
/// The most that the process itself ever had in memory, in KiB.
pub(crate) fn most_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let row = status.lines().find_map(|row| row.strip_prefix("VmHWM:"));
    row.and_then(|row| row.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
pub(crate) struct Proc {
    pub(crate) child: Child,
}
impl Proc {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(group) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process_group(group, signal);
        }
    }
    pub(crate) fn stop(&mut self, hard: bool) {
        if !hard {
            self.signal(Signal::TERM);
            for _ in 0..30 {
                if let Ok(Some(_)) = self.child.try_wait() {
                    break;
                }
                thread::sleep(Duration::from_millis(100));
            }
        }
        self.signal(Signal::KILL); // the whole group that this harness started
        let _ = self.child.wait();
    }
}
impl Drop for Proc {
    fn drop(&mut self) {
        self.stop(true);
    }
}
pub(crate) fn spawn(mut c: Command, log: &Path) -> Outcome<Proc> {
    let f = std::fs::OpenOptions::new().create(true).append(true).open(log).map_err(context("log"))?;
    let g = f.try_clone().map_err(context("log"))?;
    c.stdin(Stdio::null()).stdout(f).stderr(g).process_group(0);
    Ok(Proc { child: c.spawn().map_err(context("spawn"))? })
}
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
