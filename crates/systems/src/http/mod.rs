//! Servers that `wilco.toml` names, called by HTTP.
//!
//! Not a client: `runtime` has one, with the egress rules. Layer 2.

mod answer;
mod get;
mod send;

pub use get::HttpGet;
pub use send::HttpSend;
