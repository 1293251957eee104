//! Rows: where they come from, and what stages make of them.
//!
//! Layer 1.

use serde_json::{Map, Value, json};
use wilco_contract::{action::Outcome, near};

use super::{MAX_ROWS, Stage};

/// A row: its columns with their values.
pub(crate) type Row = Map<String, Value>;

/// How many columns an error names.
const MOST_NAMED: usize = 20;

/// The rows that a read gave: its own, or the lines of its text; `None` where it said neither.
pub(crate) fn of(outcome: &Outcome) -> Option<Vec<Row>> {
    let one = |row: &Value| match row {
        Value::Object(row) => row.clone(),
        other => Row::from_iter([("value".to_owned(), other.clone())]),
    };
    if let Some(rows) = &outcome.rows {
        return Some(rows.iter().map(one).collect());
    }
    let text = outcome.text.as_deref().filter(|text| !text.trim().is_empty())?;
    let line = |line: &str| Row::from_iter([("line".to_owned(), json!(line.trim_end()))]);
    Some(text.trim_end().lines().map(line).collect())
}

/// What stages make of rows, one after the other.
///
/// # Errors
/// What does not fit, in a sentence without a full stop.
pub(crate) fn run(stages: &[Stage], rows: Vec<Row>) -> Result<Vec<Row>, String> {
    if rows.len() > MAX_ROWS {
        return Err(format!("it gives {} rows, and stages take at most {MAX_ROWS}", rows.len()));
    }
    stages.iter().try_fold(rows, |rows, stage| stage.apply(rows))
}

/// The columns of rows, in the order in which they come up.
pub(crate) fn columns(rows: &[Row]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    rows.iter().flat_map(Map::keys).map(String::as_str).filter(|name| seen.insert(*name)).collect()
}

/// Whether some row has a column. Where there are no rows, nobody can tell, and nothing is lost.
///
/// # Errors
/// That none has, with those that there are.
pub(super) fn known(stage: &str, rows: &[Row], column: &str) -> Result<(), String> {
    if rows.is_empty() || rows.iter().any(|row| row.contains_key(column)) {
        return Ok(());
    }
    Err(no_column(stage, rows, column))
}

fn no_column(stage: &str, rows: &[Row], column: &str) -> String {
    let columns = columns(rows);
    let near = near::nearest(column, columns.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
    let column: String = column.chars().take(80).collect();
    format!("`{stage}` names `{column}`, which no row has{near}. The columns are {}", listed(&columns))
}

/// Names of columns, for an error.
pub(super) fn listed(columns: &[&str]) -> String {
    let named: Vec<_> = columns.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    match columns.len().saturating_sub(MOST_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// A value as a cell shows it.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The number that a value is, or that its text says.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}
