//! The packs of a configuration, read and checked against it.
//!
//! Not one pack's checks: `wilco-packs` has those. This finds the folders and looks at what lies between them. Layer 4.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use serde_json::Value;
use wilco_contract::{
    action::{ActionSpec, DynAction},
    ids::ActionName,
};
use wilco_engine::Engine;
use wilco_packs::{Actions, Known, Pack, Problem};

use crate::config::{Config, FILE};

/// Reads all packs as one, and says all that is wrong with them and with the rules about them. The routes and rules of
/// `wilco.toml` come first, then those of the packs by their names.
#[must_use]
pub fn read_packs(config: &Config, actions: &[Arc<dyn DynAction>]) -> (Pack, Vec<Problem>) {
    let all = All::new(actions);
    let servers: BTreeSet<String> = config.servers.keys().cloned().collect();
    let is_there = |name: &str| {
        config.search.as_ref().is_none_or(|path| wilco_systems::host::is_program(name, path.as_ref()))
    };
    let known = Known { actions: &all, servers: &servers, programs: &is_there };
    let routes = config.routes.clone();
    let mut all_packs = Pack { routes, rules: config.rules.clone(), ..Pack::default() };
    let (mut folders, mut problems) = pack_folders(config);
    folders.sort_by(|one, other| one.path.file_name().cmp(&other.path.file_name()));
    for folder in folders {
        let (pack, found) = wilco_packs::read(&folder.path, &folder.display, &known);
        all_packs.commands.extend(pack.commands);
        all_packs.routes.extend(pack.routes);
        all_packs.rules.extend(pack.rules);
        all_packs.listeners.extend(pack.listeners);
        all_packs.schedules.extend(pack.schedules);
        problems.extend(found);
    }
    // What an unread pack would have had must not look as if nobody had it.
    if !any_error(&problems) {
        let everything: Vec<_> =
            Engine::own_commands().into_iter().chain(all_packs.commands.iter().cloned()).collect();
        problems.extend(config.cross_check(&everything));
        problems.extend(config.check_routes(&all_packs));
        problems.extend(config.check_triggers(&all_packs));
    }
    (all_packs, problems)
}

/// A pack's folder with how messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackAt {
    pub(super) path: PathBuf,
    pub(super) display: String,
}

/// The folders of all packs; two packs of one name are a problem.
pub(super) fn pack_folders(config: &Config) -> (Vec<PackAt>, Vec<Problem>) {
    let (mut packs, mut problems) = (Vec::new(), Vec::new());
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for folder in &config.packs {
        if !folder.named && !folder.path.exists() {
            continue;
        }
        let found = match wilco_packs::find(&folder.path) {
            Ok(found) => found,
            Err(error) => {
                let what = format!("the folder `{}` cannot be read: {error}", folder.display);
                problems.push(Problem::of(FILE, what, "Check its permissions, or correct `packs`."));
                continue;
            }
        };
        for path in found {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let display = format!("{}/{name}", folder.display);
            if let Some(first) = places.insert(name.clone(), display.clone()) {
                let what = format!("two packs are called `{name}`; the other one is `{first}`");
                problems.push(Problem::of(&display, what, "Rename one of them, folder and `name`."));
            }
            packs.push(PackAt { path, display });
        }
    }
    (packs, problems)
}

/// Whether there is a problem that keeps the whole from being used.
#[must_use]
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(Problem::is_error)
}

/// The actions of the outside world, and those of the engine's own that packs may use: `say`.
struct All<'a> {
    outside: &'a [Arc<dyn DynAction>],
    own: Vec<(ActionSpec, Value)>,
}

impl<'a> All<'a> {
    fn new(outside: &'a [Arc<dyn DynAction>]) -> Self {
        let own = Engine::own_actions().into_values();
        // `wilco.…` answer for Wilco itself, as whoever gave the order.
        let own = own.filter(|(spec, _)| !spec.name.as_str().starts_with("wilco."));
        Self { outside, own: own.map(|(spec, schema)| (spec, schema.to_value())).collect() }
    }

    fn outside(&self, name: &ActionName) -> Option<&Arc<dyn DynAction>> {
        self.outside.iter().find(|action| action.spec().name == *name)
    }

    fn own(&self, name: &ActionName) -> Option<&(ActionSpec, Value)> {
        self.own.iter().find(|(spec, _)| spec.name == *name)
    }
}

impl Actions for All<'_> {
    fn names(&self) -> Vec<ActionName> {
        let outside = self.outside.iter().map(|action| action.spec().name);
        outside.chain(self.own.iter().map(|(spec, _)| spec.name.clone())).collect()
    }

    fn spec(&self, name: &ActionName) -> Option<ActionSpec> {
        self.outside(name)
            .map(|action| action.spec())
            .or_else(|| self.own(name).map(|(spec, _)| spec.clone()))
    }

    fn schema(&self, name: &ActionName) -> Option<Value> {
        let outside = self.outside(name).map(|action| action.schema().to_value());
        outside.or_else(|| self.own(name).map(|(_, schema)| schema.clone()))
    }

    /// The engine's own actions are checked by their schema alone.
    fn check(&self, name: &ActionName, args: &Value) -> Result<(), String> {
        match self.outside(name) {
            Some(action) => action.check(args),
            None => Ok(()),
        }
    }
}
