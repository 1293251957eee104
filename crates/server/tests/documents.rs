//! The examples in the documents for operators are true: they are put together to an ops repo, which is checked.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use wilco_server::{check::check, config::Environment};

/// The first block of this kind in a document.
fn block(document: &str, kind: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(document);
    let text = fs::read_to_string(&path).expect("a document");
    let begin = format!("```{kind}\n");
    let (_, rest) = text.split_once(&begin).expect("a block");
    let (block, _) = rest.split_once("\n```").expect("its end");
    format!("{block}\n")
}

/// All blocks of this kind in a document.
fn blocks(document: &str, kind: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(document);
    let text = fs::read_to_string(&path).expect("a document");
    let begin = format!("```{kind}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().expect("its end").to_owned()).collect()
}

#[test]
fn the_examples_for_listeners_and_schedules_are_true() {
    for document in ["listeners.md", "schedules.md"] {
        let root = tempfile::tempdir().expect("a folder");
        let pack = root.path().join("packs/webapp");
        fs::create_dir_all(&pack).expect("a folder");
        let (toml, chat) = (blocks(document, "toml"), blocks(document, "chat"));
        fs::write(pack.join("pack.toml"), &toml[0]).expect("written");
        fs::write(root.path().join("wilco.toml"), &toml[1]).expect("written");
        fs::write(pack.join("story.chat"), &chat[0]).expect("written");
        let report = check(root.path(), &Environment::default(), None);
        assert_eq!(report.to_string(), "2 commands in packs, 1 transcript played, all true.", "{document}");
    }
}

#[test]
fn the_examples_for_configuration_packs_and_transcripts_fit_each_other() {
    let root = tempfile::tempdir().expect("a folder");
    let pack = root.path().join("packs/webapp");
    fs::create_dir_all(&pack).expect("a folder");
    fs::write(root.path().join("wilco.toml"), block("config.md", "toml")).expect("written");
    fs::write(pack.join("pack.toml"), block("packs.md", "toml")).expect("written");
    fs::write(pack.join("ship.chat"), block("transcripts.md", "chat")).expect("written");
    fs::write(pack.join("ship"), "#!/bin/sh\n").expect("written");
    fs::set_permissions(pack.join("ship"), fs::Permissions::from_mode(0o755)).expect("set");
    let report = check(root.path(), &Environment::default(), None);
    assert_eq!(report.to_string(), "2 commands in packs, 1 transcript played, all true.");

    // The routes go on with that configuration.
    let all = block("config.md", "toml") + &block("routes.md", "toml");
    fs::write(root.path().join("wilco.toml"), all).expect("written");
    let report = check(root.path(), &Environment::default(), None);
    assert_eq!(report.to_string(), "2 commands in packs, 1 transcript played, all true.");
}

#[test]
fn what_the_page_of_types_says_comes_true() {
    let root = tempfile::tempdir().expect("a folder");
    let pack = root.path().join("packs/webapp");
    fs::create_dir_all(&pack).expect("a folder");
    // Without the requirement, which names a command that this pack has not.
    let config = block("config.md", "toml");
    let (config, _) = config.split_once("[[require]]").expect("a requirement");
    fs::write(root.path().join("wilco.toml"), config).expect("written");
    fs::write(pack.join("pack.toml"), block("types.md", "toml")).expect("written");
    fs::write(pack.join("types.chat"), block("types.md", "chat")).expect("written");
    let report = check(root.path(), &Environment::default(), None);
    assert_eq!(report.to_string(), "2 commands in packs, 1 transcript played, all true.");
}
