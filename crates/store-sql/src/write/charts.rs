//! Changes to the table of charts that have a link. Layer 2.

use rusqlite::{Connection, Result, params};
use wilco_contract::chart::{KeptChart, MAX_KEPT};

use super::{each, json, memory::until, whole};

const KEEP: &str = "INSERT INTO charts (id, until, row) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
const SWEEP: &str = "DELETE FROM charts WHERE until <= ?";
const CUT: &str = "DELETE FROM charts WHERE number <= (SELECT max(number) FROM charts) - ?";

/// Writes all of them, and forgets what is over by then and what is beyond their number.
pub(super) fn write(conn: &Connection, charts: &[&KeptChart]) -> Result<()> {
    let Some(newest) = charts.iter().map(|kept| kept.at).max() else { return Ok(()) };
    each(conn, SWEEP, [newest], |statement, at| statement.execute([until(at)]))?;
    let fresh = charts.iter().filter(|kept| newest < kept.until);
    each(conn, KEEP, fresh, |statement, kept| {
        statement.execute(params![&kept.id.0[..], until(kept.until), json(&kept.chart)?])
    })?;
    each(conn, CUT, [MAX_KEPT], |statement, most| statement.execute([whole(most)?]))
}
