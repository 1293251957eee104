//! Starts that must not be: a second server, a database that cannot be written or is cut.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
};

use tokio::process::Command;

use crate::{
    rig::{Repo, Server, server},
    town::{Town, refusal, up},
};

/// Whoever may write nothing here, where the tests run as somebody who may write everything.
const NOBODY: u32 = 65_534;

#[tokio::test]
async fn a_second_server_on_the_same_database_is_told_who_has_it() {
    let town = Town::new().await;
    let said = refusal(&town.repo).await;
    let holder = format!("is in use by process {} since ", town.server.pid());
    assert!(said.contains(&holder) && said.contains("Stop that one first"), "{said}");
    town.stage("t1").await;
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
fn copy_program(repo: &Repo) -> std::path::PathBuf {
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
