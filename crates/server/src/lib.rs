//! Wires the parts of Wilco together: configuration, registry, the program and its command line.
//!
//! Not a place for behaviour: what Wilco does lives in the crates below. This is the only crate that knows them all.
//! Layer 4.

pub mod app;
pub mod check;
pub mod checkpoints;
pub mod cli;
pub mod config;
pub mod demo;
pub mod editors;
pub mod explain;
pub mod init;
pub mod keys;
mod networks;
mod node;
pub mod registry;
mod reload;
