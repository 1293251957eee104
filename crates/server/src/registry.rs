//! The lists of what Wilco knows outside itself: one row for each role of each system.
//!
//! Not a mechanism: a new system is one folder in `systems` and one row here. Layer 4.

use std::sync::Arc;

use wilco_contract::action::DynAction;
use wilco_systems::ExecHome;

/// All actions of the outside world.
#[must_use]
pub fn actions(home: ExecHome) -> Vec<Arc<dyn DynAction>> {
    wilco_systems::actions(home)
}
