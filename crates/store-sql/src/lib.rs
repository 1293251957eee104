//! The Store on SQLite.
//!
//! Not another copy of its rules: what fits and how the chain is made is in `contract` and `runtime`, and testkit's
//! `store_suite!` holds this store to the same cases as the one in memory. Layer 2.

mod changes;
mod error;
mod fresh;
mod lock;
mod lookup;
mod options;
mod prepared;
mod queue;
mod quick;
mod read;
mod row;
mod schema;
mod store;
mod values;
pub mod verify;
mod write;
mod writer;

pub use self::{
    error::OpenError,
    lock::holder_of,
    options::{Durability, Options, Parts},
    store::SqliteStore,
};
