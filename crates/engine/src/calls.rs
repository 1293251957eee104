//! One call of an action: its intent, its context, its output, its end.
//!
//! Not the order of calls: [`crate::life`] has it. A panic or a stall in an action ends here. Layer 1.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::Poll,
};

use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use wilco_contract::{
    action::{ActionError, Cx, DynAction, Intent, Outcome, Recovery, Tools},
    clock::{Cancel, Clock},
    command::Effect,
    gate::Permitted,
    operation::{Operation, RunEnd, RunKind},
    plan::StepPlan,
    reply::StepMark,
    secrets::Secrets,
};

use crate::{
    core::Core,
    lines::{Numbers, Sink},
    planning::{self, later},
    waits,
};

/// How long beyond its deadline a call may take to come back, in seconds.
const GRACE_SECS: i64 = 15;
/// How long between two looks at a call that goes on elsewhere, in seconds.
const LOOK_AGAIN_SECS: i64 = 1;
/// The longest text and outputs of a call that are kept, in bytes.
const MAX_KEPT: usize = 64 * 1024;

/// The calls of an operation that are under way, each with its position among the runs.
#[derive(Default)]
pub(crate) struct Calls(Vec<(usize, Calling)>);

impl Calls {
    pub(crate) fn add(&mut self, run: usize, calling: Calling) {
        self.0.push((run, calling));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Wishes all of them to stop.
    pub(crate) fn stop(&mut self) {
        self.0.iter_mut().for_each(|(_, calling)| calling.stop.now());
    }

    /// Whether each of them only waits, for somebody or for a time.
    pub(crate) fn only_wait(&self) -> bool {
        self.0.iter().all(|(_, calling)| calling.waits)
    }

    /// Ends one of them that asks, with its answer.
    pub(crate) fn answered(&mut self, run: usize, outcome: Outcome) {
        if let Some((_, calling)) = self.0.iter_mut().find(|(at, _)| *at == run) {
            calling.end.get_or_insert(RunEnd::Done(outcome));
        }
    }

    /// Whether this run is one of them, and has not ended.
    pub(crate) fn is_open(&self, run: usize) -> bool {
        self.0.iter().any(|(at, calling)| *at == run && calling.end.is_none())
    }

    /// Whether this run is one of them.
    pub(crate) fn has(&self, run: usize) -> bool {
        self.0.iter().any(|(at, _)| *at == run)
    }

    /// The next one that ends; never where there is none. Nothing is lost where it is not waited for to the end.
    pub(crate) async fn ended(&mut self, core: &Core) -> (usize, RunEnd) {
        let (at, end) = poll_fn(|context| {
            for (at, (_, calling)) in self.0.iter_mut().enumerate() {
                if calling.end.is_none()
                    && let Poll::Ready(end) = calling.call.as_mut().poll(context)
                {
                    calling.end = Some(end);
                }
                if let Some(end) = &calling.end {
                    return Poll::Ready((at, end.clone()));
                }
            }
            Poll::Pending
        })
        .await;
        // Its output is written before its end is told.
        self.0[at].1.sink.close().await;
        let (run, calling) = self.0.remove(at);
        (run, bounded(hidden(core, calling.sink.secrets(), end), calling.effect))
    }
}

/// The way to stop a call.
pub(crate) struct Stop(Option<oneshot::Sender<()>>);

impl Stop {
    /// Wishes it to stop. Once is enough.
    pub(crate) fn now(&mut self) {
        if let Some(stop) = self.0.take() {
            // A call that has just ended needs no stopping.
            let _ = stop.send(());
        }
    }

    fn new() -> (Self, Cancel) {
        let (stop, stopped) = oneshot::channel();
        let cancel = Cancel::when(async move {
            if stopped.await.is_err() {
                // Nobody can wish it any more.
                std::future::pending::<()>().await;
            }
        });
        (Self(Some(stop)), cancel)
    }
}

/// A call under way.
pub(crate) struct Calling {
    call: Pin<Box<dyn Future<Output = RunEnd> + Send>>,
    /// How it ended, from then until that is told.
    end: Option<RunEnd>,
    pub(crate) stop: Stop,
    sink: Sink,
    waits: bool,
    effect: Effect,
}

/// The call that is to be made next, filled in with what the steps before it gave.
///
/// # Errors
/// Why it cannot be made, in a sentence.
pub(crate) fn intent(core: &Core, op: &Operation, at: usize) -> Result<Intent, String> {
    let now = core.clock.now();
    let run = &op.runs[at];
    let step = planning::step_at(op, at).ok_or("the command has no such step")?;
    let secs = i64::try_from(op.command.spec.timeout_secs).unwrap_or(i64::MAX / 2);
    // What is done after a failure has its own time: that the steps took too long may be the failure.
    let deadline = op.deadline.filter(|_| run.kind() == RunKind::Step).unwrap_or_else(|| later(now, secs));
    if now >= deadline {
        return Err(format!("Its time of {secs} s was over before step `{}`.", run.step));
    }
    let (uses, with, own) = match &step.undo {
        Some(undo) if run.kind() == RunKind::Undo => (&undo.uses, &undo.with, undo.effect),
        _ => (&step.uses, &step.with, step.effect),
    };
    let mut names = names(op);
    if let Some((_, item)) = run.item() {
        names = planning::with_item(names, item.clone());
    }
    let args = planning::filled(with, &names).map_err(|error| format!("Step `{}`: {error}", run.step))?;
    if let Some(why) = waits::asks_nobody(step, &op.asker) {
        return Err(format!("It cannot go on: {why}."));
    }
    let waits = waits::until(uses, &args, now).map_err(|error| format!("Step `{}`: {error}", run.step))?;
    let kind = if run.verify { "verify." } else { "" };
    Ok(Intent {
        key: format!("{}.{kind}{}.{}", op.id, run.name(), run.attempts + 1),
        operation: Some(op.id.clone()),
        command: Some(op.command.spec.id.clone()),
        step: run.name(),
        action: uses.clone(),
        effect: planning::effect_of(core, uses, own),
        asker: op.asker.clone(),
        place: op.place.clone(),
        args,
        plan: planned(op, at).cloned().unwrap_or_default(),
        at: now,
        deadline: waits.unwrap_or(deadline),
        waits: waits.is_some(),
    })
}

/// What its action said of a call when it was planned.
fn planned(op: &Operation, at: usize) -> Option<&StepPlan> {
    let (kind, step) = op.step_of(at)?;
    match op.runs[at].item() {
        _ if kind != RunKind::Step => None,
        Some((number, _)) => op.plan.items.get(&step)?.get(*number),
        None => op.plan.steps.get(step),
    }
}

/// Why the call that is next is not to be made; `None` where it is.
///
/// # Errors
/// When nobody can tell, in a sentence.
pub(crate) fn skipped(op: &Operation, at: usize) -> Result<Option<String>, String> {
    let Some(step) = planning::step_at(op, at).filter(|_| op.runs[at].kind() != RunKind::Undo) else {
        return Ok(None);
    };
    let Some(when) = step.when.as_ref().filter(|_| op.runs[at].item().is_none()) else { return Ok(None) };
    Ok((!planning::holds(step, when, &names(op))?).then(|| planning::skipped(when)))
}

/// For what the call that is next is to be made; `None` where it is made once.
///
/// # Errors
/// When nobody can tell, in a sentence.
pub(crate) fn items(op: &Operation, at: usize) -> Result<Option<Vec<Value>>, String> {
    let run = &op.runs[at];
    let step = planning::step_at(op, at).filter(|step| step.for_each.is_some());
    match step.filter(|_| run.item().is_none() && run.kind() != RunKind::Undo) {
        Some(step) => planning::items_of(step, &names(op)).map(Some),
        None => Ok(None),
    }
}

/// The names that a call's templates may use now.
fn names(op: &Operation) -> Value {
    let mut steps: Map<String, Value> = Map::new();
    for run in op.runs.iter().filter(|run| run.kind() != RunKind::Undo) {
        let state = match run.mark {
            StepMark::Done => "done",
            StepMark::Skipped => "skipped",
            StepMark::Failed => "failed",
            _ => continue,
        };
        let nothing = Outcome { summary: run.error.clone(), ..Outcome::default() };
        let gave = merged(run.outcome.as_ref().unwrap_or(&nothing), state);
        let Some((_, item)) = run.item() else {
            steps.insert(run.step.clone(), gave);
            continue;
        };
        let all = steps.entry(run.step.clone()).or_insert_with(|| json!({"state": state, "items": []}));
        if state != "done" {
            all["state"] = json!(state);
        }
        if let Some(items) = all["items"].as_array_mut() {
            items.push(planning::with_item(gave, item.clone()));
        }
    }
    let mut names = planning::names(&op.command, &op.args, &steps, Some((&op.id, &op.asker, &op.place)));
    if let Some(why) = &op.failure {
        names["failure"] = json!(why);
    }
    names
}

/// What later steps may use as `steps.<id>.*`: the outputs, `summary`, and `state`: `done` or `skipped`.
pub(crate) fn merged(outcome: &Outcome, state: &str) -> Value {
    let mut all = match &outcome.outputs {
        Value::Object(fields) => fields.clone(),
        Value::Null => Map::new(),
        other => [("value".to_owned(), other.clone())].into_iter().collect(),
    };
    all.entry("summary").or_insert_with(|| json!(outcome.summary));
    all.entry("state").or_insert_with(|| json!(state));
    Value::Object(all)
}

impl Calling {
    /// Makes a permitted call.
    pub(crate) async fn begin(
        core: &Arc<Core>,
        permitted: &Permitted,
        intent: Intent,
        numbers: &Numbers,
    ) -> Self {
        let (stop, cancel) = Stop::new();
        let sink = Sink::open(core, &intent, numbers, false).await;
        let tools = tools(core, &intent, &sink, cancel);
        let (clock, waits, effect) = (core.clock.clone(), intent.waits, intent.effect);
        let call: Pin<Box<dyn Future<Output = RunEnd> + Send>> =
            match (core.action(&intent.action).cloned(), Cx::new(permitted, intent, tools)) {
                (Some(action), Some(cx)) => Box::pin(async move { run(&clock, action.as_ref(), cx).await }),
                (None, _) => ready(RunEnd::Failed("its action is no longer there".into())),
                (_, None) => ready(RunEnd::Failed("the permission belongs to another operation".into())),
            };
        Self { call, end: None, stop, sink, waits, effect }
    }

    /// Takes up a call that was begun before a restart.
    pub(crate) async fn take_up(core: &Arc<Core>, intent: Intent, numbers: &Numbers) -> Self {
        let (stop, cancel) = Stop::new();
        let sink = Sink::open(core, &intent, numbers, true).await;
        let tools = tools(core, &intent, &sink, cancel);
        let (clock, waits, effect) = (core.clock.clone(), intent.waits, intent.effect);
        let call: Pin<Box<dyn Future<Output = RunEnd> + Send>> = match core.action(&intent.action).cloned() {
            Some(action) => Box::pin(async move { recover(&clock, action.as_ref(), &tools, &intent).await }),
            None => ready(RunEnd::Unknown("its action is no longer there to be asked".into())),
        };
        Self { call, end: None, stop, sink, waits, effect }
    }
}

fn ready(end: RunEnd) -> Pin<Box<dyn Future<Output = RunEnd> + Send>> {
    Box::pin(std::future::ready(end))
}

/// What a call may use of the outside.
pub(crate) fn tools(core: &Core, intent: &Intent, sink: &Sink, cancel: Cancel) -> Tools {
    Tools {
        http: core.http.clone(),
        clock: core.clock.clone(),
        cancel,
        secrets: core.live.load().setup.secrets.named_in(&intent.args),
        lines: sink.lines(),
    }
}

/// The same end without the values of secrets, whatever the action says: those of now, and those that the call had.
pub(crate) fn hidden(core: &Core, had: &Secrets, end: RunEnd) -> RunEnd {
    without(had, without(&core.live.load().setup.secrets, end))
}

fn without(secrets: &Secrets, end: RunEnd) -> RunEnd {
    let hide = |text: String| secrets.hidden(&text).into_owned();
    match end {
        RunEnd::Done(outcome) => RunEnd::Done(Outcome {
            summary: outcome.summary.map(hide),
            outputs: secrets.hidden_in(outcome.outputs),
            text: outcome.text.map(hide),
            rows: outcome.rows.map(|rows| rows.into_iter().map(|row| secrets.hidden_in(row)).collect()),
            reply: outcome.reply,
        }),
        RunEnd::Failed(what) => RunEnd::Failed(hide(what)),
        RunEnd::Aborted(what) => RunEnd::Aborted(hide(what)),
        RunEnd::Unknown(what) => RunEnd::Unknown(hide(what)),
        RunEnd::NotStarted => RunEnd::NotStarted,
    }
}

/// Runs an action, whatever it does: its panic and its stall are ends, too.
pub(crate) async fn run(clock: &Arc<dyn Clock>, action: &dyn DynAction, cx: Cx) -> RunEnd {
    let limit = later(cx.intent().deadline, GRACE_SECS);
    let name = cx.intent().action.clone();
    let call = AssertUnwindSafe(action.run(&cx)).catch_unwind();
    tokio::select! {
        biased;
        end = call => match end {
            Ok(Ok(outcome)) => RunEnd::Done(outcome),
            Ok(Err(error)) => end_of(error),
            Err(_) => RunEnd::Unknown(format!("`{name}` broke off with a fault of its own")),
        },
        () = clock.until(limit) => RunEnd::Unknown(format!("`{name}` did not come back by its deadline")),
    }
}

async fn recover(clock: &Arc<dyn Clock>, action: &dyn DynAction, tools: &Tools, intent: &Intent) -> RunEnd {
    let limit = later(intent.deadline.max(clock.now()), GRACE_SECS);
    let look = async {
        loop {
            match AssertUnwindSafe(action.recover(tools, intent)).catch_unwind().await {
                Ok(Recovery::Done(Ok(outcome))) => return RunEnd::Done(outcome),
                Ok(Recovery::Done(Err(error))) => return end_of(error),
                Ok(Recovery::NotStarted) => return RunEnd::NotStarted,
                Ok(Recovery::Unknown(what)) => return RunEnd::Unknown(what),
                Ok(Recovery::Running) => clock.until(later(clock.now(), LOOK_AGAIN_SECS)).await,
                Err(_) => {
                    return RunEnd::Unknown(format!("`{}` broke off with a fault of its own", intent.action));
                }
            }
        }
    };
    tokio::select! {
        biased;
        end = look => end,
        () = clock.until(limit) => RunEnd::Unknown(format!("`{}` could not tell by its deadline", intent.action)),
    }
}

/// The same end, cut to what is kept. Later steps would take values that are cut for others: a look that gives too much
/// fails, and what was done stays done and says that its values are gone. No later step finds rows.
fn bounded(end: RunEnd, effect: Effect) -> RunEnd {
    let RunEnd::Done(mut outcome) = end else { return end };
    outcome.summary = outcome.summary.map(|text| cut(text, 500));
    outcome.text = outcome.text.map(kept);
    let bytes = outcome.outputs.to_string().len();
    if bytes > MAX_KEPT {
        let most = format!("a step gives at most {} KiB", MAX_KEPT / 1024);
        if effect == Effect::Read {
            return RunEnd::Failed(format!("it gave {bytes} bytes; {most}"));
        }
        let said = outcome.summary.map_or_else(String::new, |said| format!("{said}; "));
        outcome.summary = Some(format!("{said}the {bytes} bytes that it gave are not kept: {most}"));
        outcome.outputs = Value::Null;
    }
    if outcome.rows.as_ref().is_some_and(|rows| Value::from(rows.clone()).to_string().len() > MAX_KEPT) {
        outcome.rows = None;
    }
    RunEnd::Done(outcome)
}

/// As much of a text as is kept, and how much that is where it is not all.
fn kept(text: String) -> String {
    let bytes = text.len();
    if bytes <= MAX_KEPT {
        return text;
    }
    format!(
        "{}\nThe first {} KiB of {bytes} bytes; the rest is not kept.",
        cut(text, MAX_KEPT),
        MAX_KEPT / 1024
    )
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let mut at = most;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.truncate(at);
        text.push('…');
    }
    text
}

/// What an action's error means for its run.
fn end_of(error: ActionError) -> RunEnd {
    match error {
        ActionError::Failed { what } => RunEnd::Failed(what),
        ActionError::Aborted { what } => RunEnd::Aborted(what),
        ActionError::Unknown { what } => RunEnd::Unknown(what),
    }
}
