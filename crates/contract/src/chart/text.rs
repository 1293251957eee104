//! A chart as lines of text: a sparkline for few points, dots for many, bars for names.
//!
//! The one place for all networks of text, the terminal and transcripts. Layer 0.

use super::{
    Chart, ChartKind, Series,
    plot::Dots,
    said::{facts, number, quantity},
};

/// The fewest columns that anything is drawn in.
pub const MIN_WIDTH: usize = 24;
/// The most columns.
const MAX_WIDTH: usize = 200;
/// The most lines of a plot.
const MAX_ROWS: usize = 20;
/// The most points that are one sign each.
const FEW: usize = 40;
/// The most bars.
const MAX_BARS: usize = 15;
/// Signs of eight heights.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same without anything but ASCII.
const ASCII_HEIGHTS: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];
/// The ends of bars, by eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// How a chart is drawn in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// How many columns there are; drawings take no more, addresses are never cut.
    pub width: usize,
    /// How many lines a plot has.
    pub rows: usize,
    /// Whether nothing but ASCII is wanted.
    pub ascii: bool,
}

impl Default for Look {
    /// What fits everywhere: less than eighty columns, six lines.
    fn default() -> Self {
        Self { width: 72, rows: 6, ascii: false }
    }
}

impl Chart {
    /// The chart in lines, each of at most so many columns, and under it what it comes to in words.
    #[must_use]
    pub fn lines(&self, look: Look) -> Vec<String> {
        let look = Look {
            width: look.width.clamp(MIN_WIDTH, MAX_WIDTH),
            rows: look.rows.clamp(2, MAX_ROWS),
            ascii: look.ascii,
        };
        let mut lines = match (self.kind, &self.times, &self.series[..]) {
            (ChartKind::Bars, None, _) => self.bars(look),
            (_, _, [one]) if one.values.len() > FEW => self.plot(one, look),
            (_, _, [one]) => self.spark(one, look),
            _ => self.sparks(look),
        };
        lines.retain(|line| !line.trim().is_empty());
        lines.extend(wrapped(&facts(self), look.width));
        if look.ascii { lines.iter().map(|line| in_ascii(line)).collect() } else { lines }
    }

    /// One series, a sign a point, behind what it is.
    fn spark(&self, series: &Series, look: Look) -> Vec<String> {
        let name = if self.title.is_empty() { &series.name } else { &self.title };
        let signs = self.signs(series, FEW.min(look.width), look);
        let room = look.width.saturating_sub(signs.chars().count() + 1);
        match name.as_str() {
            "" => vec![signs],
            name if columns(name) <= room => vec![format!("{name} {signs}").trim_end().to_owned()],
            name => vec![cut(name, look.width), signs],
        }
    }

    /// Several series under each other, on one scale.
    fn sparks(&self, look: Look) -> Vec<String> {
        let names = self.series.iter().map(|series| columns(&series.name));
        let side = names.max().unwrap_or(0).min(look.width / 3);
        let room = look.width - side - 1;
        let line = |series: &Series| {
            let line = format!("{} {}", padded(&series.name, side), self.signs(series, room, look));
            line.trim_end().to_owned()
        };
        self.head(look).into_iter().chain(self.series.iter().map(line)).collect()
    }

    fn head(&self, look: Look) -> Option<String> {
        (!self.title.is_empty()).then(|| cut(&self.title, look.width))
    }

    /// A series in at most so many signs; where there are more points, the greatest of those that share one.
    fn signs(&self, series: &Series, room: usize, look: Look) -> String {
        let (low, high) = self.range().unwrap_or((0.0, 0.0));
        let count = series.values.len().min(room.max(1));
        let heights = if look.ascii { ASCII_HEIGHTS } else { HEIGHTS };
        let sign = |at: usize| {
            let (from, to) = (at * series.values.len() / count, (at + 1) * series.values.len() / count);
            let values = series.values.get(from..to.max(from + 1)).unwrap_or_default();
            match values.iter().flatten().copied().reduce(f64::max) {
                None => ' ',
                Some(value) => heights[step(share(value, low, high), heights.len() - 1)],
            }
        };
        (0..count).map(sign).collect()
    }

    /// One series as a line of dots, with its greatest and least value at the side, and from when to when below.
    fn plot(&self, series: &Series, look: Look) -> Vec<String> {
        let Some((low, high)) = self.range() else { return self.spark(series, look) };
        let ends = [high, low].map(|value| {
            let (number, letter) = number(value);
            number + letter
        });
        let side = ends.iter().map(|end| end.len()).max().unwrap_or(0);
        let mut dots = Dots::new(look.width - side - 1, look.rows, look.ascii);
        let point = |at: usize, value: f64| {
            let y = step(share(value, low, high), dots.height - 1);
            (step(self.along(at), dots.width - 1), dots.height - 1 - y)
        };
        let points: Vec<_> =
            series.values.iter().enumerate().map(|(at, value)| value.map(|value| point(at, value))).collect();
        for (at, now) in points.iter().enumerate() {
            let Some(now) = *now else { continue };
            let before = at.checked_sub(1).and_then(|before| points[before]);
            dots.line(before.unwrap_or(now), now);
        }
        let last = look.rows - 1;
        let row = |(at, line): (usize, String)| {
            let end = match at {
                0 => ends[0].as_str(),
                at if at == last => ends[1].as_str(),
                _ => "",
            };
            format!("{end:>side$} {line}").trim_end().to_owned()
        };
        let rows = dots.lines().into_iter().enumerate().map(row);
        self.head(look).into_iter().chain(rows).chain(self.below(side + 1, look)).collect()
    }

    /// The first and the last label, under the ends of a plot.
    fn below(&self, side: usize, look: Look) -> Option<String> {
        let (first, last) = (self.labels.first()?, self.labels.last()?);
        let room = look.width - side;
        let (first, last) = (cut(first, room / 2 - 1), cut(last, room / 2 - 1));
        let between = room.saturating_sub(columns(&first) + columns(&last));
        let line = format!("{}{first}{}{last}", " ".repeat(side), " ".repeat(between));
        Some(line.trim_end().to_owned()).filter(|line| !line.is_empty())
    }

    /// How far a point is along, from 0 to 1.
    fn along(&self, at: usize) -> f64 {
        let fraction = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.5 };
        match self.times.as_deref() {
            Some([first, .., last]) => {
                let since = |at: jiff::Timestamp| at.duration_since(*first).as_secs_f64();
                fraction(self.times.as_ref().map_or(0.0, |times| since(times[at])), since(*last))
            }
            _ => fraction(at as f64, self.labels.len().saturating_sub(1) as f64),
        }
    }

    /// A bar for each name, from zero, with its number behind it.
    fn bars(&self, look: Look) -> Vec<String> {
        let many = self.series.len() > 1;
        let shown = self.labels.len().min((MAX_BARS / self.series.len()).max(1));
        let side =
            self.labels[..shown].iter().map(|label| columns(label)).max().unwrap_or(0).min(look.width / 3);
        let names = self.series.iter().map(|series| columns(&series.name)).max().unwrap_or(0);
        let names = if many { names.min(look.width / 5) } else { 0 };
        let said =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| quantity(value, &self.unit));
        let values = self.series.iter().flat_map(|series| &series.values[..shown]);
        let tail = values.map(|value| columns(&said(*value))).max().unwrap_or(0).min(look.width / 3);
        let taken = side + 1 + tail + 1 + if many { names + 1 } else { 0 };
        let room = look.width.saturating_sub(taken).max(1);
        let (low, high) = self.range().unwrap_or((0.0, 0.0));
        // Where something is below zero, it grows to the left of a line of its own.
        let left = if low < 0.0 { step(-low / (high - low), room.saturating_sub(1)) } else { 0 };
        let right = if low < 0.0 { room.saturating_sub(left + 1) } else { room };
        let mut lines: Vec<String> = self.head(look).into_iter().collect();
        for (at, label) in self.labels[..shown].iter().enumerate() {
            for (number, series) in self.series.iter().enumerate() {
                let mut line = padded(if number == 0 { label } else { "" }, side);
                if many {
                    line.push(' ');
                    line.push_str(&padded(&series.name, names));
                }
                let value = series.values[at];
                let below = value
                    .filter(|value| *value < 0.0)
                    .map_or(0, |value| step(value / low, left).max(1).min(left));
                let above = value
                    .filter(|value| *value > 0.0)
                    .map_or_else(String::new, |value| bar(value / high, right, look));
                if low < 0.0 {
                    let block = if look.ascii { "#" } else { "█" };
                    line.push(' ');
                    line.push_str(&" ".repeat(left - below));
                    line.push_str(&block.repeat(below));
                    line.push_str(if look.ascii { "|" } else { "│" });
                    line.push_str(&above);
                } else if !above.is_empty() {
                    line.push(' ');
                    line.push_str(&above);
                }
                line.push(' ');
                line.push_str(&cut(&said(value), tail));
                lines.push(line);
            }
        }
        if shown < self.labels.len() {
            lines.push(format!("… {} more", self.labels.len() - shown));
        }
        lines
    }
}

/// A bar that fills this share of the room: never nothing, as there is something.
fn bar(share: f64, room: usize, look: Look) -> String {
    if look.ascii {
        return "#".repeat(step(share, room).max(1).min(room));
    }
    let eighths = step(share, room * 8).max(1).min(room * 8);
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// How far a value is between two others, from 0 to 1.
fn share(value: f64, low: f64, high: f64) -> f64 {
    if high > low {
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    } else if value == 0.0 {
        0.0
    } else {
        0.5
    }
}

/// Which of the steps from 0 to `most` a share is.
fn step(share: f64, most: usize) -> usize {
    ((share.clamp(0.0, 1.0) * most as f64).round() as usize).min(most)
}

/// How many columns a text takes at most: rather too many than too few.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(sign: char) -> usize {
    match sign {
        // Dashes, dots and quotes, and what is drawn with here.
        '\u{2010}'..='\u{2027}' | '│' | '▀'..='▟' | '\u{2800}'..='\u{28ff}' => 1,
        '\u{1100}'.. => 2,
        _ => 1,
    }
}

/// The text in at most so many columns.
fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let (mut out, mut at) = (String::new(), 1);
    for sign in text.chars() {
        at += width(sign);
        if at > most {
            break;
        }
        out.push(sign);
    }
    if most > 0 {
        out.push('…');
    }
    out
}

/// The text in exactly so many columns.
fn padded(text: &str, most: usize) -> String {
    let text = cut(text, most);
    let room = most.saturating_sub(columns(&text));
    text + &" ".repeat(room)
}

/// The text in lines of at most so many columns, cut between words where there are any.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut rest = word.to_owned();
        while !rest.is_empty() {
            let Some(line) = lines.last_mut() else { break };
            let used = columns(line) + usize::from(!line.is_empty());
            if used + columns(&rest) <= most {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&rest);
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            let (mut end, mut at) = (0, 0);
            for sign in rest.chars() {
                at += width(sign);
                if at > most {
                    break;
                }
                end += sign.len_utf8();
            }
            line.push_str(&rest[..end]);
            rest.drain(..end);
            lines.push(String::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The line in ASCII; what has no sign there is told by one in its place.
fn in_ascii(line: &str) -> String {
    let sign = |sign: char| match sign {
        sign if sign.is_ascii() => sign,
        '…' => '~',
        '·' | '–' => '-',
        _ => '?',
    };
    line.chars().map(sign).collect()
}
