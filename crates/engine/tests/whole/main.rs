//! The whole engine in a small world: memory store, memory network, stepped clock, scripted actions.

mod events;
mod listeners;
mod operations;
mod outbox;
mod reading;
mod rooms;
mod rules;
mod schedules;
mod steps;
mod world;
