//! What `wilco init` lays out and each ops repo of `examples/` starts as it is, and does what its README says: the real
//! program, the real scripts, one order each.
//!
//! Not their transcripts, which `wilco check` plays, nor what it finds wrong with them: here is only that nothing is.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};
use wilco_server::init;

use crate::{
    rig::{Client, LOOK, Repo, Server, server::wilco},
    town::{good, pressed, up},
};

/// How long anything may take to be shown.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running copy of an ops repo, and a person who is signed in.
struct Running {
    repo: Repo,
    server: Server,
    you: Client,
}

fn examples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Copies what a repo has, without what a server left there.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name.to_string_lossy().starts_with("wilco.") && name != "wilco.toml" {
            continue;
        }
        let target = to.join(name);
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).expect("copied");
        }
    }
}

impl Running {
    /// Starts a copy of an example; only its port is another one.
    async fn example(name: &str) -> Self {
        let repo = Repo::empty();
        copy(&examples().join(name), &repo.path(""));
        Self::of(repo).await
    }

    async fn of(repo: Repo) -> Self {
        let checked = wilco(&repo, &["check"]).output().await.expect("an end");
        let report = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success() && report.lines().count() == 1, "nothing is found wrong: {report}");
        assert!(report.contains("transcript") && report.ends_with("played, all true.\n"), "{report}");
        let config = fs::read_to_string(repo.path("wilco.toml")).expect("a configuration");
        let port = repo.url().rsplit(':').next().expect("a port").to_owned();
        let own = format!("listen = \"127.0.0.1:{port}\"\n{config}");
        fs::write(repo.path("wilco.toml"), own).expect("written");
        let server = up(&repo).await;
        let you = Client::sign_in(&repo, server.secret()).await.expect("an answer");
        Self { repo, server, you }
    }

    /// Somebody else of this repo.
    async fn person(&self, name: &str) -> Client {
        Client::invited(&self.repo, name).await.expect("an answer")
    }

    /// `you` gives an order; its operation as soon as it is in this state.
    async fn order(&self, order: &str, state: &str) -> Value {
        good(&self.you.say(&format!("wilco {order}"), order).await.expect("an answer"));
        self.you.operation(order, &[state]).await.expect("an answer")
    }

    /// What `wilco run` prints for an order.
    async fn run(&self, order: &str) -> String {
        let output = wilco(&self.repo, &["run", order]).output().await.expect("an end");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{order}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Waits until a message of a room has this in it.
    async fn shows(&self, room: &str, text: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let all = self.you.all(&format!("rooms/web%3A{room}/messages")).await.expect("an answer");
            let texts: Vec<_> = all.iter().filter_map(|message| message["text"].as_str()).collect();
            if texts.iter().any(|shown| shown.contains(text)) {
                return;
            }
            assert!(Instant::now() < until, "`{text}` is not shown, but {texts:#?}");
            sleep(LOOK).await;
        }
    }

    /// Stops it, as it should end.
    async fn stop(mut self) {
        self.server.signal(rustix::process::Signal::TERM);
        let status = self.server.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.server.said());
        assert!(!self.server.said().contains("WARN"), "{}", self.server.said());
    }
}

#[test]
fn every_example_is_run_here() {
    let here = include_str!("ops_repos.rs");
    let mut count = 0;
    for entry in fs::read_dir(examples()).expect("the examples").flatten() {
        let name = entry.file_name().into_string().expect("a name");
        assert!(here.contains(&format!("Running::example(\"{name}\")")), "no test starts examples/{name}");
        let readme = fs::read_to_string(entry.path().join("README.md")).expect("a README");
        assert!(readme.lines().count() <= 30, "examples/{name}/README.md is longer than 30 lines");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[tokio::test]
async fn what_init_lays_out_opens_and_closes_a_site() {
    let repo = Repo::empty();
    init::lay_out(&repo.path("")).expect("a repo");
    let ops = Running::of(repo).await;
    assert_eq!(ops.run("site").await, "The site is open.\n");
    let operation = ops.order("site closed", "awaiting_approval").await;
    good(&pressed(&ops.person("ana").await, &operation, "approve").await);
    ops.you.operation("site closed", &["succeeded"]).await.expect("an answer");
    assert_eq!(ops.run("site").await, "The site is closed.\n");
    assert!(ops.repo.path("site.closed").exists());
    ops.order("site open", "succeeded").await;
    assert!(!ops.repo.path("site.closed").exists());
    ops.stop().await;
}

#[tokio::test]
async fn the_first_command_copies_files_when_somebody_else_said_yes() {
    let ops = Running::example("first-command").await;
    let operation = ops.order("backup packs", "awaiting_approval").await;
    assert!(!ops.repo.path("backups").exists(), "the plan only looked");
    good(&pressed(&ops.person("ana").await, &operation, "approve").await);
    ops.you.operation("backup packs", &["succeeded"]).await.expect("an answer");
    let copies: Vec<_> = fs::read_dir(ops.repo.path("backups")).expect("copies").flatten().collect();
    assert_eq!(copies.len(), 1);
    assert!(copies[0].path().join("backup/pack.toml").exists());
    ops.stop().await;
}

#[tokio::test]
async fn approvals_change_a_setting_that_nobody_changed_meanwhile() {
    let ops = Running::example("approvals").await;
    assert!(ops.run("settings billing").await.contains("retries"));
    // A lead, whom no rule keeps from it on weekends.
    let ana = ops.person("ana").await;
    let order = "set web timeout to 60";
    good(&ana.say(&format!("wilco {order}"), order).await.expect("an answer"));
    let operation = ana.operation(order, &["awaiting_confirm"]).await.expect("an answer");
    let state = ops.repo.path("state/settings.json");
    fs::create_dir_all(ops.repo.path("state")).expect("a folder");
    fs::write(&state, json!({ "web": { "timeout": "45" } }).to_string()).expect("written");
    good(&pressed(&ana, &operation, "confirm").await);
    ops.shows("ops", "What had been said yes to is void: from: 30 → 45").await;
    let operation = ana.operation(order, &["awaiting_confirm"]).await.expect("an answer");
    good(&pressed(&ana, &operation, "confirm").await);
    ana.operation(order, &["succeeded"]).await.expect("an answer");
    let settings: Value = serde_json::from_str(&fs::read_to_string(&state).expect("settings")).expect("JSON");
    assert_eq!(settings["web"]["timeout"], "60");
    ops.stop().await;
}

#[tokio::test]
async fn listeners_hear_what_nobody_said_to_wilco() {
    let ops = Running::example("listeners").await;
    good(&ops.you.say("is wilco running?", "look").await.expect("an answer"));
    ops.shows("ops", "wilco runs here").await;
    let ana = ops.person("ana").await;
    let line = "remember that the disk is \"old\"; $(rm -rf /)";
    let said = ana.post("rooms/web%3Ateam/messages", &json!({ "text": line })).await.expect("an answer");
    good(&said);
    ops.shows("ops", "noted: the disk is").await;
    let notes = fs::read_to_string(ops.repo.path("state/notes.txt")).expect("notes");
    assert_eq!(notes, "the disk is \"old\"; $(rm -rf /)\n");
    assert_eq!(ops.run("notes").await, notes);
    ops.stop().await;
}

#[tokio::test]
async fn schedules_are_listed_and_what_they_run_removes_old_files() {
    let ops = Running::example("schedules").await;
    let listed = ops.run("schedules").await;
    assert!(listed.contains("spool.nightly") && listed.contains("spool.morning"), "{listed}");
    assert!(ops.run("spool").await.starts_with("0 files in the spool"));
    let touched = Command::new("touch").args(["-d", "30 days ago"]).arg(ops.repo.path("spool/old")).status();
    assert!(touched.expect("touch").success());
    fs::write(ops.repo.path("spool/new"), "new").expect("written");
    let operation = ops.order("clean spool", "awaiting_confirm").await;
    assert_eq!(operation["plan"]["will"], json!(["remove 1 of 2 files"]));
    good(&pressed(&ops.you, &operation, "confirm").await);
    ops.you.operation("clean spool", &["succeeded"]).await.expect("an answer");
    assert!(!ops.repo.path("spool/old").exists() && ops.repo.path("spool/new").exists());
    ops.stop().await;
}

#[tokio::test]
async fn webhooks_are_told_and_run_what_the_rule_says() {
    let ops = Running::example("webhooks").await;
    let readme = fs::read_to_string(examples().join("webhooks/README.md")).expect("a README");
    let curl = readme.split("```sh\n").nth(2).and_then(|rest| rest.split("```").next()).expect("a request");
    let curl = curl.replace("http://localhost:7777", &ops.repo.url()).replace("examples/webhooks/", "");
    let sent = Command::new("sh").args(["-eu", "-c", &curl]).current_dir(ops.repo.path("")).output();
    assert_eq!(String::from_utf8_lossy(&sent.expect("a shell").stdout), r#"{"new":1,"repeated":0}"#);
    ops.shows("ops", "nightly failed").await;
    ops.you.operation("report nightly", &["succeeded"]).await.expect("an answer");
    assert!(ops.run("reports").await.contains("-nightly.txt"));
    ops.stop().await;
}

#[tokio::test]
async fn steps_ship_to_all_machines_or_to_none() {
    let ops = Running::example("steps").await;
    ops.order("ship v1", "succeeded").await;
    ops.shows("ops", "v1 is on web-1, web-2, web-3, of 1 file").await;
    fs::write(ops.repo.path("state/hosts/web-3/frozen"), "").expect("written");
    let failed = ops.order("ship v2", "failed").await;
    let why = failed["why"].as_str().expect("a reason");
    assert!(why.contains("web-3 is frozen") && why.contains("Undone: "), "{why}");
    let fleet = ops.run("fleet").await;
    assert_eq!((fleet.matches("v1 ").count(), fleet.matches("v2 ").count()), (3, 0), "{fleet}");
    // The secret reached the one program that signs, and nothing else.
    let secret = fs::read_to_string(ops.repo.path("signing.secret")).expect("a secret");
    let log = ops.you.get(&format!("operations/{}", failed["id"].as_str().expect("an id"))).await;
    assert!(!log.expect("an answer").body.to_string().contains(secret.trim()));
    ops.stop().await;
}
