//! Reading what stands behind an order: stages and a place.
//!
//! Not where it begins: [`super::mark`]. Quotes open here behind any sign, as conditions are written without spaces,
//! and what stands in brackets is no mark. Layer 1.

use wilco_contract::{near, values::Asked};

use super::{
    Drawing, MAX_STAGES, Show, Stage, Test, Then,
    mark::{names_stage, place},
    names, usage,
};
use crate::parse::{Piece, Words, pieces, quoted};

/// What is wrong with a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What is wrong and what would be right, without a full stop.
    pub(crate) what: String,
    /// How it is said, with its mark.
    pub(crate) usage: String,
}

impl Fault {
    pub(super) fn new(what: String, stage: &str) -> Self {
        let usage = usage(stage);
        Self { what, usage: format!("| {}", if usage.is_empty() { "<stage>" } else { usage }) }
    }

    /// That rows are to be shown in two ways.
    pub(crate) fn twice_shown() -> Self {
        Self::new("`--json` says how the rows are shown, and so does the last stage".to_owned(), "json")
    }
}

/// A stage or a place before it is read.
struct Part<'a> {
    /// Whether it is a place.
    is_place: bool,
    /// What stands behind the mark.
    text: &'a str,
    pieces: Vec<Piece>,
}

/// Reads the end of a line that begins with a mark, and whether it asks for JSON.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(tail: &str, asked: &Asked<'_>) -> Result<(Then, bool), Fault> {
    let mut then = Then::default();
    let (mut json, mut shown) = (false, None::<String>);
    for part in parts(tail, asked)? {
        if part.is_place {
            let words = Words::split(part.text);
            then.to = words.tokens.first().and_then(|token| place(token, asked));
            if then.to.is_none() || words.tokens.len() != 1 {
                return Err(no_place(part.text));
            }
            continue;
        }
        let words = Words::split(part.text);
        let name = words.tokens.first().and_then(|token| token.literal()).unwrap_or_default().into_owned();
        if let Some(shown) = &shown {
            let what = format!("`{shown}` says how the rows are shown, so `{name}` cannot stand behind it");
            return Err(Fault::new(what, shown));
        }
        match &name[..] {
            "table" | "json" | "csv" => {
                if words.tokens.len() > 1 {
                    return Err(Fault::new(format!("`{name}` takes nothing behind it"), &name));
                }
                json = name == "json";
                then.show = match &name[..] {
                    "table" => Some(Show::Table),
                    "csv" => Some(Show::Csv),
                    _ => None,
                };
                shown = Some(name);
            }
            "chart" => {
                then.show = Some(Show::Chart(Drawing::read(&part.pieces)?));
                shown = Some(name);
            }
            "where" => then.stages.push(Stage::Where(Test::read(&part.pieces)?)),
            _ => then.stages.push(Stage::read(&name, &part.pieces)?),
        }
        if then.stages.len() > MAX_STAGES {
            return Err(Fault::new(format!("an order has at most {MAX_STAGES} stages"), ""));
        }
    }
    Ok((then, json))
}

/// That a word behind `|` is no stage.
pub(super) fn no_stage(word: &str) -> Fault {
    let word: String = word.chars().take(40).collect();
    let nearest = near::nearest(&word.to_lowercase(), names());
    let near = nearest.map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
    let all: Vec<_> = names().collect();
    let what = if word.is_empty() {
        format!("behind `|` a stage is missing: {}", all.join(", "))
    } else {
        format!("`{word}` is no stage{near}. There are {}", all.join(", "))
    };
    Fault::new(what, nearest.unwrap_or_default())
}

/// That a text behind `>` is no place.
pub(super) fn no_place(text: &str) -> Fault {
    let text: String = text.trim().chars().take(40).collect();
    let what = if text.is_empty() {
        "behind `>` a place is missing, such as `web:ops`".to_owned()
    } else {
        format!("`{text}` is no place such as `web:ops`, and behind `>` nothing but a place may stand")
    };
    Fault { what, usage: "> <place>".to_owned() }
}

/// What is wrong with a mark that begins no stage and names no place.
pub(crate) fn nothing_behind(tail: &str) -> Fault {
    let words = Words::split(tail);
    match words.tokens.first().map(|token| &*token.text) {
        Some("|") => no_stage(words.tokens.get(1).map_or("", |token| &token.text)),
        _ => no_place(words.rest(1)),
    }
}

/// Splits at the marks: those outside quotes and brackets, as words of their own, with a stage or a place behind.
fn parts<'a>(tail: &'a str, asked: &Asked<'_>) -> Result<Vec<Part<'a>>, Fault> {
    let (all, open) = pieces(tail);
    let is_space = |at: usize| all.get(at).is_none_or(|piece| piece.is_space());
    let mut parts: Vec<Part<'a>> = Vec::new();
    let (mut begun, mut depth): (Option<(usize, bool)>, usize) = (None, 0);
    let end = |parts: &mut Vec<Part<'a>>, begun: Option<(usize, bool)>, to: usize| {
        let Some((from, is_place)) = begun else { return };
        let start = all.get(from).map_or(tail.len(), |piece| piece.at);
        let stop = all.get(to).map_or(tail.len(), |piece| piece.at);
        let pieces = all.get(from..to).unwrap_or_default().to_vec();
        parts.push(Part { is_place, text: tail.get(start..stop).unwrap_or_default().trim(), pieces });
    };
    for (at, piece) in all.iter().enumerate() {
        let Some(sign) = piece.sign() else { continue };
        match sign {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '|' | '>' if depth == 0 && (at == 0 || is_space(at - 1)) && is_space(at + 1) => {
                let behind = all.get(at + 1).map_or("", |piece| tail[piece.at..].trim_start());
                if at == 0 || counts(sign, behind, asked) {
                    end(&mut parts, begun, at);
                    begun = Some((at + 1, sign == '>'));
                }
            }
            _ => {}
        }
    }
    end(&mut parts, begun, all.len());
    if open || depth > 0 {
        let what = if open { "a quote is never closed" } else { "a bracket is never closed" };
        let last = parts.last().map_or("", |part| part.text);
        let stage = last.split_whitespace().next().unwrap_or_default().to_lowercase();
        return Err(Fault::new(format!("{what} in `{}`", shortened(last)), &stage));
    }
    Ok(parts)
}

/// Whether a sign with this behind it is a mark. Looks at one word, as a line may be full of signs.
fn counts(sign: char, behind: &str, asked: &Asked<'_>) -> bool {
    let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
    let words = Words::split(&behind[..end]);
    let Some(next) = words.tokens.first() else { return false };
    match sign {
        '|' => next.literal().is_some_and(|word| names_stage(&word)),
        _ => behind[end..].trim().is_empty() && place(next, asked).is_some(),
    }
}

/// A text from outside, short enough for an answer.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The tail with nothing in its quotes.
pub(super) fn without_values(tail: &str) -> String {
    let (all, open) = pieces(tail);
    let mut out: String =
        all.iter().map(|piece| piece.sign().map_or_else(|| quoted(""), String::from)).collect();
    if open {
        out.push('…');
    }
    out
}
