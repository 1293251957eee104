//! `wilco up`: starts the server and says where it is. Layer 4.
//!
//! Not the server: that is [`crate::app`].

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::{Failure, terminal};
use crate::{
    app::{App, Outside},
    config::{self, Config, Environment},
    demo, node,
};

/// Starts and runs until a signal.
pub(crate) fn run(named: Option<&Path>) -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("WILCO_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        // In a file or a journal colours are noise.
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let (path, is_demo) = find(named)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads()).enable_all().build()?;
    let served = runtime.block_on(serve(&path, is_demo));
    // What is stuck in a blocking call does not hold up the end.
    runtime.shutdown_background();
    served
}

/// Two workers serve thousands of orders a second; more would only cost memory.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get().min(4))
}

fn find(named: Option<&Path>) -> Result<(PathBuf, bool), Failure> {
    let here = PathBuf::from("wilco.toml");
    match named {
        Some(path) => Ok((path.to_owned(), false)),
        None if here.exists() => Ok((here, false)),
        None => Ok((demo::lay_out(Path::new(demo::FOLDER))?, true)),
    }
}

fn load(path: &Path) -> Result<Config, Failure> {
    match config::load(path, &Environment::from_process()) {
        Ok(config) => {
            for warning in &config.warnings {
                terminal::notice(&warning.to_string());
            }
            Ok(config)
        }
        Err(problems) => {
            for problem in problems {
                terminal::notice(&problem.to_string());
            }
            Err(Failure::Told)
        }
    }
}

/// Builds the server as soon as no other one has its database.
async fn build(path: &Path) -> Result<App, Failure> {
    let mut config = load(path)?;
    if node::until_free(&config).await {
        // It may have waited for days.
        config = load(path)?;
    }
    Ok(App::build(config, Outside::real()?).await?)
}

async fn serve(path: &Path, is_demo: bool) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let app = tokio::select! {
        app = build(path) => app?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let url = app.config().public_url.clone();
    if is_demo {
        terminal::line(&format!("This is the demo, in ./{}.", demo::FOLDER));
        app.take_event(demo::SOURCE, demo::EVENT).await;
    }
    terminal::line(&format!("Wilco is at {url}"));
    match app.first_link().await? {
        Some((person, link, until)) => {
            terminal::line(&format!("Sign in as @{person} (once, until {}):", until.strftime("%H:%M UTC")));
            terminal::line(&format!("  {link}"));
        }
        None => terminal::line("Nobody has the role `admin`; `wilco invite PERSON` makes a link to sign in."),
    }
    let (tell, told) = oneshot::channel::<()>();
    let stop = async move { told.await.unwrap_or_default() };
    let signals = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        terminal::line("Stopping; what runs goes on and is taken up at the next start.");
        // Who listened may be gone already.
        let _ = tell.send(());
        interrupt.recv().await;
    };
    tokio::select! {
        ended = app.run(stop) => Ok(ended?),
        () = signals => Err(Failure::Failed("Ended at once, as it was told twice.".into())),
    }
}
