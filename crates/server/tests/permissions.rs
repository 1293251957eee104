//! Who may do what in the demo, as a table that a change of the rules has to change visibly.

use std::path::Path;

use wilco_engine::Engine;
use wilco_server::{
    app::actions,
    check::{permission_table, read_packs},
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
