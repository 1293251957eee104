//! This machine: programs that run on it.
//!
//! Not a shell: a program is a list of words, and nothing is ever joined to a line that a shell would read. Layer 2.
//!
//! A run lives in a folder of its own. Wilco writes the request there and starts the guard; the guard claims the
//! folder, runs the program, keeps its output and writes how it ended. So a run outlives Wilco, and a Wilco that was
//! started anew reads there what became of it.

mod answer;
mod args;
mod capture;
pub mod exec;
mod follow;
pub mod guard;
mod inner;
mod processes;
mod program;
mod run_dir;
mod sweep;
mod tail;

pub use exec::{ExecHome, ExecRun};
pub use program::is_program;
pub use sweep::sweep;
