//! The `curl` lines of the sources' pages, run as they stand there: what they promise is what the room shows.
//!
//! Not the keys and tables of these pages: `tests/documents.rs` and the sources' own tests have those.

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use crate::{
    rig::{Client, Repo},
    town::up,
};

const SECRET: &str = "a-secret-of-the-guides";
/// How long a line may take to be shown.
const PATIENCE: Duration = Duration::from_secs(20);

fn page(name: &str) -> String {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::read_to_string(docs.join(name)).expect("a page")
}

/// The blocks of a language in a page, in order.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(&format!("```{language}\n")) {
        let (block, after) = after.split_once("\n```").expect("a block ends");
        blocks.push(block);
        rest = after;
    }
    blocks
}

/// A town whose configuration ends with this, and a person who looks at the room.
async fn town(config: &str) -> (Repo, crate::rig::Server, Client) {
    let repo = Repo::new("process");
    fs::write(repo.path("hook.secret"), SECRET).expect("written");
    // The pages take the secret from the environment; here it stands in a file, as a test has no environment of its own.
    let mut config = config.to_owned();
    while let Some(at) = config.find("{ env = \"") {
        let end = config[at..].find('}').expect("a table ends") + at;
        config.replace_range(at..=end, "{ file = \"hook.secret\" }");
    }
    let path = repo.path("wilco.toml");
    let before = fs::read_to_string(&path).expect("a configuration");
    fs::write(&path, format!("{before}\n{config}\n")).expect("written");
    let server = up(&repo).await;
    let client = Client::sign_in(&repo, server.secret()).await.expect("an answer");
    (repo, server, client)
}

/// Runs lines of a page in a shell, and returns what they print.
fn run(repo: &Repo, lines: &str) -> String {
    let lines = lines.replace("http://localhost:7777", &repo.url());
    let mut shell = Command::new("bash");
    for name in ["DEPLOYBOT_SECRET", "CI_SECRET", "ALERTMANAGER_SECRET", "GITHUB_WEBHOOK_SECRET"] {
        shell.env(name, SECRET);
    }
    let ran = shell.args(["-eu", "-c", &lines]).output().expect("a shell");
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{lines}\n{out}{}", String::from_utf8_lossy(&ran.stderr));
    out
}

/// Waits until the room shows this line, and returns how many lines it has.
async fn shows(client: &Client, line: &str) -> usize {
    let until = Instant::now() + PATIENCE;
    loop {
        let all = client.all("rooms/web%3Aops/messages").await.expect("an answer");
        let top: Vec<&Value> = all.iter().filter(|message| message["thread"].is_null()).collect();
        if top.iter().any(|message| message["text"].as_str().is_some_and(|text| text.starts_with(line))) {
            return top.len();
        }
        assert!(Instant::now() < until, "`{line}` is not shown, but {top:#?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_page_of_github_comes_true() {
    let page = page("github.md");
    let (repo, _server, client) =
        town("[source.github]\nsecret = [{ env = \"X\" }]\nto = [\"web:ops\"]").await;
    let shell = blocks(&page, "sh");
    let send = shell.iter().find(|block| block.contains("curl")).expect("a request");
    assert!(run(&repo, send).contains(r#"{"new":1,"repeated":0}"#));
    assert_eq!(shows(&client, "Issue webapp#90 Login fails on Safari — cy · bug").await, 1);
    let forged = send.replace("$GITHUB_WEBHOOK_SECRET", "another");
    assert!(run(&repo, &forged).contains(" 401 "));
}

#[tokio::test]
async fn the_page_of_alertmanager_comes_true() {
    let page = page("alertmanager.md");
    let (repo, _server, client) = town(blocks(&page, "toml")[0]).await;
    let send = blocks(&page, "sh")[0];
    assert_eq!(run(&repo, send), r#"{"new":1,"repeated":0}"#);
    shows(&client, "CRIT HighLatency api (prod-eu): 1 firing — p99 2.3 s > 1 s").await;
    assert_eq!(run(&repo, send), r#"{"new":0,"repeated":1}"#);
    let over =
        send.replace("\"firing\"", "\"resolved\"").replace("0001-01-01T00:00:00Z", "2026-01-05T09:14:00Z");
    assert_eq!(run(&repo, &over), r#"{"new":1,"repeated":0}"#);
    assert_eq!(shows(&client, "HighLatency api (prod-eu): resolved after 14 min").await, 1);
}

#[tokio::test]
async fn the_page_of_any_other_sender_comes_true() {
    let page = page("generic.md");
    let config = blocks(&page, "toml");
    let (repo, _server, client) = town(&format!("{}\n{}\nto = [\"web:ops\"]", config[0], config[1])).await;
    let shell = blocks(&page, "sh");
    assert_eq!(run(&repo, shell[0]), r#"{"new":1,"repeated":0}"#);
    shows(&client, "webapp 2.4.0 to production: started").await;
    assert_eq!(run(&repo, &shell[0].replace("started", "success")), r#"{"new":1,"repeated":0}"#);
    assert_eq!(shows(&client, "webapp 2.4.0 to production: success").await, 1, "the same line");
    assert_eq!(run(&repo, shell[1]), r#"{"new":1,"repeated":0}"#);
    assert_eq!(run(&repo, shell[2]), r#"{"new":1,"repeated":0}"#);
    shows(&client, "nightly: success").await;
}
