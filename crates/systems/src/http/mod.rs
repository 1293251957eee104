//! Servers that `wilco.toml` names, called by HTTP.
//!
//! Not a client: `runtime` has one, with the egress rules. Layer 2.

mod get;

pub use get::HttpGet;
