//! What the tests are made with: a home for programs, ways to run them, looks at processes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use wilco_contract::{
    action::{Action, ActionError, DynAction, Intent, Outcome, Recovery, Tools},
    plan::StepPlan,
};
use wilco_systems::host::{ExecHome, ExecRun};
use wilco_testkit::fakes::{self, FakeHttp, HeardLines};

/// An ops repo in a folder of its own, the action, and ears.
pub(crate) struct Bench {
    _root: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) lines: Arc<HeardLines>,
    exec: ExecRun,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().to_owned();
        Self { _root: root, exec: ExecRun::new(home(&path)), path, lines: Arc::default() }
    }

    /// The outside of a run whose lines are kept here.
    pub(crate) fn tools(&self) -> Tools {
        fakes::tools(Arc::new(FakeHttp::default()), Arc::clone(&self.lines) as _)
    }

    /// Runs a step to its end.
    pub(crate) async fn run(&self, args: Value) -> Result<Outcome, ActionError> {
        self.run_as(fakes::intent("exec.run", args), self.tools()).await
    }

    pub(crate) async fn run_as(&self, intent: Intent, tools: Tools) -> Result<Outcome, ActionError> {
        DynAction::run(&self.exec, &fakes::cx(intent, tools)).await
    }

    pub(crate) async fn recover(&self, args: Value) -> Recovery {
        Action::recover(&self.exec, &self.tools(), &fakes::intent("exec.run", args)).await
    }

    pub(crate) async fn plan(&self, args: Value) -> Result<StepPlan, ActionError> {
        DynAction::plan(&self.exec, &fakes::look(Arc::new(FakeHttp::default())), &args).await
    }

    /// The folder of the run that [`fakes::intent`] names.
    pub(crate) fn run_dir(&self) -> PathBuf {
        self.path.join("runs/d-7F3K.build.1")
    }

    /// The process number of that run's guard.
    pub(crate) async fn guard(&self) -> i32 {
        let claim = wait_for_file(&self.run_dir().join("claim")).await;
        let claim: Value = serde_json::from_str(&claim).expect("a claim");
        i32::try_from(claim["pid"].as_i64().expect("a number")).expect("a process number")
    }

    /// The lines that were heard, without their streams.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.lines.all().into_iter().map(|(_, line)| line).collect()
    }
}

pub(crate) fn home(base: &Path) -> ExecHome {
    let own = std::env::current_exe().expect("an executable");
    ExecHome { base: base.to_owned(), runs: base.join("runs"), guard: vec![own.into(), "guard".into()] }
}

/// A step that runs one of the programs in [`super::programs`].
pub(crate) fn program(words: &[&str]) -> Value {
    let own = std::env::current_exe().expect("an executable");
    let mut argv = vec![own.to_str().expect("a path"), "program"];
    argv.extend(words);
    json!({ "argv": argv })
}

/// The same with more said.
pub(crate) fn with(mut args: Value, more: Value) -> Value {
    let (Value::Object(all), Value::Object(more)) = (&mut args, more) else { panic!("objects") };
    all.extend(more);
    args
}

/// A step that has a shell read a line.
pub(crate) fn shell(line: &str) -> Value {
    json!({ "argv": ["sh", "-c", line] })
}

/// Runs an asynchronous test.
pub(crate) fn block(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

/// Waits until something holds. Looks often, as it is another process that makes it hold.
pub(crate) async fn wait_until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came true that {what}");
}

/// Waits until a file has content, and returns it.
pub(crate) async fn wait_for_file(path: &Path) -> String {
    let content = || std::fs::read_to_string(path).unwrap_or_default();
    wait_until(&format!("{} has content", path.display()), || !content().is_empty()).await;
    content()
}

/// Whether a process lives.
pub(crate) fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Kills a process for good.
pub(crate) fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a process number");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// What went wrong.
pub(crate) fn why(result: Result<Outcome, ActionError>) -> String {
    match result {
        Err(ActionError::Failed { what }) => what,
        other => panic!("a known failure was expected, not {other:?}"),
    }
}
