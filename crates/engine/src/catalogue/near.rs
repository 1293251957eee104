//! What comes near: for "did you mean", and for a flag that is not there.
//!
//! Only for lines that mean nothing, so that a search over one level of the tree is cheap enough. Layer 1.

use std::collections::VecDeque;

use wilco_contract::{ids::CommandId, near::fitting, pattern::Pattern};

use super::{MAX_NEAR, index::Index};
use crate::parse::Words;

/// How many places of the tree are looked at for one answer.
const MAX_VISITS: usize = 256;
/// How many words of a line are compared.
const MAX_WORDS: usize = 8;
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
