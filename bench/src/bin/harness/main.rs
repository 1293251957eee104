//! Drives one system under test through a real IRC server and its HTTP port, and prints one JSON line per repeat.
//!
//! Plain blocking sockets and threads, so that the harness costs little beside what it measures. See `README.md`.

mod disk;
mod hooks;
mod http;
mod irc;
mod matching;
mod options;
mod orders;
mod process;
mod run;
mod trouble;
mod watch;

use std::collections::HashMap;

use crate::options::{Options, Outcome, Row};

fn num(x: f64) -> String {
    if x.is_nan() {
        "null".into()
    } else if x == x.trunc() && x.abs() < 1e12 {
        format!("{x:.0}")
    } else {
        format!("{x:.4}")
    }
}
fn main() {
    let mut a = std::env::args().skip(1);
    let measure = a.next().unwrap_or_default();
    let mut m = HashMap::new();
    while let Some(k) = a.next() {
        let Some(k) = k.strip_prefix("--").map(str::to_string) else {
            eprintln!("what is '{k}'?");
            std::process::exit(2)
        };
        let v = a.next().unwrap_or_else(|| {
            eprintln!("--{k} wants a value");
            std::process::exit(2)
        });
        m.insert(k, v);
    }
    let o = Options(m);
    let f: fn(&Options) -> Outcome<Row> = match measure.as_str() {
        "disk" => disk::disk,
        "start" => orders::start,
        "latency" => orders::latency,
        "flood" => orders::flood,
        "match" => matching::matching,
        "hook-latency" => hooks::hook_latency,
        "hook-flood" => hooks::hook_flood,
        "kill" => trouble::kill,
        "outage" => trouble::outage,
        _ => {
            eprintln!("measures: disk start latency flood match hook-latency hook-flood kill outage");
            std::process::exit(2)
        }
    };
    let name = o.text("name", "sut");
    let told = o.text("as", &measure);
    let mut bad = false;
    for i in 0..o.number("repeat", 1) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("0").to_string();
        let head = format!(
            "{{\"system\":\"{name}\",\"measure\":\"{told}\",\"listeners\":{},\"run\":{i},\"load1\":{load}",
            o.number("listeners", 0)
        );
        match f(&o) {
            Ok(row) => println!(
                "{head},{}}}",
                row.iter().map(|(k, v)| format!("\"{k}\":{}", num(*v))).collect::<Vec<_>>().join(",")
            ),
            Err(e) => {
                bad = true;
                println!("{head},\"error\":{:?}}}", e)
            }
        }
    }
    std::process::exit(bad as i32)
}
