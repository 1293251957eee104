//! The pack format and the transcript format: files become data, and what is wrong with them becomes problems.
//!
//! Nothing is run here, and nothing is decided: the server builds the catalogue, the engine plans and runs. Layer 2.

mod actions;
mod args;
mod command;
mod pack;
pub mod problem;
mod program;
pub mod routes;
pub mod rules;
mod schema;
pub mod shape;
pub mod sheet;
mod step;
mod template;
pub mod transcript;
mod triggers;

pub use actions::{Actions, Known, Lists};
pub use args::lists;
pub use pack::{Pack, find, read, read_text, transcripts, vars};
pub use problem::{Problem, Severity};
