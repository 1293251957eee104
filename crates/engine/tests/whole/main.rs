//! The whole engine in a small world: memory store, memory network, stepped clock, scripted actions.

mod alias;
mod dialogue;
mod events;
mod history;
mod limits;
mod listeners;
mod operations;
mod outbox;
mod reading;
mod rooms;
mod rules;
mod schedules;
mod steps;
mod world;
