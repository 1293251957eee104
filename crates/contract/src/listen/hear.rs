//! What a listener hears in lines: a regular expression, parsed and not compiled.
//!
//! Not the matching of lines: the engine compiles what it hears for the first time. Here a pattern is only parsed, so
//! that thousands of them load quickly. Layer 0.

use std::collections::BTreeMap;

use regex_syntax::hir::{Class, Hir, HirKind};
use serde::Serialize;

use super::Whose;
use crate::expr::Names;

/// The longest pattern, in bytes.
pub const MAX_PATTERN: usize = 4 * 1024;
/// How many listeners may have no text that a line must have to match them: each of them looks at every line.
pub const MAX_WITHOUT_TEXT: usize = 50;
/// The shortest text that tells lines apart, in bytes.
const SHORTEST: usize = 2;
/// The most texts of which one has to be in a line.
const MOST_ALTERNATIVES: usize = 64;
/// How large a pattern may become when it is compiled, in about as many states.
const MAX_WEIGHT: u64 = 20_000;

/// A regular expression, parsed and not compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hear {
    source: String,
    groups: Vec<Option<String>>,
    needs: Vec<Vec<String>>,
}

/// A regular expression that is not well formed or too large, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadHear(String);

impl Hear {
    /// Reads a regular expression.
    ///
    /// # Errors
    /// When it is not well formed, or larger than a listener's may be.
    pub fn parse(source: &str) -> Result<Self, BadHear> {
        if source.len() > MAX_PATTERN {
            return Err(BadHear(format!("it is longer than {MAX_PATTERN} bytes")));
        }
        let hir = regex_syntax::parse(source).map_err(|error| BadHear(told(&error)))?;
        if weight(&hir) > MAX_WEIGHT {
            return Err(BadHear("it repeats so much that it would become too large".to_owned()));
        }
        let mut groups = vec![None];
        groups_of(&hir, &mut groups);
        Ok(Self { source: source.to_owned(), groups, needs: needs_of(&hir) })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its groups, the whole match first, each with its name if it has one.
    #[must_use]
    pub fn groups(&self) -> &[Option<String>] {
        &self.groups
    }

    /// The names that its templates may use: `m[1]`, `m.1` and, for a group with a name, `m.app`; `m[0]` is the whole
    /// match. A group that took no part is empty. `values` are the groups of a match, in their order. Beside them `who`,
    /// whose line it is.
    #[must_use]
    pub fn names(&self, values: &[Option<&str>], who: &Whose<'_>) -> Names {
        let value = |at: usize| values.get(at).copied().flatten().unwrap_or_default();
        let mut groups = BTreeMap::new();
        for (at, name) in self.groups.iter().enumerate() {
            groups.insert(Key::At(at), value(at));
            groups.insert(Key::Name(at.to_string()), value(at));
            groups.extend(name.clone().map(|name| (Key::Name(name), value(at))));
        }
        Names::new(&OfLine { m: groups, who })
    }

    /// What every line that matches has in it: of each of these sets at least one text, compared without regard to the
    /// case of ASCII letters. Empty where nothing can be told.
    #[must_use]
    pub fn needs(&self) -> &[Vec<String>] {
        &self.needs
    }
}

#[derive(Serialize)]
struct OfLine<'a> {
    m: BTreeMap<Key, &'a str>,
    who: &'a Whose<'a>,
}

/// A group as templates name it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
enum Key {
    At(usize),
    Name(String),
}

/// What is wrong, in a line: the last one of the parser's picture says it.
fn told(error: &regex_syntax::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

fn groups_of(hir: &Hir, groups: &mut Vec<Option<String>>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            let at = capture.index as usize;
            if groups.len() <= at {
                groups.resize(at + 1, None);
            }
            groups[at] = capture.name.as_deref().map(str::to_owned);
            groups_of(&capture.sub, groups);
        }
        HirKind::Repetition(repetition) => groups_of(&repetition.sub, groups),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| groups_of(part, groups));
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

/// About how many states it becomes.
fn weight(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Unicode(class)) => 1 + class.ranges().len() as u64 / 4,
        HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Capture(capture) => 2 + weight(&capture.sub),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            weight(&repetition.sub).saturating_mul(u64::from(times)).saturating_add(1)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(weight).fold(1, u64::saturating_add)
        }
    }
}

fn needs_of(hir: &Hir) -> Vec<Vec<String>> {
    let mut walk = Walk::default();
    walk.over(hir);
    walk.cut();
    walk.needs
}

/// Walks over a pattern in the order of the text and gathers what has to stand in it.
#[derive(Default)]
struct Walk {
    /// The text that stands here, as far as it is sure.
    run: Vec<u8>,
    needs: Vec<Vec<String>>,
}

impl Walk {
    fn over(&mut self, hir: &Hir) {
        match hir.kind() {
            // Neither takes any text, so what stands before and behind is one text.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.run.extend(literal.0.iter().map(u8::to_ascii_lowercase)),
            HirKind::Class(class) => match either_case(class) {
                Some(letter) => self.run.push(letter),
                None => self.cut(),
            },
            HirKind::Capture(capture) => self.over(&capture.sub),
            HirKind::Repetition(repetition) => {
                self.cut();
                if repetition.min > 0 {
                    self.over(&repetition.sub);
                    self.cut();
                }
            }
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.over(part)),
            HirKind::Alternation(branches) => {
                self.cut();
                self.needs.extend(of_any(branches));
            }
        }
    }

    /// What comes does not follow on.
    fn cut(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.len() >= SHORTEST
            && let Ok(text) = String::from_utf8(run)
        {
            self.needs.push(vec![text]);
        }
    }
}

/// The set that has a text of each branch, if each has one: the one whose shortest text is the longest.
fn of_any(branches: &[Hir]) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for branch in branches {
        let needs = needs_of(branch);
        let shortest = |set: &Vec<String>| set.iter().map(String::len).min().unwrap_or_default();
        all.extend(needs.into_iter().max_by_key(shortest)?);
    }
    all.sort();
    all.dedup();
    (all.len() <= MOST_ALTERNATIVES).then_some(all)
}

/// The lower-case letter of a class that is nothing but an ASCII letter in both cases. Others fold to letters outside
/// ASCII as well (`k` to the sign for Kelvin), which a search that folds ASCII alone would miss.
fn either_case(class: &Class) -> Option<u8> {
    let Class::Unicode(class) = class else { return None };
    let [upper, lower] = class.ranges() else { return None };
    let (one, other) = (upper.start(), lower.start());
    let single = upper.end() == one && lower.end() == other;
    (single && one.is_ascii_uppercase() && one.to_ascii_lowercase() == other)
        .then(|| u8::try_from(other).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{super::say, *};
    use crate::ids::Account;

    #[test]
    fn what_a_line_must_have_is_found() {
        for (pattern, needs) in [
            (r"deploy service_(\d+) to (\w+)", "deploy service_ |  to "),
            (r"^Hello\b there", "hello there"),
            ("(?i)deploy it", "deploy it"),
            // `k` and `s` fold beyond ASCII.
            ("(?i)task", "ta"),
            ("(ship|deploy) now", "deploy,ship |  now"),
            ("fo(o|b)ar", "fo | ar"),
            ("(?:ab)+c?", "ab"),
            ("(?:ab)*", ""),
            ("x|deploy", ""),
            (r"\d+", ""),
            ("", ""),
            ("größe", "größe"),
        ] {
            let hear = Hear::parse(pattern).expect("a pattern");
            let sets: Vec<_> = hear.needs().iter().map(|set| set.join(",")).collect();
            assert_eq!(sets.join(" | "), needs, "{pattern}");
        }
    }

    #[test]
    fn groups_are_known_with_their_names() {
        let hear = Hear::parse(r"(a)(?:b)(?<app>c)").expect("a pattern");
        assert_eq!(hear.groups(), [None, None, Some("app".to_owned())]);
    }

    #[test]
    fn groups_are_said_and_what_they_hold_is_no_markup() {
        let hear = Hear::parse(r"deploy service_(?<id>\d+)( quickly)?: (.*)").expect("a pattern");
        let groups = [Some("all"), Some("7"), None, Some("**big** [x](https://a)\n`y`")];
        let account = Account::parse("web:ana").expect("an account");
        let who = Whose { id: Some("ana"), name: "Ana Lima", account: &account };
        let names = hear.names(&groups, &who);
        let said = |template| say(template, &names).map_err(|error| error.to_string());
        assert_eq!(said("{{ m[1] }} {{ m.1 }} {{ m.id }}").as_deref(), Ok("7 7 7"));
        assert_eq!(said("**now**{{ m[2] }}: {{ m[3] }}").as_deref(), Ok("**now**: big x(https://a) y"));
        assert_eq!(said("{{ m[2] or 'slowly' }}").as_deref(), Ok("slowly"));
        assert_eq!(said("{{ who.name }} ({{ who.account }})").as_deref(), Ok("Ana Lima (web:ana)"));
        assert!(said("{{ m[4] }}").is_err() && said("{{ m.app }}").is_err());
    }

    #[test]
    fn what_is_wrong_or_too_large_is_said_in_a_line() {
        for (pattern, why) in [
            ("a(", "unclosed group"),
            (r"(?<=a)b", "look-around"),
            (r"\w{1,900}{1,900}", "too large"),
            (r"(a)\1", "backreferences"),
        ] {
            let error = Hear::parse(pattern).expect_err("no pattern").to_string();
            assert!(error.contains(why) && !error.contains('\n'), "{error}");
        }
        assert!(Hear::parse(&"a".repeat(MAX_PATTERN + 1)).is_err());
    }
}
