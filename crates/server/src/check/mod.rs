//! `wilco check`: what is wrong with an ops repo, and whether its transcripts come true.
//!
//! Not a second engine: transcripts run through the real one, with everything outside scripted. Layer 4.

mod heeds;
mod packs;
mod play;
mod report;
mod rights;
mod stage;
mod table;

use std::{
    collections::BTreeMap,
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use wilco_contract::{
    action::DynAction,
    command::{Command, Effect},
    ids::{Origin, PersonId, Place},
    listen::Does,
    policy::Policy,
    values::{ArgType, Asked, Moment},
};
use wilco_engine::catalogue::{Catalogue, Collision, Order, Reading};
use wilco_packs::{Pack, Problem, read_text, transcript};
use wilco_systems::host::ExecHome;

pub(crate) use packs::{All, ReadPack, as_one, between, read_all, read_each, with_own};
pub use packs::{any_error, read_packs};
pub use play::Failure;
pub use report::{Report, TranscriptResult};
pub use rights::{Gain, Good, gains};
pub use table::{Rights, permission_table, rights};

use crate::{
    config::{self, Config, Environment, FILE},
    registry,
};

/// What an ops repo allows.
///
/// # Errors
/// All that is wrong with it, where it cannot be used.
pub fn allowed(dir: &Path, environment: &Environment) -> Result<Rights, Vec<Problem>> {
    let mut loaded = Loaded::default();
    match loaded.load(&dir.join(FILE), environment) {
        Some((config, pack)) => Ok(allowed_by(&config, &pack)),
        None => Err(loaded.problems),
    }
}

fn allowed_by(config: &Config, pack: &Pack) -> Rights {
    rights(config, &with_own(pack))
}

/// Checks the ops repo in a folder: its configuration, its packs, and its transcripts. Says which rights it gives that
/// `before` did not, or where that is not given, what Wilco last ran with there. Starts nothing.
#[must_use]
pub fn check(dir: &Path, environment: &Environment, before: Option<&Rights>) -> Report {
    let mut loaded = Loaded::default();
    let main = dir.join(FILE);
    let Some((config, pack)) = loaded.load(&main, environment) else {
        return Report { problems: loaded.problems, ..Report::default() };
    };
    let last = Good::read(&config.base);
    let before = before.or(last.as_ref().map(|good| &good.rights));
    let gained = before.map(|before| gains(before, &allowed_by(&config, &pack))).unwrap_or_default();
    let mut report = Report { commands: pack.commands.len(), gained, ..Report::default() };
    let files = transcripts(dir, &config, &mut loaded.problems);
    let mut stories = Vec::new();
    for (path, display) in files {
        match read_text(&path, &display)
            .map_err(|problem| vec![problem])
            .and_then(|text| transcript::parse(&display, &text))
        {
            Ok(story) => stories.push((path, display, story)),
            Err(problems) => loaded.problems.extend(problems),
        }
    }
    for (path, file, story) in stories {
        let under = match &story.config {
            None => Some((config.clone(), pack.clone())),
            Some(own) => loaded.load(&play::own_config(&path, own), environment),
        };
        let Some((config, pack)) = under else { continue };
        let actions = actions(&config);
        let folder = path.parent().unwrap_or(dir);
        let under = play::Under { config: &config, pack: &pack, actions: &actions, folder };
        report.transcripts.push(TranscriptResult { file, failure: play::play(&story, &under).err() });
    }
    report.problems = loaded.problems;
    report
}

/// Configurations that were read, each once.
#[derive(Default)]
struct Loaded {
    problems: Vec<Problem>,
    known: BTreeMap<PathBuf, Option<(Config, Pack)>>,
}

impl Loaded {
    /// A configuration with its packs; `None`, with the problems kept, where it cannot be used.
    fn load(&mut self, path: &Path, environment: &Environment) -> Option<(Config, Pack)> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let read = match config::load(path, environment) {
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
            Ok(config) => {
                let (pack, problems) = read_packs(&config, &actions(&config));
                let collisions = collisions(&pack, &config);
                let usable = !any_error(&problems) && !any_error(&collisions);
                self.problems.extend(config.warnings.iter().cloned().chain(problems).chain(collisions));
                usable.then_some((config, pack))
            }
        };
        self.known.insert(path.to_owned(), read.clone());
        read
    }
}

/// The real actions, for what they declare: nothing is run, so they need no guard.
fn actions(config: &Config) -> Vec<Arc<dyn DynAction>> {
    let runs = config.base.join("wilco.runs");
    registry::actions(ExecHome { base: config.base.clone(), runs, guard: Vec::new() })
}

/// What does not fit between the commands, and examples and orders that do not say what they should.
pub(crate) fn collisions(pack: &Pack, config: &Config) -> Vec<Problem> {
    match Catalogue::build(with_own(pack)) {
        Err(collisions) => collisions.iter().map(collision).collect(),
        Ok(catalogue) => {
            let somebody = PersonId::parse("sample").ok();
            let asked = asked(&config.policy, &config.home, somebody.as_ref());
            let read = |line: &str| catalogue.read(line, &asked);
            let examples = pack.commands.iter().flat_map(|command| examples(&read, command));
            let choices = pack.commands.iter().flat_map(|command| choices(&read, command));
            let rules = pack.rules.iter().map(|rule| (&rule.run, &rule.origin, "rule"));
            let listeners = pack.listeners.iter().filter_map(|listener| match &listener.does {
                Does::Run(run) => Some((run, &listener.origin, "listener")),
                Does::Say(_) => None,
            });
            let schedules = pack.schedules.iter().map(|one| (&one.run, &one.origin, "schedule"));
            let orders = rules.chain(listeners).chain(schedules);
            let orders = orders.filter_map(|(run, at, by)| order(&read, run, at, by));
            examples.chain(choices).chain(orders).collect()
        }
    }
}

/// Somebody who says an example, in the home room at noon: any name may be a person's.
fn asked<'a>(policy: &'a Policy, home: &'a Place, somebody: Option<&'a PersonId>) -> Asked<'a> {
    let now = Timestamp::from_second(table::NOON).unwrap_or(Timestamp::UNIX_EPOCH);
    Asked {
        connector: "web",
        place: Some(home),
        who: somebody,
        when: Some(Moment { now, zone: &policy.zone.0 }),
        people: None,
    }
}

/// Choices that no read tells.
fn choices(read: &dyn Fn(&str) -> Reading, command: &Command) -> Vec<Problem> {
    let mut problems = Vec::new();
    for arg in &command.spec.args {
        let ArgType::ChoiceOf { run, .. } = &arg.kind else { continue };
        let reads =
            |order: &Order| order.command.spec.effect == Effect::Read && order.flags.then.to.is_none();
        if matches!(read(run), Reading::Order(order) if reads(&order)) {
            continue;
        }
        let what =
            format!("the choices of `{}` come from `{run}`, which is no order that only reads", arg.name);
        let remedy =
            "Correct `run`; it is an order without Wilco's name, whose command has `effect = \"read\"`.";
        problems.push(Problem::at(&command.origin, what, remedy));
    }
    problems
}

/// A warning at what gives an order that is none. Where a template stands in its first word nobody can tell.
fn order(read: &dyn Fn(&str) -> Reading, run: &str, at: &Origin, by: &str) -> Option<Problem> {
    let literal = run.find("{").map_or(run, |at| &run[..at]);
    let whole = literal.len() == run.len();
    if literal.contains(char::is_whitespace) || whole {
        let what = match (read(&filled(run)), whole) {
            (Reading::Unknown { .. } | Reading::Empty, _) => {
                format!("no command is said like the order of this {by}")
            }
            (Reading::Incomplete { missing, .. }, true) => {
                format!("the order of this {by} lacks `{}`", missing.join("`, `"))
            }
            (Reading::Malformed { what, .. }, true) => {
                format!("the order of this {by} cannot be read: {what}")
            }
            _ => return None,
        };
        let remedy = format!("Correct `run = \"{run}\"`; it is an order without Wilco's name.");
        return Some(Problem::at(at, what, remedy).warning());
    }
    None
}

/// A template with a word in place of each of its values; what stands between `{%` and `%}` goes.
fn filled(template: &str) -> String {
    let mut order = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (ends, word) = match rest[at + 1..].chars().next() {
            Some('{') => ("}}", "x"),
            Some('%') => ("%}", ""),
            Some('#') => ("#}", ""),
            _ => ("{", "{"),
        };
        order.push_str(&rest[..at]);
        order.push_str(word);
        rest = rest[at..].find(ends).map_or("", |end| &rest[at + end + ends.len()..]);
    }
    order + rest
}

/// A collision at the pack's place; the built-in commands cannot be changed.
fn collision(collision: &Collision) -> Problem {
    let (what, remedy) = {
        let text = collision.to_string();
        let split = text.rsplit_once(": ").map(|(what, remedy)| (what.to_owned(), remedy.to_owned()));
        split.unwrap_or((text, "change one of them".to_owned()))
    };
    let origin = match collision {
        Collision::Words { one, other } => {
            if one.origin.line > 0 {
                &one.origin
            } else {
                &other.origin
            }
        }
        Collision::Id { one, other, .. } => {
            if one.line > 0 {
                one
            } else {
                other
            }
        }
        Collision::Reserved { origin, .. } => origin,
    };
    let mut letters = remedy.chars();
    let remedy = letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()));
    Problem::at(origin, what, remedy)
}

fn examples<'a>(
    read: &'a dyn Fn(&str) -> Reading,
    command: &'a Command,
) -> impl Iterator<Item = Problem> + 'a {
    command.spec.examples.iter().filter_map(move |example| {
        let what = match read(example) {
            Reading::Order(order) if order.command.spec.id == command.spec.id => return None,
            Reading::Order(order) => {
                format!("the example `{example}` is an order for `{}`", order.command.spec.id)
            }
            Reading::Incomplete { missing, .. } => {
                format!("the example `{example}` lacks `{}`", missing.join("`, `"))
            }
            Reading::Malformed { what, .. } => format!("the example `{example}` cannot be read: {what}"),
            _ => format!("the example `{example}` is no order for `{}`", command.spec.id),
        };
        Some(Problem::at(&command.origin, what, "Correct it; write it without Wilco's name."))
    })
}

/// All transcripts: beside `wilco.toml`, and in the packs.
fn transcripts(dir: &Path, config: &Config, problems: &mut Vec<Problem>) -> Vec<(PathBuf, String)> {
    let (packs, _) = packs::pack_folders(config);
    let folders = std::iter::once((dir.to_owned(), String::new()))
        .chain(packs.into_iter().map(|pack| (pack.path, format!("{}/", pack.display))));
    let mut found = Vec::new();
    for (folder, display) in folders {
        match wilco_packs::transcripts(&folder) {
            Ok(files) => found.extend(files.into_iter().map(|path| {
                let name =
                    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                (path, format!("{display}{name}"))
            })),
            Err(error) => {
                let what = format!("the folder `{}` cannot be read: {error}", folder.display());
                problems.push(Problem::of(FILE, what, "Check its permissions."));
            }
        }
    }
    found
}

/// All problems, each on lines of its own.
#[must_use]
pub fn told<T: Display>(problems: &[T]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect::<String>().trim_end().to_owned()
}
