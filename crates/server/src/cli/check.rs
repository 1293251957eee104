//! `wilco check`: says what is wrong with an ops repo, and runs its transcripts. Layer 4.
//!
//! Not the checks: those are in [`crate::check`].

use std::path::Path;

use super::{Failure, terminal};
use crate::{check, config::Environment};

/// Checks and prints what was found.
pub(crate) fn run(dir: &Path, against: Option<&Path>) -> Result<(), Failure> {
    let environment = Environment::from_process();
    let before = match against {
        Some(other) => Some(check::allowed(other, &environment).map_err(|problems| {
            let told = check::told(&problems);
            Failure::Failed(format!("What to compare with cannot be used:\n{told}"))
        })?),
        None => None,
    };
    let report = check::check(dir, &environment, before.as_ref());
    terminal::line(&report.to_string());
    if report.is_good() { Ok(()) } else { Err(Failure::Told) }
}
