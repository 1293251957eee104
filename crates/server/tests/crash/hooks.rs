//! SIGKILL in a flood of webhooks over sixteen connections: what was answered with a 2xx is there after the restart,
//! told once, and the log is whole.
//!
//! Not the benchmark, which counts how many a second: here a server dies under them.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::JoinHandle,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    ALONE,
    rig::{Client, Repo, Server, repo::signature, server},
};

const CONNECTIONS: usize = 16;
/// How often the server is killed.
const KILLS: u32 = 3;
/// How long the room may be behind.
const BEHIND: Duration = Duration::from_secs(60);

fn repo(durability: &str) -> Repo {
    let repo = Repo::new(durability);
    repo.hear_github(
        r#"
[connector.web]
rooms = ["each", "lines"]

[[route]]
to = ["web:each"]
group = "none"

[[route]]
when = "event.kind == 'issues'"
to = ["web:lines"]
"#,
    );
    repo
}

/// Senders that post until they are told to end, over the server's deaths.
struct Flood {
    over: Arc<AtomicBool>,
    senders: Vec<JoinHandle<Vec<String>>>,
}

impl Flood {
    fn begin(port: u16) -> Self {
        let (over, numbers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let senders = (0..CONNECTIONS)
            .map(|_| {
                let (over, numbers) = (over.clone(), numbers.clone());
                std::thread::spawn(move || {
                    let mut accepted = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        // A server that is not there, or dies, is no fault: only what was answered counts.
                        let _ = one_connection(port, &over, &numbers, &mut accepted);
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    accepted
                })
            })
            .collect();
        Self { over, senders }
    }

    /// The deliveries that were answered with a 2xx.
    fn end(self) -> Vec<String> {
        self.over.store(true, Ordering::Relaxed);
        self.senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect()
    }
}

fn one_connection(
    port: u16,
    over: &AtomicBool,
    numbers: &AtomicU32,
    accepted: &mut Vec<String>,
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut answer = [0; 4_096];
    while !over.load(Ordering::Relaxed) {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let delivery = format!("00000000-0000-4000-8000-{number:012}");
        let body = json!({"action": "opened", "issue": {"number": number, "title": format!("Issue {number}"), "state": "open",
            "user": {"login": "ana"}, "updated_at": "2026-11-23T10:00:00Z"}, "repository": {"full_name": "acme/webapp", "name": "webapp"},
            "sender": {"login": "ana"}})
        .to_string();
        let signature = signature(body.as_bytes());
        write!(
            stream,
            "POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: issues\r\n\
             X-GitHub-Delivery: {delivery}\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let read = stream.read(&mut answer)?;
        if read == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&answer[..read]).into_owned();
        if text.starts_with("HTTP/1.1 200") {
            accepted.push(delivery);
        } else {
            // Only while it starts.
            assert!(text.starts_with("HTTP/1.1 503"), "{text}");
        }
    }
    Ok(())
}

async fn events(client: &Client) -> BTreeMap<String, String> {
    let all = client.all("events").await.expect("an answer");
    let pair = |event: &Value| {
        let text =
            |name: &str| event[name].as_str().unwrap_or_else(|| panic!("`{name}` of {event}")).to_owned();
        (text("delivery"), text("id"))
    };
    all.iter().map(pair).collect()
}

/// How often each event stands in the room in which each is a post of its own.
async fn told(client: &Client) -> BTreeMap<String, u32> {
    let mut told = BTreeMap::new();
    for message in client.all("rooms/web%3Aeach/messages").await.expect("an answer") {
        let event = message["event"].as_str().unwrap_or_else(|| panic!("an event: {message}"));
        *told.entry(event.to_owned()).or_default() += 1;
    }
    told
}

async fn kills(durability: &str) {
    let _alone = ALONE.lock().await;
    let repo = repo(durability);
    let mut server = Server::up(&repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"));
    let port = repo.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let flood = Flood::begin(port);
    for kill in 0..KILLS {
        sleep(Duration::from_millis(700 + 130 * u64::from(kill))).await;
        server.signal(Signal::KILL);
        server.ended().await;
        server = Server::up(&repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"));
    }
    sleep(Duration::from_millis(500)).await;
    let accepted = flood.end();
    println!("{durability}: {} accepted over {KILLS} kills", accepted.len());
    assert!(accepted.len() > 100, "the flood was one: {}", accepted.len());

    let client = Client::sign_in(&repo, server.secret()).await.expect("an answer");
    let events = events(&client).await;
    let lost: Vec<_> = accepted.iter().filter(|delivery| !events.contains_key(*delivery)).collect();
    assert!(lost.is_empty(), "{} of {} accepted are lost: {lost:?}", lost.len(), accepted.len());
    let until = Instant::now() + BEHIND;
    let told = loop {
        let told = told(&client).await;
        if told.len() >= events.len() || Instant::now() > until {
            break told;
        }
        sleep(Duration::from_millis(100)).await;
    };
    let missing: Vec<_> = events.values().filter(|event| !told.contains_key(*event)).collect();
    assert!(missing.is_empty(), "{} of {} events are told nowhere", missing.len(), events.len());
    let twice: Vec<_> = told.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "the page recognises a repeat, and yet: {twice:?}");
    everything_is_counted(&client, events.len()).await;
    server.signal(Signal::TERM);
    server.ended().await;
    let verified = server::wilco(&repo, &["audit", "verify"]).output().await.expect("an end");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// In the room with lines an event has a line, or is counted in one: none is missing, none stands twice.
async fn everything_is_counted(client: &Client, events: usize) {
    let mut counted = 0;
    for message in client.all("rooms/web%3Alines/messages").await.expect("an answer") {
        if !message["thread"].is_null() {
            continue;
        }
        let text = message["text"].as_str().expect("a text");
        let first: Option<usize> = text.split(' ').next().and_then(|word| word.parse().ok());
        counted +=
            first.filter(|_| text.contains("issues opened") || text.contains("more since")).unwrap_or(1);
    }
    assert_eq!(counted, events, "each event is in one line");
}

#[tokio::test]
async fn kills_in_a_flood_of_webhooks_lose_nothing_and_tell_nothing_twice() {
    kills("process").await;
}

#[tokio::test]
async fn kills_in_a_flood_of_webhooks_lose_nothing_in_full_durability() {
    kills("full").await;
}
