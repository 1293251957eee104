//! The guide to a first command is true: its files are laid into the demo one after the other, and `wilco check` says
//! each time what the guide says that it says.
//!
//! Not a test of the checker: `tests/check.rs` has those.

use std::{fs, path::Path, process::Command};

use wilco_server::{check::check, config::Environment, demo};

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

#[test]
fn the_guide_to_a_first_command_says_what_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let repo = folder.path();
    demo::lay_out(repo).expect("the demo");
    let pack = repo.join("packs/backup");
    fs::create_dir(&pack).expect("a pack");
    let (toml, console) = (blocks("toml"), blocks("console"));

    fs::write(pack.join("pack.toml"), toml[0]).expect("written");
    assert_eq!(report(repo).trim_end(), answer(console[0]));

    fs::write(pack.join("pack.toml"), toml[0].replace("wiht", "with")).expect("written");
    assert_eq!(report(repo).trim_end(), answer(console[1]));

    fs::write(pack.join("backup.py"), blocks("python")[0]).expect("written");
    let rules = fs::read_to_string(repo.join("wilco.toml")).expect("the rules") + "\n" + toml[1];
    fs::write(repo.join("wilco.toml"), rules).expect("written");
    let story =
        blocks("text").into_iter().find(|block| block.starts_with("# A backup")).expect("a transcript");
    fs::write(pack.join("backup.chat"), story).expect("written");
    assert_eq!(report(repo).trim_end(), answer(console[2]));

    let program = |phase| {
        let run = Command::new("python3").args(["backup.py", phase, "webapp"]).current_dir(&pack).output();
        let run = run.expect("python3 runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text")
    };
    assert!(program("plan").contains("copy 5 files of webapp to backups/webapp-<time>"));
    assert!(program("run").contains("5 files are in backups/webapp-"));
}
