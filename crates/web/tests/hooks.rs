//! Hooks: who is heard, how much of what they send is read, and what they are told.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wilco_engine::{NotTaken, Taken};

use crate::support::{Server, empty};

/// The cap of most tests.
const CAP: usize = 1_000;
/// The cap of those about long bodies.
const LONG: usize = 25 * 1024 * 1024;

/// A server with the source `github`.
async fn start() -> Server {
    let server = Server::start().await;
    server.desk.listen_to("github", CAP);
    server
}

/// A connection on which this was sent.
async fn sent(server: &Server, what: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    stream.write_all(what.as_bytes()).await.expect("written");
    stream
}

/// The head of a hook with this further header.
fn head(header: &str) -> String {
    format!("POST /hooks/github HTTP/1.1\r\nhost: x\r\n{header}\r\nconnection: close\r\n\r\n")
}

async fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A connection that is closed before all was read from it may end in a reset; what came before counts.
    let _ = read.expect("an answer in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends the rest while it reads the answer, as there may be one before all was taken.
async fn exchange(stream: &mut TcpStream, rest: &str) -> String {
    let (mut from, mut to) = stream.split();
    let mut answer = Vec::new();
    let _ = tokio::join!(from.read_to_end(&mut answer), to.write_all(rest.as_bytes()));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn whoever_sends_is_heard_under_any_name_and_told_what_was_kept() {
    let server = start().await;
    let sender = server.client().with("host", "anything.example").with("origin", "http://evil.example");
    let sender = sender.with("sec-fetch-site", "cross-site").with("X-GitHub-Event", "ping");
    server.desk.hook_with(Box::new(|_| Ok(Taken { new: 2, repeated: 1 })));
    let answer = sender.send("POST", "/hooks/github?x=1", Some("{\"a\":1}".into())).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "new": 2, "repeated": 1 })));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        (answer.header("cache-control"), answer.header("x-content-type-options")),
        ("no-store", "nosniff")
    );
    let hooked = server.desk.hooked().pop().expect("it was handed in");
    assert_eq!((hooked.source.as_str(), hooked.body.as_slice()), ("github", &b"{\"a\":1}"[..]));
    assert_eq!(hooked.received_at.to_string(), "2026-01-05T09:00:00Z");
    assert!(
        hooked.headers.contains(&("x-github-event".to_owned(), b"ping".to_vec())),
        "{:?}",
        hooked.headers
    );
}

#[tokio::test]
async fn a_source_that_is_not_there_and_another_method_are_told_apart() {
    let server = start().await;
    let sender = server.client();
    sender.send("POST", "/hooks/gitlab", Some("{}".into())).await.problem(404);
    sender.send("POST", "/hooks/github/more", Some("{}".into())).await.problem(404);
    sender.send("POST", "/hooks/", Some("{}".into())).await.problem(404);
    for method in ["GET", "PUT", "DELETE"] {
        let answer = sender.send(method, "/hooks/github", None).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        answer.problem(405);
    }
    server.desk.hook_with(Box::new(|_| Err(NotTaken::NoSuchSource)));
    sender.send("POST", "/hooks/github", Some("{}".into())).await.problem(404);
    assert_eq!(server.desk.hooked().len(), 1, "nothing else reached the engine");
}

#[tokio::test]
async fn what_is_not_taken_says_why() {
    let server = start().await;
    let sender = server.client();
    let why = || "The header `X-Hub-Signature-256` is missing.\u{202e}".to_owned();
    let told = "The header `X-Hub-Signature-256` is missing.";
    for (not_taken, status, kind, detail) in [
        (NotTaken::NotProven(why()), 401, "not-proven", told),
        (NotTaken::Unreadable(why()), 400, "malformed", told),
        (
            NotTaken::Unavailable("disk full".into()),
            503,
            "unavailable",
            "It could not be kept, and nothing of it was. Send it again.",
        ),
    ] {
        server.desk.hook_with(Box::new(move |_| Err(not_taken.clone())));
        let answer = sender.send("POST", "/hooks/github", Some("{}".into())).await;
        assert_eq!(answer.header("retry-after").is_empty(), status != 503);
        let problem = answer.problem(status);
        assert_eq!(problem["type"], format!("urn:wilco:problem:{kind}"));
        assert_eq!(problem["detail"], detail);
    }
    server.desk.hook_with(Box::new(|_| panic!("on purpose")));
    sender.send("POST", "/hooks/github", Some("{}".into())).await.problem(500);
}

#[tokio::test]
async fn before_all_is_up_a_hook_is_sent_again() {
    let server = Server::start_early(empty(), "http").await;
    server.desk.listen_to("github", CAP);
    let answer = server.client().send("POST", "/hooks/github", Some("{}".into())).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(503);
    server.ready.set();
    assert_eq!(server.client().send("POST", "/hooks/github", Some("{}".into())).await.status, 200);
}

#[tokio::test]
async fn a_body_may_be_as_long_as_its_source_says_and_not_a_byte_longer() {
    let server = start().await;
    let sender = server.client();
    assert_eq!(sender.send("POST", "/hooks/github", Some("x".repeat(CAP))).await.status, 200);
    sender.send("POST", "/hooks/github", Some("x".repeat(CAP + 1))).await.problem(413);
    // Nothing of the body is waited for.
    let answer = read(sent(&server, &head("content-length: 1001")).await).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let answer = read(sent(&server, &head("content-length: 99999999999999")).await).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    // One that does not say how long it is, is counted: 0x1f4 is half of the cap.
    let half = format!("1f4\r\n{}\r\n", "y".repeat(CAP / 2));
    let chunked = head("transfer-encoding: chunked");
    let answer = read(sent(&server, &format!("{chunked}{half}{half}0\r\n\r\n")).await).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(server.desk.hooked().pop().expect("it was handed in").body, "y".repeat(CAP).as_bytes());
    // It is told before the body has ended.
    let answer = read(sent(&server, &format!("{chunked}{half}{half}1\r\nz\r\n")).await).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(server.desk.hooked().len(), 2);
}

#[tokio::test]
async fn a_body_of_many_mebibytes_comes_whole() {
    let server = Server::start().await;
    server.desk.listen_to("github", LONG);
    let sender = server.client();
    for length in [0, 1, 64 * 1024, 64 * 1024 + 1, 256 * 1024, 256 * 1024 + 1, LONG] {
        let body: String = (0..length).map(|at| char::from(b'a' + (at % 23) as u8)).collect();
        assert_eq!(sender.send("POST", "/hooks/github", Some(body.clone())).await.status, 200);
        assert!(server.desk.hooked().pop().expect("it was handed in").body == body.as_bytes(), "{length}");
    }
    sender.send("POST", "/hooks/github", Some("x".repeat(LONG + 1))).await.problem(413);
    server.desk.hook_with(Box::new(|_| panic!("on purpose")));
    sender.send("POST", "/hooks/github", Some("x".repeat(LONG))).await.problem(500);
}

#[tokio::test]
async fn nothing_is_kept_of_a_body_that_was_cut_off() {
    let server = start().await;
    for begun in [
        format!("{}{{\"a\":", head("content-length: 10")),
        format!("{}5\r\n{{\"a\":\r\n", head("transfer-encoding: chunked")),
        format!("{}nonsense\r\n", head("transfer-encoding: chunked")),
    ] {
        let mut stream = sent(&server, &begun).await;
        stream.shutdown().await.expect("half closed");
        let answer = read(stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    assert_eq!(server.client().send("POST", "/hooks/github", Some("{}".into())).await.status, 200);
    assert_eq!(server.desk.hooked().len(), 1);
}

/// Whoever only declares a long body takes no room.
#[tokio::test]
async fn long_bodies_that_were_only_declared_keep_nobody_out() {
    let server = Server::start().await;
    server.desk.listen_to("github", LONG);
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(sent(&server, &head(&format!("content-length: {LONG}"))).await);
        silent.push(sent(&server, &format!("{}1\r\nx\r\n", head("transfer-encoding: chunked"))).await);
    }
    // Connections are taken in order, so those before are at their bodies by now.
    assert_eq!(server.client().send("POST", "/hooks/github", Some("{}".into())).await.status, 200);
    assert_eq!(server.client().send("POST", "/hooks/github", Some("x".repeat(LONG))).await.status, 200);
    tokio::time::pause();
    for stream in silent {
        let answer = read(stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(" for 10 s."), "{answer}");
    }
    assert_eq!(server.desk.hooked().len(), 2);
}

/// Five long bodies that came but for a byte take all the room there is; what is short needs none.
#[tokio::test]
async fn long_bodies_on_their_way_are_bounded_until_they_stall_and_keep_no_short_one_out() {
    let server = Server::start().await;
    server.desk.listen_to("github", LONG);
    let long = head(&format!("content-length: {LONG}"));
    // From here on time stands still while anything is under way.
    tokio::time::pause();
    let mut begun = Vec::new();
    for _ in 0..5 {
        begun.push(sent(&server, &format!("{long}{}", "x".repeat(LONG - 1))).await);
    }
    assert_eq!(server.client().send("POST", "/hooks/github", Some("{}".into())).await.status, 200);
    let mut late = sent(&server, &long).await;
    let answer = exchange(&mut late, &"x".repeat(LONG)).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 5\r\n"), "{answer}");
    assert_eq!(server.client().send("POST", "/hooks/github", Some("{}".into())).await.status, 200);
    // Room that is given back is there for the next: by one that is gone, and by those that stall.
    drop(begun.pop());
    assert_eq!(server.client().send("POST", "/hooks/github", Some("x".repeat(LONG))).await.status, 200);
    for stream in begun {
        let answer = read(stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(" for 10 s."), "{answer}");
    }
    tokio::time::resume();
    let again = (0..5).map(|_| async {
        let sender = server.client();
        sender.send("POST", "/hooks/github", Some("x".repeat(LONG))).await.status
    });
    assert_eq!(futures_util::future::join_all(again).await, [200; 5]);
    assert_eq!(server.desk.hooked().len(), 8);
}

/// Seven bodies that came for more than half hold nearly all the room, and none of them finds what it still needs.
#[tokio::test]
async fn long_bodies_that_wait_for_each_other_do_so_only_for_a_while() {
    const SENDERS: usize = 7;
    const HALF: usize = 15 * 1024 * 1024;
    let server = Server::start().await;
    server.desk.listen_to("github", LONG);
    tokio::time::pause();
    let mut begun = Vec::new();
    for _ in 0..SENDERS {
        let half = format!("{}{}", head(&format!("content-length: {LONG}")), "x".repeat(HALF));
        begun.push(sent(&server, &half).await);
    }
    let rest = "x".repeat(LONG - HALF);
    let answers =
        futures_util::future::join_all(begun.iter_mut().map(|stream| exchange(stream, &rest))).await;
    let with = |status: &str| answers.iter().filter(|answer| answer.starts_with(status)).count();
    let (kept, sent_away) = (with("HTTP/1.1 200 "), with("HTTP/1.1 503 "));
    assert_eq!((kept + sent_away, server.desk.hooked().len()), (SENDERS, kept), "{answers:?}");
    assert!(kept > 0 && sent_away > 0, "{answers:?}");
    tokio::time::resume();
    assert_eq!(server.client().send("POST", "/hooks/github", Some("x".repeat(LONG))).await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = start().await;
    let declared = sent(&server, &head("content-length: 10")).await;
    let stalled = sent(&server, &format!("{}{{\"a\":", head("content-length: 10"))).await;
    assert_eq!(server.client().send("POST", "/hooks/github", Some("{}".into())).await.status, 200);
    tokio::time::pause();
    for stream in [declared, stalled] {
        let answer = read(stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(" for 10 s."), "{answer}");
    }
    // Also one that comes, but byte by byte, has to have come in time.
    let mut slow = sent(&server, &head("content-length: 10")).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(8)).await;
        slow.write_all(b"x").await.expect("written");
    }
    let answer = read(slow).await;
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    assert_eq!(server.desk.hooked().len(), 1);
}
