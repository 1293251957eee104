//! With `durability = "full"` the disk has a request before its answer leaves: seen by the system calls of the program.
//!
//! Not a test of disks: what the system says is synced counts as synced.

use std::fs;

use rustix::process::Signal;
use tokio::{
    process::Command,
    time::{Duration, sleep},
};

use crate::{
    rig::{Repo, Server, server},
    town::{Town, pressed},
};

/// How long the server is left alone before a request, so that no other commit falls between it and its answer.
const QUIET: Duration = Duration::from_millis(400);
const CALLS: &str = "trace=read,recvfrom,recvmsg,readv,write,sendto,sendmsg,writev,fsync,fdatasync";

/// The server under `strace`, which writes its calls to a file. The process is the server itself: the tracer stands
/// beside it.
async fn traced(repo: &Repo) -> Server {
    let up = server::wilco(repo, &["up"]);
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-y", "-s", "200", "-e", CALLS, "-o"]).arg(repo.path("trace"));
    command.arg(up.as_std().get_program()).args(up.as_std().get_args()).current_dir(repo.path(""));
    for (name, _) in up.as_std().get_envs() {
        command.env_remove(name);
    }
    let found = Command::new("strace").arg("-V").output().await;
    assert!(found.is_ok(), "install strace: this test looks at the system calls of the program");
    Server::start(command, repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"))
}

/// Whether a sync of the database's log began and was done between this request and its answer.
fn is_synced(trace: &[&str], request: &str, answer: &str) -> Result<(), String> {
    let seen = trace.iter().position(|line| line.contains(&format!("\"{request} HTTP/1.1")));
    let seen = seen.ok_or_else(|| format!("`{request}` was not read"))?;
    let rest = &trace[seen..];
    let left = rest.iter().position(|line| line.contains(&format!("\"HTTP/1.1 {answer}")));
    let left = left.ok_or_else(|| format!("`{request}` was not answered with {answer}"))?;
    let between = &rest[..left];
    let begun = between.iter().position(|line| {
        (line.contains("fdatasync(") || line.contains("fsync(")) && line.contains("wilco.db-wal>")
    });
    let begun = begun.ok_or_else(|| format!("nothing was synced before `{request}` was answered"))?;
    let thread = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let done = between[begun..].iter().any(|line| {
        let is_end = line.contains("sync(") && line.ends_with("= 0")
            || line.contains("sync resumed") && line.ends_with("= 0");
        is_end && thread(line) == thread(between[begun])
    });
    done.then_some(()).ok_or_else(|| format!("`{request}` was answered before the sync was done"))
}

#[tokio::test]
async fn the_disk_has_a_request_before_its_answer_leaves() {
    let repo = Repo::new("full");
    let server = traced(&repo).await;
    let mut town = Town::at(repo, server).await;
    sleep(QUIET).await;
    let said = town.you.say("wilco stage red t1", "t1").await.expect("an answer");
    assert_eq!(said.status, 201, "{said}");
    let stage = town.you.operation("stage red t1", &["awaiting_confirm"]).await.expect("an answer");
    sleep(QUIET).await;
    assert_eq!(pressed(&town.you, &stage, "confirm").await.status, 200);
    assert_eq!(town.end(&stage).await["state"], "succeeded");
    sleep(QUIET).await;
    let called = town.you.call("release red t2", "t2").await.expect("an answer");
    assert_eq!(called.status, 202, "{called}");
    let release = town.you.operation("release red t2", &["awaiting_approval"]).await.expect("an answer");
    sleep(QUIET).await;
    assert_eq!(pressed(&town.ana, &release, "approve").await.status, 200);
    assert_eq!(town.end(&release).await["state"], "succeeded");
    sleep(QUIET).await;
    assert_eq!(town.you.get("rooms").await.expect("an answer").status, 200);
    town.server.signal(Signal::TERM);
    town.server.ended().await;

    let text = fs::read_to_string(town.repo.path("trace")).expect("a trace");
    let trace: Vec<&str> = text.lines().collect();
    let press = |operation: &serde_json::Value, press: &str| {
        format!("POST /api/v1/operations/{}/{press}", operation["id"].as_str().expect("an id"))
    };
    for (request, answer) in [
        ("POST /api/v1/session".to_owned(), "204"),
        ("POST /api/v1/invites".to_owned(), "201"),
        ("POST /api/v1/rooms/web%3Aops/messages".to_owned(), "201"),
        (press(&stage, "confirm"), "200"),
        ("POST /api/v1/calls".to_owned(), "202"),
        (press(&release, "approve"), "200"),
    ] {
        is_synced(&trace, &request, answer).unwrap_or_else(|why| panic!("{why}"));
    }
    let read = is_synced(&trace, "GET /api/v1/rooms", "200");
    assert!(read.is_err(), "the same look finds nothing where nothing has to be synced");
}
