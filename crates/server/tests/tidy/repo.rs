//! The files of the repository, as the rules see them: text, with paths from the root.
//!
//! Not what git has recorded: a file that is about to be added counts already.

use std::{fs, path::PathBuf};

/// A text file.
pub(crate) struct File {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// What is built, fetched or made by a run.
const NOT_OURS: [&str; 6] = [".git", "target", "node_modules", "wilco-demo", "shots", "__pycache__"];

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace's folder")
}

/// All text files.
pub(crate) fn files() -> Vec<File> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be read").flatten() {
            let name = entry.file_name();
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() && !NOT_OURS.iter().any(|not| name == *not) {
                folders.push(entry.path());
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                let path =
                    entry.path().strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "the root is the workspace's folder");
    files
}

/// The Rust files.
pub(crate) fn rust() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// The documents.
pub(crate) fn documents() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".md")).collect()
}

impl File {
    /// Whether all of it is for tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "benches" || part == "testkit")
            || self.path.ends_with("/tests.rs")
    }

    /// The crate it belongs to: `engine` for `crates/engine/…`.
    pub(crate) fn of_crate(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether it is part of what a crate builds, other than its tests.
    pub(crate) fn is_source(&self) -> bool {
        !self.is_test()
            && self.of_crate().is_some_and(|name| self.path.starts_with(&format!("crates/{name}/src/")))
    }
}
