//! A real Prometheus with a real Alertmanager: alerts fire, are grouped, and resolve; one line tells of it.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use crate::rig::{Client, Repo, Server};

/// How long Prometheus and Alertmanager may take for one thing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that ends with the test.
struct Program(Child);

impl Program {
    fn start(name: &str, args: &[String], folder: &Path) -> Self {
        let log = fs::File::create(folder.join(format!("{name}.log"))).expect("a file");
        let child = Command::new(name).args(args).stdout(Stdio::null()).stderr(log).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("`{name}` cannot be started ({error}); `script/test` installs Debian's prometheus and prometheus-alertmanager")
        });
        Self(child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The disks of hosts that are full, as metrics that Prometheus scrapes.
#[derive(Clone, Default)]
struct Disks(Arc<Mutex<BTreeMap<&'static str, u8>>>);

impl Disks {
    fn set(&self, host: &'static str, full: bool) {
        self.0.lock().expect("the disks").insert(host, u8::from(full));
    }

    /// Answers scrapes on a port of its own.
    fn serve(&self) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let disks = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request);
                let disks = disks.0.lock().expect("the disks");
                let body: String = disks
                    .iter()
                    .map(|(host, full)| format!("disk_full{{instance=\"{host}\"}} {full}\n"))
                    .collect();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        port
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|taken| taken.local_addr()).expect("a port").port()
}

fn prometheus(folder: &Path, scraped: u16, alertmanager: u16) -> Program {
    fs::write(
        folder.join("rules.yml"),
        r#"groups:
- name: disks
  rules:
  - alert: DiskFull
    expr: disk_full == 1
    labels: { severity: warning, cluster: eu }
    annotations: { summary: "{{ $labels.instance }} has no room left", description: "Less than 1 % is free on {{ $labels.instance }}." }
"#,
    )
    .expect("written");
    let config = format!(
        r#"global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: [ rules.yml ]
alerting:
  alertmanagers:
  - static_configs: [ {{ targets: [ "127.0.0.1:{alertmanager}" ] }} ]
scrape_configs:
- job_name: disks
  honor_labels: true
  static_configs: [ {{ targets: [ "127.0.0.1:{scraped}" ] }} ]
"#
    );
    fs::write(folder.join("prometheus.yml"), config).expect("written");
    let args = [
        format!("--config.file={}", folder.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", folder.join("tsdb").display()),
        format!("--web.listen-address=127.0.0.1:{}", free_port()),
    ];
    Program::start("prometheus", &args, folder)
}

fn alertmanager(folder: &Path, port: u16, hook: &str) -> Program {
    let config = format!(
        r#"route: {{ receiver: wilco, group_by: [ alertname, cluster ], group_wait: 1s, group_interval: 2s, repeat_interval: 1h }}
receivers:
- name: wilco
  webhook_configs:
  - url: {hook}
    send_resolved: true
    http_config:
      authorization: {{ credentials: "alert secret" }}
"#
    );
    fs::write(folder.join("alertmanager.yml"), config).expect("written");
    let args = [
        format!("--config.file={}", folder.join("alertmanager.yml").display()),
        format!("--storage.path={}", folder.join("alertmanager").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=".to_owned(),
    ];
    Program::start("prometheus-alertmanager", &args, folder)
}

/// The lines of the room, and those in threads.
async fn room(client: &Client) -> (Vec<Value>, Vec<String>) {
    let all = client.all("rooms/web%3Aops/messages").await.expect("an answer");
    let (threaded, top): (Vec<_>, Vec<_>) = all.into_iter().partition(|message| !message["thread"].is_null());
    (top, threaded.iter().map(|message| message["text"].as_str().expect("a text").to_owned()).collect())
}

/// Waits until the room is so.
async fn until(client: &Client, what: &str, fits: impl Fn(&[Value], &[String]) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let (top, thread) = room(client).await;
        if fits(&top, &thread) {
            return;
        }
        assert!(Instant::now() < end, "{what} is not seen: {top:#?} {thread:#?}");
        sleep(Duration::from_millis(200)).await;
    }
}

fn says(message: &Value, parts: &[&str]) -> bool {
    let text = message["text"].as_str().unwrap_or_default();
    parts.iter().all(|part| text.contains(part))
}

#[tokio::test]
async fn alerts_fire_are_grouped_and_resolve_in_one_line() {
    let repo = Repo::new("full");
    fs::write(repo.path("alert.secret"), "alert secret\n").expect("written");
    let config = fs::read_to_string(repo.path("wilco.toml")).expect("a configuration")
        + "\n[source.alertmanager]\nsecret = { file = \"alert.secret\" }\nto = [\"web:ops\"]\n";
    fs::write(repo.path("wilco.toml"), config).expect("written");
    let server = Server::up(&repo).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"));
    let client = Client::sign_in(&repo, server.secret()).await.expect("an answer");

    let outside = tempfile::tempdir().expect("a folder");
    let disks = Disks::default();
    disks.set("db-1", true);
    disks.set("db-2", false);
    let port = free_port();
    let _alertmanager = alertmanager(outside.path(), port, &format!("{}/hooks/alertmanager", repo.url()));
    let _prometheus = prometheus(outside.path(), disks.serve(), port);

    until(&client, "the first alert", |top, _| {
        top.len() == 1 && says(&top[0], &["DiskFull", "db-1 has no room left"])
    })
    .await;
    disks.set("db-2", true);
    until(&client, "the second alert in its group", |top, thread| {
        says(&top[0], &["DiskFull", "2 firing"])
            && thread.iter().any(|line| line.contains("firing: DiskFull db-2"))
    })
    .await;
    disks.set("db-1", false);
    until(&client, "the first one's end", |top, thread| {
        says(&top[0], &["1 firing"]) && thread.iter().any(|line| line.contains("resolved: DiskFull db-1"))
    })
    .await;
    disks.set("db-2", false);
    until(&client, "the group's end", |top, _| {
        says(&top[0], &["DiskFull", "resolved"]) && !says(&top[0], &["firing"])
    })
    .await;

    let (top, thread) = room(&client).await;
    assert_eq!(top.len(), 1, "one line: {top:#?}");
    assert!(top[0]["version"].as_u64().is_some_and(|version| version >= 4), "{top:#?}");
    assert!(thread.iter().any(|line| line.contains("resolved: DiskFull db-2")), "{thread:#?}");
    let firing = thread.iter().filter(|line| line.contains("firing: DiskFull db-2")).count();
    assert_eq!(firing, 1, "what Alertmanager repeats is not told again: {thread:#?}");
}
