//! `where`: a condition in the one language of conditions, or the short form `column=value`.
//!
//! People in rooms write it, so it may not do all that a pack's condition may: no filter that makes much of little, no
//! function, no multiplication. Layer 1.

use std::fmt;

use serde_json::Value;
use wilco_contract::expr::Condition;

use super::{
    rows::{Row, cell, known, listed, number},
    tail::{Fault, shortened},
};
use crate::parse::{Piece, PieceKind, quoted, word};

/// The longest condition, in bytes.
const MAX_CONDITION: usize = 1_000;
/// The filters that a condition may use: none makes a value much larger than it was.
const FILTERS: [&str; 17] = [
    "lower", "upper", "trim", "length", "int", "float", "abs", "round", "string", "bool", "default", "first",
    "last", "min", "max", "sum", "list",
];
/// The name of the whole row, for columns that are no names.
const ROW: &str = "row";

/// What has to hold of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// A condition over its columns.
    Condition {
        /// As it is written in an order.
        text: String,
        /// As it is evaluated.
        condition: Condition,
    },
    /// All of these.
    Short(Vec<Match>),
}

/// What has to hold of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The column.
    pub column: String,
    /// How its value is compared.
    pub sign: Sign,
    /// With what.
    pub value: String,
}

/// How a value is compared in the short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `=`: they are equal, as numbers where both are.
    Is,
    /// `!=`: they are not.
    IsNot,
    /// `~`: it has this text in it, in any case.
    Has,
}

impl Test {
    /// Reads what stands behind `where`; the first word is that.
    pub(super) fn read(pieces: &[Piece]) -> Result<Self, Fault> {
        let all = without_stops(pieces).split(Piece::is_space).filter(|word| !word.is_empty());
        let words: Vec<&[Piece]> = all.skip(1).collect();
        if words.is_empty() {
            return Err(Fault::new("`where` needs a condition behind it".to_owned(), "where"));
        }
        if let Some(short) = short(&words) {
            return Ok(Self::Short(short));
        }
        let text = written(&words);
        if text.len() > MAX_CONDITION {
            let what =
                format!("a condition has at most {MAX_CONDITION} bytes, and this one has {}", text.len());
            return Err(Fault::new(what, "where"));
        }
        check(&words)?;
        // In an order a text is written as the language writes it.
        let condition = Condition::parse(&text).map_err(|error| {
            let what = error.to_string();
            let what = what.split(" (in <expression>").next().unwrap_or_default();
            Fault::new(format!("`{}` cannot be read: {what}", shortened(&text)), "where")
        })?;
        Ok(Self::Condition { text, condition })
    }

    /// The rows for which it holds.
    pub(super) fn keep(&self, rows: Vec<Row>) -> Result<Vec<Row>, String> {
        match self {
            Self::Short(all) => {
                for one in all {
                    known("where", &rows, &one.column)?;
                }
                Ok(rows.into_iter().filter(|row| all.iter().all(|one| one.holds(row))).collect())
            }
            Self::Condition { text, condition } => {
                let names = condition.names();
                let names: Vec<_> = names
                    .iter()
                    .filter_map(|name| name.split('.').next())
                    .filter(|name| *name != ROW)
                    .collect();
                for name in &names {
                    known("where", &rows, name)?;
                }
                let mut kept = Vec::new();
                for (at, row) in (1_usize..).zip(rows) {
                    match condition.holds(&Names(&row)) {
                        Ok(true) => kept.push(row),
                        Ok(false) => {}
                        Err(error) => {
                            let lacks = names.iter().find(|name| !row.contains_key(**name));
                            return Err(match lacks {
                                Some(name) => no_value(&row, at, name),
                                None => format!("`{}` cannot be told of row {at}: {error}", shortened(text)),
                            });
                        }
                    }
                }
                Ok(kept)
            }
        }
    }
}

/// That a row lacks a column that others have.
fn no_value(row: &Row, at: usize, name: &str) -> String {
    let has = listed(&row.keys().map(String::as_str).collect::<Vec<_>>());
    format!("row {at} has no `{name}`, only {has}; `{name} is defined and …` passes over such rows")
}

/// A row as the names of a condition: its columns, and the row itself.
struct Names<'a>(&'a Row);

impl serde::Serialize for Names<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        if !self.0.contains_key(ROW) {
            map.serialize_entry(ROW, self.0)?;
        }
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Without a full stop at its end, which phones set.
fn without_stops(mut pieces: &[Piece]) -> &[Piece] {
    let is_stop = |piece: &Piece| piece.sign() == Some('.');
    while let [before @ .., last] = pieces {
        let one_stop = is_stop(last) && !before.last().is_some_and(is_stop);
        if !last.is_space() && !one_stop {
            break;
        }
        pieces = before;
    }
    pieces
}

/// The condition as it is written in an order. One that would read on as a place stands in brackets.
fn written(words: &[&[Piece]]) -> String {
    let one = |pieces: &&[Piece]| {
        let sign = |piece: &Piece| match &piece.kind {
            PieceKind::Sign(sign) => sign.to_string(),
            PieceKind::Text(text) => quoted(text),
        };
        pieces.iter().map(sign).collect::<String>()
    };
    let words: Vec<String> = words.iter().map(one).collect();
    let text = words.join(" ");
    let like_a_place =
        |word: &str| (word.contains([':', '#']) && !word.contains(')')) || word.eq_ignore_ascii_case("here");
    match &words[..] {
        [.., sign, last] if sign == ">" && like_a_place(last) => format!("({text})"),
        _ => text,
    }
}

/// Looks that a condition uses nothing that people in rooms may not.
fn check(words: &[&[Piece]]) -> Result<(), Fault> {
    let signs = words.iter().flat_map(|word| word.iter().map(Piece::sign).chain([Some(' ')]));
    let mut signs = signs.peekable();
    while let Some(sign) = signs.next() {
        match sign {
            Some('*') => {
                return Err(Fault::new("`where` takes no `*`".to_owned(), "where"));
            }
            Some('|') => {
                while signs.next_if(|sign| sign.is_some_and(char::is_whitespace)).is_some() {}
                let mut name = String::new();
                while let Some(Some(c)) =
                    signs.next_if(|sign| sign.is_some_and(|c| c.is_alphanumeric() || c == '_'))
                {
                    name.push(c);
                }
                if !FILTERS.contains(&&*name) {
                    let what = format!(
                        "`where` has no filter `{}`; it has {}",
                        shortened(&name),
                        FILTERS.join(", ")
                    );
                    return Err(Fault::new(what, "where"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The words as the short form, where all of them are: `state=failed`, `owner!=ana`, `line~"disk full"`, `state = failed`.
fn short(words: &[&[Piece]]) -> Option<Vec<Match>> {
    if let [column, [sign], value] = words
        && matches!(sign.sign(), Some('=' | '~'))
    {
        let one = [*column, std::slice::from_ref(sign), *value].concat();
        return matched(&one).map(|one| vec![one]);
    }
    words.iter().map(|word| matched(word)).collect()
}

fn matched(pieces: &[Piece]) -> Option<Match> {
    let is_name = |piece: &Piece| piece.sign().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let end = pieces.iter().position(|piece| !is_name(piece))?;
    let column: String = pieces[..end].iter().filter_map(Piece::sign).collect();
    if !column.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let (sign, width) = match (pieces[end].sign()?, pieces.get(end + 1).and_then(Piece::sign)) {
        ('=', next) if next != Some('=') => (Sign::Is, 1),
        ('!', Some('=')) => (Sign::IsNot, 2),
        ('~', _) => (Sign::Has, 1),
        _ => return None,
    };
    let value = match &pieces[end + width..] {
        [] => return None,
        [Piece { kind: PieceKind::Text(text), .. }] => text.clone(),
        plain => plain.iter().map(Piece::sign).collect::<Option<String>>()?,
    };
    Some(Match { column, sign, value })
}

impl Match {
    fn holds(&self, row: &Row) -> bool {
        let value = row.get(&self.column).unwrap_or(&Value::Null);
        let same = || {
            let both = number(value).zip(number(&Value::from(self.value.as_str())));
            both.map_or_else(|| cell(value) == self.value, |(one, other)| one.total_cmp(&other).is_eq())
        };
        match self.sign {
            Sign::Is => same(),
            Sign::IsNot => !same(),
            Sign::Has => cell(value).to_lowercase().contains(&self.value.to_lowercase()),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition { text, .. } => f.write_str(text),
            Self::Short(all) => {
                let one = |one: &Match| {
                    let sign = match one.sign {
                        Sign::Is => "=",
                        Sign::IsNot => "!=",
                        Sign::Has => "~",
                    };
                    format!("{}{sign}{}", one.column, word(&one.value))
                };
                f.write_str(&all.iter().map(one).collect::<Vec<_>>().join(" "))
            }
        }
    }
}
