//! The store in memory does what every store has to do.

use std::sync::Arc;

use wilco_runtime::{chance::SeededChance, memory_store::MemoryStore};
use wilco_testkit::store_suite::Subject;

async fn make() -> Subject {
    Subject { store: Arc::new(MemoryStore::new(Arc::new(SeededChance::new(1)))), keep: Box::new(()) }
}

wilco_testkit::store_suite!(make);
