//! Ends of the server while something runs: the run goes on and is taken up, or it is told that nobody saw its end.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    time::{Duration, Instant, sleep},
};

use crate::{
    rig::{LOOK, Repo},
    town::{Town, good, pressed, up},
};

/// Well below how long a client that hangs is waited for.
const SOON: Duration = Duration::from_secs(2);

/// An operation whose step has begun.
async fn begun(town: &Town) -> Value {
    let hold = town.order("hold red t1", "running").await;
    let until = Instant::now() + Duration::from_secs(10);
    while town.effects_of(&hold) == 0 {
        assert!(Instant::now() < until, "the step begins");
        sleep(LOOK).await;
    }
    hold
}

/// The processes that guard this repo's runs.
fn guards(repo: &Repo) -> Vec<Pid> {
    let runs = fs::read_dir(repo.path("wilco.runs")).expect("runs");
    let claims = runs.filter_map(|run| fs::read_to_string(run.expect("a run").path().join("claim")).ok());
    let guardian = |claim: String| serde_json::from_str::<Value>(&claim).ok()?["pid"].as_i64();
    claims.filter_map(guardian).filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).collect()
}

#[tokio::test]
async fn a_run_that_was_killed_with_the_server_needs_a_human_and_is_not_begun_again() {
    let mut town = Town::new().await;
    let hold = begun(&town).await;
    town.server.signal(Signal::KILL);
    let guards = guards(&town.repo);
    assert_eq!(guards.len(), 1, "one run is under way");
    kill_process(guards[0], Signal::KILL).expect("a guard of ours");
    town.server.ended().await;
    town.server = up(&town.repo).await;
    let end = town.end(&hold).await;
    assert_eq!(end["state"], "needs_human", "{end}");
    let why = end["why"].as_str().unwrap_or_default();
    assert!(why.contains("step `hold`") && why.contains("its end was not seen"), "{end}");
    town.restart().await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(town.effects_of(&hold), 1, "it is not begun again");
    let locks = town.you.post("calls", &json!({ "order": "locks" })).await.expect("an answer");
    assert!(locks.body.to_string().contains(hold["id"].as_str().expect("an id")), "its lock stays: {locks}");
}

#[tokio::test]
async fn a_client_that_hangs_holds_up_no_end() {
    let mut town = Town::new().await;
    let address = town.repo.url().replace("http://localhost", "127.0.0.1");
    let mut half = TcpStream::connect(&address).await.expect("it listens");
    half.write_all(b"POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
        .await
        .expect("sent");
    let _idle = TcpStream::connect(&address).await.expect("it listens");
    town.stop().await;
    town.server = up(&town.repo).await;
    town.stage("t1").await;
}

#[tokio::test]
async fn connections_that_were_never_used_hold_up_no_end() {
    let mut town = Town::new().await;
    // A browser opens connections ahead of need.
    let address = town.repo.url().replace("http://localhost", "127.0.0.1");
    let _unused = TcpStream::connect(&address).await.expect("it listens");
    sleep(LOOK).await;
    let since = Instant::now();
    town.stop().await;
    assert!(since.elapsed() < SOON, "it took {:?}", since.elapsed());
}

#[tokio::test]
async fn a_run_outlives_the_server_and_is_taken_up() {
    let mut town = Town::new().await;
    let hold = begun(&town).await;
    let id = hold["id"].as_str().expect("an id").to_owned();
    let you = town.you.clone();
    // A page that follows the run holds up no end.
    let (followed, ()) = futures_util::future::join(you.follow(&id), town.stop()).await;
    assert!(followed.is_err(), "the run was still under way: {followed:?}");
    town.server = up(&town.repo).await;
    let followed = town.you.follow(&id).await.expect("an answer");
    assert_eq!(followed.operation["state"], "succeeded", "{}", followed.operation);
    for word in ["began", "did"] {
        let line = format!("{word} hold for {id}");
        assert_eq!(followed.lines.iter().filter(|told| **told == line).count(), 1, "{:?}", followed.lines);
    }
    assert_eq!(town.effects_of(&hold), 1);
}

#[tokio::test]
async fn what_waits_for_people_waits_on_after_a_restart() {
    let mut town = Town::new().await;
    let stage = town.order("stage red t1", "awaiting_confirm").await;
    town.restart().await;
    let now = town.you.operation("stage red t1", &["awaiting_confirm"]).await.expect("an answer");
    assert_eq!(now["hash"], stage["hash"]);
    assert_eq!(now["expires_at"], stage["expires_at"]);
    good(&pressed(&town.you, &stage, "confirm").await);
    assert_eq!(town.end(&stage).await["state"], "succeeded");
    assert_eq!(town.effects_of(&stage), 1);
}
