//! Changes to the table of charts that have a link. Layer 2.

use jiff::Timestamp;
use rusqlite::{Connection, Result, params};
use wilco_contract::chart::{KeptChart, MAX_KEPT};

use super::{each, json, memory::until, whole};

const KEEP: &str = "INSERT INTO charts (id, place, until, row) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
const SWEEP: &str = "DELETE FROM charts WHERE until <= ?";
/// Of what is too much, those go first that are the farthest from the newest of their place: it is the place with the
/// most that loses its oldest. A limit below zero would be none.
const CUT: &str = "DELETE FROM charts WHERE number IN (
    SELECT number FROM (
        SELECT number, row_number() OVER (PARTITION BY place ORDER BY number DESC) AS nth FROM charts
    ) ORDER BY nth DESC, number LIMIT max(0, (SELECT count(*) FROM charts) - ?))";

/// Writes all of them, and forgets what is over: by the newest of them, and by the last sweep.
pub(super) fn write(conn: &Connection, charts: &[&KeptChart], swept: Option<Timestamp>) -> Result<()> {
    let over = charts.iter().map(|kept| kept.at).max().max(swept);
    each(conn, SWEEP, over, |statement, over| statement.execute([until(over)]))?;
    let fresh = charts.iter().filter(|kept| over < Some(kept.until));
    each(conn, KEEP, fresh, |statement, kept| {
        let row = json(&kept.chart)?;
        statement.execute(params![&kept.id.0[..], kept.place.as_str(), until(kept.until), row])
    })?;
    let most = (!charts.is_empty()).then_some(MAX_KEPT);
    each(conn, CUT, most, |statement, most| statement.execute([whole(most)?]))
}
