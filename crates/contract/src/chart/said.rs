//! What numbers and times of a chart are called, and what they come to in words.
//!
//! Layer 0.

use std::fmt::Write as _;

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::{Chart, Series};

/// From here on numbers have a letter for their size.
const LARGE: [(f64, &str); 3] = [(1e12, "T"), (1e9, "G"), (1e6, "M")];

/// A number as people read it: whole ones as they are up to a million, others with three digits that count.
pub(super) fn number(value: f64) -> (String, &'static str) {
    let size = value.abs();
    // Zero, and what is rounded to it, has no sign.
    if size < 1e-300 {
        return ("0".to_owned(), "");
    }
    if !(1e-3..1e15).contains(&size) {
        return (format!("{value:.1e}"), "");
    }
    let large = LARGE.into_iter().find(|(scale, _)| size >= *scale);
    let (scale, letter) = large.unwrap_or((1.0, ""));
    let value = value / scale;
    let decimals = match value.abs() {
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text.as_str() };
    (text.to_owned(), letter)
}

/// A number with its unit: `310 ms`, `1.2 GB`, `1.2M`, `7`.
#[must_use]
pub fn quantity(value: f64, unit: &str) -> String {
    match number(value) {
        (number, letter) if unit.is_empty() => format!("{number}{letter}"),
        (number, letter) => format!("{number} {letter}{unit}"),
    }
}

/// What stands under times, and from when to when they go, with the zone.
pub(super) fn times(times: &[Timestamp], zone: &TimeZone) -> (Vec<String>, String) {
    let all: Vec<Zoned> = times.iter().map(|at| at.to_zoned(zone.clone())).collect();
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return (Vec::new(), String::new()) };
    let is_day = first.date() == last.date();
    let are_days = all.iter().all(|at| at.time() == jiff::civil::Time::midnight()) && !is_day;
    let close = all
        .windows(2)
        .any(|pair| pair[0].timestamp() != pair[1].timestamp() && minute(&pair[0]) == minute(&pair[1]));
    let clock = if close { "%H:%M:%S" } else { "%H:%M" };
    let label = match (is_day, are_days) {
        (true, _) => clock.to_owned(),
        (false, true) => "%-d %b".to_owned(),
        (false, false) => format!("%-d %b {clock}"),
    };
    let labels = all.iter().map(|at| at.strftime(&label).to_string()).collect();
    let said = |at: &Zoned, format: &str| at.strftime(format).to_string();
    let (zone, until) = (said(first, "%Z"), said(last, "%Z"));
    let from = if zone == until { String::new() } else { format!(" {zone}") };
    let span = if is_day {
        let (begin, end) = (said(first, clock), said(last, clock));
        let day = said(first, "%-d %B %Y");
        if begin == end {
            format!("{begin} {until}, {day}")
        } else {
            format!("{begin}{from} to {end} {until}, {day}")
        }
    } else if are_days {
        format!("{}{from} to {} {until}", said(first, "%-d %B %Y"), said(last, "%-d %B %Y"))
    } else {
        let whole = format!("%-d %B %Y {clock}");
        format!("{}{from} to {} {until}", said(first, &whole), said(last, &whole))
    };
    (labels, span)
}

fn minute(at: &Zoned) -> (jiff::civil::Date, i8, i8) {
    (at.date(), at.hour(), at.minute())
}

/// What a chart comes to, in words, with its title.
pub(super) fn summary(chart: &Chart) -> String {
    let facts = facts(chart);
    if chart.title.is_empty() { facts } else { format!("{}: {facts}", chart.title) }
}

/// The same without its title.
pub(super) fn facts(chart: &Chart) -> String {
    let named = chart.series.len() > 1;
    let one = |series: &Series| {
        let told = of_series(chart, series);
        if named && !series.name.is_empty() { format!("{} {told}", series.name) } else { told }
    };
    let mut facts = chart.series.iter().map(one).collect::<Vec<_>>().join("; ");
    if !chart.span.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(facts, " · {}", chart.span);
    }
    facts
}

fn of_series(chart: &Chart, series: &Series) -> String {
    let known: Vec<(usize, f64)> =
        series.values.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?))).collect();
    let Some(&last) = known.last() else { return "no values".to_owned() };
    let of = |value: f64| quantity(value, &chart.unit);
    let at = |at: usize| match (&chart.times, chart.labels.get(at)) {
        (Some(_), Some(label)) => format!(" at {label}"),
        (None, Some(label)) if !label.is_empty() => format!(" ({label})"),
        _ => String::new(),
    };
    // The first of those that are equal.
    let least = known.iter().copied().fold(last, |least, point| {
        if point.1 < least.1 || (point.1 == least.1 && point.0 < least.0) { point } else { least }
    });
    let most = known.iter().copied().fold(last, |most, point| {
        if point.1 > most.1 || (point.1 == most.1 && point.0 < most.0) { point } else { most }
    });
    let mut told = if known.len() == 1 {
        format!("{}{}", of(last.1), at(last.0))
    } else if least.1 == most.1 {
        format!("always {}", of(last.1))
    } else {
        let (least, most) =
            (format!("min {}{}", of(least.1), at(least.0)), format!("max {}{}", of(most.1), at(most.0)));
        // Names have no order of which the last would say anything.
        if chart.times.is_some() {
            format!("last {}, {least}, {most}", of(last.1))
        } else {
            format!("{most}, {least}")
        }
    };
    match series.values.len() - known.len() {
        0 => {}
        1 => told.push_str(", 1 gap"),
        gaps => {
            let _ = write!(told, ", {gaps} gaps");
        }
    }
    told
}
