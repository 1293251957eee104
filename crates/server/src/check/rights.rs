//! Which rights a configuration gives that the last good one did not.
//!
//! Not the rights themselves: each is a cell of [`super::table`]. Layer 4.

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::table::{APPROVER, APPROVES, GRANTS, REQUIREMENTS, Rights, WITH};

/// The file beside `wilco.toml` that says what the last good configuration allowed.
pub(crate) const FILE: &str = "wilco.good.json";
/// The longest such file that is read, in bytes.
const LONGEST: u64 = 16 << 20;
/// How many commands a line names.
const NAMED: usize = 6;

/// What the last good configuration allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Good {
    /// When it was taken over.
    pub at: Timestamp,
    /// Who could do what.
    pub rights: Rights,
}

impl Good {
    /// Reads what was kept in the folder of `wilco.toml`; none where nothing was, or where it cannot be read.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(FILE);
        if fs::metadata(&path).ok()?.len() > LONGEST {
            return None;
        }
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Keeps it in the folder of `wilco.toml`, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written, or would be too long to be read again.
    pub fn keep(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join(format!("{FILE}.new"));
        let text = serde_json::to_vec(self)?;
        if text.len() as u64 > LONGEST {
            return Err(io::Error::other(format!("it is longer than {LONGEST} bytes")));
        }
        fs::write(&new, text)?;
        fs::rename(new, folder.join(FILE))
    }
}

/// Rights that somebody has and had not: the same for several commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    /// Who: `@ana`, `guest`, `token:ci (order)`; or `grant`, `requirement`: a rule as it is written.
    pub who: String,
    /// What they need for it now: `allow`, `confirm`, `approve 1 role:lead`.
    pub now: String,
    /// What they needed before; none where they could not, and of a rule as it is written.
    pub before: Option<String>,
    /// For which commands.
    pub commands: Vec<String>,
}

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named =
            self.commands.iter().take(NAMED).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        let more = self.commands.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let needs = |cell: &str| match cell {
            "allow" | "plan" => "nothing else".to_owned(),
            other => other.to_owned(),
        };
        match &self.before {
            None if self.who == GRANTS || self.who == REQUIREMENTS => {
                write!(f, "{} {}: {}", self.now, self.who, self.commands.join("; "))
            }
            None if self.now == APPROVES => {
                write!(f, "{} may now approve {named}{more}", self.who.trim_start_matches(APPROVER))
            }
            None if self.now.starts_with(WITH) => {
                let (flag, who) = self.who.split_once(' ').unwrap_or(("", &self.who));
                write!(f, "{who} may now give {named}{more} with `{flag}`")
            }
            None => write!(f, "{} may now use {named}{more}, which needs {}", self.who, needs(&self.now)),
            Some(before) => write!(
                f,
                "{} now needs {} for {named}{more}, and needed {}",
                self.who,
                needs(&self.now),
                needs(before)
            ),
        }
    }
}

/// What `new` gives that `old` did not, the gravest first: what could not be done at all, then what needs less. What
/// needs something else than before counts as less, since nobody can tell.
#[must_use]
pub fn gains(old: &Rights, new: &Rights) -> Vec<Gain> {
    let nothing = BTreeMap::new();
    let mut gains: BTreeMap<(bool, String, String, Option<String>), Vec<String>> = BTreeMap::new();
    for (who, cells) in new.iter().filter(|(who, _)| ![GRANTS, REQUIREMENTS].contains(&who.as_str())) {
        let before = old.get(who).unwrap_or(&nothing);
        for (command, now) in cells {
            let before = before.get(command);
            if before.is_some_and(|before| before == now || !is_less(now, before)) {
                continue;
            }
            let key = (before.is_some(), who.clone(), now.clone(), before.cloned());
            gains.entry(key).or_default().push(command.clone());
        }
    }
    let gain = |((_, who, now, before), commands)| Gain { who, now, before, commands };
    gains.into_iter().map(gain).chain(rules(old, new)).collect()
}

/// Rules as they are written that may give more: grants that were not there, requirements that are gone, and with those
/// what came in their place.
fn rules(old: &Rights, new: &Rights) -> Vec<Gain> {
    let without = |row: &str, all: &Rights, other: &Rights, now: &str| -> Vec<Gain> {
        let (Some(all), Some(other)) = (all.get(row), other.get(row)) else { return Vec::new() };
        let texts = all.keys().filter(|text| !other.contains_key(*text));
        let gain = |text: &String| Gain {
            who: row.to_owned(),
            now: now.to_owned(),
            before: None,
            commands: vec![text.clone()],
        };
        texts.map(gain).collect()
    };
    let mut all = without(GRANTS, new, old, "new");
    let gone = without(REQUIREMENTS, old, new, "gone");
    if !gone.is_empty() {
        all.extend(gone);
        all.extend(without(REQUIREMENTS, new, old, "new"));
    }
    all
}

/// Whether a cell asks for less than another one. What asks for the same and more asks for no less.
fn is_less(now: &str, before: &str) -> bool {
    let free = |cell: &str| matches!(cell, "allow" | "plan");
    if free(before) {
        return false;
    }
    free(now) || before.split(" + ").any(|need| !now.split(" + ").any(|other| is_met(need, other)))
}

/// Whether who has what `now` asks for has what `before` asked for: the same, or more approvals by the same people.
fn is_met(before: &str, now: &str) -> bool {
    let approvals = |need: &str| {
        let rest = need.strip_prefix("approve ")?;
        let (count, by) = rest.split_once(' ').unwrap_or((rest, ""));
        Some((count.parse::<u32>().ok()?, by.to_owned()))
    };
    match (approvals(before), approvals(now)) {
        (Some((few, by)), Some((many, same))) => by == same && few <= many,
        _ => before == now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(cells: &[(&str, &str, &str)]) -> Rights {
        let mut rights = Rights::new();
        for (who, command, cell) in cells {
            rights.entry((*who).to_owned()).or_default().insert((*command).to_owned(), (*cell).to_owned());
        }
        rights
    }

    #[test]
    fn what_somebody_gains_is_named_and_what_they_lose_is_not() {
        let old = rights(&[
            ("@ana", "web.ship", "approve 1 role:lead + confirm"),
            ("@ana", "web.status", "allow"),
            ("@ben", "web.ship", "confirm"),
            ("@cleo", "web.ship", "confirm"),
        ]);
        let new = rights(&[
            ("@ana", "web.ship", "confirm"),
            ("@ana", "web.wipe", "confirm"),
            ("@ben", "web.ship", "approve 1 role:lead + confirm"),
            ("@cleo", "web.ship", "approve 2"),
            ("@dan", "web.status", "allow"),
            ("@dan", "web.version", "allow"),
        ]);
        let told: Vec<_> = gains(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "@ana may now use `web.wipe`, which needs confirm",
                "@dan may now use `web.status`, `web.version`, which needs nothing else",
                "@ana now needs confirm for `web.ship`, and needed approve 1 role:lead + confirm",
                "@cleo now needs approve 2 for `web.ship`, and needed confirm",
            ]
        );
        assert!(gains(&new, &new).is_empty());
    }

    #[test]
    fn more_approvals_are_no_gain_and_a_rule_that_gives_more_is_told_as_it_is_written() {
        let old = rights(&[
            ("@ana", "web.ship", "approve 1 role:lead"),
            ("@ben", "web.ship", "approve 2"),
            ("grant", "`web.*` to role:ops when `args.app == 'a'`", "written"),
            ("requirement", "`web.ship` needs confirm", "written"),
        ]);
        let new = rights(&[
            ("@ana", "web.ship", "approve 2 role:lead"),
            ("@ben", "web.ship", "approve 1"),
            ("approver @cleo", "web.ship", "approves"),
            ("--force @cleo", "web.ship", "with --force"),
            ("--force @cleo", "web.stage", "with --force"),
            ("--alone schedule:web.night", "web.ship", "with --alone"),
            ("grant", "`web.*` to role:ops", "written"),
            ("requirement", "`web.ship` needs confirm when `args.app == 'a'`", "written"),
        ]);
        let told: Vec<_> = gains(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "schedule:web.night may now give `web.ship` with `--alone`",
                "@cleo may now give `web.ship`, `web.stage` with `--force`",
                "@cleo may now approve `web.ship`",
                "@ben now needs approve 1 for `web.ship`, and needed approve 2",
                "new grant: `web.*` to role:ops",
                "gone requirement: `web.ship` needs confirm",
                "new requirement: `web.ship` needs confirm when `args.app == 'a'`",
            ]
        );
    }

    #[test]
    fn what_is_kept_is_read_again_and_damage_counts_as_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Good::read(folder.path()), None);
        let good = Good { at: Timestamp::UNIX_EPOCH, rights: rights(&[("@ana", "web.ship", "confirm")]) };
        good.keep(folder.path()).expect("a file");
        assert_eq!(Good::read(folder.path()), Some(good));
        fs::write(folder.path().join(FILE), "{").expect("damage");
        assert_eq!(Good::read(folder.path()), None);
    }
}
