//! The inputs that fuzzers found and people wrote, replayed without a fuzzer.
//!
//! Not the fuzzing: `script/fuzz` does that, with the same targets.

use std::{collections::BTreeSet, fs, panic, path::PathBuf};

// Where the targets look for it.
use wilco_server::explain;

#[path = "../../../fuzz/src/targets/mod.rs"]
mod targets;

use targets::TARGETS;

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The inputs of a target: those that people wrote, and those that were found and kept.
fn inputs(target: &str) -> Vec<PathBuf> {
    let folders = ["seeds", "corpus"].map(|kind| fuzz().join(kind).join(target));
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_input_that_is_kept_is_harmless() {
    let mut harmful = Vec::new();
    for (name, target) in TARGETS {
        let paths = inputs(name);
        assert!(paths.len() > 5, "`{name}` has inputs");
        for path in paths {
            let input = fs::read(&path).expect("an input");
            if panic::catch_unwind(|| target(&input)).is_err() {
                harmful.push(format!("{name}: {}", path.display()));
            }
        }
    }
    assert!(harmful.is_empty(), "what is wrong stands above, in the same order:\n{}", harmful.join("\n"));
}

#[test]
fn every_target_can_be_fuzzed() {
    let manifest: toml::Table =
        fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest").parse().expect("TOML");
    let binaries = manifest["bin"].as_array().expect("binaries").iter();
    let binaries: BTreeSet<_> = binaries.filter_map(|binary| binary["name"].as_str()).collect();
    assert_eq!(binaries, TARGETS.iter().map(|(name, _)| *name).collect());
}
