//! The connector on real servers, under the cases that every connector passes, and how it finds out who the server is.
//!
//! Not what Wilco does with what arrives: `wilco-server` tests that on the same servers.

mod handed;
mod keys;
mod past;
#[expect(dead_code, reason = "the stories of whole servers use more of it")]
mod people;
mod scripted;
mod servers;
mod suite;
mod tls;
