//! A chart: numbers over times or labels, with what they come to in words.
//!
//! Not a picture: the page and each network draw it as they can, text networks by [`Chart::lines`]. All of it is pure
//! and bounded, so that a message with one stays a message. Layer 0.

mod picture;
mod plot;
mod said;
#[cfg(test)]
mod tests;
mod text;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

pub use picture::{ChartId, KEPT_SECS, KeptChart, MAX_KEPT};
pub use said::quantity;
pub use text::{Look, MIN_WIDTH};

/// The most series of a chart: nobody tells more lines apart.
pub const MAX_SERIES: usize = 6;
/// The most points of a series: a year of days.
pub const MAX_POINTS: usize = 366;
/// The longest title, unit, label or name of a series, in bytes.
pub const MAX_LABEL: usize = 80;
/// The longest address of a picture, in bytes.
const MAX_URL: usize = 2_000;
/// What is larger, either side of zero, is no number that anybody draws: the room between two of them has no end.
const LARGEST: f64 = 1e100;

/// How the numbers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// As a line: what changes from point to point.
    Line,
    /// As bars from zero: how much there is of each.
    Bars,
}

/// Numbers of one kind, one for each point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What they are; may be empty where there is one series.
    pub name: String,
    /// The numbers; none is a gap.
    pub values: Vec<Option<f64>>,
}

/// What the numbers stand over.
#[derive(Debug, Clone, PartialEq)]
pub enum Along {
    /// Names.
    Labels(Vec<String>),
    /// Times, never going back, told on the clocks of this zone.
    Times(Vec<Timestamp>, TimeZone),
}

/// What a chart is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    /// How it is shown.
    pub kind: ChartKind,
    /// What it shows, in a few words.
    pub title: String,
    /// What the numbers are measured in; empty for a count.
    pub unit: String,
    /// What they stand over.
    pub along: Along,
    /// The numbers.
    pub series: Vec<Series>,
}

/// A chart that fits: as many numbers in each series as there are points, and no more of anything than is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Chart {
    kind: ChartKind,
    title: String,
    unit: String,
    labels: Vec<String>,
    times: Option<Vec<Timestamp>>,
    span: String,
    series: Vec<Series>,
    summary: String,
    url: Option<String>,
}

/// A chart as it is written down. Its summary is made anew: what is told is what the numbers say.
#[derive(Deserialize)]
struct Stored {
    kind: ChartKind,
    #[serde(default)]
    title: String,
    #[serde(default)]
    unit: String,
    labels: Vec<String>,
    #[serde(default)]
    times: Option<Vec<Timestamp>>,
    #[serde(default)]
    span: String,
    series: Vec<Series>,
    #[serde(default)]
    url: Option<String>,
}

/// Why something is no chart; a sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// There is nothing to draw.
    #[error("a chart needs at least one point, and numbers for it")]
    Empty,
    /// There are too many points.
    #[error("a chart has at most {MAX_POINTS} points, and there are {0}")]
    Points(usize),
    /// There are too many series.
    #[error("a chart has at most {MAX_SERIES} series, and there are {0}")]
    Series(usize),
    /// A series has another length.
    #[error("`{0}` has {1} numbers for {2} points")]
    Uneven(String, usize, usize),
    /// Time goes back.
    #[error("the times of a chart go forward only")]
    Backwards,
}

impl Chart {
    /// Draws a sketch. Texts are cut and made one line; what is no finite number becomes a gap.
    ///
    /// # Errors
    /// Why it is none.
    pub fn draw(sketch: Sketch) -> Result<Self, Misfit> {
        let Sketch { kind, title, unit, along, series } = sketch;
        let (labels, times, span) = match along {
            Along::Labels(labels) => (labels, None, String::new()),
            Along::Times(times, _) if times.is_empty() => return Err(Misfit::Empty),
            Along::Times(times, _) if times.len() > MAX_POINTS => return Err(Misfit::Points(times.len())),
            Along::Times(times, zone) => {
                let (labels, span) = said::times(&times, &zone);
                (labels, Some(times), span)
            }
        };
        Self::try_from(Stored { kind, title, unit, labels, times, span, series, url: None })
    }

    /// The same chart, with the address of a picture of it on this server.
    #[must_use]
    pub fn with_picture(self, url: impl Into<String>) -> Self {
        let url = Some(url.into()).filter(|url| url.len() <= MAX_URL);
        Self { url, ..self }
    }

    /// How it is shown.
    #[must_use]
    pub fn kind(&self) -> ChartKind {
        self.kind
    }

    /// What it shows, in a few words; may be empty.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What the numbers are measured in; may be empty.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// What stands under each point: a name or a time.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The times of the points, where they have some.
    #[must_use]
    pub fn times(&self) -> Option<&[Timestamp]> {
        self.times.as_deref()
    }

    /// The numbers; at least one series.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// What it comes to, in words: the least, the greatest and the last, with unit and zone.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// From when to when it goes, with the zone; empty where it stands over names.
    #[must_use]
    pub fn span(&self) -> &str {
        &self.span
    }

    /// Its summary without its title.
    #[must_use]
    pub fn facts(&self) -> String {
        said::facts(self)
    }

    /// Where a picture of it is, on this server.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The least and the greatest value that the drawing has room for; none where there are gaps alone. Bars begin
    /// at zero.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        let values = || self.series.iter().flat_map(|series| &series.values).flatten().copied();
        let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
        Some(match self.kind {
            ChartKind::Line => (low, high),
            ChartKind::Bars => (low.min(0.0), high.max(0.0)),
        })
    }
}

impl TryFrom<Stored> for Chart {
    type Error = Misfit;

    fn try_from(stored: Stored) -> Result<Self, Misfit> {
        let Stored { kind, title, unit, labels, times, span, series, url } = stored;
        let points = labels.len();
        if points == 0 || series.is_empty() {
            return Err(Misfit::Empty);
        }
        if points > MAX_POINTS {
            return Err(Misfit::Points(points));
        }
        if series.len() > MAX_SERIES {
            return Err(Misfit::Series(series.len()));
        }
        if let Some(odd) = series.iter().find(|series| series.values.len() != points) {
            return Err(Misfit::Uneven(one_line(&odd.name), odd.values.len(), points));
        }
        if let Some(times) = &times {
            if times.len() != points {
                return Err(Misfit::Uneven("times".to_owned(), times.len(), points));
            }
            if times.windows(2).any(|pair| pair[0] > pair[1]) {
                return Err(Misfit::Backwards);
            }
        }
        let drawn = |value: Option<f64>| value.filter(|value| value.is_finite() && value.abs() <= LARGEST);
        let whole = |series: Series| Series {
            name: one_line(&series.name),
            values: series.values.into_iter().map(drawn).collect(),
        };
        let mut chart = Self {
            kind,
            title: one_line(&title),
            unit: one_line(&unit),
            labels: labels.iter().map(|label| one_line(label)).collect(),
            times,
            span: one_line(&span),
            series: series.into_iter().map(whole).collect(),
            summary: String::new(),
            url: url.filter(|url| url.len() <= MAX_URL),
        };
        chart.summary = said::summary(&chart);
        Ok(chart)
    }
}

/// The text as one line of at most [`MAX_LABEL`] bytes.
fn one_line(text: &str) -> String {
    // No more is looked at than can be kept: what does not fit may be long.
    let begins = &text[..text.floor_char_boundary(4 * MAX_LABEL)];
    let spaced = begins.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = spaced.collect::<Vec<_>>().join(" ");
    if line.len() > MAX_LABEL || begins.len() < text.len() {
        line.truncate(line.floor_char_boundary(MAX_LABEL - '…'.len_utf8()));
        line.push('…');
    }
    line
}
