//! What commands remember: `memory.get`, `memory.list`, `memory.set`, `memory.add` and `memory.forget`.
//!
//! A command sees the namespaces of its own pack and no other. Every change is one record, which names the call that
//! made it: after a restart the record says whether a call was made, so that nothing is counted twice. Not the storing:
//! [`wilco_contract::store::Memory`]. Layer 1.

mod args;
mod sizes;

use std::{
    marker::PhantomData,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, DynAction, Intent, Look, Outcome, Recovery, Tools},
    command::Effect,
    ids::ActionName,
    memory::{MemoryCall, MemoryEvent, Namespace, Remembered},
    plan::StepPlan,
    store::{AuditFilter, Page, Record, StoreError},
};

use self::args::{AddArgs, ForgetArgs, GetArgs, ListArgs, SetArgs};
pub(crate) use self::sizes::sizes;
use crate::{core::Core, planning::later, tell::unavailable};

type Told = Result<Outcome, ActionError>;
type Running<'a> = BoxFuture<'a, Told>;

/// The longest key, in bytes.
const MAX_KEY: usize = 200;
/// The longest value as JSON, in bytes.
const MAX_VALUE: usize = 16 * 1024;
/// The most keys of a namespace.
const MOST_KEYS: u64 = 1_000;
/// The most that a namespace holds, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;
/// The most namespaces of a pack, those of persons counted.
const MOST_NAMESPACES: usize = 1_000;
/// The longest name of a namespace, in characters.
const MAX_NAME: usize = 64;
/// How often a change looks again because somebody else changed the same.
const MOST_TRIES: u32 = 5;
/// How much of a value a line shows, in characters.
const SHOWN: usize = 200;

/// One of these actions.
struct Remember<A> {
    name: &'static str,
    about: &'static str,
    effect: Effect,
    /// Whether a step may say that it changes only what is the asker's own.
    own: bool,
    core: Weak<Core>,
    run: for<'a> fn(&'a Core, &'a Intent, A) -> Running<'a>,
    args: PhantomData<fn(A)>,
}

#[async_trait]
impl<A: DeserializeOwned + JsonSchema + Send + Sync + 'static> Action for Remember<A> {
    type Args = A;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse(self.name).expect("our own names are well formed"),
            about: self.about,
            effect: self.effect,
            effect_by_step: self.own,
            abortable: false,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, _: &Look, _: &A) -> Result<StepPlan, ActionError> {
        Ok(StepPlan { will: vec![self.about.to_owned()], ..StepPlan::default() })
    }

    async fn run(&self, cx: &Cx, args: A, _: &StepPlan) -> Told {
        let core = self.core.upgrade().ok_or_else(|| ActionError::failed("Wilco is stopping"))?;
        let intent = cx.intent();
        if intent.effect == Effect::Read && self.effect > Effect::Read && !is_own(&intent.args) {
            let what = format!("`{}` changes what is not the asker's own, which a read may not", self.name);
            return Err(ActionError::failed(what));
        }
        (self.run)(&core, intent, args).await
    }

    async fn recover(&self, _: &Tools, intent: &Intent) -> Recovery {
        let Some(core) = self.core.upgrade() else {
            return Recovery::Unknown("Wilco is stopping".to_owned());
        };
        match made(&core, intent).await {
            Ok(Some(outcome)) => Recovery::Done(Ok(outcome)),
            // Its record is what it does: without it, it did nothing, and whoever would have done it is gone.
            Ok(None) => Recovery::NotStarted,
            Err(error) => Recovery::Unknown(error.to_string()),
        }
    }
}

/// Whether a call's arguments say that it is about the asker's own.
fn is_own(args: &Value) -> bool {
    args.get("mine").and_then(Value::as_bool) == Some(true)
}

/// Makes an action of a function.
macro_rules! remember {
    ($core:expr, $name:literal, $effect:expr, $own:literal, $about:literal, $run:expr) => {
        Arc::new(Remember {
            name: $name,
            about: $about,
            effect: $effect,
            own: $own,
            core: $core.clone(),
            run: |core, intent, args| Box::pin($run(core, intent, args)),
            args: PhantomData,
        })
    };
}

/// All of them.
pub(crate) fn actions(core: &Weak<Core>) -> Vec<Arc<dyn DynAction>> {
    use Effect::{Read, Write};
    vec![
        remember!(core, "memory.get", Read, false, "looks up what is remembered", get),
        remember!(core, "memory.list", Read, false, "lists what is remembered", list),
        remember!(core, "memory.set", Write, true, "remembers a value", set),
        // Never a read: a read that is given again after a crash would count again.
        remember!(core, "memory.add", Write, false, "adds to a number that is remembered", add),
        remember!(core, "memory.forget", Write, true, "forgets a value", forget),
    ]
}

/// The namespace that a call means: one of its own pack's.
fn namespace(intent: &Intent, name: Option<&str>, mine: bool) -> Result<Namespace, ActionError> {
    let command =
        intent.command.as_ref().ok_or_else(|| ActionError::failed("the call belongs to no command"))?;
    let pack = command.as_str().split('.').next().unwrap_or_default().to_owned();
    let well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if let Some(name) =
        name.filter(|name| name.is_empty() || name.len() > MAX_NAME || !name.chars().all(well))
    {
        return Err(ActionError::failed(format!(
            "`{name}` cannot be a namespace: a pack has its own, whose names are lower-case letters, digits, - and _, \
             at most {MAX_NAME} of them"
        )));
    }
    let person = match (mine, intent.asker.person()) {
        (false, _) => None,
        (true, Some(person)) => Some(person.clone()),
        (true, None) => {
            return Err(ActionError::failed(format!(
                "`mine` is a person's own, and {} is none",
                intent.asker
            )));
        }
    };
    Ok(Namespace { pack, name: name.map(str::to_owned), person })
}

/// A value as a line shows it.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
}

async fn there(core: &Core, namespace: &Namespace, key: &str) -> Result<Option<Remembered>, ActionError> {
    let found = core.store.remembered(namespace, key).await.map_err(|error| unavailable(&error))?;
    let now = core.clock.now();
    Ok(found.filter(|entry| !entry.is_over(now)))
}

async fn get(core: &Core, intent: &Intent, args: GetArgs) -> Told {
    let namespace = namespace(intent, args.namespace.as_deref(), args.mine)?;
    let found = there(core, &namespace, &args.key).await?;
    let is_there = found.is_some();
    let value = found.map_or(args.default, |entry| entry.value);
    let summary = match is_there || !value.is_null() {
        true => format!("`{}` is {}", args.key, shown(&value)),
        false => format!("nothing is remembered as `{}`", args.key),
    };
    Ok(Outcome {
        summary: Some(summary),
        outputs: json!({"value": value, "found": is_there}),
        ..Outcome::default()
    })
}

async fn list(core: &Core, intent: &Intent, args: ListArgs) -> Told {
    let namespace = namespace(intent, args.namespace.as_deref(), args.mine)?;
    let most = usize::try_from(MOST_KEYS).unwrap_or(usize::MAX);
    let all = core.store.all_remembered(&namespace, core.clock.now(), most).await;
    let all = all.map_err(|error| unavailable(&error))?;
    let row = |entry: &Remembered| json!({"key": entry.key, "value": entry.value, "until": entry.until});
    let rows: Vec<Value> = all.iter().map(row).collect();
    let summary = match rows.len() {
        0 => "nothing is remembered".to_owned(),
        1 => "1 value".to_owned(),
        count => format!("{count} values"),
    };
    let outputs = json!({"count": rows.len(), "entries": rows});
    Ok(Outcome { summary: Some(summary), outputs, rows: Some(rows), ..Outcome::default() })
}

async fn set(core: &Core, intent: &Intent, args: SetArgs) -> Told {
    let namespace = namespace(intent, args.namespace.as_deref(), args.mine)?;
    let (value, span) = (args.value, args.span);
    let until = |_: Option<&Remembered>| span.map(|span| later(core.clock.now(), span.secs()));
    change(core, intent, (&namespace, &args.key), &|known| Ok((value.clone(), until(known)))).await
}

async fn add(core: &Core, intent: &Intent, args: AddArgs) -> Told {
    let namespace = namespace(intent, args.namespace.as_deref(), args.mine)?;
    let (key, by) = (&args.key, args.by);
    let next = |known: Option<&Remembered>| {
        let has = match known.map(|entry| &entry.value) {
            None => 0,
            Some(value) => value.as_i64().ok_or_else(|| {
                ActionError::failed(format!("`{key}` is {}, to which nothing can be added", shown(value)))
            })?,
        };
        let sum = has.checked_add(by);
        let sum =
            sum.ok_or_else(|| ActionError::failed(format!("{has} and {by} add up to more than fits")))?;
        let kept = known.and_then(|entry| entry.until);
        let until = args.span.map_or(kept, |span| Some(later(core.clock.now(), span.secs())));
        Ok((Value::from(sum), until))
    };
    change(core, intent, (&namespace, key), &next).await
}

/// What is to be remembered in place of what is, and until when.
type Next<'a> =
    dyn Fn(Option<&Remembered>) -> Result<(Value, Option<jiff::Timestamp>), ActionError> + Send + Sync + 'a;

async fn change(core: &Core, intent: &Intent, at: (&Namespace, &str), next: &Next<'_>) -> Told {
    let (namespace, key) = at;
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(limit(&format!("a key has 1 to {MAX_KEY} bytes, and this one has {}", key.len())));
    }
    let _turn = core.memory.lock().await;
    for _ in 0..MOST_TRIES {
        let now = core.clock.now();
        let stored = core.store.remembered(namespace, key).await.map_err(|error| unavailable(&error))?;
        let version = stored.as_ref().map_or(0, |entry| entry.version) + 1;
        let known = stored.filter(|entry| !entry.is_over(now));
        let (value, until) = next(known.as_ref())?;
        let (namespace, key) = (namespace.clone(), key.to_owned());
        let entry = Remembered { namespace, key, value, version, at: now, until };
        fits(core, known.as_ref(), &entry).await?;
        let done = set_to(intent, &entry);
        let event = MemoryEvent::Set { entry, by: call(intent) };
        match core.commit(vec![Record::Memory(Box::new(event))]).await {
            Ok(()) => return Ok(done),
            // Another process changed it meanwhile.
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Err(ActionError::failed(format!("`{key}` is changed by others all the time; nothing was stored")))
}

fn limit(what: &str) -> ActionError {
    ActionError::failed(format!("{what}; nothing was stored"))
}

/// Whether a value may take the place of what is there.
async fn fits(core: &Core, known: Option<&Remembered>, entry: &Remembered) -> Result<(), ActionError> {
    let long = entry.value.to_string().len();
    if long > MAX_VALUE {
        return Err(limit(&format!(
            "a value has at most {MAX_VALUE} bytes as JSON, and this one has {long}"
        )));
    }
    let namespace = &entry.namespace;
    let size = core.store.memory_size(namespace, entry.at).await.map_err(|error| unavailable(&error))?;
    if known.is_none() && size.keys >= MOST_KEYS {
        return Err(limit(&format!("`{namespace}` has {MOST_KEYS} keys, which are the most")));
    }
    if size.bytes - known.map_or(0, Remembered::bytes).min(size.bytes) + entry.bytes() > MOST_BYTES {
        return Err(limit(&format!("`{namespace}` would hold more than {MOST_BYTES} bytes")));
    }
    if size.keys > 0 {
        return Ok(());
    }
    let all = core.store.memory_sizes(Some(&namespace.pack), entry.at).await;
    if all.map_err(|error| unavailable(&error))?.len() >= MOST_NAMESPACES {
        let what = format!("`{}` has {MOST_NAMESPACES} namespaces, which are the most", namespace.pack);
        return Err(limit(&what));
    }
    Ok(())
}

/// The call of an action, as what it remembers names it.
pub(crate) fn call(intent: &Intent) -> MemoryCall {
    MemoryCall { key: intent.key.clone(), operation: intent.operation.clone(), who: intent.asker.key() }
}

/// What a call says that set a value.
fn set_to(intent: &Intent, entry: &Remembered) -> Outcome {
    let summary = match intent.action.as_str() {
        "memory.add" => format!("`{}` is {}", entry.key, shown(&entry.value)),
        _ => format!("`{}` is remembered", entry.key),
    };
    Outcome { summary: Some(summary), outputs: json!({"value": entry.value}), ..Outcome::default() }
}

async fn forget(core: &Core, intent: &Intent, args: ForgetArgs) -> Told {
    let namespace = namespace(intent, args.namespace.as_deref(), args.mine)?;
    let key = args.key;
    let _turn = core.memory.lock().await;
    for _ in 0..MOST_TRIES {
        let Some(entry) = there(core, &namespace, &key).await? else { return Ok(forgotten(&key, false)) };
        let namespace = namespace.clone();
        let event =
            MemoryEvent::Forgot { namespace, key: key.clone(), version: entry.version, by: call(intent) };
        match core.commit(vec![Record::Memory(Box::new(event))]).await {
            Ok(()) => return Ok(forgotten(&key, true)),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Err(ActionError::failed(format!("`{key}` is changed by others all the time; it was not forgotten")))
}

fn forgotten(key: &str, was_there: bool) -> Outcome {
    let summary = match was_there {
        true => format!("`{key}` is forgotten"),
        false => format!("nothing was remembered as `{key}`"),
    };
    Outcome { summary: Some(summary), outputs: json!({"forgotten": was_there}), ..Outcome::default() }
}

/// What came of a call that changed something, if it did: the journal knows.
async fn made(core: &Core, intent: &Intent) -> Result<Option<Outcome>, StoreError> {
    let Some(operation) = &intent.operation else { return Ok(None) };
    let filter =
        AuditFilter { operation: Some(operation.clone()), who: None, kind: Some("memory.".to_owned()) };
    let mut after = 0;
    loop {
        let rows = core.store.audit(&filter, Page { after, limit: 200 }).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        after = last.seq.0;
        for row in rows {
            let corrupt =
                |error: serde_json::Error| StoreError::Corrupt(format!("record {}: {error}", row.seq));
            let body = row.body.as_ref().ok_or_else(|| {
                StoreError::Corrupt(format!("record {}, which may be of this call, was erased", row.seq))
            })?;
            let event: MemoryEvent =
                serde_json::from_value(body.get("body").unwrap_or(body).clone()).map_err(corrupt)?;
            if event.by().is_none_or(|by| by.key != intent.key) {
                continue;
            }
            match event {
                MemoryEvent::Set { entry, .. } => return Ok(Some(set_to(intent, &entry))),
                MemoryEvent::Forgot { key, .. } => return Ok(Some(forgotten(&key, true))),
                MemoryEvent::Swept { .. } => {}
            }
        }
    }
}

/// Forgets for good what is over.
///
/// # Errors
/// When the store cannot do it.
pub(crate) async fn sweep(core: &Core) -> Result<(), StoreError> {
    let _turn = core.memory.lock().await;
    let before = core.clock.now();
    if !core.store.memory_is_over(before).await? {
        return Ok(());
    }
    core.commit(vec![Record::Memory(Box::new(MemoryEvent::Swept { before }))]).await
}
