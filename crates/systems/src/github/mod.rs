//! `github`: webhooks of GitHub, verified and told in one line each.
//!
//! Not GitHub's API, and not where an event goes: routes decide that, by what stands in the event. Layer 2.

mod access;
mod alerts;
mod checks;
mod code;
mod deploys;
mod dispatch;
mod issues;
mod lenient;
mod payload;
mod pulls;
mod rest;
mod source;
mod telling;
mod words;

pub use source::GithubSource;
