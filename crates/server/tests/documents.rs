//! The examples in the documents for operators are true: they are put together to an ops repo, which is checked.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use wilco_server::{
    check::check,
    config::{Environment, Variables},
};

/// The first block of this kind in a document.
fn block(document: &str, kind: &str) -> String {
    blocks(document, kind).remove(0)
}

/// All blocks of this kind in a document.
fn blocks(document: &str, kind: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(document);
    let text = fs::read_to_string(&path).expect("a document");
    let begin = format!("```{kind}\n");
    let end = |rest: &str| format!("{}\n", rest.split_once("\n```").expect("its end").0);
    text.split(&begin).skip(1).map(end).collect()
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

    // What people say, beside the story of a release.
    let stories = blocks("orders.md", "chat");
    assert_eq!(stories.len(), 3);
    for (number, story) in stories.iter().enumerate() {
        fs::write(pack.join(format!("orders-{number}.chat")), story).expect("written");
    }
    let report = check(root.path(), &Environment::default(), None);
    assert_eq!(report.to_string(), "2 commands in packs, 4 transcripts played, all true.");
}

#[test]
fn the_example_of_irc_is_true() {
    let root = tempfile::tempdir().expect("a folder");
    let pack = root.path().join("packs/webapp");
    fs::create_dir_all(&pack).expect("a folder");
    fs::write(root.path().join("wilco.toml"), block("networks/irc.md", "toml")).expect("written");
    // The pack of the pages, at home on IRC.
    let shipping = block("packs.md", "toml").replace("web:deploys", "irc:#deploys");
    fs::write(pack.join("pack.toml"), shipping).expect("written");
    fs::write(pack.join("irc.chat"), block("networks/irc.md", "chat")).expect("written");
    fs::write(pack.join("ship"), "#!/bin/sh\n").expect("written");
    fs::set_permissions(pack.join("ship"), fs::Permissions::from_mode(0o755)).expect("set");
    let named = Variables::Given([("IRC_PASSWORD".to_owned(), "sesame".to_owned())].into());
    let report = check(root.path(), &Environment { named, ..Environment::default() }, None);
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

#[test]
fn the_examples_for_steps_fit_each_other() {
    let root = tempfile::tempdir().expect("a folder");
    let pack = root.path().join("packs/fleet");
    fs::create_dir_all(&pack).expect("a folder");
    fs::write(root.path().join("wilco.toml"), block("steps.md", "ini")).expect("written");
    fs::write(pack.join("pack.toml"), block("steps.md", "toml")).expect("written");
    fs::write(pack.join("ship.chat"), block("steps.md", "chat")).expect("written");
    for program in ["install", "purge", "look"].map(|name| pack.join(name)) {
        fs::write(&program, "#!/bin/sh\n").expect("written");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("set");
    }
    let named = Variables::Given([("REGISTRY_TOKEN".to_owned(), "of the registry".to_owned())].into());
    let report = check(root.path(), &Environment { named, ..Environment::default() }, None);
    assert_eq!(report.to_string(), "2 commands in packs, 1 transcript played, all true.");
}
