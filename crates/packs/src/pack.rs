//! A pack: a folder with `pack.toml`, scripts and transcripts.
//!
//! Not a loader that watches: it reads once, and says all that is wrong. Layer 2.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json};
use wilco_contract::{
    command::Command,
    ids::CommandId,
    listen::Listener,
    pattern::is_arg_name,
    route::{Route, Rule},
    schedule::Schedule,
};

use crate::{
    actions::Known,
    args, command,
    problem::Problem,
    routes,
    sheet::{Keys, MAX_FILE, Sheet, Table, Value},
    step::Around,
    triggers,
};

/// The keys of `pack.toml`.
pub(crate) const FILE: Keys =
    Keys::of(&["pack", "command", "route", "rule", "vars", "lists", "listener", "schedule"]);
/// The keys of `[pack]`.
pub(crate) const PACK: Keys = Keys::of(&["name", "about"]);

/// What a pack says.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    /// Its commands.
    pub commands: Vec<Command>,
    /// Its routes, in the order of the file.
    pub routes: Vec<Route>,
    /// Its rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// Its listeners, in the order of the file.
    pub listeners: Vec<Listener>,
    /// Its schedules, in the order of the file.
    pub schedules: Vec<Schedule>,
}

/// Reads a pack. `folder` is its folder, `display` how problems and origins name that folder: `packs/webapp`.
///
/// What it holds is what can be used; where there are errors, whoever reads should use none of it.
#[must_use]
pub fn read(folder: &Path, display: &str, known: &Known<'_>) -> (Pack, Vec<Problem>) {
    let file = format!("{display}/pack.toml");
    // A link is called as it is called here, wherever it leads.
    let own = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = match fs::canonicalize(folder) {
        Ok(folder) => folder,
        Err(error) => {
            let what = format!("this folder cannot be read: {error}");
            return (Pack::default(), vec![Problem::of(display, what, "Check its name and permissions.")]);
        }
    };
    match read_text(&folder.join("pack.toml"), &file) {
        Ok(text) => read_sheet(Sheet::new(&file, text), &folder, &own, known),
        Err(problem) => (Pack::default(), vec![problem]),
    }
}

/// Reads a file of at most [`MAX_FILE`] bytes as text; `display` is how problems name it.
///
/// # Errors
/// When it cannot be read, is too long or is not UTF-8.
pub fn read_text(path: &Path, display: &str) -> Result<String, Problem> {
    let unread = |error: std::io::Error| {
        Problem::of(display, format!("this file cannot be read: {error}"), "Check its name and permissions.")
    };
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(unread)?;
    if bytes.len() as u64 > MAX_FILE {
        let what = format!("this file is longer than {MAX_FILE} bytes");
        return Err(Problem::of(display, what, "Split it into several."));
    }
    String::from_utf8(bytes).map_err(|error| {
        let what = format!("this file is not UTF-8 from byte {} on", error.utf8_error().valid_up_to());
        Problem::of(display, what, "Save it as UTF-8.")
    })
}

fn read_sheet(sheet: Sheet, folder: &Path, own: &str, known: &Known<'_>) -> (Pack, Vec<Problem>) {
    let mut pack = Pack::default();
    if let Some(tables) = sheet.parse() {
        let root = Table::root(&sheet, &tables, FILE);
        check_pack(&root, own);
        let mut vars = root.get("vars").map(|value| vars(&value)).unwrap_or_default();
        vars.extend(known.vars.clone());
        let mut lists = root.get("lists").map(|value| args::lists(&value)).unwrap_or_default();
        lists.extend(known.lists.clone());
        let known = Known { lists: &lists, ..*known };
        let around = Around { known: &known, folder, args: &[], vars: &vars };
        for table in all(&root, "command", command::COMMAND) {
            pack.commands.extend(command::read(&table, own, &around));
        }
        pack.routes =
            all(&root, "route", routes::ROUTE).iter().filter_map(|t| routes::route(t, false)).collect();
        pack.rules = all(&root, "rule", routes::RULE).iter().filter_map(routes::rule).collect();
        let listeners = all(&root, "listener", triggers::LISTENER);
        pack.listeners = listeners.iter().filter_map(|table| triggers::listener(table, own)).collect();
        let schedules = all(&root, "schedule", triggers::SCHEDULE);
        pack.schedules = schedules.iter().filter_map(|table| triggers::schedule(table, own)).collect();
        triggers::check_names(&sheet, &pack.listeners, &pack.schedules);
        check_ids(&sheet, &pack.commands);
    }
    (pack, sheet.into_problems())
}

/// `[vars]`, of a pack or of `wilco.toml`.
#[must_use]
pub fn vars(value: &Value<'_>) -> Map<String, Json> {
    let mut vars = Map::new();
    for entry in value.open_table("`[vars]`").iter().flat_map(Table::entries) {
        if is_arg_name(entry.name()) {
            vars.insert(entry.name().to_owned(), entry.json());
        } else {
            let what = format!("`{}` cannot be the name of a variable", entry.name());
            let remedy =
                "Use a lower-case letter, then lower-case letters, digits and _, at most 64 of them.";
            entry.add(Problem::at(&entry.origin(), what, remedy));
        }
    }
    vars
}

/// All tables `[[key]]` of a file.
fn all<'a>(root: &Table<'a>, key: &str, keys: Keys) -> Vec<Table<'a>> {
    root.get(key).map(|value| value.tables(&format!("`[[{key}]]`"), keys)).unwrap_or_default()
}

/// The pack's name has to be its folder's, as ids and messages are made from it.
fn check_pack(root: &Table<'_>, own: &str) {
    let Some(pack) = root.need("pack", "[pack]") else { return };
    let Some(table) = pack.table("`[pack]`", PACK) else { return };
    if let Some(value) = table.get("about") {
        // Only that it is a text matters here.
        let _ = value.words("\"Ship the web application\"");
    }
    let Some(name) =
        table.need("name", &format!("name = \"{own}\"")).and_then(|value| value.words(&format!("\"{own}\"")))
    else {
        return;
    };
    if name.text != own {
        let what = format!("the pack `{}` stands in a folder called `{own}`", name.text);
        name.wrong(what, format!("Write `name = \"{own}\"`, or rename the folder."));
    } else if own == "wilco" {
        name.wrong("`wilco` is the name of the built-in commands", "Rename the folder and the pack.");
    } else if CommandId::parse(&format!("{own}.x")).is_err() || own.contains('.') {
        let what = format!("`{own}` cannot be the name of a pack");
        name.wrong(what, "Use lower-case letters, digits, - and _, for the folder and the pack.");
    }
}

fn check_ids(sheet: &Sheet, commands: &[Command]) {
    let mut first: BTreeMap<&CommandId, &Command> = BTreeMap::new();
    for command in commands {
        if let Some(earlier) = first.get(&command.spec.id) {
            let what = format!(
                "two commands have the id `{}`; the first stands at {}",
                command.spec.id, earlier.origin
            );
            sheet.add(Problem::at(&command.origin, what, "Give one of them another id."));
        } else {
            first.insert(&command.spec.id, command);
        }
    }
}

/// The packs of a folder of packs, by name: every folder in it that has a `pack.toml`.
///
/// # Errors
/// When the folder cannot be read.
pub fn find(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut packs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.join("pack.toml").is_file() {
            packs.push(path);
        }
    }
    packs.sort();
    Ok(packs)
}

/// The transcripts of a folder, by name: every `*.chat` directly in it.
///
/// # Errors
/// When the folder cannot be read.
pub fn transcripts(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "chat") && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
