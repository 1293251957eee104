//! Who may do what in the demo, as a table that a change of the rules has to change visibly.

use std::path::Path;

use wilco_engine::Engine;
use wilco_server::{
    app::actions,
    check::{gains, permission_table, read_packs, rights},
    config::{self, Config, Environment},
};

fn demo() -> (Config, Vec<wilco_contract::command::Command>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/wilco.toml");
    let config = config::load(&path, &Environment::default()).expect("the demo's configuration");
    let (pack, problems) = read_packs(&config, &actions(&config, Path::new("wilco")));
    assert_eq!(problems, []);
    let all = Engine::own_commands().into_iter().chain(pack.commands).collect();
    (config, all)
}

#[test]
fn the_demo_permits_what_was_reviewed() {
    let (config, commands) = demo();
    insta::assert_snapshot!(permission_table(&config, &commands));
}

#[test]
fn nobody_is_refused_everywhere_and_every_write_has_somebody() {
    let (config, commands) = demo();
    let table = permission_table(&config, &commands);
    let split = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    let rows: Vec<_> = table.lines().map(split).collect();
    for (column, heading) in rows[0].iter().enumerate().skip(2) {
        assert!(rows[1..].iter().any(|row| row[column] != "deny"), "{heading} may do nothing");
        if heading.starts_with('@') {
            let writes = rows[1..].iter().filter(|row| row[1] != "read");
            assert!(writes.clone().any(|row| row[column] != "deny"), "{heading} may change nothing");
        }
    }
    for row in &rows[1..] {
        assert!(row[2..].iter().any(|cell| cell != "deny"), "nobody may use {}", row[0]);
    }
}

#[test]
fn what_programs_and_flags_gain_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |rules: &str| {
        let path = folder.path().join("wilco.toml");
        std::fs::write(&path, format!("[person.ana]\nroles = ['lead']\n{rules}")).expect("written");
        config::load(&path, &Environment::default()).expect("a configuration")
    };
    let commands = Engine::own_commands();
    let before = read("");
    let after = read(
        "[[grant]]\ncommand = 'wilco.unlock'\nto = ['schedule:app.night', 'listener:app.ship']\n\
         [[grant]]\ncommand = 'wilco.lock'\nto = ['role:lead']\nflags = ['alone', 'force']\n",
    );
    let gained = gains(&rights(&before, &commands), &rights(&after, &commands));
    let told: Vec<_> = gained.iter().map(ToString::to_string).collect();
    for line in [
        "@ana may now give `wilco.lock` with `--alone`",
        "@ana may now give `wilco.lock` with `--force`",
        "listener:app.ship may now use `wilco.unlock`, which needs nothing else",
        "schedule:app.night may now use `wilco.unlock`, which needs nothing else",
        "new grant: `wilco.lock` to role:lead with --force with --alone",
    ] {
        assert!(told.iter().any(|told| told.contains(line)), "{line}: {told:#?}");
    }
    let table = permission_table(&after, &commands);
    let lock = table.lines().find(|line| line.starts_with("wilco.lock ")).expect("a row");
    assert!(lock.contains("allow (force, alone)"), "{lock}");
    let heading = table.lines().next().expect("a heading");
    assert!(heading.contains("listener:app.ship") && heading.contains("schedule:app.night"), "{heading}");
    // A bound that is lifted is told as it is written.
    let bounded = read("[[require]]\ncommand = 'wilco.lock'\nmax_targets = 2\n");
    let wider = read("[[require]]\ncommand = 'wilco.lock'\nmax_targets = 9\n");
    let told = gains(&rights(&bounded, &commands), &rights(&wider, &commands));
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "gone requirement: `wilco.lock` needs at most 2 targets",
            "new requirement: `wilco.lock` needs at most 9 targets"
        ]
    );
}
