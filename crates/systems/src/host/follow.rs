//! Starting a guard, and following a run to its end, whoever started it.
//!
//! Not the guard: that one is another process. Layer 2.

use std::{ffi::OsString, io, process::Stdio, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::process::{Child, Command};
use wilco_contract::action::{Lines, Tools};

use super::{
    run_dir::{Claimed, Exit, RunDir, Stop},
    tail::{Line, Tail},
};

/// The longest pause between two looks at a run's folder.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a guard may take from being asked to stop to having written the end.
const STOPPING: Duration = Duration::from_secs(20);
/// How many parts of the output are read between two looks.
const PARTS: usize = 4;

/// What became of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The guard wrote how it ended.
    Exited(Exit),
    /// It was never begun and cannot begin any more; why, where that is known.
    NeverBegan(Option<String>),
    /// It was begun, and its end was not seen.
    Lost(&'static str),
}

/// Starts a guard for the run in this folder. It outlives this process.
pub(super) fn start(guard: &[OsString], dir: &RunDir, env: Vec<(OsString, OsString)>) -> io::Result<Child> {
    let (program, before) =
        guard.split_first().ok_or_else(|| io::Error::other("it is not said how the guard is started"))?;
    Command::new(program)
        .args(before)
        .arg(dir.path())
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// Follows the run in this folder to its end: tells its lines, asks it to stop on a wish or at the deadline. With
/// the guard that was just started here, or without, after a restart.
pub(super) async fn follow(
    dir: &RunDir,
    tools: &Tools,
    deadline: Timestamp,
    mut guard: Option<Child>,
) -> io::Result<End> {
    let mut tail = Tail::new(dir.clone());
    let mut asked = false;
    let mut pause = Duration::from_millis(5);
    let mut overdue = std::pin::pin!(tokio::time::sleep(Duration::MAX));
    loop {
        let looked;
        (tail, looked) = look(dir, tail, guard.is_none()).await?;
        tell(&tools.lines, &looked.lines);
        match looked.end {
            Some(end) => return Ok(end),
            None if looked.more => continue,
            None => {}
        }
        pause = (pause * 2).min(PAUSE);
        let stop = tokio::select! {
            () = tokio::time::sleep(pause) => None,
            _ = ended(&mut guard) => { guard = None; None }
            () = tools.cancel.cancelled(), if !asked => Some(Stop::Abort),
            () = tools.clock.until(deadline), if !asked => Some(Stop::Timeout),
            () = &mut overdue, if asked => {
                return Ok(End::Lost("it was told to stop, and whether it has stopped is not known"));
            }
        };
        if let Some(why) = stop {
            asked = true;
            overdue.set(tokio::time::sleep(STOPPING));
            let dir = dir.clone();
            on_disk(move || dir.ask_to_stop(why)).await?;
        }
    }
}

/// Waits for a guard that was started here; for ever where none was.
async fn ended(guard: &mut Option<Child>) {
    match guard {
        Some(guard) => {
            // An error means that somebody else has waited for it, so it has ended too.
            let _ = guard.wait().await;
        }
        None => std::future::pending().await,
    }
}

struct Looked {
    lines: Vec<Line>,
    end: Option<End>,
    more: bool,
}

/// Looks how far the run is. `alone`: no guard was started here, or it has ended, so the claim has to tell.
async fn look(dir: &RunDir, mut tail: Tail, alone: bool) -> io::Result<(Tail, Looked)> {
    let dir = dir.clone();
    on_disk(move || {
        // How it stands is asked before the output is read, so that an end leaves nothing unread.
        let end = end_of(&dir, alone)?;
        let mut lines = Vec::new();
        let mut parts = 0;
        let mut more = true;
        while more && (parts < PARTS || end.is_some()) {
            more = tail.read(&mut lines)?;
            parts += 1;
        }
        if end.is_some() {
            tail.finish(&mut lines);
        }
        Ok((tail, Looked { lines, end, more }))
    })
    .await
}

fn end_of(dir: &RunDir, alone: bool) -> io::Result<Option<End>> {
    if let Some(exit) = dir.exit()? {
        return Ok(Some(End::Exited(exit)));
    }
    if !alone {
        return Ok(None);
    }
    Ok(match dir.look_at_claim()? {
        Claimed::Lives => None,
        Claimed::Never => Some(End::NeverBegan(dir.complaint()?)),
        // It may have written the end between the two looks.
        Claimed::Ended => {
            let lost = End::Lost("the program was started, and its end was not seen");
            Some(dir.exit()?.map_or(lost, End::Exited))
        }
    })
}

fn tell(to: &Arc<dyn Lines>, lines: &[Line]) {
    for Line { stream, text, more } in lines {
        to.beginning(*stream, text, *more);
    }
}

/// Does something with files where it may wait without holding up others.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
