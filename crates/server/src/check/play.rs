//! Plays one transcript through the real engine: a stepped clock, a store in memory, everything outside scripted.
//!
//! Not the format, which `wilco-packs` reads, nor the stage, which [`super::stage`] sets. Layer 4.

mod acts;

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use wilco_contract::{
    action::DynAction,
    clock::{Chance, Clock, Spawn as _},
    connector::Arrival,
    ids::{Account, OpId, Place, Seq, SourceName},
    input::{Input, Message, Press},
    operation::Operation,
    reply::PressKind,
    schedule::LATE_SECS,
    source::RawHook,
    store::{AuditFilter, Journal as _, Operations as _, Page, Store},
};
use wilco_engine::{Engine, NotTaken, Parts};
use wilco_packs::{
    Pack,
    problem::nearest,
    transcript::{Sent, Speaker, Statement, Transcript, What, fits},
};
use wilco_runtime::{chance::SeededChance, clock::SteppedClock, memory_store::MemoryStore, tasks::Tasks};

use super::stage::{Heard, NoServers, Rooms, Script, Scripted, Signed};
use crate::{
    config::{Config, no_room},
    registry,
};

/// When every transcript begins: Monday, 5 January 2026, 9:00 UTC.
const BEGINNING: i64 = 1_767_603_600;
/// Everything has come to rest when so many rounds changed nothing.
const QUIET_ROUNDS: usize = 50;
/// The most rounds until everything has to have come to rest.
const MAX_ROUNDS: usize = 200_000;
/// The most steps in which time passes; each is a second, or as much longer as it has to be.
const MAX_STEPS: u64 = 3_600;
/// The most operations that a transcript may have.
const MAX_OPERATIONS: usize = 500;

/// Why a transcript did not come true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The line of the statement, from 1.
    pub line: u32,
    /// What is otherwise than it says, in a line; what else helps follows, indented.
    pub what: String,
}

/// What a transcript plays under.
pub(super) struct Under<'a> {
    pub(super) config: &'a Config,
    pub(super) pack: &'a Pack,
    pub(super) actions: &'a [Arc<dyn DynAction>],
    /// Where the transcript stands.
    pub(super) folder: &'a Path,
}

/// Plays a transcript up to its end or to the first statement that does not come true.
pub(super) fn play(transcript: &Transcript, under: &Under<'_>) -> Result<(), Failure> {
    // No driver for time or sockets: whoever waited for a real clock would never come to rest.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime =
        runtime.map_err(|error| Failure { line: 1, what: format!("no runtime to play it in: {error}") })?;
    runtime.block_on(async {
        let mut play = Play::begin(under).await.map_err(|what| Failure { line: 1, what })?;
        for statement in &transcript.statements {
            let played = play.statement(statement).await;
            let unscripted = play.unscripted();
            let played = match statement.what {
                What::Expects { .. } | What::ExpectsEdit { .. } => {
                    played.map_err(|what| what + &play.unplanned())
                }
                _ => played,
            };
            unscripted.map_or(played, Err).map_err(|what| Failure { line: statement.line, what })?;
        }
        Ok(())
    })
}

struct Play<'a> {
    config: &'a Config,
    engine: Engine,
    store: Arc<MemoryStore>,
    clock: Arc<SteppedClock>,
    tasks: Tasks,
    rooms: Arc<Rooms>,
    script: Arc<Script>,
    /// The names of the actions that can be scripted.
    actions: Vec<String>,
    /// Operations in the order in which they came to be, in their newest state.
    operations: Vec<Operation>,
    /// Where somebody last said or did something.
    place: Option<Place>,
    /// What was heard before this belongs to what was done before.
    since: usize,
    /// The numbers in [`Rooms`] of what was expected, and came.
    met: Vec<usize>,
    /// Entries of the audit log that were named.
    audited: Vec<Seq>,
    messages: u64,
    /// What was last said in each place outside of threads.
    threads: HashMap<Place, String>,
    /// What each speaker last said.
    said: Vec<(Speaker, Message)>,
    /// Where the transcript stands.
    folder: &'a Path,
    has_schedules: bool,
}

impl<'a> Play<'a> {
    async fn begin(under: &Under<'a>) -> Result<Self, String> {
        let clock = Arc::new(SteppedClock::new(
            Timestamp::from_second(BEGINNING).map_err(|error| error.to_string())?,
        ));
        let chance: Arc<dyn Chance> = Arc::new(SeededChance::new(1));
        let store = Arc::new(MemoryStore::new(chance.clone()));
        let (tasks, script, rooms) = (Tasks::new(), Arc::new(Script::default()), Arc::new(Rooms::default()));
        let parts = Parts {
            store: store.clone() as Arc<dyn Store>,
            clock: clock.clone(),
            spawn: Arc::new(tasks.clone()),
            chance,
            http: Arc::new(NoServers),
            actions: Scripted::all(under.actions, &script),
            sources: Signed::all(registry::sources(under.config)),
        };
        let config = under.config;
        let setup = crate::app::setup(config, under.pack.clone());
        let engine = Engine::new(parts, setup).map_err(|collisions| super::told(&collisions))?;
        // A transcript shows what is said, whatever its network makes of it: an edit stays one everywhere.
        for (connector, _) in config.networks() {
            engine.attach(connector, Rooms::CAPS, rooms.clone(), rooms.clone());
        }
        engine.recover().await.map_err(|error| error.to_string())?;
        Ok(Self {
            config,
            engine,
            store,
            clock,
            tasks,
            rooms,
            script,
            actions: under.actions.iter().map(|action| action.spec().name.to_string()).collect(),
            operations: Vec::new(),
            place: None,
            since: 0,
            met: Vec::new(),
            audited: Vec::new(),
            messages: 0,
            threads: HashMap::new(),
            said: Vec::new(),
            folder: under.folder,
            has_schedules: !under.pack.schedules.is_empty(),
        })
    }

    async fn statement(&mut self, statement: &Statement) -> Result<(), String> {
        match &statement.what {
            What::Outside { action, args, ends } => {
                self.known(action.as_str())?;
                self.script.call(action.clone(), args.clone(), ends.clone());
                Ok(())
            }
            What::Plans { action, args, plan } => {
                self.known(action.as_str())?;
                self.script.plan(action.clone(), args.clone(), plan.clone());
                Ok(())
            }
            What::Says { who, place, reply, text } => self.say(who, (place, *reply), text).await,
            What::Sends { source, kind, body } => self.send(source, kind.as_deref(), body).await,
            What::Presses { who, press, on } => self.press(who, *press, on.as_deref()).await,
            What::Does { who, act } => self.act(who, act).await,
            What::Clock { seconds } => self.pass(*seconds).await,
            What::Expects { place, text } => self.expect(place.as_ref(), text),
            What::ExpectsEdit { place, text } => self.expect_edit(place.as_ref(), text),
            What::ExpectsNothing => self.expect_nothing(),
            What::Audit { kind, who, contains } => self.audit(kind, who, contains.as_deref()).await,
        }
    }

    /// Whether packs can use this action, so that a line for it can ever count.
    fn known(&self, action: &str) -> Result<(), String> {
        let names = &self.actions;
        if names.iter().any(|name| name == action) {
            return Ok(());
        }
        let near = nearest(action, names.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Err(format!("there is no action `{action}` outside Wilco{near}"))
    }

    async fn say(&mut self, who: &Speaker, (place, reply): (&Place, bool), text: &str) -> Result<(), String> {
        self.check_place(place)?;
        let text = self.with_ids(text)?;
        let from = self.account(who, place)?;
        self.messages += 1;
        let id = format!("m{}", self.messages);
        let thread = match (reply, self.threads.get(place)) {
            (true, None) => return Err(format!("nothing was said in `{place}` yet to reply to")),
            (true, Some(first)) => Some(first.clone()),
            (false, _) => {
                self.threads.insert(place.clone(), id.clone());
                None
            }
        };
        let message =
            Message { id, place: place.clone(), thread, from, text, at: self.clock.now(), to_us: false };
        self.place = Some(place.clone());
        self.said.retain(|(speaker, _)| speaker != who);
        self.said.push((who.clone(), message.clone()));
        self.arrive(Input::Message(message)).await
    }

    async fn press(&mut self, who: &Speaker, press: PressKind, on: Option<&str>) -> Result<(), String> {
        let operation = match on {
            Some(on) => self.named(&self.with_ids(on)?)?,
            None => self.operations.last().ok_or("there is no operation yet to press a button of")?,
        };
        let (id, plan, place) = (operation.id.clone(), operation.plan.hash, operation.home.clone());
        let from = self.account(who, &place)?;
        self.messages += 1;
        let press = Press {
            id: format!("p{}", self.messages),
            place: place.clone(),
            from,
            press,
            operation: id,
            plan,
            at: self.clock.now(),
        };
        self.place = Some(place);
        self.arrive(Input::Press(press)).await
    }

    /// Takes in what a source sends, as its sender would send it.
    async fn send(&mut self, source: &SourceName, kind: Option<&str>, body: &Sent) -> Result<(), String> {
        let body = match body {
            Sent::Json(value) => value.to_string().into_bytes(),
            Sent::File(path) => std::fs::read(self.folder.join(path))
                .map_err(|error| format!("the file `{path}` cannot be read: {error}"))?,
        };
        self.begin_anew();
        self.messages += 1;
        let delivery = format!("delivery-{}", self.messages);
        let mut headers: Vec<(&str, &[u8])> =
            vec![("content-type", b"application/json"), ("x-github-delivery", delivery.as_bytes())];
        headers.extend(kind.map(|kind| ("x-github-event", kind.as_bytes())));
        let hook = RawHook { headers: &headers, body: &body, received_at: self.clock.now() };
        match self.engine.hook(source.as_str(), hook).await {
            Ok(_) => self.settle().await,
            Err(NotTaken::NoSuchSource) => {
                let known: Vec<_> = self.engine.sources().into_iter().map(|source| source.name).collect();
                let near = nearest(source.as_str(), known.iter().map(SourceName::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                Err(format!("there is no `[source.{source}]`{near}"))
            }
            Err(NotTaken::NotProven(why) | NotTaken::Unreadable(why) | NotTaken::Unavailable(why)) => {
                Err(format!("`{source}` does not take this: {why}"))
            }
        }
    }

    fn named(&self, id: &str) -> Result<&Operation, String> {
        let id = OpId::parse(id).map_err(|error| error.to_string())?;
        let found = self.operations.iter().find(|operation| operation.id == id);
        found.ok_or_else(|| format!("there is no operation {id}"))
    }

    /// What was heard and planned up to now belongs to what was done before.
    fn begin_anew(&mut self) {
        self.since = self.rooms.count();
        self.script.take_unplanned();
    }

    async fn arrive(&mut self, input: Input) -> Result<(), String> {
        self.begin_anew();
        let engine = self.engine.clone();
        let arrival = Arrival { input, cursor: None, kept: None, ack: None };
        // Where a lane is full the reader would wait; the transcript goes on.
        self.tasks.spawn("arrival", Box::pin(async move { engine.accept(arrival).await }));
        self.settle().await
    }

    /// Lets time pass in small steps, as what waits for an earlier time has to happen before what waits for a later one.
    async fn pass(&mut self, seconds: u64) -> Result<(), String> {
        self.begin_anew();
        let mut step = seconds.div_ceil(MAX_STEPS);
        if self.has_schedules {
            // A longer step would make what is due look missed.
            step = step.min(LATE_SECS.unsigned_abs());
        }
        let mut left = seconds;
        while left > 0 {
            let now = step.min(left);
            self.clock.advance(Duration::from_secs(now));
            self.settle().await?;
            left -= now;
        }
        Ok(())
    }

    /// Lets everything run until nothing changes any more.
    async fn settle(&mut self) -> Result<(), String> {
        let (mut quiet, mut before) = (0, None);
        for _ in 0..MAX_ROUNDS {
            tokio::task::yield_now().await;
            let head = self.store.head().await.map_err(|error| error.to_string())?;
            let now = Some((self.rooms.count(), head.seq));
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
            if quiet >= QUIET_ROUNDS {
                return self.look().await;
            }
        }
        Err("after this it never comes to rest: something goes on and on without waiting for the clock"
            .to_owned())
    }

    async fn look(&mut self) -> Result<(), String> {
        self.store.flush().await.map_err(|error| error.to_string())?;
        let page = Page { after: 0, limit: MAX_OPERATIONS };
        let operations = self.store.operations(&[], page).await.map_err(|error| error.to_string())?;
        self.operations = operations.into_iter().map(|(_, operation)| operation).collect();
        Ok(())
    }

    /// A call that the transcript does not script fails it, whatever else came of it.
    fn unscripted(&self) -> Option<String> {
        let (action, args) = self.script.unscripted()?;
        let args = telling(args);
        Some(format!("nothing says how this call ends; before it, say\n    outside: {action} {args} => {{}}"))
    }

    /// Which plans no line fits, for a statement that does not come true: that is why they say nothing.
    fn unplanned(&self) -> String {
        let plans = self.script.take_unplanned().into_iter();
        let lines = plans.map(|(action, args)| {
            let args = telling(args);
            format!("\n    No `plan:` line fits `{action} {args}`; without one a plan says nothing.")
        });
        lines.collect()
    }

    fn check_place(&self, place: &Place) -> Result<(), String> {
        if !self.config.networks().any(|(known, _)| known == place.connector()) {
            return Err(format!("there is no connector `{}`", place.connector()));
        }
        let rooms = self.config.rooms.iter().map(|room| room.place.as_str());
        if place.direct().is_some() || rooms.clone().any(|room| room == place.as_str()) {
            return Ok(());
        }
        let near = nearest(place.as_str(), rooms);
        Err(format!(
            "{}{}",
            no_room(place),
            near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
        ))
    }

    /// The account that somebody speaks with in a place.
    fn account(&self, who: &Speaker, place: &Place) -> Result<Account, String> {
        let id = match who {
            Speaker::Account(account) => return Ok(account.clone()),
            Speaker::Person(id) => id,
        };
        let people = &self.config.policy.people;
        let Some(person) = people.get(id) else {
            let near = nearest(id.as_str(), people.keys().map(|id| id.as_str()));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "there is no `[person.{id}]`{near}\n    A stranger is written as an account: `web:{id} in {place}: …`."
            ));
        };
        let theirs = person.accounts.iter().find(|account| account.connector() == place.connector());
        match theirs {
            Some(account) => Ok(account.clone()),
            None => Account::parse(&format!("{}:{id}", place.connector())).map_err(|error| error.to_string()),
        }
    }

    fn expect(&mut self, place: Option<&Place>, expected: &str) -> Result<(), String> {
        let place = place
            .or(self.place.as_ref())
            .cloned()
            .ok_or("nobody has said anything yet, so say where: `wilco in web:ops: …`")?;
        let expected = first_is_one(expected);
        let next = self.heard().into_iter().find(|(_, heard)| !heard.edit && heard.place == place);
        let Some((at, heard)) = next else {
            let elsewhere = self.heard().into_iter().find(|(_, heard)| !heard.edit);
            let elsewhere = elsewhere.map_or_else(String::new, |(_, heard)| {
                format!("\n  in {}:\n{}", heard.place, indented(&self.with_placeholders(&heard.text)))
            });
            return Err(format!(
                "Wilco said nothing more in {place}\n  expected:\n{}{elsewhere}",
                indented(&expected)
            ));
        };
        self.met.push(at);
        let said = self.with_placeholders(&heard.text);
        if fits(&expected, &said) {
            return Ok(());
        }
        Err(format!(
            "Wilco said something else\n  expected:\n{}\n  said:\n{}",
            indented(&expected),
            indented(&said)
        ))
    }

    /// Only the newest state of a message is sure to be shown, so edits in between may be passed over.
    fn expect_edit(&mut self, place: Option<&Place>, expected: &str) -> Result<(), String> {
        let expected = first_is_one(expected);
        let edits: Vec<_> = self
            .heard()
            .into_iter()
            .filter(|(_, heard)| heard.edit && place.is_none_or(|place| heard.place == *place))
            .collect();
        let found = edits.iter().find(|(_, heard)| fits(&expected, &self.with_placeholders(&heard.text)));
        if let Some((at, _)) = found {
            self.met.push(*at);
            return Ok(());
        }
        let last = edits.last().map_or_else(
            || "Wilco edited nothing".to_owned(),
            |(_, heard)| {
                format!(
                    "Wilco edited a message into something else\n  said:\n{}",
                    indented(&self.with_placeholders(&heard.text))
                )
            },
        );
        Err(format!("{last}\n  expected:\n{}", indented(&expected)))
    }

    fn expect_nothing(&self) -> Result<(), String> {
        match self.heard().into_iter().find(|(_, heard)| !heard.edit) {
            None => Ok(()),
            Some((_, heard)) => Err(format!(
                "Wilco said something in {}\n  said:\n{}",
                heard.place,
                indented(&self.with_placeholders(&heard.text))
            )),
        }
    }

    /// What was heard since the last thing that was done, without what was expected already.
    fn heard(&self) -> Vec<(usize, Heard)> {
        let heard = self.rooms.heard_from(self.since).into_iter().enumerate();
        heard.map(|(at, heard)| (self.since + at, heard)).filter(|(at, _)| !self.met.contains(at)).collect()
    }

    async fn audit(&mut self, kind: &str, who: &str, contains: Option<&str>) -> Result<(), String> {
        self.store.flush().await.map_err(|error| error.to_string())?;
        let filter = AuditFilter { kind: Some(kind.to_owned()), ..AuditFilter::default() };
        let page = Page { after: 0, limit: 100_000 };
        let rows = self.store.audit(&filter, page).await.map_err(|error| error.to_string())?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.kind == kind).collect();
        for row in &rows {
            let body = row.body.as_ref().map(ToString::to_string).unwrap_or_default();
            let has = contains.is_none_or(|text| self.with_placeholders(&body).contains(&first_is_one(text)));
            if row.who.as_deref() == Some(who) && has && !self.audited.contains(&row.seq) {
                self.audited.push(row.seq);
                return Ok(());
            }
        }
        let others: Vec<_> =
            rows.iter().map(|row| row.who.as_deref().unwrap_or("nobody").to_owned()).collect();
        let others = match others.is_empty() {
            true => "there is none of this kind".to_owned(),
            false => format!("those of this kind are by {}", others.join(", ")),
        };
        Err(format!("the audit log has no further entry `{kind}` by `{who}` that fits; {others}"))
    }

    /// Placeholders in what somebody says become ids.
    fn with_ids(&self, text: &str) -> Result<String, String> {
        let mut text = first_is_one(text);
        for (number, operation) in self.operations.iter().enumerate().rev() {
            text = text.replace(&placeholder(number), operation.id.as_str());
        }
        match text.find("<op") {
            Some(at) if text[at..].contains('>') => {
                let end = text[at..].find('>').map_or(text.len(), |end| at + end + 1);
                Err(format!(
                    "there is no operation {} yet; there are {}",
                    &text[at..end],
                    self.operations.len()
                ))
            }
            _ => Ok(text),
        }
    }

    /// Ids and hashes in what Wilco says become placeholders.
    fn with_placeholders(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, operation) in self.operations.iter().enumerate() {
            text = text.replace(operation.id.as_str(), &placeholder(number));
            text = text.replace(&operation.plan.hash.to_string(), "<hash>");
            text = text.replace(&operation.plan.hash.short(), "<hash>");
        }
        text
    }
}

/// Of a call's arguments what tells it from others, as a line that is to be written should name no more: of a program
/// the words that it is called with.
fn telling(args: Value) -> Value {
    match args.get("argv") {
        Some(argv) => json!({ "argv": argv }),
        None => args,
    }
}

/// The first operation is `<op>`, the second `<op2>`.
fn placeholder(number: usize) -> String {
    if number == 0 { "<op>".to_owned() } else { format!("<op{}>", number + 1) }
}

fn first_is_one(text: &str) -> String {
    text.replace("<op1>", "<op>")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Where a transcript's own configuration is, relative to the transcript.
pub(super) fn own_config(transcript: &Path, config: &str) -> std::path::PathBuf {
    transcript.parent().unwrap_or(Path::new(".")).join(config)
}
