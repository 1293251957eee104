//! Statements over many rows, in sizes few enough to stay prepared.
//!
//! Not the tables' meaning: `changes` says what goes where. Layer 2.

use sqlx::{
    AssertSqlSafe, SqliteConnection,
    error::BoxDynError,
    sqlite::{SqliteArguments, SqliteRow},
};

/// The most rows of one statement.
const ROWS: usize = 128;

/// An INSERT of any number of rows. All text of this program: values are always bound.
pub(crate) struct Insert {
    /// Up to and with `VALUES`.
    pub(crate) head: &'static str,
    /// How many values a row has.
    pub(crate) columns: usize,
    /// What follows the rows.
    pub(crate) tail: &'static str,
}

/// Inserts rows, in order. Each statement takes a power of two of them, so that eight texts serve every number.
pub(crate) async fn insert<R>(
    conn: &mut SqliteConnection,
    statement: &Insert,
    rows: &[R],
    bind: impl Fn(&R, &mut SqliteArguments) -> Result<(), BoxDynError>,
) -> Result<(), sqlx::Error> {
    let row = placeholders("(", statement.columns, ")");
    let mut left = rows;
    while !left.is_empty() {
        let (now, later) = left.split_at(chunk(left.len()));
        left = later;
        let mut args = SqliteArguments::default();
        for row in now {
            bind(row, &mut args).map_err(sqlx::Error::Encode)?;
        }
        let sql = format!("{}{}{}", statement.head, vec![row.as_str(); now.len()].join(","), statement.tail);
        sqlx::query_with(AssertSqlSafe(sql), args).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Runs a query whose text contains `{}` where the list of the keys goes, and collects its rows. A key that fills
/// up the list to a power of two is the last one again.
pub(crate) async fn among<K>(
    conn: &mut SqliteConnection,
    (before, after): (&str, &str),
    columns: usize,
    keys: &[K],
    bind: impl Fn(&K, &mut SqliteArguments) -> Result<(), BoxDynError>,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let mut rows = Vec::new();
    let one = if columns == 1 { "?".to_owned() } else { placeholders("(", columns, ")") };
    for keys in keys.chunks(ROWS) {
        let size = keys.len().next_power_of_two();
        let mut args = SqliteArguments::default();
        for at in 0..size {
            bind(&keys[at.min(keys.len() - 1)], &mut args).map_err(sqlx::Error::Encode)?;
        }
        let list = vec![one.as_str(); size].join(",");
        let list = if columns == 1 { list } else { format!("VALUES {list}") };
        let sql = format!("{before}{list}{after}");
        rows.extend(sqlx::query_with(AssertSqlSafe(sql), args).fetch_all(&mut *conn).await?);
    }
    Ok(rows)
}

fn placeholders(open: &str, columns: usize, close: &str) -> String {
    format!("{open}{}{close}", vec!["?"; columns].join(","))
}

/// The largest power of two that is not more than this, up to the most rows of a statement.
fn chunk(rows: usize) -> usize {
    if rows >= ROWS { ROWS } else { 1 << rows.ilog2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_made_of_few_sizes() {
        for total in [1, 2, 3, 7, 100, 128, 129, 500, 1_000] {
            let mut left = total;
            let mut sizes = Vec::new();
            while left > 0 {
                let size = chunk(left);
                assert!(size <= ROWS && size.is_power_of_two());
                sizes.push(size);
                left -= size;
            }
            assert_eq!(sizes.iter().sum::<usize>(), total);
            assert!(sizes.len() <= total / ROWS + 7, "{total} rows took {sizes:?}");
        }
    }
}
