//! Values of a row of the connections that are read in place; what does not read as one is damage, and is said to be.
//!
//! Not those of sqlx: `row` has these. Layer 2.

use std::error::Error;

use jiff::Timestamp;
use rusqlite::{
    Result, Row,
    types::{FromSql, Type},
};
use serde::de::DeserializeOwned;

/// A number from 0.
pub(crate) fn count(row: &Row<'_>, at: usize) -> Result<u64> {
    read(at, u64::try_from(row.get::<_, i64>(at)?))
}

/// A text.
pub(crate) fn text(row: &Row<'_>, at: usize) -> Result<String> {
    FromSql::column_result(row.get_ref(at)?).map_err(|error| unreadable(at, error))
}

/// A name, or whatever else reads from a bare string.
pub(crate) fn name<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T> {
    read(at, serde_json::from_value(serde_json::Value::String(text(row, at)?)))
}

/// A time.
pub(crate) fn time(row: &Row<'_>, at: usize) -> Result<Timestamp> {
    read(at, text(row, at)?.parse())
}

/// A value that is kept as JSON.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T> {
    let text = row.get_ref(at)?.as_str().map_err(|error| unreadable(at, error))?;
    read(at, serde_json::from_str(text))
}

/// What was read of a column, or why not.
pub(crate) fn read<T>(
    at: usize,
    value: std::result::Result<T, impl Error + Send + Sync + 'static>,
) -> Result<T> {
    value.map_err(|error| unreadable(at, error))
}

fn unreadable(at: usize, why: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(why))
}
