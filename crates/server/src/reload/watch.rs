//! Seeing that files changed, by looking at them: that works on every file system, also where files are swapped by
//! links, as configuration is mounted into containers.
//!
//! Not the reading. A look costs a call a file. Layer 4.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::config::{Config, PackFolder, SecretAt};

/// How long it is between two looks. A change is taken over at the second one that finds it.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// The most packs that are looked at in one folder.
const MOST_PACKS: usize = 10_000;

/// What tells one state of a file from another: its device and number, length, and when its content and what is said
/// of it, such as its permissions, last changed. Taken before a file is read, so that what is saved meanwhile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark([i128; 5]);

/// The files that make a configuration, as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    file: PathBuf,
    folders: Vec<PathBuf>,
    /// The files of secrets.
    secrets: Vec<PathBuf>,
    marks: BTreeMap<PathBuf, Option<Mark>>,
}

impl Marks {
    /// The files of a configuration: its own and those of its secrets as they were before they were read, its packs as
    /// they are now.
    pub(crate) fn of(config: &Config) -> Self {
        let folders = config.packs.iter().map(|PackFolder { path, .. }| path.clone()).collect();
        let files = config.secrets.values().filter_map(|secret| match secret {
            SecretAt::File(file) => Some((file.path.clone(), file.mark)),
            SecretAt::Here(_) | SecretAt::Command(_) => None,
        });
        let files: Vec<_> = files.collect();
        let secrets = files.iter().map(|(path, _)| path.clone()).collect();
        let mut marks = Self { file: config.file.clone(), folders, secrets, marks: BTreeMap::new() }.again();
        marks.marks.extend(files);
        marks.marks.insert(config.file.clone(), config.mark);
        marks
    }

    /// The same files, as they are now.
    pub(crate) fn again(&self) -> Self {
        let mut marks = BTreeMap::new();
        marks.insert(self.file.clone(), mark(&self.file));
        marks.extend(self.secrets.iter().map(|path| (path.clone(), mark(path))));
        for folder in &self.folders {
            let Ok(packs) = fs::read_dir(folder) else { continue };
            for pack in packs.flatten().take(MOST_PACKS) {
                let path = pack.path().join("pack.toml");
                if let Some(mark) = mark(&path) {
                    marks.insert(path, Some(mark));
                }
            }
        }
        let (folders, secrets) = (self.folders.clone(), self.secrets.clone());
        Self { file: self.file.clone(), folders, secrets, marks }
    }
}

/// The mark of a pack's file; none where there is none.
pub(crate) fn mark_of_pack(folder: &Path) -> Option<Mark> {
    mark(&folder.join("pack.toml"))
}

/// The mark of a file; none where there is none.
pub(crate) fn mark(path: &Path) -> Option<Mark> {
    let meta = fs::metadata(path).ok()?;
    let at = |secs: i64, nanos: i64| i128::from(secs) * 1_000_000_000 + i128::from(nanos);
    let written = at(meta.mtime(), meta.mtime_nsec());
    let touched = at(meta.ctime(), meta.ctime_nsec());
    Some(Mark([meta.dev().into(), meta.ino().into(), meta.len().into(), written, touched]))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn marks(base: &Path) -> Marks {
        let (file, secrets) = (base.join("wilco.toml"), vec![base.join("token")]);
        Marks { file, folders: vec![base.join("packs")], secrets, marks: BTreeMap::new() }.again()
    }

    #[test]
    fn a_change_shows_also_where_the_length_is_the_same_or_the_file_was_swapped() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path();
        let pack = base.join("packs/web");
        fs::create_dir_all(&pack).expect("a pack");
        fs::write(base.join("wilco.toml"), "name = 'a'").expect("a file");
        let first = marks(base);
        assert_eq!(first, first.again());
        fs::write(pack.join("pack.toml"), "one").expect("a file");
        let second = first.again();
        assert_ne!(first, second, "a pack more");
        fs::write(base.join("new"), "two").expect("a file");
        fs::rename(base.join("new"), pack.join("pack.toml")).expect("a swap");
        let third = second.again();
        assert_ne!(second, third, "swapped by a file of the same length");
        fs::set_permissions(pack.join("pack.toml"), fs::Permissions::from_mode(0o600)).expect("chmod");
        let fourth = third.again();
        assert_ne!(third, fourth, "other permissions");
        fs::write(base.join("token"), "a secret").expect("a file");
        assert_ne!(fourth, fourth.again(), "the file of a secret, which was not there");
        let fourth = fourth.again();
        fs::remove_file(base.join("wilco.toml")).expect("gone");
        assert_ne!(fourth, fourth.again(), "gone");
        fs::write(pack.join("deploy.sh"), "not a definition").expect("a file");
        assert_eq!(third.again(), third.again());
    }
}
