//! A secret that a step refers to: its program has it, and it stands nowhere else.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::json;

use crate::{
    reload::next as told,
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

#[tokio::test]
async fn a_secret_whose_file_changes_is_another_one_without_a_restart_and_the_old_one_stays_hidden() {
    const NEW: &str = "Hunter4-of-the-file";
    let town = Town::of(repo()).await;
    town.order("leak well", "succeeded").await;
    fs::write(town.repo.path("token"), format!("{NEW}\n")).expect("written");
    let text = told(&town, 0).await;
    assert!(text.contains("Secrets that are others now: `FILE`.") && !text.contains("`said`"), "{text}");
    // What a program keeps of the old value is hidden, too.
    let program =
        PROGRAM.replace("echo \"out $TOKEN\" >&2", &format!("echo \"out $TOKEN, was {FILE_SECRET}\" >&2"));
    fs::write(town.repo.path("packs/app/leak.sh"), program).expect("written");
    let second = town.you.say("wilco leak well", "again").await.expect("an answer");
    assert_eq!(second.status, 201, "{second}");
    let sums = town.repo.path("effects.log.sum");
    let end = tokio::time::Instant::now() + tokio::time::Duration::from_secs(20);
    while fs::read_to_string(&sums).expect("sums").lines().count() < 2 {
        assert!(tokio::time::Instant::now() < end, "{}", town.server.said());
        tokio::time::sleep(tokio::time::Duration::from_millis(50)).await;
    }
    let all = town.you.all("operations").await.expect("operations");
    let last = town.end(all.last().expect("an operation")).await;
    assert_eq!(last["state"], "succeeded", "{last}");
    let sums = fs::read_to_string(&sums).expect("sums");
    let lines: Vec<&str> = sums.lines().collect();
    assert_ne!(lines[0], lines[1], "the program had the new one");
    let log = town.you.get(&format!("operations/{}/log", last["id"].as_str().expect("an id"))).await;
    let log = log.expect("an answer").body.to_string();
    assert!(log.contains("out [secret FILE], was [secret FILE]"), "{log}");
    let room = town.you.get("rooms/web%3Aops/messages?limit=500").await.expect("an answer").body.to_string();
    for secret in [NEW, FILE_SECRET] {
        assert!(!log.contains(secret) && !room.contains(secret) && !town.server.said().contains(secret));
    }
}

#[tokio::test]
async fn a_secret_whose_file_cannot_be_read_any_more_keeps_its_value_and_the_room_is_told() {
    let town = Town::of(repo()).await;
    fs::write(town.repo.path("token"), "\n").expect("written");
    let text = told(&town, 0).await;
    assert!(text.contains("the file `token` of the secret `FILE` is empty"), "{text}");
    assert!(text.contains("the old one goes on"), "{text}");
    town.order("leak well", "succeeded").await;
    let sums = fs::read_to_string(town.repo.path("effects.log.sum")).expect("sums");
    fs::remove_file(town.repo.path("token")).expect("removed");
    let text = told(&town, 1).await;
    assert!(text.contains("the file `token` of the secret `FILE` cannot be read"), "{text}");
    fs::write(town.repo.path("token"), format!("{FILE_SECRET}\n")).expect("written");
    assert_eq!(told(&town, 2).await, "The configuration can be used again.");
    assert_eq!(sums.lines().count(), 1, "it had its value while the file was empty");
}

#[tokio::test]
async fn a_program_is_asked_again_by_the_word_reload() {
    let repo = repo();
    fs::write(repo.path("said"), SAID_SECRET).expect("written");
    change(&repo, &format!("[\"echo\", \"{SAID_SECRET}\"]"), "[\"cat\", \"said\"]");
    let town = Town::of(repo).await;
    fs::write(town.repo.path("said"), "Hunter5-of-the-program").expect("written");
    town.you.call("reload", "reload").await.expect("an answer");
    let text = told(&town, 0).await;
    assert!(text.contains("Secrets that are others now: `said`."), "{text}");
}
