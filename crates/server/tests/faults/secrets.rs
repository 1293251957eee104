//! A secret that a step refers to: its program has it, and it stands nowhere else.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::json;

use crate::{
    rig::Repo,
    town::{Town, change, refusal},
};

const FILE_SECRET: &str = "Hunter2-of-the-file";
const SAID_SECRET: &str = "Hunter3-of-the-program";

const COMMAND: &str = r#"
[[command]]
id = "leak"
words = ["leak <how>"]
about = "Print what must not be printed"
effect = "write"
[[command.step]]
id = "leak"
uses = "exec.run"
with = { argv = ["./leak.sh", "{{ how }}"], output = "json", env = { TOKEN = { secret = "FILE" }, OTHER = { secret = "said" } } }
[[command.step]]
uses = "say"
with = { to = "web:ops", text = "it gave {{ steps.leak.token }}" }
"#;

/// Proves that it has both, and prints them wherever it can.
const PROGRAM: &str = r#"#!/bin/sh
echo "$TOKEN$OTHER" | cksum >> ../../effects.log.sum
echo "out $TOKEN" >&2
echo "$OTHER"
[ "$1" = badly ] && { echo "it broke with $OTHER" >&2; exit 3; }
printf '{"summary": "has %s", "outputs": {"token": "%s"}, "text": "%s"}\n' "$TOKEN" "$OTHER" "$TOKEN"
"#;

fn repo() -> Repo {
    let repo = Repo::new("process");
    let pack = repo.path("packs/app/pack.toml");
    let text = fs::read_to_string(&pack).expect("a pack") + COMMAND;
    fs::write(pack, text).expect("written");
    let program = repo.path("packs/app/leak.sh");
    fs::write(&program, PROGRAM).expect("written");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("set");
    fs::write(repo.path("token"), format!("{FILE_SECRET}\n")).expect("written");
    let secrets =
        format!("[secret.FILE]\nfile = \"token\"\n[secret.said]\ncommand = [\"echo\", \"{SAID_SECRET}\"]\n");
    change(&repo, "[limits]", &(secrets + "[limits]"));
    repo
}

fn holds(path: &Path) -> bool {
    let bytes = fs::read(path).expect("a file");
    [FILE_SECRET, SAID_SECRET]
        .iter()
        .any(|secret| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()))
}

#[tokio::test]
async fn a_secret_is_in_its_program_and_nowhere_else() {
    let mut town = Town::of(repo()).await;
    let well = town.order("leak well", "succeeded").await;
    let badly = town.order("leak badly", "failed").await;
    let sums = fs::read_to_string(town.repo.path("effects.log.sum")).expect("sums");
    assert_eq!(sums.lines().count(), 2);

    let mut seen = town.server.said();
    for operation in [&well, &badly] {
        let id = operation["id"].as_str().expect("an id");
        for path in [format!("operations/{id}"), format!("operations/{id}/log")] {
            seen += &town.you.get(&path).await.expect("an answer").body.to_string();
        }
    }
    for path in ["rooms/web%3Aops/messages?limit=500", "audit?limit=500", "commands"] {
        seen += &town.you.get(path).await.expect("an answer").body.to_string();
    }
    for secret in [FILE_SECRET, SAID_SECRET] {
        assert!(!seen.contains(secret), "{seen}");
    }
    // It says what is hidden, so the texts are there.
    for shown in
        ["out [secret FILE]", "it broke with [secret said]", "has [secret FILE]", "it gave [secret said]"]
    {
        assert!(seen.contains(shown), "{shown}: {seen}");
    }
    town.stop().await;
    for file in
        ["wilco.db", "wilco.db-wal"].map(|name| town.repo.path(name)).iter().filter(|file| file.exists())
    {
        assert!(!holds(file), "{}", file.display());
    }
    for run in fs::read_dir(town.repo.path("wilco.runs")).expect("runs") {
        let run = run.expect("a run").path();
        for file in ["request", "request.json", "claim", "exit"].map(|name| run.join(name)) {
            assert!(!file.exists() || !holds(&file), "{}", file.display());
        }
    }
}

#[tokio::test]
async fn what_an_order_brings_is_never_a_reference() {
    let repo = repo();
    let pack = repo.path("packs/app/pack.toml");
    let text = fs::read_to_string(&pack).expect("a pack");
    let step = r#"
[[command]]
id = "give"
words = ["give <what...>"]
about = "Hand over JSON"
effect = "write"
args.what = { type = "json" }
[[command.step]]
uses = "exec.run"
with = { argv = ["./effect.sh", "give", "0"], args = "{{ what }}" }
"#;
    fs::write(pack, text + step).expect("written");
    let town = Town::of(repo).await;
    let answer = town.you.post("calls", &json!({ "order": "give {\"a\": {\"secret\": \"FILE\"}}" })).await;
    let said = answer.expect("an answer").body.to_string();
    assert!(said.contains("is itself a reference to a secret"), "{said}");
}

#[tokio::test]
async fn a_program_that_says_no_secret_keeps_it_from_starting() {
    let repo = repo();
    change(&repo, &format!("[\"echo\", \"{SAID_SECRET}\"]"), "[\"false\"]");
    let said = refusal(&repo).await;
    assert!(said.contains("the secret `said` could not be had from `false`"), "{said}");
}
