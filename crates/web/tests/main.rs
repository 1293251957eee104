//! Tests of the HTTP door over real loopback connections.

mod connector;
mod device;
mod door;
mod events;
mod files;
mod find;
mod guard;
mod hooks;
mod live;
mod operations;
mod pages;
mod pictures;
mod record;
mod rooms;
mod routes;
mod support;
