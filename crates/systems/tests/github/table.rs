//! Every example payload in a row: what is told of it, and how loud.

use wilco_testkit::github_examples::{COUNT, examples, row};

use crate::{decode, signature, source, verify};

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
            table += &row(&event);
            table.push('\n');
            rows += 1;
        }
    }
    assert_eq!(rows, COUNT);
    insta::assert_snapshot!(table);
}
