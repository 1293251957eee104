//! Lines, and bars over times: an axis at the side, labels below. Layer 3.

use std::fmt::Write as _;

use wilco_contract::chart::{Chart, ChartKind};

use super::{
    letters::{cut, shown, width},
    scale::Scale,
    sheet::{Anchor, Area, RIM, SMALL, Sheet, WIDTH, short},
    svg::ROOM,
};

/// How high the drawing itself is.
const HIGH: f64 = 250.0;
/// Between numbers at the side and the drawing.
const GAP: f64 = 12.0;
/// The least room between two labels.
const APART: f64 = 22.0;
/// How long the mark is that stands between a point and its label.
const MARK: f64 = 6.0;
/// The longest label, in pixels.
const LABEL: f64 = 170.0;
/// Every how many points a label may stand: what people count in.
const EVERY: [usize; 20] = [1, 2, 3, 4, 5, 6, 7, 10, 12, 14, 15, 20, 24, 30, 48, 60, 90, 120, 180, 366];
/// The most points that have a dot each.
const DOTTED: usize = 31;

/// Where the drawing is, and what stands where in it.
struct Frame {
    scale: Scale,
    left: f64,
    right: f64,
    top: f64,
}

impl Frame {
    fn bottom(&self) -> f64 {
        self.top + HIGH
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - self.scale.share(value) * HIGH
    }
}

/// Draws the numbers of a chart that has some, from the least to the greatest of them.
pub(super) fn draw(sheet: &mut Sheet, chart: &Chart, range: (f64, f64)) {
    let scale = Scale::new(range);
    let side = scale.ticks.iter().map(|(_, text)| width(text, SMALL)).fold(0.0, f64::max);
    let muted = sheet.colours.muted;
    let unit = cut(&shown(chart.unit()), SMALL, ROOM);
    if !unit.trim().is_empty() {
        sheet.text((RIM, sheet.y + SMALL * 0.8), SMALL, (Anchor::Start, muted), &unit);
        sheet.y += SMALL * 1.35;
    }
    let (left, right) = (RIM + side + GAP, WIDTH - RIM);
    let frame = Frame { scale, left, right, top: sheet.y + SMALL * 0.5 };
    for (value, text) in &frame.scale.ticks {
        let y = frame.y(*value);
        let colour = if *value == 0.0 { sheet.colours.axis } else { sheet.colours.grid };
        sheet.rule((left, y), (right, y), colour);
        sheet.text((left - GAP, y + SMALL * 0.35), SMALL, (Anchor::End, muted), text);
    }
    let across = match chart.kind() {
        ChartKind::Line => lines(sheet, chart, &frame),
        ChartKind::Bars => columns(sheet, chart, &frame),
    };
    sheet.y = frame.bottom();
    below(sheet, chart, &across);
}

/// A line for each series, with its gaps as gaps. Where each point stands.
fn lines(sheet: &mut Sheet, chart: &Chart, frame: &Frame) -> Vec<f64> {
    let wide = frame.right - frame.left;
    let across: Vec<f64> = places(chart).into_iter().map(|part| frame.left + part * wide).collect();
    for (at, series) in chart.series().iter().enumerate() {
        let (mut path, mut dots, mut is_down) = (String::new(), Vec::new(), false);
        for (point, value) in series.values.iter().enumerate() {
            let Some(value) = *value else {
                is_down = false;
                continue;
            };
            let place = (across[point], frame.y(value));
            let is_alone = !is_down && series.values.get(point + 1).copied().flatten().is_none();
            if is_alone || across.len() <= DOTTED {
                dots.push(place);
            }
            if !is_alone {
                // Writing to a String cannot fail.
                let _ =
                    write!(path, "{}{} {}", if is_down { 'L' } else { 'M' }, short(place.0), short(place.1));
            }
            is_down = true;
        }
        if !path.is_empty() {
            sheet.line(&path, at);
        }
        for dot in dots {
            sheet.dot(dot, 3.0, at);
        }
    }
    across
}

/// Bars that stand side by side with those of the other series. Where each point stands.
fn columns(sheet: &mut Sheet, chart: &Chart, frame: &Frame) -> Vec<f64> {
    let slot = (frame.right - frame.left) / chart.labels().len().max(1) as f64;
    let wide = (slot * 0.8 / chart.series().len().max(1) as f64).min(64.0);
    let zero = frame.y(0.0);
    let group = wide * chart.series().len() as f64;
    for (at, series) in chart.series().iter().enumerate() {
        for (point, value) in series.values.iter().enumerate() {
            let Some(value) = *value else { continue };
            let middle = frame.left + (point as f64 + 0.5) * slot;
            let (y, x) = (frame.y(value), middle - group / 2.0 + at as f64 * wide);
            // As there is something, it is seen.
            let height = (zero - y).abs().max(if value == 0.0 { 0.0 } else { 1.0 });
            let area =
                Area { x, y: if value < 0.0 { zero } else { zero - height }, width: wide * 0.96, height };
            if height > 0.0 {
                sheet.bar(area, at);
            }
        }
    }
    (0..chart.labels().len()).map(|point| frame.left + (point as f64 + 0.5) * slot).collect()
}

/// How far each point is along, from 0 to 1.
fn places(chart: &Chart) -> Vec<f64> {
    let points = chart.labels().len();
    if let Some([first, .., last]) = chart.times() {
        let whole = last.duration_since(*first).as_secs_f64();
        let part = |at: &jiff::Timestamp| at.duration_since(*first).as_secs_f64() / whole;
        if whole > 0.0 {
            return chart.times().unwrap_or_default().iter().map(part).collect();
        }
    }
    match points {
        1 => vec![0.5],
        _ => (0..points).map(|at| at as f64 / (points - 1) as f64).collect(),
    }
}

/// A label: where its middle is, what it says, and where its point is.
type Label = (f64, String, f64);

/// As many labels as have room, the first of them always.
fn below(sheet: &mut Sheet, chart: &Chart, across: &[f64]) {
    let labels: Vec<Label> = chart
        .labels()
        .iter()
        .zip(across)
        .map(|(label, x)| {
            let text = cut(&shown(label), SMALL, LABEL);
            let half = width(&text, SMALL) / 2.0;
            (x.clamp(RIM + half, (WIDTH - RIM - half).max(RIM + half)), text, *x)
        })
        .collect();
    if labels.iter().all(|(_, text, _)| text.trim().is_empty()) {
        sheet.y += SMALL * 0.5;
        return;
    }
    let every = |step: usize| labels.iter().step_by(step).collect::<Vec<_>>();
    let chosen = EVERY.into_iter().map(every).find(|chosen| have_room(chosen)).unwrap_or_default();
    let muted = (Anchor::Middle, sheet.colours.muted);
    for (x, text, point) in chosen {
        sheet.rule((*point, sheet.y), (*point, sheet.y + MARK), sheet.colours.axis);
        sheet.text((*x, sheet.y + MARK + SMALL * 1.35), SMALL, muted, text);
    }
    sheet.y += MARK + SMALL * 1.55;
}

fn have_room(labels: &[&Label]) -> bool {
    let half = |label: &Label| width(&label.1, SMALL) / 2.0;
    labels.windows(2).all(|pair| pair[0].0 + half(pair[0]) + APART <= pair[1].0 - half(pair[1]))
}
