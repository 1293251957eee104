//! A sheet that is drawn on: the few elements of SVG that charts need, written so that no text acts.
//!
//! Not where anything stands: whoever draws says that, in pixels from the upper left. Layer 3.

use std::fmt::Write as _;

use super::letters::{FAMILY, shown};
use crate::text::acts;

/// How wide every picture is, in pixels of the drawing.
pub(super) const WIDTH: f64 = 760.0;
/// The free rim around everything.
pub(super) const RIM: f64 = 28.0;
/// The size of what is read first.
pub(super) const LARGE: f64 = 20.0;
/// The size of labels and numbers.
pub(super) const SMALL: f64 = 14.0;

/// On which ground a picture stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Theme {
    /// Dark on white.
    Light,
    /// Light on black.
    Dark,
}

/// The colours of a theme: those of the page.
#[derive(Debug)]
pub(super) struct Colours {
    pub(super) ground: &'static str,
    pub(super) ink: &'static str,
    pub(super) muted: &'static str,
    /// Lines that are to be seen after everything else.
    pub(super) grid: &'static str,
    /// Zero, and what stands out from the grid.
    pub(super) axis: &'static str,
    /// What tells series apart, one each.
    pub(super) series: [&'static str; 6],
}

const LIGHT: Colours = Colours {
    ground: "#ffffff",
    ink: "#1a1e23",
    muted: "#4c545e",
    grid: "#e1e4e8",
    axis: "#7f8894",
    series: ["#0b57ad", "#8a5a00", "#7a2b8f", "#166432", "#5c646f", "#aa211b"],
};
const DARK: Colours = Colours {
    ground: "#1a1e22",
    ink: "#e4e7ea",
    muted: "#adb5be",
    grid: "#2e343b",
    axis: "#6d7782",
    series: ["#78b4f2", "#d9a441", "#d9a1e7", "#6cc98c", "#98a1ab", "#f69188"],
};
/// What tells lines apart for whoever sees no colours; empty: without gaps.
const DASHES: [&str; 6] = ["", "8 4", "2 4", "12 4", "12 4 2 4", "5 5"];

/// On which side of a point a text stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// A rectangle: its upper left corner and its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A sheet that is drawn on from the top.
pub(super) struct Sheet {
    pub(super) colours: &'static Colours,
    /// How far down something stands already.
    pub(super) y: f64,
    elements: String,
}

impl Sheet {
    pub(super) fn new(theme: Theme) -> Self {
        let colours = match theme {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
        };
        Self { colours, y: RIM, elements: String::new() }
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.elements.write_fmt(element);
        self.elements.push('\n');
    }

    /// A text with its baseline at this height; it is one that the font can show.
    pub(super) fn text(&mut self, (x, y): (f64, f64), size: f64, look: (Anchor, &str), text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let anchor = match look.0 {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, fill, text) = (short(x), short(y), look.1, escaped(text));
        self.add(format_args!(
            r#"<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{text}</text>"#
        ));
    }

    /// A bar in the colour of a series.
    pub(super) fn bar(&mut self, area: Area, series: usize) {
        let (x, y, fill) = (short(area.x), short(area.y), self.colours.series[series % 6]);
        let (width, height) = (short(area.width), short(area.height));
        self.add(format_args!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="1.5" fill="{fill}"/>"#
        ));
    }

    /// A line through these parts of a path, as SVG writes them, in the colour and with the gaps of a series.
    pub(super) fn line(&mut self, path: &str, series: usize) {
        let (stroke, dashes) = (self.colours.series[series % 6], DASHES[series % 6]);
        let dashes =
            if dashes.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{dashes}""#) };
        self.add(format_args!(
            r#"<path d="{path}" fill="none" stroke="{stroke}" stroke-width="2.25" stroke-linejoin="round" stroke-linecap="butt"{dashes}/>"#
        ));
    }

    /// A dot in the colour of a series.
    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, series: usize) {
        let (x, y, fill) = (short(x), short(y), self.colours.series[series % 6]);
        self.add(format_args!(r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>"#));
    }

    /// A thin straight line from one point to another.
    pub(super) fn rule(&mut self, from: (f64, f64), to: (f64, f64), colour: &str) {
        let ([x1, y1], [x2, y2]) = ([from.0, from.1].map(short), [to.0, to.1].map(short));
        self.add(format_args!(r#"<path d="M{x1} {y1}L{x2} {y2}" stroke="{colour}" stroke-width="1"/>"#));
    }

    /// The whole as a document, as high as what stands on it, with its name and what it says for who does not see it.
    pub(super) fn finish(self, title: &str, summary: &str) -> String {
        let (title, summary) = (harmless(title), harmless(summary));
        let (width, height) = (short(WIDTH), short((self.y + RIM).ceil()));
        let (ground, elements) = (self.colours.ground, self.elements);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FAMILY}, sans-serif\">\n\
             <title>{title}</title>\n<desc>{summary}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>\n{elements}</svg>\n"
        )
    }
}

/// A length with as many digits as can be seen.
pub(super) fn short(length: f64) -> String {
    let text = format!("{length:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A text as it stands in a drawing: what the font can show, and nothing that is markup.
fn escaped(text: &str) -> String {
    harmless(&shown(text))
}

/// A text without what acts, what no document may have in it, and what is markup.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars().filter(|sign| !acts(*sign) && !matches!(sign, '\u{fffe}' | '\u{ffff}')) {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            sign => out.push(sign),
        }
    }
    out
}
