//! What the tests of whole servers stand on: an ops repo of their own, server processes, and people's clients.
//!
//! Not the tests: they say what is done to the servers, and what must hold afterwards.

pub(crate) mod client;
pub(crate) mod repo;
pub(crate) mod server;

pub(crate) use self::{client::Client, repo::Repo, server::Server};

/// How often the tests look whether something has come about.
pub(crate) const LOOK: std::time::Duration = std::time::Duration::from_millis(15);
