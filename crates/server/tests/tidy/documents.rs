//! What the documents promise: paths and tests that are there, links that lead somewhere, a README of one screen.

use std::collections::BTreeSet;

use regex::Regex;

use crate::{
    holds,
    repo::{self, File},
    scan::{Part, Scan, lines},
};

/// The most lines of the README.
const README: usize = 120;

/// Where repository paths in documents begin.
const ROOTS: [&str; 7] = ["crates/", "docs/", "script/", "tests/", "examples/", "bench/", ".ci/"];

#[test]
fn the_readme_fits_a_screen() {
    let readme = std::fs::read_to_string(repo::root().join("README.md")).expect("a README");
    assert!(readme.lines().count() <= README, "README.md has more than {README} lines; move detail to docs/");
    for command in ["script/server", "script/test"] {
        assert!(readme.contains(command), "README.md names `{command}`");
    }
}

#[test]
fn paths_and_tests_in_documents_are_there() {
    let root = repo::root();
    let quoted = Regex::new(r"`([^`\s]+)`").expect("a pattern");
    let mut violations = Vec::new();
    for file in repo::documents() {
        for (at, line) in lines(&file.text) {
            for found in quoted.captures_iter(line).map(|found| found[1].to_owned()) {
                if !ROOTS.iter().any(|start| found.starts_with(start)) || found.contains(['*', '<', '…', '{'])
                {
                    continue;
                }
                let (path, test) =
                    found.split_once("::").map_or((found.as_str(), None), |(path, test)| (path, Some(test)));
                let path = path.split_once(':').map_or(path, |(path, _)| path);
                if !root.join(path).exists() {
                    violations.push(format!("{}:{at}: `{path}` is not there; correct the path", file.path));
                } else if let Some(test) = test.filter(|test| !names(&root.join(path), test)) {
                    violations
                        .push(format!("{}:{at}: `{path}` has no `{test}`; correct the name", file.path));
                }
            }
        }
    }
    holds("A path in a document is there, and so is the test that it names.", &violations);
}

#[test]
fn modules_in_comments_are_there() {
    let named = Regex::new(r"`(contract|runtime|engine|systems|store-sql|web|server|testkit)/([a-z_/]+)`")
        .expect("a pattern");
    let root = repo::root();
    let mut violations = Vec::new();
    for file in repo::rust() {
        let comments = Scan::of(&file.text).view(|part| part == Part::Comment);
        for (at, line) in lines(&comments) {
            for found in named.captures_iter(line) {
                let module = root.join("crates").join(&found[1]).join("src").join(&found[2]);
                if !module.exists() && !module.with_extension("rs").exists() {
                    violations
                        .push(format!("{}:{at}: there is no {}; correct the name", file.path, &found[0]));
                }
            }
        }
    }
    holds("A module that a comment names is there.", &violations);
}

/// Whether a Rust file has a function or a macro of this name.
fn names(path: &std::path::Path, name: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.contains(&format!("fn {name}(")) || text.contains(&format!("macro_rules! {name} "))
}

#[test]
fn every_invariant_names_the_test_that_holds_it() {
    let text = std::fs::read_to_string(repo::root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, invariants) = text.split_once("## Invariants").expect("a chapter of invariants");
    let invariants = invariants.split("\n## ").next().unwrap_or_default();
    let mut violations = Vec::new();
    let mut count = 0;
    for paragraph in invariants.split("\n\n").filter(|paragraph| paragraph.trim_start().starts_with("**")) {
        count += 1;
        let title = paragraph.trim().lines().next().unwrap_or_default();
        let by = paragraph.split("Held by").nth(1).unwrap_or_default();
        if !by.contains('`') {
            violations.push(format!("ARCHITECTURE.md: {title}: say `Held by` and the test"));
        }
    }
    assert!(count > 5, "there are invariants");
    holds("Every invariant names the test that holds it.", &violations);
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    let root = repo::root();
    let mut violations = Vec::new();
    for file in repo::documents() {
        let folder = root.join(&file.path).parent().expect("a folder").to_owned();
        for (at, line) in lines(&file.text) {
            for target in link.captures_iter(line).map(|found| found[1].to_owned()) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (path, heading) = target
                    .split_once('#')
                    .map_or((target.as_str(), None), |(path, heading)| (path, Some(heading)));
                let to = if path.is_empty() { root.join(&file.path) } else { folder.join(path) };
                if !to.exists() {
                    violations.push(format!("{}:{at}: the link to `{target}` leads nowhere", file.path));
                } else if let Some(heading) = heading.filter(|heading| !headings(&to).contains(*heading)) {
                    violations.push(format!("{}:{at}: `{path}` has no heading `#{heading}`", file.path));
                }
            }
        }
    }
    holds("Links between documents lead somewhere.", &violations);
}

/// The anchors of a document's headings.
fn headings(path: &std::path::Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let titles =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |title: &str| -> String {
        let kept = title
            .to_lowercase()
            .chars()
            .filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign))
            .collect::<String>();
        kept.replace(' ', "-")
    };
    titles.map(anchor).collect()
}

#[test]
fn the_index_lists_every_document() {
    let files = repo::documents();
    let index = files.iter().find(|file| file.path == "docs/index.md").expect("docs/index.md");
    let missing = |file: &&File| {
        let below = file.path.strip_prefix("docs/").filter(|below| *below != "index.md");
        below.is_some_and(|below| !index.text.contains(&format!("({below})")))
    };
    let told = |file: &File| format!("docs/index.md:1: link `{}`", file.path);
    let violations: Vec<_> = files.iter().filter(missing).map(told).collect();
    holds("The index of docs/ lists every document.", &violations);
}

#[test]
fn the_project_speaks_only_of_itself() {
    let machine =
        Regex::new(r"(?:^|[^\w.])/(?:wor[k]/|roo[t]/|home/\w|tmp/bas[h])|\.librar[y]/").expect("a pattern");
    let mut violations = Vec::new();
    for file in repo::files() {
        for (at, line) in lines(&file.text) {
            if machine.is_match(line) {
                violations.push(format!("{}:{at}: names a path of one machine; make it relative", file.path));
            }
        }
    }
    holds("No file names a path of one machine.", &violations);
}
