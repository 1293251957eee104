//! The engine's own commands and actions, declared like anybody's: they pass the same gate and leave the same records.
//!
//! Not what they do: [`crate::tell`] answers the reads. `confirm`, `approve`, `deny`, `abort` and `retry` are listed
//! here so that help and the index know them; [`crate::orders`] gives them to the operation they speak of. Layer 1.

use std::{
    marker::PhantomData,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, DynAction, Intent, Look, Outcome, Recovery, Tools},
    command::{ArgSpec, Command, DEFAULT_LETTER, Effect, Spec, Step},
    connector::{DeliveryKey, SendError},
    ids::{ActionName, Origin, Place},
    pattern::Pattern,
    plan::StepPlan,
    values::ArgType,
};

use crate::{
    alias,
    core::Core,
    history, links, memory,
    planning::{later, own},
    reload, tell,
    tries::{Next, Tries},
    waits,
};

/// One of our own actions under way.
type Running<'a> = BoxFuture<'a, Result<Outcome, ActionError>>;

/// One of our own actions: a name, an effect, a function.
struct Own<A> {
    name: &'static str,
    about: &'static str,
    effect: Effect,
    core: Weak<Core>,
    run: for<'a> fn(&'a Arc<Core>, &'a Intent, A) -> Running<'a>,
    args: PhantomData<fn(A)>,
}

#[async_trait]
impl<A: DeserializeOwned + JsonSchema + Send + Sync + 'static> Action for Own<A> {
    type Args = A;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse(self.name).expect("our own names are well formed"),
            about: self.about,
            effect: self.effect,
            effect_by_step: false,
            abortable: false,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, _: &Look, _: &A) -> Result<StepPlan, ActionError> {
        Ok(StepPlan { will: vec![self.about.to_owned()], ..StepPlan::default() })
    }

    async fn run(&self, cx: &Cx, args: A, _: &StepPlan) -> Result<Outcome, ActionError> {
        let core = self.core.upgrade().ok_or_else(|| ActionError::failed("Wilco is stopping"))?;
        (self.run)(&core, cx.intent(), args).await
    }

    /// All of them can be done again: they set what they set, and a message has its key.
    async fn recover(&self, _: &Tools, _: &Intent) -> Recovery {
        Recovery::NotStarted
    }
}

/// Makes an action of a function.
macro_rules! own {
    ($core:expr, $name:literal, $effect:expr, $about:literal, $run:expr) => {
        Arc::new(Own {
            name: $name,
            about: $about,
            effect: $effect,
            core: $core.clone(),
            run: |core, intent, args| Box::pin($run(core, intent, args)),
            args: PhantomData,
        })
    };
}

/// All of our own actions.
pub(crate) fn actions(core: &Weak<Core>) -> Vec<Arc<dyn DynAction>> {
    use Effect::{Read, Write};
    let own: Vec<Arc<dyn DynAction>> = vec![
        own!(core, "say", Write, "says something in a room", say),
        own!(core, "text.answer", Read, "answers with a text", tell::answer),
        own!(core, "wilco.help", Read, "tells what can be said", tell::help),
        own!(core, "wilco.ping", Read, "answers", tell::ping),
        own!(core, "wilco.whoami", Read, "tells who you are to Wilco", tell::whoami),
        own!(core, "wilco.who", Read, "tells who is in a room", tell::who),
        own!(core, "wilco.link", Read, "links an account to whoever got a code", links::end),
        own!(core, "wilco.link-me", Read, "gives a code that links an account", links::begin),
        own!(core, "wilco.unlink", Read, "ends the link of an account", links::unlink),
        own!(core, "wilco.links", Read, "lists linked accounts", links::list),
        own!(core, "wilco.operations", Read, "lists operations", tell::operations),
        own!(core, "wilco.connectors", Read, "tells how connectors stand", tell::connectors),
        own!(core, "wilco.operation-counts", Read, "counts operations", tell::counts::operations),
        own!(core, "wilco.event-counts", Read, "counts events", tell::counts::events),
        own!(core, "wilco.retry-connector", Write, "tries a connector again", tell::retry_connector),
        own!(core, "wilco.show", Read, "shows an operation", tell::show),
        own!(core, "wilco.log", Read, "shows an operation's output", tell::log),
        own!(core, "wilco.why", Read, "tells what was considered", tell::events::why),
        own!(core, "wilco.routes", Read, "tells where events go", tell::events::routes),
        own!(core, "wilco.mute", Write, "keeps a room from being told of something", tell::events::mute),
        own!(core, "wilco.unmute", Write, "lets a room be told of something again", tell::events::unmute),
        own!(core, "wilco.locks", Read, "lists locks", tell::locks),
        own!(core, "wilco.lock", Write, "takes a lock", tell::lock),
        own!(core, "wilco.unlock", Write, "gives back a lock, whoever holds it", tell::unlock),
        own!(core, "wilco.reload", Write, "reads the configuration anew", reload::reload),
        own!(core, "wilco.schedules", Read, "lists schedules", tell::triggers::schedules),
        own!(core, "wilco.pause-schedule", Write, "pauses a schedule", tell::triggers::pause_schedule),
        own!(core, "wilco.resume-schedule", Write, "lets a schedule go on", tell::triggers::resume_schedule),
        own!(core, "wilco.resume-listener", Write, "lets a listener go on", tell::triggers::resume_listener),
        own!(core, "wilco.resume-rule", Write, "lets a rule go on", tell::triggers::resume_rule),
        own!(core, "wilco.alias", Read, "gives an order a name of your own", alias::set_own),
        own!(core, "wilco.alias-here", Write, "gives an order a name for all in the room", alias::set_here),
        own!(core, "wilco.aliases", Read, "lists names for orders", alias::list),
        own!(core, "wilco.unalias", Read, "takes back a name of your own", alias::end_own),
        own!(core, "wilco.unalias-here", Write, "takes back a name of the room", alias::end_here),
        own!(core, "wilco.history", Read, "lists the orders that you gave", history::history),
        own!(core, "wilco.memory", Read, "tells how much commands remember", memory::sizes),
        own!(core, "wilco.decide", Read, "stands for a decision", decided_elsewhere),
    ];
    own.into_iter().chain(memory::actions(core)).chain(waits::actions(core)).collect()
}

/// One of our own commands, before its words are read.
struct Declared {
    id: &'static str,
    words: &'static [&'static str],
    about: &'static str,
    effect: Effect,
    action: &'static str,
    args: Vec<ArgSpec>,
}

fn arg(name: &str, kind: ArgType, about: &str, default: Option<Value>) -> ArgSpec {
    ArgSpec { name: name.to_owned(), kind, about: about.to_owned(), required: false, default }
}

fn required(name: &str, kind: ArgType, about: &str) -> ArgSpec {
    ArgSpec { required: true, ..arg(name, kind, about, None) }
}

/// All of our own commands.
pub(crate) fn commands() -> Vec<Command> {
    use Effect::{Read, Write};
    let operation = || required("operation", ArgType::Word, "The operation's id, as in d-7F3K");
    let span = || {
        let spans = tell::counts::SPANS.map(str::to_owned).to_vec();
        required("span", ArgType::Choice(spans), "`hour`: the last 24 of them; `day`: the last 30")
    };
    let name = |kind: &str| required("name", ArgType::Word, &format!("The {kind}'s name"));
    let one = |id, words, about, effect, action, args| Declared { id, words, about, effect, action, args };
    let declared = vec![
        one(
            "help",
            &["help [<words...>]"],
            "Tells what can be said here",
            Read,
            "wilco.help",
            vec![arg("words", ArgType::Text, "A command or a word to look for", None)],
        ),
        one(
            "ping",
            &["ping [<token...>]"],
            "Answers pong",
            Read,
            "wilco.ping",
            vec![arg("token", ArgType::Text, "What to send back", None)],
        ),
        one("whoami", &["whoami"], "Tells who you are to Wilco", Read, "wilco.whoami", vec![]),
        one("operations", &["operations"], "Lists the newest operations", Read, "wilco.operations", vec![]),
        one(
            "operation-counts",
            &["operations per <span>"],
            "Draws how many operations there were, and how many of them failed",
            Read,
            "wilco.operation-counts",
            vec![span()],
        ),
        one(
            "event-counts",
            &["events per <span> [from <source>]"],
            "Draws how many events came in",
            Read,
            "wilco.event-counts",
            vec![span(), arg("source", ArgType::Word, "The name of their source", None)],
        ),
        one(
            "connectors",
            &["connectors"],
            "Tells how the connections to networks stand",
            Read,
            "wilco.connectors",
            vec![],
        ),
        one(
            "retry-connector",
            &["connectors retry <connector>"],
            "Tries a connector again, as wilco.toml says now",
            Write,
            "wilco.retry-connector",
            vec![required("connector", ArgType::Word, "Its name in wilco.toml")],
        ),
        one("show", &["show <operation>"], "Shows an operation", Read, "wilco.show", vec![operation()]),
        one(
            "log",
            &["log <operation> [last <lines>]"],
            "Shows what an operation printed",
            Read,
            "wilco.log",
            vec![operation(), arg("lines", ArgType::Integer, "How many lines", Some(json!(20)))],
        ),
        one(
            "why",
            &["why <what...>"],
            "Tells why an operation or an event came to what it did",
            Read,
            "wilco.why",
            vec![required(
                "what",
                ArgType::Text,
                "An operation, an event's number, or what it is about, as in webapp#812",
            )],
        ),
        one(
            "routes",
            &["routes"],
            "Tells where events go, and what is muted here",
            Read,
            "wilco.routes",
            vec![],
        ),
        one(
            "mute",
            &["mute <what> [for <span>]"],
            "Keeps this room from being told of something",
            Write,
            "wilco.mute",
            vec![
                required("what", ArgType::Word, "A source, a repository, an object, a title or a kind"),
                arg("span", ArgType::Duration, "For how long", Some(json!(3600))),
            ],
        ),
        one(
            "unmute",
            &["unmute <what>"],
            "Lets this room be told of it again",
            Write,
            "wilco.unmute",
            vec![required("what", ArgType::Word, "What was muted")],
        ),
        one("reload", &["reload"], "Reads the configuration anew", Write, "wilco.reload", vec![]),
        one(
            "memory",
            &["memory"],
            "Tells how much the commands of each pack remember",
            Read,
            "wilco.memory",
            vec![],
        ),
        one("locks", &["locks"], "Lists locks", Read, "wilco.locks", vec![]),
        one(
            "lock",
            &["lock <key> [for <span>]"],
            "Takes a lock, so that no operation does",
            Write,
            "wilco.lock",
            vec![
                required("key", ArgType::Word, "The lock's key, as in webapp/production"),
                arg("span", ArgType::Duration, "For how long at most", Some(json!(3600))),
            ],
        ),
        one(
            "unlock",
            &["unlock <key>"],
            "Gives back a lock, whoever holds it",
            Write,
            "wilco.unlock",
            vec![required("key", ArgType::Word, "The lock's key")],
        ),
        one(
            "schedules",
            &["schedules"],
            "Lists schedules: when each is due next, and was last",
            Read,
            "wilco.schedules",
            vec![],
        ),
        one(
            "pause-schedule",
            &["pause schedule <name>"],
            "Pauses a schedule until it is resumed",
            Write,
            "wilco.pause-schedule",
            vec![name("schedule")],
        ),
        one(
            "resume-schedule",
            &["resume schedule <name>"],
            "Lets a paused or stopped schedule go on",
            Write,
            "wilco.resume-schedule",
            vec![name("schedule")],
        ),
        one(
            "resume-listener",
            &["resume listener <name>"],
            "Lets a listener go on that was set off too often",
            Write,
            "wilco.resume-listener",
            vec![name("listener")],
        ),
        one(
            "resume-rule",
            &["resume rule <name>"],
            "Lets a rule go on that was set off too often",
            Write,
            "wilco.resume-rule",
            vec![name("rule")],
        ),
        one(
            "confirm",
            &["confirm [<operation>]"],
            "Confirms an order of yours",
            Read,
            "wilco.decide",
            vec![arg("operation", ArgType::Word, "The operation's id, where several wait", None)],
        ),
        one(
            "approve",
            &["approve <operation>"],
            "Approves somebody else's order",
            Read,
            "wilco.decide",
            vec![operation()],
        ),
        one(
            "deny",
            &["deny <operation>"],
            "Says no to somebody else's order",
            Read,
            "wilco.decide",
            vec![operation()],
        ),
        one("abort", &["abort <operation>"], "Stops an operation", Read, "wilco.decide", vec![operation()]),
        one(
            "answer",
            &["answer <operation> <value...>"],
            "Answers what an operation asks",
            Read,
            "wilco.decide",
            vec![operation(), required("value", ArgType::Text, "The answer")],
        ),
        one(
            "pause",
            &["pause <operation>"],
            "Pauses an operation, where its action can",
            Read,
            "wilco.decide",
            vec![operation()],
        ),
        one(
            "resume",
            &["resume <operation>"],
            "Lets a paused operation go on",
            Read,
            "wilco.decide",
            vec![operation()],
        ),
        one(
            "retry",
            &["retry <operation>"],
            "Gives an ended order again",
            Read,
            "wilco.decide",
            vec![operation()],
        ),
    ];
    declared.into_iter().chain(of_words()).chain(of_accounts()).map(command).collect()
}

/// Those about whose accounts are whose.
fn of_accounts() -> Vec<Declared> {
    let one =
        |id, words, about, action, args| Declared { id, words, about, effect: Effect::Read, action, args };
    vec![
        one("who", &["who is here"], "Tells who is in this room", "wilco.who", vec![]),
        one(
            "link-me",
            &["link me on <network>"],
            "Gives you a code that links an account of yours on a network",
            "wilco.link-me",
            vec![required(
                "network",
                ArgType::Word,
                "The connector of the account, by its name in `wilco.toml`",
            )],
        ),
        one(
            "link",
            &["link <code>"],
            "Links the account that you speak by to you",
            "wilco.link",
            vec![required("code", ArgType::Word, "The code that you got on the page")],
        ),
        one(
            "links",
            &["links"],
            "Lists the accounts that were linked to you by a code",
            "wilco.links",
            vec![],
        ),
        one(
            "unlink",
            &["unlink <account>"],
            "Ends the link of an account",
            "wilco.unlink",
            vec![required("account", ArgType::Word, "The account, as `links` shows it")],
        ),
    ]
}

/// Those about orders themselves: names for them, and giving them again.
fn of_words() -> Vec<Declared> {
    use Effect::{Read, Write};
    let one = |id, words, about, effect, args| {
        let action = match id {
            "again" => "wilco.decide",
            "alias" => "wilco.alias",
            "alias-here" => "wilco.alias-here",
            "aliases" => "wilco.aliases",
            "unalias" => "wilco.unalias",
            "unalias-here" => "wilco.unalias-here",
            _ => "wilco.history",
        };
        Declared { id, words, about, effect, action, args }
    };
    let name = || required("name", ArgType::Word, "The name: one word");
    let order =
        || required("order", ArgType::Text, "The order; `$1` to `$9` stand for words behind the name");
    vec![
        one(
            "alias",
            &["alias <name> = <order...>"],
            "Gives an order a name of your own",
            Read,
            vec![name(), order()],
        ),
        one(
            "alias-here",
            &["alias here <name> = <order...>"],
            "Gives an order a name for everybody in this room",
            Write,
            vec![name(), order()],
        ),
        one("aliases", &["aliases"], "Lists the names for orders, yours and this room's", Read, vec![]),
        one("unalias", &["unalias <name>"], "Takes back a name of your own", Read, vec![name()]),
        one("unalias-here", &["unalias here <name>"], "Takes back a name of this room", Write, vec![name()]),
        one(
            "history",
            &["history [<words...>]"],
            "Lists the orders that you gave, here or anywhere if you ask directly",
            Read,
            vec![arg("words", ArgType::Text, "Words that stand in them", None)],
        ),
        one(
            "again",
            &["again [<number>]"],
            "Gives an order of yours again, under today's rules",
            Read,
            vec![arg("number", ArgType::Integer, "Its number in `history`", Some(json!(1)))],
        ),
    ]
}

fn command(declared: Declared) -> Command {
    let with = declared
        .args
        .iter()
        .map(|arg| (arg.name.clone(), json!(format!("{{{{ {} }}}}", arg.name))))
        .collect();
    let pattern = |words: &&str| Pattern::parse(words).expect("our own patterns are well formed");
    Command {
        spec: Spec {
            id: own(declared.id),
            words: declared.words.iter().map(pattern).collect(),
            about: declared.about.to_owned(),
            effect: declared.effect,
            args: declared.args,
            examples: Vec::new(),
            require: Vec::new(),
            rate: None,
            lock: None,
            timeout_secs: 30,
            home: None,
            letter: DEFAULT_LETTER,
        },
        origin: Origin::built_in(),
        steps: vec![Step {
            id: declared.id.to_owned(),
            uses: ActionName::parse(declared.action).expect("our own names are well formed"),
            with: Value::Object(with),
            effect: None,
            undo: None,
            when: None,
            for_each: None,
            retry: None,
            origin: Origin::built_in(),
        }],
        verify: Vec::new(),
        on_failure: wilco_contract::command::OnFailure::Stop,
        vars: wilco_contract::values::Args::new(),
    }
}

/// The arguments of `say`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SayArgs {
    /// Where to say it, as in `web:ops`.
    to: String,
    /// What to say.
    text: String,
}

async fn say(core: &Arc<Core>, intent: &Intent, args: SayArgs) -> Result<Outcome, ActionError> {
    let place = Place::parse(&args.to).map_err(|error| ActionError::failed(error.to_string()))?;
    let reply = wilco_contract::reply::Reply::text(args.text);
    // One key for all attempts: a network with keys shows it once.
    let key = DeliveryKey(format!("say/{}", intent.key_of_all_attempts()));
    let mut tries = Tries::default();
    loop {
        let error = match core.ways.post(&place, None, &reply, &key).await {
            Ok(_) => return Ok(Outcome { summary: Some(format!("said in {place}")), ..Outcome::default() }),
            Err(SendError::Unknown { what }) => return Err(ActionError::unknown(what)),
            Err(error) => error,
        };
        let Next::Wait(secs) = tries.after(&error, false) else {
            let (SendError::NotSent { what, .. } | SendError::Unknown { what }) = error;
            return Err(ActionError::failed(what));
        };
        let next = later(core.clock.now(), secs);
        if next >= intent.deadline {
            return Err(ActionError::failed(format!("{place} could not be reached in time")));
        }
        core.clock.until(next).await;
    }
}

/// The arguments of a decision.
#[derive(Debug, Deserialize, JsonSchema)]
struct DecideArgs {
    /// The operation.
    #[serde(rename = "operation")]
    _operation: Option<String>,
    /// The answer.
    #[serde(rename = "value")]
    _value: Option<String>,
}

/// Decisions are given to the operation they speak of before any action is called.
async fn decided_elsewhere(_: &Arc<Core>, _: &Intent, _: DecideArgs) -> Result<Outcome, ActionError> {
    Err(ActionError::failed("a decision is for people to give, not for a step"))
}
