//! Files that are not what they should be, and other programs in the way.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
    time::Duration,
};

use sqlx::{Connection, Executor};
use wilco_contract::{
    event::{Arrived, Payload},
    ids::{Hash, Seq},
    store::{Journal, Record, Rooms, Store, StoreError, When},
};
use wilco_store_sql::{Durability, OpenError, Options, SqliteStore, verify::verify};
use wilco_testkit::store_suite::samples::{batch, event, message, read};

use crate::home::{Home, parts};

#[tokio::test]
async fn a_second_open_names_the_first() {
    let home = Home::new();
    let store = home.open().await;
    let error = home.try_open().await.err().expect("only one writes");
    assert!(matches!(error, OpenError::Held { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.contains(&format!("process {}", std::process::id())) && said.contains("Stop that one"),
        "{said}"
    );
    // The first one did not notice, and reading is free to all.
    store.commit(batch([read("a")]), When::Now).await.expect("a commit");
    let reader = SqliteStore::open_read_only(&home.path()).await.expect("a reader");
    assert_eq!(reader.head().await.map(|head| head.seq), Ok(Seq(1)));
    let refused = reader.commit(batch([read("b")]), When::Now).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    store.close().await.expect("an end");
    home.open().await;
}

#[tokio::test]
async fn another_program_in_a_transaction_is_named_and_waited_for() {
    let home = Home::new();
    let store = home.open().await;
    let mut tool = home.tool().await;
    tool.execute("BEGIN IMMEDIATE").await.expect("a transaction");
    store.commit(batch([read("soon")]), When::Soon).await.expect("room");
    let answer = store.commit(batch([read("now")]), When::Now).await;
    let Err(StoreError::Unavailable(what)) = answer else { panic!("{answer:?}") };
    assert!(what.contains("another program has locked the database"), "{what}");
    assert!(store.flush().await.is_err(), "what was committed before is not safe");
    tool.execute("ROLLBACK").await.expect("an end");
    store.commit(batch([read("later")]), When::Now).await.expect("a commit");
    let bodies: Vec<_> =
        store.sealed(wilco_contract::store::Page { after: 0, limit: 9 }).await.expect("records");
    let said: Vec<_> = ["soon", "later"]
        .iter()
        .zip(&bodies)
        .map(|(text, record)| record.body.as_ref().is_some_and(|body| body.contains(text)))
        .collect();
    assert_eq!(
        (bodies.len(), said),
        (2, vec![true, true]),
        "what was refused is not there, the rest is, in order"
    );
    verify(&store, &[]).await.expect("a whole journal");
}

#[tokio::test]
async fn a_file_that_was_cut_is_named() {
    // Nothing of it, parts of it, and all but the end of the last page.
    let cuts: [fn(u64) -> u64; 4] = [|_| 0, |bytes| bytes / 3, |bytes| bytes / 10 * 9, |bytes| bytes - 10];
    for cut in cuts {
        let home = Home::new();
        let store = home.open().await;
        for _ in 0..20 {
            store
                .commit(batch([Record::Message(message("web:ops", &"x".repeat(9_000)))]), When::Now)
                .await
                .expect("a commit");
        }
        store.close().await.expect("an end");
        let bytes = fs::metadata(home.path()).expect("a file").len();
        let kept = cut(bytes);
        fs::File::options().write(true).open(home.path()).expect("the file").set_len(kept).expect("a cut");
        let error = home.try_open().await.err().expect("what is missing is noticed");
        assert!(matches!(error, OpenError::Damaged { .. }), "{kept}: {error}");
        assert!(error.to_string().contains("Restore a backup"), "{error}");
        let error =
            SqliteStore::open_read_only(&home.path()).await.err().expect("what is missing is noticed");
        assert!(matches!(error, OpenError::Damaged { .. }), "{kept}: {error}");
    }
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_told_to_the_reader() {
    let home = Home::new();
    let store = home.open().await;
    for _ in 0..20 {
        store
            .commit(batch([Record::Message(message("web:ops", &"x".repeat(9_000)))]), When::Now)
            .await
            .expect("a commit");
    }
    store.close().await.expect("an end");
    let mut bytes = fs::read(home.path()).expect("the file");
    // All but the first page, which has the schema's first entries.
    let start = bytes.len() / 2;
    bytes[start..].fill(0xff);
    fs::write(home.path(), bytes).expect("a write");
    let error = match home.try_open().await {
        Err(error) => error.to_string(),
        Ok(store) => {
            let found = store
                .messages(&message("web:ops", "").place, wilco_contract::store::Page { after: 0, limit: 99 })
                .await;
            assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
            verify(&store, &[]).await.expect_err("a damaged journal").to_string()
        }
    };
    assert!(error.contains("damaged"), "{error}");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_left_alone() {
    let home = Home::new();
    let text =
        b"dear diary, this is no database, but it is long enough to have a header of a hundred bytes or more"
            .repeat(9);
    fs::write(home.path(), &text).expect("a write");
    let error = home.try_open().await.err().expect("a text file is refused");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert_eq!(fs::read(home.path()).expect("the file"), text);

    let home = Home::new();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(home.path()).create_if_missing(true);
    let mut other = sqlx::ConnectOptions::connect(&options).await.expect("a database");
    other.execute("CREATE TABLE diary (entry TEXT)").await.expect("a table");
    other.close().await.expect("an end");
    for error in [home.try_open().await.err(), SqliteStore::open_read_only(&home.path()).await.err()] {
        let error = error.expect("another program's database is refused");
        assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    }
}

#[tokio::test]
async fn nothing_is_made_by_reading() {
    let home = Home::new();
    let error = SqliteStore::open_read_only(&home.path()).await.err().expect("there is none");
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(!home.path().exists());
    let folder = home.path().parent().expect("a folder").to_owned();
    let error = SqliteStore::open_read_only(&folder).await.err().expect("a folder is none");
    assert!(error.to_string().contains("it is a folder"), "{error}");
}

#[tokio::test]
async fn a_start_that_was_cut_short_leaves_no_half_database() {
    let home = Home::new();
    let half = home.path().with_file_name("wilco.db.new");
    fs::write(&half, b"half").expect("a write");
    let store = home.open().await;
    store.commit(batch([read("a")]), When::Now).await.expect("a commit");
    assert!(!half.exists());
}

#[tokio::test]
async fn what_people_said_is_for_nobody_else() {
    let home = Home::new();
    let store = home.open().await;
    store.commit(batch([read("a")]), When::Now).await.expect("a commit");
    for name in ["wilco.db", "wilco.db-wal", "wilco.db-shm"] {
        let mode = fs::metadata(home.path().with_file_name(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

/// How the parent tells this same test, run as a user without rights, where the database is.
const PATH: &str = "database=";

#[tokio::test]
async fn a_database_that_may_not_be_written_is_refused() {
    if let Some(path) = std::env::args().find_map(|arg| arg.strip_prefix(PATH).map(str::to_owned)) {
        return refused_for_reading_only(Path::new(&path)).await;
    }
    let home = Home::new();
    let store = home.open().await;
    store.commit(batch([read("a")]), When::Now).await.expect("a commit");
    store.close().await.expect("an end");
    let folder = home.path().parent().expect("a folder").to_owned();
    fs::remove_file(home.path().with_file_name("wilco.db.lock")).expect("the lock file");
    let modes = |file, place| {
        fs::set_permissions(home.path(), fs::Permissions::from_mode(file)).expect("a mode");
        fs::set_permissions(&folder, fs::Permissions::from_mode(place)).expect("a mode");
    };
    // The folder alone, then the file alone.
    for (file, place) in [(0o444, 0o555), (0o444, 0o777)] {
        modes(file, place);
        if fs::File::options().write(true).open(home.path()).is_err() {
            refused_for_reading_only(&home.path()).await;
        } else {
            // To root every mode is open, so this test runs again as nobody.
            again_as_nobody(&home.path());
        }
    }
    modes(0o644, 0o755);
}

fn again_as_nobody(database: &Path) {
    // Nobody may not be allowed to enter the folder where this program was built.
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let program = folder.path().join("again");
    fs::copy(std::env::current_exe().expect("this program"), &program).expect("a copy");
    let output = Command::new(program)
        .args(["--exact", "trouble::a_database_that_may_not_be_written_is_refused"])
        .arg(format!("{PATH}{}", database.display()))
        .uid(65_534)
        .gid(65_534)
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn refused_for_reading_only(path: &Path) {
    let options = Options { path: path.to_owned(), durability: Durability::Full };
    let error = SqliteStore::open(&options, parts()).await.err().expect("it cannot be written");
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
    assert!(error.to_string().contains("Let the user that Wilco runs as write"), "{error}");
    let reader = SqliteStore::open_read_only(path).await.expect("reading is allowed");
    assert_eq!(verify(&reader, &[]).await.map(|verified| verified.records), Ok(1));
}

#[tokio::test]
async fn a_queue_that_is_full_is_said_to_be() {
    let home = Home::new();
    let store = home.open().await;
    let mut tool = home.tool().await;
    tool.execute("BEGIN IMMEDIATE").await.expect("a transaction");
    let fill = async {
        let mut taken = 0u64;
        loop {
            let many = batch((0..500).map(|_| read("x")));
            match store.commit(many, When::Soon).await {
                Ok(_) => taken += 500,
                Err(error) => return (taken, error),
            }
        }
    };
    let (taken, error) = tokio::time::timeout(Duration::from_secs(30), fill).await.expect("an end");
    assert_eq!(taken, 20_000);
    let said = error.to_string();
    assert!(said.contains("20000 records wait") && said.contains("locked"), "{said}");
    tool.execute("ROLLBACK").await.expect("an end");
    store.commit(batch([read("last")]), When::Now).await.expect("a commit");
    assert_eq!(store.head().await.map(|head| head.seq), Ok(Seq(20_001)), "none of what was taken is lost");
}

#[tokio::test]
async fn large_payloads_fill_the_queue_too() {
    let home = Home::new();
    let store = home.open().await;
    let mut tool = home.tool().await;
    tool.execute("BEGIN IMMEDIATE").await.expect("a transaction");
    // What is drawn like this does not get smaller: 3 MB stay 3 MB.
    let body: Vec<u8> = (0..94_000u32).flat_map(|number| Hash::of(&number.to_be_bytes()).0).collect();
    let payload = Payload::pack(&body);
    let mut taken = 0u64;
    let fill = async {
        loop {
            let event = event("github", &format!("{taken}"));
            let arrived = Arrived { event, payload: Some(payload.clone()) };
            match store.commit(batch([Record::Event(Box::new(arrived))]), When::Soon).await {
                Ok(_) => taken += 1,
                Err(error) => return error,
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(30), fill).await.expect("an end");
    assert_eq!(taken, 11, "32 MiB");
    assert!(error.to_string().contains("11 records wait"), "{error}");
    tool.execute("ROLLBACK").await.expect("an end");
    store.flush().await.expect("it is written in groups of 8 MiB");
    assert_eq!(verify(&store, &[]).await.map(|verified| verified.payloads), Ok(11));
}
