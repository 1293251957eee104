//! Somebody changes the stored log after a story: `wilco audit verify` ends with 1 and names what it was.
//!
//! Not every way to change a row: the store's own tests have those. Here the program and its checkpoints are asked.

use std::{fs, path::Path};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection,
    sqlite::SqliteConnectOptions,
};
use wilco_contract::{
    chain::{Head, Seal},
    ids::{Hash, Seq},
};

use crate::{
    rig::{Repo, server},
    town::{Town, good, pressed},
};

/// A repo with a story in it, its server stopped; and the operation that was released.
async fn told() -> (Town, String) {
    let mut town = Town::new().await;
    town.stage("t1").await;
    let release = town.order("release red t2", "awaiting_approval").await;
    good(&pressed(&town.ana, &release, "approve").await);
    let end = town.end(&release).await;
    assert_eq!(end["state"], "succeeded");
    town.stop().await;
    (town, end["id"].as_str().expect("an id").to_owned())
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("a database")
}

async fn number(tool: &mut SqliteConnection, sql: &str) -> i64 {
    sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(tool).await.expect(sql).get(0)
}

/// What `wilco audit verify` says of a copy that was changed; it ends with 1.
async fn named(repo: &Repo, copy: &str) -> String {
    let mut verify = server::wilco(repo, &["audit", "verify"]);
    let verified = verify.env("WILCO_DATABASE", format!("sqlite:{copy}")).output().await.expect("a process");
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert_eq!(verified.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&verified.stdout));
    said
}

/// What is said of a copy in which this was changed.
async fn after(repo: &Repo, sql: &str) -> String {
    let copy = repo.path("copy.db");
    fs::copy(repo.path("wilco.db"), &copy).expect("a copy");
    let mut tool = open(&copy).await;
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut tool).await.expect(sql);
    assert!(done.rows_affected() > 0, "`{sql}` changed nothing");
    tool.close().await.expect("an end");
    named(repo, "copy.db").await
}

#[tokio::test]
async fn whatever_was_changed_is_named() {
    let (town, release) = told().await;
    let repo = &town.repo;
    let verified = server::wilco(repo, &["audit", "verify"]).output().await.expect("a process");
    assert!(verified.status.success(), "what nobody touched is whole");
    let mut tool = open(&repo.path("wilco.db")).await;
    let last = number(&mut tool, "SELECT max(seq) FROM journal").await;
    let approved = number(&mut tool, "SELECT seq FROM journal WHERE kind = 'operation.approved'").await;
    tool.close().await.expect("an end");

    let forged =
        format!("UPDATE journal SET body = replace(body, '\"ana\"', '\"you\"') WHERE seq = {approved}");
    let said = after(repo, &forged).await;
    assert!(said.contains(&format!("record {approved} was changed")), "{said}");

    let said = after(repo, &format!("DELETE FROM journal WHERE seq = {approved}")).await;
    assert!(said.contains(&format!("record {approved} is missing")), "{said}");

    let cut = last - 3;
    let said = after(repo, &format!("DELETE FROM journal WHERE seq > {cut}")).await;
    assert!(said.contains(&format!("record {} is not what the checkpoint signed", cut + 1)), "{said}");

    for change in [
        "UPDATE operations SET row = replace(row, 'release red', 'release blue')",
        "UPDATE operations SET asker = '@ana'",
        "UPDATE operations SET state = 'failed'",
    ] {
        let said = after(repo, &format!("{change} WHERE id = '{release}'")).await;
        assert!(said.contains(&release), "{change}: {said}");
    }
}

#[tokio::test]
async fn a_chain_made_anew_does_not_fit_its_checkpoints() {
    let (town, release) = told().await;
    let repo = &town.repo;
    let copy = repo.path("copy.db");
    fs::copy(repo.path("wilco.db"), &copy).expect("a copy");
    let mut tool = open(&copy).await;
    let from = number(&mut tool, "SELECT seq FROM journal WHERE kind = 'operation.approved'").await;
    let rows = sqlx::query("SELECT seq, body, salt, hash FROM journal WHERE seq >= ? ORDER BY seq");
    let rows = rows.bind(from - 1).fetch_all(&mut tool).await.expect("records");
    let hash: Vec<u8> = rows[0].get(3);
    let before = u64::try_from(from - 1).expect("a number");
    let mut seal = Seal::after(Head { seq: Seq(before), hash: Hash(hash.try_into().expect("32 bytes")) });
    // Somebody who knows the format makes another person the approver, and all that follows fit.
    for row in &rows[1..] {
        let (seq, body, salt): (i64, String, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
        let sealed = seal.next(salt.try_into().expect("16 bytes"), body.replace("\"ana\"", "\"ben\""));
        let forged = "UPDATE journal SET body = ?, commitment = ?, hash = ? WHERE seq = ?";
        let forged = sqlx::query(forged).bind(sealed.body).bind(sealed.commitment.0.to_vec());
        forged.bind(sealed.hash.0.to_vec()).bind(seq).execute(&mut tool).await.expect("a change");
    }
    let row = "UPDATE operations SET row = replace(row, '\"ana\"', '\"ben\"') WHERE id = ?";
    sqlx::query(row).bind(&release).execute(&mut tool).await.expect("a change");
    tool.close().await.expect("an end");
    let said = named(repo, "copy.db").await;
    let record =
        said.strip_prefix("record ").and_then(|rest| rest.split_once(" is not what the checkpoint signed"));
    let record: i64 = record.unwrap_or_else(|| panic!("{said}")).0.parse().expect("a number");
    assert!(record >= from, "the first checkpoint after record {from}: {said}");

    // Whoever also forges the checkpoints has no key to sign them with.
    let path = repo.path("wilco.keys/checkpoints");
    let lines = fs::read_to_string(&path).expect("checkpoints");
    let forged = lines.replace(&format!("\"seq\":{record},"), &format!("\"seq\":{},", record + 1_000));
    assert_ne!(lines, forged, "there is a checkpoint of {record}");
    fs::write(&path, forged).expect("written");
    let said = named(repo, "copy.db").await;
    assert!(said.contains("checkpoints:") && said.contains("not signed by the audit key"), "{said}");
}
