//! `wilco guard`: the process beside a program that runs it, keeps what it says and writes how it ended.
//!
//! Not a part of the server's process: it goes on when the server is killed. It decides nothing about what may run;
//! whoever can start it could start the program as well. Layer 2.

use std::{
    ffi::{OsStr, OsString},
    future::Future,
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    pin::pin,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group, set_child_subreaper, setsid};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};

use super::{
    capture::{Capture, Pipe},
    inner, processes, program,
    run_dir::{Exit, Guardian, Request, RunDir, Stop, VERSION},
};

/// How often the guard looks whether it is asked to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long a program has between being asked and being made to end.
const GRACE: Duration = Duration::from_secs(5);
/// How long what a program left behind may go on printing before nobody listens any more.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The guard's exit codes: wrong usage; it could not begin; it could not write how the program ended.
const USAGE: i32 = 2;
const NOT_BEGUN: i32 = 3;
const NOT_WRITTEN: i32 = 4;

/// Is the guard, with what stands after the word `guard` in this process's own arguments, unread by anybody else: a `--`
/// counts. Call it before any thread or runtime is made. Returns the process's exit code.
///
/// - `RUN_DIR`: runs what the request in this folder says. This is what `exec.run` starts.
/// - `-- PROGRAM ARGUMENTS…`: runs a program on this terminal under the same limits, ends what it leaves behind, and
///   returns its exit code, or 128 and its signal.
/// - `--inner …`: its own second stage.
#[must_use]
pub fn run() -> i32 {
    let all: Vec<_> = std::env::args_os().skip(1).collect();
    let word = all.iter().position(|word| word == "guard").map_or(0, |at| at + 1);
    // What stands before leads back here when this executable is started again.
    let (again, args) = all.split_at(word);
    let outer = match args {
        [flag, rest @ ..] if flag == "--inner" => return inner::main(rest),
        [flag, argv @ ..] if flag == "--" && !argv.is_empty() => Outer::Plain(argv),
        [dir] if dir != "--" => Outer::Kept(RunDir::at(dir)),
        _ => return complain(USAGE, "usage: wilco guard RUN_DIR, or wilco guard -- PROGRAM [ARGUMENT]..."),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(NOT_BEGUN, &error.to_string()),
    };
    runtime.block_on(async {
        match outer {
            Outer::Plain(argv) => plain(argv, again).await,
            Outer::Kept(dir) => match kept(&dir, again).await {
                Ok(()) => 0,
                Err(error) => {
                    // Before the program was begun, this is where Wilco looks for the reason.
                    let _ = dir.put_complaint(&error.what.to_string());
                    complain(error.code, &error.what.to_string())
                }
            },
        }
    })
}

enum Outer<'a> {
    Plain(&'a [OsString]),
    Kept(RunDir),
}

struct Failed {
    code: i32,
    what: io::Error,
}

fn complain(code: i32, what: &str) -> i32 {
    // Nobody may be listening; the exit code says it as well.
    let _ = writeln!(io::stderr(), "wilco guard: {what}");
    code
}

/// Runs a program on this terminal.
async fn plain(argv: &[OsString], again: &[OsString]) -> i32 {
    let run = async {
        set_child_subreaper(Some(getpid()))?;
        let told = told_to_end()?;
        let path = std::env::var_os("PATH");
        let name =
            argv[0].to_str().ok_or_else(|| io::Error::other("the program's name is not valid UTF-8"))?;
        let found = program::find(name, path.as_deref()).map_err(io::Error::other)?;
        let mut child = stage(again, OsStr::new("-"), &found, argv).spawn()?;
        // The program shares the terminal's group, so an interrupt from the keyboard has already reached it.
        let (status, _) = until_end(&mut child, told, Group::Shared).await?;
        processes::end_descendants(own_pid()).await;
        Ok::<_, io::Error>(status)
    };
    match run.await {
        Ok(status) => status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()),
        Err(error) => complain(NOT_BEGUN, &error.to_string()),
    }
}

/// Runs what the request in a folder says.
async fn kept(dir: &RunDir, again: &[OsString]) -> Result<(), Failed> {
    let early = |what: io::Error| Failed { code: NOT_BEGUN, what };
    // Where it is the first of its session already, that is what was wanted.
    let _ = setsid();
    let request = dir.request().map_err(early)?;
    if request.version != VERSION {
        return Err(early(io::Error::other(format!(
            "the request has version {}, not {VERSION}",
            request.version
        ))));
    }
    set_child_subreaper(Some(getpid())).map_err(|error| early(error.into()))?;
    let told = told_to_end().map_err(early)?;
    let own =
        processes::own().ok_or_else(|| early(io::Error::other("`/proc` does not show this process")))?;
    let guardian = Guardian { pid: std::process::id(), started: own.started, boot: processes::boot() };
    let claim = dir.claim(&guardian, request.durable).map_err(early)?;
    let Some(claim) = claim else {
        return Err(early(io::Error::other("the run was claimed by somebody else")));
    };
    let exit = match dir.asked_to_stop() {
        Some(why) => Exit {
            stopped: Some(why),
            not_run: Some("it was stopped before it began".into()),
            ..Exit::default()
        },
        None => guarded(dir, &request, told, again).await,
    };
    let written = write_exit(dir, &exit, request.durable).await;
    drop(claim);
    written.map_err(|what| Failed { code: NOT_WRITTEN, what })
}

/// Writes how it ended. Nobody else knows what this says, so a full disk costs the output first, and then some patience.
async fn write_exit(dir: &RunDir, exit: &Exit, durable: bool) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match dir.put_exit(exit, durable) {
            Err(_) if tries < 25 => tries += 1,
            written => return written,
        }
        let _ = dir.make_room();
        sleep(Duration::from_millis(200)).await;
    }
}

/// Runs the program of a claimed run to its end.
async fn guarded(
    dir: &RunDir,
    request: &Request,
    told: impl Future<Output = Stop>,
    again: &[OsString],
) -> Exit {
    let not_run = |why: String| Exit { not_run: Some(why), ..Exit::default() };
    let path = std::env::var_os("PATH");
    let name = request.argv.first().map(String::as_str).unwrap_or_default();
    let found = match program::find(name, path.as_deref()) {
        Ok(found) => found,
        Err(why) => return not_run(why),
    };
    let argv: Vec<_> = request.argv.iter().map(OsString::from).collect();
    let mut command = stage(again, dir.path().as_os_str(), &found, &argv);
    command.current_dir(&request.cwd).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return not_run(format!("`{name}` could not be begun: {error}")),
    };
    let mut capture = Capture::new(dir.clone());
    let mut exit = watch(&mut child, request, stop(dir, request, told), &mut capture).await;
    (exit.out_bytes, exit.err_bytes) = capture.totals();
    // A full disk costs the output; how the program ended is told all the same.
    let _ = capture.finish(request.durable);
    exit.not_run = dir.not_run().unwrap_or(None).or(exit.not_run);
    exit
}

/// Feeds the program, listens to it and waits for its end, then sees to what it left behind.
async fn watch(
    child: &mut Child,
    request: &Request,
    stop: impl Future<Output = Stop>,
    capture: &mut Capture,
) -> Exit {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut talk = pin!(async {
        tokio::join!(feed(stdin, request.stdin.as_bytes()), listen(stdout, stderr, capture));
    });
    let mut ended = pin!(until_end(child, stop, Group::Own));
    let (mut talking, ended) = tokio::select! {
        ended = &mut ended => (true, ended),
        () = &mut talk => (false, ended.await),
    };
    if talking {
        talking = timeout(LAST_WORDS, &mut talk).await.is_err();
    }
    let killed_children = if request.keep { 0 } else { processes::end_descendants(own_pid()).await };
    if talking && !request.keep {
        // With everybody gone, what is left in the pipes is read at once.
        let _ = timeout(LAST_WORDS, &mut talk).await;
    }
    match ended {
        Ok((status, stopped)) => {
            Exit { code: status.code(), signal: status.signal(), stopped, killed_children, ..Exit::default() }
        }
        Err(error) => Exit {
            not_run: Some(format!("its end could not be waited for: {error}")),
            killed_children,
            ..Exit::default()
        },
    }
}

/// The second stage, which becomes the program.
fn stage(again: &[OsString], dir: &OsStr, found: &Path, argv: &[OsString]) -> Command {
    // This executable may have been replaced on disk since; the link leads to the one that runs.
    let mut command = Command::new("/proc/self/exe");
    command.args(again).arg("--inner").arg(std::process::id().to_string()).arg(dir).arg(found).args(argv);
    command
}

/// Hands the program its input. One that does not read it, or ends first, is free to.
async fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input).await;
    }
}

/// Keeps what the program prints, until both its ways out are closed.
async fn listen(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>, capture: &mut Capture) {
    let (Some(mut stdout), Some(mut stderr)) = (stdout, stderr) else { return };
    let (mut out, mut err) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        tokio::select! {
            read = stdout.read(&mut out), if out_open => match read {
                Ok(count @ 1..) => capture.take(Pipe::Out, &out[..count]),
                _ => out_open = false,
            },
            read = stderr.read(&mut err), if err_open => match read {
                Ok(count @ 1..) => capture.take(Pipe::Err, &err[..count]),
                _ => err_open = false,
            },
        }
    }
}

/// Comes true when the program has to be stopped.
async fn stop(dir: &RunDir, request: &Request, told: impl Future<Output = Stop>) -> Stop {
    let asked = async {
        loop {
            if let Some(why) = dir.asked_to_stop() {
                return why;
            }
            sleep(LOOK).await;
        }
    };
    tokio::select! {
        why = asked => why,
        why = told => why,
        () = sleep(Duration::from_millis(request.timeout_ms)) => Stop::Timeout,
    }
}

/// Comes true when a signal tells the guard itself to end.
fn told_to_end() -> io::Result<impl Future<Output = Stop>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => Stop::Ended,
            _ = interrupt.recv() => Stop::Ended,
            _ = hangup.recv() => Stop::Ended,
        }
    })
}

/// Whether a program leads a group of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Own,
    Shared,
}

/// Waits for the program's end; when it has to be stopped, asks it first and makes it end after [`GRACE`].
async fn until_end(
    child: &mut Child,
    stop: impl Future<Output = Stop>,
    group: Group,
) -> io::Result<(ExitStatus, Option<Stop>)> {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    // Until it is waited for, its number is nobody else's. One that ended meanwhile needs no signal.
    let tell = |what: Signal| {
        let Some(pid) = pid else { return };
        let told_all = group == Group::Own && kill_process_group(pid, what).is_ok();
        if !told_all || what == Signal::KILL {
            let _ = kill_process(pid, what);
        }
    };
    let why = tokio::select! {
        status = child.wait() => return Ok((status?, None)),
        why = stop => why,
    };
    tell(Signal::TERM);
    if let Ok(status) = timeout(GRACE, child.wait()).await {
        return Ok((status?, Some(why)));
    }
    tell(Signal::KILL);
    Ok((child.wait().await?, Some(why)))
}

fn own_pid() -> i32 {
    Pid::as_raw(Some(getpid()))
}
