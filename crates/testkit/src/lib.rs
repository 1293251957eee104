//! Fakes and conformance suites, for tests only.
//!
//! Not a part of what is shipped: nothing but tests depends on it.

pub mod aborting_store;
pub mod action;
pub mod connector_suite;
pub mod fakes;
pub mod gallery;
pub mod github_examples;
pub mod network;
pub mod proxy;
pub mod scripted;
pub mod sender;
pub mod store_suite;
