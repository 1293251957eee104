//! A server as a process of its own, which can be killed.

use std::{fs, path::PathBuf, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use super::{LOOK, Repo};

/// How long a server may take to say where it is, or to end when it should.
const PATIENCE: Duration = Duration::from_secs(20);
/// What would change the configuration from outside.
const ENVIRONMENT: [&str; 8] = [
    "WILCO_LISTEN",
    "PORT",
    "WILCO_DATABASE",
    "DATABASE_URL",
    "WILCO_URL",
    "WILCO_TOKEN",
    "WILCO_LOG",
    "NO_COLOR",
];

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    said: PathBuf,
    link: String,
}

/// The program under test with these arguments, in the repo's folder.
pub(crate) fn wilco(repo: &Repo, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wilco"));
    command.args(args).current_dir(repo.path("")).kill_on_drop(true);
    // Whoever runs the tests may have logins of their own.
    command.env("XDG_CONFIG_HOME", repo.path("config")).env("XDG_STATE_HOME", repo.path("state"));
    for name in ENVIRONMENT {
        command.env_remove(name);
    }
    command
}

impl Server {
    /// Starts `wilco up`.
    ///
    /// # Errors
    /// What it said, where it ended before it said where it is.
    pub(crate) async fn up(repo: &Repo) -> Result<Self, (ExitStatus, String)> {
        Self::start(wilco(repo, &["up"]), repo).await
    }

    /// Starts a server that prints a link to sign in.
    ///
    /// # Errors
    /// What it said, where it ended before it printed one.
    pub(crate) async fn start(command: Command, repo: &Repo) -> Result<Self, (ExitStatus, String)> {
        let mut server = Self::spawn(command, repo);
        let told = async {
            loop {
                // Looked at before the text, so that the text of one that ended is whole.
                let ended = server.child.try_wait().expect("a process of ours");
                let text = server.said();
                if let Some(link) = link(&text) {
                    return Ok(link);
                }
                if let Some(status) = ended {
                    return Err((status, text));
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        server.link = timeout(PATIENCE, told).await.expect("it says where it is, or ends")?;
        Ok(server)
    }

    /// Starts a server, and waits for nothing.
    pub(crate) fn spawn(mut command: Command, repo: &Repo) -> Self {
        let said = repo.path("said.log");
        let out = fs::File::create(&said).expect("a file");
        let err = out.try_clone().expect("the same file");
        command.stdout(out).stderr(err).stdin(std::process::Stdio::null()).kill_on_drop(true);
        let child = command.spawn().expect("a process");
        Self { child, said, link: String::new() }
    }

    /// What stands behind the `#` of the link that it printed.
    pub(crate) fn secret(&self) -> &str {
        &self.link
    }

    /// What it said so far, on both ways.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.said).expect("what it said")
    }

    /// Its process number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("a process that lives")
    }

    /// Sends a signal to it and to nothing else.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("a process number")).expect("not nobody");
        kill_process(pid, signal).expect("a process of ours");
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.expect("a process of ours"),
            Err(_) => panic!("the server {} did not end; it said:\n{}", self.pid(), self.said()),
        }
    }
}

fn link(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("/login#")?;
    // Without the end of the line it may not be all of it.
    rest.split_once('\n').map(|(link, _)| link.trim().to_owned())
}
