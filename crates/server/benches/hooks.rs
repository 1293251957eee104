//! Signed GitHub webhooks over HTTP into the journal, on the real binary: how many a second, at what cost.
//!
//! Not a criterion benchmark: what counts is a whole server beside its senders. It starts `wilco up` on a free port,
//! posts pull requests of about 21 kB over 16 kept connections, and prints, for both durabilities: events a second
//! until the last answer, CPU of the server an event until all are routed, and its memory. For `full` it also measures
//! fdatasync on the same disk in the same run, as no more than 16 answers can come of one.
//!
//! `script/bench hooks`, or with counts: `cargo bench -p wilco-server --bench hooks -- 100000`; `-- stored 1000000`
//! fills a database and measures how long a start on it takes.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark says what it measured, by a real clock"
)]

mod running;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use wilco_contract::ids::hex;

use self::running::Server;

/// Connections that post, each with one request outstanding.
const CONNECTIONS: usize = 16;
/// Pull requests that the events are about.
const OBJECTS: usize = 500;
/// Bytes of a body, about.
const BODY: usize = 21_000;
/// How many events are posted where nothing else is said.
const EVENTS: usize = 100_000;
const SECRET: &str = "a secret of the benchmark";

fn main() {
    // `cargo bench` says `--bench`, and `cargo test --benches` asks for nothing to be measured.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.iter().any(|arg| arg == "--test") {
        return;
    }
    if let [what, count] = args.as_slice()
        && what == "stored"
    {
        return stored(count.parse().expect("a number of events"));
    }
    let events = args.first().map_or(EVENTS, |count| count.parse().expect("a number of events"));
    let bodies = Arc::new(bodies());
    let process = flood("process", events, &bodies);
    let sync = fdatasync();
    let full = flood("full", events / 4, &bodies);
    let bound = (CONNECTIONS as f64 / sync).min(process);
    println!(
        "full: {:.0} % of min(16 / fdatasync of {:.2} ms = {:.0}/s, process)",
        full / bound * 100.0,
        sync * 1e3,
        CONNECTIONS as f64 / sync
    );
}

/// A body and its signature.
struct Signed {
    body: Vec<u8>,
    signature: String,
}

fn bodies() -> Vec<Signed> {
    (0..OBJECTS).map(|number| signed(pull_request(number))).collect()
}

fn signed(body: Vec<u8>) -> Signed {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key fits");
    mac.update(&body);
    let signature = hex(&mac.finalize().into_bytes());
    Signed { body, signature }
}

/// A pull request of GitHub's shape: the fields that are read, among many addresses that are not.
fn pull_request(number: usize) -> Vec<u8> {
    let user = |name: &str| {
        let mut user = json!({"login": name, "id": 583_231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "type": "User", "site_admin": false});
        for field in [
            "avatar",
            "html",
            "followers",
            "following",
            "gists",
            "starred",
            "subscriptions",
            "organizations",
            "repos",
            "events",
        ] {
            user[format!("{field}_url")] =
                json!(format!("https://api.github.com/users/{name}/{field}{{/gist_id}}"));
        }
        user
    };
    let repo = |name: &str| {
        let mut repo = json!({"id": 1_296_269, "name": name, "full_name": format!("acme/{name}"), "private": false, "owner": user("acme"),
            "html_url": format!("https://github.com/acme/{name}"), "description": "The web application", "default_branch": "main", "language": "Rust"});
        for field in [
            "forks",
            "keys",
            "collaborators",
            "teams",
            "hooks",
            "issue_events",
            "events",
            "assignees",
            "branches",
            "tags",
            "blobs",
            "git_tags",
            "git_refs",
            "trees",
            "statuses",
            "languages",
            "stargazers",
            "contributors",
            "subscribers",
            "commits",
            "compare",
            "merges",
            "archive",
            "downloads",
            "issues",
            "pulls",
            "milestones",
            "notifications",
            "labels",
            "releases",
            "deployments",
        ] {
            repo[format!("{field}_url")] =
                json!(format!("https://api.github.com/repos/acme/{name}/{field}{{/sha}}"));
        }
        repo
    };
    let branch = |name: &str| json!({"label": format!("acme:{name}"), "ref": name, "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "user": user("acme"), "repo": repo("webapp")});
    let mut event = json!({"action": "opened", "number": number, "pull_request": {
        "id": 1_000_000 + number, "number": number, "state": "open", "locked": false, "title": format!("Fix login {number}"),
        "user": user("ana"), "body": "It failed on a slow network.\n\nNow it waits.", "created_at": "2026-11-23T10:00:00Z",
        "updated_at": "2026-11-23T10:00:00Z", "html_url": format!("https://github.com/acme/webapp/pull/{number}"),
        "head": branch("fix"), "base": branch("main"), "assignees": [user("bo")], "requested_reviewers": [user("cy")], "labels": [],
        "draft": false, "merged": false, "additions": 40, "deletions": 12, "changed_files": 3, "commits": 4,
    }, "repository": repo("webapp"), "sender": user("ana")});
    let short = BODY.saturating_sub(event.to_string().len());
    event["pull_request"]["diff"] = json!("+ let answer = 42;\\n".repeat(short / 20));
    event.to_string().into_bytes()
}

/// Posts so many events, prints what it took, and returns how many a second were taken in.
fn flood(durability: &str, events: usize, bodies: &Arc<Vec<Signed>>) -> f64 {
    let home = tempfile::tempdir().expect("a folder");
    let server = start(home.path(), durability);
    let idle = server.cpu();
    let began = Instant::now();
    post(server.port, events, bodies);
    let seconds = began.elapsed().as_secs_f64();
    server.wait_until_quiet();
    let cpu = (server.cpu() - idle) / events as f64 * 1e6;
    println!(
        "{durability}: {:.0} events/s, {cpu:.0} µs CPU an event of {} B, {:.1} MiB after {events} events, all routed after {:.2} s",
        events as f64 / seconds,
        bodies[0].body.len(),
        server.memory(),
        began.elapsed().as_secs_f64(),
    );
    events as f64 / seconds
}

fn post(port: u16, events: usize, bodies: &Arc<Vec<Signed>>) {
    let next = Arc::new(AtomicUsize::new(0));
    let run = std::process::id();
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (next, bodies) = (next.clone(), bodies.clone());
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
                stream.set_nodelay(true).expect("no delay");
                let mut request = Vec::with_capacity(BODY + 1_000);
                let mut answer = [0; 4_096];
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= events {
                        return;
                    }
                    let Signed { body, signature } = &bodies[number % bodies.len()];
                    request.clear();
                    write!(
                        request,
                        "POST /hooks/github HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                         User-Agent: GitHub-Hookshot/7f\r\nX-GitHub-Event: pull_request\r\n\
                         X-GitHub-Delivery: {run:08x}-0000-4000-8000-{number:012x}\r\n\
                         X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    )
                    .expect("memory");
                    request.extend_from_slice(body);
                    stream.write_all(&request).expect("it is taken");
                    // The answer is short, and comes whole.
                    let read = stream.read(&mut answer).expect("an answer");
                    assert!(
                        answer[..read].starts_with(b"HTTP/1.1 200"),
                        "{}",
                        String::from_utf8_lossy(&answer[..read])
                    );
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().expect("a sender");
    }
}

/// Starts a server that takes in signed webhooks of GitHub.
fn start(home: &Path, durability: &str) -> Server {
    fs::write(home.join("secret"), SECRET).expect("a file");
    let config = format!(
        r#"
durability = "{durability}"
[source.github]
secret = {{ file = "secret" }}
to = ["web:ops"]
[[route]]
when = "event.kind == 'pull_request' and event.repo == 'acme/webapp'"
to = ["web:ops"]
[[route]]
when = "event.source == 'alertmanager' and event.severity == 'critical'"
to = ["web:ops"]
level = "loud"
[[route]]
when = "event.kind in ['issues', 'issue_comment'] and 'p1' in event.labels"
to = ["web:ops"]
[person.ana]
roles = ["admin"]
"#
    );
    Server::start(home, &config)
}

/// Seconds that one fdatasync of a small write takes here, the median of many.
fn fdatasync() -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = fs::File::create(folder.path().join("sync")).expect("a file");
    let mut times: Vec<f64> = (0..300)
        .map(|_| {
            file.write_all(&[7; 4_096]).expect("a write");
            let began = Instant::now();
            file.sync_data().expect("a sync");
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Fills a database with events, and compares a start on it with a start on an empty one.
fn stored(events: usize) {
    let bodies = Arc::new(bodies());
    let home = tempfile::tempdir().expect("a folder");
    let server = start(home.path(), "process");
    server.stop();
    let empty = starts(home.path());
    let server = start(home.path(), "process");
    let began = Instant::now();
    post(server.port, events, &bodies);
    server.wait_until_quiet();
    println!(
        "{events} events in {:.0} s, {:.1} MiB of memory",
        began.elapsed().as_secs_f64(),
        server.memory()
    );
    server.stop();
    let bytes = fs::metadata(home.path().join("wilco.db")).expect("the database").len();
    println!(
        "start: {empty:.3} s empty, {:.3} s with {events} events in {:.1} GiB",
        starts(home.path()),
        bytes as f64 / f64::from(1 << 30)
    );
}

/// The median of some starts until it is ready, in seconds.
fn starts(home: &Path) -> f64 {
    let mut times: Vec<f64> = (0..7)
        .map(|_| {
            let began = Instant::now();
            let server = start(home, "process");
            let seconds = began.elapsed().as_secs_f64();
            server.stop();
            seconds
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
