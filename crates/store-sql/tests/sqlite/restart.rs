//! The end of a process, wanted or not: nothing acknowledged is lost.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use wilco_contract::{
    ids::Seq,
    operation::State,
    store::{AuditFilter, Journal, Operations, Page, Record, Rooms, Store, StoreError, When},
};
use wilco_store_sql::{Durability, Options, SqliteStore, verify::verify};
use wilco_testkit::store_suite::samples::{batch, message, moved, op_id, place, planned, read};

use crate::home::{Home, parts};

const ALL: Page = Page { after: 0, limit: 100_000 };
/// How the parent tells this same test, run in a child, that it is the one to write and be killed.
const WRITE: &str = "write-until-killed=";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    if let Some(path) = std::env::args().find_map(|arg| arg.strip_prefix(WRITE).map(str::to_owned)) {
        write_until_killed(Path::new(&path)).await;
    }
    let home = Home::new();
    let mut told: Vec<(u64, String)> = Vec::new();
    for round in 0..4 {
        let mut child = spawn(&home.path());
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        // Each round is cut off at another moment.
        let acknowledged = lines.map_while(Result::ok).filter_map(|line| {
            let (seq, text) = line.strip_prefix("told ")?.split_once(' ')?;
            Some((seq.parse().ok()?, text.to_owned()))
        });
        told.extend(acknowledged.take(60 + 37 * round));
        child.kill().expect("a kill");
        child.wait().expect("its end");
    }
    assert_eq!(told.len(), 4 * 60 + 37 * 6, "each child wrote until it was killed");
    let store = home.open().await;
    let verified = verify(&store, &[]).await.expect("a whole journal");
    assert!(verified.records >= told.len() as u64 && verified.operations > 0, "{verified:?}");
    let records = store.sealed(ALL).await.expect("records");
    for (seq, text) in told {
        let record = &records[usize::try_from(seq).expect("a small number") - 1];
        assert!(record.body.as_ref().is_some_and(|body| body.contains(&text)), "{seq} is not `{text}`");
    }
    store.close().await.expect("an end");
}

fn spawn(database: &Path) -> Child {
    let program = std::env::current_exe().expect("this program");
    Command::new(program)
        .args(["--exact", "restart::what_was_acknowledged_survives_a_kill", "--nocapture"])
        .arg(format!("{WRITE}{}", database.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child")
}

/// Several tasks commit and say what was acknowledged, until the process is ended.
async fn write_until_killed(path: &Path) -> ! {
    let options = Options { path: path.to_owned(), durability: Durability::Process };
    let store = Arc::new(SqliteStore::open(&options, parts()).await.expect("a store"));
    let begin = store.head().await.expect("a head").seq.0;
    let write = async |task: u64| {
        for turn in 0u64.. {
            let text = format!("{begin}/{task}/{turn}");
            let (operation, begun) = planned(begin * 1_000 + task * 100_000 + turn, None);
            let records = [begun, moved(operation, State::Queued).1, read(&text)];
            store.commit(batch([read("noise")]), When::Soon).await.expect("room");
            let last = store.commit(batch(records), When::Now).await.expect("a commit").expect("a number");
            writeln!(std::io::stdout(), "told {last} {text}").expect("a parent that reads");
        }
    };
    futures_util::future::join3(write(0), write(1), write(2)).await;
    unreachable!("the tasks go on until the process is killed")
}

#[tokio::test]
async fn a_dropped_store_still_writes_what_waited() {
    let home = Home::new();
    let store = home.open().await;
    assert_eq!(store.commit(batch([read("now")]), When::Now).await, Ok(Some(Seq(1))));
    store.commit(batch([read("soon")]), When::Soon).await.expect("room");
    drop(store);
    // Opening waits for the writer that still holds the lock.
    let store = home.open().await;
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(2)));
}

#[tokio::test]
async fn closing_writes_all_and_then_refuses() {
    let home = Home::new();
    let store = home.open().await;
    for number in 0..2_500 {
        store.commit(batch([read(&number.to_string())]), When::Soon).await.expect("room");
    }
    store.close().await.expect("an end");
    let refused = store.commit(batch([read("late")]), When::Now).await;
    assert_eq!(refused, Err(StoreError::Unavailable("the store is closed".into())));
    store.close().await.expect("a second end is none");
    let log = home.path().with_file_name("wilco.db-wal");
    assert!(!log.exists(), "the last one out takes the log with it");
    let store = home.open().await;
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(2_500)));
    assert_eq!(store.audit(&AuditFilter::default(), ALL).await.map(|rows| rows.len()), Ok(2_500));
}

#[tokio::test]
async fn numbers_and_states_go_on_after_a_restart() {
    let home = Home::new();
    let store = home.open().await;
    let (operation, begun) = planned(1, None);
    let records = [begun, Record::Message(message("web:ops", "hello"))];
    assert_eq!(store.commit(batch(records), When::Now).await, Ok(Some(Seq(2))));
    store.close().await.expect("an end");
    let store = home.open().await;
    assert_eq!(store.operation(&op_id(1)).await, Ok(Some(operation.clone())));
    let more = [moved(operation, State::Queued).1, planned(2, None).1];
    assert_eq!(store.commit(batch(more), When::Now).await, Ok(Some(Seq(4))));
    let all = store.operations(&[], ALL).await.expect("operations");
    assert_eq!(all.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.messages(&place("web:ops"), ALL).await.map(|found| found.len()), Ok(1));
    verify(&store, &[]).await.expect("a whole journal");
}
