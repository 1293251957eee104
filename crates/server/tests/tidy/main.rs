//! The rules of this repository, as tests: layers, names, sizes, manifests, documents.
//!
//! Not tests of what Wilco does. A rule that can be told by looking at the files belongs here, so that it never has
//! to be said in a review. Each violation is told as `file:line: what to do`.

mod arrows;
mod code;
mod documents;
mod manifests;
mod names;
mod repo;
mod scan;
mod sizes;

/// Fails with all violations of a rule, one a line.
fn holds(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}\n\n{}\n", violations.join("\n"));
}
