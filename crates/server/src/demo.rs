//! The demo ops repo, carried in the binary and laid out under `./wilco-demo` at the first start.
//!
//! Not an example to learn every key from: `docs/` has those. Files that are there already are left as they are. Layer 4.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// The folder, below the current one.
pub const FOLDER: &str = "wilco-demo";

/// The source that the demo's own event comes in by.
pub const SOURCE: &str = "demo";

/// The event that the demo sends at each start. It has one id, so it is told once.
pub const EVENT: &str = r#"{"id": "first start", "object": "demo", "title": "The demo was set up. This line came in as an event, as one of CI or monitoring would", "state": "done"}"#;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../demo/", $path)))),*]
    };
}

/// The files, by their path in the repo. A test compares the list with the folder.
pub const FILES: &[(&str, &[u8])] = files![
    "apps/webapp/main/page.txt",
    "apps/webapp/service.json",
    "apps/webapp/service.py",
    "apps/webapp/v1/page.txt",
    "apps/webapp/v2/page.txt",
    "packs/host/host.py",
    "packs/host/pack.toml",
    "packs/webapp/pack.toml",
    "packs/webapp/release.chat",
    "packs/webapp/webapp.py",
    "wilco.toml",
];

/// Lays the repo out where it is missing. Returns its configuration.
///
/// # Errors
/// When a file cannot be written.
pub fn lay_out(folder: &Path) -> io::Result<PathBuf> {
    let config = folder.join("wilco.toml");
    if config.exists() {
        return Ok(config);
    }
    for (path, content) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content)?;
        if content.starts_with(b"#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(folder: &Path, found: &mut Vec<String>, base: &Path) {
        for entry in fs::read_dir(folder).expect("the folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                all(&path, found, base);
            } else {
                let name = path.strip_prefix(base).expect("below").to_string_lossy().into_owned();
                if !name.contains("__pycache__") {
                    found.push(name);
                }
            }
        }
    }

    #[test]
    fn every_file_of_the_demo_is_carried() {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
        let mut found = Vec::new();
        all(&base, &mut found, &base);
        found.sort();
        let mut listed: Vec<_> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        listed.sort();
        assert_eq!(listed, found);
    }
}
