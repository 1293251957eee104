//! Changes to the table of aliases. Layer 2.

use rusqlite::{Connection, Result, params};

use super::{each, json};
use crate::changes::Changes;

const ALIAS: &str =
    "INSERT INTO aliases (scope, name, row) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row";
const UNALIAS: &str = "DELETE FROM aliases WHERE scope = ? AND name = ?";

/// Writes all of them.
pub(super) fn write(conn: &Connection, changes: &Changes<'_>) -> Result<()> {
    let set = changes.aliases.iter().filter_map(|(key, alias)| Some((key, (*alias)?)));
    each(conn, ALIAS, set, |statement, ((scope, name), alias)| {
        statement.execute(params![scope, name, json(alias)?])
    })?;
    let ended = changes.aliases.iter().filter(|(_, alias)| alias.is_none());
    each(conn, UNALIAS, ended, |statement, ((scope, name), _)| statement.execute(params![scope, name]))
}
