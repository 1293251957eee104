//! `pack.toml` as a JSON schema for editors.
//!
//! Not its reading: [`crate::pack`] and what it calls do that. Layer 2.

use serde_json::{Map, Value as Json, json};
use wilco_contract::{command::MOST_ITEMS, ids::ActionName};

use super::{
    DRAFT, Row, about, count, either, flag, list, one_of,
    rules::{by_arg_name, condition, effect},
    some_texts, table, text, texts, with, with_one_of, words,
};
use crate::{actions::Actions, args, command, pack as reader, rules, step, triggers};

/// The schema of `pack.toml`, with what each of these actions takes.
#[must_use]
pub fn pack(actions: &dyn Actions) -> Json {
    let mut names = actions.names();
    names.sort_by_key(ToString::to_string);
    let mut defs = Map::new();
    for name in &names {
        if let Some(schema) = actions.schema(name) {
            defs.insert(name.to_string(), with::with(&schema, &format!("/definitions/{name}")));
        }
    }
    defs.insert("step".to_owned(), using(step(), actions, &names));
    defs.insert("undo".to_owned(), using(undo(), actions, &names));
    let rows = vec![
        ("pack", about(head(), "What the pack is")),
        ("command", list(&command(), "What people may order")),
        ("route", list(&super::route(false), "Where events go")),
        ("rule", list(&super::rule(), "What events set off")),
        ("vars", super::vars()),
        ("lists", super::lists()),
        ("listener", list(&listener(), "What lines that are said to nobody set off")),
        ("schedule", list(&schedule(), "Orders at times")),
    ];
    let mut whole = table(reader::FILE, &["pack"], rows);
    whole["$schema"] = Json::from(DRAFT);
    whole["title"] = Json::from("A pack of Wilco");
    whole["definitions"] = Json::Object(defs);
    whole
}

fn head() -> Json {
    let rows = vec![("name", words("The name of its folder")), ("about", words("What it is for, in a line"))];
    table(reader::PACK, &["name"], rows)
}

fn command() -> Json {
    let steps = json!({ "$ref": "#/definitions/step" });
    let requirement = super::requirement(rules::REQUIREMENT, &[], Vec::new());
    let rows = vec![
        ("id", words("Rules name the command `<pack>.<id>`")),
        ("words", some_texts("How it is said: `ship <app> [at] <ref>`; the first is shown in help")),
        ("about", words("What it does, in a line")),
        ("effect", effect("`read` changes nothing; `destructive` changes what no command undoes")),
        ("args", about(by_arg_name(&arg()), "Its arguments; one that only `words` names is a word")),
        ("step", about(list(&steps, ""), "What it does, in order")),
        ("verify", about(list(&steps, ""), "What proves that it was done; runs after all steps")),
        (
            "require",
            about(either(&[requirement.clone(), list(&requirement, "")]), "What it needs beyond a grant"),
        ),
        ("rate", words("How often one person may give it: `3/10m`")),
        ("max_targets", count(1, "The most that its plan may touch without `--force`")),
        ("lock", words("A template: of all operations with this key, one runs at a time")),
        ("timeout", words("The longest that a run may take: `20m`; absent: `10m`")),
        ("home", words("The room where its operations stand: `web:deploys`")),
        ("letter", words("The letter that its operations' ids begin with")),
        ("examples", texts("Orders without Wilco's name")),
        (
            "on_failure",
            about(
                either(&[json!({ "const": "undo" }), list(&steps, "")]),
                "What is done after a failure: `\"undo\"`, or steps",
            ),
        ),
    ];
    table(command::COMMAND, &["id", "words", "about", "effect", "step"], rows)
}

fn arg() -> Json {
    let by_list = vec![
        ("list", words("The name of a list under `[lists]`")),
        ("run", words("An order that only reads, whose rows are the choices")),
        ("column", words("The column of those rows")),
    ];
    let choices = either(&[some_texts(""), table(args::CHOICES, &[], by_list)]);
    let rows = vec![
        ("type", one_of(&args::TYPES, "What it is; absent: a word")),
        ("choices", about(choices, "The words that fit, or where they come from")),
        ("about", text("What it is, in a line")),
        ("required", flag("Whether an order without it is incomplete; absent: as the patterns say")),
        ("default", json!({ "description": "Its value where an order gives none" })),
    ];
    table(args::ARG, &[], rows)
}

/// `uses`, `with` and `effect`, which steps and what undoes them have.
fn used() -> Vec<Row> {
    vec![
        ("uses", words("The action")),
        ("with", json!({ "type": "object", "description": "The action's arguments; texts are templates" })),
        ("effect", effect("Where the action leaves it to the step, as `exec.run` does")),
    ]
}

fn step() -> Json {
    let mut rows = used();
    let items = either(&[
        json!({ "type": "array", "maxItems": MOST_ITEMS }),
        json!({ "type": "string", "pattern": r"^\s*\{\{[\s\S]*\}\}\s*$" }),
    ]);
    let mut at_once = count(1, "How many of them are made beside each other; absent: 1");
    at_once["maximum"] = Json::from(step::MOST_AT_ONCE);
    let retry = about(retry(), "How often it is tried again after a known failure");
    rows.extend([
        ("id", text("Its name, for templates and the log")),
        ("undo", json!({ "$ref": "#/definitions/undo", "description": "What would undo it" })),
        ("when", condition("A condition: where it does not hold, the step is skipped")),
        ("for_each", about(items, "A list, or a template that is one: it is made once for each `item`")),
        ("at_once", at_once),
        ("retry", retry),
    ]);
    table(step::STEP, &["uses"], rows)
}

fn retry() -> Json {
    let mut times = count(1, "How often");
    times["maximum"] = Json::from(step::MOST_TIMES);
    table(step::RETRY, &["times"], vec![("times", times), ("pause", words("How long before each: `10s`"))])
}

fn undo() -> Json {
    table(step::UNDO, &["uses"], used())
}

/// A table with `uses`, in which `with` and `effect` are what that action takes.
fn using(mut table: Json, actions: &dyn Actions, names: &[ActionName]) -> Json {
    let listed: Vec<String> = names.iter().map(ToString::to_string).collect();
    table["properties"]["uses"] = json!({ "enum": listed, "description": "The action" });
    let each = names.iter().map(|name| {
        let mut then = json!({ "properties": { "with": { "$ref": format!("#/definitions/{name}") } } });
        let needs = actions.schema(name).and_then(|schema| schema.get("required")?.as_array().cloned());
        if needs.is_some_and(|needs| !needs.is_empty()) {
            then["required"] = json!(["with"]);
        }
        if let Some(spec) = actions.spec(name).filter(|spec| !spec.effect_by_step) {
            then["properties"]["effect"] = json!({ "const": spec.effect.to_string() });
        }
        // Without the key the condition would hold, and every action's rules with it.
        json!({ "if": { "properties": { "uses": { "const": name.to_string() } }, "required": ["uses"] }, "then": then })
    });
    table["allOf"] = each.collect();
    table
}

fn listener() -> Json {
    let signs = either(&[words("A sign"), some_texts("Signs")]);
    let rows = vec![
        ("id", words("Grants name it as `listener:<pack>.<id>`; absent: the first word of `run`")),
        ("hear", words("A regular expression, found anywhere in a line")),
        ("on", one_of(&["join", "leave", "topic", "reaction"], "What else it heeds, in the place of lines")),
        ("reaction", about(signs, "The signs that it heeds; absent: any")),
        ("say", words("A template that is said in the line's thread")),
        ("run", words("A template of an order, without Wilco's name")),
        ("rooms", some_texts("Places, also with stars; absent: everywhere")),
    ];
    let mut shape = with_one_of(table(triggers::LISTENER, &[], rows), &["say", "run"]);
    shape["allOf"] = json!([{ "anyOf": [{ "required": ["hear"] }, { "required": ["on"] }] }]);
    shape
}

fn schedule() -> Json {
    let rows = vec![
        ("name", words("Grants name it as `schedule:<pack>.<name>`; absent: the first word of `run`")),
        ("cron", words("Minute, hour, day of the month, month, day of the week: `0 9 * * 1-5`")),
        ("every", words("A span from a minute to a year: `15m`")),
        ("zone", words("The zone of `cron`: `Europe/Berlin`")),
        ("missed", one_of(&["skip", "once"], "What becomes of times that were missed")),
        ("run", words("The order, without Wilco's name")),
        ("place", words("Where its operations and answers stand")),
    ];
    with_one_of(table(triggers::SCHEDULE, &["run"], rows), &["cron", "every"])
}
