//! The whole engine in a small world: memory store, memory network, stepped clock, scripted actions.

mod alias;
mod answers;
mod composing;
mod countdown;
mod dialogue;
mod edits;
mod events;
mod forms;
mod happenings;
mod history;
mod late;
mod limits;
mod links;
mod listeners;
mod memory;
mod operations;
mod outbox;
mod outputs;
mod rates;
mod reading;
mod rooms;
mod rules;
mod schedules;
mod steps;
mod waits;
mod world;
