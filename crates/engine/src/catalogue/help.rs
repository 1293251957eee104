//! Help: what there is to say, derived from the commands' own declarations.
//!
//! Who may see what is the caller's filter. Layer 1.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wilco_contract::{
    command::{ArgSpec, Command},
    pattern::Pattern,
    reply::{Block, Field, Reply},
    values::ArgType,
};

use super::{Catalogue, ways::is_needed};

/// The most lines of an answer that lists commands.
const MAX_LINES: usize = 25;

impl Catalogue {
    /// What may be said, in at most 25 lines; with a word, the commands that it names: by a pack, an id or their own
    /// first words. Where it names one, all about that one. Shows only what passes the filter, and does not let on that
    /// there is more.
    pub fn help(&self, filter: &dyn Fn(&Command) -> bool, word: Option<&str>) -> Reply {
        let named = self.listed(filter, word);
        let Some(word) = word.map(str::trim).filter(|word| !word.is_empty()) else { return overview(&named) };
        match &named[..] {
            [] => {
                let word: String = word.chars().take(80).collect();
                Reply::text(format!("Nothing here is called `{word}`. Say `help` for what you may say."))
            }
            [command] => detail(command),
            several => Reply::text(list(several, MAX_LINES).join("\n")),
        }
    }

    /// The commands that help tells of, as rows.
    pub(crate) fn help_rows(&self, filter: &dyn Fn(&Command) -> bool, word: Option<&str>) -> Vec<Value> {
        let row = |command: &Command| {
            let spec = &command.spec;
            json!({"say": usage(command), "about": spec.about, "effect": spec.effect, "id": spec.id})
        };
        self.listed(filter, word).into_iter().map(row).collect()
    }

    fn listed(&self, filter: &dyn Fn(&Command) -> bool, word: Option<&str>) -> Vec<&Command> {
        let shown: Vec<_> =
            self.commands().iter().map(|command| &**command).filter(|command| filter(command)).collect();
        match word.map(str::trim).filter(|word| !word.is_empty()) {
            Some(word) => named(&shown, &word.to_lowercase()),
            None => shown,
        }
    }
}

/// The commands that a word names, by what comes first: an id or a pattern, the beginning of one, a pack, a mention.
fn named<'a>(shown: &[&'a Command], word: &str) -> Vec<&'a Command> {
    let begins = |command: &Command| {
        command.spec.words.iter().any(|pattern| {
            let source = pattern.source().to_lowercase();
            source.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '[']))
        })
    };
    let mentions = |command: &Command| {
        command.spec.about.to_lowercase().contains(word)
            || command.spec.words.iter().any(|pattern| pattern.source().to_lowercase().contains(word))
    };
    let is = |command: &Command| {
        command.spec.id.as_str() == word
            || command.spec.words.iter().any(|pattern| pattern.source().to_lowercase() == word)
    };
    let in_pack = |command: &Command| pack(command) == word;
    let tests: [&dyn Fn(&Command) -> bool; 4] = [&is, &begins, &in_pack, &mentions];
    let found =
        tests.iter().map(|test| shown.iter().copied().filter(|command| test(command)).collect::<Vec<_>>());
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

fn pack(command: &Command) -> &str {
    command.spec.id.as_str().split('.').next().unwrap_or("")
}

fn usage(command: &Command) -> &str {
    command.spec.words.first().map_or("", Pattern::source)
}

fn line(command: &Command) -> String {
    let about = if command.spec.about.is_empty() { command.spec.id.as_str() } else { &command.spec.about };
    format!("`{}` – {about}", usage(command))
}

/// One line each, and if there are too many, how many more.
fn list(commands: &[&Command], most: usize) -> Vec<String> {
    let said: Vec<_> = commands.iter().filter(|command| !command.spec.words.is_empty()).collect();
    let cut = if said.len() > most { most.saturating_sub(1) } else { said.len() };
    let mut lines: Vec<_> = said[..cut].iter().map(|command| line(command)).collect();
    if said.len() > cut {
        lines.push(format!("… and {} more; say `help <word>` to find them", said.len() - cut));
    }
    lines
}

fn overview(shown: &[&Command]) -> Reply {
    let mut packs: BTreeMap<&str, Vec<&Command>> = BTreeMap::new();
    for command in shown.iter().filter(|command| !command.spec.words.is_empty()) {
        packs.entry(pack(command)).or_default().push(command);
    }
    if packs.is_empty() {
        return Reply::text("There is nothing here that you may say.");
    }
    let all: usize = packs.values().map(|commands| commands.len() + 1).sum();
    let mut lines = Vec::new();
    if all < MAX_LINES {
        for (pack, commands) in &packs {
            lines.push(format!("**{pack}**"));
            lines.extend(list(commands, MAX_LINES));
        }
    } else {
        // Too many for one answer: what fits of each pack, and the word that shows all of it.
        let cut = if packs.len() >= MAX_LINES { MAX_LINES - 2 } else { packs.len() };
        for (pack, commands) in packs.iter().take(cut) {
            let orders = if commands.len() == 1 { "order" } else { "orders" };
            lines.push(format!("**{pack}** – {} {orders}; say `help {pack}`", commands.len()));
        }
        if packs.len() > cut {
            lines.push(format!("… and {} more; say `help <word>` to find them", packs.len() - cut));
        }
    }
    lines.push("Say `help <word>` for more. Say `plan <order>` to see what an order would do.".to_owned());
    Reply::text(lines.join("\n"))
}

fn detail(command: &Command) -> Reply {
    let spec = &command.spec;
    let mut fields = Vec::new();
    for other in spec.words.iter().skip(1) {
        fields.push(Field::new("Also", format!("`{}`", other.source())));
    }
    fields.extend(spec.args.iter().map(|arg| Field::new(format!("<{}>", arg.name), about(arg))));
    fields.push(Field::new("Effect", spec.effect.to_string()));
    fields.extend(spec.examples.iter().map(|example| Field::new("Example", format!("`{example}`"))));
    fields.push(Field::new("Id", spec.id.as_str()));
    Reply::text(line(command)).and(Block::Fields { fields })
}

/// What an argument is, what fits, and whether it can be left out.
fn about(arg: &ArgSpec) -> String {
    let mut text = match (&arg.about[..], &arg.kind) {
        ("", kind) => kind.to_string(),
        (about, ArgType::Word | ArgType::Text) => about.to_owned(),
        (about, kind) => format!("{about}: {kind}"),
    };
    match &arg.default {
        Some(default) => {
            text.push_str(&format!(" (`{}` if left out)", arg.kind.said(default)));
        }
        None if !is_needed(arg) => text.push_str(" (may be left out)"),
        None => {}
    }
    text
}
