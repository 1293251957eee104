//! The last stage before a program: it lays the limits on itself and becomes the program.
//!
//! Not the guard: that one lives beside the program and outlives it. Being a stage of its own, it needs no code between
//! fork and exec. Layer 2.

use std::{
    ffi::OsString,
    io::{self, Write},
    os::unix::process::CommandExt,
    process::Command,
};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
};

use super::{program::not_begun, run_dir::RunDir};

/// The exit code where the program could not be begun, as shells have it.
const NOT_BEGUN: i32 = 127;
/// The most files that a program may have open.
const OPEN_FILES: u64 = 1024;

/// Becomes the program. The arguments: the guard's process number, the run's folder or `-`, the program's path, then
/// its arguments from the zeroth on. Returns only where that fails, with the exit code.
pub(super) fn main(args: &[OsString]) -> i32 {
    let [guard, dir, program, zeroth, rest @ ..] = args else { return NOT_BEGUN };
    let why = match limit(guard) {
        Err(error) => format!("the limits could not be set: {error}"),
        Ok(()) => {
            let error = Command::new(program).arg0(zeroth).args(rest).exec();
            not_begun(&program.to_string_lossy(), &error)
        }
    };
    let told = if dir == "-" {
        writeln!(io::stderr(), "wilco guard: {why}")
    } else {
        RunDir::at(dir).put_not_run(&why)
    };
    // Where even that fails, the exit code is all that is left to say it.
    let _ = told;
    NOT_BEGUN
}

fn limit(guard: &OsString) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // Had the guard died before the line above, no signal would come any more.
    let parent = getppid().map(|pid| Pid::as_raw(Some(pid)).to_string());
    if parent.as_deref() != guard.to_str() {
        return Err(io::Error::other("the guard is gone"));
    }
    lower(Resource::Core, 0)?;
    lower(Resource::Nofile, OPEN_FILES)?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

/// Lowers a limit for good. What is lower already stays.
fn lower(resource: Resource, to: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let least = |old: Option<u64>| Some(old.map_or(to, |old| old.min(to)));
    Ok(setrlimit(resource, Rlimit { current: least(now.current), maximum: least(now.maximum) })?)
}
