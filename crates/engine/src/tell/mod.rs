//! What the engine's own reads answer, and its own small writes.
//!
//! Not their declaration: [`crate::own`]. What is asked about events: [`events`]; how many
//! there were: [`counts`]. Layer 1.

pub(crate) mod counts;
pub(crate) mod events;
pub(crate) mod triggers;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use wilco_contract::{
    action::{ActionError, Intent, Outcome, Stream},
    connector::{Presence, Standing},
    ids::OpId,
    operation::{Operation, State},
    principal::Principal,
    reply::{Block, Field, Reply},
    store::{AuditFilter, Lock, LockOwner, Page, Record, StoreError},
};

use crate::{alias, compose, core::Core, locks::Taken, planning::later, words};

type Told = Result<Outcome, ActionError>;

/// How many operations `operations` lists.
const LISTED: usize = 15;
/// How many it gives as rows, for stages.
const LISTED_ROWS: usize = 100;
/// The longest that a person may hold a lock, in seconds.
const LONGEST_LOCK_SECS: i64 = 7 * 86_400;

/// Says this.
pub(crate) fn said(said: Reply) -> Told {
    reply(said)
}

fn reply(reply: Reply) -> Told {
    Ok(Outcome { text: Some(reply.plain()), reply: Some(reply), ..Outcome::default() })
}

pub(crate) fn unavailable(error: &StoreError) -> ActionError {
    ActionError::failed(error.to_string())
}

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// The arguments of `help`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct HelpArgs {
    /// A command or a word to look for.
    words: Option<String>,
}

pub(crate) async fn help(core: &Arc<Core>, intent: &Intent, args: HelpArgs) -> Told {
    let live = core.live.load_full();
    let may = |command: &wilco_contract::command::Command| {
        crate::may_use(core, command, &intent.asker, &intent.place)
    };
    let word = args.words.as_deref();
    let rows = live.catalogue.help_rows(&may, word);
    let help = match word.and_then(compose::help) {
        None => live.catalogue.help(&may, word),
        Some(stages) if rows.is_empty() => stages,
        Some(stages) => {
            let commands = live.catalogue.help(&may, word);
            Reply { blocks: stages.blocks.into_iter().chain(commands.blocks).collect() }
        }
    };
    let told = reply(alias::help(core, intent, word, help))?;
    Ok(Outcome { rows: Some(rows).filter(|rows| !rows.is_empty()), ..told })
}

/// The arguments of `text.answer`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerArgs {
    /// What to answer.
    text: String,
}

/// Says what a pack says, and nothing else.
pub(crate) async fn answer(_: &Arc<Core>, _: &Intent, args: AnswerArgs) -> Told {
    let outputs = serde_json::json!({ "text": args.text });
    Ok(Outcome { outputs, reply: Some(Reply::text(args.text)), ..Outcome::default() })
}

/// The arguments of `ping`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PingArgs {
    /// What to send back.
    token: Option<String>,
}

pub(crate) async fn ping(_: &Arc<Core>, _: &Intent, args: PingArgs) -> Told {
    reply(Reply::text(args.token.map_or_else(|| "pong".to_owned(), |token| format!("pong {token}"))))
}

pub(crate) async fn whoami(_: &Arc<Core>, intent: &Intent, _: Nothing) -> Told {
    let text = match &intent.asker {
        Principal::Person { id, name, roles, account } => {
            let roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
            let roles =
                if roles.is_empty() { "no roles".to_owned() } else { format!("roles {}", roles.join(", ")) };
            format!("You are @{id} ({name}), by {account}, with {roles}.")
        }
        Principal::Guest { account } => {
            format!("You are a guest, by {account}. {}", wilco_contract::gate::how_to_be_known(account))
        }
        Principal::Operator => "You are the local operator.".to_owned(),
        Principal::Token { name, .. } => format!("You are the token `{name}`."),
        Principal::Rule { name, event, .. } => {
            format!("You are the rule `{name}`, because of event {event}.")
        }
        Principal::Program { program, .. } => {
            format!("You are the {} `{}`.", program.kind.as_str(), program.name)
        }
    };
    reply(Reply::text(text))
}

/// Who is in the room, as its network tells it.
pub(crate) async fn who(core: &Arc<Core>, intent: &Intent, _: Nothing) -> Told {
    let columns = ["who", "account", "is"];
    let Some(way) = core.ways.to(&intent.place) else {
        return Err(ActionError::failed(format!("the connector of {} is not connected", intent.place)));
    };
    let mut rows = Vec::new();
    for account in way.directory.members(&intent.place).await {
        let is = match way.directory.presence(&account).await {
            Presence::Here => "here",
            Presence::Away => "away",
            // In the room they are; more is not known.
            Presence::Gone | Presence::Unknown => "",
        };
        let who = core.with_policy(|policy| policy.resolve(&account));
        let who = who.person().map_or_else(|| "guest".to_owned(), |person| format!("@{person}"));
        rows.push(vec![who, account.to_string(), is.to_owned()]);
    }
    rows.sort();
    if rows.is_empty() {
        return listed(&columns, rows, Reply::text("Nobody is here, as far as the network tells."));
    }
    tabled(&columns, rows)
}

pub(crate) async fn operations(core: &Arc<Core>, _: &Intent, _: Nothing) -> Told {
    let newest = core.store.latest_operations(LISTED_ROWS).await.map_err(|error| unavailable(&error))?;
    if newest.is_empty() {
        return listed(&OPERATIONS, Vec::new(), Reply::text("There are no operations yet."));
    }
    let row = |op: &Operation| {
        vec![
            op.id.to_string(),
            op.state.to_string(),
            op.asker.to_string(),
            op.order.clone(),
            words::time(core, op.created_at),
        ]
    };
    let rows: Vec<_> = newest.iter().map(row).collect();
    let shown = rows.iter().take(LISTED).cloned().collect();
    let columns = OPERATIONS.map(str::to_owned).to_vec();
    listed(&OPERATIONS, rows, Reply { blocks: vec![Block::Table { columns, rows: shown }] })
}

/// The columns of `operations`.
const OPERATIONS: [&str; 5] = ["id", "state", "asker", "order", "since"];

/// A table, and its rows. In conditions a column is a name of one word, with `_` where people see a space.
pub(crate) fn tabled(columns: &[&str], rows: Vec<Vec<String>>) -> Told {
    let shown = columns.iter().map(|name| name.replace('_', " ")).collect();
    listed(columns, rows.clone(), Reply { blocks: vec![Block::Table { columns: shown, rows }] })
}

/// A list that is said like this, and has these rows.
pub(crate) fn listed(columns: &[&str], rows: Vec<Vec<String>>, said: Reply) -> Told {
    let object = |row: Vec<String>| {
        let names = columns.iter().map(|name| (*name).to_owned());
        Value::Object(names.zip(row.into_iter().map(Value::from)).collect())
    };
    let rows = rows.into_iter().map(object).collect();
    Ok(Outcome { rows: Some(rows), ..reply(said)? })
}

pub(crate) async fn connectors(core: &Arc<Core>, _: &Intent, _: Nothing) -> Told {
    let all = core.standings.get().map(|standings| standings.standings()).unwrap_or_default();
    if all.is_empty() {
        return reply(Reply::text("There are no connectors."));
    }
    let row = |standing: Standing| {
        let mut about = vec![match standing.why {
            Some(why) => {
                format!("{}; since {}", why.trim_end_matches('.'), words::time(core, standing.since))
            }
            None => format!("since {}", words::time(core, standing.since)),
        }];
        about.extend(standing.todo);
        vec![standing.connector, standing.state.to_owned(), about.join(". ")]
    };
    let mut outcome = tabled(&["connector", "state", "about"], all.into_iter().map(row).collect())?;
    let alone = core.standings.get().map(|standings| standings.left_alone()).unwrap_or_default();
    if let Some(reply) = outcome.reply.as_mut().filter(|_| !alone.is_empty()) {
        let lines: Vec<_> =
            alone.into_iter().map(|(name, why)| format!("the server `{name}` {why}")).collect();
        reply.blocks.push(Block::Text { text: format!("Left alone for a while: {}.", lines.join("; ")) });
        outcome.text = Some(reply.plain());
    }
    Ok(outcome)
}

/// A connector.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ConnectorArgs {
    /// Its name in `wilco.toml`.
    connector: String,
}

pub(crate) async fn retry_connector(core: &Arc<Core>, _: &Intent, args: ConnectorArgs) -> Told {
    let Some(standings) = core.standings.get() else {
        return Err(ActionError::failed("This Wilco has no connectors beside the page."));
    };
    let text = standings.retry(&args.connector).await.map_err(ActionError::failed)?;
    reply(Reply::text(text))
}

/// An operation to tell of.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct OperationArgs {
    /// The operation's id.
    operation: String,
}

async fn find(core: &Core, named: &str) -> Result<Arc<Operation>, ActionError> {
    let id = OpId::parse(named).map_err(|error| ActionError::failed(error.to_string()))?;
    let found = core.operation(&id).await.map_err(|error| unavailable(&error))?;
    found.ok_or_else(|| ActionError::failed(format!("There is no operation {id}")))
}

pub(crate) async fn show(core: &Arc<Core>, _: &Intent, args: OperationArgs) -> Told {
    let op = find(core, &args.operation).await?;
    let mut fields = vec![
        Field::new(
            "Asked",
            format!("by {} in {} at {}", op.asker, op.place, words::time(core, op.created_at)),
        ),
        Field::new("Command", op.command.spec.id.to_string()),
    ];
    for given in &op.given {
        let verb = match given.kind {
            wilco_contract::operation::GivenKind::Confirm => "Confirmed",
            wilco_contract::operation::GivenKind::Approve => "Approved",
            // The mark in the status says it.
            wilco_contract::operation::GivenKind::Countdown => continue,
        };
        fields.push(Field::new(verb, format!("by @{} at {}", given.person, words::time(core, given.at))));
    }
    if let Some(at) = op.started_at {
        fields.push(Field::new("Started", words::time(core, at)));
    }
    if let Some(at) = op.ended_at {
        fields.push(Field::new("Ended", words::time(core, at)));
    }
    let url = format!("{}/o/{}", core.live.load().setup.public_url, op.id);
    let shown = words::status(core, &op);
    let shown =
        shown.and(Block::Fields { fields }).and(Block::Link { text: "Everything about it".into(), url });
    reply(shown)
}

/// The arguments of `log`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct LogArgs {
    /// The operation's id.
    operation: String,
    /// How many lines, from the end.
    lines: i64,
}

pub(crate) async fn log(core: &Arc<Core>, _: &Intent, args: LogArgs) -> Told {
    let op = find(core, &args.operation).await?;
    core.store.flush().await.map_err(|error| unavailable(&error))?;
    let end = core.store.log_end(&op.id).await.map_err(|error| unavailable(&error))?;
    let marks = words::marks(core, &op);
    if end == 0 {
        let mut nothing = Reply::text(format!("{} has printed nothing.", op.id));
        nothing.blocks.extend(marks);
        return reply(nothing);
    }
    let most = u64::try_from(args.lines.clamp(1, 500)).unwrap_or(20);
    let page = Page { after: end.saturating_sub(most), limit: 500 };
    let lines = core.store.log(&op.id, page).await.map_err(|error| unavailable(&error))?;
    let text = |line: &wilco_contract::store::LogLine| match line.stream {
        Stream::Out => line.text.clone(),
        Stream::Err => format!("! {}", line.text),
        Stream::Note => format!("# {}", line.text),
    };
    let text = lines.iter().map(text).collect::<Vec<_>>().join("\n");
    let mut shown = Reply { blocks: marks.into_iter().chain([Block::Code { text }]).collect() };
    if end > most {
        let url = format!("{}/o/{}", core.live.load().setup.public_url, op.id);
        shown.blocks.push(Block::Link { text: format!("The last {most} of {end} lines; all of them"), url });
    }
    let row = |line: &wilco_contract::store::LogLine| json!({"line": line.text, "stream": line.stream, "step": line.step, "at": words::time(core, line.at)});
    Ok(Outcome { rows: Some(lines.iter().map(row).collect()), ..reply(shown)? })
}

async fn why_operation(core: &Arc<Core>, id: &str) -> Told {
    let op = find(core, id).await?;
    let filter = AuditFilter { operation: Some(op.id.clone()), ..AuditFilter::default() };
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let rows = core
            .store
            .audit(&filter, Page { after, limit: 200 })
            .await
            .map_err(|error| unavailable(&error))?;
        let Some(last) = rows.last() else { break };
        after = last.seq.0;
        lines.extend(rows.iter().filter_map(|row| line(core, row)));
    }
    let text = format!("{}: `{}` is {}.", op.id, op.order, op.state);
    let mut shown = Reply::text(text);
    shown.blocks.extend(words::marks(core, &op));
    reply(shown.and(Block::Code { text: lines.join("\n") }))
}

/// One entry of the journal as a line; `None` for what says nothing about why.
fn line(core: &Core, row: &wilco_contract::store::JournalRow) -> Option<String> {
    let who = row.who.as_deref().unwrap_or("wilco");
    let body = row.body.as_ref()?;
    let body = body.get("body").unwrap_or(body);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let what = match row.kind.as_str() {
        "operation.planned" => "planned".to_owned(),
        "operation.confirmed" => "confirmed".to_owned(),
        "operation.approved" => "approved".to_owned(),
        "operation.counted_down" => "acts alone: nobody stopped it".to_owned(),
        "operation.moved" => {
            let to = text("to").and_then(State::parse)?;
            text("why").map_or_else(|| to.to_string(), |why| format!("{to}: {why}"))
        }
        "operation.replanned" => {
            let changes = body.get("changes").and_then(Value::as_array)?;
            let changes: Vec<_> = changes.iter().filter_map(Value::as_str).collect();
            format!("planned anew: {}", changes.join("; "))
        }
        "operation.answered" => format!("answered: {}", body.get("answer")?.get("value")?),
        "answer.refused" => format!("may not answer: {}", text("text")?),
        // The rules are Wilco's, whoever they were asked about.
        "gate.considered" => {
            let rules = text("text")?.replace('\n', "\n  ");
            return Some(format!("{} wilco considered for {who}:\n  {rules}", words::time(core, row.at)));
        }
        "decision.refused" => {
            let rule = text("rule").map_or_else(String::new, |rule| format!(" (rule: {rule})"));
            format!("refused, {}{rule}", text("text")?)
        }
        _ => return None,
    };
    Some(format!("{} {who} {what}", words::time(core, row.at)))
}

pub(crate) async fn locks(core: &Arc<Core>, _: &Intent, _: Nothing) -> Told {
    let all = core.locks.all(core.clock.now());
    let columns = ["lock", "held_by", "why", "since", "until", "waiting"];
    if all.is_empty() {
        return listed(&columns, Vec::new(), Reply::text("Nothing is locked."));
    }
    let row = |(lock, waiting): &(Lock, Vec<OpId>)| {
        let owner = match &lock.owner {
            LockOwner::Operation(id) => id.to_string(),
            LockOwner::Somebody(who) => who.clone(),
        };
        let waiting: Vec<_> = waiting.iter().map(ToString::to_string).collect();
        vec![
            lock.key.clone(),
            owner,
            lock.reason.clone(),
            words::time(core, lock.at),
            words::time(core, lock.expires_at),
            waiting.join(" "),
        ]
    };
    tabled(&columns, all.iter().map(row).collect())
}

/// The arguments of `lock`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct LockArgs {
    /// The lock's key.
    key: String,
    /// For how many seconds at most.
    span: i64,
}

pub(crate) async fn lock(core: &Arc<Core>, intent: &Intent, args: LockArgs) -> Told {
    let now = core.clock.now();
    let reason = match &intent.operation {
        Some(id) => core.find(id).and_then(|living| living.operation.because.clone()).unwrap_or_default(),
        None => String::new(),
    };
    let lock = Lock {
        key: args.key,
        owner: LockOwner::Somebody(intent.asker.key()),
        reason,
        at: now,
        expires_at: later(now, args.span.clamp(1, LONGEST_LOCK_SECS)),
    };
    match core.locks.take(&lock, now) {
        Taken::Yes => {}
        Taken::HeldBy(held) => return Err(ActionError::failed(words::held(core, &held))),
        Taken::Behind(first) => {
            return Err(ActionError::failed(format!("{first} waits for `{}` and comes first", lock.key)));
        }
    }
    if let Err(error) = core.commit(vec![Record::Locked(lock.clone())]).await {
        core.locks.release(&lock.key, &lock.owner);
        return Err(unavailable(&error));
    }
    let summary = format!("`{}` is locked until {}", lock.key, words::time(core, lock.expires_at));
    Ok(Outcome { summary: Some(summary), outputs: json!({"key": lock.key}), ..Outcome::default() })
}

/// The arguments of `unlock`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UnlockArgs {
    /// The lock's key.
    key: String,
}

pub(crate) async fn unlock(core: &Arc<Core>, intent: &Intent, args: UnlockArgs) -> Told {
    let _turn = core.locks.turn().await;
    let Some(held) = core.locks.holder(&args.key, core.clock.now()) else {
        return Ok(Outcome { summary: Some(format!("`{}` was not locked", args.key)), ..Outcome::default() });
    };
    if let LockOwner::Operation(id) = &held.owner
        && core.find(id).is_some()
    {
        return Err(ActionError::failed(format!(
            "{id} holds `{}` and has not ended; say `abort {id}` first",
            args.key
        )));
    }
    let record = Record::Unlocked { key: args.key.clone(), by: intent.asker.key() };
    core.commit(vec![record]).await.map_err(|error| unavailable(&error))?;
    core.locks.release(&args.key, &held.owner);
    Ok(Outcome { summary: Some(format!("`{}` is free", args.key)), ..Outcome::default() })
}
