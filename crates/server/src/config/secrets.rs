//! The secrets of `wilco.toml`: where each is found. Its value stands in no file that Wilco writes.
//!
//! Not their use: a step refers to one by its name, and only its call gets the value. Layer 4.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::io::AsyncReadExt as _;
use wilco_contract::{secrets::SHORTEST_HIDDEN, source::Secret};
use wilco_packs::{
    Problem,
    sheet::{Keys, Table, Value},
};

use super::Environment;
use crate::reload::{Mark, mark};

/// The longest secret, in bytes, so that a wrong path is not read for long.
const MAX_SECRET: u64 = 64 * 1024;
/// How long a program may take to say a secret.
const COMMAND_TIME: Duration = Duration::from_secs(10);
pub(super) const SECRET: Keys = Keys::of(&["env", "file", "command"]);
/// Where a secret is that no program may tell.
pub(super) const FOUND: Keys = Keys::of(&["env", "file"]);

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretAt {
    /// In a variable, read when the server starts.
    Here(Secret),
    /// In a file, read with the configuration, and again when it changes.
    File(SecretFile),
    /// What a program says, when the server starts and whenever the configuration is read anew: the program and its arguments.
    Command(Vec<String>),
}

/// A file with a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// Where.
    pub path: PathBuf,
    /// What it said.
    pub value: Secret,
    /// How the file was before it was read.
    pub(crate) mark: Option<Mark>,
}

/// All `[secret.NAME]`.
pub(super) fn secrets(
    root: &Table<'_>,
    environment: &Environment,
    base: &Path,
) -> BTreeMap<String, SecretAt> {
    let tables = root.get("secret").and_then(|value| value.open_table("`[secret]`"));
    let mut found = BTreeMap::new();
    for entry in tables.iter().flat_map(Table::entries) {
        let well = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if entry.name().is_empty() || entry.name().len() > 64 || !entry.name().chars().all(well) {
            let what = format!("`{}` cannot be the name of a secret", entry.name());
            entry.add(Problem::at(
                &entry.origin(),
                what,
                "Use letters, digits, - and _, at most 64 of them.",
            ));
        } else if let Some(secret) = secret(&entry, environment, base) {
            found.insert(entry.name().to_owned(), secret);
        }
    }
    found
}

fn secret(entry: &Value<'_>, environment: &Environment, base: &Path) -> Option<SecretAt> {
    let name = entry.name();
    let example = format!("env = \"{}\"", name.to_uppercase().replace('-', "_"));
    if entry.is_text() {
        entry.wrong(
            "a secret stands in this file, and with it in everything that the file is copied to",
            format!("Write `[secret.{name}]` with `{example}`; make a new secret if this one was committed."),
        );
        return None;
    }
    let table = entry.table(&format!("`[secret.{name}]`"), SECRET)?;
    let found = match (table.get("env"), table.get("file"), table.get("command")) {
        (Some(value), None, None) => SecretAt::Here(from_variable(&value, environment)?),
        (None, Some(value), None) => {
            let path = base.join(value.words("\"/run/secrets/webhook\"")?.text);
            let mark = mark(&path);
            let value = from_file(&value, base, &format!("the secret `{name}`"))?;
            SecretAt::File(SecretFile { path, value, mark })
        }
        (None, None, Some(value)) => {
            let argv = value.texts("[\"pass\", \"show\", \"ci\"]")?;
            if argv.first().is_none_or(|program| program.text.is_empty()) {
                value.wrong("`command` names no program", "Write `command = [\"pass\", \"show\", \"ci\"]`.");
                return None;
            }
            SecretAt::Command(argv.iter().map(|text| text.text.to_owned()).collect())
        }
        (None, None, None) => {
            if !table.has_slips() {
                entry.wrong(
                    "this secret is nowhere",
                    format!("Write `{example}`, `file = \"…\"` or `command = [\"…\"]`."),
                );
            }
            return None;
        }
        _ => {
            entry.wrong("this secret is in several places", "Keep one of `env`, `file` and `command`.");
            return None;
        }
    };
    if let SecretAt::Here(secret) | SecretAt::File(SecretFile { value: secret, .. }) = &found
        && secret.expose().len() < SHORTEST_HIDDEN
    {
        let what = format!("the secret `{name}` is so short that it is not hidden where a program prints it");
        let remedy = format!("Make one of at least {SHORTEST_HIDDEN} signs.");
        entry.add(Problem::at(&entry.origin(), what, remedy).warning());
    }
    Some(found)
}

/// A secret that stands in a variable or a file, where nothing else is possible.
pub(super) fn read_secret(
    value: &Value<'_>,
    example: &str,
    environment: &Environment,
    base: &Path,
) -> Option<Secret> {
    let key = value.name();
    if value.is_text() {
        let what = "a secret stands in this file, and with it in everything that the file is copied to";
        let remedy = format!(
            "Write `{key} = {example}` and set the variable, or `{key} = {{ file = \"…\" }}`; make a new secret if \
             this one was committed."
        );
        value.wrong(what, remedy);
        return None;
    }
    let table = value.table("a secret", FOUND)?;
    match (table.get("env"), table.get("file")) {
        (Some(env), None) => from_variable(&env, environment),
        (None, Some(file)) => from_file(&file, base, "the secret"),
        (Some(_), Some(_)) => {
            value
                .wrong("this secret is in two places", "Remove `env` or `file`; several secrets are a list.");
            None
        }
        (None, None) => {
            if !table.has_slips() {
                value.wrong("this secret is nowhere", format!("Write `{key} = {example}`."));
            }
            None
        }
    }
}

/// A secret in a variable.
pub(super) fn from_variable(value: &Value<'_>, environment: &Environment) -> Option<Secret> {
    let text = value.words("\"WEBHOOK_SECRET\"")?;
    let found = environment.named.get(text.text);
    if found.is_none() {
        let what = format!("the environment has no variable `{}`, or it is empty", text.text);
        text.wrong(what, "Set it to the secret where Wilco is started, or correct its name.");
    }
    found.map(Secret::new)
}

/// A secret in a file. `whose` says which one it is.
pub(super) fn from_file(value: &Value<'_>, base: &Path, whose: &str) -> Option<Secret> {
    let text = value.words("\"/run/secrets/webhook\"")?;
    let path = base.join(text.text);
    let read = fs::metadata(&path).and_then(|about| {
        if about.len() > MAX_SECRET {
            return Err(std::io::Error::other(format!("it is longer than {MAX_SECRET} bytes")));
        }
        fs::read(&path)
    });
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => {
            let what = format!("the file `{}` of {whose} cannot be read: {error}", text.text);
            text.wrong(what, "Make it, or correct its path, which is relative to the folder of this file.");
            return None;
        }
    };
    // An editor puts an end of line behind the secret.
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    let bytes = &bytes[..end];
    if bytes.iter().all(u8::is_ascii_whitespace) {
        text.wrong(format!("the file `{}` of {whose} is empty", text.text), "Write the secret into it.");
        return None;
    }
    Some(Secret::new(bytes))
}

/// The value of each secret; runs the programs that say one.
///
/// # Errors
/// When a program does not say one, with its name and what to do.
pub(crate) async fn values(
    secrets: &BTreeMap<String, SecretAt>,
    base: &Path,
) -> anyhow::Result<BTreeMap<String, Secret>> {
    let mut values = BTreeMap::new();
    for (name, at) in secrets {
        let secret = match at {
            SecretAt::Here(secret) | SecretAt::File(SecretFile { value: secret, .. }) => secret.clone(),
            SecretAt::Command(argv) => {
                let said = tokio::time::timeout(COMMAND_TIME, said(argv, base)).await;
                let said = said.unwrap_or_else(|_| {
                    Err(anyhow::anyhow!("it did not end within {} s", COMMAND_TIME.as_secs()))
                });
                said.map_err(|why| {
                    anyhow::anyhow!(
                        "the secret `{name}` could not be had from `{}`: {why}; try the command by hand",
                        argv.join(" ")
                    )
                })?
            }
        };
        values.insert(name.clone(), secret);
    }
    Ok(values)
}

async fn said(argv: &[String], base: &Path) -> anyhow::Result<Secret> {
    let (program, args) = argv.split_first().ok_or_else(|| anyhow::anyhow!("it names no program"))?;
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .current_dir(base)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?;
    let mut out = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_SECRET + 1).read_to_end(&mut out).await?;
    }
    anyhow::ensure!(out.len() as u64 <= MAX_SECRET, "it said more than {MAX_SECRET} bytes");
    let status = child.wait().await?;
    anyhow::ensure!(status.success(), "it ended with {status}");
    let end = out.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    out.truncate(end);
    anyhow::ensure!(!out.iter().all(u8::is_ascii_whitespace), "it said nothing");
    Ok(Secret::new(out))
}
