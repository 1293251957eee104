//! The tables, as the list of steps that led to them.
//!
//! A step is never changed once it was shipped: a new one is added. Going back is a backup's job. Layer 2.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::error::{OpenError, Trouble};

/// Marks a file as Wilco's: `Wlco`.
const APPLICATION: i32 = 0x576c_636f;

/// The steps; the schema's version is how many of them a database has taken.
pub(crate) const STEPS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
];

/// Brings a database to the newest schema, each step in one transaction.
pub(crate) async fn migrate(
    conn: &mut SqliteConnection,
    path: &Path,
    steps: &[&str],
) -> Result<(), OpenError> {
    let found = version(conn, path).await?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    if found > 0 && found < known {
        back_up(conn, path, found).await?;
    }
    for (number, step) in (1..).zip(steps).skip(found as usize) {
        take(conn, number, step).await.map_err(|error| Trouble::from(error).at(path))?;
        tracing::info!(schema = number, "the database has a new schema");
    }
    Ok(())
}

/// The schema of a database: 0 for one without tables.
pub(crate) async fn version(conn: &mut SqliteConnection, path: &Path) -> Result<u32, OpenError> {
    let told = |error: sqlx::Error| Trouble::from(error).at(path);
    let row =
        sqlx::query("SELECT (SELECT count(*) FROM sqlite_schema), application_id FROM pragma_application_id")
            .fetch_one(&mut *conn)
            .await
            .map_err(told)?;
    let (tables, application): (i64, i32) = (row.get(0), row.get(1));
    if tables == 0 {
        return Ok(0);
    }
    if application != APPLICATION {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let row =
        sqlx::query("SELECT value FROM meta WHERE name = 'schema'").fetch_one(conn).await.map_err(told)?;
    let damaged = |what: String| OpenError::Damaged { path: path.to_owned(), what };
    let value: String = row.try_get(0).map_err(|error| damaged(error.to_string()))?;
    value.parse().map_err(|_| damaged(format!("its schema is said to be `{value}`")))
}

async fn take(conn: &mut SqliteConnection, number: u32, step: &str) -> Result<(), sqlx::Error> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    // A step is text of this program; nothing from outside is in it.
    sqlx::raw_sql(AssertSqlSafe(step.to_owned())).execute(&mut *transaction).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION}")))
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO meta (name, value) VALUES ('schema', ?) ON CONFLICT DO UPDATE SET value = excluded.value")
        .bind(number.to_string())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// Copies the database as it is before a step changes it.
async fn back_up(conn: &mut SqliteConnection, path: &Path, version: u32) -> Result<(), OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{version}"));
    let copy = PathBuf::from(name);
    let failed = |what: String| OpenError::Failed {
        path: path.to_owned(),
        what: format!("a copy before changing its schema could not be made at `{}`: {what}", copy.display()),
    };
    match std::fs::remove_file(&copy) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error.to_string())),
        _ => {}
    }
    let target = copy.to_str().ok_or_else(|| failed("its path is not UTF-8".to_owned()))?;
    sqlx::query("VACUUM INTO ?")
        .bind(target)
        .execute(conn)
        .await
        .map_err(|error| failed(Trouble::from(error).told().to_string()))?;
    crate::store::private(&copy).map_err(|error| failed(error.to_string()))?;
    tracing::info!(copy = %copy.display(), "copied the database before changing its schema");
    Ok(())
}

#[cfg(test)]
mod tests;
