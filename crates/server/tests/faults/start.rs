//! Starts that must not be, or not yet: a second server, a database that cannot be written or is cut.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use rustix::process::Signal;
use serde_json::Value;
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::{Child, Command},
    time::{Duration, Instant, sleep},
};

use crate::{
    rig::{LOOK, Repo, Server, server},
    town::{Town, refusal, up},
};

/// Whoever may write nothing here, where the tests run as somebody who may write everything.
const NOBODY: u32 = 65_534;

/// How long it may take until another server goes on.
const PATIENCE: Duration = Duration::from_secs(20);

/// A second server on the same repo, which says here what it says, and the address that it gets.
fn second(repo: &Repo) -> (Child, PathBuf, String) {
    let port = Repo::empty().url().replace("http://localhost:", "");
    let said = repo.path("second.log");
    let out = fs::File::create(&said).expect("a file");
    let mut command = server::wilco(repo, &["up"]);
    command.env("WILCO_LISTEN", format!("127.0.0.1:{port}"));
    command.stdout(out.try_clone().expect("the same file")).stderr(out);
    (command.spawn().expect("a process"), said, format!("127.0.0.1:{port}"))
}

/// Waits until a file has this text in it.
async fn says(path: &Path, text: &str) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let said = fs::read_to_string(path).expect("a file");
        if said.contains(text) {
            return said;
        }
        assert!(Instant::now() < until, "it never said `{text}`: {said}");
        sleep(LOOK).await;
    }
}

/// What a server answers: the status and the body.
async fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

/// All that was ever recorded, as one text.
async fn journal(repo: &Repo) -> String {
    let options = SqliteConnectOptions::new().filename(repo.path("wilco.db"));
    let mut tool = options.connect().await.expect("a connection");
    let all = sqlx::query_scalar("SELECT group_concat(kind || body) FROM journal");
    all.fetch_one(&mut tool).await.expect("a journal")
}

#[tokio::test]
async fn a_second_server_on_the_same_database_waits_and_takes_over_when_the_first_ends() {
    for signal in [Signal::KILL, Signal::TERM] {
        let mut town = Town::new().await;
        town.stage("t1").await;
        let (mut second, said, address) = second(&town.repo);
        let holder = format!("is in use by process {} since ", town.server.pid());
        let told = says(&said, &holder).await;
        assert!(told.contains("This Wilco waits, and takes over when that one ends."), "{told}");
        let (status, waits) = get(&address, "/readyz").await;
        let waits: Value = serde_json::from_str(&waits).expect("JSON");
        assert_eq!((status, &waits["ready"]), (503, &Value::Bool(false)), "{waits}");
        let for_whom = waits["waits_for"].as_str().unwrap_or_default();
        assert!(for_whom.starts_with(&format!("process {} since ", town.server.pid())), "{waits}");
        assert_eq!(get(&address, "/").await.0, 503);
        town.stage("t2").await;
        town.server.signal(signal);
        town.server.ended().await;
        says(&said, "Wilco is at ").await;
        let until = Instant::now() + PATIENCE;
        while get(&address, "/readyz").await.0 != 200 {
            assert!(Instant::now() < until, "it takes over");
            sleep(LOOK).await;
        }
        let journal = journal(&town.repo).await;
        assert_eq!(journal.contains("which did not end in order"), signal == Signal::KILL, "{journal}");
        second.kill().await.expect("a process of ours");
    }
}

#[tokio::test]
async fn a_server_whose_lease_another_one_took_writes_nothing_more_and_ends() {
    let mut town = Town::new().await;
    town.stage("t1").await;
    let path = town.repo.path("wilco.db");
    let mut tool = SqliteConnectOptions::new().filename(&path).connect().await.expect("a connection");
    // As by a Wilco on another machine, on a disk where locks of files do not hold between the two.
    let take = "UPDATE leases SET token = token + 1, \
                row = json_set(row, '$.token', token + 1, '$.holder.id', 'x', '$.holder.process', 4711)";
    sqlx::query(take).execute(&mut tool).await.expect("taken");
    let refused = town.you.say("wilco stage red t2", "t2").await.expect("an answer");
    assert_eq!(refused.status, 503, "{refused}");
    assert!(refused.to_string().contains("Another Wilco has taken over"), "{refused}");
    let status = town.server.ended().await;
    let said = town.server.said();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("process 4711 since ") && said.contains("has taken over the database"), "{said}");
    let told = journal(&town.repo).await;
    assert!(told.contains("stage red t1") && !told.contains("stage red t2"));
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let repo = Repo::new("process");
    let address = repo.url().replace("http://localhost", "127.0.0.1");
    let _taken = std::net::TcpListener::bind(&address).expect("a free port");
    let said = refusal(&repo).await;
    assert!(
        said.contains(&format!("{address} cannot be listened on")) && said.contains("WILCO_LISTEN"),
        "{said}"
    );
}

/// The program for somebody without rights, who may not be able to reach where it was built.
fn copy_program(repo: &Repo) -> PathBuf {
    let copy = repo.path("wilco");
    fs::copy(env!("CARGO_BIN_EXE_wilco"), &copy).expect("a copy");
    copy
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

#[tokio::test]
async fn a_database_that_may_not_be_written_is_named() {
    let mut town = Town::new().await;
    town.stage("t1").await;
    town.stop().await;
    let repo = &town.repo;
    let program = copy_program(repo);
    let without_rights = |word: &str, more: &str| {
        let mut command = Command::new(&program);
        command.args([word, more].iter().filter(|word| !word.is_empty())).current_dir(repo.path(""));
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    if rustix::process::geteuid().is_root() {
        for own in [
            "wilco.keys",
            "wilco.keys/operator",
            "wilco.keys/audit",
            "wilco.keys/checkpoints",
            "wilco.db.lock",
        ] {
            chown(repo.path(own), Some(NOBODY), Some(NOBODY)).expect("given");
        }
    }
    set(&repo.path("wilco.db"), 0o444);
    set(&repo.path(""), 0o555);
    let started = Server::start(without_rights("up", ""), repo).await;
    let verified = without_rights("audit", "verify").output().await.expect("a process");
    set(&repo.path(""), 0o755);
    let (status, said) = started.err().expect("it cannot start");
    assert_eq!(status.code(), Some(1), "{said}");
    let named =
        said.contains("wilco.db` cannot be written") && said.contains("Let the user that Wilco runs as");
    assert!(named, "{said}");
    assert!(verified.status.success(), "reading goes on: {}", String::from_utf8_lossy(&verified.stderr));
    set(&repo.path("wilco.db"), 0o644);
    if rustix::process::geteuid().is_root() {
        return;
    }
    drop(up(repo).await);
}

#[tokio::test]
async fn a_database_that_was_cut_is_named_and_left_as_it_is() {
    let mut town = Town::new().await;
    for ticket in ["t1", "t2", "t3"] {
        town.stage(ticket).await;
    }
    town.stop().await;
    let path = town.repo.path("wilco.db");
    let whole = fs::read(&path).expect("a database");
    for left in [0, 50, 1_000, 4_096, whole.len() / 2, whole.len() - 4_096, whole.len() - 1] {
        fs::write(&path, &whole[..left]).expect("cut");
        println!("{left} of {} bytes are left.", whole.len());
        let said = refusal(&town.repo).await;
        assert!(said.contains("wilco.db` is damaged") && said.contains("Restore a backup"), "{left}: {said}");
        assert_eq!(fs::read(&path).expect("a file").len(), left, "it is left as it is");
        let verified = server::wilco(&town.repo, &["audit", "verify"]).output().await.expect("a process");
        assert_eq!(verified.status.code(), Some(1), "{left}: {}", String::from_utf8_lossy(&verified.stdout));
    }
    fs::write(&path, &whole).expect("restored");
    town.server = up(&town.repo).await;
    town.stage("t4").await;
}
