//! `wilco init` lays out a repo that is well, starts, and is nobody else's.
//!
//! Not what the guide does with it: `tests/guide.rs` has that.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

fn wilco(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wilco"));
    command.args(args).current_dir(folder).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn what_init_lays_out_passes_every_check_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = wilco(folder.path(), &["init", "ops"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told = said(&output);
    let next: Vec<_> = told.lines().skip_while(|line| *line != "Next:").skip(1).collect();
    assert_eq!(next.len(), 2, "{told}");
    assert!(next[0].starts_with("  cd ops && ") && next[0].ends_with("wilco check"), "{told}");
    assert!(next[1].ends_with("wilco up"), "{told}");
    // The first of the two, typed as it stands there.
    let typed = Command::new("sh").args(["-c", next[0].trim()]).current_dir(folder.path()).output();
    let typed = typed.expect("a shell");
    assert_eq!(said(&typed), "2 commands in packs, 1 transcript played, all true.\n");

    let ops = folder.path().join("ops");
    let mode = fs::metadata(ops.join("packs/site/site.sh")).expect("a program").permissions().mode();
    assert_eq!(mode & 0o100, 0o100, "it is executable");
    for file in ["wilco.toml", "packs/site/pack.toml"] {
        let text = fs::read_to_string(ops.join(file)).expect("a file");
        let schema = text.lines().next().and_then(|line| line.strip_prefix("#:schema ")).expect("a schema");
        let schema = ops.join(file).parent().expect("a folder").join(schema);
        assert!(fs::read_to_string(&schema).is_ok_and(|text| text.contains("json-schema.org")), "{file}");
    }
    let printed = wilco(&ops, &["schema", "pack"]).stdout;
    assert_eq!(fs::read(ops.join(".wilco/pack.schema.json")).expect("a schema"), printed);
    let readme = fs::read_to_string(ops.join("README.md")).expect("a README");
    assert!(readme.lines().count() <= 7, "{readme}");
}

#[test]
fn init_writes_over_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let ops = folder.path().join("ops");
    // A repo that was just made on a forge has these.
    fs::create_dir(&ops).expect("a folder");
    fs::write(ops.join("README.md"), "ours").expect("written");
    fs::write(ops.join(".gitignore"), "*.swp\n").expect("written");
    fs::create_dir_all(ops.join("packs/site")).expect("a folder");
    fs::write(ops.join("packs/site/site.sh"), "ours").expect("written");
    let output = wilco(folder.path(), &["init", "ops"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        said(&output),
        "Nothing was written, as `ops` has `packs/site/site.sh` already. Name another folder, or move what is there.\n"
    );
    assert!(!ops.join("wilco.toml").exists());

    fs::remove_file(ops.join("packs/site/site.sh")).expect("removed");
    let output = wilco(folder.path(), &["init", "ops"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("README.md was there, and is as it was"), "{}", said(&output));
    assert!(said(&output).contains("Add to its .gitignore: wilco.keys/ wilco.db*"), "{}", said(&output));
    assert_eq!(fs::read(ops.join("README.md")).expect("a file"), b"ours");

    let before = fs::read(ops.join("wilco.toml")).expect("a file");
    let output = wilco(&ops, &["init", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        said(&output),
        "`.` is an ops repo already, so nothing was written. `wilco check` says whether it is well.\n"
    );
    assert_eq!(fs::read(ops.join("wilco.toml")).expect("a file"), before);
    let output = wilco(&ops, &["init"]);
    assert_eq!(output.status.code(), Some(2), "a folder is needed: {}", said(&output));
}
