//! Tests of the HTTP door over real loopback connections.

mod connector;
mod door;
mod guard;
mod live;
mod operations;
mod rooms;
mod support;
