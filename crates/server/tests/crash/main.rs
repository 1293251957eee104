//! The process ends at every commit, and at any moment under load: nothing that was acknowledged is missing after the
//! restart, and no effect happens twice or without its yes.
//!
//! Not the store's own tests, which end it between two writes: here people walk through the whole server over HTTP, and
//! the effects are counted in a file that Wilco knows nothing of.

#![expect(clippy::print_stdout, reason = "a run says its seed and its counts, and the child says its link")]

mod child;
mod every_commit;
mod hooks;
mod kills;
mod page;
mod proof;
mod rig;
mod story;
mod waiting;
mod walk;
mod webhooks;

/// One test of this binary at a time: each keeps all processors busy, and some count on moments.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The process that the other tests start and end. Started by the test runner itself, it has nothing to serve.
#[test]
fn child() {
    if let Some(orders) = child::Orders::of_this_process() {
        child::serve(&orders);
    }
}
