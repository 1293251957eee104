//! Live streams: nothing missing, nothing twice, and an end when they should end.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use wilco_contract::{
    action::Stream,
    connector::{Connector, DeliveryKey, Outbox, Post},
    operation::{OpEvent, Operation, State},
    reply::{Block, Reply, StepMark},
    store::{Batch, LogLine, Record, When},
};
use wilco_engine::Notice;

use crate::support::{Server, client::Events, place, sample};

const OPS: &str = "/api/v1/rooms/web%3Aops/messages";
const STREAM: &str = "/api/v1/rooms/web%3Aops/stream";

async fn outbox(server: &Server) -> Arc<dyn Outbox> {
    server.connector.connect(None).await.expect("it connects").outbox
}

/// A thousand messages from four sides at once, half of them edited, read by a client that breaks off again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_off_misses_nothing_and_tells_nothing_twice() {
    const EACH: usize = 250;
    let server = Arc::new(Server::start().await);
    let ana = server.signed_in("ana").await;
    let start =
        ana.get(OPS).await.json()["stream"].as_str().expect("a cursor").parse::<u64>().expect("a number");
    let mut writers = tokio::task::JoinSet::new();
    for side in 0..4 {
        let (server, outbox) = (Arc::clone(&server), outbox(&server).await);
        writers.spawn(async move {
            for number in 0..EACH {
                let (place, key) = (place("web:ops"), DeliveryKey(format!("{side}/{number}")));
                let reply = Reply::text(format!("{side}/{number}"));
                let post = Post { place: &place, thread: None, reply: &reply, key: &key };
                let receipt = outbox.post(post).await.expect("it is posted");
                if number % 2 == 0 {
                    let reply = Reply::text(format!("{side}/{number} edited"));
                    outbox.edit(&receipt, &reply).await.expect("it is edited");
                }
                if number % 50 == 0 {
                    // Another room's news is no news here.
                    let (place, key) =
                        (self::place("web:deploys"), DeliveryKey(format!("other/{side}/{number}")));
                    let post = Post { place: &place, thread: None, reply: &reply, key: &key };
                    outbox.post(post).await.expect("it is posted");
                }
            }
            drop(server);
        });
    }
    let mut cursor = start;
    let mut latest: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut told = 0_usize;
    let whole = |latest: &BTreeMap<String, (u64, String)>| {
        latest.len() == 4 * EACH && latest.values().filter(|(version, _)| *version == 2).count() == 2 * EACH
    };
    while !whole(&latest) {
        // By address at first, and as a browser does it after that.
        let mut events = if cursor == start {
            ana.events(&format!("{STREAM}?after={start}")).await
        } else {
            ana.with("last-event-id", &cursor.to_string()).events(&format!("{STREAM}?after={start}")).await
        };
        for _ in 0..97 {
            if whole(&latest) {
                break;
            }
            let event = events.event().await;
            assert_eq!(event.name, "message");
            let id = event.id.expect("a cursor");
            assert!(id > cursor, "the cursor only grows: {id} after {cursor}");
            cursor = id;
            let message = &event.data;
            assert_eq!(message["place"], "web:ops");
            let version = message["version"].as_u64().expect("a version");
            let text = message["text"].as_str().expect("a text").to_owned();
            let before = latest.insert(message["id"].as_str().expect("an id").to_owned(), (version, text));
            assert!(before.is_none_or(|(before, _)| before < version), "{message} was told before");
            told += 1;
        }
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("the writers wrote");
    }
    assert!((4 * EACH..=6 * EACH).contains(&told), "{told}");
    for side in 0..4 {
        for number in 0..EACH {
            let end = if number % 2 == 0 { " edited" } else { "" };
            let text = format!("{side}/{number}{end}");
            assert!(latest.values().any(|(_, latest)| *latest == text), "{text} was told");
        }
    }
    // Nothing is left for who comes now.
    let mut events = ana.events(&format!("{STREAM}?after={cursor}")).await;
    ana.post(OPS, &json!({ "text": "last" })).await;
    assert_eq!(events.event().await.data["text"], "last");
}

#[tokio::test]
async fn what_is_said_between_reading_and_listening_is_told() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    ana.post(OPS, &json!({ "text": "before" })).await;
    let read = ana.get(OPS).await.json();
    ana.post(OPS, &json!({ "text": "between" })).await;
    let mut events =
        ana.events(&format!("{STREAM}?after={}", read["stream"].as_str().expect("a cursor"))).await;
    ana.post(OPS, &json!({ "text": "after" })).await;
    assert_eq!(events.event().await.data["text"], "between");
    assert_eq!(events.event().await.data["text"], "after");
}

#[tokio::test]
async fn an_edit_comes_as_the_same_message_with_its_blocks() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let mut events = ana.events(STREAM).await;
    let outbox = outbox(&server).await;
    let (place, key) = (place("web:ops"), DeliveryKey("d-0007/slot/0".into()));
    let status = |state, title: &str| Reply {
        blocks: vec![Block::Status { operation: sample::id(7), state, title: title.into() }],
    };
    let reply = status(State::Running, "release webapp");
    let post = Post { place: &place, thread: None, reply: &reply, key: &key };
    let receipt = outbox.post(post).await.expect("it is posted");
    let first = events.event().await.data;
    outbox.edit(&receipt, &status(State::Succeeded, "release webapp")).await.expect("it is edited");
    let second = events.event().await.data;
    assert_eq!(first["id"], second["id"]);
    assert_eq!((&first["version"], &second["version"]), (&json!(1), &json!(2)));
    assert_eq!(second["blocks"][0]["state"], "succeeded");
    assert_eq!(second["text"], "d-0007 succeeded: release webapp");
    assert_eq!((&second["operation"], &second["from"]["kind"]), (&json!("d-0007"), &json!("wilco")));
}

#[tokio::test]
async fn a_cursor_that_cannot_be_is_said_to_be_so() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    ana.get(&format!("{STREAM}?after=1000000")).await.problem(410);
    ana.get(&format!("{STREAM}?after=x")).await.problem(400);
    ana.with("last-event-id", "x").get(STREAM).await.problem(400);
}

#[tokio::test]
async fn a_stream_ends_with_its_session_its_token_and_its_person() {
    let server = Server::start().await;
    let (ana, ci, ben) =
        (server.signed_in("ana").await, server.token("ci", "read").await, server.signed_in("ben").await);
    let mut open: Vec<Events> = Vec::new();
    for client in [&ana, &ci, &ben] {
        open.push(client.events(STREAM).await);
    }
    let mut other = server.signed_in("kim").await.events(STREAM).await;
    assert_eq!(ana.delete("/api/v1/session").await.status, 204);
    assert_eq!(server.operator().delete("/api/v1/tokens/ci").await.status, 204);
    server.desk.remove("ben");
    // From here on only time passes, as fast as it can.
    tokio::time::pause();
    for events in &mut open {
        assert_eq!(events.next().await, None);
    }
    tokio::time::resume();
    server.operator().post(OPS, &json!({ "text": "still here" })).await;
    assert_eq!(other.event().await.data["text"], "still here", "nobody else's ends");
}

#[tokio::test]
async fn a_stream_that_is_all_that_is_left_of_a_session_ends_when_that_idles_out() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    let (mut idle, mut used) = (ana.events(STREAM).await, ben.events(STREAM).await);
    server.clock.advance(Duration::from_secs(11 * 3_600));
    assert_eq!(ben.get("/api/v1/me").await.status, 200);
    server.clock.advance(Duration::from_secs(3_600));
    tokio::time::pause();
    assert_eq!(idle.next().await, None, "an open stream is no use");
    tokio::time::resume();
    ana.get(STREAM).await.problem(401);
    server.operator().post(OPS, &json!({ "text": "still here" })).await;
    assert_eq!(used.event().await.data["text"], "still here", "what is used goes on");
}

#[tokio::test]
async fn who_listens_is_present_and_nobody_opens_streams_without_end() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let directory = server.connector.connect(None).await.expect("it connects").directory;
    assert_eq!(directory.members(&place("web:ops")).await, []);
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(ana.events(STREAM).await);
    }
    ana.get(STREAM).await.problem(429);
    let members = directory.members(&place("web:ops")).await;
    assert_eq!(members.iter().map(|account| account.as_str()).collect::<Vec<_>>(), ["web:ana"]);
    assert_eq!(directory.members(&place("web:deploys")).await, []);
    let ben = server.signed_in("ben").await;
    ben.events(STREAM).await;
}

fn line(number: u64) -> LogLine {
    LogLine {
        operation: sample::id(7),
        number,
        at: "2026-01-05T09:00:00Z".parse().expect("a time"),
        step: "ship".into(),
        stream: if number.is_multiple_of(2) { Stream::Err } else { Stream::Out },
        text: format!("line {number}\u{1b}[0m"),
    }
}

async fn write(server: &Server, number: u64) {
    let batch = Batch { at: line(number).at, records: vec![Record::Log(line(number))] };
    server.store.commit(batch, When::Soon).await.expect("it is written");
}

async fn moved(server: &Server, operation: &Operation, to: State) -> Operation {
    let mut now = operation.clone();
    let at = operation.created_at;
    let event = OpEvent::Moved { to, at, why: None, by: None, expires_at: None };
    now.apply(&event).expect("it may");
    let records = vec![Record::Operation { event, now: Arc::new(now.clone()) }];
    server.store.commit(Batch { at, records }, When::Now).await.expect("it is written");
    now
}

#[tokio::test]
async fn a_log_is_told_live_and_goes_on_where_it_was_left() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let operation = server.keep(server.operation(7)).await;
    for number in 1..=3 {
        write(&server, number).await;
    }
    let path = "/api/v1/operations/d-0007/log";
    let mut events = ana.events(path).await;
    let first = events.event().await;
    assert_eq!((first.name.as_str(), &first.data["state"]), ("operation", &json!("awaiting_approval")));
    for number in 1..=3 {
        let event = events.event().await;
        assert_eq!((event.name.as_str(), event.id), ("line", Some(number)));
        assert_eq!(event.data["text"], format!("line {number}[0m"));
    }
    // Noticed and written.
    write(&server, 4).await;
    server.desk.tell(Notice::Line(line(4)));
    assert_eq!(events.event().await.id, Some(4));
    // Written, its notice lost; the next one's number shows the gap.
    write(&server, 5).await;
    write(&server, 6).await;
    server.desk.tell(Notice::Line(line(6)));
    assert_eq!(events.event().await.id, Some(5));
    assert_eq!(events.event().await.id, Some(6));
    // The notices of others are not ours, and too many of them lose us ours.
    let mut other = line(7);
    other.operation = sample::id(8);
    write(&server, 7).await;
    for _ in 0..200 {
        server.desk.tell(Notice::Line(other.clone()));
    }
    assert_eq!(events.event().await.id, Some(7));
    // The end comes after the last line, though the last line's notice never came.
    let now = moved(&server, &operation, State::Queued).await;
    server.desk.tell(Notice::Operation(Arc::new(now.clone())));
    assert_eq!(events.event().await.data["state"], "queued");
    write(&server, 8).await;
    let now = moved(&server, &now, State::Failed).await;
    server.desk.tell(Notice::Operation(Arc::new(now)));
    assert_eq!(events.event().await.id, Some(8));
    let end = events.event().await;
    assert_eq!((end.name.as_str(), &end.data["state"]), ("operation", &json!("failed")));
    assert_eq!(end.data["steps"][0]["mark"], serde_json::to_value(StepMark::Skipped).expect("json"));

    let mut again = ana.with("last-event-id", "6").events(path).await;
    assert_eq!(again.event().await.id, Some(7));
    assert_eq!(again.event().await.id, Some(8));
    assert_eq!(again.event().await.name, "operation");
}

#[tokio::test]
async fn a_log_is_read_in_pages() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    server.keep(server.operation(7)).await;
    for number in 1..=1_200 {
        write(&server, number).await;
    }
    let mut after = 0;
    let mut read = Vec::new();
    loop {
        let list = ana.get(&format!("/api/v1/operations/d-0007/log?after={after}&limit=999")).await.json();
        let items = list["items"].as_array().expect("items");
        assert!(items.len() <= 500);
        read.extend(items.iter().map(|line| line["number"].as_u64().expect("a number")));
        match list["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(read, (1..=1_200).collect::<Vec<_>>());
    let mut events = ana.events("/api/v1/operations/d-0007/log").await;
    let mut lines = Vec::new();
    while lines.len() < 1_200 {
        lines.extend(events.event().await.id);
    }
    assert_eq!(lines, read);
}
