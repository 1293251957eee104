//! The folder of a run: what Wilco and the guard tell each other, and what a later Wilco reads.
//!
//! Not the output itself: [`super::capture`] writes it, [`super::tail`] reads it. Layer 2.
//!
//! Who may begin the program is settled by one file, `claim`, that only one can create. The guard holds a lock on it
//! for as long as it lives, which the system releases whatever ends the guard; so nobody has to trust a process
//! number that may by now be another's.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The version of these files. A guard refuses a request of another one.
pub(super) const VERSION: u32 = 1;
/// The most of a file that is read, in bytes.
const MOST: u64 = 4 << 20;
/// What a claim says that was made so that nobody can begin any more.
const NOBODY: &str = "nobody\n";

/// What the guard is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    /// [`VERSION`].
    pub(super) version: u32,
    /// The program, as a path or a name to look for, and its arguments.
    pub(super) argv: Vec<String>,
    /// The folder it runs in.
    pub(super) cwd: PathBuf,
    /// What it reads.
    pub(super) stdin: String,
    /// How long it may run, in milliseconds.
    pub(super) timeout_ms: u64,
    /// Whether processes it left behind stay.
    pub(super) keep: bool,
    /// Whether what is written must survive a loss of power.
    pub(super) durable: bool,
}

/// Who guards a run, for people who look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Guardian {
    /// Its process number.
    pub(super) pid: u32,
    /// When it was started, in ticks since the boot.
    pub(super) started: u64,
    /// The boot.
    pub(super) boot: String,
}

/// Why a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stop {
    /// Somebody wished it.
    Abort,
    /// Its time was over.
    Timeout,
    /// The guard itself was told to end, for example as the machine goes down.
    Ended,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exit {
    /// The program's exit code.
    pub(super) code: Option<i32>,
    /// The signal that ended it.
    pub(super) signal: Option<i32>,
    /// Why the guard stopped it, if it did.
    pub(super) stopped: Option<Stop>,
    /// Why the program was never begun, if it was not.
    pub(super) not_run: Option<String>,
    /// What it printed on standard output, in bytes.
    pub(super) out_bytes: u64,
    /// What it printed on standard error, in bytes.
    pub(super) err_bytes: u64,
    /// How many processes it left behind that the guard ended.
    pub(super) killed_children: usize,
}

/// What a look at the claim says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claimed {
    /// Nobody had begun, and now nobody can.
    Never,
    /// A guard lives.
    Lives,
    /// A guard had begun, and lives no more.
    Ended,
}

/// The folder of a run.
#[derive(Debug, Clone)]
pub(super) struct RunDir(PathBuf);

impl RunDir {
    /// The folder at this path, which may not be there yet.
    pub(super) fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, for the eyes of this account only.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when it is there; else as the system says.
    pub(super) fn create(&self) -> io::Result<()> {
        if let Some(parent) = self.0.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        DirBuilder::new().mode(0o700).create(&self.0)
    }

    /// Deletes it with all that is in it.
    pub(super) fn remove(&self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "a run's folder could not be deleted");
        }
    }

    /// Writes the request.
    pub(super) fn put_request(&self, request: &Request) -> io::Result<()> {
        self.put("request.json", request, request.durable)
    }

    /// Reads the request.
    pub(super) fn request(&self) -> io::Result<Request> {
        self.get("request.json")?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Writes how it ended. Whoever sees the file sees all of it.
    pub(super) fn put_exit(&self, exit: &Exit, durable: bool) -> io::Result<()> {
        self.put("exit.json", exit, durable)
    }

    /// How it ended, once it has.
    pub(super) fn exit(&self) -> io::Result<Option<Exit>> {
        self.get("exit.json")
    }

    /// Asks the guard to stop.
    pub(super) fn ask_to_stop(&self, why: Stop) -> io::Result<()> {
        self.put("stop.json", &why, false)
    }

    /// Whether the guard is asked to stop. A question that cannot be read counts as one.
    pub(super) fn asked_to_stop(&self) -> Option<Stop> {
        self.get("stop.json").unwrap_or(Some(Stop::Abort))
    }

    /// Says why this guard did not begin; another one may have.
    pub(super) fn put_complaint(&self, why: &str) -> io::Result<()> {
        self.put("guard.json", &why, false)
    }

    /// Why a guard did not begin, if it could say so.
    pub(super) fn complaint(&self) -> io::Result<Option<String>> {
        self.get("guard.json")
    }

    /// Says why the program could not be begun; the inner stage does, as it can no longer say so otherwise.
    pub(super) fn put_not_run(&self, why: &str) -> io::Result<()> {
        self.put("not_run.json", &why, false)
    }

    /// Why the program could not be begun, if so.
    pub(super) fn not_run(&self) -> io::Result<Option<String>> {
        self.get("not_run.json")
    }

    /// Claims the run for this guard, which lives for as long as the file it gets stays open. `None`: somebody else
    /// was first, and the program must not be begun.
    pub(super) fn claim(&self, guardian: &Guardian, durable: bool) -> io::Result<Option<File>> {
        let mut file = match self.new_claim() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            file => file?,
        };
        // Between creating and locking, a look may have been faster. It leaves a word in the file.
        if !lock(&file)? || file.metadata()?.len() > 0 {
            return Ok(None);
        }
        file.write_all(&serde_json::to_vec(guardian)?)?;
        if durable {
            file.sync_all()?;
            self.sync_folders()?;
        }
        Ok(Some(file))
    }

    /// Looks who claimed the run. Where nobody has begun it, nobody can afterwards.
    pub(super) fn look_at_claim(&self) -> io::Result<Claimed> {
        let mut file = match self.new_claim() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().read(true).write(true).open(self.0.join("claim"))?
            }
            file => file?,
        };
        if !lock(&file)? {
            return Ok(Claimed::Lives);
        }
        let mut said = String::new();
        (&mut file).take(MOST).read_to_string(&mut said)?;
        if said == NOBODY {
            return Ok(Claimed::Never);
        }
        if !said.is_empty() {
            return Ok(Claimed::Ended);
        }
        file.seek(SeekFrom::Start(0))?;
        file.write_all(NOBODY.as_bytes())?;
        file.sync_all()?;
        self.sync_folders()?;
        Ok(Claimed::Never)
    }

    /// Deletes what the program printed, so that a full disk has room for how it ended.
    pub(super) fn make_room(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(b"output.") {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn new_claim(&self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(self.0.join("claim"))
    }

    /// Makes what was created in the folder, and the folder itself, survive a loss of power.
    fn sync_folders(&self) -> io::Result<()> {
        for folder in self.0.ancestors().take(3) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn put<T: Serialize + ?Sized>(&self, name: &str, value: &T, durable: bool) -> io::Result<()> {
        let hidden = self.0.join(format!(".{name}"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&hidden)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        if durable {
            file.sync_all()?;
        }
        std::fs::rename(&hidden, self.0.join(name))?;
        if durable { File::open(&self.0)?.sync_all() } else { Ok(()) }
    }

    fn get<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        let file = match File::open(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut text = Vec::new();
        file.take(MOST).read_to_end(&mut text)?;
        Ok(Some(serde_json::from_slice(&text)?))
    }
}

/// Takes the lock that ends with the process; whether it was free.
fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guardian() -> Guardian {
        Guardian { pid: 1, started: 2, boot: "b".into() }
    }

    fn folder() -> (tempfile::TempDir, RunDir) {
        let root = tempfile::tempdir().expect("a folder");
        let dir = RunDir::at(root.path().join("runs/d-7F3K.build.1"));
        dir.create().expect("a run's folder");
        (root, dir)
    }

    #[test]
    fn only_one_can_claim() {
        let (_root, dir) = folder();
        let held = dir.claim(&guardian(), true).expect("files work").expect("nobody was first");
        assert!(dir.claim(&guardian(), true).expect("files work").is_none());
        assert_eq!(dir.look_at_claim().expect("files work"), Claimed::Lives);
        drop(held);
        assert_eq!(dir.look_at_claim().expect("files work"), Claimed::Ended);
        assert_eq!(dir.look_at_claim().expect("files work"), Claimed::Ended);
    }

    #[test]
    fn a_look_before_the_guard_keeps_it_from_beginning() {
        let (_root, dir) = folder();
        assert_eq!(dir.look_at_claim().expect("files work"), Claimed::Never);
        assert!(dir.claim(&guardian(), true).expect("files work").is_none());
        assert_eq!(dir.look_at_claim().expect("files work"), Claimed::Never);
    }

    #[test]
    fn a_guard_that_created_the_claim_and_went_no_further_never_began() {
        let (_root, dir) = folder();
        let created = dir.new_claim().expect("nobody was first");
        assert_eq!(dir.look_at_claim().expect("files work"), Claimed::Never);
        // The guard would now lock it and find a word in it.
        assert!(lock(&created).expect("files work"));
        assert!(created.metadata().expect("files work").len() > 0);
    }

    #[test]
    fn many_at_once_leave_one() {
        for _ in 0..50 {
            let (_root, dir) = folder();
            let (guards, looks) = std::thread::scope(|scope| {
                let guards: Vec<_> = (0..2).map(|_| scope.spawn(|| dir.claim(&guardian(), false))).collect();
                let look = scope.spawn(|| dir.look_at_claim());
                let held: Vec<_> = guards
                    .into_iter()
                    .map(|guard| guard.join().expect("no panic").expect("files work"))
                    .collect();
                (held, look.join().expect("no panic").expect("files work"))
            });
            let began = guards.iter().flatten().count();
            let fits = match looks {
                Claimed::Never => began == 0,
                Claimed::Lives => began == 1,
                Claimed::Ended => false,
            };
            assert!(fits, "{began} began, and the look said {looks:?}");
        }
    }
}
