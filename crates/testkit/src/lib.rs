//! Fakes and conformance suites, for tests only.
//!
//! Not a part of what is shipped: nothing but tests depends on it.

pub mod fakes;

pub mod store_suite;
pub mod action;
pub mod network;
