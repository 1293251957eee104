//! The example payloads of GitHub's webhooks, and the row that a reviewed table has for each.
//!
//! Not a copy of them: they come from the npm package `@octokit/webhooks-examples`, which `script/test` installs. For
//! tests only.

use std::{collections::HashMap, fs, path::PathBuf};

use serde_json::value::RawValue;
use wilco_contract::event::Event;

/// How many there are.
pub const COUNT: usize = 329;

/// All examples of a kind of event.
#[derive(Debug)]
pub struct Examples {
    /// The kind, as the header `X-GitHub-Event` has it.
    pub name: String,
    /// The bodies, byte for byte.
    pub examples: Vec<Box<RawValue>>,
}

/// The examples, in their order.
///
/// # Panics
/// When they are not installed.
#[must_use]
pub fn examples() -> Vec<Examples> {
    let package =
        repo().join("tests/webhooks/node_modules/@octokit/webhooks-examples/api.github.com/index.json");
    let text = fs::read_to_string(&package).unwrap_or_else(|error| {
        panic!(
            "The example payloads are not installed ({error}). Run `script/test`, or `npm ci --prefix tests/webhooks`."
        )
    });
    let kinds: Vec<HashMap<String, Box<RawValue>>> = serde_json::from_str(&text).expect("the examples");
    let read = |kind: HashMap<String, Box<RawValue>>| Examples {
        name: serde_json::from_str(kind["name"].get()).expect("a name"),
        examples: serde_json::from_str(kind["examples"].get()).expect("bodies"),
    };
    kinds.into_iter().map(read).collect()
}

/// What is told of an event, as the reviewed table has it: kind and action, level, line, object, state.
#[must_use]
pub fn row(event: &Event) -> String {
    let action = event.action.as_deref().unwrap_or("-");
    let object = event.object.as_ref().map_or("-", |object| object.as_str());
    let object = object.strip_prefix("github:").unwrap_or(object);
    let state = event.state.as_deref().unwrap_or("-");
    let done = if event.done { " (done)" } else { "" };
    let level = event.level.as_str();
    format!("{} {action} | {level} | {} | {object} | {state}{done}", event.kind, event.line)
}

/// The rows that were reviewed, one for each example, in their order.
///
/// # Panics
/// When the table is not there.
#[must_use]
pub fn reviewed() -> Vec<String> {
    let path = repo().join(
        "crates/systems/tests/github/snapshots/github__table__every_example_is_told_as_was_reviewed.snap",
    );
    let snapshot = fs::read_to_string(path).expect("the reviewed table");
    let (_, table) = snapshot.split_once("\n---\n").expect("a snapshot has a head");
    table.lines().map(str::to_owned).collect()
}

fn repo() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
