//! The action `exec.run`: a program of the ops repo, run under the guard.
//!
//! Not the guard: [`super::guard`] is another process. This is Wilco's side: what is asked, and what is answered. Layer 2.

use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, Intent, Lines, Look, Outcome, Recovery, Stream, Tools},
    clock::Cancel,
    command::Effect,
    ids::ActionName,
    plan::StepPlan,
    secrets::Secrets,
};

use super::{
    answer::Said,
    args::{ExecArgs, Run},
    follow::{End, follow, on_disk, start},
    program::shown,
    run_dir::{Request, RunDir},
};

/// The longest that planning waits for a plan program.
const PLANNING: SignedDuration = SignedDuration::from_secs(30);
/// The name under which a plan's inputs hold the program's files.
const FILES: &str = "program";

/// Where programs run and how.
#[derive(Debug, Clone)]
pub struct ExecHome {
    /// The ops repo: an absolute path.
    pub base: PathBuf,
    /// The folder for the runs' own folders: an absolute path. It is made when the first run needs it.
    pub runs: PathBuf,
    /// How the guard is started: the executable and what stands before the run's folder.
    pub guard: Vec<OsString>,
}

/// The action.
#[derive(Debug)]
pub struct ExecRun {
    home: ExecHome,
    plans: AtomicU64,
}

impl ExecRun {
    /// The action, for this home.
    #[must_use]
    pub fn new(home: ExecHome) -> Self {
        Self { home, plans: AtomicU64::new(0) }
    }

    /// The folder of a run.
    fn run_dir(&self, key: &str) -> Result<RunDir, String> {
        let odd = |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c));
        if key.is_empty() || key.starts_with('.') || key.len() > 200 || key.contains(odd) {
            return Err(format!("`{}` cannot be the name of a run's folder", key.escape_debug()));
        }
        Ok(RunDir::at(self.home.runs.join(key)))
    }

    /// Runs a program in a new folder, to its end.
    async fn begin(&self, dir: &RunDir, request: Request, run: Followed<'_>) -> Result<Said, ActionError> {
        let made = {
            let (dir, request) = (dir.clone(), request.clone());
            on_disk(move || dir.create().and_then(|()| dir.put_request(&request))).await
        };
        made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                ActionError::unknown(format!("A run with the key of `{}` was begun before.", run.name))
            }
            _ => ActionError::failed(format!(
                "The run could not be written down, so it was not begun: {error}."
            )),
        })?;
        let environment = run.args.environment(run.tools, run.planning).map_err(ActionError::failed)?;
        let guard = start(&self.home.guard, dir, environment)
            .map_err(|error| ActionError::failed(format!("The guard could not be started: {error}.")))?;
        let end = follow(dir, run.tools, run.deadline, Some(guard)).await;
        self.conclude(dir, &request, end, run).await
    }

    /// Makes sense of an end.
    async fn conclude(
        &self,
        dir: &RunDir,
        request: &Request,
        end: io::Result<End>,
        run: Followed<'_>,
    ) -> Result<Said, ActionError> {
        let name = run.name;
        let unseen = |error: &io::Error| {
            ActionError::unknown(format!("`{name}` may have run; its end could not be read: {error}."))
        };
        let exit = match end.map_err(|error| unseen(&error))? {
            End::Exited(exit) => exit,
            End::Lost(why) => return Err(ActionError::unknown(format!("`{name}`: {why}."))),
            End::NeverBegan(why) => {
                let why = why.unwrap_or_else(|| "the guard ended before it began".into());
                return Err(ActionError::failed(format!("`{name}` was not begun: {why}.")));
            }
        };
        if exit.killed_children > 0 {
            let note = format!("ended {} processes that `{name}` had left behind", exit.killed_children);
            run.tools.lines.line(Stream::Note, &note);
        }
        let (dir, request, owned) = (dir.clone(), request.clone(), name.to_owned());
        on_disk(move || Said::read(&dir, owned, exit, &request)).await.map_err(|error| unseen(&error))
    }

    async fn planned(&self, look: &Look, args: &ExecArgs, argv: &[String]) -> Result<StepPlan, ActionError> {
        let now = look.clock.now();
        let deadline = look.deadline.min(now.saturating_add(PLANNING).unwrap_or(look.deadline));
        let run =
            Run { told: args.told(None), time: deadline.duration_since(now), durable: false, planning: true };
        let request = args
            .request(&self.home.base, argv, &run)
            .map_err(|why| ActionError::failed(format!("{why}.")))?;
        let number = self.plans.fetch_add(1, Ordering::Relaxed);
        // With the time in it, the name is new also for a process that got the number of an earlier one.
        let key = format!("plan-{}-{}-{number}", now.as_millisecond(), std::process::id());
        let dir = self.run_dir(&key).map_err(ActionError::failed)?;
        let tools = Tools {
            http: Arc::clone(&look.http),
            clock: Arc::clone(&look.clock),
            cancel: Cancel::never(),
            secrets: Secrets::default(),
            lines: Arc::new(Nobody),
        };
        let name = shown(argv);
        let said = self
            .begin(&dir, request, Followed { tools: &tools, deadline, name: &name, args, planning: true })
            .await;
        on_disk(move || {
            dir.remove();
            Ok(())
        })
        .await
        .map_err(|error| ActionError::failed(error.to_string()))?;
        // Nothing was to happen, so whatever ended badly leaves nothing unknown.
        said.and_then(|said| said.plan()).map_err(|error| ActionError::failed(error.to_string()))
    }
}

/// A run that is being followed.
#[derive(Clone, Copy)]
struct Followed<'a> {
    tools: &'a Tools,
    deadline: Timestamp,
    name: &'a str,
    args: &'a ExecArgs,
    planning: bool,
}

/// Lines that nobody reads: those of plan programs.
struct Nobody;

impl Lines for Nobody {
    fn beginning(&self, _: Stream, _: &str, _: u64) {}
}

#[async_trait]
impl Action for ExecRun {
    type Args = ExecArgs;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse("exec.run").expect("a well-formed name"),
            about: "Run a program of the ops repo on this machine",
            effect: Effect::Write,
            effect_by_step: true,
            abortable: true,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, look: &Look, args: &ExecArgs) -> Result<StepPlan, ActionError> {
        let files = {
            let (base, args) = (self.home.base.clone(), args.clone());
            on_disk(move || args.files(&base)).await
        };
        let files = files.map_err(|error| {
            ActionError::failed(format!("The files of `{}` could not be read: {error}.", shown(&args.argv)))
        })?;
        let mut plan = match &args.plan {
            Some(argv) => self.planned(look, args, argv).await?,
            None => StepPlan { will: vec![format!("runs `{}`", shown(&args.argv))], ..StepPlan::default() },
        };
        if !files.is_empty() && plan.inputs.insert(FILES.into(), Value::Object(files)).is_some() {
            return Err(ActionError::failed(format!(
                "The plan program of `{}` names an input `{FILES}`, which Wilco fills in itself; give it another name.",
                shown(&args.argv)
            )));
        }
        Ok(plan)
    }

    async fn run(&self, cx: &Cx, args: ExecArgs, _: &StepPlan) -> Result<Outcome, ActionError> {
        let (intent, tools) = (cx.intent(), cx.tools());
        let left = intent.deadline.duration_since(tools.clock.now());
        let run = Run {
            told: args.told(Some(intent)),
            time: args.timeout.map_or(left, |most| left.min(seconds(most))),
            durable: intent.operation.is_some() && intent.effect > Effect::Read,
            planning: false,
        };
        if run.time <= SignedDuration::ZERO {
            return Err(ActionError::failed("There was no time left, so it was not begun."));
        }
        let name = shown(&args.argv);
        let fits = self
            .run_dir(&intent.key)
            .and_then(|dir| Ok((dir, args.request(&self.home.base, &args.argv, &run)?)));
        let (dir, request) =
            fits.map_err(|why| ActionError::failed(format!("`{name}` was not begun: {why}.")))?;
        let followed =
            Followed { tools, deadline: intent.deadline, name: &name, args: &args, planning: false };
        let said = self.begin(&dir, request, followed).await;
        settle(dir, intent, said).await?.outcome(args.output)
    }

    async fn recover(&self, tools: &Tools, intent: &Intent) -> Recovery {
        let args: ExecArgs = match serde_json::from_value(intent.args.clone()) {
            Ok(args) => args,
            Err(error) => {
                return Recovery::Unknown(format!("The arguments of the run cannot be read: {error}."));
            }
        };
        let dir = match self.run_dir(&intent.key) {
            Ok(dir) => dir,
            Err(why) => return Recovery::Unknown(why),
        };
        let made = {
            let dir = dir.clone();
            // Where there is no folder, one is made, so that a claim in it keeps whoever is late from beginning.
            on_disk(move || match dir.create() {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            })
            .await
        };
        let name = shown(&args.argv);
        if let Err(error) = made {
            return Recovery::Unknown(format!("`{name}`: the folder of its run cannot be read: {error}."));
        }
        tools.lines.line(Stream::Note, "followed anew after a restart; lines from before it may come again");
        let end = follow(&dir, tools, intent.deadline, None).await;
        if matches!(end, Ok(End::NeverBegan(_))) {
            return Recovery::NotStarted;
        }
        let asked = {
            let dir = dir.clone();
            on_disk(move || dir.request()).await
        };
        let request = match asked {
            Ok(request) => request,
            Err(error) => {
                return Recovery::Unknown(format!("`{name}`: its request cannot be read: {error}."));
            }
        };
        let followed =
            Followed { tools, deadline: intent.deadline, name: &name, args: &args, planning: false };
        let said = self.conclude(&dir, &request, end, followed).await;
        match settle(dir, intent, said).await.and_then(|said| said.outcome(args.output)) {
            Err(ActionError::Unknown { what }) => Recovery::Unknown(what),
            known => Recovery::Done(known),
        }
    }
}

/// Deletes the folder of a read whose end is known; what belongs to an operation stays.
async fn settle(dir: RunDir, intent: &Intent, said: Result<Said, ActionError>) -> Result<Said, ActionError> {
    if intent.operation.is_none() && !matches!(said, Err(ActionError::Unknown { .. })) {
        // What could not be deleted was logged; the answer is good all the same.
        let _ = on_disk(move || {
            dir.remove();
            Ok(())
        })
        .await;
    }
    said
}

fn seconds(number: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(number).unwrap_or(i64::MAX))
}
