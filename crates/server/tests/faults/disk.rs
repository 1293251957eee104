//! A disk that is full, and a database that another program holds: nothing is acknowledged that was not written, and
//! when there is room again the same server goes on.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    rig::{Repo, Server, client::Answer, server},
    town::{Town, change, good, pressed, refusal, up},
};

const MESSAGES: &str = "rooms/web%3Aops/messages";
/// The size of the small disk.
const DISK: &str = "size=6m";
/// The longest file that a limited server may write, in bytes.
const LONGEST: u64 = 1 << 20;

/// A small disk under a repo's folder `disk`, where that is allowed.
struct Disk(PathBuf);

impl Disk {
    fn mount(repo: &Repo) -> Option<Self> {
        let at = repo.path("disk");
        fs::create_dir(&at).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&at).stdout(Stdio::null()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What is left of it goes with the machine.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// What keeps a server from writing, and can be lifted.
enum Full {
    /// Somebody else's file fills the disk.
    Filled(PathBuf),
    /// The system lets this process write no longer files.
    Limited(u32),
}

impl Full {
    fn fill(disk: &Disk) -> Self {
        let path = disk.0.join("filler");
        let mut file = fs::File::create(&path).expect("a file");
        while file.write_all(&[0; 4_096]).is_ok() {}
        Self::Filled(path)
    }

    fn limit(server: &Server) -> Self {
        limit_files(server.pid(), Some(LONGEST));
        Self::Limited(server.pid())
    }

    /// From now on not even what takes the place of older pages fits: the database's log begins anew at its start, where
    /// all of it was moved into the database meanwhile.
    fn stay(&self) {
        if let Self::Limited(pid) = self {
            limit_files(*pid, Some(4_096));
        }
    }

    fn lift(&self) {
        match self {
            Self::Filled(path) => fs::remove_file(path).expect("deleted"),
            Self::Limited(pid) => limit_files(*pid, None),
        }
    }
}

fn limit_files(pid: u32, most: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process number")).expect("not nobody");
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: most, maximum: None }).expect("set");
}

#[tokio::test]
async fn a_full_disk_takes_nothing_and_loses_nothing() {
    let repo = Repo::new("full");
    let Some(disk) = Disk::mount(&repo) else {
        println!("No file system may be mounted here, so this is the same as the test of a limit.");
        return takes_nothing(&limited().await, Full::limit).await;
    };
    change(&repo, "durability", "database = \"sqlite:disk/wilco.db\"\ndurability");
    let mut town = Town::of(repo).await;
    // Declared last and so dropped first: a folder with a disk in it cannot be deleted.
    let disk = disk;
    takes_nothing(&town, |_| Full::fill(&disk)).await;

    let full = Full::fill(&disk);
    until_full(&town, "again").await;
    town.server.signal(Signal::KILL);
    town.server.ended().await;
    let said = refusal(&town.repo).await;
    assert!(said.contains("full"), "a start says what is missing: {said}");
    full.lift();
    town.server = up(&town.repo).await;
    town.stage("t4").await;
}

#[tokio::test]
async fn files_that_may_not_grow_take_nothing_and_lose_nothing() {
    takes_nothing(&limited().await, Full::limit).await;
}

/// A town whose server is told of a limit by an error, and not ended by it.
async fn limited() -> Town {
    let repo = Repo::new("full");
    let up = server::wilco(&repo, &["up"]);
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(up.as_std().get_program());
    command.args(up.as_std().get_args()).current_dir(repo.path(""));
    for (name, _) in up.as_std().get_envs() {
        command.env_remove(name);
    }
    let started = Server::start(command, &repo).await;
    let server = started.unwrap_or_else(|(status, said)| panic!("{status}: {said}"));
    Town::at(repo, server).await
}

async fn takes_nothing(town: &Town, fill: impl FnOnce(&Server) -> Full) {
    town.stage("t1").await;
    let waiting = town.order("stage red t2", "awaiting_confirm").await;
    let hold = town.order("hold green t9", "running").await;
    let full = fill(&town.server);
    let (taken, refused) = until_full(town, "long").await;
    unavailable(&refused);
    full.stay();
    unavailable(&pressed(&town.you, &waiting, "confirm").await);
    let called = town.you.post("calls", &json!({ "order": "stage blue t3" })).await.expect("an answer");
    unavailable(&called);
    assert_eq!(town.effects_of(&waiting), 0, "what is not recorded does not run");
    let there = town.you.all(MESSAGES).await.expect("reading goes on");
    holds(&there, &taken);
    // The run ends meanwhile; its end is written when there is room.
    sleep(Duration::from_secs(3)).await;

    full.lift();
    let until = Instant::now() + Duration::from_secs(10);
    while town.you.say("room again", "room again").await.expect("an answer").status != 201 {
        assert!(Instant::now() < until, "it goes on once there is room");
        sleep(Duration::from_millis(50)).await;
    }
    good(&pressed(&town.you, &waiting, "confirm").await);
    assert_eq!(town.end(&waiting).await["state"], "succeeded");
    assert_eq!(town.effects_of(&waiting), 1);
    assert_eq!(town.end(&hold).await["state"], "succeeded");
    assert_eq!(town.effects_of(&hold), 1);
    let there = town.you.all(MESSAGES).await.expect("an answer");
    holds(&there, &taken);
    assert_eq!(there.iter().filter(|message| message["text"] == "room again").count(), 1);
    let verified = server::wilco(&town.repo, &["audit", "verify"]).output().await.expect("a process");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// Says long things, then ever shorter ones, until nothing fits any more: what was taken, and the last refusal.
async fn until_full(town: &Town, word: &str) -> (Vec<Value>, Answer) {
    let (mut taken, mut words) = (Vec::new(), 10_000);
    for n in 0..500 {
        let text = format!("{n} {}", format!("{word} ").repeat(words));
        let said = town.you.say(&text, &format!("{word} {n}")).await.expect("an answer");
        match said.status {
            201 => taken.push(said.body),
            // More than the door takes at once; the disk is what is asked for.
            429 => sleep(Duration::from_millis(100)).await,
            _ if words > 0 => {
                unavailable(&said);
                words /= 4;
            }
            _ => return (taken, said),
        }
    }
    panic!("the disk never was full")
}

fn unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer}");
    let told = answer.body["detail"].as_str().or(answer.body["text"].as_str()).unwrap_or_default();
    assert!(told.contains("written") && told.contains("nothing was"), "{answer}");
}

fn holds(there: &[Value], taken: &[Value]) {
    for said in taken {
        let found = there.iter().find(|message| message["id"] == said["id"]);
        assert_eq!(found.map(|message| &message["text"]), Some(&said["text"]), "acknowledged");
    }
}

#[tokio::test]
async fn a_start_waits_for_another_program_a_moment_and_then_says_so() {
    let mut town = Town::new().await;
    town.stop().await;
    let options = SqliteConnectOptions::new().filename(town.repo.path("wilco.db"));
    let mut other: SqliteConnection = options.connect().await.expect("the database");
    let transaction = other.begin_with("BEGIN IMMEDIATE").await.expect("the write lock");
    let said = refusal(&town.repo).await;
    assert!(said.contains("wilco.db") && said.contains("locked"), "{said}");
    let give_back = async {
        sleep(Duration::from_millis(500)).await;
        transaction.rollback().await.expect("given back");
    };
    let (server, ()) = futures_util::future::join(up(&town.repo), give_back).await;
    town.server = server;
    town.stage("t1").await;
}

#[tokio::test]
async fn a_database_that_another_program_holds_is_waited_for() {
    let town = Town::new().await;
    let hold = town.order("stage red t1", "awaiting_confirm").await;
    good(&pressed(&town.you, &hold, "confirm").await);
    let options = SqliteConnectOptions::new().filename(town.repo.path("wilco.db"));
    let mut other: SqliteConnection = options.connect().await.expect("the database");
    let transaction = other.begin_with("BEGIN IMMEDIATE").await.expect("the write lock");
    let since = Instant::now();
    let hold_it = async {
        sleep(Duration::from_secs(2)).await;
        transaction.rollback().await.expect("given back");
    };
    let people = async {
        let there = town.you.all(MESSAGES).await.expect("reading goes on");
        assert!(there.iter().any(|message| message["text"] == "wilco stage red t1"));
        assert!(since.elapsed() < Duration::from_millis(1_500), "without waiting");
        // Whoever is told that it was not taken says it again, with the same key.
        loop {
            let said = town.you.say("patience", "patience").await.expect("an answer");
            if said.status == 201 {
                return;
            }
            unavailable(&said);
            assert!(since.elapsed() < Duration::from_secs(10), "it goes on");
            sleep(Duration::from_millis(50)).await;
        }
    };
    futures_util::future::join(hold_it, people).await;
    other.close().await.expect("an end");
    assert_eq!(town.end(&hold).await["state"], "succeeded");
    assert_eq!(town.effects_of(&hold), 1);
    let there = town.you.all(MESSAGES).await.expect("an answer");
    assert_eq!(there.iter().filter(|message| message["text"] == "patience").count(), 1);
}
