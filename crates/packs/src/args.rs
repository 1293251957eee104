//! The arguments of a command: what its patterns name and what `args.x` says of them.
//!
//! Not the reading of an order's words: `engine/parse` does that by what stands here. Layer 2.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use wilco_contract::{
    command::ArgSpec,
    pattern::{Item, Pattern, is_arg_name},
    values::{ArgType, Asked},
};

use crate::{
    actions::Lists,
    problem::Problem,
    sheet::{Keys, Table, Value},
};

/// The keys of an argument.
pub(crate) const ARG: Keys = Keys::of(&["type", "choices", "about", "required", "default"]);

/// The keys of `choices`, where it is no list of words.
pub(crate) const CHOICES: Keys = Keys::of(&["list", "run", "column"]);

/// The types, as files name them.
pub(crate) const TYPES: [&str; 14] = [
    "word", "text", "integer", "number", "bool", "duration", "time", "bytes", "url", "person", "room", "ref",
    "json", "choice",
];
const LATER_TYPES: [&str; 1] = ["secret"];

/// Names that an argument cannot have: flags of every command, and names that templates use otherwise.
pub(crate) const TAKEN: [&str; 10] =
    ["dry_run", "because", "force", "alone", "json", "help", "args", "steps", "op", "vars"];

/// Reads `args` of a command and adds what only its patterns name.
pub(crate) fn read(declared: Option<Value<'_>>, patterns: &[Pattern], lists: &Lists) -> Vec<ArgSpec> {
    let said: Vec<Said> = patterns.iter().flat_map(|pattern| said(pattern.items())).collect();
    let tables = declared.and_then(|value| value.open_table("`args`")).map(|table| table.entries());
    let mut specs = Vec::new();
    for entry in tables.unwrap_or_default() {
        if well_named(&entry)
            && let Some(table) = entry.table(&format!("`args.{}`", entry.name()), ARG)
        {
            specs.push(one(&entry, &table, patterns, lists));
        }
    }
    for Said { name, rest } in said {
        if specs.iter().all(|spec: &ArgSpec| spec.name != name) {
            let kind = if rest { ArgType::Text } else { ArgType::Word };
            let required = always_said(&name, patterns);
            specs.push(ArgSpec { name, kind, about: String::new(), required, default: None });
        }
    }
    specs
}

fn well_named(entry: &Value<'_>) -> bool {
    let name = entry.name();
    if TAKEN.contains(&name) {
        let remedy = "Call it something else, here and in the patterns.";
        entry.add(Problem::at(
            &entry.origin(),
            format!("`{name}` cannot be an argument: every command has it"),
            remedy,
        ));
        return false;
    }
    if !is_arg_name(name) {
        let what = format!("`{name}` cannot be the name of an argument");
        let remedy = "Use a lower-case letter, then lower-case letters, digits and _, at most 64 of them.";
        entry.add(Problem::at(&entry.origin(), what, remedy));
        return false;
    }
    true
}

fn one(entry: &Value<'_>, table: &Table<'_>, patterns: &[Pattern], lists: &Lists) -> ArgSpec {
    let kind = kind(table, lists).unwrap_or(ArgType::Word);
    let about = table.get("about").and_then(|value| value.text("\"What it is\""));
    let explicit = table.get("required").and_then(|value| value.flag().map(|flag| (value, flag)));
    let default = table.get("default").and_then(|value| default(&value, &kind));
    let always = always_said(entry.name(), patterns);
    if let (Some((value, true)), Some(_)) = (explicit, &default) {
        let what = format!("`{}` has a default, so it is never missing", entry.name());
        value.add(Problem::at(&value.origin(), what, "Remove `required = true`, or the default."));
    }
    if let (Some((value, false)), true) = (explicit, always) {
        let what = format!("every pattern says `<{}>`, so `required = false` changes nothing", entry.name());
        let remedy = format!("Write `[<{}>]` in a pattern, or remove `required`.", entry.name());
        value.add(Problem::at(&value.origin(), what, remedy).warning());
    }
    ArgSpec {
        name: entry.name().to_owned(),
        kind,
        about: about.map(|about| about.text.to_owned()).unwrap_or_default(),
        required: default.is_none() && explicit.map_or(always, |(_, flag)| flag),
        default,
    }
}

fn kind(table: &Table<'_>, lists: &Lists) -> Option<ArgType> {
    let choices = table.get("choices").and_then(|value| choices_of(&value, lists));
    let Some(value) = table.get("type") else { return choices };
    let text = value.text("\"word\"")?;
    if let (Some(_), true) = (table.get("choices"), text.text != "choice") {
        let what = format!("an argument with `choices` cannot be of type `{}`", text.text);
        text.wrong(what, "Remove `type`, or `choices`.");
        return None;
    }
    Some(match text.text {
        "word" => ArgType::Word,
        "text" => ArgType::Text,
        "integer" => ArgType::Integer,
        "number" => ArgType::Number,
        "bool" => ArgType::Bool,
        "duration" => ArgType::Duration,
        "time" => ArgType::Time,
        "bytes" => ArgType::Bytes,
        "url" => ArgType::Url,
        "person" => ArgType::Person,
        "room" => ArgType::Room,
        "ref" => ArgType::Ref,
        "json" => ArgType::Json,
        "choice" => match choices {
            Some(choices) => choices,
            None => {
                if table.get("choices").is_none() {
                    text.wrong("`choice` without `choices`", "Add `choices = [\"one\", \"two\"]`.");
                }
                return None;
            }
        },
        other => {
            let listed = TYPES.map(|name| format!("`{name}`")).join(", ");
            let problem = if LATER_TYPES.contains(&other) {
                let what = format!("the type `{other}` is not supported in this version");
                Problem::at(&text.origin(), what, format!("Use one of {listed}."))
            } else {
                let what = format!("there is no type `{other}`");
                Problem::at(&text.origin(), what, format!("Use one of {listed}.")).near(other, TYPES)
            };
            text.add(problem);
            return None;
        }
    })
}

/// `choices`: a list of words, a list by its name, or what a command tells.
fn choices_of(value: &Value<'_>, lists: &Lists) -> Option<ArgType> {
    if !value.is_table() {
        return choices(value).map(ArgType::Choice);
    }
    let table = value.table("`choices`", CHOICES)?;
    match (table.get("list"), table.get("run"), table.get("column")) {
        (Some(list), None, None) => {
            let name = list.words("\"apps\"")?;
            if let Some(words) = lists.get(name.text) {
                return Some(ArgType::Choice(words.clone()));
            }
            let remedy = "Write it as `apps = [\"one\", \"two\"]` under `[lists]`, here or in `wilco.toml`.";
            let problem = Problem::at(&name.origin(), format!("there is no list `{}`", name.text), remedy);
            name.add(problem.near(name.text, lists.keys()));
            None
        }
        (None, Some(run), column) => {
            let run = run.words("\"apps\"")?.text.to_owned();
            let column = match column {
                Some(column) => Some(column.words("\"name\"")?.text.to_owned()),
                None => None,
            };
            Some(ArgType::ChoiceOf { run, column })
        }
        _ if table.has_slips() => None,
        _ => {
            let what = "`choices` names neither one list nor one order";
            value.wrong(what, "Write `choices = { list = \"apps\" }`, or `choices = { run = \"apps\", column = \"name\" }`.");
            None
        }
    }
}

/// Reads `[lists]`: lists of words by name.
#[must_use]
pub fn lists(value: &Value<'_>) -> Lists {
    let tables = value.open_table("`[lists]`").map(|table| table.entries());
    let entries = tables.unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.name().to_owned(), choices(entry)?))).collect()
}

fn choices(value: &Value<'_>) -> Option<Vec<String>> {
    let example = "[\"one\", \"two\"]";
    let texts = value.texts(example)?;
    if texts.is_empty() {
        let name = value.name();
        value.wrong(
            format!("`{name}` is empty, so nothing would fit"),
            format!("Write `{name} = {example}`."),
        );
        return None;
    }
    let mut seen = BTreeSet::new();
    for text in &texts {
        if text.text.trim().is_empty() || !seen.insert(text.text.to_lowercase()) {
            let what = format!("the choice `{}` is empty or stands twice; case does not count", text.text);
            text.wrong(what, "Remove it.");
        }
    }
    Some(texts.iter().map(|text| text.text.to_owned()).collect())
}

/// The default as a value of the type. Numbers and flags may be written bare or as the words of an order.
fn default(value: &Value<'_>, kind: &ArgType) -> Option<Json> {
    let json = value.json();
    // Whoever gives the order is not known yet: what depends on them is no default.
    let nobody = Asked { connector: "web", ..Asked::default() };
    let not = || kind.to_string();
    let typed = |text: &str| kind.read(text, &nobody).map_err(|bad| bad.expected);
    let read = match (&json, kind) {
        (_, ArgType::Json) => Ok(json),
        (Json::String(text), _) => typed(text),
        (Json::Number(_) | Json::Bool(_), ArgType::Word | ArgType::Text) => Err(not()),
        (Json::Number(_) | Json::Bool(_), ArgType::Choice(_) | ArgType::ChoiceOf { .. }) => Err(not()),
        (Json::Number(_) | Json::Bool(_), _) => typed(&json.to_string()),
        _ => Err(not()),
    };
    if let Err(expected) = &read {
        value.wrong(format!("the default is not {expected}"), "Write one that an order could give.");
    }
    read.ok()
}

/// An argument as a pattern says it.
struct Said {
    name: String,
    rest: bool,
}

fn said(items: &[Item]) -> Vec<Said> {
    items
        .iter()
        .flat_map(|item| match item {
            Item::Literal(_) => Vec::new(),
            Item::Arg { name, rest } => vec![Said { name: name.clone(), rest: *rest }],
            Item::Optional(items) => said(items),
            Item::Either(rows) => rows.iter().flat_map(|row| said(row)).collect(),
            Item::Glued { name, after, .. } => {
                [name, after].map(|name| Said { name: name.clone(), rest: false }).into()
            }
        })
        .collect()
}

/// Whether every pattern has to be said with this argument.
fn always_said(name: &str, patterns: &[Pattern]) -> bool {
    !patterns.is_empty() && patterns.iter().all(|pattern| pattern.always_has(name))
}

/// A value that an order could give, for trying templates.
#[must_use]
pub(crate) fn sample(spec: &ArgSpec) -> Json {
    if let Some(default) = &spec.default {
        return default.clone();
    }
    match &spec.kind {
        ArgType::Word | ArgType::Ref | ArgType::ChoiceOf { .. } => Json::from("sample"),
        ArgType::Text => Json::from("a sample"),
        ArgType::Integer | ArgType::Duration | ArgType::Bytes => Json::from(60),
        ArgType::Number => Json::from(1.5),
        ArgType::Bool => Json::Bool(true),
        ArgType::Time => Json::from("2026-11-27T18:00:00+01:00"),
        ArgType::Url => Json::from("https://example.com/"),
        ArgType::Person => Json::from("ana"),
        ArgType::Room => Json::from("web:ops"),
        ArgType::Json => Json::Object(serde_json::Map::new()),
        ArgType::Choice(words) => words.first().map_or(Json::Null, |word| Json::from(word.as_str())),
    }
}
