//! Wilco on IRC, on real servers: orders, identities, approvals over the page, and servers that are killed.
//!
//! Not the protocol's details, which `wilco-systems` tests without a socket.

#[path = "../../../systems/tests/irc/people.rs"]
mod people;
#[path = "../crash/rig/mod.rs"]
#[expect(dead_code, reason = "other tests of whole servers use more of it")]
mod rig;
#[path = "../../../systems/tests/irc/servers.rs"]
#[expect(dead_code, reason = "the connector's own tests use more of it")]
mod servers;

mod away;
mod links;
mod pictures;
mod soak;
mod stories;
