//! Taking over `wilco.toml` and the packs when they change: by themselves, and by the word `reload`.
//!
//! A pack that is broken leaves the one before it running. What does not fit together, or a broken `wilco.toml`,
//! leaves all as it was. Either way the home room is told, once. Not when files changed: [`watch`] sees that. Layer 4.

mod differ;
mod told;
mod watch;

use std::{
    fmt::Display,
    io,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch::Sender, watch::channel as watch_channel};
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
    networks::Networks,
};

/// How many looks lie between two readings while something is wrong.
const LOOKS: u32 = 5;
/// How long the value that a secret had is hidden in what calls print: longer than what began with it may run.
const HIDDEN: SignedDuration = SignedDuration::from_hours(24);
/// The most changes of secrets whose former values are hidden.
const MOST_FORMER: usize = 8;

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
    /// The networks, of which some may wait for what was mended.
    pub(crate) networks: Arc<Networks>,
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
    /// Whether what is allowed is known, so that there is something to compare with.
    ready: Sender<bool>,
}

/// What runs.
struct State {
    config: Config,
    /// What was last read, also what takes a restart.
    written: Config,
    /// The last good state of each pack.
    packs: Vec<ReadPack>,
    secrets: Secrets,
    /// The secrets that were before, and since when they are not any more.
    former: Vec<(Timestamp, Secrets)>,
    rights: Rights,
    /// What was last told to be wrong, so that it is told once.
    wrong: Option<String>,
}

/// What a server began with.
pub(crate) struct Began {
    /// The configuration.
    pub(crate) config: Config,
    /// Its packs.
    pub(crate) packs: Vec<ReadPack>,
    /// The values of its secrets.
    pub(crate) secrets: Secrets,
    /// Taken before the packs were read.
    pub(crate) marks: Marks,
}

/// Why everything is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Somebody said so.
    Asked,
    /// A file changed.
    Changed,
    /// Something was wrong that may be mended elsewhere than in the files that are looked at.
    Wrong,
}

/// What reading found.
struct Found {
    /// What counts from now on.
    config: Config,
    /// What was read.
    written: Config,
    packs: Vec<ReadPack>,
    all: Pack,
    /// What is wrong with packs whose old state goes on, and with those that are left out.
    broken: Option<String>,
    /// The sections that changed.
    sections: Vec<&'static str>,
    warnings: Vec<Problem>,
    rights: Rights,
}

impl Reload {
    /// Ready to reload.
    pub(crate) fn new(parts: Parts, began: Began) -> Arc<Self> {
        let Began { config, packs, secrets, marks } = began;
        let written = config.clone();
        let (former, rights) = (Vec::new(), Rights::default());
        let state = State { config, written, packs, secrets, former, rights, wrong: None };
        let (ready, _) = watch_channel(false);
        Arc::new(Self { parts, state: Mutex::new(state), marks: RwLock::new(marks), ready })
    }

    /// Keeps what is allowed now, for `wilco check` to compare with, and says what is allowed since the last time that
    /// Wilco ran here and was not then. Nothing is taken over before.
    async fn begin(&self) {
        let mut state = self.state.lock().await;
        let (config, packs) = (state.config.clone(), state.packs.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let all = check::as_one(&config, packs.iter().map(|read| &read.pack));
            (check::rights(&config, &check::with_own(&all)), Good::read(&config.base))
        });
        match looked.await {
            Ok((rights, before)) => {
                state.rights = rights;
                if let Some(before) = &before {
                    let gains = check::gains(&before.rights, &state.rights);
                    if !gains.is_empty() {
                        let text = told::gains_at_start(&gains);
                        self.announce("config.loaded", "wilco", text).await;
                    }
                }
                if before.is_none_or(|before| before.rights != state.rights) {
                    self.keep(&state).await;
                }
            }
            Err(error) => tracing::error!(%error, "Looking at what is allowed broke down."),
        }
        self.ready.send_replace(true);
    }

    /// Watches the files until the server stops.
    pub(crate) async fn run(self: Arc<Self>, stopped: Cancel) {
        self.begin().await;
        let mut changed: Option<Marks> = None;
        let mut looks = 0;
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
            looks += 1;
            // What came of it is told in the home room.
            match look.await {
                // A file that is being written is left until it has not changed for a while.
                Ok(Some(now)) if changed.as_ref() == Some(&now) => {
                    (changed, looks) = (None, 0);
                    let _ = self.take_over("wilco", Why::Changed).await;
                }
                Ok(None) if looks >= LOOKS && self.state.lock().await.wrong.is_some() => {
                    (changed, looks) = (None, 0);
                    let _ = self.take_over("wilco", Why::Wrong).await;
                }
                Ok(now) => changed = now,
                Err(error) => tracing::error!(%error, "Looking for changed files broke down."),
            }
        }
    }

    /// Reads everything and takes it over.
    async fn take_over(&self, by: &str, why: Why) -> Result<String, String> {
        // An order that a restart goes on with comes before there is anything to compare with.
        if self.ready.subscribe().wait_for(|ready| *ready).await.is_err() {
            return Err("Wilco is stopping".to_owned());
        }
        let mut state = self.state.lock().await;
        let mut found = match self.read(&state).await {
            Ok(found) => found,
            Err(problems) => return self.leave(&mut state, by, &problems).await,
        };
        if why == Why::Wrong && found.broken.is_some() && found.broken == state.wrong {
            return Ok("The configuration is broken as before.".to_owned());
        }
        let secrets = match found.config.secret_values().await {
            Ok(values) => Secrets::new(values),
            Err(error) => {
                let what = format!("a secret cannot be had: {error}");
                let problem =
                    Problem::of(config::FILE, what, "Mend it; until then the secrets before go on.");
                return self.leave(&mut state, by, &[problem]).await;
            }
        };
        let others = secrets.differing(&state.secrets);
        let (now, mut former) = (self.parts.clock.now(), state.former.clone());
        if !others.is_empty() {
            former.push((now, state.secrets.clone()));
        }
        former.retain(|(since, _)| now.duration_since(*since) < HIDDEN);
        former.drain(..former.len().saturating_sub(MOST_FORMER));
        let hiding = former.iter().fold(secrets.clone(), |all, (_, former)| all.hiding_also(former));
        let setup = Setup { secrets: hiding, ..app::setup(&found.config, found.all) };
        let changes = match self.parts.engine.reload(setup) {
            Ok(changes) => changes,
            Err(collisions) => return self.leave(&mut state, by, &collisions).await,
        };
        self.parts.http.serve(found.config.servers.clone());
        let tried = if why == Why::Asked || found.written.connectors != state.written.connectors {
            self.parts.networks.mend(&found.written)
        } else {
            Vec::new()
        };
        for setup in &mut found.config.connectors {
            // What is tried anew runs as it is written.
            let now = found.written.connectors.iter().find(|now| now.name == setup.name);
            if let Some(now) = now.filter(|now| tried.contains(&now.name)) {
                *setup = now.clone();
            }
        }
        for warning in found.warnings {
            tracing::warn!("{warning}");
        }
        let sections = found.sections;
        let gains = check::gains(&state.rights, &found.rights);
        let keys = differ::needs_restart(&found.config, &found.written);
        let restart = match differ::needs_restart(&state.written, &found.written).is_empty() {
            false if keys.is_empty() && !tried.is_empty() => told::Restart::Told,
            false => told::Restart::New(&keys),
            true if why == Why::Asked => told::Restart::Again(&keys),
            true => told::Restart::Told,
        };
        let broken = found.broken.as_deref();
        let news = told::News {
            changes: &changes,
            sections: &sections,
            secrets: &others,
            gains: &gains,
            restart,
            tried: &tried,
            broken,
        };
        let mended = broken.is_none() && state.wrong.is_some();
        let text = if mended { told::mended(&news) } else { news.text() };
        let quiet = news.is_nothing();
        let known = found.broken == state.wrong;
        let kind = if quiet && found.broken.is_some() { "config.refused" } else { "config.reloaded" };
        state.config = found.config;
        state.written = found.written;
        (state.packs, state.secrets, state.rights) = (found.packs, secrets, found.rights);
        state.former = former;
        state.wrong = found.broken;
        self.keep(&state).await;
        if !(quiet && known) || why == Why::Asked {
            self.announce(kind, by, text.clone()).await;
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

    /// Leaves everything as it is, and says so once.
    async fn leave<T: Display>(&self, state: &mut State, by: &str, why: &[T]) -> Result<String, String> {
        let text = told::left(why);
        if state.wrong.as_ref() != Some(&text) {
            self.announce("config.refused", by, text.clone()).await;
            state.wrong = Some(text.clone());
        }
        Err(text)
    }

    async fn announce(&self, kind: &str, by: &str, text: String) {
        if let Err(error) = self.parts.engine.announce(kind, by, Reply::text(text)).await {
            tracing::error!(%error, "What came of the configuration could not be told.");
        }
    }

    async fn keep(&self, state: &State) {
        let good = Good { at: self.parts.clock.now(), rights: state.rights.clone() };
        let folder = state.config.base.clone();
        let kept = tokio::task::spawn_blocking(move || good.keep(&folder)).await;
        if let Err(error) = kept.map_err(io::Error::other).flatten() {
            tracing::warn!(%error, "What is allowed could not be kept for `wilco check` to compare with.");
        }
    }
}

#[async_trait]
impl Reloader for Reload {
    async fn reload(&self, by: &str) -> Result<String, String> {
        self.take_over(by, Why::Asked).await
    }
}

/// Reads `wilco.toml` and the packs. A pack whose file did not change is not read again, as long as what packs are
/// checked against is the same. `marks` become those of the files as they were before each was read.
fn read(
    environment: &Environment,
    actions: &[Arc<dyn DynAction>],
    (same, packs): (&Config, Vec<ReadPack>),
    marks: &mut Marks,
) -> Result<Found, Vec<Problem>> {
    let written = config::load(&same.file, environment)?;
    // The folders may be others now, and no pack was read yet.
    *marks = Marks::of(&written);
    // What was opened at the start stays, and is what the rest has to fit.
    let config = differ::as_opened(written.clone(), same);
    let alike = config.servers == same.servers
        && config.search == same.search
        && config.vars == same.vars
        && config.lists == same.lists
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
    let (mut kept, mut broken, mut left_out, mut warnings) = (Vec::new(), Vec::new(), Vec::new(), folders);
    for read in found {
        if !check::any_error(&read.problems) {
            warnings.extend(read.problems.iter().cloned());
            kept.push(read);
        } else if let Some(old) = packs.iter().find(|old| old.path == read.path) {
            broken.extend(read.problems);
            kept.push(old.clone());
        } else {
            left_out.extend(read.problems);
        }
    }
    let all = check::as_one(&config, kept.iter().map(|read| &read.pack));
    let mut misfits = check::between(&config, &all);
    misfits.extend(check::collisions(&all, &config));
    if check::any_error(&misfits) {
        // What a broken pack lacks, or what takes a restart, may be why something does not fit: all are told.
        let restart = differ::needs_restart(&config, &written).into_iter().map(|key| {
            let what = format!("`{key}` changed, which takes a restart");
            Problem::of(config::FILE, what, "Until then the rest has to fit what runs.")
        });
        return Err(broken.into_iter().chain(left_out).chain(misfits).chain(restart).collect());
    }
    warnings.extend(config.warnings.iter().cloned().chain(misfits));
    let before = check::as_one(same, packs.iter().map(|read| &read.pack));
    let sections = differ::sections((same, &before), (&config, &all));
    let rights = check::rights(&config, &check::with_own(&all));
    let broken = told::broken(&broken, &left_out);
    Ok(Found { config, written, packs: kept, all, broken, sections, warnings, rights })
}
