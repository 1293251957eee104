//! What a changed pack costs beside 10 000 listeners, on the real binary: start, reload, and lines that nobody hears.
//!
//! Not a criterion benchmark: what counts is a whole server. It lays out an ops repo of two packs, one with the
//! listeners and one with a command, starts `wilco up`, then changes the command and says `reload`, as often as it
//! takes for a median. The budgets are 1.5 s until it is ready, 100 ms from the word until the new command is there.
//!
//! `script/bench reload`.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark says what it measured, by a real clock"
)]

mod running;

use std::{fmt::Write as _, fs, path::Path, time::Instant};

use self::running::Server;

/// How many listeners the big pack has.
const LISTENERS: usize = 10_000;
/// How often the small pack is changed.
const RELOADS: usize = 15;
const CONFIG: &str = r#"
[person.ana]
roles = ["admin"]
[limits]
per_person = "unlimited"
[[grant]]
command = "wilco.reload"
to = ["operator"]
"#;

fn main() {
    // `cargo test --benches` asks for nothing to be measured.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    lay_out(home.path());
    let mut starts: Vec<f64> = Vec::new();
    let mut reloads: Vec<f64> = Vec::new();
    for _ in 0..5 {
        let server = Server::start(home.path(), CONFIG);
        starts.push(server.ready_after.as_secs_f64());
        server.stop();
    }
    let server = Server::start(home.path(), CONFIG);
    server.wait_until_quiet();
    let key = fs::read_to_string(home.path().join("wilco.keys/operator")).expect("the operator's key");
    let before = server.cpu();
    for number in 0..RELOADS {
        write_small(home.path(), number + 1);
        let began = Instant::now();
        order(&server, key.trim(), "reload");
        while !order(&server, key.trim(), "help hello").contains(&format!("greeting {}", number + 1)) {
            assert!(began.elapsed().as_secs() < 30, "the changed command does not come");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        reloads.push(began.elapsed().as_secs_f64());
    }
    println!(
        "{LISTENERS} listeners: ready {:.3} s after the start, one pack reloaded in {:.1} ms with {:.1} ms of CPU, {:.1} MiB",
        median(&mut starts),
        median(&mut reloads) * 1e3,
        (server.cpu() - before) / RELOADS as f64 * 1e3,
        server.memory(),
    );
    server.stop();
}

fn lay_out(home: &Path) {
    let mut pack = "[pack]\nname = \"many\"\nabout = \"Listens\"\n".to_owned();
    for number in 0..LISTENERS {
        let hear = match number % 4 {
            0 => format!(r"deploy service_{number}x(\d+) to (\w+)"),
            1 => format!(r"(?i)\bticket-{number}-(?<id>\d+)\b"),
            2 => format!(r"^(?:restart|reboot) host{number}\.example$"),
            _ => format!(r"(\w+) is broken in region {number}z"),
        };
        write!(pack, "[[listener]]\nid = \"l{number}\"\nhear = '{hear}'\nsay = \"heard {{{{ m[0] }}}}\"\n")
            .expect("memory");
    }
    let folder = home.join("packs/many");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("pack.toml"), pack).expect("a file");
    write_small(home, 0);
}

fn write_small(home: &Path, number: usize) {
    let folder = home.join("packs/small");
    fs::create_dir_all(&folder).expect("a folder");
    let pack = format!(
        "[pack]\nname = \"small\"\nabout = \"Greets\"\n[[command]]\nid = \"hello\"\nwords = [\"hello\"]\n\
         about = \"Says greeting {number}\"\neffect = \"read\"\n[[command.step]]\nuses = \"exec.run\"\n\
         effect = \"read\"\nwith = {{ argv = [\"true\"] }}\n"
    );
    fs::write(folder.join("pack.toml"), pack).expect("a file");
}

/// What the server answers to an order of the local operator.
fn order(server: &Server, key: &str, order: &str) -> String {
    let body = serde_json::json!({ "order": order }).to_string();
    let head = format!(
        "POST /api/v1/calls HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n",
        server.port
    );
    server.send(&head, &body).expect("an answer")
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
