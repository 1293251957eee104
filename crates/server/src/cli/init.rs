//! `wilco init`: begins an ops repo. `wilco schema`: what editors know of its files. Layer 4.
//!
//! Not their content: that is in [`crate::init`] and [`crate::editors`].

use std::path::Path;

use clap::ValueEnum;

use super::{Failure, terminal};
use crate::{
    editors,
    init::{self, Unfit},
};

/// A kind of file that there is a schema of.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// `wilco.toml`.
    Config,
    /// `pack.toml`.
    Pack,
}

/// Lays an ops repo out, and says how to go on.
pub(crate) fn run(dir: &Path) -> Result<(), Failure> {
    let laid_out = init::lay_out(dir).map_err(|unfit| match unfit {
        Unfit::OpsRepo(_) | Unfit::Taken { .. } => Failure::Usage(unfit.to_string()),
        Unfit::Unwritten { .. } => Failure::Failed(unfit.to_string()),
    })?;
    let dir = dir.display().to_string();
    terminal::line(&format!("An ops repo is in {dir}:"));
    for file in &laid_out.written {
        terminal::line(&format!("  {file}"));
    }
    for file in &laid_out.kept {
        terminal::line(&format!("  {file} was there, and is as it was"));
    }
    if laid_out.kept.contains(&".gitignore") {
        terminal::line(&format!("Add to its .gitignore: {}", init::ignored().join(" ")));
    }
    let wilco = called();
    terminal::line("Next:");
    if dir == "." {
        terminal::line(&format!("  {wilco} check"));
    } else {
        terminal::line(&format!("  cd {} && {wilco} check", in_shell(&dir)));
    }
    terminal::line(&format!("  {wilco} up"));
    Ok(())
}

/// Prints the schema of a kind of file.
pub(crate) fn schema(kind: Kind) {
    terminal::print(&editors::as_file(&match kind {
        Kind::Config => editors::config(),
        Kind::Pack => editors::pack(),
    }));
}

/// How this program is called from any folder.
fn called() -> String {
    let named = std::env::args_os().next().unwrap_or_default();
    if !named.to_string_lossy().contains('/') {
        return "wilco".to_owned();
    }
    std::env::current_exe().map_or_else(|_| "wilco".to_owned(), |path| in_shell(&path.display().to_string()))
}

/// A path as a shell takes it for one word.
fn in_shell(path: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || "/._-+:@".contains(sign);
    if !path.is_empty() && path.chars().all(plain) && !path.starts_with('-') {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}
