//! The reads, by subject.
//!
//! Each is served by an index; a test asks SQLite for its plan of every statement here. Layer 2.

mod access;
mod aliases;
mod charts;
mod events;
mod files;
mod journal;
mod leases;
mod memory;
mod operations;
mod rooms;
mod schedules;
mod slots;

use wilco_contract::store::Page;

/// A page as SQLite counts: what is beyond its numbers does not exist anyway.
fn bounds(page: Page) -> (i64, i64) {
    (whole(page.after), limit(page.limit))
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What every number is below that comes before this one; 0 is the end.
fn end(before: u64) -> i64 {
    if before == 0 { i64::MAX } else { whole(before) }
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
