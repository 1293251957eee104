//! Finding a program and saying in words why it could not be begun.
//!
//! Not starting it: [`super::inner`] does. Layer 2.

use std::{
    ffi::OsStr,
    fs::Metadata,
    io::{self, Read},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

/// Finds a program: a name with a slash is a path, any other is looked for in the folders of `path`, a `PATH`.
///
/// # Errors
/// What is wrong with it and what to do, in a sentence without its full stop.
pub(super) fn find(name: &str, path: Option<&OsStr>) -> Result<PathBuf, String> {
    if name.contains('/') {
        return match std::fs::metadata(name) {
            Ok(found) => usable(name, &found).map(|()| PathBuf::from(name)),
            Err(error) => Err(not_begun(name, &error)),
        };
    }
    let mut reason = format!("`{name}` was not found; install it, or write its full path");
    for folder in path.into_iter().flat_map(|path| path.as_bytes().split(|byte| *byte == b':')) {
        let file = Path::new(OsStr::from_bytes(folder)).join(name);
        match std::fs::metadata(&file).map(|found| usable(name, &found)) {
            Ok(Ok(())) => return Ok(file),
            Ok(Err(why)) => reason = why,
            Err(_) => {}
        }
    }
    Err(reason)
}

/// Whether a program of this name, which has no slash, is found in the folders of `path`, a `PATH`, and may be run.
#[must_use]
pub fn is_program(name: &str, path: &OsStr) -> bool {
    find(name, Some(path)).is_ok()
}

fn usable(name: &str, found: &Metadata) -> Result<(), String> {
    if found.is_dir() {
        Err(format!("`{name}` is a folder, not a program"))
    } else if found.permissions().mode() & 0o111 == 0 {
        Err(format!("`{name}` is not executable; `chmod +x` it, or write its interpreter in front of it"))
    } else {
        Ok(())
    }
}

/// Why the system would not begin this program, in a sentence without its full stop.
pub(super) fn not_begun(program: &str, error: &io::Error) -> String {
    /// What the system says of a file that is neither a program nor a script.
    const NO_PROGRAM: i32 = 8;
    match error.kind() {
        io::ErrorKind::NotFound => match interpreter(Path::new(program)) {
            Some(line) => format!("`{program}` needs an interpreter that was not found: `{line}`"),
            None if Path::new(program).exists() => {
                format!("`{program}` needs a loader or library that was not found")
            }
            None => format!("`{program}` was not found"),
        },
        io::ErrorKind::PermissionDenied => format!("`{program}` may not be run by this account"),
        io::ErrorKind::ArgumentListTooLong => format!("the arguments of `{program}` are too long"),
        _ if error.raw_os_error() == Some(NO_PROGRAM) => {
            format!("`{program}` is no program; a script begins with a line such as `#!/bin/sh`")
        }
        _ => format!("`{program}` could not be begun: {error}"),
    }
}

/// The first line of a script, if it names an interpreter.
fn interpreter(script: &Path) -> Option<String> {
    let mut start = [0; 120];
    let read = std::fs::File::open(script).ok()?.read(&mut start).ok()?;
    let line = start[..read].split(|byte| *byte == b'\n').next()?;
    line.starts_with(b"#!").then(|| String::from_utf8_lossy(line).trim_end().to_owned())
}

/// A program with its arguments as people would type it, shortened.
pub(super) fn shown(argv: &[String]) -> String {
    const MOST: usize = 100;
    let words: Vec<_> = argv.iter().map(|word| quoted(word)).collect();
    let line = words.join(" ");
    if line.chars().count() > MOST { line.chars().take(MOST - 1).chain(['…']).collect() } else { line }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |name: &str| root.path().join(name).to_string_lossy().into_owned();
        let path = Some(root.path().as_os_str());
        std::fs::write(at("plain"), "x").expect("a file");
        std::fs::create_dir(at("folder")).expect("a folder");
        assert_eq!(
            find("nosuch", path),
            Err("`nosuch` was not found; install it, or write its full path".into())
        );
        assert!(find("plain", path).is_err_and(|why| why.starts_with("`plain` is not executable")));
        assert!(find(&at("plain"), None).is_err_and(|why| why.contains("is not executable")));
        assert!(find(&at("folder"), None).is_err_and(|why| why.contains("is a folder")));
        assert!(find(&at("nosuch"), None).is_err_and(|why| why.ends_with("was not found")));
        assert!(find("sh", Some(OsStr::new("/usr/bin:/bin"))).is_ok());
        assert!(is_program("sh", OsStr::new("/usr/bin:/bin")));
        assert!(!is_program("plain", root.path().as_os_str()));
    }

    #[test]
    fn a_line_reads_as_typed() {
        let argv = ["python3".to_owned(), "a b".to_owned(), String::new()];
        assert_eq!(shown(&argv), r#"python3 "a b" """#);
        assert_eq!(shown(&["x".repeat(200)]).chars().count(), 100);
    }
}
