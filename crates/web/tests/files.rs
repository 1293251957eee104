//! Files in rooms: who sends and fetches them, what they are taken for, names from outside, limits, repeats.

use std::{sync::Arc, time::Duration};

use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use wilco_contract::{
    file::{FileId, FilesKept, MAX_FILE, PART},
    ids::Hash,
    input::Input,
    store::{AuditFilter, Batch, Page, Record},
};
use wilco_testkit::aborting_store::AbortingStore;

use crate::support::{
    Server,
    client::{Answer, Client},
    commit, empty,
};

const ROOM: &str = "/api/v1/rooms/web%3Aops";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// A value as a part of an address or header.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn send_to(client: &Client, room: &str, name: &str, bytes: &[u8]) -> Answer {
    let path = format!("{room}/files?name={}", encoded(name));
    client.send_bytes("POST", &path, Some(Bytes::copy_from_slice(bytes))).await
}

async fn send(client: &Client, name: &str, bytes: &[u8]) -> Answer {
    send_to(client, ROOM, name, bytes).await
}

/// The block of the file that a message shows.
fn shown(message: &Value) -> &Value {
    let blocks = message["blocks"].as_array().expect("blocks");
    blocks.iter().find(|block| block["type"] == "file").unwrap_or_else(|| panic!("no file: {message}"))
}

fn url(message: &Value) -> &str {
    shown(message)["url"].as_str().expect("an address")
}

async fn kept(server: &Server) -> FilesKept {
    server.store.files_kept().await.expect("a read")
}

/// Waits until what was begun and did not become whole is forgotten.
async fn nothing_stays(server: &Server) {
    for _ in 0..200 {
        if kept(server).await == FilesKept::default() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it stays: {:?}", kept(server).await);
}

#[tokio::test]
async fn a_file_is_shown_by_a_message_and_fetched_as_it_was() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    // More than a part, and no multiple of one.
    let bytes: Vec<u8> = (0..2 * PART + 7).map(|at| u8::try_from(at % 251).expect("small")).collect();
    let sent = ana.with("x-wilco-text", "look%20at%20this,%20@ben");
    let sent = send(&sent, "build.log", &bytes).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let message = sent.json();
    assert_eq!(message["text"], format!("look at this, @ben\nFile: build.log ({} bytes)", bytes.len()));
    assert_eq!(message["blocks"][0], json!({ "type": "quote", "text": "look at this, @ben" }));
    let file = shown(&message);
    assert_eq!(
        (&file["name"], &file["bytes"], &file["picture"]),
        (&json!("build.log"), &json!(bytes.len()), &json!(false))
    );
    assert_eq!(file["until"], "2026-02-04T09:00:00Z", "thirty days later");
    assert_eq!(ana.get(&format!("{ROOM}/messages")).await.json()["items"][0], message);
    let fetched = ben.get(url(&message)).await;
    assert_eq!((fetched.status, fetched.body.as_ref()), (200, bytes.as_slice()));
    for (header, value) in [
        ("content-type", "application/octet-stream"),
        ("content-disposition", "attachment; filename=\"build.log\"; filename*=UTF-8''build.log"),
        ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(fetched.header(header), value, "{header}");
    }
    assert_eq!(fetched.header("etag"), format!("\"{}\"", Hash::of(&bytes)));
    assert_eq!(fetched.header("content-length"), bytes.len().to_string());
    let head = ben.send("HEAD", url(&message), None).await;
    assert_eq!((head.status, head.body.len()), (200, 0));

    let found = ben.get(&format!("{ROOM}/search?text=BUILD.log")).await.json();
    assert_eq!(found["items"][0]["id"], message["id"], "it is found by its name");
    let entries =
        server.store.audit(&AuditFilter::default(), Page { after: 0, limit: 99 }).await.expect("entries");
    let entry = entries.iter().find(|row| row.kind == "file.sent").expect("an entry");
    assert_eq!(entry.who.as_deref(), Some("@ana"));
    let text = entry.body.as_ref().expect("a body")["text"].as_str().expect("a text").to_owned();
    let hash = Hash::of(&bytes);
    let expected = format!("`build.log`, {} bytes, application/octet-stream, sha-256 {hash}", bytes.len());
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_file_is_no_order_and_the_words_beside_it_may_be_one() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    assert_eq!(send(&ana, "wilco release webapp", b"wilco release webapp").await.status, 201);
    assert_eq!(send(&ana.with("x-wilco-text", "%20%0A"), "x", b"x").await.status, 201);
    assert!(server.store.unhandled().await.expect("the inbox").is_empty());
    assert_eq!(send(&ana.with("x-wilco-text", "wilco%20ping%201"), "x", b"x").await.status, 201);
    let waiting = server.store.unhandled().await.expect("the inbox");
    let Input::Message(heard) = &waiting[0].1 else { panic!("{waiting:?}") };
    assert_eq!((waiting.len(), heard.text.as_str()), (1, "wilco ping 1"));
    let program = server.token("ci", "order").await.with("x-wilco-text", "wilco%20ping%202");
    assert_eq!(send(&program, "x", b"x").await.status, 201);
    assert_eq!(server.store.unhandled().await.expect("the inbox").len(), 1);
}

#[tokio::test]
async fn what_it_is_taken_for_is_what_its_first_bytes_say() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let script = b"GIF89a/*<svg onload=alert(1)>*/=1;alert(1)";
    let cases: [(&str, &str, &[u8], &str); 9] = [
        ("a.png", "image/png", PNG, "image/png"),
        ("a.html", "text/html", PNG, "image/png"),
        ("a.jpg", "image/png", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.webp", "", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        // A picture with a script behind its first bytes is sent as a picture, and as nothing else.
        ("a.js", "text/javascript", script, "image/gif"),
        ("a.png", "image/png", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>", ""),
        ("a.svg", "image/svg+xml", b"<svg/>", ""),
        ("a.png", "image/png", b"<!doctype html><script>alert(1)</script>", ""),
        ("a.pdf", "application/pdf", b"%PDF-1.7", ""),
    ];
    for (name, claimed, bytes, kind) in cases {
        let sent = send(&ana.with("content-type", claimed), name, bytes).await;
        let message = sent.json();
        assert_eq!(shown(&message)["picture"], !kind.is_empty(), "{name}");
        let fetched = ana.get(url(&message)).await;
        let (kind, way) =
            if kind.is_empty() { ("application/octet-stream", "attachment;") } else { (kind, "inline;") };
        assert_eq!((fetched.header("content-type"), fetched.body.as_ref()), (kind, bytes), "{name}");
        assert!(fetched.header("content-disposition").starts_with(way), "{name}");
        assert!(
            fetched.header("content-security-policy").starts_with("sandbox; default-src 'none'"),
            "{name}"
        );
        assert_eq!(fetched.header("x-content-type-options"), "nosniff", "{name}");
    }
}

#[tokio::test]
async fn a_name_from_outside_is_a_name_and_nothing_else() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let long = "x".repeat(300) + ".txt";
    for (given, kept) in [
        ("../../x", "x"),
        ("..\\..\\x", "x"),
        ("a\r\nSet-Cookie: x", "a Set-Cookie: x"),
        ("\"><img src=x onerror=top.taken=1>", "\"><img src=x onerror=top.taken=1>"),
        ("in\u{202e}gnp.exe", "ingnp.exe"),
        ("\u{0}\u{1b}[2J", "[2J"),
        ("..", "file"),
        ("🚒 é.png", "🚒 é.png"),
        ("%2e%2e%2f", "%2e%2e%2f"),
    ] {
        let message = send(&ana, given, b"x").await.json();
        assert_eq!(shown(&message)["name"], kept, "{given:?}");
        let fetched = ana.get(url(&message)).await;
        assert_eq!(fetched.status, 200);
        assert_eq!(fetched.header("set-cookie"), "", "{given:?}");
        let way = fetched.header("content-disposition");
        assert!(way.starts_with("attachment; filename=\"") && way.matches('"').count() == 2, "{way}");
        let plain = way.split('"').nth(1).expect("a name");
        assert!(!plain.contains(['/', '\\', '<', '>']), "{plain}");
    }
    let message = send(&ana, &long, b"x").await.json();
    let name = shown(&message)["name"].as_str().expect("a name").to_owned();
    assert!(name.chars().count() == 120 && name.ends_with("….txt"), "{name}");
    ana.send_bytes("POST", &format!("{ROOM}/files"), Some(Bytes::from_static(b"x"))).await.problem(400);
    let other = format!("{ROOM}/files?name=x&kind=image/png");
    ana.send_bytes("POST", &other, Some(Bytes::from_static(b"x"))).await.problem(400);
}

#[tokio::test]
async fn only_who_may_see_the_room_sends_and_fetches() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let direct = "/api/v1/rooms/web%3A%40ana";
    let message = send_to(&ana, direct, "secret.txt", b"secret").await.json();
    let path = url(&message).to_owned();
    assert_eq!(ana.get(&path).await.text(), "secret");
    for other in [server.signed_in("kim").await, server.operator(), server.token("ci", "order").await] {
        // It is told as what is not there at all is.
        let nothing = other.get(&path).await.problem(404);
        let unknown = other.get(&format!("/api/v1/files/{}", FileId([7; 16]))).await.problem(404);
        assert_eq!(nothing["detail"], unknown["detail"]);
        send_to(&other, direct, "x", b"x").await.problem(403);
    }
    let stranger = server.client();
    stranger.get(&path).await.problem(401);
    send(&stranger, "x", b"x").await.problem(401);
    let reads = server.token("dash", "read").await;
    assert_eq!(send(&reads, "x", b"x").await.problem(403)["rule"], "scope read");
    send(&ana.without("x-csrf-token"), "x", b"x").await.problem(403);
    send(&ana.with("origin", "http://evil.example"), "x", b"x").await.problem(403);
    for site in ["cross-site", "same-site"] {
        ana.with("sec-fetch-site", site).get(&path).await.problem(403);
    }
    send_to(&ana, "/api/v1/rooms/web%3Anowhere", "x", b"x").await.problem(404);
    for odd in ["x", "..%2f..%2fetc%2fpasswd", &path.rsplit('/').next().expect("an id").to_uppercase()] {
        ana.get(&format!("/api/v1/files/{odd}")).await.problem(404);
    }
    assert_eq!(kept(&server).await.files, 1, "of what was refused nothing stays");
    let entries = server.signed_in("ben").await.get("/api/v1/audit?kind=file.").await.json();
    assert_eq!(entries["items"], json!([]), "who may not see the room does not see the name");
}

#[tokio::test]
async fn what_a_browser_keeps_is_shown_to_whoever_may_still_have_it() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let message = send_to(&ana, "/api/v1/rooms/web%3A%40ana", "x.png", PNG).await.json();
    let path = url(&message);
    let tag = ana.get(path).await.header("etag").to_owned();
    for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let same = ana.with("if-none-match", &known).get(path).await;
        assert_eq!((same.status, same.body.len()), (304, 0), "{known}");
        assert_eq!((same.header("etag"), same.header("cache-control")), (&*tag, "private, no-cache"));
        // What an answer like this says, a browser holds of what it has.
        assert!(same.header("content-security-policy").starts_with("sandbox; default-src 'none'"), "{known}");
        assert_eq!(same.header("content-type"), "image/png", "{known}");
    }
    let other = ana.with("if-none-match", "\"other\"").get(path).await;
    assert_eq!((other.status, other.body.as_ref()), (200, PNG));
    server.signed_in("kim").await.with("if-none-match", &tag).get(path).await.problem(404);
    assert_eq!(ana.delete("/api/v1/session").await.status, 204);
    ana.with("if-none-match", &tag).get(path).await.problem(401);
}

#[tokio::test]
async fn whoever_is_let_in_no_more_when_all_of_it_is_there_says_nothing() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let mut slow = begun(&server, &ana, "content-length: 10\r\nx-wilco-text: wilco%20ping").await;
    slow.write_all(b"01234").await.expect("sent");
    while kept(&server).await.files == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ana.delete("/api/v1/session").await.status, 204);
    let answer = ended(slow, b"56789").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    nothing_stays(&server).await;
    let messages = server.signed_in("ben").await.get(&format!("{ROOM}/messages")).await.json();
    assert_eq!(messages["items"], json!([]));
    assert!(server.store.unhandled().await.expect("the inbox").is_empty(), "its words may be an order");
}

fn says(batch: &Batch) -> bool {
    batch.records.iter().any(|record| matches!(record, Record::Message(_)))
}

#[tokio::test]
async fn bytes_whose_message_may_stand_stay() {
    let store = Arc::new(AbortingStore::new(empty(), None, |_| {}));
    let server = Server::start_on(store.clone()).await;
    let ana = server.signed_in("ana").await.with("idempotency-key", "k-3");
    store.lose(says);
    send(&ana, "x", b"abc").await.problem(503);
    let message = send(&ana, "x", b"abc").await;
    assert_eq!(message.status, 201, "{}", message.text());
    let message = message.json();
    // Whatever forgets them would have done so by now.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ana.get(url(&message)).await.text(), "abc");
    // Bytes that are gone before their time are not known to be the same, those that are over are told by their name.
    let id = FileId::parse(url(&message).rsplit('/').next().expect("an id")).expect("an id");
    commit(&server, "2026-01-05T09:00:00Z", Record::FileDropped(id)).await;
    send(&ana, "x", b"abc").await.problem(422);
    server.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    let ana = server.signed_in("ana").await.with("idempotency-key", "k-3");
    assert_eq!(send(&ana, "x", b"abc").await.json()["id"], message["id"]);
}

/// Begins to fetch a file, of which the system keeps but a part on its way.
async fn fetching(server: &Server, client: &Client, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut stream = socket.connect(server.address).await.expect("it listens");
    let (host, cookie) = (client.header("host"), client.header("cookie"));
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("sent");
    assert_eq!(stream.read_u8().await.expect("an answer"), b'H');
    stream
}

#[tokio::test]
async fn one_caller_has_eight_on_their_way_out() {
    let server = Server::start().await;
    let (ana, ben) = (server.signed_in("ana").await, server.signed_in("ben").await);
    let message = send(&ana, "large", &vec![7; usize::try_from(MAX_FILE).expect("a size")]).await.json();
    let path = url(&message);
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(fetching(&server, &ana, path).await);
    }
    assert_eq!(ben.get(path).await.status, 200, "others are not held up");
    // From here on time passes as soon as everybody waits.
    tokio::time::pause();
    let refused = ana.get(path).await;
    tokio::time::resume();
    assert_eq!(refused.status, 429, "{} bytes", refused.body.len());
    let refused = refused.problem(429);
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("8 files")), "{refused}");
    drop(held);
    assert_eq!(ana.get(path).await.status, 200);
}

#[tokio::test]
async fn a_repeat_by_its_key_is_the_same_message() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await.with("idempotency-key", "k-1");
    let first = send(&ana, "x.log", b"one").await;
    assert_eq!(first.status, 201);
    let again = send(&ana, "x.log", b"one").await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(kept(&server).await, FilesKept { files: 1, bytes: 3 });
    for (name, bytes) in [("x.log", &b"two"[..]), ("y.log", b"one"), ("x.log", b"longer")] {
        send(&ana, name, bytes).await.problem(422);
    }
    send(&ana.with("x-wilco-text", "words"), "x.log", b"one").await.problem(422);
    send_to(&ana, "/api/v1/rooms/web%3Adeploys", "x.log", b"one").await.problem(422);
    ana.post(&format!("{ROOM}/messages"), &json!({ "text": "x" })).await.problem(422);
    let line = json!({ "text": "File: x.log (3 bytes)" });
    ana.post(&format!("{ROOM}/messages"), &line).await.problem(422);
    let plain = server.signed_in("ana").await.with("idempotency-key", "k-line");
    assert_eq!(plain.post(&format!("{ROOM}/messages"), &line).await.status, 201);
    send(&plain, "x.log", b"one").await.problem(422);
    // A key is its speaker's own.
    let ben = server.signed_in("ben").await.with("idempotency-key", "k-1");
    assert_ne!(send(&ben, "x.log", b"one").await.json()["id"], first.json()["id"]);
    let messages = ana.get(&format!("{ROOM}/messages")).await.json();
    assert_eq!(messages["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_repeat_hangs_in_the_same_thread() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let root = ana.post(&format!("{ROOM}/messages"), &json!({ "text": "look" })).await.json();
    let root = root["id"].as_str().expect("an id");
    let below =
        ana.post(&format!("{ROOM}/messages"), &json!({ "text": "there", "thread": root })).await.json();
    let below = below["id"].as_str().expect("an id");
    let ana = ana.with("idempotency-key", "k-4");
    let say = async |more: &str| {
        ana.send_bytes("POST", &format!("{ROOM}/files?name=x{more}"), Some(Bytes::from_static(b"x"))).await
    };
    let first = say(&format!("&thread={root}")).await.json();
    for same in [root, below] {
        assert_eq!(say(&format!("&thread={same}")).await.json(), first, "{same} is in it");
    }
    say("").await.problem(422);
    say("&thread=999").await.problem(422);
}

#[tokio::test]
async fn of_two_at_once_with_one_key_and_other_bytes_one_is_said() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let more = "content-length: 4\r\nidempotency-key: k-5";
    let (one, other) = (begun(&server, &ana, more).await, begun(&server, &ana, more).await);
    while kept(&server).await.files < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let first = ended(one, b"this").await;
    assert!(first.starts_with("HTTP/1.1 201"), "{first}");
    let second = ended(other, b"that").await;
    assert!(second.starts_with("HTTP/1.1 422"), "{second}");
    let message = ana.get(&format!("{ROOM}/messages")).await.json()["items"][0].clone();
    assert_eq!(ana.get(url(&message)).await.text(), "this");
}

#[tokio::test]
async fn two_at_once_with_one_key_are_one_message() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await.with("idempotency-key", "k-2");
    let (one, other) = tokio::join!(send(&ana, "x", b"same"), send(&ana, "x", b"same"));
    assert_eq!((one.status, other.status), (201, 201), "{} {}", one.text(), other.text());
    assert_eq!(one.json()["id"], other.json()["id"]);
    for _ in 0..200 {
        if kept(&server).await.files == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", kept(&server).await);
}

#[tokio::test]
async fn it_hangs_in_a_thread_of_its_room() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let root = ana.post(&format!("{ROOM}/messages"), &json!({ "text": "look" })).await.json();
    let id = root["id"].as_str().expect("an id");
    let path = format!("{ROOM}/files?name=x&thread={id}");
    let message = ana.send_bytes("POST", &path, Some(Bytes::from_static(b"x"))).await.json();
    assert_eq!(message["thread"], id);
    for odd in ["999", "x"] {
        let path = format!("{ROOM}/files?name=x&thread={odd}");
        ana.send_bytes("POST", &path, Some(Bytes::from_static(b"x"))).await.problem(422);
    }
    for _ in 0..200 {
        if kept(&server).await.files == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("what hangs nowhere stays");
}

#[tokio::test]
async fn what_is_too_much_is_refused_and_nothing_of_it_stays() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    send(&ana, "empty", b"").await.problem(422);
    nothing_stays(&server).await;
    let most = usize::try_from(MAX_FILE).expect("a size");
    let problem = raw(&server, &ana, &format!("content-length: {}", most + 1), b"").await;
    assert!(problem.starts_with("HTTP/1.1 413") && problem.contains("at most 10 MiB"), "{problem}");
    // One that does not say how long it is, and goes on.
    let endless = raw(&server, &ana, "transfer-encoding: chunked", &chunks(most + 1)).await;
    assert!(endless.starts_with("HTTP/1.1 413"), "{endless}");
    nothing_stays(&server).await;
    let words = ana.with("x-wilco-text", &"x".repeat(8 * 1024 + 1));
    send(&words, "x", b"x").await.problem(413);
    send(&ana.with("x-wilco-text", "%ff"), "x", b"x").await.problem(400);
    // There is room for 30 MB.
    let large = vec![7; most];
    for _ in 0..2 {
        assert_eq!(send(&ana, "large", &large).await.status, 201);
    }
    let full = send(&ana, "large", &large).await.problem(507);
    assert_eq!(full["rule"], "[files] in wilco.toml");
    assert!(full["detail"].as_str().is_some_and(|text| text.contains("30 MB")), "{full}");
    assert_eq!(send(&ana, "small", b"x").await.status, 201);
    // What is over makes room, though nobody has swept it out.
    server.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    let ana = server.signed_in("ana").await;
    assert_eq!(send(&ana, "large", &large).await.status, 201);
    assert_eq!(kept(&server).await, FilesKept { files: 1, bytes: MAX_FILE });
}

fn chunks(bytes: usize) -> Vec<u8> {
    let part = vec![b'x'; 0x10000];
    let mut out = Vec::new();
    for _ in 0..bytes / part.len() + 1 {
        out.extend_from_slice(b"10000\r\n");
        out.extend_from_slice(&part);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Sends a file over a connection of its own, which may end before all was sent; the answer as it came.
async fn raw(server: &Server, client: &Client, more: &str, body: &[u8]) -> String {
    let mut stream = begun(server, client, more).await;
    let (mut from, mut to) = stream.split();
    let mut answer = Vec::new();
    // There may be an answer before all was taken.
    let _ = tokio::join!(from.read_to_end(&mut answer), to.write_all(body));
    String::from_utf8_lossy(&answer).into_owned()
}

async fn begun(server: &Server, client: &Client, more: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    let (host, cookie, proof) =
        (client.header("host"), client.header("cookie"), client.header("x-csrf-token"));
    let head = format!(
        "POST {ROOM}/files?name=x HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nx-csrf-token: {proof}\r\n\
         connection: close\r\n{more}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

/// Sends the rest, and waits for the answer.
async fn ended(mut stream: TcpStream, rest: &[u8]) -> String {
    stream.write_all(rest).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_breaks_off_or_stalls_leaves_nothing() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let mut cut = begun(&server, &ana, "content-length: 200000").await;
    cut.write_all(&vec![7; 150_000]).await.expect("sent");
    while kept(&server).await.files == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(kept(&server).await, FilesKept { files: 1, bytes: 200_000 }, "room is booked for all of it");
    drop(cut);
    nothing_stays(&server).await;
    let mut slow = begun(&server, &ana, "content-length: 10").await;
    slow.write_all(b"abc").await.expect("sent");
    while kept(&server).await.files == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // From here on time passes as soon as everybody waits.
    tokio::time::pause();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).await.expect("an answer");
    tokio::time::resume();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 504") && answer.contains("nothing of it came for 30 s"), "{answer}");
    nothing_stays(&server).await;
    let messages = ana.get(&format!("{ROOM}/messages")).await.json();
    assert_eq!(messages["items"], json!([]));
}

#[tokio::test]
async fn one_sender_has_two_on_their_way_and_twenty_in_a_burst() {
    let server = Server::start().await;
    let ana = server.signed_in("ana").await;
    let held =
        [begun(&server, &ana, "content-length: 10").await, begun(&server, &ana, "content-length: 10").await];
    while kept(&server).await.files < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    send(&ana, "third", b"x").await.problem(429);
    assert_eq!(send(&server.signed_in("ben").await, "x", b"x").await.status, 201, "others are not held up");
    drop(held);
    let mut taken = 0;
    let refused = loop {
        let answer = send(&ana, "x", b"x").await;
        if answer.status == 201 {
            taken += 1;
        } else if answer.text().contains("12 files in a minute") {
            break answer;
        }
    };
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|secs| (1..=6).contains(&secs)));
    assert!((10..=17).contains(&taken), "{taken} of what was left of twenty");
}

#[tokio::test]
async fn it_is_there_after_a_restart_until_its_time_is_over() {
    let store = empty();
    let first = Server::start_on(store.clone()).await;
    let message = send(&first.signed_in("ana").await, "x.txt", b"abc").await.json();
    first.stop().await;
    let server = Server::start_on(store).await;
    let month = 30 * 24 * 60 * 60;
    assert_eq!(server.signed_in("ana").await.get(url(&message)).await.text(), "abc");
    server.clock.advance(Duration::from_secs(month - 1));
    let ana = server.signed_in("ana").await;
    assert_eq!(ana.get(url(&message)).await.text(), "abc");
    server.clock.advance(Duration::from_secs(1));
    let over = ana.get(url(&message)).await.problem(404);
    assert_eq!(over["detail"], "There is no such file, or not any more: a file is kept for 30 days.");
}
