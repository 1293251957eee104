//! The HTTP door: the page and its rooms, the API, health, metrics.
//!
//! Not a decider: what an order may do is the engine's business, reached by [`desk::Desk`]. It has two halves: the
//! [`connector::WebConnector`], a chat network like any other whose rooms the store keeps, and the [`door`], the
//! routes that people and programs call. Layer 3.

pub mod access;
mod api;
pub mod assets;
pub mod connector;
pub mod desk;
pub mod door;
mod dto;
mod extract;
mod files;
mod guard;
mod headers;
pub mod health;
mod hooks;
mod openapi;
mod packed;
mod pictures;
pub mod problem;
pub mod public_url;
mod rate;
mod refusal;
pub mod serve;
mod sse;
pub mod telemetry;
mod text;
mod walks;
mod whole;

pub use self::{
    access::Access,
    connector::{ConnectorParts, Room, TELLS, WebConnector},
    desk::Desk,
    door::{CALL_DEADLINE, DoorParts, router},
    files::FileRules,
    health::{Ready, standby},
    public_url::PublicUrl,
    serve::serve,
    text::clean_value,
};
