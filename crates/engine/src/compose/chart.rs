//! Showing rows as a chart: which columns are drawn, and over which.
//!
//! Not the drawing, which each network does as it can. Layer 1.

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::Value;
use wilco_contract::{
    chart::{Along, Chart, ChartKind, MAX_POINTS, Misfit, Series, Sketch},
    reply::Block,
};

use super::{
    rows::{Row, cell, columns, known, listed, number},
    stage::{self, Word, column, no_mark, words},
    tail::{Fault, shortened},
};
use crate::parse::Piece;

/// How rows are drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    /// The column that the others are drawn over, and those; what is not said is found by what is in them.
    pub columns: Vec<String>,
    /// As a line or as bars; not said: times as a line, names as bars.
    pub kind: Option<ChartKind>,
    /// What the numbers are measured in.
    pub unit: Option<String>,
}

impl Drawing {
    /// Reads what stands behind the mark, of which the stage's name is the first word.
    pub(super) fn read(pieces: &[Piece]) -> Result<Self, Fault> {
        let words = words(pieces);
        let given = words.get(1..).unwrap_or_default();
        no_mark(given)?;
        let is_end = |word: &Word| word.says("as") || word.says("in");
        let end = given.iter().position(is_end).unwrap_or(given.len());
        let mut drawing = Self { columns: stage::columns("chart", &given[..end])?, ..Self::default() };
        let mut rest = &given[end..];
        while let [what, behind @ ..] = rest {
            rest = match behind {
                [kind, rest @ ..] if what.says("as") && drawing.kind.is_none() => {
                    drawing.kind = Some(match () {
                        () if kind.says("line") => ChartKind::Line,
                        () if kind.says("bars") => ChartKind::Bars,
                        () => {
                            return Err(fault(format!(
                                "a chart is drawn as `line` or as `bars`, not as `{}`",
                                shortened(&kind.text)
                            )));
                        }
                    });
                    rest
                }
                [unit, rest @ ..] if what.says("in") && drawing.unit.is_none() => {
                    drawing.unit = Some(unit.text.clone());
                    rest
                }
                _ => {
                    let what = "behind the columns of `chart` nothing may stand but `as line`, `as bars` and `in <unit>`";
                    return Err(fault(what.to_owned()));
                }
            };
        }
        Ok(drawing)
    }
}

fn fault(what: String) -> Fault {
    Fault::new(what, "chart")
}

impl fmt::Display for Drawing {
    /// As it is read, without its mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("chart")?;
        self.columns.iter().try_for_each(|name| write!(f, " {}", column(name)))?;
        match self.kind {
            Some(ChartKind::Line) => f.write_str(" as line")?,
            Some(ChartKind::Bars) => f.write_str(" as bars")?,
            None => {}
        }
        self.unit.as_ref().map_or(Ok(()), |unit| write!(f, " in {}", column(unit)))
    }
}

/// Rows as a chart; there is at least one.
///
/// # Errors
/// What does not fit, in a sentence without a full stop.
pub(crate) fn draw(drawing: &Drawing, rows: &[Row], zone: &TimeZone) -> Result<Block, String> {
    drawing.columns.iter().try_for_each(|column| known("chart", rows, column))?;
    let names = columns(rows);
    let (over, drawn) = chosen(drawing, rows, &names, zone)?;
    let mut rows: Vec<&Row> = rows.iter().collect();
    let times = over.and_then(|over| times(&rows, over, zone));
    let along = match times {
        Some(times) => {
            let mut timed: Vec<_> = times.into_iter().zip(rows).collect();
            timed.sort_by_key(|(at, _)| *at);
            let times;
            (times, rows) = timed.into_iter().unzip();
            Along::Times(times, zone.clone())
        }
        None => {
            let label = |(at, row): (usize, &&Row)| match over {
                Some(over) => row.get(over).map(cell).unwrap_or_default(),
                None => (at + 1).to_string(),
            };
            Along::Labels(rows.iter().enumerate().map(label).collect())
        }
    };
    let kind = drawing.kind.unwrap_or(match along {
        Along::Times(..) => ChartKind::Line,
        Along::Labels(_) => ChartKind::Bars,
    });
    let title = match (over, &along) {
        (Some(over), Along::Labels(_)) => format!("{} by {over}", drawn.join(", ")),
        _ => drawn.join(", "),
    };
    let one = |name: &&str| Series {
        name: (*name).to_owned(),
        values: rows.iter().map(|row| row.get(*name).and_then(number)).collect(),
    };
    let series = drawn.iter().map(one).collect();
    let unit = drawing.unit.clone().unwrap_or_default();
    let chart = Chart::draw(Sketch { kind, title, unit, along, series }).map_err(|misfit| match misfit {
        Misfit::Points(_) => format!("{misfit}; say `… | last {MAX_POINTS} | chart`"),
        Misfit::Series(_) => format!("{misfit}; name those that you want to see"),
        other => other.to_string(),
    })?;
    Ok(Block::Chart(Box::new(chart)))
}

/// The column that is drawn over, if any, and those that are drawn: as they are named, else by what is in them.
fn chosen<'a>(
    drawing: &'a Drawing,
    rows: &'a [Row],
    names: &[&'a str],
    zone: &TimeZone,
) -> Result<(Option<&'a str>, Vec<&'a str>), String> {
    let is_number = |name: &str| {
        odd(rows, name).is_none()
            && rows.iter().any(|row| row.get(name).is_some_and(|value| !value.is_null()))
    };
    let all: Vec<&Row> = rows.iter().collect();
    let is_time = |name: &str| times(&all, name, zone).is_some();
    let found = |but: Option<&str>| {
        let others = || names.iter().copied().filter(|name| Some(*name) != but);
        others().find(|&name| is_time(name)).or_else(|| others().find(|&name| !is_number(name)))
    };
    let numbers = |over: Option<&str>| -> Vec<&'a str> {
        names.iter().copied().filter(|&name| Some(name) != over && is_number(name)).collect()
    };
    let (over, drawn) = match &drawing.columns[..] {
        [] => {
            let over = found(None);
            (over, numbers(over))
        }
        [one] if is_number(one.as_str()) => (found(Some(one.as_str())), vec![one.as_str()]),
        [over] => (Some(over.as_str()), numbers(Some(over.as_str()))),
        [over, drawn @ ..] => (Some(over.as_str()), drawn.iter().map(String::as_str).collect()),
    };
    if let Some((name, value)) = drawn.iter().find_map(|name| Some((name, odd(rows, name)?))) {
        return Err(format!(
            "`chart` draws numbers, and `{name}` has others, such as `{}`",
            shortened(&cell(value))
        ));
    }
    if drawn.is_empty() {
        let all = listed(names);
        return Err(format!(
            "`chart` needs a column of numbers, and there is none. The columns are {all}; `… | count by <column> | chart` draws how many there are"
        ));
    }
    Ok((over, drawn))
}

/// The first value of a column that is no number.
fn odd<'a>(rows: &'a [Row], name: &str) -> Option<&'a Value> {
    rows.iter().filter_map(|row| row.get(name)).find(|value| !value.is_null() && number(value).is_none())
}

/// The times that a column has, where all its values are some.
fn times(rows: &[&Row], name: &str, zone: &TimeZone) -> Option<Vec<Timestamp>> {
    rows.iter().map(|row| time(row.get(name)?.as_str()?, zone)).collect()
}

/// The time that a text says: with its offset, or on the clocks of a zone.
fn time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    // What begins with no year is looked at no further.
    if !text.get(..4)?.bytes().all(|byte| byte.is_ascii_digit()) || !text[4..].starts_with('-') {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let civil = text.parse::<civil::DateTime>().ok()?;
    civil.to_zoned(zone.clone()).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wilco_contract::{chart::Look, reply::Reply, values::Asked};

    use super::{
        super::{Show, read_tail},
        *,
    };

    fn drawn(tail: &str, rows: &Value) -> Result<String, String> {
        let rows: Vec<Row> =
            rows.as_array().expect("rows").iter().filter_map(Value::as_object).cloned().collect();
        let (then, _) = read_tail(tail, &Asked::default()).map_err(|fault| fault.what)?;
        let Some(Show::Chart(drawing)) = &then.show else { panic!("{tail} draws") };
        assert_eq!(
            read_tail(then.to_string().trim(), &Asked::default()).map(|(then, _)| then),
            Ok(then.clone()),
            "{tail}"
        );
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let block = draw(drawing, &rows, &zone)?;
        Ok(Reply { blocks: vec![block] }.plain_in(Look { width: 200, ..Look::default() }))
    }

    #[test]
    fn columns_are_found_by_what_is_in_them() {
        let rows = json!([
            {"name": "web", "at": "2026-01-05T13:10:00Z", "load": 2, "mem": "7.5"},
            {"name": "api", "at": "2026-01-05T13:00:00Z", "load": 1, "mem": null},
        ]);
        let over_time = "last 2, min 1 at 14:00, max 2 at 14:10 · 14:00 to 14:10 CET, 5 January 2026";
        assert_eq!(drawn("| chart load", &rows), Ok(format!("load ▁█\n{over_time}")));
        assert_eq!(
            drawn("| chart at load in %", &rows),
            Ok(format!(
                "load ▁█\n{}",
                over_time
                    .replacen("2,", "2 %,", 1)
                    .replacen("1 at", "1 % at", 1)
                    .replacen("2 at", "2 % at", 1)
            ))
        );
        let both = drawn("| chart", &rows).expect("a chart");
        assert!(both.starts_with("load, mem\nload ▁▂\nmem   █\n"), "{both}");
        let named = drawn("| chart name, load as bars", &rows).expect("a chart");
        assert!(
            named.starts_with("load by name\nweb ██") && named.ends_with("max 2 (web), min 1 (api)"),
            "{named}"
        );
        let alone = drawn("| chart", &json!([{"load": 1}, {"load": 3}])).expect("a chart");
        assert!(alone.starts_with("load\n1 ██") && alone.ends_with("max 3 (2), min 1 (1)"), "{alone}");
    }

    #[test]
    fn what_cannot_be_drawn_is_told_with_what_there_is() {
        let rows = json!([{"name": "web", "state": "ok", "load": 2}]);
        for (tail, told) in [
            ("| chart name state", "`chart` draws numbers, and `state` has others, such as `ok`"),
            (
                "| chart nam load",
                "`chart` names `nam`, which no row has; the nearest is `name`. The columns are `name`, `state`, `load`",
            ),
            ("| chart load as pie", "a chart is drawn as `line` or as `bars`, not as `pie`"),
            (
                "| chart load in",
                "behind the columns of `chart` nothing may stand but `as line`, `as bars` and `in <unit>`",
            ),
            (
                "| chart load in % in ms",
                "behind the columns of `chart` nothing may stand but `as line`, `as bars` and `in <unit>`",
            ),
            ("| chart load load", "`load` is named twice"),
        ] {
            assert_eq!(drawn(tail, &rows), Err(told.to_owned()), "{tail}");
        }
        let none = drawn("| chart", &json!([{"name": "web"}])).expect_err("no numbers");
        assert!(
            none.ends_with(
                "The columns are `name`; `… | count by <column> | chart` draws how many there are"
            ),
            "{none}"
        );
        let many: Vec<Value> = (0..400).map(|load| json!({"load": load})).collect();
        assert_eq!(
            drawn("| chart", &json!(many)),
            Err("a chart has at most 366 points, and there are 400; say `… | last 366 | chart`".to_owned())
        );
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let at: Timestamp = "2026-01-05T13:00:00Z".parse().expect("a time");
        for text in
            ["2026-01-05T13:00:00Z", "2026-01-05T14:00:00+01:00", "2026-01-05 14:00", " 2026-01-05T14:00:00"]
        {
            assert_eq!(time(text, &zone), Some(at), "{text}");
        }
        assert_eq!(time("2026-01-05", &zone), "2026-01-04T23:00:00Z".parse().ok());
        for text in ["web", "2026", "14:00", "2026-13-01", "20261-05", "année", ""] {
            assert_eq!(time(text, &zone), None, "{text}");
        }
    }
}
