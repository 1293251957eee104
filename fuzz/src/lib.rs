//! Fuzz targets for every decoder of bytes from outside.
//!
//! Not a part of the product: a workspace of its own, which `script/fuzz` builds. What the targets do is in `targets`,
//! which a test of `crates/server` replays with every input that is kept.

// The server's own; the rest of the server is not needed here.
#[path = "../../crates/server/src/explain.rs"]
mod explain;
mod targets;

/// Gives an input to the target of this name.
///
/// # Panics
/// When something does not hold, which is what a fuzzer looks for.
pub fn run(target: &str, input: &[u8]) {
    let found = targets::TARGETS.iter().find(|(name, _)| *name == target);
    let (_, target) = found.expect("a target of this name");
    target(input);
}
