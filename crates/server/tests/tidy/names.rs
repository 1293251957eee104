//! Names that must not appear: vendors and the outside in the middle, one system in another, and names that say nothing.

use std::collections::BTreeSet;

use regex::Regex;

use crate::{
    holds, repo,
    scan::{Part, Scan, lines},
};

/// The crates that know no vendor and touch nothing outside.
const MIDDLE: [&str; 2] = ["contract", "engine"];

const VENDORS: [&str; 26] = [
    "slack",
    "irc",
    "xmpp",
    "mattermost",
    "discord",
    "telegram",
    "matrix",
    "zulip",
    "github",
    "gitlab",
    "jenkins",
    "alertmanager",
    "grafana",
    "prometheus",
    "pagerduty",
    "kubernetes",
    "aws",
    "ec2",
    "nats",
    "sqlite",
    "postgres",
    "postgresql",
    "sqlx",
    "rusqlite",
    "reqwest",
    "axum",
];

/// What the middle asks of its joints instead: `Clock`, `Spawn`, `Http`, `Store`, actions.
const OUTSIDE: [&str; 12] = [
    "std::net",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio::net",
    "tokio::fs",
    "tokio::process",
    "tokio::time",
    "tokio::spawn",
];

/// Names that say nothing about what they hold.
const EMPTY: [&str; 7] = ["util", "utils", "common", "manager", "helper", "helpers", "misc"];

#[test]
fn the_middle_names_no_vendor() {
    let mut violations = Vec::new();
    for file in sources_of(&MIDDLE) {
        let view = Scan::of(&file.text).view_without_tests(|part| part != Part::Comment);
        for (at, line) in lines(&view) {
            for word in words(line).into_iter().filter(|word| VENDORS.contains(&word.as_str())) {
                violations.push(format!(
                    "{}:{at}: names `{word}`; say what it can do (`Caps`), not who it is",
                    file.path
                ));
            }
        }
    }
    holds("`contract` and `engine` name no vendor and no database.", &violations);
}

#[test]
fn the_middle_touches_nothing_outside() {
    let mut violations = Vec::new();
    for file in sources_of(&MIDDLE) {
        let view = Scan::of(&file.text).view_without_tests(|part| part == Part::Code);
        for (at, path) in paths(&view) {
            if OUTSIDE.iter().any(|outside| path == *outside || path.starts_with(&format!("{outside}::"))) {
                violations
                    .push(format!("{}:{at}: uses `{path}`; ask a joint of `contract` for it", file.path));
            }
        }
    }
    holds(
        "`contract` and `engine` open no socket or file, read no clock, start no task or process.",
        &violations,
    );
}

#[test]
fn no_system_names_another() {
    let files: Vec<_> = repo::rust().into_iter().filter(|file| folder(&file.path).is_some()).collect();
    let folders: BTreeSet<_> = files.iter().filter_map(|file| folder(&file.path)).collect();
    assert!(!folders.is_empty(), "there are systems");
    let mut violations = Vec::new();
    for file in &files {
        let view = Scan::of(&file.text).view(|part| part == Part::Code);
        for (at, path) in paths(&view) {
            let mut parts = path.split("::").skip_while(|part| *part == "super").peekable();
            let from_root = path.starts_with("super::super::") || path.starts_with("crate::");
            if parts.peek() == Some(&"crate") {
                parts.next();
            }
            let named = parts.next().filter(|name| from_root && folders.contains(name));
            if named.is_some_and(|name| Some(name) != folder(&file.path)) {
                let remedy = "share by `contract` or `runtime`, or let each have its own";
                violations.push(format!("{}:{at}: uses `{path}` of another system; {remedy}", file.path));
            }
        }
    }
    holds("No folder of `crates/systems/src` names another.", &violations);
}

#[test]
fn names_say_what_is_behind_them() {
    let declared = Regex::new(r"\b(?:struct|enum|trait|type|mod)\s+(\w+)").expect("a pattern");
    let mut violations = Vec::new();
    for file in repo::rust() {
        let remedy = "name what it holds";
        for part in file.path.split('/') {
            if let Some(word) = words(part).into_iter().find(|word| EMPTY.contains(&word.as_str())) {
                violations.push(format!("{}:1: its path says `{word}`; {remedy}", file.path));
            }
        }
        let view = Scan::of(&file.text).view(|part| part == Part::Code);
        for (at, line) in lines(&view) {
            for name in declared.captures_iter(line).map(|found| found[1].to_owned()) {
                if let Some(word) = words(&name).into_iter().find(|word| EMPTY.contains(&word.as_str())) {
                    violations.push(format!("{}:{at}: `{name}` says `{word}`; {remedy}", file.path));
                }
            }
        }
    }
    holds("No file, module or type is called utils, common, manager, helper or the like.", &violations);
}

#[test]
fn the_role_that_administers_is_spelled_once() {
    const HOME: &str = "crates/contract/src/policy.rs";
    let mut spelled = Vec::new();
    for file in repo::rust().into_iter().filter(repo::File::is_source) {
        let view = Scan::of(&file.text).view_without_tests(|part| part != Part::Comment);
        let here =
            lines(&view).filter(|(_, line)| line.contains("\"admin\"") || line.contains("\"role:admin"));
        spelled.extend(here.map(|(at, _)| format!("{}:{at}: use `contract::policy::ADMIN`", file.path)));
    }
    assert!(spelled.iter().any(|place| place.starts_with(HOME)), "{spelled:?}");
    spelled.retain(|place| !place.starts_with(HOME));
    holds("The name of the role that administers is spelled in one place.", &spelled);
}

fn sources_of(crates: &[&str]) -> Vec<repo::File> {
    let files: Vec<_> = repo::rust()
        .into_iter()
        .filter(|file| file.is_source() && file.of_crate().is_some_and(|name| crates.contains(&name)))
        .collect();
    assert!(!files.is_empty(), "there are sources");
    files
}

/// The folder of a system's file.
fn folder(path: &str) -> Option<&str> {
    path.strip_prefix("crates/systems/src/")?.split_once('/').map(|(folder, _)| folder)
}

/// The words of names, in lower case: `SqliteStore` and `sqlite_store` have two each.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for sign in text.chars() {
        let breaks = !sign.is_alphanumeric() || (sign.is_uppercase() && before.is_lowercase());
        if breaks {
            words.push(String::new());
        }
        if let (true, Some(word)) = (sign.is_alphanumeric(), words.last_mut()) {
            word.extend(sign.to_lowercase());
        }
        before = sign;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// All paths in code with the line they stand in; the trees of `use` are spelled out.
fn paths(code: &str) -> Vec<(usize, String)> {
    let imports = Regex::new(r"\buse\s+([^;]+);").expect("a pattern");
    let plain = Regex::new(r"\b\w+(?:::\w+)+").expect("a pattern");
    let mut found: Vec<(usize, String)> = Vec::new();
    for (at, line) in lines(code) {
        found.extend(plain.find_iter(line).map(|path| (at, path.as_str().to_owned())));
    }
    for import in imports.captures_iter(code) {
        let tree: String = import[1].split_whitespace().collect();
        let line = code[..import.get(0).expect("the whole").start()].matches('\n').count() + 1;
        found.extend(spelled_out("", &tree).into_iter().map(|path| (line, path)));
    }
    found
}

fn spelled_out(before: &str, tree: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut parts = vec![String::new()];
    for sign in tree.chars() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(sign);
        }
    }
    let one = |part: String| match part.split_once('{') {
        Some((head, rest)) => spelled_out(&format!("{before}{head}"), rest.strip_suffix('}').unwrap_or(rest)),
        None => vec![format!("{before}{part}")],
    };
    parts.into_iter().filter(|part| !part.is_empty()).flat_map(one).collect()
}

#[test]
fn paths_and_words_are_found() {
    let found = paths("use std::{fmt, net::{TcpStream, IpAddr}};\nlet a = std::process::id();");
    let found: Vec<_> = found.iter().map(|(line, path)| (*line, path.as_str())).collect();
    assert_eq!(
        found,
        [(2, "std::process::id"), (1, "std::fmt"), (1, "std::net::TcpStream"), (1, "std::net::IpAddr"),]
    );
    assert_eq!(words("fn SqliteStore_of2(irc)"), ["fn", "sqlite", "store", "of2", "irc"]);
}
