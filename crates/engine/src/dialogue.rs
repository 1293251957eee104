//! Asking for what an order lacks: one argument after the other, in the thread of the order.
//!
//! Not the reading of orders, nor the right to give them: an answer becomes a value of the argument that was asked for,
//! by its name, and the whole order goes through the gate like any other. Nothing of this is stored: what was said
//! waits unhandled until the asking ends, so that a restart takes it up where it was. Layer 1.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::Value;
use wilco_contract::{
    command::{ArgSpec, Command},
    connector::{DeliveryKey, Receipt},
    ids::{Account, Place, Seq},
    input::Message,
    principal::Principal,
    reply::{Blank, Block, Reply},
    store::Record,
    values::{ArgType, Args, Asked},
};

use crate::{
    alias,
    catalogue::{Order, Reading, Reserved},
    core::Core,
    hints,
    inbox::{self, is_control, is_yes},
    lanes::Waiting,
    parse::{self, Addressed, Words},
    planning::later,
    words,
};

/// How long an answer is waited for, in seconds.
const PATIENCE_SECS: i64 = 120;
/// How many answers in a row may not fit.
const MOST_MISSES: u32 = 3;
/// The word that ends the asking.
const CANCEL: &str = "cancel";

/// An order that lacks something.
#[derive(Debug, Clone)]
pub(crate) struct Lacking {
    pub(crate) command: Arc<Command>,
    pub(crate) missing: Vec<String>,
    pub(crate) given: Args,
    pub(crate) flags: Reserved,
    pub(crate) usage: String,
}

/// What is being asked of somebody.
#[derive(Debug, Clone)]
struct Dialogue {
    /// The message with the order.
    order: Message,
    /// The journal records of the order and of the answers so far: they end with this.
    inputs: Vec<Seq>,
    lacking: Lacking,
    /// How many answers to this question did not fit.
    misses: u32,
    until: Timestamp,
    /// The question that has a form beside it, and its words alone.
    form: Option<(Receipt, Reply)>,
}

/// Somebody, in one place: one thing is asked of them there at a time.
type Key = (Place, Account);

/// All that is being asked.
#[derive(Default)]
pub(crate) struct Dialogues(Mutex<HashMap<Key, Dialogue>>);

impl Dialogues {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Dialogue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, message: &Message) -> Option<Dialogue> {
        let all = self.all();
        // Most of the time nothing is asked of anybody, and this is looked at for every word in a room.
        if all.is_empty() { None } else { all.get(&key(message)).cloned() }
    }

    /// Whether something is asked of this speaker there.
    pub(crate) fn asks(&self, message: &Message) -> bool {
        let all = self.all();
        !all.is_empty() && all.contains_key(&key(message))
    }

    /// Ends it; `false` where its time was over in this moment, which was said.
    fn end(&self, dialogue: &Dialogue) -> bool {
        let (mut all, key) = (self.all(), key(&dialogue.order));
        let same = all.get(&key).is_some_and(|known| known.inputs.first() == dialogue.inputs.first());
        same && all.remove(&key).is_some()
    }
}

fn key(message: &Message) -> Key {
    (message.place.clone(), message.from.clone())
}

/// What a message is to what is being asked.
pub(crate) enum Turn {
    /// Nothing: it is an order, or chatter.
    NotMine,
    /// It was an answer, or took back the order. All that follows was said and written.
    Taken,
    /// It was the last answer that was needed.
    Whole(Box<Whole>),
}

/// An order that was made whole by answers.
pub(crate) struct Whole {
    /// The message with the order, as it was begun.
    pub(crate) message: Message,
    /// When the last answer was given.
    pub(crate) said_at: Timestamp,
    /// The order's journal record.
    pub(crate) input: Option<Seq>,
    /// The order.
    pub(crate) order: Order,
}

impl Dialogue {
    fn asked(&self) -> Option<&ArgSpec> {
        let name = self.lacking.missing.first()?;
        self.lacking.command.spec.args.iter().find(|arg| arg.name == *name)
    }

    /// Whether it asks for what this command needs.
    fn is_of(&self, command: &Command) -> bool {
        self.lacking.command.spec.id == command.spec.id
    }

    fn thread(&self) -> &str {
        self.order.thread.as_deref().unwrap_or(&self.order.id)
    }

    /// Whether a message stands where an answer is looked for, and was said after the order.
    fn hears(&self, core: &Core, message: &Message) -> bool {
        let threads = || core.ways.to(&message.place).is_some_and(|way| way.caps.threads);
        let here = message.place.direct().is_some()
            || message.thread.as_deref() == Some(self.thread())
            || !threads();
        here && message.at >= self.order.at
    }

    /// Whether a word is one of those that were asked for.
    fn offers(&self, text: &str) -> bool {
        match self.asked().map(|arg| &arg.kind) {
            Some(ArgType::Choice(words)) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
            Some(ArgType::Bool) => is_yes(text),
            _ => false,
        }
    }
}

/// Whether somebody's words, which are not said to us, are looked for as an answer.
pub(crate) fn wants(core: &Core, message: &Message) -> bool {
    let Some(dialogue) = core.dialogues.of(message).filter(|dialogue| dialogue.hears(core, message)) else {
        return false;
    };
    let text = parse::clean(&message.text);
    // A bare yes confirms a plan, unless yes or no was asked.
    !text.trim().is_empty() && (!is_yes(&text) || dialogue.offers(text.trim()))
}

/// What somebody's bare yes would be the value of.
pub(crate) fn yes_for(core: &Core, message: &Message) -> Option<String> {
    let dialogue = core.dialogues.of(message).filter(|_| wants(core, message))?;
    Some(dialogue.asked()?.name.clone())
}

/// Asks for what an order lacks.
pub(crate) async fn open(core: &Arc<Core>, message: &Message, input: Seq, lacking: Lacking) {
    let until = later(core.clock.now(), PATIENCE_SECS);
    let order = message.clone();
    let dialogue = Dialogue { order, inputs: vec![input], lacking, misses: 0, until, form: None };
    core.dialogues.all().insert(key(message), dialogue.clone());
    ask(core, &dialogue, message, question(core, &dialogue)).await;
    let (core_here, key) = (core.clone(), key(message));
    core.spawn.spawn("dialogue", Box::pin(async move { expire(&core_here, &key, input).await }));
}

/// Ends the asking once nobody has answered in time.
async fn expire(core: &Arc<Core>, key: &Key, input: Seq) {
    let same = |dialogue: &&Dialogue| dialogue.inputs.first() == Some(&input);
    loop {
        let Some(until) = core.dialogues.all().get(key).filter(same).map(|dialogue| dialogue.until) else {
            return;
        };
        tokio::select! {
            biased;
            // It is asked for again after the next start.
            () = core.stopped() => return,
            () = core.clock.until(until) => {}
        }
        let late = {
            let mut all = core.dialogues.all();
            let late = all.get(key).filter(same).is_some_and(|dialogue| dialogue.until <= core.clock.now());
            if late { all.remove(key) } else { None }
        };
        if let Some(dialogue) = late {
            let asked = dialogue.asked().map_or("it", |arg| &arg.name);
            let text = format!(
                "Nobody said `{asked}` until {}, so `{}` was dropped. Nothing was done.",
                words::time(core, dialogue.until),
                dialogue.lacking.usage
            );
            let order = dialogue.order.clone();
            close_form(core, &dialogue).await;
            let key = format!("late/{}/{}", order.place, order.id);
            post(core, &dialogue, key, &to_asker(core, &dialogue, &text)).await;
            return ended(core, &dialogue.inputs).await;
        }
    }
}

/// Takes somebody's next words, if something is being asked of them.
pub(crate) async fn turn(core: &Arc<Core>, waiting: &Waiting) -> Turn {
    let Waiting { message, order, input } = waiting;
    let Some(mut dialogue) = core.dialogues.of(message) else { return Turn::NotMine };
    // Words that are not said to us may be wanted as the answer to something else.
    if order.as_deref().map_or_else(|| !wants(core, message), is_control) {
        return Turn::NotMine;
    }
    let here = dialogue.hears(core, message);
    let said = match order {
        Some(order) => order.trim().to_owned(),
        None => parse::clean(&message.text).trim().to_owned(),
    };
    if (here || order.is_some()) && said.trim_end_matches('.').eq_ignore_ascii_case(CANCEL) {
        dialogue.inputs.push(*input);
        let text = format!("`{}` was dropped. Nothing was done.", dialogue.lacking.usage);
        drop_it(core, &dialogue, message, text).await;
        return Turn::Taken;
    }
    if let Some(order) = order {
        let who = core.with_policy(|policy| policy.resolve(&message.from));
        let from = inbox::from(who, message, message.at, None);
        let (reading, _) = alias::read(core, &from, order);
        let is_order = !matches!(reading, Reading::Unknown { .. } | Reading::Empty);
        match &reading {
            // What was asked for, said as a whole: nothing of it is dropped.
            Reading::Order(order) if here && dialogue.is_of(&order.command) => {
                if core.dialogues.end(&dialogue) {
                    close_form(core, &dialogue).await;
                }
                ended(core, &dialogue.inputs).await;
                return Turn::NotMine;
            }
            // The same, and something does not fit: that is said, and the question stands.
            Reading::Malformed { command: Some(command), .. } if here && dialogue.is_of(command) => {
                return Turn::NotMine;
            }
            _ => {}
        }
        // In a direct conversation all is said to us; there a word that was offered is an answer.
        let offered = here && dialogue.offers(&said) && !named(core, message);
        if is_order && !offered {
            let text = format!(
                "`{}` was dropped, as you gave another order. Nothing was done for it.",
                dialogue.lacking.usage
            );
            drop_it(core, &dialogue, message, text).await;
            return Turn::NotMine;
        }
    }
    if !here {
        return Turn::NotMine;
    }
    dialogue.inputs.push(*input);
    answered(core, message, dialogue, &said).await
}

/// Whether a message calls us by name.
fn named(core: &Core, message: &Message) -> bool {
    matches!(parse::read_line(&message.text, &core.live.load().names, false), Addressed::ToUs(_))
}

/// Takes an answer.
async fn answered(core: &Arc<Core>, message: &Message, mut dialogue: Dialogue, said: &str) -> Turn {
    let Some(arg) = dialogue.asked().cloned() else { return Turn::NotMine };
    let Lacking { command, given, flags, .. } = &dialogue.lacking;
    let mut args = given.clone();
    let wrong = match value(&arg, said) {
        Err(wrong) => wrong,
        Ok(value) => {
            args.insert(arg.name.clone(), value);
            let live = core.live.load_full();
            let who = core.with_policy(|policy| policy.resolve(&message.from));
            let from = inbox::from(who, message, message.at, None);
            let asked = from.asked(&live.setup.policy);
            match live.catalogue.order(&command.spec.id, &args, flags.clone(), &asked) {
                Reading::Order(order) => {
                    if !core.dialogues.end(&dialogue) {
                        ended(core, &dialogue.inputs).await;
                        return Turn::Taken;
                    }
                    close_form(core, &dialogue).await;
                    // First of all, so that an answer is never taken for an order when the process ends here: the
                    // order itself is still there, and is asked for anew.
                    ended(core, dialogue.inputs.get(1..).unwrap_or_default()).await;
                    let text = format!("Understood: `{}`", order.said());
                    say(core, &dialogue, message, text).await;
                    let input = dialogue.inputs.first().copied();
                    let whole = Whole { message: dialogue.order, said_at: message.at, input, order };
                    return Turn::Whole(Box::new(whole));
                }
                Reading::Incomplete { command, missing, given, flags, .. } => {
                    let usage = dialogue.lacking.usage.clone();
                    dialogue.lacking = Lacking { command, missing, given, flags, usage };
                    dialogue.misses = 0;
                    go_on(core, message, dialogue, None).await;
                    return Turn::Taken;
                }
                Reading::Malformed { what, .. } => what,
                Reading::Help { .. } | Reading::Unknown { .. } | Reading::Empty => {
                    let text = format!("`{}` is no longer a command. Nothing was done.", command.spec.id);
                    drop_it(core, &dialogue, message, text).await;
                    return Turn::Taken;
                }
            }
        }
    };
    dialogue.misses += 1;
    if dialogue.misses < MOST_MISSES {
        go_on(core, message, dialogue, Some(wrong)).await;
        return Turn::Taken;
    }
    let text = format!(
        "{wrong}. None of {MOST_MISSES} answers fits, so `{}` was dropped. Nothing was done.",
        dialogue.lacking.usage
    );
    drop_it(core, &dialogue, message, text).await;
    Turn::Taken
}

/// Ends the asking without an order, and says so.
async fn drop_it(core: &Core, dialogue: &Dialogue, because_of: &Message, text: String) {
    if core.dialogues.end(dialogue) {
        close_form(core, dialogue).await;
        // Not under the key of what is said for the message itself: it may be an order that is asked for in its turn.
        let key = format!("dropped/{}/{}", because_of.place, because_of.id);
        post(core, dialogue, key, &to_asker(core, dialogue, &text)).await;
    }
    ended(core, &dialogue.inputs).await;
}

/// Asks on, after an answer that did not fit with why.
async fn go_on(core: &Arc<Core>, message: &Message, mut dialogue: Dialogue, wrong: Option<String>) {
    dialogue.until = later(core.clock.now(), PATIENCE_SECS);
    let known = {
        let mut all = core.dialogues.all();
        let known =
            all.get_mut(&key(message)).filter(|known| known.inputs.first() == dialogue.inputs.first());
        known.map(|known| known.clone_from(&dialogue)).is_some()
    };
    if !known {
        // Its time was over in this moment, and that was said.
        return ended(core, &dialogue.inputs).await;
    }
    close_form(core, &dialogue).await;
    let question = question(core, &dialogue);
    let text = wrong.map_or_else(|| question.clone(), |wrong| format!("{wrong}. {question}"));
    ask(core, &dialogue, message, text).await;
}

/// The value that words are to an argument: all of them to a text, one word to all else.
fn value(arg: &ArgSpec, said: &str) -> Result<Value, String> {
    let fits = |what: &str| format!("`{}`: that is not {what}", arg.name);
    match &arg.kind {
        ArgType::Text => Ok(Value::from(said)),
        ArgType::Json => serde_json::from_str(said).map_err(|_| fits("JSON")),
        kind => {
            let words = Words::split(said);
            match &words.tokens[..] {
                [word] if word.open.is_none() => Ok(Value::from(word.text.as_ref())),
                _ => Err(fits(&kind.to_string())),
            }
        }
    }
}

fn question(core: &Core, dialogue: &Dialogue) -> String {
    let Lacking { command, usage, .. } = &dialogue.lacking;
    let Some(arg) = dialogue.asked() else {
        return format!("Say `{}{usage}`.", hints::before(core, &dialogue.order.place));
    };
    let about = if arg.about.is_empty() { String::new() } else { format!(" ({})", arg.about) };
    let example = example(core, command, arg).map_or_else(String::new, |text| format!(", as in `{text}`,"));
    format!(
        "`{usage}` needs `{}`{about}: {}. Answer here{example} until {}; `{CANCEL}` drops the order.",
        arg.name,
        arg.kind,
        words::time(core, dialogue.until)
    )
}

/// A value that would fit: the one in an example of the command, or a plain one of its type.
fn example(core: &Core, command: &Command, arg: &ArgSpec) -> Option<String> {
    let live = core.live.load();
    let in_example = |line: &String| match live.catalogue.read(line, &Asked::default()) {
        Reading::Order(order) if order.command.spec.id == command.spec.id => order.text(&arg.name),
        _ => None,
    };
    let plain = match &arg.kind {
        ArgType::Choice(words) => return words.first().cloned(),
        ArgType::Integer => Some("3"),
        ArgType::Number => Some("2.5"),
        ArgType::Bool => Some("yes"),
        ArgType::Ref => Some("main"),
        // The others name one themselves, or anything fits.
        _ => None,
    };
    command.spec.examples.iter().find_map(in_example).or_else(|| plain.map(str::to_owned))
}

/// All that an order lacks, for networks that make a form of it.
fn form(core: &Core, dialogue: &Dialogue) -> Block {
    let Lacking { command, missing, given, flags, .. } = &dialogue.lacking;
    let message = &dialogue.order;
    let live = core.live.load();
    let name = hints::before(core, &message.place);
    let (begun, behind) = live.catalogue.begun(command, given.clone(), flags.clone());
    let blank = |arg: &ArgSpec| Blank {
        name: arg.name.replace('_', "-"),
        kind: arg.kind.name().to_owned(),
        fits: arg.kind.to_string(),
        about: arg.about.clone(),
        choices: match &arg.kind {
            ArgType::Choice(words) => words.clone(),
            ArgType::Bool => vec!["yes".to_owned(), "no".to_owned()],
            _ => Vec::new(),
        },
        example: example(core, command, arg),
    };
    let lacks = command.spec.args.iter().filter(|arg| missing.contains(&arg.name));
    Block::Ask {
        whom: message.from.clone(),
        line: format!("{name}{begun}"),
        behind,
        blanks: lacks.map(blank).collect(),
        until: dialogue.until,
    }
}

/// Asks for what is missing, with a form where the network may have one and can take it away again.
async fn ask(core: &Core, dialogue: &Dialogue, because_of: &Message, text: String) {
    let has_forms = core.ways.to(&dialogue.order.place).is_some_and(|way| way.caps.buttons && way.caps.edits);
    let words = to_asker(core, dialogue, &text);
    let asked = if has_forms { words.clone().and(form(core, dialogue)) } else { words.clone() };
    let posted = post(core, dialogue, key_of(because_of), &asked).await;
    let Some(receipt) = posted.filter(|_| has_forms) else { return };
    let mut all = core.dialogues.all();
    let known = all.get_mut(&key(&dialogue.order));
    if let Some(known) = known.filter(|known| known.inputs.first() == dialogue.inputs.first()) {
        known.form = Some((receipt, words));
    }
}

/// Takes the form beside the last question away: it was answered, or is no longer waited for.
async fn close_form(core: &Core, dialogue: &Dialogue) {
    let Some((receipt, words)) = &dialogue.form else { return };
    if let Err(error) = core.ways.edit(receipt, words).await {
        tracing::warn!(place = %receipt.place, %error, "A form that nobody waits for still stands there.");
    }
}

/// Says something about the order, once for each message that brings it about.
async fn say(core: &Core, dialogue: &Dialogue, because_of: &Message, text: String) {
    post(core, dialogue, key_of(because_of), &to_asker(core, dialogue, &text)).await;
}

fn key_of(because_of: &Message) -> String {
    format!("dialogue/{}/{}", because_of.place, because_of.id)
}

/// Words to whoever gave the order. Where all stands in one row, others have to see who is meant.
fn to_asker(core: &Core, dialogue: &Dialogue, text: &str) -> Reply {
    let order = &dialogue.order;
    let threads = core.ways.to(&order.place).is_some_and(|way| way.caps.threads);
    let whom = match core.with_policy(|policy| policy.resolve(&order.from)) {
        _ if threads || order.place.direct().is_some() => String::new(),
        Principal::Guest { account } => format!("{}: ", account.id()),
        other => format!("{other}: "),
    };
    Reply::text(format!("{whom}{text}"))
}

async fn post(core: &Core, dialogue: &Dialogue, key: String, reply: &Reply) -> Option<Receipt> {
    let place = &dialogue.order.place;
    let posted = core.ways.post(place, Some(dialogue.thread()), reply, &DeliveryKey(key)).await;
    posted.inspect_err(|error| tracing::warn!(%place, %error, "A question was not shown.")).ok()
}

/// Writes that these need no more work.
async fn ended(core: &Core, inputs: &[Seq]) {
    if inputs.is_empty() {
        return;
    }
    let records = inputs.iter().map(|input| Record::Handled { input: *input }).collect();
    if let Err(error) = core.commit_soon(records).await {
        tracing::error!(%error, "Handled answers could not be recorded as such.");
    }
}
