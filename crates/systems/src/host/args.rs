//! What a step with `exec.run` says, and what is made of it: the request to the guard, and the words to the program.
//!
//! Not the running: [`super::exec`] has it. Layer 2.
//!
//! # What the program reads
//! Unless the step gives `stdin`, the program finds this JSON object on its standard input, in one line:
//!
//! | name | what |
//! | --- | --- |
//! | `version` | 1 |
//! | `phase` | `plan` for a plan program, else `run` |
//! | `args` | the step's `args` |
//! | `operation` | the operation's id, `null` for a read or a plan |
//! | `step` | the step's name, `null` for a plan |
//! | `key` | unique for this attempt, safe as a file name; `null` for a plan |
//! | `attempt` | the number of this attempt, from 1; `null` for a plan |
//! | `asker` | whose order it is, as `@ana`; `null` for a plan |
//! | `place` | where it was given; `null` for a plan |
//! | `plan` | `{targets, inputs}`, as the plan program said when the plan was confirmed; `null` for a plan |
//!
//! A program that is told to stop gets SIGTERM, and SIGKILL five seconds later.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use wilco_contract::{
    action::{Intent, Tools},
    ids::Hash,
};

use super::run_dir::{Request, VERSION};
use crate::{
    given::{self, Given},
    scalar,
};

/// The most that arguments and standard input may hold together, in bytes.
const MOST_INPUT: usize = 1 << 20;
/// The longest file whose content a plan is bound to, in bytes.
const MOST_FILE: u64 = 4 << 20;
/// What programs get of Wilco's own environment.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What a step with `exec.run` says.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecArgs {
    /// The program and its arguments, one each; no shell reads them. An argument that the order does not give is left
    /// out. A program with a slash in its name is relative to the pack's folder, any other is looked for in `PATH`.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(length(min = 1))]
    pub(super) argv: Vec<String>,
    /// The folder it runs in, relative to the ops repo; the pack's folder where it is not given.
    #[serde(default)]
    pub(super) cwd: Option<PathBuf>,
    /// Handed to the program as `args` on its standard input.
    #[serde(default)]
    pub(super) args: Value,
    /// What the program reads as JSON, instead of the object that tells about the run.
    #[serde(default)]
    pub(super) stdin: Option<Value>,
    /// A program that only looks, run when the order is planned. It prints JSON: `targets`, `inputs`, `will`, `now`
    /// (a list of `name` and `value`), `undo`; all may be missing.
    #[serde(default, deserialize_with = "some_not_empty")]
    #[schemars(length(min = 1))]
    pub(super) plan: Option<Vec<String>>,
    /// How its standard output is read: `text`, or `json`, where all of it or its last line is an object with
    /// `summary`, `outputs`, `rows`, `text`; all may be missing.
    #[serde(default)]
    pub(super) output: Output,
    /// What becomes of processes that it leaves behind: `kill`, or `keep` for a program that starts a service.
    #[serde(default)]
    pub(super) background: Background,
    /// The longest it may run, in seconds; never longer than the command.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(super) timeout: Option<u64>,
    /// Its environment, beside `PATH`, `HOME`, `LANG` and `TZ`.
    /// A value may be `{ secret = "NAME" }`; a plan program gets none of those.
    #[serde(default, deserialize_with = "given::by_name")]
    pub(super) env: BTreeMap<String, Given>,
    /// The pack's folder, an absolute path. Wilco fills it in.
    #[serde(default)]
    pub(super) dir: Option<PathBuf>,
}

/// How a program's standard output is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Output {
    /// As text.
    #[default]
    Text,
    /// As a JSON object.
    Json,
}

/// What becomes of processes that a program leaves behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Background {
    /// They end with it.
    #[default]
    Kill,
    /// They stay.
    Keep,
}

fn not_empty<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let argv = scalar::given(input)?;
    if argv.first().is_none_or(String::is_empty) {
        return Err(serde::de::Error::custom(
            "a program is needed: a list such as `[\"./deploy.sh\", \"web\"]`",
        ));
    }
    Ok(argv)
}

fn some_not_empty<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<String>>, D::Error> {
    not_empty(input).map(Some)
}

/// What differs between runs of one step.
pub(super) struct Run {
    /// What the program is told about the run.
    pub(super) told: Value,
    /// How long it may take.
    pub(super) time: SignedDuration,
    /// Whether its end must survive a loss of power.
    pub(super) durable: bool,
    /// Whether it is a plan program, which only looks.
    pub(super) planning: bool,
}

impl ExecArgs {
    /// The pack's folder.
    pub(super) fn pack(&self, base: &Path) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| base.to_owned())
    }

    /// The folder it runs in.
    ///
    /// # Errors
    /// When it is not in the ops repo, or not there.
    fn folder(&self, base: &Path) -> Result<PathBuf, String> {
        let folder = match &self.cwd {
            None => self.pack(base),
            Some(cwd) if inside(cwd) => base.join(cwd),
            Some(cwd) => {
                return Err(format!(
                    "`cwd` is relative to the ops repo, and `{}` leads out of it",
                    cwd.display()
                ));
            }
        };
        if folder.is_dir() {
            Ok(folder)
        } else {
            Err(format!("the folder `{}` to run in was not found", folder.display()))
        }
    }

    /// What is asked of the guard.
    ///
    /// # Errors
    /// What does not fit, in a sentence without its full stop.
    pub(super) fn request(&self, base: &Path, argv: &[String], run: &Run) -> Result<Request, String> {
        let mut argv = argv.to_vec();
        if argv[0].contains('/') && !argv[0].starts_with('/') {
            // `./x` and `x/y`; an absolute path stays as it is.
            let path = self.pack(base).join(argv[0].trim_start_matches("./"));
            argv[0] = path.to_str().ok_or("the pack's folder has a name that is not valid UTF-8")?.to_owned();
        }
        let cwd = self.folder(base)?;
        let stdin = self.stdin.as_ref().unwrap_or(&run.told).to_string() + "\n";
        if argv.iter().map(String::len).sum::<usize>() + stdin.len() > MOST_INPUT {
            return Err(format!("arguments and standard input together are longer than {MOST_INPUT} bytes"));
        }
        let values = self.env.values().filter_map(Given::plain);
        if argv
            .iter()
            .map(String::as_str)
            .chain(self.env.keys().map(String::as_str))
            .chain(values)
            .any(|text| text.contains('\0'))
        {
            return Err(
                "an argument or a value of `env` contains a NUL, which no program can be given".into()
            );
        }
        if let Some(name) = self.env.keys().find(|name| name.is_empty() || name.contains('=')) {
            return Err(format!("`{name}` cannot be the name of a value in `env`"));
        }
        let keep = self.background == Background::Keep && !run.planning;
        let timeout_ms = u64::try_from(run.time.as_millis()).unwrap_or(0);
        Ok(Request { version: VERSION, argv, cwd, stdin, timeout_ms, keep, durable: run.durable })
    }

    /// The object that tells a program about its run; without an intent, about a plan.
    pub(super) fn told(&self, intent: Option<&Intent>) -> Value {
        let attempt = intent.and_then(|intent| intent.key.rsplit('.').next()?.parse::<u64>().ok());
        json!({
            "version": 1,
            "phase": if intent.is_some() { "run" } else { "plan" },
            "args": self.args,
            "operation": intent.and_then(|intent| intent.operation.as_ref()),
            "step": intent.map(|intent| &intent.step),
            "key": intent.map(|intent| &intent.key),
            "attempt": attempt,
            "asker": intent.map(|intent| intent.asker.key()),
            "place": intent.map(|intent| &intent.place),
            "plan": intent.map(|intent| json!({ "targets": intent.plan.targets, "inputs": intent.plan.inputs })),
        })
    }

    /// The program's environment.
    ///
    /// # Errors
    /// When a secret is not there.
    pub(super) fn environment(
        &self,
        tools: &Tools,
        planning: bool,
    ) -> Result<Vec<(OsString, OsString)>, String> {
        // Not settings of Wilco, which are read elsewhere: these are handed on unread.
        let inherited =
            INHERITED.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        let own = self.env.iter().filter(|(_, value)| !planning || value.plain().is_some());
        let own = own.map(|(name, value)| Ok((name.into(), value.text(&tools.secrets)?.into())));
        inherited.map(Ok).chain(own).collect()
    }

    /// The files that the command names, with their content's hashes, so that a plan is bound to what it will run: a
    /// program below the pack's folder, and every argument that names a file below the folder it runs in.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn files(&self, base: &Path) -> io::Result<Map<String, Value>> {
        let pack = self.pack(base);
        let cwd = self.folder(base).unwrap_or_else(|_| pack.clone());
        let mut files = Map::new();
        for (at, word) in self.argv.iter().enumerate() {
            let path = if at == 0 { &pack } else { &cwd }.join(word);
            // A program without a slash is looked for in `PATH`, never here.
            if !inside(Path::new(word)) || (at == 0 && !word.contains('/')) || !path.is_file() {
                continue;
            }
            let mut content = Vec::new();
            std::fs::File::open(&path)?.take(MOST_FILE).read_to_end(&mut content)?;
            // Half of the digits are more than anybody can aim at.
            files.insert(word.clone(), Value::from(&Hash::of(&content).to_string()[..32]));
        }
        Ok(files)
    }
}

/// Whether a path stays below the folder it is joined to.
fn inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(json: Value) -> ExecArgs {
        serde_json::from_value(json).expect("arguments")
    }

    fn asked(base: &Path, json: Value) -> Result<Request, String> {
        let args = args(json);
        let run = Run {
            told: args.told(None),
            time: SignedDuration::from_secs(3),
            durable: false,
            planning: false,
        };
        args.request(base, &args.argv, &run)
    }

    #[test]
    fn a_program_is_needed() {
        let error =
            serde_json::from_value::<ExecArgs>(json!({ "argv": [] })).expect_err("no program").to_string();
        assert!(error.contains("a program is needed"), "{error}");
        assert!(serde_json::from_value::<ExecArgs>(json!({ "argv": ["x"], "plan": [""] })).is_err());
        assert!(serde_json::from_value::<ExecArgs>(json!({ "argv": ["x"], "shell": true })).is_err());
    }

    #[test]
    fn paths_stay_where_they_belong() {
        let root = tempfile::tempdir().expect("a folder");
        let base = root.path();
        std::fs::create_dir_all(base.join("packs/web")).expect("a folder");
        let dir = base.join("packs/web");
        let request = asked(base, json!({ "argv": ["./x.py", "./y"], "dir": dir })).expect("it fits");
        assert_eq!(request.argv, [dir.join("x.py").to_str().expect("a path"), "./y"]);
        assert_eq!((request.cwd, request.timeout_ms), (dir.clone(), 3000));
        let request = asked(base, json!({ "argv": ["x"], "dir": dir, "cwd": "packs" })).expect("it fits");
        assert_eq!((request.argv, request.cwd), (vec!["x".to_owned()], base.join("packs")));
        for (bad, hint) in [
            (json!({ "argv": ["x"], "cwd": "../" }), "leads out of it"),
            (json!({ "argv": ["x"], "cwd": "/etc" }), "leads out of it"),
            (json!({ "argv": ["x"], "cwd": "nosuch" }), "was not found"),
            (json!({ "argv": ["x", "a\0b"] }), "a NUL"),
            (json!({ "argv": ["x"], "env": { "A=B": "c" } }), "`A=B` cannot be"),
            (json!({ "argv": ["x"], "stdin": "y".repeat(MOST_INPUT) }), "longer than"),
        ] {
            let error = asked(base, bad).expect_err("it does not fit");
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn a_plan_is_bound_to_the_files_it_names() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::write(root.path().join("x.py"), "1").expect("a file");
        let files = |argv: Value| args(json!({ "argv": argv })).files(root.path()).expect("files work");
        let named = files(json!(["python3", "x.py", "v1"]));
        assert_eq!(named.keys().collect::<Vec<_>>(), ["x.py"]);
        assert_eq!(files(json!(["./x.py"]))["./x.py"], named["x.py"]);
        assert!(files(json!(["x.py", "../x.py", ""])).is_empty());
        std::fs::write(root.path().join("x.py"), "2").expect("a file");
        assert_ne!(files(json!(["python3", "x.py"])), named);
    }
}
