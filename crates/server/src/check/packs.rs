//! The packs of a configuration, read and checked against it.
//!
//! Not one pack's checks: `wilco-packs` has those. This finds the folders and looks at what lies between them. Layer 4.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use wilco_contract::{
    action::{ActionSpec, DynAction},
    command::Command,
    ids::ActionName,
    policy::Grantee,
};
use wilco_engine::Engine;
use wilco_packs::{Actions, Known, Pack, Problem};

use super::heeds;
use crate::{
    config::{Config, FILE},
    reload::{self, Mark},
};

/// Reads all packs as one, and says all that is wrong with them and with the rules about them.
#[must_use]
pub fn read_packs(config: &Config, actions: &[Arc<dyn DynAction>]) -> (Pack, Vec<Problem>) {
    let (_, all, problems) = read_all(config, actions);
    (all, problems)
}

/// Reads all packs, each by itself and as one, and says all that is wrong with them and with the rules about them.
pub(crate) fn read_all(
    config: &Config,
    actions: &[Arc<dyn DynAction>],
) -> (Vec<ReadPack>, Pack, Vec<Problem>) {
    let (packs, mut problems) = read_each(config, actions, |_| None);
    let all = as_one(config, packs.iter().map(|read| &read.pack));
    problems.extend(packs.iter().flat_map(|read| read.problems.iter().cloned()));
    // What an unread pack would have had must not look as if nobody had it.
    if !any_error(&problems) {
        problems.extend(between(config, &all));
    }
    (packs, all, problems)
}

/// A pack that was read.
#[derive(Debug, Clone)]
pub(crate) struct ReadPack {
    /// Its folder.
    pub(crate) path: PathBuf,
    /// What it says; where there are errors, none of it is to be used.
    pub(crate) pack: Arc<Pack>,
    /// What is wrong with it.
    pub(crate) problems: Vec<Problem>,
    /// The mark of its file, taken before it was read.
    pub(crate) mark: Option<Mark>,
}

/// Reads each pack by itself, in the order of their names; `known` has those that need not be read again.
pub(crate) fn read_each(
    config: &Config,
    actions: &[Arc<dyn DynAction>],
    known: impl Fn(&Path) -> Option<ReadPack>,
) -> (Vec<ReadPack>, Vec<Problem>) {
    let all = All::new(actions);
    let servers: BTreeSet<String> = config.servers.keys().cloned().collect();
    let is_there = |name: &str| {
        config.search.as_ref().is_none_or(|path| wilco_systems::host::is_program(name, path.as_ref()))
    };
    let secrets: BTreeSet<String> = config.secrets.keys().cloned().collect();
    let seen = Known {
        actions: &all,
        servers: &servers,
        secrets: &secrets,
        vars: &config.vars,
        programs: &is_there,
        lists: &config.lists,
    };
    let (mut folders, problems) = pack_folders(config);
    folders.sort_by(|one, other| one.path.file_name().cmp(&other.path.file_name()));
    let read = |folder: PackAt| {
        known(&folder.path).unwrap_or_else(|| {
            let mark = reload::mark_of_pack(&folder.path);
            let (pack, problems) = wilco_packs::read(&folder.path, &folder.display, &seen);
            ReadPack { path: folder.path, pack: Arc::new(pack), problems, mark }
        })
    };
    (folders.into_iter().map(read).collect(), problems)
}

/// Packs as one. The routes and rules of `wilco.toml` come first, then those of the packs in their order.
pub(crate) fn as_one<'a>(config: &Config, packs: impl Iterator<Item = &'a Arc<Pack>>) -> Pack {
    let mut all = Pack { routes: config.routes.clone(), rules: config.rules.clone(), ..Pack::default() };
    for pack in packs {
        all.commands.extend(pack.commands.iter().cloned());
        all.routes.extend(pack.routes.iter().cloned());
        all.rules.extend(pack.rules.iter().cloned());
        all.listeners.extend(pack.listeners.iter().cloned());
        all.schedules.extend(pack.schedules.iter().cloned());
    }
    all
}

/// The commands that there are with these packs: Wilco's own, and theirs.
pub(crate) fn with_own(all: &Pack) -> Vec<Command> {
    Engine::own_commands().into_iter().chain(all.commands.iter().cloned()).collect()
}

/// What does not fit between the packs and the rules about them.
pub(crate) fn between(config: &Config, all: &Pack) -> Vec<Problem> {
    let everything = with_own(all);
    let routes = config.check_routes(all).into_iter().chain(config.check_triggers(all));
    let unheard = heeds::unheard(&all.listeners, &config.networks().collect::<Vec<_>>());
    config
        .cross_check(&everything)
        .into_iter()
        .chain(routes)
        .chain(asked(config, all))
        .chain(unheard)
        .collect()
}

/// The steps that ask somebody whom `wilco.toml` does not have. A template is looked at when it is filled in.
fn asked(config: &Config, all: &Pack) -> Vec<Problem> {
    let (people, mut problems) = (&config.policy.people, Vec::new());
    for command in &all.commands {
        let steps = command.steps.iter().chain(&command.verify).chain(command.on_failure.steps());
        for step in steps.filter(|step| step.uses.as_str() == "ask") {
            let of = step.with.get("of").and_then(Value::as_str).filter(|of| !of.contains("{{"));
            let nobody = match of.and_then(|of| Grantee::parse(of).ok()) {
                Some(Grantee::Role(role)) => !people.values().any(|person| person.roles.contains(&role)),
                Some(Grantee::Person(person)) => !people.contains_key(&person),
                _ => false,
            };
            if let Some(of) = of.filter(|_| nobody) {
                let what = format!("the step `{}` asks `{of}`, and there is nobody who is that", step.id);
                let remedy = "Give somebody that role or name in `wilco.toml`, or correct `of`.";
                problems.push(Problem::at(&step.origin, what, remedy).warning());
            }
        }
    }
    problems
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

/// The actions of the outside world, and those of the engine's own that packs may use: `say`, `ask`, `wait`, `memory.…`.
pub(crate) struct All<'a> {
    outside: &'a [Arc<dyn DynAction>],
    own: Vec<Arc<dyn DynAction>>,
}

impl<'a> All<'a> {
    /// What packs may use, with these of the outside world.
    pub(crate) fn new(outside: &'a [Arc<dyn DynAction>]) -> Self {
        let mut own = Engine::own_actions();
        // `wilco.…` answer for Wilco itself, as whoever gave the order.
        own.retain(|action| !action.spec().name.as_str().starts_with("wilco."));
        Self { outside, own }
    }

    fn find(&self, name: &ActionName) -> Option<&Arc<dyn DynAction>> {
        self.outside.iter().chain(&self.own).find(|action| action.spec().name == *name)
    }
}

impl Actions for All<'_> {
    fn names(&self) -> Vec<ActionName> {
        self.outside.iter().chain(&self.own).map(|action| action.spec().name).collect()
    }

    fn spec(&self, name: &ActionName) -> Option<ActionSpec> {
        self.find(name).map(|action| action.spec())
    }

    fn schema(&self, name: &ActionName) -> Option<Value> {
        self.find(name).map(|action| action.schema().to_value())
    }

    fn check(&self, name: &ActionName, args: &Value) -> Result<(), String> {
        match self.find(name) {
            Some(action) => action.check(args),
            None => Err(format!("there is no action `{name}`")),
        }
    }
}
