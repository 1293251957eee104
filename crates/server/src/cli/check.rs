//! `wilco check`: says what is wrong with an ops repo, and runs its transcripts. Layer 4.
//!
//! Not the checks: those are in [`crate::check`].

use std::path::Path;

use super::{Failure, terminal};
use crate::{check, config::Environment};

/// Checks and prints what was found.
pub(crate) fn run(dir: &Path) -> Result<(), Failure> {
    let report = check::check(dir, &Environment::from_process());
    terminal::line(&report.to_string());
    if report.is_good() { Ok(()) } else { Err(Failure::Told) }
}
