//! Who may depend on whom.
//!
//! Not which version: `Cargo.lock` says that. The table is the layer drawing of `ARCHITECTURE.md` in code.

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};

use crate::{holds, repo};

/// Each crate with the crates it may depend on.
const ARROWS: [(&str, &[&str]); 9] = [
    ("contract", &[]),
    ("runtime", &["contract"]),
    ("engine", &["contract"]),
    ("packs", &["contract", "runtime"]),
    ("systems", &["contract", "runtime"]),
    ("store-sql", &["contract", "runtime"]),
    ("web", &["contract", "runtime", "engine"]),
    ("server", &["contract", "runtime", "engine", "packs", "systems", "store-sql", "web"]),
    ("testkit", &["contract", "runtime"]),
];

/// What tests may use beside that.
const FOR_TESTS: [&str; 2] = ["testkit", "runtime"];

/// Dependencies of weight, each with the only crates that may name it: who replaces one changes no other crate.
const OWNED: [(&str, &[&str]); 17] = [
    ("sqlx", &["store-sql"]),
    ("rusqlite", &["store-sql"]),
    ("axum", &["web"]),
    ("hyper", &["web"]),
    ("hyper-util", &["web"]),
    ("metrics-exporter-prometheus", &["web", "server"]),
    ("minijinja", &["contract"]),
    ("resvg", &["web"]),
    ("skrifa", &["web"]),
    ("reqwest", &["runtime", "server"]),
    ("rustls", &["runtime", "server"]),
    ("tokio-rustls", &["runtime"]),
    ("rustls-native-certs", &["runtime"]),
    ("unicode-segmentation", &["systems"]),
    ("clap", &["server"]),
    ("rustyline", &["server"]),
    ("ed25519-dalek", &["server"]),
];

/// What the contract must never need.
const NOT_IN_CONTRACT: [&str; 6] = ["tokio", "reqwest", "rustix", "getrandom", "tracing", "metrics"];

#[test]
fn arrows_point_down() {
    let mut violations = Vec::new();
    for package in &metadata().packages {
        let name = short(&package.name);
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            violations.push(told(
                package,
                &format!("is in no layer; give `{name}` a row in `tests/tidy/arrows.rs`"),
            ));
            continue;
        };
        for dependency in
            package.dependencies.iter().filter(|dependency| dependency.name.starts_with("wilco-"))
        {
            let to = short(&dependency.name);
            let fine = allowed.contains(&to) || (is_for_tests(dependency) && FOR_TESTS.contains(&to));
            if !fine {
                violations.push(told(
                    package,
                    &format!("depends on `{to}`, which no arrow allows; see ARCHITECTURE.md"),
                ));
            }
        }
    }
    holds("Crates depend on lower layers only, and neighbours never on each other.", &violations);
}

#[test]
fn dependencies_of_weight_have_one_owner() {
    let mut violations = Vec::new();
    for package in &metadata().packages {
        let name = short(&package.name);
        for dependency in package.dependencies.iter().filter(|dependency| !is_for_tests(dependency)) {
            let owners = OWNED.iter().find(|(owned, _)| *owned == dependency.name).map(|(_, owners)| *owners);
            if let Some(owners) = owners.filter(|owners| !owners.contains(&name)) {
                let what = format!("names `{}`, which belongs to {}", dependency.name, owners.join(", "));
                violations.push(told(package, &what));
            }
            if name == "contract" && NOT_IN_CONTRACT.contains(&dependency.name.as_str()) {
                violations.push(told(package, &format!("names `{}`; the joints do no IO", dependency.name)));
            }
        }
    }
    holds("A dependency of weight is named by its owner only.", &violations);
}

fn is_for_tests(dependency: &Dependency) -> bool {
    dependency.kind == DependencyKind::Development
}

fn short(name: &str) -> &str {
    name.strip_prefix("wilco-").unwrap_or(name)
}

fn told(package: &Package, what: &str) -> String {
    format!("crates/{}/Cargo.toml:1: {what}", short(&package.name))
}

fn metadata() -> Metadata {
    let metadata = MetadataCommand::new().manifest_path(repo::root().join("Cargo.toml")).no_deps().exec();
    let metadata = metadata.expect("cargo describes the workspace");
    assert!(metadata.packages.len() >= ARROWS.len(), "all crates of the table are there");
    metadata
}
