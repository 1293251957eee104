//! Which listeners hear a line: one search for the texts that they need, and only then their expressions. And which heed
//! what happens beside lines.
//!
//! Not what comes of it: [`super`] says or runs it. Layer 1.

use std::{cmp::Reverse, collections::HashMap, fmt, sync::OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Regex, RegexBuilder};
use wilco_contract::{
    ids::Place,
    input::Happening,
    listen::{Hear, Listener},
};

/// The longest line that is listened to, in bytes: longer ones are pasted.
pub const MAX_HEARD: usize = 8 * 1024;
/// How many listeners one line sets off at most, in the order of the packs.
pub const MOST_HITS: usize = 5;
/// The largest that one expression may become when it is compiled, in bytes.
const MAX_COMPILED: usize = 4 * 1024 * 1024;
/// The most that an expression may keep of what it found while it searched, in bytes.
const MAX_CACHE: usize = 256 * 1024;

/// All listeners, ready for lines and for what happens beside them.
#[derive(Default)]
pub struct Matcher {
    /// Those that hear lines.
    listeners: Vec<Ready>,
    /// The others.
    heeding: Vec<Listener>,
    /// Finds the texts, in any case of ASCII letters.
    search: Option<AhoCorasick>,
    /// The listeners that need each text.
    of_text: Vec<Vec<u32>>,
    /// The listeners that need none.
    always: Vec<u32>,
}

struct Ready {
    listener: Listener,
    /// Compiled when a line first has its text; nothing where it cannot be.
    compiled: OnceLock<Option<Regex>>,
}

/// A listener that hears a line.
#[derive(Debug)]
pub struct Hit<'a> {
    /// Which.
    pub listener: &'a Listener,
    /// Its pattern.
    pub hear: &'a Hear,
    /// The groups of its match, the whole one first.
    pub groups: Vec<Option<&'a str>>,
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.listeners.len() + self.heeding.len();
        write!(f, "Matcher({count} listeners, {} texts)", self.of_text.len())
    }
}

impl Matcher {
    /// Makes listeners ready. Of the texts that each needs, it is found by the one that the fewest others need.
    #[must_use]
    pub fn new(all: Vec<Listener>) -> Self {
        let (listeners, heeding): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|listener| listener.on.hear().is_some());
        let mut shared: HashMap<&str, u32> = HashMap::new();
        for text in listeners.iter().filter_map(|listener| listener.on.hear()).flat_map(Hear::needs).flatten()
        {
            *shared.entry(text).or_default() += 1;
        }
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let (mut texts, mut of_text, mut always) = (Vec::<&str>::new(), Vec::<Vec<u32>>::new(), Vec::new());
        for (at, listener) in (0..).zip(&listeners) {
            let cost = |set: &&Vec<String>| {
                let most =
                    set.iter().map(|text| shared.get(text.as_str()).copied().unwrap_or_default()).max();
                (most, Reverse(set.iter().map(String::len).min()))
            };
            let Some(set) = listener.on.hear().map_or(&[][..], Hear::needs).iter().min_by_key(cost) else {
                always.push(at);
                continue;
            };
            for text in set {
                let number = *numbers.entry(text).or_insert_with(|| {
                    texts.push(text);
                    of_text.push(Vec::new());
                    texts.len() - 1
                });
                of_text[number].push(at);
            }
        }
        let search = Self::search(&texts);
        if search.is_none() {
            always = (0..).zip(&listeners).map(|(at, _)| at).collect();
        }
        let ready = |listener| Ready { listener, compiled: OnceLock::new() };
        Self { search, of_text, always, heeding, listeners: listeners.into_iter().map(ready).collect() }
    }

    /// Whether it was made of these.
    pub(crate) fn is_of(&self, all: &[Listener]) -> bool {
        let (hears, heeds) = (
            all.iter().filter(|listener| listener.on.hear().is_some()),
            all.iter().filter(|listener| listener.on.hear().is_none()),
        );
        self.listeners.iter().map(|ready| &ready.listener).eq(hears) && self.heeding.iter().eq(heeds)
    }

    /// The search for texts; none where there are too many for one, so that every listener looks at every line.
    fn search(texts: &[&str]) -> Option<AhoCorasick> {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA));
        let built = builder.build(texts);
        built.inspect_err(|error| tracing::warn!(%error, "The listeners' texts make no search.")).ok()
    }

    /// The listeners that hear this [cleaned](crate::parse::clean) line in this place, at most [`MOST_HITS`].
    #[must_use]
    pub fn hits<'a>(&'a self, text: &'a str, place: &Place) -> Vec<Hit<'a>> {
        if text.len() > MAX_HEARD {
            return Vec::new();
        }
        let mut found = self.always.clone();
        let mut seen: Vec<bool> = Vec::new();
        for hit in self.search.iter().flat_map(|search| search.find_overlapping_iter(text)) {
            if seen.is_empty() {
                seen.resize(self.of_text.len(), false);
            }
            let at = hit.pattern().as_usize();
            if !std::mem::replace(&mut seen[at], true) {
                found.extend(&self.of_text[at]);
            }
        }
        found.sort_unstable();
        found.dedup();
        let ready = found.into_iter().filter_map(|at| self.listeners.get(at as usize));
        ready.filter_map(|ready| ready.hears(text, place)).take(MOST_HITS).collect()
    }
}

impl Matcher {
    /// The listeners that this sets off, at most [`MOST_HITS`].
    #[must_use]
    pub fn heeding(&self, happening: &Happening) -> Vec<&Listener> {
        self.heeding.iter().filter(|listener| listener.heeds(happening)).take(MOST_HITS).collect()
    }
}

impl Ready {
    fn hears<'a>(&'a self, text: &'a str, place: &Place) -> Option<Hit<'a>> {
        let listener = &self.listener;
        if !listener.is_in(place) {
            return None;
        }
        let hear = listener.on.hear()?;
        let compiled = self.compiled.get_or_init(|| {
            let mut builder = RegexBuilder::new(hear.source());
            let built = builder.size_limit(MAX_COMPILED).dfa_size_limit(MAX_CACHE).build();
            let told = |error: &regex::Error| {
                tracing::warn!(listener = listener.name, at = %listener.origin, %error, "It hears nothing.");
            };
            built.inspect_err(told).ok()
        });
        let captures = compiled.as_ref()?.captures(text)?;
        Some(Hit {
            listener,
            hear,
            groups: captures.iter().map(|group| group.map(|found| found.as_str())).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use wilco_contract::{
        ids::Origin,
        listen::{Does, On},
    };

    use super::*;

    fn listener(name: &str, on: On) -> Listener {
        Listener {
            name: name.to_owned(),
            on,
            does: Does::Say("x".to_owned()),
            rooms: None,
            origin: Origin::built_in(),
        }
    }

    #[test]
    fn it_knows_what_it_was_made_of() {
        let line = |source| On::Line(Hear::parse(source).expect("a pattern"));
        let all =
            vec![listener("a", line("deploy")), listener("b", On::Join), listener("c", line("restart"))];
        let matcher = Matcher::new(all.clone());
        assert!(matcher.is_of(&all));
        assert!(!matcher.is_of(&all[..2]));
        let mut others = all.clone();
        others[2].on = line("restarts");
        assert!(!matcher.is_of(&others));
        let mut others = all;
        others[1].does = Does::Run("x".to_owned());
        assert!(!matcher.is_of(&others));
    }
}
