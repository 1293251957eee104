//! `ask`: a question to a person in the middle of an operation.
//!
//! Not the asking for what an order lacks: [`crate::dialogue`] does that before there is an operation. An answer is a
//! value of what was asked for, never a flag, an order or a template. Layer 1.

use std::{
    borrow::Cow,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, json};
use wilco_contract::{
    action::{Action, ActionError, ActionSpec, Cx, Intent, Look, Outcome, Recovery, Tools},
    command::Effect,
    gate::{Denial, named},
    ids::ActionName,
    operation::{Answer, Operation, Run, Slot},
    plan::StepPlan,
    policy::{Grantee, Policy},
    principal::Principal,
    reply::{Block, Field, Offer, Reply, StepMark},
    values::{ArgType, Asked},
};

use super::{ASK, LONGEST_SECS, decoded};
use crate::{core::Core, planning::later, span::Span, words};

/// How long an answer is waited for where the step does not say, in seconds.
const PATIENCE_SECS: u64 = 600;
/// The most choices.
const MOST_CHOICES: usize = 20;
/// The longest choice, in characters.
const MAX_CHOICE: usize = 80;
/// The longest question, in characters.
const MAX_QUESTION: usize = 500;
/// The longest answer, in bytes.
const MAX_ANSWER: usize = 4_096;
/// The types that an answer may have.
const TYPES: [(&str, ArgType); 12] = [
    ("word", ArgType::Word),
    ("text", ArgType::Text),
    ("integer", ArgType::Integer),
    ("number", ArgType::Number),
    ("bool", ArgType::Bool),
    ("duration", ArgType::Duration),
    ("time", ArgType::Time),
    ("bytes", ArgType::Bytes),
    ("url", ArgType::Url),
    ("person", ArgType::Person),
    ("room", ArgType::Room),
    ("ref", ArgType::Ref),
];

/// The arguments of `ask` as a step has them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// What is asked.
    question: String,
    /// The answers that there are, at most 20.
    choices: Option<Vec<String>>,
    /// What the answer is, where it is none of some choices: `word`, `text`, `integer`, …; absent: a text.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Who is asked: `role:lead` or `@ana`; absent: whoever gave the order.
    of: Option<String>,
    /// How long an answer is waited for, at most 7 days; absent: 10 minutes.
    within: Option<Span>,
}

/// What is asked, of whom, for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct AskArgs {
    question: String,
    kind: ArgType,
    /// Absent: the asker.
    of: Option<Grantee>,
    within: Span,
}

impl JsonSchema for AskArgs {
    fn schema_name() -> Cow<'static, str> {
        "Ask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

impl TryFrom<Written> for AskArgs {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { question, choices, kind, of, within } = written;
        let question = question.trim().to_owned();
        if question.is_empty() || question.chars().count() > MAX_QUESTION {
            return Err(format!("a question has 1 to {MAX_QUESTION} characters"));
        }
        let kind = match (choices, kind) {
            (Some(_), Some(_)) => return Err("an answer has `choices` or a `type`, and not both".to_owned()),
            (Some(choices), None) => ArgType::Choice(checked(choices)?),
            (None, None) => ArgType::Text,
            (None, Some(kind)) => {
                let found = TYPES.into_iter().find(|(name, _)| *name == kind);
                found.map(|(_, kind)| kind).ok_or_else(|| {
                    let names: Vec<_> = TYPES.iter().map(|(name, _)| *name).collect();
                    format!("`{kind}` is no type of an answer; those are {}", names.join(", "))
                })?
            }
        };
        let of = match of.as_deref() {
            None | Some("asker") => None,
            Some(of) => match Grantee::parse(of) {
                Ok(of @ (Grantee::Role(_) | Grantee::Person(_))) => Some(of),
                _ => return Err(format!("`{of}` is nobody to ask; write `asker`, `role:lead` or `@ana`")),
            },
        };
        let within = within.unwrap_or(Span(PATIENCE_SECS));
        if within.0 > LONGEST_SECS {
            return Err(format!("{} is longer than 7 days, which are the most", within.said()));
        }
        Ok(Self { question, kind, of, within })
    }
}

fn checked(choices: Vec<String>) -> Result<Vec<String>, String> {
    if choices.is_empty() || choices.len() > MOST_CHOICES {
        return Err(format!("there are 1 to {MOST_CHOICES} choices, not {}", choices.len()));
    }
    let mut seen: Vec<String> = Vec::new();
    for choice in &choices {
        let lower = choice.to_lowercase();
        let is_word = choice.trim() == choice && !choice.is_empty() && !choice.contains(char::is_control);
        if !is_word || choice.chars().count() > MAX_CHOICE {
            return Err(format!("a choice is one line of 1 to {MAX_CHOICE} characters"));
        }
        if seen.contains(&lower) {
            return Err(format!("the choice `{choice}` is there twice"));
        }
        seen.push(lower);
    }
    Ok(choices)
}

impl AskArgs {
    /// Until when an answer is waited for, if it is asked now.
    pub(super) fn until(&self, now: Timestamp) -> Timestamp {
        later(now, self.within.secs())
    }

    /// Whom it asks.
    fn whom(&self, asker: &Principal) -> String {
        self.of.as_ref().map_or_else(|| asker.to_string(), ToString::to_string)
    }

    /// Whether words are one of the answers that it offers.
    pub(super) fn offers(&self, said: &str) -> bool {
        match &self.kind {
            ArgType::Choice(words) => words.iter().any(|word| word.to_lowercase() == said.to_lowercase()),
            ArgType::Bool => matches!(said.to_lowercase().as_str(), "yes" | "no"),
            _ => false,
        }
    }

    /// Whether words that are said to nobody look like an answer: people talk about questions, too.
    pub(super) fn sounds_like(&self, said: &str) -> bool {
        match &self.kind {
            ArgType::Text => true,
            kind => self.offers(said) || kind.has_words() || said.split_whitespace().count() == 1,
        }
    }

    /// The value that somebody's words are.
    ///
    /// # Errors
    /// What would fit, in a sentence.
    pub(crate) fn value(&self, said: &str, asked: &Asked<'_>) -> Result<Value, String> {
        if said.len() > MAX_ANSWER {
            return Err(format!("An answer has at most {MAX_ANSWER} bytes."));
        }
        self.kind.read(said.trim(), asked).map_err(|error| format!("That is no answer here: {error}."))
    }

    /// Whether this principal may answer.
    ///
    /// # Errors
    /// With the rule, when they may not.
    pub(crate) fn may_answer(&self, policy: &Policy, op: &Operation, who: &Principal) -> Result<(), Denial> {
        let whom = self.whom(&op.asker);
        let denied = |text: String, rule: &str| {
            let who_can = self.of.as_ref().map_or_else(|| whom.clone(), |of| named(policy, of, None));
            Err(Denial { text, rule: rule.to_owned(), who_can: Some(who_can), you_can: None })
        };
        let Some(person) = who.person() else {
            return denied(
                format!("Only a person answers, as themselves; {who} is not one."),
                "only persons answer",
            );
        };
        let asked = match &self.of {
            None => op.asker.person() == Some(person),
            Some(of) => of.covers(who),
        };
        if asked {
            Ok(())
        } else {
            denied(format!("{} asks {whom}, and not you.", op.id), "whom the step asks")
        }
    }
}

/// What an answer gives to later steps.
pub(crate) fn outcome(answer: &Answer, args: &AskArgs) -> Outcome {
    let said = args.kind.said(&answer.value);
    Outcome {
        summary: Some(format!("@{}: {said}", answer.by)),
        outputs: json!({"answer": answer.value, "by": format!("@{}", answer.by)}),
        ..Outcome::default()
    }
}

/// The line in an operation's status that says what it asks.
pub(super) fn in_status(core: &Core, op: &Operation, intent: &Intent) -> Option<String> {
    let args: AskArgs = decoded(&intent.action, &intent.args).ok()?;
    let until = words::time(core, intent.deadline);
    Some(format!("Asks {} until {until}.", args.whom(&op.asker)))
}

/// What a message says that asks, in its newest state.
pub(crate) fn shown(core: &Core, op: &Operation, run: usize, slot: &Slot) -> Reply {
    let Some((run, intent)) = op.runs.get(run).and_then(|run| Some((run, run.intent.as_ref()?))) else {
        return Reply::text(format!("{} asked something.", op.id));
    };
    let Ok(args) = decoded::<AskArgs>(&intent.action, &intent.args) else {
        return Reply::text(format!("{} asked something.", op.id));
    };
    let open = run.mark == StepMark::Running && run.answer.is_none() && !op.state.is_final();
    let verb = if open { "asks" } else { "asked" };
    let mut blocks = vec![
        Block::Text { text: format!("{} {verb} {}:", op.id, args.whom(&op.asker)) },
        Block::Quote { text: args.question.clone() },
    ];
    if open {
        blocks.extend(how_to_answer(core, op, &args, (intent.deadline, slot)));
    } else {
        blocks.push(end(run, &args));
    }
    Reply { blocks }
}

fn how_to_answer(
    core: &Core,
    op: &Operation,
    args: &AskArgs,
    (until, slot): (Timestamp, &Slot),
) -> Vec<Block> {
    let until = words::time(core, until);
    let threads = core.ways.to(&slot.place).is_none_or(|way| way.caps.threads);
    let name = core.live.load().setup.name.clone();
    let whole = |value: &str| match slot.place.direct() {
        Some(_) => format!("answer {} {value}", op.id),
        None => format!("{name} answer {} {value}", op.id),
    };
    let here = if threads { "Answer here, or say" } else { "Say" };
    let what = match &args.kind {
        // The buttons are the choices.
        ArgType::Choice(_) | ArgType::Bool => String::new(),
        kind => format!(" with {kind}"),
    };
    let text = format!("{here} `{}`{what}, until {until}.", whole("…"));
    let choices: Vec<&str> = match &args.kind {
        ArgType::Choice(words) => words.iter().map(String::as_str).collect(),
        ArgType::Bool => vec!["yes", "no"],
        _ => Vec::new(),
    };
    let offer = |word: &&str| {
        let says = if threads { (*word).to_owned() } else { whole(word) };
        Offer { label: (*word).to_owned(), says }
    };
    let offers: Vec<_> = choices.iter().map(offer).collect();
    let buttons = (!offers.is_empty()).then_some(Block::Offers { offers });
    std::iter::once(Block::Text { text }).chain(buttons).collect()
}

fn end(run: &Run, args: &AskArgs) -> Block {
    match (&run.answer, &run.error) {
        (Some(answer), _) => Block::Fields {
            fields: vec![Field::new(format!("@{} answered", answer.by), args.kind.said(&answer.value))],
        },
        (None, Some(error)) => Block::Text { text: error.clone() },
        (None, None) => Block::Text { text: "Nobody answered.".to_owned() },
    }
}

/// The action.
pub(super) struct Ask {
    pub(super) core: Weak<Core>,
}

impl Ask {
    /// Waits to the moment that the call was committed with. An answer ends the call from outside.
    async fn wait(&self, tools: &Tools, intent: &Intent) -> Result<Outcome, ActionError> {
        futures_util::select_biased! {
            () = tools.cancel.cancelled().fuse() => {
                Err(ActionError::Aborted { what: "It was stopped before anybody answered.".to_owned() })
            }
            () = tools.clock.until(intent.deadline).fuse() => {
                let until = self.core.upgrade().map(|core| words::time(&core, intent.deadline));
                let until = until.unwrap_or_else(|| intent.deadline.to_string());
                Err(ActionError::failed(format!("Nobody answered by {until}.")))
            }
        }
    }

    fn core(&self) -> Option<Arc<Core>> {
        self.core.upgrade()
    }
}

#[async_trait]
impl Action for Ask {
    type Args = AskArgs;

    fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: ActionName::parse(ASK).expect("our own names are well formed"),
            about: "asks a person, and waits for the answer",
            effect: Effect::Read,
            effect_by_step: false,
            abortable: true,
            lag: Duration::ZERO,
        }
    }

    async fn plan(&self, _: &Look, args: &AskArgs) -> Result<StepPlan, ActionError> {
        let whom = args.of.as_ref().map_or_else(|| "whoever gives the order".to_owned(), ToString::to_string);
        let will = format!("asks {whom}, and waits {} for the answer: {}", args.within.said(), args.question);
        Ok(StepPlan { will: vec![will], ..StepPlan::default() })
    }

    async fn run(&self, cx: &Cx, _: AskArgs, _: &StepPlan) -> Result<Outcome, ActionError> {
        if !cx.intent().waits {
            return Err(ActionError::failed("a read is answered at once, so that it cannot ask"));
        }
        self.wait(cx.tools(), cx.intent()).await
    }

    /// An answer that was committed counts, whatever came of it then.
    async fn recover(&self, tools: &Tools, intent: &Intent) -> Recovery {
        let (Some(core), Some(id)) = (self.core(), &intent.operation) else {
            return Recovery::Unknown("Wilco is stopping".to_owned());
        };
        let op = match core.operation(id).await {
            Ok(Some(op)) => op,
            Ok(None) => return Recovery::Unknown(format!("{id} is not there any more")),
            Err(error) => return Recovery::Unknown(error.to_string()),
        };
        let is_this = |run: &&Run| run.intent.as_ref().is_some_and(|known| known.key == intent.key);
        let answer = op.runs.iter().find(is_this).and_then(|run| run.answer.clone());
        drop(core);
        Recovery::Done(match (answer, decoded::<AskArgs>(&intent.action, &intent.args)) {
            (Some(answer), Ok(args)) => Ok(outcome(&answer, &args)),
            (None, _) => self.wait(tools, intent).await,
            (Some(_), Err(what)) => Err(ActionError::failed(what)),
        })
    }
}
