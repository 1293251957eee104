//! Keeps things alive: connectors, clock, tasks, chance, leases, the HTTP client, the in-memory store.
//!
//! Not the middle of Wilco: it decides nothing about orders. Layer 1.

pub mod chance;
pub mod circuit;
pub mod clock;
pub mod dial;
pub mod http;
pub mod lease;
pub mod memory_store;
pub mod rate;
pub mod supervise;
pub mod tasks;
pub mod telemetry;
