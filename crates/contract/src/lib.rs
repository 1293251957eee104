//! The joints of Wilco: the types and traits that its parts share, the grammar of patterns, and the gate.
//!
//! What this crate is not: it does no IO, knows no async runtime, reads no clock, draws no chance, and names
//! no chat network, database or vendor. Layer 0: it depends on no other crate of the workspace.

pub mod access;
pub mod action;
pub mod alias;
mod canonical;
pub mod chain;
pub mod chart;
pub mod clock;
pub mod command;
pub mod connector;
pub mod event;
pub mod expr;
pub mod file;
pub mod gate;
pub mod http;
pub mod ids;
pub mod input;
pub mod lease;
pub mod listen;
pub mod memory;
pub mod near;
pub mod operation;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod principal;
pub mod recent;
pub mod reply;
pub mod retry;
pub mod route;
pub mod schedule;
pub mod search;
pub mod secrets;
pub mod slot;
pub mod source;
pub mod store;
pub mod values;
