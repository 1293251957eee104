//! What every chart looks like, whatever is in it.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use resvg::tiny_skia::Pixmap;
use wilco_contract::{
    chart::{Along, MAX_POINTS, MAX_SERIES, Series, Sketch},
    reply::Block,
};
use wilco_testkit::gallery::{HOSTILE, gallery};

use super::*;
use wilco_contract::chart::ChartKind;

/// All charts of the gallery of blocks, and what it has none of.
fn charts() -> Vec<(String, Chart)> {
    let of_gallery =
        gallery().into_iter().filter_map(|(name, reply)| match reply.blocks.into_iter().next() {
            Some(Block::Chart(chart)) => Some((name, *chart)),
            _ => None,
        });
    of_gallery.chain(more()).collect()
}

fn over_hours(
    kind: ChartKind,
    series: usize,
    points: i64,
    value: impl Fn(usize, i64) -> Option<f64>,
) -> Sketch {
    let first: Timestamp = "2026-03-27T06:00:00Z".parse().expect("a time");
    let times = (0..points).map(|hour| first + SignedDuration::from_hours(hour)).collect();
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let series = (0..series).map(|at| Series {
        name: ["checkout", "search", "payments", "mail", "images", "nightly jobs"][at].to_owned(),
        values: (0..points).map(|point| value(at, point)).collect(),
    });
    let (title, unit) = ("Answer times".to_owned(), "ms".to_owned());
    Sketch { kind, title, unit, along: Along::Times(times, zone), series: series.collect() }
}

fn named(rows: &[(&str, &[Option<f64>])], names: &[&str]) -> Sketch {
    let series = names.iter().enumerate().map(|(at, name)| Series {
        name: (*name).to_owned(),
        values: rows.iter().map(|(_, values)| values[at]).collect(),
    });
    Sketch {
        kind: ChartKind::Bars,
        title: "Deploys by team".to_owned(),
        unit: String::new(),
        along: Along::Labels(rows.iter().map(|(label, _)| (*label).to_owned()).collect()),
        series: series.collect(),
    }
}

fn more() -> Vec<(String, Chart)> {
    let wave = |at: usize, point: i64| {
        let turn = (point as f64 / 9.0 + at as f64).sin() * 60.0 * (at + 1) as f64;
        Some(turn + 120.0 * (at + 1) as f64 + ((point * 37 + 11) % 17) as f64 * 3.0)
    };
    let gaps = move |at: usize, point: i64| (point % 9 > 1).then(|| wave(at, point)).flatten();
    let counts = |at: usize, point: i64| Some(((point * 7 + at as i64 * 3) % 12) as f64);
    let teams: &[(&str, &[Option<f64>])] = &[
        ("platform", &[Some(182.0)]),
        ("payments", &[Some(64.0)]),
        ("search and recommendations", &[Some(12.0)]),
        ("mail", &[Some(0.0)]),
        ("nobody", &[None]),
    ];
    let both: &[(&str, &[Option<f64>])] = &[
        ("eu-central", &[Some(120.0), Some(-35.0)]),
        ("us-east", &[Some(98.5), Some(12.0)]),
        ("ap-south", &[None, Some(-4.0)]),
    ];
    let many: Vec<(String, Vec<Option<f64>>)> =
        (0..60).map(|at| (format!("host-{at}"), vec![Some(f64::from(at % 13) * 7.5)])).collect();
    let many: Vec<(&str, &[Option<f64>])> =
        many.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    let long = "x".repeat(80);
    let largest = Sketch {
        title: HOSTILE.to_owned(),
        unit: long.clone(),
        along: Along::Labels(vec![long.clone(); MAX_POINTS]),
        series: vec![Series { name: long, values: vec![Some(1e100); MAX_POINTS] }; MAX_SERIES],
        ..named(&[], &[])
    };
    let sketches = [
        ("a line", over_hours(ChartKind::Line, 1, 24, wave)),
        ("a line over a week", over_hours(ChartKind::Line, 1, 168, wave)),
        ("a line that never changes", over_hours(ChartKind::Line, 1, 24, |_, _| Some(7.0))),
        ("six lines", over_hours(ChartKind::Line, 6, 72, wave)),
        ("lines with gaps", over_hours(ChartKind::Line, 2, 60, gaps)),
        ("one point", over_hours(ChartKind::Line, 1, 1, |_, _| Some(42.0))),
        ("no values", over_hours(ChartKind::Line, 1, 5, |_, _| None)),
        ("below zero", over_hours(ChartKind::Line, 1, 48, |_, point| Some((point - 20) as f64 * 0.031))),
        ("large numbers", over_hours(ChartKind::Line, 1, 30, |_, point| Some(point as f64 * 1.3e8 + 4e9))),
        ("bars over times", over_hours(ChartKind::Bars, 1, 24, counts)),
        ("bars of three over times", over_hours(ChartKind::Bars, 3, 12, counts)),
        ("named bars", named(teams, &[""])),
        ("named bars of two", named(both, &["requests", "change"])),
        ("sixty named bars", named(&many, &["load"])),
        ("the largest", largest.clone()),
        ("the largest line", Sketch { kind: ChartKind::Line, ..largest }),
        (
            "from the right",
            Sketch {
                title: "مرحبا بالعالم 12".to_owned(), ..named(both, &["שלום", "الويب"])
            },
        ),
        (
            "eight bits",
            Sketch { title: (0..=255u8).map(char::from).collect(), ..named(both, &["\u{80}\u{9f}", "ÿþ"]) },
        ),
    ];
    sketches.into_iter().map(|(name, sketch)| (name.to_owned(), Chart::draw(sketch).expect(name))).collect()
}

#[test]
fn every_chart_as_a_drawing() {
    for (name, chart) in charts() {
        let drawing = svg::draw(&chart, Theme::Light);
        assert_eq!(drawing, svg::draw(&chart, Theme::Light), "{name}: the same is drawn alike");
        assert!(drawing.len() < 120_000, "{name} has {} bytes", drawing.len());
        let plain = |sign: char| !crate::text::acts(sign);
        assert!(drawing.chars().all(plain), "{name}");
        for acts in ["<script", "<b ", "<a ", "href", "<image", "<style", "onclick=\""] {
            assert!(!drawing.contains(acts), "{name} has {acts}");
        }
        if !name.contains("largest") {
            insta::assert_snapshot!(name.replace([' ', ','], "_"), drawing);
        }
    }
}

/// How many pixels of a picture are not its ground, which stands in its corner; and its sides.
fn looked_at(png: &[u8]) -> (usize, u32, u32) {
    let pixels = Pixmap::decode_png(png).expect("a PNG");
    let ground = pixels.pixel(0, 0).expect("a corner");
    let drawn = pixels.pixels().iter().filter(|pixel| **pixel != ground).count();
    (drawn, pixels.width(), pixels.height())
}

#[test]
fn every_chart_as_a_picture() {
    let folder = std::env::var_os("WILCO_PICTURES");
    for (name, chart) in charts() {
        for theme in [Theme::Light, Theme::Dark] {
            let drawing = svg::draw(&chart, theme);
            let png = png::render_png(&drawing).unwrap_or_else(|error| panic!("{name}: {error}"));
            let (drawn, wide, high) = looked_at(&png);
            assert_eq!(wide, 1520, "{name}");
            assert!((200..2_400).contains(&high), "{name} is {high} high");
            assert!(drawn > 500, "{name} is blank");
            assert!(png.len() < 400_000, "{name} has {} bytes", png.len());
            if let Some(folder) = &folder {
                let file = std::path::Path::new(folder).join(format!("{name} {theme:?}.png"));
                std::fs::write(file, &png).expect("a file");
            }
        }
    }
}

#[test]
fn text_is_drawn_and_from_the_font_of_this_program() {
    let chart = |title: &str| {
        let sketch = Sketch { title: title.to_owned(), ..named(&[("a", &[Some(1.0)])], &[""]) };
        let drawing = svg::draw(&Chart::draw(sketch).expect("a chart"), Theme::Light);
        looked_at(&png::render_png(&drawing).expect("a picture")).0
    };
    let without = chart("");
    let with = chart("Deploys");
    assert!(with > without + 1_000, "{with} {without}");
}

#[tokio::test]
async fn a_picture_is_kept_though_its_asker_has_left() {
    let pictures = Pictures::default();
    let (_, chart) = more().swap_remove(0);
    let id = ChartId([7; 16]);
    tokio::select! {
        biased;
        drawn = pictures.of(id, Theme::Light, chart) => panic!("it takes longer than a moment: {drawn:?}"),
        () = std::future::ready(()) => {}
    }
    let all = pictures.turns.acquire_many(u32::try_from(AT_ONCE).expect("few"));
    drop(tokio::time::timeout(std::time::Duration::from_secs(60), all).await.expect("it is drawn"));
    assert!(pictures.known(&(id, Theme::Light)).is_some());
}

#[tokio::test]
async fn a_picture_is_drawn_once_and_a_few_at_a_time() {
    let pictures = Arc::new(Pictures::default());
    let (_, chart) = more().swap_remove(0);
    let id = |number: u8| ChartId([number; 16]);
    let first = pictures.of(id(0), Theme::Light, chart.clone()).await.expect("a picture");
    let again = pictures.of(id(0), Theme::Light, chart.clone()).await.expect("a picture");
    assert_eq!(first.as_ptr(), again.as_ptr(), "it was kept");
    let dark = pictures.of(id(0), Theme::Dark, chart.clone()).await.expect("a picture");
    assert_ne!(first, dark);
    for number in 1..=u8::try_from(DRAWN).expect("few") {
        pictures.of(id(number), Theme::Light, chart.clone()).await.expect("a picture");
    }
    assert!(pictures.known(&(id(0), Theme::Light)).is_none(), "the oldest is forgotten");
    assert_eq!(pictures.turns.available_permits(), AT_ONCE, "every turn is over");
}
