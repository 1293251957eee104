//! The index: a tree over the words of all ways, so that a line meets only the ways that it could mean.
//!
//! Not the judge of what it means: the tree is generous where flags and names make it hard to tell, and `judge` reads
//! each way that it yields exactly. Layer 1.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use wilco_contract::{
    command::Command,
    values::{ArgType, Asked},
};

use super::{
    reserved::Flag,
    ways::{Element, Way},
};
use crate::parse::{Words, lower};

/// How many incomplete ways a place in the tree keeps: those that lack the least.
const MAX_PARTIAL: usize = 8;

/// All commands, and the tree over the ways to say them.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The commands, sorted by id.
    pub(super) commands: Vec<Arc<Command>>,
    /// All ways to say them, in the order of the commands.
    pub(super) ways: Vec<Way>,
    /// The tree; the first node is its root.
    pub(super) nodes: Vec<Node>,
    /// The names of all arguments of all commands.
    names: HashSet<Box<str>>,
    /// The types whose values may have several words, of all arguments, each once.
    worded: Vec<ArgType>,
}

/// A place in the tree: what may be said there.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The commands' own words.
    pub(super) literals: HashMap<Box<str>, usize>,
    /// One token, whatever it is.
    pub(super) token: Option<usize>,
    /// The types of such a token that may have several words, each once.
    worded: Vec<ArgType>,
    /// The ways that are complete here.
    pub(super) ends: Vec<usize>,
    /// The ways whose last argument takes all that is left here.
    pub(super) rests: Vec<usize>,
    /// The ways that are clear here, and lack arguments: with how many words and arguments they lack.
    partial: Vec<((usize, usize), usize)>,
}

impl Index {
    pub(super) fn new(commands: Vec<Arc<Command>>) -> Self {
        let args = commands.iter().flat_map(|command| &command.spec.args);
        let names = args.clone().map(|arg| arg.name.as_str().into()).collect();
        let mut index = Self { names, nodes: vec![Node::default()], ..Self::default() };
        args.for_each(|arg| add_worded(&mut index.worded, &arg.kind));
        for (at, command) in commands.iter().enumerate() {
            for way in super::ways::of(command, at) {
                index.add(way, command);
            }
        }
        index.commands = commands;
        index
    }

    fn add(&mut self, way: Way, command: &Command) {
        let id = self.ways.len();
        let literal = |element: &Element| matches!(element, Element::Literal(_));
        let leading = way.elements.iter().take_while(|element| literal(element)).count();
        let mut node = 0;
        for (depth, element) in way.elements.iter().enumerate() {
            let (said, left) = way.elements.split_at(depth);
            let words = left.iter().filter(|element| literal(element)).count();
            // What is incomplete has been named by all words at its beginning.
            if depth >= leading && said.iter().any(literal) && words < left.len() {
                let partial = &mut self.nodes[node].partial;
                partial.push(((words, left.len() - words), id));
                partial.sort_unstable();
                partial.truncate(MAX_PARTIAL);
            }
            if let Element::Arg(arg) = element {
                add_worded(&mut self.nodes[node].worded, &command.spec.args[*arg].kind);
            }
            let fresh = self.nodes.len();
            let next = match element {
                Element::Literal(word) => *self.nodes[node].literals.entry(word.clone()).or_insert(fresh),
                Element::Arg(_) | Element::Glued { .. } => *self.nodes[node].token.get_or_insert(fresh),
                Element::Rest(_) => {
                    self.nodes[node].rests.push(id);
                    self.ways.push(way);
                    return;
                }
            };
            if next == fresh {
                self.nodes.push(Node::default());
            }
            node = next;
        }
        self.nodes[node].ends.push(id);
        self.ways.push(way);
    }

    /// Whether some command begins with this word.
    pub(super) fn begins_with(&self, word: &str) -> bool {
        self.nodes[0].literals.contains_key(word)
    }

    /// The ways that the words from this one on could mean, complete or not, each once.
    pub(super) fn candidates(&self, words: &Words<'_>, from: usize, asked: &Asked<'_>) -> Vec<usize> {
        let tokens = &words.tokens;
        let flags_end = tokens.iter().position(|token| token.ends_flags()).unwrap_or(tokens.len());
        let assigned = |name: &str| self.names.contains(&*lower(name).replace('-', "_"));
        let is_assigned =
            |at: usize| at < flags_end && tokens[at].assigns().is_some_and(|(name, _)| assigned(name));
        let named = (from..flags_end)
            .any(|at| is_assigned(at) || tokens[at].flag().is_some_and(|flag| Flag::read(flag).is_none()));
        // Without flags and names there is one path to each node, and nothing to remember.
        let mut plain =
            !named && flags_end == tokens.len() && tokens.iter().all(|token| token.flag().is_none());
        let mut seen = BTreeSet::new();
        let mut todo = vec![(0, from)];
        let mut ways = Vec::new();
        while let Some((at, next)) = todo.pop() {
            if !plain && !seen.insert((at, next)) {
                continue;
            }
            let node = &self.nodes[at];
            if named {
                // An argument that is given by its name has no token.
                ways.extend(&node.rests);
                todo.extend(node.token.map(|child| (child, next)));
            }
            let Some(token) = tokens.get(next) else {
                ways.extend(&node.ends);
                ways.extend(node.partial.iter().map(|(_, way)| way));
                continue;
            };
            if next == flags_end {
                todo.push((at, next + 1));
                continue;
            }
            if let Some(flag) = token.flag().filter(|_| next < flags_end) {
                let flag = Flag::read(flag);
                // Whether a flag takes the next word is known only once the command is.
                if flag.is_none_or(|flag| !flag.takes_value()) || token.equals.is_some() {
                    todo.push((at, next + 1));
                }
                if flag.is_none_or(Flag::takes_value) && token.equals.is_none() {
                    todo.push((at, (next + 2).min(tokens.len())));
                    // A flag of some command may have a value of several words.
                    let kinds = self.worded.iter().filter(|_| flag.is_none());
                    let more =
                        kinds.map(|kind| words.value_words(kind, next + 1, asked)).filter(|&count| count > 1);
                    todo.extend(more.map(|count| (at, next + 1 + count)));
                }
                continue;
            }
            if is_assigned(next) {
                todo.push((at, next + 1));
            }
            ways.extend(&node.rests);
            if !node.literals.is_empty()
                && let Some(child) = token.literal().and_then(|word| node.literals.get(&*word))
            {
                todo.push((*child, next + 1));
            }
            let Some(child) = node.token else { continue };
            todo.push((child, next + 1));
            for count in node.worded.iter().map(|kind| words.value_words(kind, next, asked)) {
                if count > 1 {
                    // Several paths may lead to one place now.
                    plain = false;
                    todo.push((child, next + count));
                }
            }
        }
        ways.sort_unstable();
        ways.dedup();
        ways
    }

    /// Pairs of ways that some line would mean equally, and that say something else.
    pub(super) fn ties(&self) -> Vec<(usize, usize)> {
        let mut ties = Vec::new();
        for group in self.nodes.iter().flat_map(|node| [&node.ends, &node.rests]) {
            for (at, &one) in group.iter().enumerate() {
                ties.extend(
                    group[at + 1..].iter().filter(|&&other| self.tie(one, other)).map(|&other| (one, other)),
                );
            }
        }
        ties
    }

    /// Whether two ways that end at the same place of the tree can mean the same line, and neither goes first.
    fn tie(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.ways[one], &self.ways[other]);
        let same_command = one.command == other.command;
        if same_command && (one.pattern == other.pattern || one.elements == other.elements) {
            return false;
        }
        let choices = |way: &Way, element: &Element| match element {
            Element::Arg(arg) | Element::Glued { arg, .. } => {
                match &self.commands[way.command].spec.args[*arg].kind {
                    ArgType::Choice(words) => {
                        Some(words.iter().map(|word| word.to_lowercase()).collect::<HashSet<_>>())
                    }
                    _ => None,
                }
            }
            Element::Literal(_) | Element::Rest(_) => None,
        };
        one.elements.iter().zip(&other.elements).all(|(left, right)| {
            match (choices(one, left), choices(other, right)) {
                (Some(left), Some(right)) => !left.is_disjoint(&right),
                (None, None) => true,
                // A choice goes before a word.
                _ => false,
            }
        })
    }
}

fn add_worded(kinds: &mut Vec<ArgType>, kind: &ArgType) {
    if kind.has_words() && !kinds.contains(kind) {
        kinds.push(kind.clone());
    }
}
