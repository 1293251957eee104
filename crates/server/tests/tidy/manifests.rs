//! What every manifest has to say.

use regex::Regex;
use toml::Table;

use crate::{holds, repo};

#[test]
fn every_crate_is_under_the_workspace_rules() {
    let mut violations = Vec::new();
    let manifests = repo::files();
    let manifests = manifests
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"));
    for file in manifests {
        let manifest: Table = file.text.parse().expect("a manifest is TOML");
        let from_workspace = |table: &str, key: Option<&str>| {
            let table = manifest.get(table).and_then(|table| key.map_or(Some(table), |key| table.get(key)));
            table.and_then(|value| value.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
        };
        if !from_workspace("lints", None) {
            violations.push(format!("{}:1: say `[lints] workspace = true`", file.path));
        }
        for key in ["version", "edition", "rust-version", "license"] {
            if !from_workspace("package", Some(key)) {
                violations.push(format!("{}:1: say `{key}.workspace = true`", file.path));
            }
        }
        if manifest.get("package").and_then(|package| package.get("description")).is_none() {
            violations.push(format!("{}:1: say in `description` what the crate is for", file.path));
        }
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, _) in manifest.get(table).and_then(toml::Value::as_table).into_iter().flatten() {
                if manifest[table][name].get("workspace").is_none() {
                    violations.push(format!(
                        "{}:1: take `{name}` from the workspace's list of versions",
                        file.path
                    ));
                }
            }
        }
    }
    holds("Every crate takes its lints, versions and licence from the workspace.", &violations);
}

#[test]
fn the_workspace_forbids_unsafe_code_and_names_its_compiler() {
    let text = std::fs::read_to_string(repo::root().join("Cargo.toml")).expect("the workspace's manifest");
    let manifest: Table = text.parse().expect("a manifest is TOML");
    let workspace = &manifest["workspace"];
    assert_eq!(workspace["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(
        workspace["lints"]["rust"]["missing_docs"].as_str(),
        Some("warn"),
        "and `script/test` denies warnings"
    );
    assert_eq!(workspace["package"]["rust-version"].as_str(), Some("1.95"));
    assert!(repo::root().join("Cargo.lock").exists(), "what is built is what is locked");
}

#[test]
fn every_dependency_is_used() {
    let mut violations = Vec::new();
    let files = repo::rust();
    for file in repo::files().iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let manifest: Table = file.text.parse().expect("a manifest is TOML");
        let folder = file.path.trim_end_matches("Cargo.toml");
        for (table, below) in [("dependencies", "src/"), ("dev-dependencies", "")] {
            let code: Vec<_> =
                files.iter().filter(|file| file.path.starts_with(&format!("{folder}{below}"))).collect();
            for (name, _) in manifest.get(table).and_then(toml::Value::as_table).into_iter().flatten() {
                let word = Regex::new(&format!(r"\b{}\b", name.replace('-', "_"))).expect("a pattern");
                if !code.iter().any(|file| word.is_match(&file.text)) {
                    violations.push(format!("{}:1: nothing uses `{name}`; take it out", file.path));
                }
            }
        }
    }
    holds("Every dependency is used by its crate.", &violations);
}

#[test]
fn no_lock_file_names_a_mirror() {
    let mut violations = Vec::new();
    for file in repo::files() {
        let known: &[&str] = match file.path.rsplit('/').next() {
            Some("Cargo.lock") => &["https://github.com/rust-lang/crates.io-index"],
            Some("package-lock.json") => &[
                "https://registry.npmjs.org/",
                "https://github.com/sponsors/",
                "https://opencollective.com/",
            ],
            _ => continue,
        };
        for (at, line) in crate::scan::lines(&file.text) {
            if line.contains("://") && !known.iter().any(|known| line.contains(known)) {
                violations.push(format!("{}:{at}: names another place than the public registry", file.path));
            }
        }
    }
    holds("Lock files name public registries only.", &violations);
}

#[test]
fn no_banned_crate_is_locked() {
    let read = |file: &str| -> Table {
        let text = std::fs::read_to_string(repo::root().join(file)).expect("a file of the root");
        text.parse().expect("it is TOML")
    };
    let (deny, lock) = (read("deny.toml"), read("Cargo.lock"));
    let banned = deny["bans"]["deny"].as_array().expect("a list of bans");
    assert!(!banned.is_empty(), "there are bans");
    let locked: Vec<_> =
        lock["package"].as_array().expect("packages").iter().map(|package| &package["name"]).collect();
    let found = banned.iter().filter(|ban| locked.contains(&&ban["crate"]));
    let told = |ban: &toml::Value| format!("Cargo.lock: {} is in the tree: {}", ban["crate"], ban["reason"]);
    holds("No crate that `deny.toml` bans is in the tree.", &found.map(told).collect::<Vec<_>>());
}
