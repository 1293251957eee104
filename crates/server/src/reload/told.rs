//! What is told of a reload: what changed, who gains which right, what needs a restart, what is broken. Layer 4.
//!
//! Not the reload.

use std::fmt::Display;

use wilco_contract::ids::CommandId;
use wilco_engine::Changes;
use wilco_packs::Problem;

use crate::check::Gain;

/// How many of something are named.
const NAMED: usize = 8;
/// How many problems and rights are told.
const TOLD: usize = 12;

/// What came of a reload.
pub(super) struct News<'a> {
    pub(super) changes: &'a Changes,
    /// The sections that changed, beside commands.
    pub(super) sections: &'a [&'static str],
    /// The secrets that have another value, or are new or gone.
    pub(super) secrets: &'a [String],
    pub(super) gains: &'a [Gain],
    pub(super) restart: Restart<'a>,
    /// The connectors that were parked and are tried again.
    pub(super) tried: &'a [String],
    /// What [`broken`] says.
    pub(super) broken: Option<&'a str>,
}

/// What takes a restart.
#[derive(Clone, Copy)]
pub(super) enum Restart<'a> {
    /// What it was, which was told.
    Told,
    /// These keys.
    New(&'a [&'static str]),
    /// These keys, which were told; said again because somebody asks.
    Again(&'a [&'static str]),
}

impl News<'_> {
    /// Whether nothing that was taken over changes anything.
    pub(super) fn is_nothing(&self) -> bool {
        *self.changes == Changes::default()
            && self.sections.is_empty()
            && self.secrets.is_empty()
            && self.gains.is_empty()
            && self.tried.is_empty()
            && !matches!(self.restart, Restart::New(_))
    }

    /// A line for each thing.
    pub(super) fn text(&self) -> String {
        let Changes { added, removed, changed, voided } = self.changes;
        let mut lines = vec!["The configuration was read anew.".to_owned()];
        let mut list = |what: &str, ids: &[CommandId]| {
            if !ids.is_empty() {
                let ids: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
                lines.push(format!("{what}: {}.", some(&ids, NAMED, ", ")));
            }
        };
        list("New", added);
        list("Changed", changed);
        list("Gone", removed);
        if !self.sections.is_empty() {
            lines.push(format!("Changed beside commands: {}.", self.sections.join(", ")));
        }
        if !self.secrets.is_empty() {
            let names: Vec<_> = self.secrets.iter().map(|name| format!("`{name}`")).collect();
            let names = some(&names, NAMED, ", ");
            lines.push(format!(
                "Secrets that are others now: {names}. Calls that begin from now on have them."
            ));
        }
        if !voided.is_empty() {
            let ids: Vec<_> = voided.iter().map(ToString::to_string).collect();
            let ids = some(&ids, NAMED, ", ");
            lines.push(format!("Planned before, and to be asked for anew: {ids}."));
        }
        lines.extend(rights(self.gains));
        if !self.tried.is_empty() {
            let names: Vec<_> = self.tried.iter().map(|name| format!("`{name}`")).collect();
            lines.push(format!("Parked connectors that are tried again: {}.", some(&names, NAMED, ", ")));
        }
        match self.restart {
            Restart::New([]) => lines.push("Nothing takes a restart of Wilco any more.".to_owned()),
            Restart::Told | Restart::Again([]) => {}
            Restart::New(keys) | Restart::Again(keys) => {
                let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
                lines.push(format!("Takes a restart of Wilco: {}.", keys.join(", ")));
            }
        }
        if let Some(broken) = self.broken {
            lines.push(broken.to_owned());
        }
        if lines.len() == 1 {
            lines.push("Nothing changed.".to_owned());
        }
        lines.join("\n")
    }
}

/// Which packs are broken: those whose old state goes on, and those that never ran.
pub(super) fn broken(old: &[Problem], left_out: &[Problem]) -> Option<String> {
    let list = |what: &str, problems: &[Problem]| {
        (!problems.is_empty()).then(|| format!("{what}\n{}", some(&texts(problems), TOLD, "\n")))
    };
    let lists = [
        list("Broken, so what ran before goes on:", old),
        list("Broken, and left out until it is mended:", left_out),
    ];
    let lists: Vec<_> = lists.into_iter().flatten().collect();
    (!lists.is_empty()).then(|| lists.join("\n"))
}

/// That what was broken is not any more.
pub(super) fn mended(news: &News<'_>) -> String {
    let text = "The configuration can be used again.";
    if news.is_nothing() { text.to_owned() } else { format!("{text}\n{}", news.text()) }
}

/// That nothing was taken over, and why.
pub(super) fn left<T: Display>(problems: &[T]) -> String {
    format!(
        "The configuration was changed and cannot be used, so the old one goes on.\n{}",
        some(&texts(problems), TOLD, "\n")
    )
}

/// Which rights there are that were not when Wilco last ran.
pub(super) fn gains_at_start(gains: &[Gain]) -> String {
    let mut lines = vec!["Since Wilco last ran here, its configuration allows more.".to_owned()];
    lines.extend(rights(gains));
    lines.join("\n")
}

fn rights(gains: &[Gain]) -> Option<String> {
    (!gains.is_empty()).then(|| {
        let lines: Vec<_> = gains.iter().map(|gain| format!("{gain}.")).collect();
        some(&lines, TOLD, "\n")
    })
}

fn texts<T: Display>(problems: &[T]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn some(all: &[String], most: usize, between: &str) -> String {
    let mut text = all.iter().take(most).cloned().collect::<Vec<_>>().join(between);
    if all.len() > most {
        text.push_str(&format!("{between}and {} more", all.len() - most));
    }
    text
}
