//! What every store has to do.

use std::sync::Arc;

use wilco_testkit::store_suite::Subject;

use crate::home::Home;

async fn make() -> Subject {
    let home = Home::new();
    Subject { store: Arc::new(home.open().await), keep: Box::new(home) }
}

wilco_testkit::store_suite!(make);
