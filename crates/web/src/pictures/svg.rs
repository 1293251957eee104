//! A chart as SVG: what it shows, its series, the drawing, and below it what it comes to in words.
//!
//! Pure and bounded: the same chart is the same text, whatever is in it. The page draws by itself, in
//! `assets/js/chart.js`; what differs is that here nothing can be pointed at, so more stands beside it. Layer 3.

use wilco_contract::chart::{Chart, ChartKind};

use super::{
    bars,
    letters::{cut, shown, width, wrapped},
    plot,
    sheet::{Anchor, Area, LARGE, RIM, SMALL, Sheet, Theme, WIDTH, short},
};

/// How wide what stands between the rims is.
pub(super) const ROOM: f64 = WIDTH - 2.0 * RIM;
/// The longest name of a series, in pixels.
const NAME: f64 = 220.0;
/// How much a legend shows of a line, and of a bar.
const LINE: f64 = 30.0;
const BAR: f64 = 12.0;
/// The lines that a title and what it comes to may take.
const TITLE_LINES: usize = 2;
const FACT_LINES: usize = 3;

/// The chart as a document of SVG, in the colours of a theme.
pub(crate) fn draw(chart: &Chart, theme: Theme) -> String {
    let mut sheet = Sheet::new(theme);
    let ink = (Anchor::Start, sheet.colours.ink);
    for line in wrapped(&shown(chart.title()), LARGE, ROOM, TITLE_LINES) {
        sheet.text((RIM, sheet.y + LARGE * 0.8), LARGE, ink, &line);
        sheet.y += LARGE * 1.35;
    }
    if chart.series().len() > 1 {
        legend(&mut sheet, chart);
    }
    if sheet.y > RIM {
        sheet.y += 12.0;
    }
    match (chart.range(), chart.kind(), chart.times()) {
        (None, ..) => nothing(&mut sheet),
        (Some(range), ChartKind::Bars, None) => bars::draw(&mut sheet, chart, range),
        (Some(range), ..) => plot::draw(&mut sheet, chart, range),
    }
    sheet.y += 14.0;
    let muted = (Anchor::Start, sheet.colours.muted);
    for line in words(chart) {
        sheet.text((RIM, sheet.y + SMALL * 0.8), SMALL, muted, &line);
        sheet.y += SMALL * 1.45;
    }
    sheet.y -= SMALL * 0.45;
    let title = if chart.title().is_empty() { "Chart" } else { chart.title() };
    sheet.finish(title, chart.summary())
}

/// What it comes to; where that is too long, at least from when to when it goes, and in which zone.
fn words(chart: &Chart) -> Vec<String> {
    let facts = shown(&chart.facts());
    let lines = wrapped(&facts, SMALL, ROOM, FACT_LINES + 1);
    if lines.len() <= FACT_LINES {
        return lines;
    }
    let span = shown(chart.span());
    wrapped(if span.is_empty() { &facts } else { &span }, SMALL, ROOM, FACT_LINES)
}

/// The names of the series, each behind how it is drawn, in as many rows as they need.
fn legend(sheet: &mut Sheet, chart: &Chart) {
    let (mut x, muted) = (RIM, (Anchor::Start, sheet.colours.muted));
    let swatch = if chart.kind() == ChartKind::Line { LINE } else { BAR };
    sheet.y += 4.0;
    for (at, series) in chart.series().iter().enumerate() {
        let name = shown(&series.name);
        let name = if name.trim().is_empty() { format!("series {}", at + 1) } else { name };
        let name = cut(&name, SMALL, NAME);
        let wide = swatch + 8.0 + width(&name, SMALL);
        if x > RIM && x + wide > WIDTH - RIM {
            x = RIM;
            sheet.y += SMALL * 1.6;
        }
        let middle = sheet.y + SMALL * 0.5;
        match chart.kind() {
            ChartKind::Line => {
                let (from, y) = (short(x), short(middle));
                sheet.line(&format!("M{from} {y}h{LINE}"), at);
            }
            ChartKind::Bars => {
                sheet.bar(Area { x, y: middle - BAR / 2.0, width: BAR, height: BAR }, at);
            }
        }
        sheet.text((x + swatch + 8.0, sheet.y + SMALL * 0.85), SMALL, muted, &name);
        x += wide + 22.0;
    }
    sheet.y += SMALL * 1.6;
}

/// What stands where there is no number at all.
fn nothing(sheet: &mut Sheet) {
    let muted = (Anchor::Middle, sheet.colours.muted);
    sheet.text((WIDTH / 2.0, sheet.y + 60.0), SMALL, muted, "No values");
    sheet.y += 110.0;
}
