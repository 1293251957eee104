//! One `[[command]]` of a pack.
//!
//! Not the catalogue: whether its words collide with another command's is found where all are known. Layer 2.

use std::collections::BTreeSet;

use wilco_contract::{
    command::{Command, DEFAULT_LETTER, DEFAULT_TIMEOUT_SECS, Effect, OnFailure, Rate, Spec, Step},
    expr::{Condition, strings, template_names},
    ids::{CommandId, Place},
    pattern::Pattern,
    policy::{DEFAULT_WITHIN_SECS, Requirement},
    values::Args,
};

use crate::{
    args,
    problem::Problem,
    rules,
    sheet::{Keys, Table, Value},
    step::{self, All, Around, Read, Tables},
    template::Scope,
};

/// The keys of a command.
pub(crate) const COMMAND: Keys = Keys::of(&[
    "id",
    "words",
    "about",
    "effect",
    "args",
    "step",
    "verify",
    "require",
    "lock",
    "timeout",
    "home",
    "letter",
    "examples",
    "on_failure",
    "rate",
    "max_targets",
]);

/// Reads one command; `None`, with the problems reported, where it cannot be used.
pub(crate) fn read(table: &Table<'_>, pack: &str, around: &Around<'_>) -> Option<Command> {
    let id = table.need("id", "id = \"ship\"").and_then(|value| id(&value, pack));
    let words = table.need("words", "words = [\"ship <app>\"]").and_then(|value| words(&value));
    let about = table.need("about", "about = \"Ship a revision\"").and_then(|value| about(&value));
    let effect = table.get("effect").map(|value| rules::effect(&value));

    let args = args::read(table.get("args"), words.as_deref().unwrap_or_default(), around.known.lists);
    let around = Around { args: &args, ..*around };
    let steps = table.need("step", "[[command.step]]");
    let step_tables = steps.map(|value| value.tables("`[[command.step]]`", step::STEP));
    let verify = table.get("verify").map(|value| value.tables("`[[command.verify]]`", step::STEP));
    let (undo, on_failure) = table.get("on_failure").map(|value| after_failure(&value)).unwrap_or_default();
    let tables =
        Tables { steps: step_tables.unwrap_or_default(), verify: verify.unwrap_or_default(), on_failure };
    let read = step::read_all(&tables, &around);
    let effect = declared_effect(table, effect, &read);

    let names: BTreeSet<String> = args.iter().map(|arg| arg.name.clone()).collect();
    let mut require = table.get("require").map(|value| requirements(&value, &names)).unwrap_or_default();
    require.extend(table.get("max_targets").and_then(|value| at_most(&value)));
    let rate = table.get("rate").map(|value| rate(&value));
    let lock = table.get("lock").and_then(|value| lock(&value, &around));
    let timeout = table.get("timeout").map_or(Some(DEFAULT_TIMEOUT_SECS), |value| value.seconds("\"20m\""));
    let home = table.get("home").and_then(|value| place(&value));
    let letter = table.get("letter").map_or(Some(DEFAULT_LETTER), |value| letter(&value));
    let examples =
        table.get("examples").and_then(|value| value.texts("[\"ship webapp\"]")).unwrap_or_default();
    if effect == Some(Effect::Read) {
        let own = ["for_each", "retry", "undo"];
        for value in tables.steps.iter().flat_map(|step| own.map(|key| step.get(key))).flatten() {
            value.wrong(
                format!("`{}` needs an operation, and a read makes none", value.name()),
                "Remove it, or write `effect = \"write\"`.",
            );
        }
        for value in tables.steps.iter().filter_map(|step| step.get("uses")).filter(Value::is_text) {
            let uses = value.json();
            let Some(uses) = uses.as_str().filter(|uses| step::only_waits(uses)) else { continue };
            value.wrong(
                format!("`{uses}` needs an operation, and a read is answered at once"),
                "Write `effect = \"write\"` on the command; what an order lacks is asked for by itself.",
            );
        }
        for key in ["lock", "home", "letter", "verify", "on_failure", "max_targets"] {
            if let Some(value) = table.get(key) {
                let what = format!("`{key}` means nothing on a read: it makes no operation");
                value.add(Problem::at(&value.origin(), what, format!("Remove `{key}`.")).warning());
            }
        }
    }
    let spec = Spec {
        id: id?,
        words: words?,
        about: about?,
        effect: effect?,
        args: args.clone(),
        examples: examples.iter().map(|text| text.text.to_owned()).collect(),
        require,
        rate: rate.unwrap_or_default(),
        lock,
        timeout_secs: timeout?,
        home,
        letter: letter?,
    };
    let bare = |read: Vec<Read>| -> Vec<Step> { read.into_iter().map(|read| read.step).collect() };
    let (steps, verify, after) = (bare(read.steps), bare(read.verify), bare(read.on_failure));
    let on_failure = match after {
        _ if undo => OnFailure::Undo,
        after if after.is_empty() => OnFailure::Stop,
        after => OnFailure::Steps(after),
    };
    let mut command = Command { spec, origin: table.origin(), steps, verify, on_failure, vars: Args::new() };
    command.vars = used(&command, around.vars);
    Some(command)
}

/// The variables that a command's texts name: a change of another one changes nothing about it.
fn used(command: &Command, vars: &Args) -> Args {
    let mut names = BTreeSet::new();
    let mut text = |text: &str| names.extend(template_names(text).unwrap_or_default());
    let steps = || command.steps.iter().chain(&command.verify).chain(command.on_failure.steps());
    for step in steps() {
        let undo = step.undo.as_ref().map(|undo| &undo.with);
        let over = step.for_each.as_ref().map(|each| &each.over);
        let all = std::iter::once(&step.with).chain(undo).chain(over);
        all.flat_map(strings).for_each(&mut text);
    }
    command.spec.lock.as_deref().into_iter().for_each(&mut text);
    names.extend(steps().filter_map(|step| step.when.as_ref()).flat_map(Condition::names));
    let is_used = |var: &str| {
        names.iter().any(|name| {
            let mut parts = name.split('.');
            parts.next() == Some("vars") && parts.next().is_none_or(|name| name == var)
        })
    };
    vars.iter().filter(|(name, _)| is_used(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn id(value: &Value<'_>, pack: &str) -> Option<CommandId> {
    let text = value.words("\"ship\"")?;
    let id = CommandId::parse(&format!("{pack}.{}", text.text)).ok().filter(|_| !text.text.contains('.'));
    if id.is_none() {
        let what = format!("`{}` cannot be the id of a command", text.text);
        text.wrong(
            what,
            "Use lower-case letters, digits, - and _; the pack's name is put in front by itself.",
        );
    }
    id
}

fn words(value: &Value<'_>) -> Option<Vec<Pattern>> {
    let texts = value.texts("[\"ship <app>\"]")?;
    if texts.is_empty() {
        value
            .wrong("`words` is empty, so nobody could say this command", "Write `words = [\"ship <app>\"]`.");
        return None;
    }
    let mut patterns = Vec::new();
    let mut well = true;
    for text in &texts {
        match Pattern::parse(text.text) {
            Ok(pattern) => {
                for taken in pattern.args().into_iter().filter(|name| args::TAKEN.contains(name)) {
                    well = false;
                    let origin = text.origin_of_word(&format!("<{taken}"));
                    let what = format!("`{taken}` cannot be an argument: every command has it");
                    text.add(Problem::at(&origin, what, "Call it something else."));
                }
                patterns.push(pattern);
            }
            Err(error) => {
                well = false;
                let remedy =
                    "A pattern has words, `<arg>`, `<arg...>` at its end, `[optional]` and `(one|other)`.";
                text.add(Problem::at(&text.origin_of(error.at), error.what, remedy));
            }
        }
    }
    well.then_some(patterns)
}

fn about(value: &Value<'_>) -> Option<String> {
    let text = value.words("\"Ship a revision\"")?;
    if text.text.lines().count() > 1 {
        text.wrong("`about` has several lines, and help shows one", "Say it in one line.");
        return None;
    }
    Some(text.text.trim().trim_end_matches('.').to_owned())
}

/// The declared effect, which must not be weaker than the worst of the steps.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the key is there, the inner one whether it is right"
)]
fn declared_effect(table: &Table<'_>, declared: Option<Option<Effect>>, steps: &All) -> Option<Effect> {
    let worst = steps.iter().max_by_key(|read| read.effect);
    let Some(declared) = declared else {
        let worst = worst.map_or(Effect::Write, |read| read.effect);
        table.need("effect", &format!("effect = \"{worst}\""))?;
        return None;
    };
    let declared = declared?;
    let Some(worst) = worst.filter(|worst| worst.effect > declared) else { return Some(declared) };
    if let Some(value) = table.get("effect") {
        let what = format!(
            "the effect `{declared}` is weaker than that of the step `{}`, which is `{}`",
            worst.step.id, worst.effect
        );
        let mut remedy = format!("Write `effect = \"{}\"`", worst.effect);
        if worst.step.effect.is_none() && worst.step.uses.as_str() == "exec.run" {
            remedy.push_str(&format!(
                ", or say `effect = \"{declared}\"` on that step if it changes nothing more"
            ));
        }
        value.wrong(what, remedy + ".");
    }
    None
}

/// What is done after a failure: whether it is to undo, and the steps otherwise.
fn after_failure<'a>(value: &Value<'a>) -> (bool, Vec<Table<'a>>) {
    if !value.is_text() {
        return (false, value.tables("`[[command.on_failure]]`", step::STEP));
    }
    let undo = value.text("\"undo\"").is_some_and(|text| text.text == "undo");
    if !undo {
        value.wrong(
            "`on_failure` is not `undo`",
            "Write `on_failure = \"undo\"`, or steps as `[[command.on_failure]]`.",
        );
    }
    (undo, Vec::new())
}

fn requirements(value: &Value<'_>, args: &BTreeSet<String>) -> Vec<Requirement> {
    let tables = if value.is_table() {
        value.table("`require`", rules::REQUIREMENT).into_iter().collect()
    } else {
        value.tables("`[[command.require]]`", rules::REQUIREMENT)
    };
    tables.iter().filter_map(|table| rules::requirement(table, Some(args))).collect()
}

/// How many targets the command's plan may have at most, as a requirement of its own.
fn at_most(value: &Value<'_>) -> Option<Requirement> {
    Some(Requirement {
        command: None,
        when: None,
        confirm: false,
        approve: 0,
        by: None,
        within_secs: DEFAULT_WITHIN_SECS,
        step_up: false,
        deny: None,
        max_targets: Some(rules::max_targets(value)?),
        origin: value.origin(),
    })
}

fn rate(value: &Value<'_>) -> Option<Rate> {
    let text = value.words("\"3/10m\"")?;
    let Some((most, secs)) = rules::rate(text.text) else {
        let what = format!("`{}` is no number of orders in a span of time", text.text);
        text.wrong(what, "Write `rate = \"3/10m\"`, or leave it out.");
        return None;
    };
    Some(Rate { most, secs, origin: value.origin() })
}

fn lock(value: &Value<'_>, around: &Around<'_>) -> Option<String> {
    let text = value.words("\"webapp/production\"")?;
    Scope { args: around.args, before: &[], later: &[], op: false, vars: around.vars, own: &[] }
        .check(&text)
        .then(|| text.text.to_owned())
}

fn place(value: &Value<'_>) -> Option<Place> {
    let text = value.words("\"web:ops\"")?;
    match Place::parse(text.text) {
        Ok(place) => Some(place),
        Err(error) => {
            text.wrong(error.to_string(), "Write the connector, a colon and the room.");
            None
        }
    }
}

fn letter(value: &Value<'_>) -> Option<char> {
    let text = value.words("\"d\"")?;
    let mut letters = text.text.chars();
    let (first, rest) = (letters.next()?, letters.next());
    if first.is_ascii_lowercase() && rest.is_none() {
        return Some(first);
    }
    text.wrong(format!("`{}` is not one letter from a to z", text.text), "Write `letter = \"d\"`.");
    None
}
