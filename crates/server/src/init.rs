//! A small ops repo to begin one's own from, carried in the binary and laid out by `wilco init`.
//!
//! Not the demo, which shows a whole team at work. Nothing that is there already is written over. Layer 4.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::{config::FILE, editors};

macro_rules! files {
    ($($path:literal from $source:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../init/", $source)))),*]
    };
}

/// The files, by their path in the repo.
const FILES: &[(&str, &str)] = files![
    "wilco.toml" from "wilco.toml",
    "packs/site/pack.toml" from "packs/site/pack.toml",
    "packs/site/site.sh" from "packs/site/site.sh",
    "packs/site/site.chat" from "packs/site/site.chat",
    "README.md" from "README.md",
    ".gitignore" from "gitignore",
];

/// What a folder may have already: it is left as it is.
const KEPT: [&str; 2] = ["README.md", ".gitignore"];

/// What was laid out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LaidOut {
    /// The files that were written, by their path in the repo.
    pub written: Vec<&'static str>,
    /// The files that were there, and were left as they were.
    pub kept: Vec<&'static str>,
}

/// Why nothing was laid out.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// There is an ops repo already.
    #[error("`{}` is an ops repo already, so nothing was written. `wilco check` says whether it is well.", .0.display())]
    OpsRepo(PathBuf),
    /// Files that are there would be written over.
    #[error("Nothing was written, as `{}` has {} already. Name another folder, or move what is there.", .folder.display(), quoted(.files))]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// What is in the way, by its path in the folder.
        files: Vec<&'static str>,
    },
    /// It cannot be written.
    #[error("`{}` could not be written: {why}.", .path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

fn quoted(files: &[&str]) -> String {
    files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ")
}

/// Lays the repo out in a folder, which is made where it is missing.
///
/// # Errors
/// When it is an ops repo already, when a file is in the way, or when one cannot be written.
pub fn lay_out(folder: &Path) -> Result<LaidOut, Unfit> {
    // A link that leads nowhere is something, too.
    let is_there = |path: &str| folder.join(path).symlink_metadata().is_ok();
    if is_there(FILE) {
        return Err(Unfit::OpsRepo(folder.to_owned()));
    }
    let schemas = editors::files();
    let texts = FILES.iter().map(|(path, text)| (*path, (*text).to_owned()));
    let all: Vec<(&'static str, String)> = texts.chain(schemas).collect();
    let (there, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|(path, _)| is_there(path));
    let there: Vec<_> = there.iter().map(|(path, _)| *path).collect();
    let (kept, files): (Vec<_>, Vec<_>) = there.into_iter().partition(|path| KEPT.contains(path));
    if !files.is_empty() {
        return Err(Unfit::Taken { folder: folder.to_owned(), files });
    }
    let mut laid_out = LaidOut { written: Vec::new(), kept };
    for (name, text) in missing {
        let path = folder.join(name);
        write(&path, &text).map_err(|why| Unfit::Unwritten { path, why })?;
        laid_out.written.push(name);
    }
    Ok(laid_out)
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mode = if text.starts_with("#!") { 0o777 } else { 0o666 };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}

/// What `.gitignore` of a repo should name, a line each.
#[must_use]
pub fn ignored() -> Vec<&'static str> {
    include_str!("../init/gitignore").lines().filter(|line| !line.starts_with('#')).collect()
}
