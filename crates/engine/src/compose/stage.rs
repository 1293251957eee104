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
use crate::parse::{Token, Words, is_bare, quoted};

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

/// Words that mean something between columns.
const BETWEEN: [&str; 3] = ["asc", "desc", "by"];

impl Stage {
    /// Reads a stage of this name from its words, of which the name is the first.
    pub(super) fn read(name: &str, words: &Words<'_>) -> Result<Self, Fault> {
        let given = words.tokens.get(1..).unwrap_or_default();
        if given.iter().any(|token| token.open.is_some()) {
            return Err(Fault::new("a quote is never closed".to_owned(), name));
        }
        // A sign that looks like a mark, and is none as nothing that fits stands behind it.
        if let Some(at) = given.iter().position(Token::is_mark) {
            let behind = given.get(at + 1).map_or("", |token| &token.text);
            return Err(if given[at].text == "|" { no_stage(behind) } else { no_place(words.rest(at + 2)) });
        }
        match name {
            "first" => one_number(name, given).map(Self::First),
            "last" => one_number(name, given).map(Self::Last),
            "sort" => keys(given).map(Self::Sort),
            "columns" => match columns(name, given)? {
                columns if columns.is_empty() => Err(needs(name)),
                columns => Ok(Self::Columns(columns.into_iter().map(|(column, _)| column).collect())),
            },
            "count" => {
                let by = |token: &Token<'_>| token.literal().as_deref() == Some("by");
                match given.split_first() {
                    None => Ok(Self::Count(Vec::new())),
                    Some((first, behind)) if by(first) && !behind.is_empty() => {
                        let columns = columns(name, behind)?;
                        Ok(Self::Count(columns.into_iter().map(|(column, _)| column).collect()))
                    }
                    Some(_) => {
                        Err(Fault::new("`count` counts all rows, or those `by` a column".to_owned(), name))
                    }
                }
            }
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

fn needs(name: &str) -> Fault {
    Fault::new(format!("`{name}` needs the name of a column behind it"), name)
}

fn one_number(name: &str, given: &[Token<'_>]) -> Result<usize, Fault> {
    let number = match given {
        [one] if !one.quoted => one.text.parse::<usize>().ok(),
        _ => None,
    };
    let fits = number.filter(|number| (1..=MAX_ROWS).contains(number));
    fits.ok_or_else(|| Fault::new(format!("`{name}` takes one number from 1 to {MAX_ROWS}"), name))
}

/// The columns that words name, between spaces or commas, with whether each stood in quotes.
fn columns(name: &str, given: &[Token<'_>]) -> Result<Vec<(String, bool)>, Fault> {
    let mut columns: Vec<(String, bool)> = Vec::new();
    for token in given {
        if token.quoted {
            columns.push((token.text.clone().into_owned(), true));
        } else {
            let parts = token.text.split(',').filter(|part| !part.is_empty());
            columns.extend(parts.map(|part| (part.to_owned(), false)));
        }
    }
    match columns
        .iter()
        .enumerate()
        .find(|(at, (column, _))| columns[..*at].iter().any(|(other, _)| other == column))
    {
        Some((_, (twice, _))) if name != "sort" => Err(Fault::new(format!("`{twice}` is named twice"), name)),
        _ => Ok(columns),
    }
}

fn keys(given: &[Token<'_>]) -> Result<Vec<Key>, Fault> {
    let mut keys: Vec<Key> = Vec::new();
    let mut may_turn = false;
    for (word, is_quoted) in columns("sort", given)? {
        let turns = if is_quoted { None } else { direction(&word) };
        if let Some(down) = turns {
            let Some(key) = keys.last_mut().filter(|_| may_turn) else { return Err(needs("sort")) };
            key.down = down;
            may_turn = false;
        } else if !is_quoted && keys.is_empty() && word.eq_ignore_ascii_case("by") {
            // `sort by age` is said like `count by age`.
        } else if keys.iter().any(|key| key.column == word) {
            return Err(Fault::new(format!("`{word}` is named twice"), "sort"));
        } else {
            keys.push(Key { column: word, down: false });
            may_turn = true;
        }
    }
    if keys.is_empty() { Err(needs("sort")) } else { Ok(keys) }
}

fn direction(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "desc" => Some(true),
        "asc" => Some(false),
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

impl fmt::Display for Stage {
    /// As it is read, without its mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = |name: &str| {
            let bare = is_bare(name)
                && !name.contains(',')
                && !BETWEEN.iter().any(|word| word.eq_ignore_ascii_case(name));
            if bare { name.to_owned() } else { quoted(name) }
        };
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
