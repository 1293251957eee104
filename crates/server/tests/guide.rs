//! The guide to a first command is true: its files are laid into what `wilco init` makes, one after the other, and
//! `wilco check` says each time what the guide says that it says. Where it ends is `examples/first-command`.
//!
//! Not a test of the checker: `tests/check.rs` has those. Nor of the page: `tests/faults` gives its order to a server.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wilco_server::{
    check::{allowed, check},
    config::Environment,
    init,
};

const GUIDE: &str = include_str!("../../../docs/first-command.md");

/// The blocks of the guide of this kind, in their order.
fn blocks(kind: &str) -> Vec<&'static str> {
    let begin = format!("```{kind}\n");
    GUIDE.split(&begin).skip(1).map(|rest| rest.split("```").next().expect("its end")).collect()
}

fn report(repo: &Path) -> String {
    check(repo, &Environment::default(), None).to_string()
}

/// What a block shows as the answer to `wilco check`.
fn answer(block: &str) -> &str {
    block.strip_prefix("$ wilco check\n").expect("the command").trim_end()
}

/// The texts of an ops repo by their paths, without what only a laid-out repo has: schemas, and the lines that name them.
fn texts(repo: &Path) -> BTreeMap<PathBuf, String> {
    let mut folders = vec![repo.to_owned()];
    let mut found = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() {
                if !["backups", "__pycache__", ".wilco"].iter().any(|not| name == *not) {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|end| ["toml", "chat", "py", "sh"].iter().any(|known| end == *known))
            {
                let text = fs::read_to_string(&path).expect("a text");
                let lines = text.lines().filter(|line| !line.starts_with("#:schema"));
                let text = lines.map(|line| format!("{line}\n")).collect();
                found.insert(path.strip_prefix(repo).expect("below").to_owned(), text);
            }
        }
    }
    found
}

#[test]
fn the_guide_to_a_first_command_says_what_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let repo = folder.path();
    init::lay_out(repo).expect("a repo");
    let pack = repo.join("packs/backup");
    fs::create_dir(&pack).expect("a pack");
    let (toml, console) = (blocks("toml"), blocks("console"));
    assert_eq!((toml.len(), console.len()), (2, 3));

    fs::write(pack.join("pack.toml"), toml[0]).expect("written");
    assert_eq!(report(repo).trim_end(), answer(console[0]));

    fs::write(pack.join("pack.toml"), toml[0].replace("wiht", "with")).expect("written");
    assert_eq!(report(repo).trim_end(), answer(console[1]));

    fs::write(pack.join("backup.py"), blocks("python")[0]).expect("written");
    let before = allowed(repo, &Environment::default()).expect("it is well");
    let rules = fs::read_to_string(repo.join("wilco.toml")).expect("the rules") + "\n" + toml[1];
    fs::write(repo.join("wilco.toml"), rules).expect("written");
    // What a Wilco that runs there says when this is saved.
    let gained = check(repo, &Environment::default(), Some(&before)).gained;
    let told: Vec<_> = gained.iter().map(|gain| format!("       {gain}.")).collect();
    let rights = blocks("text").into_iter().find(|block| block.contains("may now"));
    let shown = rights.expect("rights").lines().skip(2).map(str::to_owned);
    assert_eq!(shown.collect::<Vec<_>>(), told);

    fs::write(pack.join("backup.chat"), blocks("chat")[0]).expect("written");
    assert_eq!(report(repo).trim_end(), answer(console[2]));

    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/first-command");
    assert_eq!(texts(repo), texts(&example), "examples/first-command is where the guide ends");

    let program = |phase| {
        let run = Command::new("python3").args(["backup.py", phase, "packs"]).current_dir(&pack).output();
        let run = run.expect("python3 runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text")
    };
    assert!(program("plan").contains("copy 6 files of packs to backups/packs-<time>"));
    assert!(program("run").contains("6 files are in backups/packs-"));
}
