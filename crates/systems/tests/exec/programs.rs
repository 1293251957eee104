//! The programs that are run: this executable, started with `program` and one of these words.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::setsid;

/// Is the program.
pub(crate) fn main(args: &[OsString]) {
    let text = |at: usize| args.get(at).and_then(|word| word.to_str()).expect("a word");
    match text(0) {
        "flood" => flood(text(1).parse().expect("a number of bytes")),
        "sleep" => sleep(),
        "away" => again(&["leave", text(1)]),
        "leave" => {
            setsid().expect("no session of its own yet");
            again(&["note", text(1)]);
        }
        // Says that it is there, from a session of its own, an orphan, and stays.
        "note" => {
            note(text(1), &std::process::id().to_string());
            sleep();
        }
        // An effect that can be counted, then some time in which it may be killed.
        "effect" => {
            note(text(1), "effect");
            println!("effect");
            std::thread::sleep(Duration::from_millis(text(2).parse().expect("milliseconds")));
            println!("end");
        }
        "chatter" => loop {
            println!("on and on");
            std::thread::sleep(Duration::from_millis(20));
        },
        other => panic!("no program `{other}`"),
    }
}

fn sleep() {
    println!("sleeping");
    loop {
        std::thread::sleep(Duration::from_secs(60));
    }
}

fn flood(bytes: usize) {
    let line = [[b'x'; 1023].as_slice(), b"\n"].concat().repeat(64);
    let mut out = std::io::stdout().lock();
    for _ in 0..bytes / line.len() {
        out.write_all(&line).expect("somebody reads");
    }
    out.write_all(b"the end\n").expect("somebody reads");
}

/// Starts this executable again and does not wait for it.
#[expect(clippy::zombie_processes, reason = "it is to be left behind")]
fn again(words: &[&str]) {
    let own = std::env::current_exe().expect("an executable");
    let mut child = Command::new(own);
    child.arg("program").args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    child.spawn().expect("a child");
}

fn note(path: &str, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
    file.write_all(format!("{text}\n").as_bytes()).expect("a file");
}
