//! The whole engine in a small world: memory store, memory network, stepped clock, scripted actions.

mod alias;
mod dialogue;
mod events;
mod history;
mod operations;
mod outbox;
mod rooms;
mod rules;
mod world;
