//! The server under test: this binary again, with a store that ends the process at a chosen commit.

use std::{path::PathBuf, sync::Arc};

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::process::Command;
use wilco_contract::store::Store;
use wilco_server::{
    app::{App, Outside},
    config::{self, Environment},
};
use wilco_testkit::aborting_store::{Abort, AbortingStore};

use crate::rig::Repo;

const CONFIG: &str = "WILCO_CRASH_CONFIG";
const ABORT: &str = "WILCO_CRASH_ABORT";
const COUNT: &str = "WILCO_CRASH_COUNT";

/// What the child was started for.
pub(crate) struct Orders {
    config: PathBuf,
    abort: Option<Abort>,
    count: PathBuf,
}

/// A child for this repo, which ends there.
pub(crate) fn command(repo: &Repo, abort: Option<Abort>) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["child", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(CONFIG, repo.path("wilco.toml")).env(COUNT, repo.path("commits"));
    match abort {
        Some(Abort::Before(commit)) => command.env(ABORT, format!("before {commit}")),
        Some(Abort::After(commit)) => command.env(ABORT, format!("after {commit}")),
        None => command.env_remove(ABORT),
    };
    command
}

/// How many commits the last child of this repo began.
pub(crate) fn commits(repo: &Repo) -> u64 {
    std::fs::read_to_string(repo.path("commits")).expect("a count").parse().expect("a number")
}

impl Orders {
    /// The orders in this process's environment.
    #[expect(clippy::disallowed_methods, reason = "the tests tell their child by the environment what to do")]
    pub(crate) fn of_this_process() -> Option<Self> {
        let abort = std::env::var(ABORT).ok().map(|text| {
            let (side, commit) = text.split_once(' ').expect("a side and a number");
            let commit = commit.parse().expect("a number");
            if side == "before" { Abort::Before(commit) } else { Abort::After(commit) }
        });
        let config = std::env::var_os(CONFIG)?.into();
        Some(Self { config, abort, count: std::env::var_os(COUNT)?.into() })
    }
}

/// Serves until the process ends.
pub(crate) fn serve(orders: &Orders) {
    // An abort on purpose leaves no image of the memory behind.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).expect("a lower limit");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let config = config::load(&orders.config, &Environment::default()).expect("a configuration");
        let (abort, count) = (orders.abort, orders.count.clone());
        let counted = move |commit: u64| std::fs::write(&count, commit.to_string()).expect("written");
        let wrap = move |store: Arc<dyn Store>| -> Arc<dyn Store> {
            Arc::new(AbortingStore::new(store, abort, counted))
        };
        let outside = Outside {
            program: env!("CARGO_BIN_EXE_wilco").into(),
            wrap: Box::new(wrap),
            metrics: None,
            environment: Environment::default(),
        };
        let app = App::build(config, outside).await.expect("a server");
        let (_, link, _) = app.first_link().await.expect("a link").expect("an admin");
        println!("\n{link}");
        app.run(std::future::pending()).await.expect("it runs");
    });
}
