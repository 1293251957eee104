//! Databases of every schema that was ever shipped open, and say the same as then.
//!
//! `versions/<schema>.sql` is a dump of one. When a schema is added, its dump is too; none is changed or taken out.

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use wilco_contract::{
    connector::DeliveryKey,
    ids::Seq,
    operation::State,
    store::{Access, Inbox, Journal, Locks, Logs, Operations, Page, Rooms},
};
use wilco_store_sql::verify::verify;
use wilco_testkit::store_suite::samples::{hash, op_id, place};

use crate::home::Home;

const DUMPS: [(u32, &str); 1] = [(1, include_str!("versions/1.sql"))];

#[tokio::test]
async fn a_database_of_every_schema_opens_with_all_its_rows() {
    for (schema, dump) in DUMPS {
        let home = Home::new();
        let options = SqliteConnectOptions::new().filename(home.path()).create_if_missing(true);
        let mut conn = options.connect().await.expect("a database");
        sqlx::raw_sql(AssertSqlSafe(dump)).execute(&mut conn).await.expect("its rows");
        conn.close().await.expect("an end");

        let store = home.open().await;
        let verified = verify(&store, &[]).await.unwrap_or_else(|error| panic!("schema {schema}: {error}"));
        assert_eq!((verified.records, verified.operations), (15, 2));
        let end = "ae9cbb03d3c09def2b92f75cd77ad1f8bf1d4bf1a291efe0f70260c87642b832";
        assert_eq!(store.head().await.expect("a head").hash.to_string(), end);
        let operation = store.operation(&op_id(1)).await.expect("a read").expect("the operation");
        assert_eq!((operation.state, operation.version), (State::Queued, 2));
        let all = Page { after: 0, limit: 99 };
        assert_eq!(store.operations(&[State::Planned], all).await.map(|found| found.len()), Ok(1));
        let said =
            store.message_by_key(&DeliveryKey("k".into())).await.expect("a read").expect("the message");
        assert_eq!((said.seq, said.text.as_str(), said.version), (Seq(4), "better", 2));
        assert_eq!(store.messages(&place("web:ops"), all).await.map(|found| found.len()), Ok(1));
        let waiting = store.unhandled().await.expect("inputs");
        assert_eq!(waiting.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>(), [7]);
        assert_eq!(store.locks().await.expect("locks")[0].key, "demo/staging");
        assert!(store.link(hash("link")).await.expect("a read").expect("the link").used_at.is_some());
        assert!(store.session(hash("session")).await.expect("a read").is_some());
        assert_eq!(store.tokens().await.expect("tokens")[0].name, "ci");
        assert_eq!(store.log(&op_id(1), all).await.map(|lines| lines.len()), Ok(2));
    }
}
