//! Taking over `wilco.toml` and the packs when they change: by themselves, and by the word `reload`.
//!
//! A pack that is broken leaves the one before it running. What does not fit together, or a broken `wilco.toml`,
//! leaves all as it was. Either way the home room is told, once. Not when files changed: [`watch`] sees that. Layer 4.

mod told;
mod watch;

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use tokio::sync::Mutex;
use wilco_contract::{
    action::DynAction,
    clock::{Cancel, Clock},
    reply::Reply,
    secrets::Secrets,
};
use wilco_engine::{Engine, Reloader, Setup};
use wilco_packs::{Pack, Problem};
use wilco_runtime::http::HttpClient;

pub(crate) use self::watch::{Mark, Marks, mark, mark_of_pack};
use crate::{
    app,
    check::{self, Good, ReadPack, Rights},
    config::{self, Config, Environment},
};

/// What reloading needs to know.
pub(crate) struct Parts {
    /// The engine that goes on with what is read.
    pub(crate) engine: Engine,
    /// The actions that packs may use.
    pub(crate) actions: Vec<Arc<dyn DynAction>>,
    /// The client that knows the servers.
    pub(crate) http: Arc<HttpClient>,
    /// What the environment says.
    pub(crate) environment: Environment,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

/// Reloads.
pub(crate) struct Reload {
    parts: Parts,
    /// One at a time.
    state: Mutex<State>,
    /// The files as they were when they were last looked at.
    marks: RwLock<Marks>,
}

/// What runs.
struct State {
    config: Config,
    /// The last good state of each pack.
    packs: Vec<ReadPack>,
    rights: Rights,
    /// What was last told to be wrong, so that it is told once.
    wrong: Option<String>,
}

/// What reading found.
struct Found {
    config: Config,
    packs: Vec<ReadPack>,
    all: Pack,
    /// What is wrong with packs whose old state goes on, or that are left out.
    broken: Vec<Problem>,
    warnings: Vec<Problem>,
    rights: Rights,
}

impl Reload {
    /// Ready to reload, from what was read at the start; `marks` were taken before.
    pub(crate) fn new(parts: Parts, config: Config, packs: Vec<ReadPack>, marks: Marks) -> Arc<Self> {
        let marks = RwLock::new(marks);
        let state = Mutex::new(State { config, packs, rights: Rights::new(), wrong: None });
        Arc::new(Self { parts, state, marks })
    }

    /// Keeps what is allowed now, for `wilco check` to compare with, and says what is allowed since the last time that
    /// Wilco ran here and was not then.
    async fn begin(&self) {
        let mut state = self.state.lock().await;
        let all = check::as_one(&state.config, state.packs.iter().map(|read| &read.pack));
        state.rights = check::rights(&state.config, &commands(&all));
        let before = Good::read(&state.config.base);
        if let Some(before) = &before {
            let gains = check::gains(&before.rights, &state.rights);
            if !gains.is_empty() {
                let text = told::gains_at_start(&gains);
                self.announce("config.loaded", "wilco", text).await;
            }
        }
        if before.is_none_or(|before| before.rights != state.rights) {
            self.keep(&state);
        }
    }

    /// Watches the files until the server stops.
    pub(crate) async fn run(self: Arc<Self>, stopped: Cancel) {
        self.begin().await;
        let mut changed: Option<Marks> = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(watch::PAUSE) => {}
                () = stopped.cancelled() => return,
            }
            let this = self.clone();
            let look = tokio::task::spawn_blocking(move || {
                let known = this.marks.read().unwrap_or_else(PoisonError::into_inner).clone();
                let now = known.again();
                (now != known).then_some(now)
            });
            // A file that is being written is left until it has not changed for a while.
            match look.await {
                Ok(Some(now)) if changed.as_ref() == Some(&now) => {
                    changed = None;
                    // What came of it was told in the home room.
                    let _ = self.take_over("wilco", true).await;
                }
                Ok(now) => changed = now,
                Err(error) => tracing::error!(%error, "Looking for changed files broke down."),
            }
        }
    }

    /// Reads everything and takes it over.
    async fn take_over(&self, by: &str, watched: bool) -> Result<String, String> {
        let mut state = self.state.lock().await;
        let found = match self.read(&state).await {
            Ok(found) => {
                found.config.secret_values().await.map(|secrets| (found, secrets)).map_err(|error| {
                    let what = format!("a secret cannot be had: {error}");
                    vec![Problem::of(config::FILE, what, "Mend it; until then the secrets before go on.")]
                })
            }
            Err(problems) => Err(problems),
        };
        let (found, secrets) = match found {
            Ok(found) => found,
            Err(problems) => {
                let text = told::left(&problems);
                self.tell_once(&mut state, by, &text).await;
                return Err(text);
            }
        };
        let restart = told::needs_restart(&state.config, &found.config);
        let mut setup = Setup { secrets: Secrets::new(secrets), ..app::setup(&found.config, found.all) };
        // Sources and what else was opened at the start stay as they are.
        setup.events.sources = state.config.sources.iter().map(|source| source.rule.clone()).collect();
        setup.home.clone_from(&state.config.home);
        let changes = match self.parts.engine.reload(setup) {
            Ok(changes) => changes,
            Err(collisions) => {
                let text = told::left(&collisions);
                self.tell_once(&mut state, by, &text).await;
                return Err(text);
            }
        };
        self.parts.http.serve(found.config.servers.clone());
        for warning in found.warnings {
            tracing::warn!("{warning}");
        }
        let gains = check::gains(&state.rights, &found.rights);
        let news = told::News { changes: &changes, gains: &gains, restart: &restart, broken: &found.broken };
        let quiet = news.is_nothing();
        let mended = found.broken.is_empty() && state.wrong.take().is_some();
        let text = if mended { told::mended(&news) } else { news.text() };
        let opened = state.config.clone();
        state.config =
            Config { home: opened.home, sources: opened.sources, rooms: opened.rooms, ..found.config };
        (state.packs, state.rights) = (found.packs, found.rights);
        self.keep(&state);
        if !found.broken.is_empty() {
            self.tell_once(&mut state, by, &text).await;
        } else if mended || !(quiet && watched) {
            self.announce("config.reloaded", by, text.clone()).await;
        }
        Ok(text)
    }

    /// Reads the files, away from the threads that answer.
    async fn read(&self, state: &State) -> Result<Found, Vec<Problem>> {
        let environment = self.parts.environment.clone();
        let (actions, packs) = (self.parts.actions.clone(), state.packs.clone());
        let same = state.config.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut marks = Marks::of(&same).again();
            let found = read(&environment, &actions, (&same, packs), &mut marks);
            (found, marks)
        });
        match read.await {
            Ok((found, marks)) => {
                *self.marks.write().unwrap_or_else(PoisonError::into_inner) = marks;
                found
            }
            Err(error) => Err(vec![Problem::of(
                config::FILE,
                format!("reading it broke down: {error}"),
                "Wilco's log says more.",
            )]),
        }
    }

    async fn tell_once(&self, state: &mut State, by: &str, text: &str) {
        if state.wrong.as_deref() != Some(text) {
            self.announce("config.refused", by, text.to_owned()).await;
            state.wrong = Some(text.to_owned());
        }
    }

    async fn announce(&self, kind: &str, by: &str, text: String) {
        if let Err(error) = self.parts.engine.announce(kind, by, Reply::text(text)).await {
            tracing::error!(%error, "What came of the configuration could not be told.");
        }
    }

    fn keep(&self, state: &State) {
        let good = Good { at: self.parts.clock.now(), rights: state.rights.clone() };
        if let Err(error) = good.keep(&state.config.base) {
            tracing::warn!(%error, "What is allowed could not be kept for `wilco check` to compare with.");
        }
    }
}

#[async_trait]
impl Reloader for Reload {
    async fn reload(&self, by: &str) -> Result<String, String> {
        self.take_over(by, false).await
    }
}

fn commands(all: &Pack) -> Vec<wilco_contract::command::Command> {
    Engine::own_commands().into_iter().chain(all.commands.iter().cloned()).collect()
}

/// Reads `wilco.toml` and the packs. A pack whose file did not change is not read again, as long as what packs are
/// checked against is the same. `marks` become those of the files as they were before each was read.
fn read(
    environment: &Environment,
    actions: &[Arc<dyn DynAction>],
    (same, packs): (&Config, Vec<ReadPack>),
    marks: &mut Marks,
) -> Result<Found, Vec<Problem>> {
    let config = config::load(&same.file, environment)?;
    // The folders may be others now, and no pack was read yet.
    *marks = Marks::of(&config);
    let alike = config.servers == same.servers
        && config.search == same.search
        && config.vars == same.vars
        && config.secrets.keys().eq(same.secrets.keys());
    let known = |path: &Path| {
        let kept = packs.iter().find(|kept| kept.path == path)?;
        let unchanged = kept.mark.is_some() && kept.mark == mark_of_pack(path);
        (alike && unchanged).then(|| kept.clone())
    };
    let (found, folders) = check::read_each(&config, actions, known);
    if check::any_error(&folders) {
        return Err(folders);
    }
    let (mut kept, mut broken, mut warnings) = (Vec::new(), Vec::new(), folders);
    for read in found {
        if check::any_error(&read.problems) {
            broken.extend(read.problems);
            // What ran goes on; what never ran is left out.
            kept.extend(packs.iter().find(|old| old.path == read.path).cloned());
        } else {
            warnings.extend(read.problems.iter().cloned());
            kept.push(read);
        }
    }
    let all = check::as_one(&config, kept.iter().map(|read| &read.pack));
    let mut misfits = check::between(&config, &all);
    misfits.extend(check::collisions(&all));
    if check::any_error(&misfits) {
        // What a broken pack lacks may be why something does not fit: both are told.
        broken.extend(misfits);
        return Err(broken);
    }
    warnings.extend(config.warnings.iter().cloned().chain(misfits));
    let rights = check::rights(&config, &commands(&all));
    Ok(Found { config, packs: kept, all, broken, warnings, rights })
}
