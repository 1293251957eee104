//! `wilco check`: what is wrong with an ops repo, and whether its transcripts come true.
//!
//! Not a second engine: transcripts run through the real one, with everything outside scripted. Layer 4.

mod packs;

use std::fmt::Display;

pub use packs::{any_error, read_packs};

/// All problems, each on lines of its own.
#[must_use]
pub fn told<T: Display>(problems: &[T]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect::<String>().trim_end().to_owned()
}
