//! The whole engine in a small world: memory store, memory network, stepped clock, scripted actions.

mod operations;
mod rooms;
mod world;
