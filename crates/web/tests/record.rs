//! The record as its page reads it: from its end, by time, walked, and as a file.

use std::time::Duration;

use serde_json::{Value, json};
use wilco_contract::store::{AuditEntry, Batch, Record, When};

use crate::support::{Server, client::Client, commit, place, time, values};

fn entry(kind: &str, who: &str, text: &str, at: &str) -> Record {
    Record::Audit(AuditEntry {
        kind: kind.into(),
        who: who.into(),
        account: None,
        operation: None,
        command: None,
        place: Some(place(at)),
        text: text.into(),
        rule: None,
    })
}

/// Six reads, one an hour from nine on, every second one by ben, the last one in private.
async fn six(server: &Server) {
    for number in 0..6 {
        let who = if number % 2 == 0 { "@ana" } else { "@ben" };
        let at = if number == 5 { "web:@ben" } else { "web:ops" };
        let record = entry("order.read", who, &format!("read {number}"), at);
        commit(server, &format!("2026-01-05T{:02}:00:00Z", 9 + number), record).await;
    }
}

#[tokio::test]
async fn the_record_is_read_from_its_end_and_by_time() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    six(&server).await;
    let texts = async |query: &str| {
        let list = ana.get(&format!("/api/v1/audit?kind=order.&{query}")).await.json();
        let texts: String =
            values(&list, "text").iter().map(|text| text.trim_start_matches("read ")).collect();
        (texts, list["next"].clone())
    };
    let (first, next) = texts("latest=3").await;
    assert_eq!(first, "43", "what was said in private is left out");
    assert_eq!(texts(&format!("latest=9&before={next}")).await, ("210".into(), Value::Null));
    assert_eq!(texts("latest=9&who=@ben").await.0, "31");
    assert_eq!(texts("latest=9&who=ben").await.0, "31", "a person's bare name");
    assert_eq!(
        texts("latest=9&since=2026-01-05T10:00:00Z&until=2026-01-05T12:00:00Z").await,
        ("21".into(), Value::Null)
    );
    assert_eq!(
        texts("since=2026-01-05T10:00:00Z&until=2026-01-05T12:00:00Z").await,
        ("12".into(), Value::Null)
    );
    assert_eq!(texts("latest=9&until=2026-01-05T09:00:00Z").await.0, "");
    // In Berlin it is an hour later.
    assert_eq!(texts("latest=9&since=2026-01-05T13:30").await.0, "4");
    assert_eq!(texts("latest=9&until=2026-01-05").await.0, "");
    for bad in ["latest=2&after=1", "latest=2&limit=1", "before=2", "since=yesterday"] {
        ana.get(&format!("/api/v1/audit?{bad}")).await.problem(400);
    }
}

#[tokio::test]
async fn the_record_is_taken_along_as_lines_and_as_a_table() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    six(&server).await;
    commit(
        &server,
        "2026-01-05T16:00:00Z",
        entry("order.read", "@ana", "=cmd|' /C calc'!A0, \"x\"\nnext", "web:ops"),
    )
    .await;
    let lines = ana.get("/api/v1/audit/export?kind=order.").await;
    assert_eq!((lines.status, lines.header("content-type")), (200, "application/x-ndjson"));
    assert_eq!(lines.header("content-disposition"), "attachment; filename=\"wilco-audit.ndjson\"");
    assert_eq!(
        (lines.header("cache-control"), lines.header("x-content-type-options")),
        ("no-store", "nosniff")
    );
    let read: Vec<Value> =
        lines.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let texts: Vec<_> = read.iter().map(|entry| entry["text"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["read 0", "read 1", "read 2", "read 3", "read 4", "=cmd|' /C calc'!A0, \"x\"\nnext"]);
    assert!(read[0]["hash"].is_string() && read[0]["body"]["text"] == "read 0", "{}", read[0]);

    let table =
        ana.get("/api/v1/audit/export?format=csv&kind=order.&who=@ana&since=2026-01-05T13:00:00Z").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let text = table.text();
    let rows: Vec<_> = text.split("\r\n").collect();
    assert_eq!(rows[0], "number,at,kind,who,operation,text,hash,record");
    assert!(rows[1].contains(",2026-01-05T13:00:00Z,order.read,\"'@ana\",,read 4,"), "{}", rows[1]);
    assert!(rows[2].contains(",\"'=cmd|' /C calc'!A0, \"\"x\"\"\nnext\","), "{}", rows[2]);
    assert_eq!((rows.len(), rows[3]), (4, ""), "{text}");
    let none = ana.get("/api/v1/audit/export?until=2026-01-05T08:00:00Z").await;
    assert_eq!((none.status, none.text().as_str()), (200, ""));
    ana.get("/api/v1/audit/export?format=xml").await.problem(400);
    server.client().get("/api/v1/audit/export").await.problem(401);
}

#[tokio::test]
async fn a_long_record_is_taken_along_whole() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    for _ in 0..13 {
        let records =
            (0..100).map(|number| entry("order.read", "@ana", &format!("read {number}"), "web:ops"));
        let batch = Batch { at: time("2026-01-05T09:00:00Z"), records: records.collect() };
        server.store.commit(batch, When::Now).await.expect("it is written");
    }
    let lines = ana.get("/api/v1/audit/export?kind=order.").await.text();
    assert_eq!(lines.lines().count(), 1_300);
}

async fn walked(client: &Client) -> Value {
    loop {
        let told = client.get("/api/v1/audit/verify").await.json();
        if told["running"] == false && !told["at"].is_null() {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_record_is_walked_when_somebody_asks_and_once_a_minute_at_most() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    six(&server).await;
    let never = ana.get("/api/v1/audit/verify").await.json();
    assert_eq!((&never["running"], &never["whole"]), (&json!(false), &Value::Null));
    assert_eq!(ana.post("/api/v1/audit/verify", &json!({})).await.status, 202);
    let first = walked(&ana).await;
    let head = server.store.head().await.expect("a head");
    assert_eq!((&first["whole"], &first["broken"]), (&json!(head.seq.0), &Value::Null));
    assert_eq!(first["hash"], head.hash.to_string());
    commit(&server, "2026-01-05T16:00:00Z", entry("order.read", "@ana", "one more", "web:ops")).await;
    ana.post("/api/v1/audit/verify", &json!({})).await;
    assert_eq!(walked(&ana).await, first, "it stands for a minute");
    server.clock.advance(Duration::from_secs(61));
    ana.post("/api/v1/audit/verify", &json!({})).await;
    assert_eq!(walked(&ana).await["whole"], json!(server.store.head().await.expect("a head").seq.0));
}
