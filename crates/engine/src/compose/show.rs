//! Showing rows: as a table, as comma-separated values.
//!
//! Layer 1.

use serde_json::Value;
use wilco_contract::reply::Block;

use super::rows::{Row, cell, columns};

/// The rows as a table.
pub(crate) fn table(rows: &[Row]) -> Block {
    let names = columns(rows);
    let line = |row: &Row| names.iter().map(|name| row.get(*name).map_or_else(String::new, cell)).collect();
    let lines = rows.iter().map(line).collect();
    Block::Table { columns: names.iter().map(|name| (*name).to_owned()).collect(), rows: lines }
}

/// The rows as comma-separated values, after RFC 4180 but with plain line ends. Cells are as they are: whoever takes
/// them into a sheet that computes guards it there, and whoever compares them finds what was told.
pub(crate) fn csv(rows: &[Row]) -> String {
    let names = columns(rows);
    let mut lines = vec![names.iter().map(|name| field(name)).collect::<Vec<_>>().join(",")];
    lines.extend(rows.iter().map(|row| {
        let field = |name: &&str| field(&cell(row.get(*name).unwrap_or(&Value::Null)));
        names.iter().map(field).collect::<Vec<_>>().join(",")
    }));
    lines.join("\n")
}

fn field(text: &str) -> String {
    let plain = !text.contains([',', '"', '\n', '\r']) && text.trim() == text;
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}
