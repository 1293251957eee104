//! What editors are told of the files of an ops repo: JSON schemas, made of the lists of keys that the readers go by.
//!
//! Not the readers, which say more and say it with its place: `wilco check` asks those. Layer 4.

use std::path::PathBuf;

use serde_json::Value as Json;
use wilco_packs::shape;
use wilco_systems::host::ExecHome;

use crate::{check, config, registry};

/// The schemas, by where they stand in an ops repo; the first line of its files names them.
#[must_use]
pub fn files() -> [(&'static str, String); 2] {
    [(".wilco/config.schema.json", as_file(&config())), (".wilco/pack.schema.json", as_file(&pack()))]
}

/// A schema as it is printed.
#[must_use]
pub fn as_file(schema: &Json) -> String {
    format!("{schema:#}\n")
}

/// The schema of `wilco.toml`.
#[must_use]
pub fn config() -> Json {
    config::schema()
}

/// The schema of `pack.toml`.
#[must_use]
pub fn pack() -> Json {
    // What actions declare needs no place to run anything.
    let home = ExecHome { base: PathBuf::new(), runs: PathBuf::new(), guard: Vec::new() };
    let outside = registry::actions(home);
    shape::pack(&check::All::new(&outside))
}
