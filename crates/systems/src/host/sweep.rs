//! Cleaning up among the runs' folders: what was left behind by a server that was killed, and what is old.
//!
//! Not the end of a run: [`super::exec`] deletes the folder of a read or a plan itself when it saw the end. Layer 2.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use super::run_dir::{Claimed, RunDir};

/// How long an operation's run stays after its last change; its output is in the database.
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// What changed so shortly before the sweep is left alone, as clocks of files are coarse.
const JUST_NOW: Duration = Duration::from_secs(1);

/// Deletes the folders of reads and plans that nobody guards any more, and those of operations' runs that changed last
/// fourteen days ago. Returns how many it deleted.
///
/// `now` is a time before anything of this process could run: what is newer is somebody's. `is_open` says of a folder's
/// name whether its operation still goes on, so that its end may be read there. What cannot be deleted is logged.
///
/// # Errors
/// When the folder of runs is there and cannot be read.
pub fn sweep(runs: &Path, now: SystemTime, is_open: impl Fn(&str) -> bool) -> io::Result<usize> {
    let entries = match fs::read_dir(runs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut swept = 0;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        // Wilco names its folders in ASCII; another is not its own.
        let Some(name) = name.to_str() else { continue };
        let passing = name.starts_with("plan-") || name.starts_with("read-");
        // An operation's id begins with a letter of its command and a dash.
        let operation = matches!(name.as_bytes(), [b'a'..=b'z', b'-', ..]) && !is_open(name);
        if !passing && !operation {
            continue;
        }
        let Ok(metadata) = entry.metadata() else { continue };
        let kept = if passing { JUST_NOW } else { KEPT };
        let is_old = metadata.modified()?.checked_add(kept).is_some_and(|until| until <= now);
        if !metadata.is_dir() || !is_old {
            continue;
        }
        let dir = RunDir::at(entry.path());
        match dir.look_at_claim() {
            Ok(Claimed::Lives) => {}
            // Whoever is late finds the claim taken or the folder gone, and begins nothing.
            Ok(Claimed::Never | Claimed::Ended) => {
                dir.remove();
                swept += usize::from(!dir.path().exists());
            }
            Err(error) => {
                tracing::warn!(folder = %dir.path().display(), %error, "a run's folder could not be looked at");
            }
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::host::run_dir::Guardian;

    /// A run's folder, and the claim of a guard that goes on for as long as it is held.
    fn run(runs: &Path, name: &str, claimed: bool) -> Option<File> {
        let dir = RunDir::at(runs.join(name));
        dir.create().expect("a run's folder");
        let guardian = Guardian { pid: 1, started: 2, boot: "b".into() };
        claimed.then(|| dir.claim(&guardian, false).expect("files work").expect("nobody was first"))
    }

    fn left(runs: &Path) -> Vec<String> {
        let entries = fs::read_dir(runs).expect("runs").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn what_nobody_guards_goes_and_the_rest_stays() {
        let root = tempfile::tempdir().expect("a folder");
        let runs = root.path().join("runs");
        assert_eq!(sweep(&runs, SystemTime::UNIX_EPOCH, |_| false).expect("nothing is there"), 0);
        let lives = run(&runs, "plan-1-2-0", true);
        drop(run(&runs, "plan-1-2-1", true));
        run(&runs, "read-0f.look", false);
        run(&runs, "d-7F3K.build.1", false);
        run(&runs, "r-8F3K.build.1", false);
        let other_lives = run(&runs, "d-9F3K.build.1", true);
        fs::create_dir(runs.join("notes")).expect("somebody's folder");
        fs::write(runs.join("read-me"), "x").expect("somebody's file");
        let changed = fs::metadata(runs.join("read-0f.look")).expect("a folder").modified().expect("a time");

        // What came to be just now may be this process's own.
        assert_eq!(sweep(&runs, changed, |_| false).expect("swept"), 0);
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(sweep(&runs, changed + 13 * day, |_| false).expect("swept"), 2);
        let (one, two, three) = ("d-7F3K.build.1", "d-9F3K.build.1", "r-8F3K.build.1");
        assert_eq!(left(&runs), [one, two, "notes", "plan-1-2-0", three, "read-me"]);

        let is_open = |name: &str| name.starts_with("r-8F3K.");
        assert_eq!(sweep(&runs, changed + 15 * day, is_open).expect("swept"), 1);
        assert_eq!(left(&runs), [two, "notes", "plan-1-2-0", three, "read-me"]);
        drop((lives, other_lives));
        assert_eq!(sweep(&runs, changed + 15 * day, |_| false).expect("swept"), 3);
        assert_eq!(left(&runs), ["notes", "read-me"]);
    }
}
