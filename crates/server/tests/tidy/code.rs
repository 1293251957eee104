//! What every Rust file says, and what none leaves open.

use regex::Regex;

use crate::{
    holds, repo,
    scan::{Part, Scan, lines},
};

/// The layer that each crate's modules name.
const LAYERS: [(&str, &str); 8] = [
    ("contract", "Layer 0"),
    ("runtime", "Layer 1"),
    ("engine", "Layer 1"),
    ("packs", "Layer 2"),
    ("systems", "Layer 2"),
    ("store-sql", "Layer 2"),
    ("web", "Layer 3"),
    ("server", "Layer 4"),
];

#[test]
fn every_file_says_what_it_is() {
    let mut violations = Vec::new();
    for file in repo::rust() {
        if !file.text.starts_with("//!") {
            violations
                .push(format!("{}:1: begin with `//!`: what it is, what it is not, which layer", file.path));
            continue;
        }
        let layer = LAYERS.iter().find(|(name, _)| file.is_source() && file.of_crate() == Some(*name));
        let head: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        if let Some((_, layer)) =
            layer.filter(|(_, layer)| !head.contains(layer) && !file.path.ends_with("/main.rs"))
        {
            violations.push(format!("{}:1: say `{layer}.` in the module's `//!`", file.path));
        }
    }
    holds("Every file begins with what it is.", &violations);
}

#[test]
fn nothing_is_left_open() {
    let open = Regex::new(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b").expect("a pattern");
    let stub = Regex::new(r"\b(?:todo|unimplemented)!").expect("a pattern");
    let mut violations = Vec::new();
    for file in repo::files()
        .iter()
        .filter(|file| !file.path.ends_with(".md") && !file.path.ends_with("package-lock.json"))
    {
        for (at, line) in lines(&file.text) {
            if open.is_match(line) {
                violations.push(format!(
                    "{}:{at}: do it, or open an issue and say here what holds until then",
                    file.path
                ));
            }
        }
        if file.path.ends_with(".rs") {
            let view = Scan::of(&file.text).view(|part| part == Part::Code);
            let stubs = lines(&view).filter(|(_, line)| stub.is_match(line));
            violations.extend(stubs.map(|(at, _)| format!("{}:{at}: write it, or leave it out", file.path)));
        }
    }
    holds("No code is left open.", &violations);
}

#[test]
fn nothing_is_waved_through() {
    let ignored = Regex::new(r"#\[ignore\b").expect("a pattern");
    let allowed = Regex::new(r"#!?\[allow\(").expect("a pattern");
    let expected = Regex::new(r"#!?\[expect\(([^\]]*)\]").expect("a pattern");
    let mut violations = Vec::new();
    for file in repo::rust() {
        let scan = Scan::of(&file.text);
        let view = scan.view(|part| part == Part::Code);
        for (at, line) in lines(&view) {
            if ignored.is_match(line) {
                violations.push(format!(
                    "{}:{at}: a test that is ignored tells nothing; mend or remove it",
                    file.path
                ));
            }
            if allowed.is_match(line) && !file.is_test() {
                violations.push(format!(
                    "{}:{at}: use `#[expect(…, reason = \"…\")]`, which ends with its cause",
                    file.path
                ));
            }
        }
        for found in expected.captures_iter(&view).filter(|found| !found[1].contains("reason")) {
            let at = view[..found.get(0).expect("the whole").start()].matches('\n').count() + 1;
            violations.push(format!("{}:{at}: say why with `reason = \"…\"`", file.path));
        }
    }
    holds("No test is ignored, no lint is allowed without a reason.", &violations);
}
