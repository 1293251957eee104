//! The steps of a command: which action, with what, and whether that can work.
//!
//! Not their execution: `engine/life` does that. Layer 2.

use std::path::Path;

use serde_json::{Map, Value as Json};
use wilco_contract::{
    action::ActionSpec,
    command::{ArgSpec, Effect, ForEach, MOST_ITEMS, Step, TryAgain, Undo},
    ids::ActionName,
    pattern::is_arg_name,
    secrets::references,
};

use crate::{
    actions::Known,
    problem::Problem,
    program,
    rules::effect,
    schema,
    sheet::{Keys, Table, Value},
    template::Scope,
};

/// The keys of a step, and of a verify step.
pub(crate) const STEP: Keys =
    Keys::of(&["id", "uses", "with", "effect", "undo", "when", "for_each", "at_once", "retry"]);
/// The keys of `undo`.
pub(crate) const UNDO: Keys = Keys::of(&["uses", "with", "effect"]);
/// The keys of `retry`.
pub(crate) const RETRY: Keys = Keys::of(&["times", "pause"]);
/// The most calls of one step that are made at once.
pub(crate) const MOST_AT_ONCE: u64 = 20;
/// The most often that a step is tried again.
pub(crate) const MOST_TIMES: u64 = 20;

/// What the steps of one command share.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// What there is to use.
    pub(crate) known: &'a Known<'a>,
    /// The pack's folder.
    pub(crate) folder: &'a Path,
    /// The command's arguments.
    pub(crate) args: &'a [ArgSpec],
    /// The variables.
    pub(crate) vars: &'a Map<String, Json>,
}

/// A step with the effect that it has.
pub(crate) struct Read {
    /// The step.
    pub(crate) step: Step,
    /// Its effect: its own, or its action's; that of what undoes it, where that is worse.
    pub(crate) effect: Effect,
}

/// The steps of a command, as they stand in the file.
pub(crate) struct Tables<'a> {
    /// What it does.
    pub(crate) steps: Vec<Table<'a>>,
    /// What proves it.
    pub(crate) verify: Vec<Table<'a>>,
    /// What it does after a failure.
    pub(crate) on_failure: Vec<Table<'a>>,
}

/// The steps of a command.
pub(crate) struct All {
    /// What it does.
    pub(crate) steps: Vec<Read>,
    /// What proves it.
    pub(crate) verify: Vec<Read>,
    /// What it does after a failure.
    pub(crate) on_failure: Vec<Read>,
}

impl All {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Read> {
        self.steps.iter().chain(&self.verify).chain(&self.on_failure)
    }
}

/// Reads the steps of a command; verify steps run after all steps, and what is done after a failure after any of both.
pub(crate) fn read_all(tables: &Tables<'_>, around: &Around<'_>) -> All {
    let Tables { steps, verify, on_failure } = tables;
    let mut ids: Vec<String> = Vec::new();
    for (tables, base) in [(steps, None), (verify, Some("probe")), (on_failure, None)] {
        for table in tables {
            let id = id(table, base, &ids);
            ids.push(id);
        }
    }
    let mut read = Vec::new();
    for (at, table) in steps.iter().chain(verify).chain(on_failure).enumerate() {
        let vars = around.vars;
        let scope =
            Scope { args: around.args, before: &ids[..at], later: &ids[at..], op: true, vars, own: &[] };
        let own: &[&str] = if at < steps.len() + verify.len() { &[] } else { &["failure"] };
        read.push(one(table, &ids[at], around, Scope { own, ..scope }));
    }
    let on_failure = read.split_off(steps.len() + verify.len());
    let verify = read.split_off(steps.len());
    let well = |read: Vec<Option<Read>>| read.into_iter().flatten().collect();
    All { steps: well(read), verify: well(verify), on_failure: well(on_failure) }
}

/// The step's own name, or one made from its action's: `exec.run` makes `run`, then `run2`.
fn id(table: &Table<'_>, base: Option<&str>, taken: &[String]) -> String {
    if let Some(text) = table.get("id").and_then(|value| value.text("\"build\"")) {
        if !is_arg_name(text.text) {
            let what = format!("`{}` cannot be the name of a step", text.text);
            text.wrong(
                what,
                "Use a lower-case letter, then lower-case letters, digits and _, at most 64 of them.",
            );
        } else if taken.iter().any(|id| id == text.text) {
            text.wrong(format!("two steps are called `{}`", text.text), "Give one of them another id.");
        }
        return text.text.to_owned();
    }
    let uses = table.get("uses").filter(Value::is_text).map(|value| value.json());
    let uses = uses.as_ref().and_then(Json::as_str).unwrap_or("step");
    let base = base.unwrap_or_else(|| uses.rsplit('.').next().unwrap_or(uses));
    let mut names = std::iter::once(base.to_owned()).chain((2..).map(|n| format!("{base}{n}")));
    names.find(|name| !taken.contains(name)).unwrap_or_else(|| base.to_owned())
}

fn one(table: &Table<'_>, id: &str, around: &Around<'_>, scope: Scope<'_>) -> Option<Read> {
    let (uses, spec) = action(table, around)?;
    let own = table.get("effect").and_then(|value| effect_of(&value, &spec));
    let fits = [waits_once(table, &uses), reads_own(table, &uses, own)];
    let each = table.get("for_each").map(|value| for_each(table, &value, scope));
    let when = table.get("when").map(|value| scope.condition(&value));
    let retry = table.get("retry").map(|value| retry(&value));
    let named: Vec<&str> = scope.own.iter().copied().chain(each.is_some().then_some("item")).collect();
    let scope = Scope { own: &named, ..scope };
    let with = with(table, &uses, around, scope);
    // What undoes a step may use what it gave.
    let gave: Vec<String> = scope.before.iter().cloned().chain([id.to_owned()]).collect();
    let after = Scope { before: &gave, later: scope.later.get(1..).unwrap_or_default(), ..scope };
    let undo = table.get("undo").map(|value| undo(&value, around, after));
    let (undo, undone) = match undo {
        None => (None, Effect::Read),
        Some(read) => read.map(|(undo, effect)| (Some(undo), effect))?,
    };
    if fits.contains(&false) {
        return None;
    }
    let step = Step {
        id: id.to_owned(),
        uses,
        with: with?,
        effect: own,
        undo,
        when: there(when)?,
        for_each: there(each)?,
        retry: there(retry)?,
        origin: table.origin(),
    };
    Some(Read { step, effect: own.unwrap_or(spec.effect).max(undone) })
}

/// Whether an action only waits: for somebody's answer, or for a time.
pub(crate) fn only_waits(uses: &str) -> bool {
    matches!(uses, "ask" | "wait")
}

/// Whether a step that only waits does so once, and has nothing to be undone.
fn waits_once(table: &Table<'_>, uses: &ActionName) -> bool {
    if !only_waits(uses.as_str()) {
        return true;
    }
    let keys = ["for_each", "at_once", "retry", "undo"];
    let mut well = true;
    for value in keys.iter().filter_map(|key| table.get(key)) {
        well = false;
        value.wrong(format!("`{}` means nothing on `{uses}`, which only waits", value.name()), "Remove it.");
    }
    well
}

/// Whether a step that says it reads, and remembers something, does that for the asker alone.
fn reads_own(table: &Table<'_>, uses: &ActionName, own: Option<Effect>) -> bool {
    if !matches!(uses.as_str(), "memory.set" | "memory.forget") || own != Some(Effect::Read) {
        return true;
    }
    let with = table.get("with").map(|value| value.json()).unwrap_or_default();
    if with["mine"] == Json::Bool(true) {
        return true;
    }
    if let Some(value) = table.get("effect") {
        value.wrong(
            format!("`{uses}` reads only where it is about the asker's own"),
            "Write `mine = true` in `with`, or remove `effect` from this step.",
        );
    }
    false
}

/// What is absent stays absent; what is there but wrong makes the whole wrong.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the key is there, the inner one whether it is right"
)]
fn there<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        None => Some(None),
        Some(right) => right.map(Some),
    }
}

/// For what a step is made: a list, or one template that is one.
fn for_each(table: &Table<'_>, value: &Value<'_>, scope: Scope<'_>) -> Option<ForEach> {
    let at_once = match table.get("at_once") {
        None => 1,
        Some(value) => {
            let count = value.count("3")?;
            if count == 0 || count > MOST_AT_ONCE {
                value.wrong(
                    format!("`at_once = {count}` is not from 1 to {MOST_AT_ONCE}"),
                    "Write `at_once = 3`.",
                );
                return None;
            }
            u32::try_from(count).ok()?
        }
    };
    let over = value.json();
    let is_list = match &over {
        Json::Array(items) => items.len() <= MOST_ITEMS,
        Json::String(text) => text.trim().starts_with("{{") && text.trim().ends_with("}}"),
        _ => false,
    };
    if !is_list {
        value.wrong(
            format!("`for_each` is no list of at most {MOST_ITEMS} items"),
            "Write a list, or a template that is one: `for_each = \"{{ vars.hosts }}\"`.",
        );
        return None;
    }
    let mut well = true;
    for text in value.all_texts() {
        well &= scope.check(&text);
    }
    if well && over.is_string() {
        let tried = scope.filled(&over);
        if let Some(other) = tried.iter().find(|filled| !filled.value.is_array()) {
            value.wrong(
                format!("`for_each` is no list: it becomes `{}`", other.value),
                "Name a variable that is a list, an argument of the type `json`, or what an earlier step gave.",
            );
            return None;
        }
    }
    well.then_some(ForEach { over, at_once })
}

/// How often a step is tried again.
fn retry(value: &Value<'_>) -> Option<TryAgain> {
    let table = value.table("`retry`", RETRY)?;
    let times = table.need("times", "times = 3")?.count("3")?;
    let pause_secs = table.get("pause").map_or(Some(0), |value| value.seconds("\"10s\""))?;
    if times == 0 || times > MOST_TIMES {
        value.wrong(
            format!("`times = {times}` is not from 1 to {MOST_TIMES}"),
            "Write `retry = { times = 3, pause = \"10s\" }`.",
        );
        return None;
    }
    Some(TryAgain { times: u32::try_from(times).ok()?, pause_secs })
}

fn action(table: &Table<'_>, around: &Around<'_>) -> Option<(ActionName, ActionSpec)> {
    let text = table.need("uses", "uses = \"exec.run\"")?.words("\"exec.run\"")?;
    let spec =
        ActionName::parse(text.text).ok().and_then(|name| Some((around.known.actions.spec(&name)?, name)));
    if let Some((spec, name)) = spec {
        return Some((name, spec));
    }
    let mut names: Vec<_> = around.known.actions.names().iter().map(ToString::to_string).collect();
    names.sort();
    let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let what = format!("there is no action `{}`", text.text);
    let problem = Problem::at(&text.origin(), what, format!("Use one of {listed}."));
    text.add(problem.near(text.text, names.iter().map(String::as_str)));
    None
}

fn effect_of(value: &Value<'_>, spec: &ActionSpec) -> Option<Effect> {
    let effect = effect(value)?;
    if !spec.effect_by_step && effect != spec.effect {
        let what = format!("`{}` is always `{}`, whatever a step says", spec.name, spec.effect);
        value.add(Problem::at(&value.origin(), what, "Remove `effect` from this step."));
        return None;
    }
    Some(effect)
}

fn undo(value: &Value<'_>, around: &Around<'_>, scope: Scope<'_>) -> Option<(Undo, Effect)> {
    let table = value.table("`undo`", UNDO)?;
    let (uses, spec) = action(&table, around)?;
    if only_waits(uses.as_str()) {
        value.wrong(
            format!("`{uses}` undoes nothing: it only waits"),
            "Name an action that changes something back.",
        );
        return None;
    }
    let effect = table.get("effect").and_then(|value| effect_of(&value, &spec));
    let with = with(&table, &uses, around, scope)?;
    Some((Undo { uses, with, effect }, effect.unwrap_or(spec.effect)))
}

/// Reads `with` and tries whether the action takes it.
fn with(table: &Table<'_>, uses: &ActionName, around: &Around<'_>, scope: Scope<'_>) -> Option<Json> {
    let schema = around.known.actions.schema(uses).unwrap_or(Json::Null);
    let Some(value) = table.get("with") else {
        if table.has_slip_of("with") {
            return None;
        }
        let empty = Json::Object(Map::new());
        if let Err(error) = around.known.actions.check(uses, &empty) {
            let what = format!("`{uses}` needs arguments: {error}");
            let remedy = format!("Add `with = {{ {} }}`.", schema::needed(&schema));
            table.sheet().add(Problem::at(&table.origin(), what, remedy));
            return None;
        }
        return Some(empty);
    };
    let mut json = value.open_table("`with`").map(|_| value.json())?;
    let keys_fit = schema::check_keys(&value, &schema, uses.as_str());
    let mut well = keys_fit;
    for text in value.all_texts() {
        well &= scope.check(&text);
    }
    well &= secrets_fit(&value, uses, around, scope);
    match uses.as_str() {
        "exec.run" => {
            well &= program::are_there(&value, around);
            if schema::has_key(&schema, "dir") && json.get("dir").is_none() {
                json["dir"] = Json::from(around.folder.to_string_lossy());
            }
        }
        "http.get" | "http.send" => well &= server_is_named(&value, around, scope),
        _ => {}
    }
    for filled in scope.filled(&json).iter().filter(|_| well) {
        let Err(error) = around.known.actions.check(uses, &filled.value) else { continue };
        match filled.without.first() {
            None => {
                let check = |args: &Json| around.known.actions.check(uses, args);
                misfit(&value, &schema, &filled.value, (error, &check));
            }
            Some(first) => value.wrong(
                format!(
                    "`{uses}` does not take these arguments when an order leaves out `{}`: {error}",
                    filled.without.join("` or `")
                ),
                format!("Give `args.{first}` a default, or write `{{{{ {first} or '…' }}}}`."),
            ),
        }
        return None;
    }
    well.then_some(json)
}

/// How an action checks its arguments.
type Checks<'a> = dyn Fn(&Json) -> Result<(), String> + 'a;

/// Reports arguments that an action does not take: at the one whose absence changes what is wrong, with its right shape.
fn misfit(with: &Value<'_>, schema: &Json, filled: &Json, (error, check): (String, &Checks<'_>)) {
    let without = |entry: &Value<'_>| {
        let mut rest = filled.clone();
        let taken = rest.as_object_mut().is_some_and(|rest| rest.remove(entry.name()).is_some());
        taken.then(|| check(&rest).err())
    };
    let entries = with.open_table("`with`").map(|table| table.entries()).unwrap_or_default();
    // Best one without which all fits: without one that is needed, something else is wrong.
    let fits = entries.iter().find(|entry| without(entry) == Some(None));
    let other =
        || entries.iter().find(|entry| without(entry).is_some_and(|left| left.as_ref() != Some(&error)));
    match fits.or_else(other) {
        Some(cause) => {
            let key = cause.name();
            let remedy = format!("Write it like `{key} = {}`.", schema::example_of(key, schema));
            cause.wrong(format!("`{key}` does not fit: {error}"), remedy);
        }
        None => {
            let remedy = format!("Write it like `with = {{ {} }}`.", schema::needed(schema));
            with.wrong(format!("`with` does not fit: {error}"), remedy);
        }
    }
}

/// Where an action takes a secret: the beginning of the place in its arguments.
fn takes_secrets(uses: &ActionName) -> &'static [&'static str] {
    match uses.as_str() {
        "exec.run" => &["env/"],
        "http.get" => &["headers/"],
        "http.send" => &["headers/", "body", "json"],
        _ => &[],
    }
}

/// Whether every secret that is referred to is named in `wilco.toml`, and stands where the action takes one.
fn secrets_fit(with: &Value<'_>, uses: &ActionName, around: &Around<'_>, scope: Scope<'_>) -> bool {
    let mut well = true;
    for (path, name) in references(&with.json()) {
        let keys: Vec<_> = path.split('/').filter(|key| !key.is_empty()).chain(["secret"]).collect();
        let Some(text) = with.below(&keys).text("\"TOKEN\"") else { continue };
        let takes = takes_secrets(uses);
        if !takes.iter().any(|start| path.starts_with(start)) {
            well = false;
            let places: Vec<_> =
                takes.iter().map(|place| format!("`{}`", place.trim_end_matches('/'))).collect();
            let remedy = if places.is_empty() {
                "Remove it; `exec.run` takes secrets in `env`, `http.send` in `headers`, `json` and `body`."
                    .to_owned()
            } else {
                format!("Put it into {}.", places.join(" or "))
            };
            text.wrong(format!("`{uses}` takes no secret here"), remedy);
            continue;
        }
        let Some(possible) = scope.possible(&name) else {
            well = false;
            let remedy = "Write the name itself; of arguments, only a choice may stand in it.";
            text.wrong("which secret this is cannot be told before an order is given", remedy);
            continue;
        };
        for name in possible.iter().filter(|name| !around.known.secrets.contains(*name)) {
            well = false;
            let what = format!("`wilco.toml` names no secret `{name}`");
            let remedy =
                format!("Add `[secret.{name}]` with `env`, `file` or `command` there, or correct the name.");
            let problem = Problem::at(&text.origin(), what, remedy);
            text.add(problem.near(name, around.known.secrets.iter().map(String::as_str)));
        }
    }
    well
}

/// Whether every server that an `http.get` may call is named in `wilco.toml`.
fn server_is_named(with: &Value<'_>, around: &Around<'_>, scope: Scope<'_>) -> bool {
    let server = with.below(&["server"]);
    if !with.json()["server"].is_string() {
        return true;
    }
    let Some(text) = server.text("\"webapp\"") else { return true };
    let Some(possible) = scope.possible(text.text) else { return true };
    let mut well = true;
    for name in possible.iter().filter(|name| !around.known.servers.contains(*name)) {
        well = false;
        let what = format!("`wilco.toml` names no server `{name}`");
        let remedy = format!("Add `[server.{name}]` with its `url` there, or correct the name.");
        let problem = Problem::at(&text.origin(), what, remedy);
        text.add(problem.near(name, around.known.servers.iter().map(String::as_str)));
    }
    well
}
