//! Bars with names: a row for each, from zero, with its number behind it. Layer 3.

use wilco_contract::chart::{Chart, quantity};

use super::{
    letters::{cut, shown, width},
    sheet::{Anchor, Area, RIM, SMALL, Sheet, WIDTH},
    svg::ROOM,
};

/// The most bars that are drawn.
const MAX_BARS: usize = 30;
/// How high a bar is, and from one to the next of the same name.
const HIGH: f64 = 16.0;
const NEXT: f64 = 21.0;
/// Between the last bar of a name and the first of the next.
const APART: f64 = 9.0;
/// Between a bar and what stands beside it.
const GAP: f64 = 10.0;

/// Where everything stands in a row.
struct Columns {
    /// Where bars begin, and how wide the longest may be, either side of zero.
    zero: f64,
    below: f64,
    above: f64,
    low: f64,
    high: f64,
}

impl Columns {
    fn new(left: f64, (low, high): (f64, f64), number: f64) -> Self {
        let right = WIDTH - RIM - if high > 0.0 || low >= 0.0 { number + GAP } else { 0.0 };
        let left = left + if low < 0.0 { number + GAP } else { 0.0 };
        let (room, whole) = ((right - left).max(1.0), high - low);
        let below = if whole > 0.0 { room * (-low / whole) } else { 0.0 };
        Self { zero: left + below, below, above: room - below, low, high }
    }

    /// How long the bar of a value is: never nothing, as there is something.
    fn length(&self, value: f64) -> f64 {
        let length = if value < 0.0 {
            value / self.low * self.below
        } else if self.high > 0.0 {
            value / self.high * self.above
        } else {
            0.0
        };
        if value == 0.0 { 0.0 } else { length.max(1.5) }
    }
}

/// Draws the numbers of a chart that has some, from the least to the greatest of them and zero.
pub(super) fn draw(sheet: &mut Sheet, chart: &Chart, range: (f64, f64)) {
    let shown_rows = chart.labels().len().min((MAX_BARS / chart.series().len()).max(1));
    let name = |label: &String| cut(&shown(label), SMALL, ROOM * 0.3);
    let names: Vec<String> = chart.labels()[..shown_rows].iter().map(name).collect();
    let unit = cut(&shown(chart.unit()), SMALL, ROOM * 0.12);
    let said = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| quantity(value, &unit));
    let values = chart.series().iter().flat_map(|series| &series.values[..shown_rows]);
    let number = values.map(|value| width(&said(*value), SMALL)).fold(0.0, f64::max);
    let side = names.iter().map(|name| width(name, SMALL)).fold(0.0, f64::max);
    let left = RIM + if side > 0.0 { side + GAP * 1.4 } else { 0.0 };
    let columns = Columns::new(left, range, number);
    let (ink, muted) = (sheet.colours.ink, sheet.colours.muted);
    let top = sheet.y;
    for (at, name) in names.iter().enumerate() {
        let group = sheet.y;
        for (number, series) in chart.series().iter().enumerate() {
            let (value, base) = (series.values[at], sheet.y + HIGH * 0.5 + SMALL * 0.35);
            let length = value.map_or(0.0, |value| columns.length(value));
            let (from, x, anchor) = match value {
                Some(value) if value < 0.0 => {
                    (columns.zero - length, columns.zero - length - GAP, Anchor::End)
                }
                _ => (columns.zero, columns.zero + length + GAP, Anchor::Start),
            };
            if length > 0.0 {
                sheet.bar(Area { x: from, y: sheet.y, width: length, height: HIGH }, number);
            }
            let colour = if value.is_some() { ink } else { muted };
            sheet.text((x, base), SMALL, (anchor, colour), &said(value));
            sheet.y += NEXT;
        }
        let middle = (group + sheet.y - (NEXT - HIGH)) / 2.0;
        sheet.text((RIM, middle + SMALL * 0.35), SMALL, (Anchor::Start, ink), name);
        sheet.y += APART;
    }
    sheet.y -= APART + NEXT - HIGH;
    sheet.rule((columns.zero, top - 3.0), (columns.zero, sheet.y + 3.0), sheet.colours.axis);
    if shown_rows < chart.labels().len() {
        let more = format!("… {} more", chart.labels().len() - shown_rows);
        sheet.text((RIM, sheet.y + SMALL * 1.8), SMALL, (Anchor::Start, muted), &more);
        sheet.y += SMALL * 2.0;
    }
}
