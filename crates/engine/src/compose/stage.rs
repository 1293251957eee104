//! The stages but `where`: what they say, how they are written, what they make of rows.
//!
//! Layer 1.

use std::{cmp::Ordering, collections::HashMap, fmt};

use serde_json::Value;

use super::{
    MAX_ROWS, Test,
    rows::{Row, cell, known, number},
    tail::{Fault, no_place, no_stage},
};
use crate::parse::{Piece, PieceKind, is_bare, quoted};

/// What is made of rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Keeps the rows for which it holds.
    Where(Test),
    /// Sorts them: by the first column, and what is equal there by the next.
    Sort(Vec<Key>),
    /// Keeps so many from the beginning.
    First(usize),
    /// Keeps so many from the end.
    Last(usize),
    /// Counts them, or those of each value of these columns.
    Count(Vec<String>),
    /// Keeps these columns.
    Columns(Vec<String>),
}

/// A column to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The column.
    pub column: String,
    /// Whether the greatest comes first.
    pub down: bool,
}

/// Words that mean something between or behind columns.
const BETWEEN: [&str; 5] = ["asc", "desc", "by", "as", "in"];

impl Stage {
    /// Reads a stage of this name from what stands behind its mark, of which the name is the first word.
    pub(super) fn read(name: &str, pieces: &[Piece]) -> Result<Self, Fault> {
        let words = words(pieces);
        let given = words.get(1..).unwrap_or_default();
        no_mark(given)?;
        match name {
            "first" => one_number(name, given).map(Self::First),
            "last" => one_number(name, given).map(Self::Last),
            "sort" => keys(given).map(Self::Sort),
            "columns" if given.is_empty() => Err(needs(name)),
            "columns" => columns(name, given).map(Self::Columns),
            "count" => match given {
                [] => Ok(Self::Count(Vec::new())),
                [by, behind @ ..] if by.says("by") && !behind.is_empty() => {
                    columns(name, behind).map(Self::Count)
                }
                _ => {
                    let what = "`count` counts all rows, or those `by` a column".to_owned();
                    Err(Fault::new(what, name))
                }
            },
            _ => Err(no_stage(name)),
        }
    }

    /// What becomes of rows.
    ///
    /// # Errors
    /// When they have no such column, in a sentence without a full stop.
    pub(super) fn apply(&self, mut rows: Vec<Row>) -> Result<Vec<Row>, String> {
        match self {
            Self::Where(test) => test.keep(rows),
            Self::First(most) => {
                rows.truncate(*most);
                Ok(rows)
            }
            Self::Last(most) => Ok(rows.split_off(rows.len().saturating_sub(*most))),
            Self::Sort(keys) => {
                keys.iter().try_for_each(|key| known("sort", &rows, &key.column))?;
                Ok(sorted(rows, keys))
            }
            Self::Columns(columns) => {
                columns.iter().try_for_each(|column| known("columns", &rows, column))?;
                let keep = |row: &Row| {
                    let value = |column: &String| row.get(column).cloned().unwrap_or(Value::Null);
                    columns.iter().map(|column| (column.clone(), value(column))).collect()
                };
                Ok(rows.iter().map(keep).collect())
            }
            Self::Count(by) => {
                by.iter().try_for_each(|column| known("count", &rows, column))?;
                Ok(counted(&rows, by))
            }
        }
    }
}

/// Whether there is a sign that looks like a mark, and is none as nothing that fits stands behind it.
pub(super) fn no_mark(given: &[Word]) -> Result<(), Fault> {
    let Some(at) = given.iter().position(|word| !word.is_quoted && matches!(&*word.text, "|" | ">")) else {
        return Ok(());
    };
    let behind: Vec<_> = given[at + 1..].iter().map(|word| &*word.text).collect();
    Err(match &*given[at].text {
        "|" => no_stage(behind.first().unwrap_or(&"")),
        _ => no_place(&behind.join(" ")),
    })
}

fn needs(name: &str) -> Fault {
    Fault::new(format!("`{name}` needs the name of a column behind it"), name)
}

/// A word of a stage.
pub(super) struct Word {
    pub(super) text: String,
    /// Whether it begins with a quote: then it is a column, whatever it says.
    is_quoted: bool,
}

impl Word {
    pub(super) fn says(&self, word: &str) -> bool {
        !self.is_quoted && self.text.eq_ignore_ascii_case(word)
    }
}

/// The words of a stage, between spaces and commas, without a full stop at its end, which phones set.
pub(super) fn words(pieces: &[Piece]) -> Vec<Word> {
    let ends = |piece: &Piece| piece.is_space() || piece.sign() == Some(',');
    let mut words: Vec<Word> = pieces
        .split(ends)
        .filter(|word| !word.is_empty())
        .map(|word| {
            let text = word.iter().map(|piece| match &piece.kind {
                PieceKind::Sign(sign) => sign.to_string(),
                PieceKind::Text(text) => text.clone(),
            });
            Word { text: text.collect(), is_quoted: word[0].sign().is_none() }
        })
        .collect();
    if let Some(last) = words.last_mut().filter(|last| !last.is_quoted && last.text.len() > 1) {
        last.text.truncate(without_stop(&last.text).len());
    }
    words
}

/// The word without a full stop at its end.
fn without_stop(text: &str) -> &str {
    text.strip_suffix('.').filter(|rest| !rest.ends_with('.')).unwrap_or(text)
}

fn one_number(name: &str, given: &[Word]) -> Result<usize, Fault> {
    let number = match given {
        [one] if !one.is_quoted => one.text.parse::<usize>().ok(),
        _ => None,
    };
    let fits = number.filter(|number| (1..=MAX_ROWS).contains(number));
    fits.ok_or_else(|| Fault::new(format!("`{name}` takes one number from 1 to {MAX_ROWS}"), name))
}

pub(super) fn columns(name: &str, given: &[Word]) -> Result<Vec<String>, Fault> {
    let mut columns: Vec<String> = Vec::new();
    for word in given {
        if columns.contains(&word.text) {
            return Err(Fault::new(format!("`{}` is named twice", word.text), name));
        }
        columns.push(word.text.clone());
    }
    Ok(columns)
}

fn keys(given: &[Word]) -> Result<Vec<Key>, Fault> {
    let mut keys: Vec<Key> = Vec::new();
    let mut may_turn = false;
    for word in given {
        if let Some(down) = direction(word) {
            let Some(key) = keys.last_mut().filter(|_| may_turn) else { return Err(needs("sort")) };
            key.down = down;
            may_turn = false;
        } else if word.says("by") && keys.is_empty() {
            // `sort by age` is said like `count by age`.
        } else if keys.iter().any(|key| key.column == word.text) {
            return Err(Fault::new(format!("`{}` is named twice", word.text), "sort"));
        } else {
            keys.push(Key { column: word.text.clone(), down: false });
            may_turn = true;
        }
    }
    if keys.is_empty() { Err(needs("sort")) } else { Ok(keys) }
}

fn direction(word: &Word) -> Option<bool> {
    match word {
        word if word.says("desc") => Some(true),
        word if word.says("asc") => Some(false),
        _ => None,
    }
}

/// Sorts by keys: by number where all values are numbers, else as text. What has no value comes last; what is equal
/// stays in its order.
fn sorted(rows: Vec<Row>, keys: &[Key]) -> Vec<Row> {
    let numeric: Vec<bool> = keys
        .iter()
        .map(|key| {
            let mut values =
                rows.iter().filter_map(|row| row.get(&key.column)).filter(|value| !value.is_null());
            values.all(|value| number(value).is_some())
        })
        .collect();
    let mut sortable: Vec<(Vec<Sortable>, Row)> = rows
        .into_iter()
        .map(|row| {
            let values = keys.iter().zip(&numeric).map(|(key, numeric)| {
                let value = row.get(&key.column).filter(|value| !value.is_null());
                match value {
                    None => Sortable::Nothing,
                    Some(value) if *numeric => number(value).map_or(Sortable::Nothing, Sortable::Number),
                    Some(value) => Sortable::Text(cell(value)),
                }
            });
            (values.collect(), row)
        })
        .collect();
    sortable.sort_by(|(one, _), (other, _)| {
        let mut pairs = keys.iter().zip(one.iter().zip(other));
        pairs.find_map(|(key, (one, other))| one.against(other, key.down)).unwrap_or(Ordering::Equal)
    });
    sortable.into_iter().map(|(_, row)| row).collect()
}

enum Sortable {
    Number(f64),
    Text(String),
    Nothing,
}

impl Sortable {
    /// How it stands to another one; `None` where they are equal.
    fn against(&self, other: &Self, down: bool) -> Option<Ordering> {
        let ordering = match (self, other) {
            (Self::Nothing, Self::Nothing) => return None,
            // Last either way round.
            (Self::Nothing, _) => return Some(Ordering::Greater),
            (_, Self::Nothing) => return Some(Ordering::Less),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        };
        let ordering = if down { ordering.reverse() } else { ordering };
        (ordering != Ordering::Equal).then_some(ordering)
    }
}

/// How many rows there are of each value of these columns, in the order in which they come up.
fn counted(rows: &[Row], by: &[String]) -> Vec<Row> {
    let name = if by.iter().any(|column| column == "count") { "rows" } else { "count" };
    if by.is_empty() {
        return vec![Row::from_iter([(name.to_owned(), Value::from(rows.len()))])];
    }
    let mut groups: Vec<(Row, usize)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let value = |column: &String| row.get(column).cloned().unwrap_or(Value::Null);
        let group: Row = by.iter().map(|column| (column.clone(), value(column))).collect();
        let key = Value::Object(group.clone()).to_string();
        let at = *known.entry(key).or_insert_with(|| {
            groups.push((group, 0));
            groups.len() - 1
        });
        groups[at].1 += 1;
    }
    let with_count = |(mut group, count): (Row, usize)| {
        group.insert(name.to_owned(), Value::from(count));
        group
    };
    groups.into_iter().map(with_count).collect()
}

/// The name of a column as it is written between others.
pub(super) fn column(name: &str) -> String {
    let bare =
        is_bare(name) && !name.contains(',') && !BETWEEN.iter().any(|word| word.eq_ignore_ascii_case(name));
    if bare { name.to_owned() } else { quoted(name) }
}

impl fmt::Display for Stage {
    /// As it is read, without its mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = |names: &[String]| names.iter().map(|name| column(name)).collect::<Vec<_>>().join(" ");
        match self {
            Self::Where(test) => write!(f, "where {test}"),
            Self::First(most) => write!(f, "first {most}"),
            Self::Last(most) => write!(f, "last {most}"),
            Self::Count(by) if by.is_empty() => f.write_str("count"),
            Self::Count(by) => write!(f, "count by {}", columns(by)),
            Self::Columns(names) => write!(f, "columns {}", columns(names)),
            Self::Sort(keys) => {
                f.write_str("sort")?;
                keys.iter().try_for_each(|key| {
                    let down = if key.down { " desc" } else { "" };
                    write!(f, " {}{down}", column(&key.column))
                })
            }
        }
    }
}
