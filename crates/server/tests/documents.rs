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
    // The page tells of no topics and no signs, which the examples show all the same.
    for (document, warned) in
        [("listeners.md", vec!["webapp.topic", "webapp.line-51"]), ("schedules.md", vec![])]
    {
        let root = tempfile::tempdir().expect("a folder");
        let pack = root.path().join("packs/webapp");
        fs::create_dir_all(&pack).expect("a folder");
        let (toml, chat) = (blocks(document, "toml"), blocks(document, "chat"));
        fs::write(pack.join("pack.toml"), &toml[0]).expect("written");
        fs::write(root.path().join("wilco.toml"), &toml[1]).expect("written");
        fs::write(pack.join("story.chat"), &chat[0]).expect("written");
        let report = check(root.path(), &Environment::default(), None);
        let told = report.to_string();
        assert!(report.is_good() && told.ends_with("1 transcript played, all true."), "{document}: {told}");
        assert_eq!(report.problems.len(), warned.len(), "{document}: {told}");
        for name in warned {
            assert!(
                told.contains(&format!("warning: the listener `{name}` waits for ")),
                "{document}: {told}"
            );
        }
    }
}

#[test]
fn what_the_page_of_composition_says_comes_true() {
    let root = tempfile::tempdir().expect("a folder");
    let pack = root.path().join("packs/fleet");
    fs::create_dir_all(&pack).expect("a folder");
    let (toml, stories) = (blocks("composition.md", "toml"), blocks("composition.md", "chat"));
    fs::write(pack.join("pack.toml"), &toml[0]).expect("written");
    fs::write(root.path().join("wilco.toml"), &toml[1]).expect("written");
    assert_eq!(stories.len(), 4);
    for (number, story) in stories.iter().enumerate() {
        fs::write(pack.join(format!("story-{number}.chat")), story).expect("written");
    }
    let report = check(root.path(), &Environment::default(), None);
    assert_eq!(report.to_string(), "4 commands in packs, 4 transcripts played, all true.");
}

#[test]
fn the_examples_for_limits_are_true() {
    let root = tempfile::tempdir().expect("a folder");
    let pack = root.path().join("packs/fleet");
    fs::create_dir_all(&pack).expect("a folder");
    let toml = blocks("limits.md", "toml");
    fs::write(pack.join("pack.toml"), &toml[0]).expect("written");
    fs::write(root.path().join("wilco.toml"), &toml[1]).expect("written");
    for (number, story) in blocks("limits.md", "chat").iter().enumerate() {
        fs::write(pack.join(format!("limits-{number}.chat")), story).expect("written");
    }
    let report = check(root.path(), &Environment::default(), None);
    assert_eq!(report.to_string(), "2 commands in packs, 3 transcripts played, all true.");
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
    assert_eq!(stories.len(), 4);
    for (number, story) in stories.iter().enumerate() {
        fs::write(pack.join(format!("orders-{number}.chat")), story).expect("written");
    }
    let report = check(root.path(), &Environment::default(), None);
    assert_eq!(report.to_string(), "2 commands in packs, 5 transcripts played, all true.");
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
    assert_eq!(report.to_string(), "3 commands in packs, 1 transcript played, all true.");
}

/// Every file of these endings in the ops repos of `examples/`, as one text each.
fn examples(endings: &[&str]) -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| endings.iter().any(|known| end == *known)) {
                texts.push(fs::read_to_string(path).expect("a text"));
            }
        }
    }
    texts
}

#[test]
fn what_the_pages_of_approvals_and_tests_show_stands_in_examples_that_are_played() {
    // That these are well, and that their stories come true, is said in `tests/faults/ops_repos.rs`.
    let texts = examples(&["toml", "chat"]);
    for (document, least) in [("approvals.md", 9), ("tests.md", 5)] {
        let shown: Vec<_> = ["toml", "chat"].iter().flat_map(|kind| blocks(document, kind)).collect();
        assert!(shown.len() >= least, "{document} shows {} examples", shown.len());
        for block in shown {
            assert!(texts.iter().any(|text| text.contains(&block)), "{document}: no example has\n{block}");
        }
    }
}

#[test]
fn a_first_story_is_told_what_to_write() {
    let root = tempfile::tempdir().expect("a folder");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/approvals");
    let pack = root.path().join("packs/settings");
    fs::create_dir_all(&pack).expect("a folder");
    for file in ["wilco.toml", "packs/settings/pack.toml", "packs/settings/settings.py"] {
        fs::copy(example.join(file), root.path().join(file)).expect("copied");
    }
    let story = format!("{}ben presses confirm on <op>\n", block("tests.md", "text"));
    fs::write(pack.join("first.chat"), story).expect("written");
    let report = check(root.path(), &Environment::default(), None).to_string();
    assert!(report.starts_with(&block("tests.md", "console")), "{report}");
}

#[test]
fn the_examples_for_asking_waiting_and_memory_are_true() {
    for (document, at, name, commands) in
        [("steps.md", 1, "rollout", "1 command"), ("memory.md", 0, "team", "6 commands")]
    {
        let root = tempfile::tempdir().expect("a folder");
        let pack = root.path().join("packs").join(name);
        fs::create_dir_all(&pack).expect("a folder");
        fs::write(pack.join("pack.toml"), &blocks(document, "toml")[at]).expect("written");
        fs::write(root.path().join("wilco.toml"), &blocks(document, "ini")[at]).expect("written");
        fs::write(pack.join("story.chat"), &blocks(document, "chat")[at]).expect("written");
        fs::write(pack.join("roll"), "#!/bin/sh\n").expect("written");
        fs::set_permissions(pack.join("roll"), fs::Permissions::from_mode(0o755)).expect("set");
        let report = check(root.path(), &Environment::default(), None);
        assert_eq!(
            report.to_string(),
            format!("{commands} in packs, 1 transcript played, all true."),
            "{document}"
        );
    }
}
