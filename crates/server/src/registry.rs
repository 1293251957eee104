//! The lists of what Wilco knows outside itself: one row for each role of each system.
//!
//! Not a mechanism: a new system is one folder in `systems` and one row here. Layer 4.

use std::sync::Arc;

use wilco_contract::{action::DynAction, connector::Connector, source::Source};
use wilco_systems::{ConnectorParts, ExecHome};

use crate::config::{Config, ConnectorSetup};

/// All actions of the outside world.
#[must_use]
pub fn actions(home: ExecHome) -> Vec<Arc<dyn DynAction>> {
    wilco_systems::actions(home)
}

/// All sources of a configuration.
#[must_use]
pub fn sources(config: &Config) -> Vec<Arc<dyn Source>> {
    let made = config.sources.iter().map(|setup| wilco_systems::source(setup.kind, setup.parts.clone()));
    made.map(|made| made.expect("the configuration made each of them already")).collect()
}

/// A network beside the page.
#[must_use]
pub fn connector(setup: &ConnectorSetup, parts: ConnectorParts) -> Arc<dyn Connector> {
    wilco_systems::connector(setup.settings.clone(), parts)
}
