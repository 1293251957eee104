//! Every example payload in a row: what is told of it, and how loud.

use std::fmt::Write as _;

use crate::{decode, examples, signature, source, verify};

#[test]
fn every_example_is_told_as_was_reviewed() {
    let source = source(&["It's a secret"]);
    let mut table = String::new();
    let mut rows = 0;
    for kind in examples() {
        for body in &kind.examples {
            let body = body.get();
            let signed = signature("It's a secret", body.as_bytes());
            let verified = verify(&source, &[("x-hub-signature-256", signed.as_bytes())], body.as_bytes());
            assert!(verified.expect("a signature").signed);
            let event = decode(&kind.name, body).unwrap_or_else(|error| panic!("{}: {error}", kind.name));
            let what = format!("{} {}", event.kind, event.action.as_deref().unwrap_or("-"));
            let object = event.object.as_ref().map_or("-", |object| object.as_str());
            let object = object.strip_prefix("github:").unwrap_or(object);
            let state = event.state.as_deref().unwrap_or("-");
            let done = if event.done { " (done)" } else { "" };
            let level = event.level.as_str();
            writeln!(table, "{what} | {level} | {} | {object} | {state}{done}", event.line).expect("memory");
            rows += 1;
        }
    }
    assert_eq!(rows, 329);
    insta::assert_snapshot!(table);
}
