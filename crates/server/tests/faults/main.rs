//! Faults of the machine and of people, against the real program: a clear error, nothing lost, no effect without its yes.
//!
//! Not the ends at every commit: `tests/crash` has those.

mod alertmanager;
mod asking;
mod decisions;
mod disk;
mod durable;
mod examples;
mod flood;
mod guides;
mod liar;
mod login;
mod ops_repos;
mod pty;
mod reload;
#[path = "../crash/rig/mod.rs"]
mod rig;
mod secrets;
mod start;
mod stops;
mod tamper;
mod terminal;
mod town;
