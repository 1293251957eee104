//! What is told of a reload: what changed, who gains which right, what needs a restart, what is broken. Layer 4.
//!
//! Not the reload.

use std::fmt::Display;

use wilco_contract::ids::CommandId;
use wilco_engine::Changes;
use wilco_packs::Problem;

use crate::{check::Gain, config::Config};

/// How many of something are named.
const NAMED: usize = 8;
/// How many problems and rights are told.
const TOLD: usize = 12;

/// What came of a reload.
pub(super) struct News<'a> {
    pub(super) changes: &'a Changes,
    pub(super) gains: &'a [Gain],
    pub(super) restart: &'a [&'static str],
    pub(super) broken: &'a [Problem],
}

impl News<'_> {
    /// Whether nothing that anybody would notice changed.
    pub(super) fn is_nothing(&self) -> bool {
        *self.changes == Changes::default()
            && self.gains.is_empty()
            && self.restart.is_empty()
            && self.broken.is_empty()
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
        if !voided.is_empty() {
            let ids: Vec<_> = voided.iter().map(ToString::to_string).collect();
            let ids = some(&ids, NAMED, ", ");
            lines.push(format!("Planned before, and to be asked for anew: {ids}."));
        }
        lines.extend(rights(self.gains));
        if !self.restart.is_empty() {
            let keys: Vec<_> = self.restart.iter().map(|key| format!("`{key}`")).collect();
            lines.push(format!("Takes a restart of Wilco: {}.", keys.join(", ")));
        }
        if !self.broken.is_empty() {
            lines.push("Broken, so what ran before goes on:".to_owned());
            lines.push(some(&texts(self.broken), TOLD, "\n"));
        }
        if lines.len() == 1 {
            lines.push("Nothing changed.".to_owned());
        }
        lines.join("\n")
    }
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

/// The keys that changed and are read at the start alone.
pub(super) fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let changed = [
        ("listen", old.listen != new.listen),
        ("public_url", old.public_url != new.public_url),
        ("database", old.database != new.database),
        ("durability", old.durability != new.durability),
        ("home", old.home != new.home),
        ("keys", old.keys != new.keys),
        ("audit.checkpoints", old.checkpoints != new.checkpoints),
        ("connector", old.rooms != new.rooms),
        // By all that is said of them but their secrets, which are not shown.
        ("source", format!("{:?}", old.sources) != format!("{:?}", new.sources)),
    ];
    changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
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
