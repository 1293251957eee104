//! The store on SQLite: the suite of every store, and what only a store on a disk has to do.

mod home;
mod restart;
mod suite;
mod tamper;
mod trouble;
mod versions;
