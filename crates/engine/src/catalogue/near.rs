//! What comes near: for "did you mean", and for a flag that is not there.
//!
//! Only for lines that mean nothing, so that a search over one level of the tree is cheap enough. Layer 1.

use std::collections::VecDeque;

use wilco_contract::{ids::CommandId, pattern::Pattern};

use super::{MAX_NEAR, index::Index};
use crate::parse::Words;

/// How many places of the tree are looked at for one answer.
const MAX_VISITS: usize = 256;
/// How many words of a line are compared.
const MAX_WORDS: usize = 8;
/// The longest word that is compared, in bytes.
const MAX_WORD: usize = 64;
/// How many words come near at most.
const MAX_FITTING: usize = 3;

/// The known name that is nearest to this one, where one is near or begins with it.
pub(super) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let near = fitting(typed, known.clone()).into_iter().next();
    near.or_else(|| known.filter(|known| !typed.is_empty() && known.starts_with(typed)).min())
}

/// Known names near this one, the nearest first. Short words have to be nearly right: people chat, too.
fn fitting<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    if typed.len() > MAX_WORD {
        return Vec::new();
    }
    let length = typed.chars().count();
    let allowed = match length {
        0..=2 => return Vec::new(),
        3..=6 => 1,
        _ => 2,
    };
    let mut all: Vec<_> = known
        .filter(|known| known.len() <= MAX_WORD && known.chars().count().abs_diff(length) <= allowed)
        .map(|known| (strsim::osa_distance(typed, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, known)| known).take(MAX_FITTING).collect()
}

impl Index {
    /// Commands whose own words come near these: those that begin with the same words, or with nearly the same.
    pub(super) fn near(&self, words: &Words<'_>, from: usize) -> Vec<(String, CommandId)> {
        let mut node = 0;
        let mut known = None;
        let spoken = words.tokens[from..].iter().filter(|token| token.flag().is_none());
        for token in spoken.take(MAX_WORDS) {
            let here = &self.nodes[node];
            if let Some(word) = token.literal() {
                if let Some(&child) = here.literals.get(&*word) {
                    (node, known) = (child, Some(child));
                    continue;
                }
                let meant = fitting(&word, here.literals.keys().map(|known| &**known));
                if !meant.is_empty() {
                    return self.below(meant.into_iter().filter_map(|word| here.literals.get(word).copied()));
                }
            }
            match here.token {
                Some(child) => node = child,
                None => break,
            }
        }
        self.below(known.into_iter())
    }

    /// How the commands below these places are said, the shortest first.
    fn below(&self, places: impl Iterator<Item = usize>) -> Vec<(String, CommandId)> {
        let mut found: Vec<(String, CommandId)> = Vec::new();
        let mut todo: VecDeque<usize> = places.collect();
        for _ in 0..MAX_VISITS {
            let Some(at) = todo.pop_front() else { break };
            let node = &self.nodes[at];
            for way in node.ends.iter().chain(&node.rests).map(|&way| &self.ways[way]) {
                let spec = &self.commands[way.command].spec;
                if found.iter().all(|(_, id)| *id != spec.id) {
                    found.push((
                        spec.words.get(way.pattern).map_or("", Pattern::source).to_owned(),
                        spec.id.clone(),
                    ));
                }
            }
            if found.len() >= MAX_NEAR {
                break;
            }
            let mut children: Vec<_> = node.literals.iter().collect();
            children.sort_unstable();
            todo.extend(children.into_iter().map(|(_, child)| *child).chain(node.token));
        }
        found.truncate(MAX_NEAR);
        found
    }
}
