//! Statements over many rows, in sizes few enough to stay prepared, and as few turns to the database as it takes.
//!
//! Not the tables' meaning: `write` says what goes where. Layer 2.

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

/// Statements to run one after the other. Each turn to the database is a change of threads, which for a small group
/// costs more than its rows: so a small group runs as one text with several statements, a large one as it grows.
pub(crate) struct Script<'c> {
    conn: &'c mut SqliteConnection,
    sql: String,
    args: SqliteArguments,
    at_once: bool,
}

impl<'c> Script<'c> {
    /// An empty script for so many rows.
    pub(crate) fn new(conn: &'c mut SqliteConnection, rows: usize) -> Self {
        let at_once = rows <= SMALL;
        Self { conn, sql: String::new(), args: SqliteArguments::default(), at_once }
    }

    /// A statement without values.
    pub(crate) async fn say(&mut self, statement: &str) -> Result<(), sqlx::Error> {
        self.sql.push_str(statement);
        self.ends().await
    }

    /// A statement with a few values.
    pub(crate) async fn say_with(
        &mut self,
        statement: &str,
        bind: impl FnOnce(&mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        bind(&mut self.args).map_err(sqlx::Error::Encode)?;
        self.say(statement).await
    }

    /// Inserts rows, in order. Each statement takes a power of two of them, so that eight texts serve every number.
    pub(crate) async fn insert<R>(
        &mut self,
        statement: &Insert,
        rows: &[R],
        bind: impl Fn(&R, &mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        let row = placeholders("(", statement.columns, ")");
        let mut left = rows;
        while !left.is_empty() {
            let (now, later) = left.split_at(chunk(left.len()));
            left = later;
            for row in now {
                bind(row, &mut self.args).map_err(sqlx::Error::Encode)?;
            }
            self.sql.push_str(statement.head);
            self.sql.push_str(&vec![row.as_str(); now.len()].join(","));
            self.sql.push_str(statement.tail);
            self.ends().await?;
        }
        Ok(())
    }

    /// Changes the rows with these keys; the list of them ends the statement.
    pub(crate) async fn each<K>(
        &mut self,
        statement: &str,
        keys: &[K],
        bind: impl Fn(&K, &mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        for keys in keys.chunks(ROWS) {
            let keys = filled(keys);
            for key in &keys {
                bind(key, &mut self.args).map_err(sqlx::Error::Encode)?;
            }
            self.sql.push_str(statement);
            self.sql.push_str(&placeholders("(", keys.len(), ")"));
            self.ends().await?;
        }
        Ok(())
    }

    /// Runs what has not run yet.
    pub(crate) async fn run(&mut self) -> Result<(), sqlx::Error> {
        if self.sql.is_empty() {
            return Ok(());
        }
        let sql = std::mem::take(&mut self.sql);
        let args = std::mem::take(&mut self.args);
        sqlx::query_with(AssertSqlSafe(sql), args).execute(&mut *self.conn).await.map(drop)
    }

    async fn ends(&mut self) -> Result<(), sqlx::Error> {
        self.sql.push(';');
        if self.at_once { Ok(()) } else { self.run().await }
    }
}

/// The most rows of a group that runs as one text.
const SMALL: usize = 48;

/// Runs a query whose text is cut where the list of the keys goes, and collects its rows.
pub(crate) async fn among<K>(
    conn: &mut SqliteConnection,
    (before, after): (&str, &str),
    columns: usize,
    keys: &[K],
    bind: impl Fn(&K, &mut SqliteArguments) -> Result<(), BoxDynError>,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let mut rows = Vec::new();
    for keys in keys.chunks(ROWS) {
        let keys = filled(keys);
        let mut args = SqliteArguments::default();
        for key in &keys {
            bind(key, &mut args).map_err(sqlx::Error::Encode)?;
        }
        let list = if columns == 1 {
            vec!["?"; keys.len()].join(",")
        } else {
            format!("VALUES {}", vec![placeholders("(", columns, ")"); keys.len()].join(","))
        };
        let sql = format!("{before}{list}{after}");
        rows.extend(sqlx::query_with(AssertSqlSafe(sql), args).fetch_all(&mut *conn).await?);
    }
    Ok(rows)
}

/// The keys, filled up to a power of two with the last one.
fn filled<K>(keys: &[K]) -> Vec<&K> {
    let size = keys.len().next_power_of_two();
    (0..size).filter_map(|at| keys.get(at).or(keys.last())).collect()
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
