//! What editors are told of `wilco.toml` and `pack.toml` is what their readers take: the same keys, types and fixed words.
//!
//! Not what the readers say: `tests/config.rs` and the packs' own tests have that.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use jsonschema::Validator;
use serde_json::{Map, Value as Json, json};
use wilco_server::{
    check::read_packs,
    config::{self, Environment, Variables},
    editors, init, registry,
};
use wilco_systems::ExecHome;

const CONFIG: &str = include_str!("editors/wilco.toml");
const PACK: &str = include_str!("editors/pack.toml");

/// What a reader says of a key or a type that is wrong; the rest of what it says is of meanings.
const OF_FORM: [&str; 8] = [
    "unknown key",
    ", and has to be ",
    " has no `",
    "does not know the argument",
    "needs the argument",
    "is one table, and there may be several",
    "is no list of tables",
    "there is no effect",
];

fn validator(schema: &Json) -> Validator {
    jsonschema::draft7::new(schema).expect("a schema")
}

fn read(toml: &str) -> Json {
    let table: toml::Table = toml.parse().unwrap_or_else(|error| panic!("{error} in:\n{toml}"));
    serde_json::to_value(table).expect("JSON")
}

fn environment() -> Environment {
    let named = Variables::Given([("OTHER_SECRET".to_owned(), "0123456789".to_owned())].into());
    Environment { named, ..Environment::default() }
}

/// An ops repo in which one of the two files is tried with other things in it.
struct Tried {
    repo: tempfile::TempDir,
    file: &'static str,
    validator: Validator,
}

impl Tried {
    fn new(file: &'static str, schema: &Json) -> Self {
        let repo = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(repo.path().join("packs/webapp")).expect("a folder");
        for (name, text) in
            [("wilco.toml", CONFIG), ("packs/webapp/pack.toml", PACK), ("secret", "0123456789")]
        {
            fs::write(repo.path().join(name), text).expect("written");
        }
        Self { repo, file, validator: validator(schema) }
    }

    /// What the reader finds wrong.
    fn read(&self, text: &str) -> Vec<String> {
        fs::write(self.repo.path().join(self.file), text).expect("written");
        let problems = match config::load(&self.repo.path().join("wilco.toml"), &environment()) {
            Err(problems) => problems,
            Ok(config) => {
                let home = ExecHome { base: config.base.clone(), runs: PathBuf::new(), guard: Vec::new() };
                read_packs(&config, &registry::actions(home)).1
            }
        };
        problems.iter().filter(|problem| problem.is_error()).map(|problem| problem.what.clone()).collect()
    }

    /// How reader and schema differ over a file, if they do.
    fn difference(&self, what: &str, tried: &Json) -> Option<String> {
        let text = toml::to_string(tried).expect("TOML");
        let said = self.read(&text);
        let of_form: Vec<_> =
            said.iter().filter(|said| OF_FORM.iter().any(|form| said.contains(form))).collect();
        let errors: Vec<_> = self.validator.iter_errors(tried).map(|error| format!("{error}")).collect();
        match (of_form.is_empty(), said.is_empty(), errors.is_empty()) {
            (_, true, false) => Some(format!("{what}: the reader takes it, and the schema says {errors:?}")),
            (false, _, true) => Some(format!("{what}: the schema takes it, and the reader says {of_form:?}")),
            _ => None,
        }
    }

    /// Every difference over a file in which one thing was changed, with how many were tried.
    fn differences(&self, whole: &Json) -> (usize, Vec<String>) {
        let mut changed = Vec::new();
        changes(whole, &mut Vec::new(), &mut |path, change| changed.push((path.to_vec(), change)));
        let count = changed.len();
        let differ = changed.into_iter().filter_map(|(path, change)| {
            let mut tried = whole.clone();
            let what = format!("{} {}", path.join("/"), change.apply(&mut tried, &path));
            self.difference(&what, &tried)
        });
        (count, differ.collect())
    }
}

/// A change of one place of a file.
enum Change {
    To(Json),
    Without(String),
    With(String),
}

impl Change {
    fn apply(self, whole: &mut Json, path: &[String]) -> String {
        let at = path.iter().fold(whole, |at, part| match at {
            Json::Array(items) => &mut items[part.parse::<usize>().expect("a number")],
            at => &mut at[part.as_str()],
        });
        match self {
            Self::To(value) => {
                let said = format!("is {value}");
                *at = value;
                said
            }
            Self::Without(key) => {
                at.as_object_mut().expect("a table").remove(&key);
                format!("has no {key}")
            }
            Self::With(key) => {
                at.as_object_mut().expect("a table").insert(key.clone(), json!(1));
                format!("has {key}")
            }
        }
    }
}

/// Every place with each kind of value, without each key, and with one that nobody knows.
fn changes(value: &Json, path: &mut Vec<String>, tell: &mut dyn FnMut(&[String], Change)) {
    if !path.is_empty() {
        for other in [json!("zzz"), json!(7), json!(1.5), json!(true), json!([]), json!({})] {
            tell(path, Change::To(other));
        }
    }
    let below: Vec<(String, &Json)> = match value {
        Json::Object(map) => {
            map.keys().for_each(|key| tell(path, Change::Without(key.clone())));
            tell(path, Change::With("zzz".to_owned()));
            map.iter().map(|(key, below)| (key.clone(), below)).collect()
        }
        Json::Array(items) => items.iter().enumerate().map(|(at, below)| (at.to_string(), below)).collect(),
        _ => Vec::new(),
    };
    for (key, below) in below {
        path.push(key);
        changes(below, path, tell);
        path.pop();
    }
}

/// The tables of a schema, by their keys, with those that were met in a file.
#[derive(Default)]
struct Met(BTreeMap<String, BTreeSet<String>>);

impl Met {
    fn look(&mut self, root: &Json, shape: &Json, values: &[&Json]) {
        if let Some(path) = shape.get("$ref").and_then(Json::as_str) {
            let to =
                root.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} leads nowhere"));
            return self.look(root, to, values);
        }
        let none = Map::new();
        let known = shape.get("properties").and_then(Json::as_object).unwrap_or(&none);
        let tables = values.iter().filter_map(|value| value.as_object());
        if !known.is_empty() && shape.get("additionalProperties") == Some(&json!(false)) {
            let name = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let met = self.0.entry(name).or_default();
            let whole = tables.clone().filter(|table| table.keys().all(|key| known.contains_key(key)));
            met.extend(whole.flat_map(|table| table.keys().cloned()));
        }
        for (key, below) in known {
            let found: Vec<_> = tables.clone().filter_map(|table| table.get(key)).collect();
            self.look(root, below, &found);
        }
        if let Some(below) = shape.get("additionalProperties").filter(|below| below.is_object()) {
            let rest = |table: &'_ Map<String, Json>| {
                table.keys().filter(|key| !known.contains_key(*key)).cloned().collect::<Vec<_>>()
            };
            let found: Vec<_> =
                tables.flat_map(|table| rest(table).into_iter().map(move |key| &table[&key])).collect();
            self.look(root, below, &found);
        }
        if let Some(below) = shape.get("items") {
            let found: Vec<_> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
            self.look(root, below, &found);
        }
        let ways = ["anyOf", "allOf"].iter().filter_map(|key| shape.get(key)?.as_array()).flatten();
        for way in ways.chain(["then", "else"].iter().filter_map(|key| shape.get(key))) {
            self.look(root, way, values);
        }
    }

    /// The keys that no table of the file has.
    fn missing(&self) -> Vec<String> {
        let unmet = |(name, met): (&String, &BTreeSet<String>)| {
            let missing: Vec<_> = name.split(", ").filter(|key| !met.contains(*key)).collect();
            (!missing.is_empty()).then(|| format!("{missing:?} of {name}"))
        };
        self.0.iter().filter_map(unmet).collect()
    }
}

/// Whether a schema and a reader say the same of a file that has every key, and of what becomes of it by one change.
fn same(file: &'static str, text: &str, schema: &Json) {
    let tried = Tried::new(file, schema);
    let whole = read(text);
    assert_eq!(tried.read(text), Vec::<String>::new(), "the reader takes {file}");
    let errors: Vec<_> = tried
        .validator
        .iter_errors(&whole)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "the schema takes {file}");
    let mut met = Met::default();
    met.look(schema, schema, &[&whole]);
    assert_eq!(
        met.missing(),
        Vec::<String>::new(),
        "tests/editors/ has every key of {file}; add these there"
    );
    let (count, differ) = tried.differences(&whole);
    assert!(count > 500, "{count} changes were tried");
    assert!(differ.is_empty(), "{} of {count} changes:\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn the_schema_of_the_configuration_says_what_its_reader_says() {
    same("wilco.toml", CONFIG, &editors::config());
}

#[test]
fn the_schema_of_a_pack_says_what_its_reader_says() {
    same("packs/webapp/pack.toml", PACK, &editors::pack());
}

/// All files of this name below a folder.
fn all(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all(&path, name, found);
        } else if path.ends_with(name) {
            found.push(path);
        }
    }
}

#[test]
fn the_schemas_take_the_demo_the_examples_and_what_init_lays_out() {
    let laid_out = tempfile::tempdir().expect("a folder");
    init::lay_out(laid_out.path()).expect("a repo");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for (name, schema) in [("wilco.toml", editors::config()), ("pack.toml", editors::pack())] {
        let validator = validator(&schema);
        let mut found = Vec::new();
        for folder in [&here.join("demo"), &here.join("../../examples"), laid_out.path()] {
            all(folder, name, &mut found);
        }
        count += found.len();
        for path in found {
            let value = read(&fs::read_to_string(&path).expect("a file"));
            let errors: Vec<_> = validator.iter_errors(&value).map(|error| format!("{error}")).collect();
            assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
        }
    }
    assert!(count >= 16, "{count} files were read");
}

#[test]
fn an_editor_offers_the_actions_and_what_each_takes() {
    let pack = editors::pack();
    let with = |uses: &str, with: Json| {
        json!({ "pack": { "name": "x" }, "command": [{ "id": "a", "words": ["a"], "about": "a", "effect": "write",
            "step": [{ "uses": uses, "with": with }] }] })
    };
    let validator = validator(&pack);
    for (fits, file) in [
        (true, with("exec.run", json!({ "argv": ["x"], "timeout": "{{ span }}" }))),
        (false, with("exec.run", json!({ "argv": "x" }))),
        (false, with("exec.run", json!({ "server": "x" }))),
        (false, with("exec.rum", json!({ "argv": ["x"] }))),
        (true, with("http.get", json!({ "server": "x", "expect": { "status": 200 } }))),
        (false, with("http.get", json!({ "server": "x", "expect": { "state": 200 } }))),
        (true, with("say", json!({ "to": "web:ops", "text": "x" }))),
    ] {
        assert_eq!(validator.is_valid(&file), fits, "{file}");
    }
    assert_eq!(
        pack["definitions"]["step"]["properties"]["uses"]["enum"],
        json!([
            "ask",
            "exec.run",
            "http.get",
            "http.send",
            "memory.add",
            "memory.forget",
            "memory.get",
            "memory.list",
            "memory.set",
            "say",
            "text.answer",
            "wait"
        ])
    );
}

/// The keys that nothing is said of, by where they stand.
fn unsaid(shape: &Json, at: &str, found: &mut Vec<String>) {
    for (key, below) in shape.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let said = below.get("description").and_then(Json::as_str).is_some_and(|said| !said.is_empty());
        // What a reference leads to says it, and what is narrowed to one word was told of before.
        if !said && !below.is_null() && below.get("$ref").is_none() && below.get("const").is_none() {
            found.push(format!("{at}.{key}"));
        }
    }
    match shape {
        Json::Object(map) => {
            for (key, below) in map.iter().filter(|(key, _)| *key != "if") {
                unsaid(below, &format!("{at}/{key}"), found);
            }
        }
        Json::Array(items) => items.iter().for_each(|below| unsaid(below, at, found)),
        _ => {}
    }
}

#[test]
fn an_editor_is_told_what_each_key_is_for() {
    let mut found = Vec::new();
    unsaid(&editors::config(), "config", &mut found);
    unsaid(&editors::pack(), "pack", &mut found);
    assert_eq!(found, Vec::<String>::new(), "say in a row of its table what it is for");
}
