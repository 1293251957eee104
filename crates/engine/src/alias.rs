//! Names that people and rooms give to orders: the order is put in the name's place before anything is read.
//!
//! Not a way around anything: what comes out is read, echoed and judged as if it had been typed. A name never stands
//! for what is a command already, and the words behind it are values, never flags or another order. Layer 1.

mod fill;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schemars::JsonSchema;
use serde::Deserialize;
use wilco_contract::{
    action::{ActionError, Intent, Outcome},
    alias::{Alias, AliasScope},
    command::Command,
    expr::{VALUE_END, VALUE_START},
    ids::Place,
    policy::Flag,
    principal::Principal,
    reply::{Block, Reply},
    store::{Record, StoreError},
    values::Asked,
};

use crate::{
    Answer,
    catalogue::Reading,
    core::{Core, Live},
    hints,
    inbox::{CONTROL, Understood},
    orders::{self, From},
    parse::{Token, Words},
    tell::{self, Nothing},
    words,
};
use fill::{fill, places, stages_of};

type Told = Result<Outcome, ActionError>;

/// How many names may stand for each other, one behind the other.
const MOST_STEPS: usize = 5;
/// How many names a person or a room may have.
const MOST: usize = 100;
/// The longest name, in characters.
const MAX_NAME: usize = 32;
/// The longest order behind a name, in bytes.
const MAX_ORDER: usize = 1_000;
/// How many names `help` shows.
const SHOWN: usize = 8;
/// Words that mean something by themselves and begin no command.
const TAKEN: [&str; 4] = ["yes", "cancel", "plan", "help"];

/// All names there are.
#[derive(Default)]
pub(crate) struct Aliases(Mutex<BTreeMap<(AliasScope, String), Arc<Alias>>>);

impl Aliases {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(AliasScope, String), Arc<Alias>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a name stands for, to this speaker in this place: programs say whole orders.
    fn find(&self, who: &Principal, place: Option<&Place>, name: &str) -> Option<Arc<Alias>> {
        let all = self.all();
        if all.is_empty() {
            return None;
        }
        scopes(who, place).into_iter().find_map(|scope| all.get(&(scope, name.to_owned())).cloned())
    }

    /// All names that this speaker has in this place, their own first.
    fn of(&self, who: &Principal, place: Option<&Place>) -> Vec<Arc<Alias>> {
        let all = self.all();
        let here = |scope| all.values().filter(move |alias| alias.scope == scope).cloned();
        scopes(who, place).into_iter().flat_map(here).collect()
    }
}

fn scopes(who: &Principal, place: Option<&Place>) -> Vec<AliasScope> {
    let room = || place.cloned().map(AliasScope::Room);
    match who {
        Principal::Person { id, .. } => {
            [Some(AliasScope::Person(id.clone())), room()].into_iter().flatten().collect()
        }
        Principal::Guest { .. } => room().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Learns the names that were given before the start.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn load(core: &Core) -> Result<(), StoreError> {
    let stored = core.store.aliases().await?;
    let stored = stored.into_iter().map(|alias| ((alias.scope.clone(), alias.name.clone()), Arc::new(alias)));
    *core.aliases.all() = stored.collect();
    Ok(())
}

/// What words mean, with names in their place; and the line that was read, where there was a name.
pub(crate) fn read(core: &Core, from: &From, line: &str) -> (Reading, Option<String>) {
    let live = core.live.load_full();
    let asked = from.asked(&live.setup.policy);
    let reading = live.catalogue.read(line, &asked);
    if !matches!(reading, Reading::Unknown { .. } | Reading::Help { .. }) {
        return (reading, None);
    }
    let find = |name: &str| core.aliases.find(&from.who, from.in_room.then_some(&from.place), name);
    match expand(&live, &find, &asked, line) {
        Ok(None) => (reading, None),
        Ok(Some(line)) => {
            let reading = live.catalogue.read(&line, &asked);
            let reading = match reading {
                Reading::Unknown { .. } | Reading::Empty | Reading::Help { command: None } => {
                    Reading::Malformed {
                        command: None,
                        what: format!("that stands for `{line}`, which is no order"),
                        usage: String::new(),
                    }
                }
                reading => reading,
            };
            let line = if let Reading::Order(order) = &reading { order.said() } else { line };
            (reading, Some(line))
        }
        Err(what) => (Reading::Malformed { command: None, what, usage: String::new() }, None),
    }
}

/// The line with the orders in the place of their names; `None` where it begins with no name.
fn expand(
    live: &Live,
    find: &dyn Fn(&str) -> Option<Arc<Alias>>,
    asked: &Asked<'_>,
    line: &str,
) -> Result<Option<String>, String> {
    let mut line = line.to_owned();
    let (mut seen, mut of_room): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let split = Words::split(&line);
        let planned = split.tokens.first().and_then(|token| token.literal()).as_deref() == Some("plan");
        let at = usize::from(planned && !live.catalogue.begins_with("plan"));
        let Some(name) = split.tokens.get(at).and_then(|token| token.literal()).map(|name| name.into_owned())
        else {
            break;
        };
        // A command's own word is the command's, whatever was named like it before there was one.
        let alias = if live.catalogue.begins_with(&name) { None } else { find(&name) };
        let Some(alias) = alias else { break };
        if seen.contains(&name) || seen.len() == MOST_STEPS {
            return Err(format!("the names {} lead in a circle, or too far", quoted_all(&seen)));
        }
        if let Some(flag) = right_in(&alias.order) {
            return Err(format!(
                "`--{flag}` is a right of its own that is said each time, so no name has it; say it behind `{name}`"
            ));
        }
        let filled = fill(live, asked, &alias, split.rest(at + 1))?;
        of_room = of_room.or_else(|| matches!(alias.scope, AliasScope::Room(_)).then(|| name.clone()));
        seen.push(name);
        line = if at == 0 { filled } else { format!("plan {filled}") };
    }
    if let Some(name) = of_room.filter(|_| decides(live, asked, &line)) {
        return Err(format!("`{name}` is the room's, and a decision is everybody's own; say it yourself"));
    }
    Ok((!seen.is_empty()).then_some(line))
}

/// A flag that is a right of its own, where an order has one.
fn right_in(order: &str) -> Option<&'static str> {
    let split = Words::split(order);
    let flags = split.tokens.iter().filter_map(Token::flag);
    let named = |flag: &Flag| flags.clone().any(|said| said.eq_ignore_ascii_case(flag.as_str()));
    Flag::ALL.iter().find(|flag| named(flag)).map(|flag| flag.as_str())
}

fn quoted_all(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether an order speaks of an operation, as `approve` and `retry` do.
fn decides(live: &Live, asked: &Asked<'_>, line: &str) -> bool {
    let reading = live.catalogue.read(line, asked);
    meant(&reading).is_some_and(orders::speaks_of_operation)
}

/// The command that a line is about, as it stands or as it would be whole.
fn meant(reading: &Reading) -> Option<&Command> {
    match reading {
        Reading::Order(order) => Some(&order.command),
        Reading::Incomplete { command, .. } => Some(command),
        Reading::Malformed { command, .. } | Reading::Help { command } => command.as_deref(),
        Reading::Unknown { .. } | Reading::Empty => None,
    }
}

/// Shows what was read in the place of a name, where no operation's status does.
pub(crate) fn echo(said: Understood, line: Option<String>) -> Understood {
    let Some(line) = line else { return said };
    let before = |reply: Reply| {
        let head = Block::Text { text: format!("`{line}`:") };
        Reply { blocks: [head].into_iter().chain(reply.blocks).collect() }
    };
    match said {
        Understood::Answer(Answer::Done { reply, rows }) => {
            Understood::Answer(Answer::Done { reply: before(reply), rows })
        }
        Understood::Answer(Answer::Refused { reply, kind }) => {
            Understood::Answer(Answer::Refused { reply: before(reply), kind })
        }
        other => other,
    }
}

/// A name and its order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetArgs {
    /// The name.
    name: String,
    /// The order.
    order: String,
}

/// A name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameArgs {
    /// The name.
    name: String,
}

fn own(intent: &Intent) -> Result<AliasScope, ActionError> {
    let person = intent.asker.person().cloned().map(AliasScope::Person);
    person.ok_or_else(|| ActionError::failed("names for orders are for people; say the whole order"))
}

pub(crate) async fn set_own(core: &Arc<Core>, intent: &Intent, args: SetArgs) -> Told {
    set(core, intent, own(intent)?, args).await
}

pub(crate) async fn set_here(core: &Arc<Core>, intent: &Intent, args: SetArgs) -> Told {
    set(core, intent, AliasScope::Room(intent.place.clone()), args).await
}

async fn set(core: &Arc<Core>, intent: &Intent, scope: AliasScope, args: SetArgs) -> Told {
    let live = core.live.load_full();
    let mut order = args.order.split_whitespace().collect::<Vec<_>>().join(" ");
    // A phone's full stop, which words behind the name would turn into a sign of the order's.
    if order.ends_with('.') && !order.ends_with("..") {
        order.pop();
    }
    let alias =
        Alias { scope, name: args.name.to_lowercase(), order, by: intent.asker.key(), at: core.clock.now() };
    check(core, &live, intent, &alias).map_err(ActionError::failed)?;
    core.commit(vec![Record::Alias(alias.clone())]).await.map_err(|error| tell::unavailable(&error))?;
    let whose = whose(&alias.scope);
    let summary = format!("`{}` stands for `{}` from now on ({whose})", alias.name, alias.order);
    core.aliases.all().insert((alias.scope.clone(), alias.name.clone()), Arc::new(alias));
    Ok(Outcome { summary: Some(summary), ..Outcome::default() })
}

fn whose(scope: &AliasScope) -> String {
    match scope {
        AliasScope::Person(_) => "yours alone".to_owned(),
        AliasScope::Room(place) => format!("in {place}"),
    }
}

/// What is wrong with a name or its order, in a sentence.
fn check(core: &Core, live: &Live, intent: &Intent, alias: &Alias) -> Result<(), String> {
    let Alias { scope, name, order, .. } = alias;
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let starts = name.starts_with(char::is_alphabetic);
    if !starts || !name.chars().all(letters) || name.chars().count() > MAX_NAME {
        return Err(format!(
            "`{name}` cannot be a name: it is one word of letters, digits, `-` and `_`, at most {MAX_NAME}"
        ));
    }
    let addressed =
        [&live.names.name].into_iter().chain(&live.names.aliases).any(|own| own.eq_ignore_ascii_case(name));
    if addressed
        || CONTROL.contains(&name.as_str())
        || TAKEN.contains(&name.as_str())
        || live.catalogue.begins_with(name)
    {
        return Err(format!("`{name}` means something already, so it cannot be a name for an order"));
    }
    if order.len() > MAX_ORDER || order.contains([VALUE_START, VALUE_END]) {
        return Err(format!(
            "the order is longer than {MAX_ORDER} bytes, or has signs in it that no order has"
        ));
    }
    if order.contains("$0") || Words::split(order).tokens.iter().any(|token| token.open.is_some()) {
        return Err(
            "the order has a quote that is never closed, or `$0`; its places are `$1` to `$9`".to_owned()
        );
    }
    let most = core.aliases.all().keys().filter(|(other, known)| other == scope && known != name).count();
    if most >= MOST {
        return Err(format!("there are {MOST} names already; say `unalias <name>` to take one back"));
    }
    // With words in its places it has to be an order, by itself or through names that are there.
    let sample = format!("{name} {}", vec!["x"; places(order)].join(" "));
    let asked = Asked { connector: intent.place.connector(), ..Asked::default() };
    let find = |other: &str| {
        if other == name {
            Some(Arc::new(alias.clone()))
        } else {
            core.aliases.find(&intent.asker, Some(&intent.place), other)
        }
    };
    let line = expand(live, &find, &asked, &sample)?.unwrap_or_default();
    let reading = live.catalogue.read(&line, &asked);
    if meant(&reading).is_none() {
        return Err(format!("`{order}` is no order; say `help` for what there is"));
    }
    stages_of(live, &asked, order)
}

pub(crate) async fn end_own(core: &Arc<Core>, intent: &Intent, args: NameArgs) -> Told {
    end(core, intent, own(intent)?, &args.name).await
}

pub(crate) async fn end_here(core: &Arc<Core>, intent: &Intent, args: NameArgs) -> Told {
    end(core, intent, AliasScope::Room(intent.place.clone()), &args.name).await
}

async fn end(core: &Arc<Core>, intent: &Intent, scope: AliasScope, name: &str) -> Told {
    let key = (scope, name.to_lowercase());
    if !core.aliases.all().contains_key(&key) {
        let (whose, name) = (whose(&key.0), &key.1);
        return Err(ActionError::failed(format!("`{name}` is no name ({whose}); say `aliases` for what is")));
    }
    let (scope, name) = key.clone();
    let record = Record::Unalias { scope, name, by: intent.asker.key() };
    core.commit(vec![record]).await.map_err(|error| tell::unavailable(&error))?;
    core.aliases.all().remove(&key);
    let summary = format!("`{}` is no name any more ({})", key.1, whose(&key.0));
    Ok(Outcome { summary: Some(summary), ..Outcome::default() })
}

pub(crate) async fn list(core: &Arc<Core>, intent: &Intent, _: Nothing) -> Told {
    let columns = ["name", "order", "whose", "by", "since"];
    let all = core.aliases.of(&intent.asker, Some(&intent.place));
    if all.is_empty() {
        let before = hints::before(core, &intent.place);
        let none =
            format!("There are no names for orders here. Say `{before}alias <name> = <order>` to give one.");
        return tell::listed(&columns, Vec::new(), Reply::text(none));
    }
    let row = |alias: &Arc<Alias>| {
        vec![
            alias.name.clone(),
            alias.order.clone(),
            whose(&alias.scope),
            alias.by.clone(),
            words::time(core, alias.at),
        ]
    };
    tell::tabled(&columns, all.iter().map(row).collect())
}

/// Adds to help what names there are, of those whose order this person may give.
pub(crate) fn help(core: &Core, intent: &Intent, word: Option<&str>, help: Reply) -> Reply {
    let live = core.live.load_full();
    let asked = Asked { connector: intent.place.connector(), ..Asked::default() };
    let may = |command: &Command| crate::may_use(core, command, &intent.asker, &intent.place);
    let command_of = |alias: &Alias| {
        let words = vec!["x"; places(&alias.order)].join(" ");
        let find = |name: &str| core.aliases.find(&intent.asker, Some(&intent.place), name);
        let line = expand(&live, &find, &asked, &format!("{} {words}", alias.name)).ok().flatten()?;
        let reading = live.catalogue.read(&line, &asked);
        meant(&reading).filter(|command| may(command)).map(|command| command.spec.id.clone())
    };
    let Some(word) = word.map(str::trim).filter(|word| !word.is_empty()) else {
        let all = core.aliases.of(&intent.asker, Some(&intent.place));
        let shown = all.iter().filter(|alias| command_of(alias).is_some());
        let shown: Vec<_> = shown.map(|alias| format!("`{}`", alias.name)).collect();
        if shown.is_empty() {
            return help;
        }
        let more = if shown.len() > SHOWN { " …" } else { "" };
        let names = shown.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
        let text = format!("Names for orders: {names}{more}; say `aliases` for what they stand for.");
        return help.and(Block::Text { text });
    };
    let name = word.to_lowercase();
    let alias = if live.catalogue.begins_with(&name) {
        None
    } else {
        core.aliases.find(&intent.asker, Some(&intent.place), &name)
    };
    let Some((alias, id)) = alias.and_then(|alias| command_of(&alias).map(|id| (alias, id))) else {
        return help;
    };
    let text = format!("`{name}` stands for `{}` ({}).", alias.order, whose(&alias.scope));
    let mut reply = Reply::text(text);
    reply.blocks.extend(live.catalogue.help(&may, Some(id.as_str())).blocks);
    reply
}
