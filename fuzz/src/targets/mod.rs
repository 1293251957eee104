//! What each fuzz target does with an input, and what it then demands.
//!
//! Not the fuzzer: a target is a function of bytes that panics where something does not hold, so that a test can replay
//! inputs without one. Most inputs are requests in the form that `wilco explain` takes: header lines, an empty line,
//! the body.

mod events;
mod irc;
mod sources;
mod texts;

use irc::{irc_lines, irc_split};
use sources::{alertmanager, generic, github, requests};
use texts::{packing, words};

/// A target: its name, and what it does with an input.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All targets, called as their binaries and the folders of their inputs are.
pub(crate) const TARGETS: &[Target] = &[
    ("github", github),
    ("alertmanager", alertmanager),
    ("generic", generic),
    ("requests", requests),
    ("words", words),
    ("packing", packing),
    ("irc_lines", irc_lines),
    ("irc_split", irc_split),
];
