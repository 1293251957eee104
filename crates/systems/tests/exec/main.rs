//! `exec.run` against real processes: good programs, bad ones, kills and restarts.
//!
//! The guard has to be an executable of its own. Here it is this one: started with `guard` it is the guard, with
//! `program` one of the programs that are run, with `wilco` a Wilco that is to be killed.

#![expect(clippy::print_stdout, reason = "a test runner and the programs it runs speak on standard output")]

mod bench;
mod ends;
mod programs;
mod restarts;
mod shapes;

use std::{
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

/// A test: its name and what it does.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.first().and_then(|word| word.to_str()) {
        Some("guard") => std::process::exit(wilco_systems::host::guard::run()),
        Some("program") => {
            programs::main(&args[1..]);
            ExitCode::SUCCESS
        }
        Some("wilco") => {
            restarts::wilco(&args[1]);
            ExitCode::SUCCESS
        }
        _ => run_all(&args),
    }
}

/// Runs all tests whose name contains the given word, side by side, as each waits for processes most of its time.
fn run_all(args: &[OsString]) -> ExitCode {
    let words: Vec<_> =
        args.iter().filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-')).collect();
    let meant = |test: &&Test| words.is_empty() || words.iter().any(|word| test.0.contains(word));
    let tests: Vec<_> = [ends::TESTS, restarts::TESTS, shapes::TESTS].concat();
    let chosen: Vec<_> = tests.iter().filter(meant).collect();
    println!("\nrunning {} tests", chosen.len());
    let failed = std::thread::scope(|scope| {
        let running: Vec<_> = chosen
            .iter()
            .map(|(name, test)| (name, scope.spawn(move || catch_unwind(AssertUnwindSafe(test)).is_ok())))
            .collect();
        let mut failed = 0;
        for (name, test) in running {
            let passed = test.join().unwrap_or(false);
            println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
            failed += usize::from(!passed);
        }
        failed
    });
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let passed = chosen.len() - failed;
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out\n",
        tests.len() - chosen.len()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
