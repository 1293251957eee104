//! How long files may be.

use crate::{holds, repo};

/// No file is longer.
const MOST: usize = 800;
/// Few files are longer: at most one in [`FEW`].
const AIM: usize = 400;
const FEW: usize = 10;

/// What people write and read; lock files and snapshots are made.
const WRITTEN: [&str; 9] = [".rs", ".js", ".mjs", ".css", ".html", ".py", ".sh", ".sql", ".toml"];

#[test]
fn no_file_is_too_long() {
    let files = repo::files();
    let written = || files.iter().filter(|file| WRITTEN.iter().any(|end| file.path.ends_with(end)));
    let told = |most: usize| -> Vec<String> {
        let long = written().filter(|file| file.text.lines().count() > most);
        long.map(|file| format!("{}:{}: split it by what it knows", file.path, file.text.lines().count()))
            .collect()
    };
    holds(&format!("No file is longer than {MOST} lines."), &told(MOST));
    let long = told(AIM);
    println!("Files longer than {AIM} lines: {}\n{}", long.len(), long.join("\n"));
    if long.len() * FEW > written().count() {
        holds(&format!("At most one file in {FEW} is longer than {AIM} lines."), &long);
    }
}
