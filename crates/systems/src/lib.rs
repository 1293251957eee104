//! The outside world, one folder a system.
//!
//! Not the order of things: what a command does, in which order and whether at all is decided elsewhere. A system tries
//! once and describes what happened; none knows another. Layer 2.

use std::sync::Arc;

use wilco_contract::action::DynAction;

pub mod host;
pub mod http;
mod scalar;

pub use host::ExecHome;

/// All actions of the outside world, one row each.
#[must_use]
pub fn actions(home: ExecHome) -> Vec<Arc<dyn DynAction>> {
    vec![
        Arc::new(host::ExecRun::new(home)), // exec.run
        Arc::new(http::HttpGet),            // http.get
    ]
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::PathBuf};

    use super::*;

    #[test]
    fn every_folder_has_its_rows() {
        let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
        let entries = std::fs::read_dir(sources).expect("the sources").map(|entry| entry.expect("an entry"));
        let folders: BTreeSet<_> = entries
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().expect("a name"))
            .collect();
        let rows = || include_str!("lib.rs").lines().filter_map(|line| line.trim().strip_prefix("Arc::new("));
        let named: BTreeSet<_> = rows().filter_map(|row| Some(row.split_once("::")?.0.to_owned())).collect();
        assert_eq!(named, folders);

        let home = ExecHome { base: PathBuf::new(), runs: PathBuf::new(), guard: Vec::new() };
        let actions: Vec<_> = actions(home).iter().map(|action| action.spec().name.to_string()).collect();
        let said: Vec<_> = rows().filter_map(|row| Some(row.split_once("// ")?.1)).collect();
        assert_eq!(said, actions);
        assert_eq!(actions.iter().collect::<BTreeSet<_>>().len(), actions.len());
    }
}
