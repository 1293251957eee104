//! The processes that a guard answers for, read from `/proc`.
//!
//! Not a list of all that runs here: only what descends from one process, however far it forked away. Layer 2.

use std::{collections::BTreeSet, io, time::Duration};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// A process. Its number alone may be another's by tomorrow; with the start time it is this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    /// Its number.
    pub(super) pid: i32,
    /// When it was started, in ticks since the boot.
    pub(super) started: u64,
    parent: i32,
    dead: bool,
}

/// This process.
pub(super) fn own() -> Option<Process> {
    look(i32::try_from(std::process::id()).ok()?)
}

/// What tells this boot of the machine from all others.
pub(super) fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A process by its number.
fn look(pid: i32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name stands in brackets and may hold anything, brackets too.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
        dead: matches!(*fields.first()?, "Z" | "X"),
    })
}

/// Everything that lives and descends from this process.
fn descendants(of: i32) -> io::Result<Vec<Process>> {
    let mut others = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let pid = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        others.extend(pid.and_then(look));
    }
    let mut found = Vec::new();
    let mut parents = vec![of];
    while let Some(parent) = parents.pop() {
        let (children, rest): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|process| process.parent == parent);
        parents.extend(children.iter().map(|child| child.pid));
        found.extend(children.into_iter().filter(|child| !child.dead));
        others = rest;
    }
    Ok(found)
}

/// Ends everything that descends from this process, what forks meanwhile too. Returns how many there were.
///
/// What forked away from its family is found as well, provided that `of` is a reaper of orphans.
pub(super) async fn end_descendants(of: i32) -> usize {
    let mut ended = BTreeSet::new();
    // Each round kills all it sees; something that forks faster than this is left after a few seconds.
    for _ in 0..200 {
        let alive = descendants(of).unwrap_or_default();
        if alive.is_empty() {
            break;
        }
        for process in alive {
            kill(process);
            ended.insert((process.pid, process.started));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ended.len()
}

/// Kills this process and no other that may have got its number.
fn kill(process: Process) {
    let Some(pid) = Pid::from_raw(process.pid) else { return };
    let still = || look(process.pid).is_some_and(|now| now.started == process.started);
    // A handle stays with the process it was opened for, so asking after opening leaves no gap. An old system has no
    // handles; the gap is then a few microseconds. A process that is already gone is what was wanted.
    let _ = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) if still() => pidfd_send_signal(handle, Signal::KILL),
        Err(rustix::io::Errno::NOSYS) if still() => kill_process(pid, Signal::KILL),
        _ => Ok(()),
    };
}

/// A signal's name, as people know it.
pub(super) fn signal_name(number: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let known = usize::try_from(number - 1).ok().and_then(|at| NAMES.get(at));
    known.map_or_else(|| format!("signal {number}"), |name| format!("SIG{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found() {
        let own = own().expect("a process");
        assert_eq!(u32::try_from(own.pid), Ok(std::process::id()));
        assert!(descendants(own.parent).expect("/proc").contains(&own));
        assert!(!boot().is_empty());
    }

    #[test]
    fn signals_have_names() {
        assert_eq!(signal_name(9), "SIGKILL");
        assert_eq!(signal_name(15), "SIGTERM");
        assert_eq!(signal_name(31), "SIGSYS");
        assert_eq!(signal_name(40), "signal 40");
        assert_eq!(signal_name(0), "signal 0");
    }
}
