//! Keeps things alive: clock, tasks, chance, the HTTP client, the in-memory store.
//!
//! Not the middle of Wilco: it decides nothing about orders. Layer 1.

pub mod chance;
pub mod clock;
pub mod http;
pub mod memory_store;
pub mod tasks;
pub mod telemetry;
