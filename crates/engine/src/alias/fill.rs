//! The order behind a name, with the words that stand behind the name.
//!
//! Words are values of the order itself, and go before its stages; stages that somebody types behind a name follow
//! those that it has. Layer 1.

use wilco_contract::{
    alias::Alias,
    expr::{VALUE_END, VALUE_START},
    values::Asked,
};

use super::meant;
use crate::{
    compose,
    core::Live,
    parse::{Token, Words, quoted},
    route,
};

/// How many words a template asks for: the highest of `$1` to `$9` in it.
pub(super) fn places(template: &str) -> usize {
    let digits = template.split('$').skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
    digits.max().map_or(0, |most| most as usize)
}

/// Looks at the stages of an order, whose places are not filled yet.
///
/// # Errors
/// What is wrong with them.
pub(super) fn stages_of(live: &Live, asked: &Asked<'_>, order: &str) -> Result<(), String> {
    let Some(at) = live.catalogue.stages_at(order, asked) else { return Ok(()) };
    let sample = order[at..].split('$').enumerate().map(|(at, part)| {
        match part.strip_prefix(|c: char| c.is_ascii_digit()) {
            Some(rest) if at > 0 => format!("\"x\"{rest}"),
            _ if at > 0 => format!("${part}"),
            _ => part.to_owned(),
        }
    });
    compose::read_tail(&sample.collect::<String>(), asked).map(drop).map_err(|fault| fault.what)
}

/// The order of an alias with the words behind it: in their places, or else behind its own.
pub(super) fn fill(live: &Live, asked: &Asked<'_>, alias: &Alias, behind: &str) -> Result<String, String> {
    let Alias { name, order, .. } = alias;
    if behind.contains([VALUE_START, VALUE_END]) {
        return Err("there are signs in it that no order has".to_owned());
    }
    let of_order = live.catalogue.stages_at(order, asked).unwrap_or(order.len());
    let (order_alone, own) = order.split_at(of_order);
    let typed = format!("{name} {behind}");
    if let Some(at) = live.catalogue.stages_at(&typed, asked) {
        let (before, more) = typed.split_at(at);
        let before = before.get(name.len()..).unwrap_or_default().trim();
        let stages = join(&[own, more]);
        let line = Filling { live, asked, alias, order: order_alone, stages: &stages }.with(before)?;
        // Where the order takes a text, they are part of it.
        if live.catalogue.stages_at(&line, asked).is_some() {
            return Ok(line);
        }
    }
    Filling { live, asked, alias, order: order_alone, stages: own }.with(behind.trim())
}

fn join(parts: &[&str]) -> String {
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

struct Filling<'a> {
    live: &'a Live,
    asked: &'a Asked<'a>,
    alias: &'a Alias,
    /// The alias's order without its stages.
    order: &'a str,
    /// What stands behind it all.
    stages: &'a str,
}

impl Filling<'_> {
    fn with(&self, behind: &str) -> Result<String, String> {
        let Self { order, stages, alias, .. } = self;
        let behind = Words::split(behind);
        if behind.tokens.iter().any(|token| token.open.is_some()) {
            return Err("a quote in it is never closed".to_owned());
        }
        // What begins with `--` was typed as a flag, and stays one.
        let flags = behind.tokens.iter().position(|token| token.flag().is_some() || token.ends_flags());
        let plain = &behind.tokens[..flags.unwrap_or(behind.tokens.len())];
        let flags = flags.map(|at| behind.rest(at)).unwrap_or_default();
        let wanted = places(&alias.order);
        if wanted > 0 {
            if plain.len() != wanted {
                let word = if wanted == 1 { "word" } else { "words" };
                let Alias { name, order, .. } = alias;
                return Err(format!("`{name}` stands for `{order}` and takes {wanted} {word} behind it"));
            }
            return route::put_values(&join(&[&marked(order, plain), flags, &marked(stages, plain)]));
        }
        if plain.is_empty() {
            return Ok(join(&[order, flags, stages]));
        }
        let in_quotes: Vec<_> = plain.iter().map(|token| quoted(&token.text)).collect();
        let safe = join(&[order, &in_quotes.join(" "), flags]);
        let typed = join(&[order, behind.line]);
        // As they were typed, where that is the same command: its own words may stand among them. Otherwise as values.
        let about = |line: &str| {
            let reading = self.live.catalogue.read(line, self.asked);
            meant(&reading).map(|command| command.spec.id.clone())
        };
        let base = about(&safe).or_else(|| about(order));
        let marks = plain
            .iter()
            .any(|token| !token.quoted && (token.text.contains('|') || token.text.starts_with('>')));
        let words = if base.is_some() && about(&typed) == base && !marks { typed } else { safe };
        Ok(join(&[&words, stages]))
    }
}

/// A template with the words in its places, each marked as a value. In one pass, so that a value with `$2` in it stays
/// what it is.
fn marked(template: &str, plain: &[Token<'_>]) -> String {
    let mut parts = template.split('$');
    let mut marked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let number = part.chars().next().and_then(|c| c.to_digit(10));
        match number.and_then(|number| plain.get((number as usize).checked_sub(1)?)) {
            Some(token) => marked.push_str(&format!("{VALUE_START}{}{VALUE_END}{}", token.text, &part[1..])),
            None => marked.push_str(&format!("${part}")),
        }
    }
    marked
}
