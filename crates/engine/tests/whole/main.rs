//! The whole engine in a small world: memory store, memory network, stepped clock, scripted actions.

mod events;
mod operations;
mod outbox;
mod reading;
mod rooms;
mod rules;
mod steps;
mod world;
