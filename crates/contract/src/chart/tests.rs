//! What holds for all charts.

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::reply::{Block, Reply};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn of(name: &str, values: &[Option<f64>]) -> Series {
    Series { name: name.to_owned(), values: values.to_vec() }
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("a zone")
}

fn minutes(count: i64) -> Along {
    let first = at("2026-01-05T13:00:00Z");
    let times = (0..count).map(|minute| first + jiff::SignedDuration::from_mins(minute)).collect();
    Along::Times(times, berlin())
}

fn latency(along: Along, values: &[Option<f64>]) -> Chart {
    let sketch = Sketch {
        kind: ChartKind::Line,
        title: "latency".to_owned(),
        unit: "ms".to_owned(),
        along,
        series: vec![of("p99", values)],
    };
    Chart::draw(sketch).expect("a chart")
}

fn bars(labels: &[&str], series: Vec<Series>) -> Chart {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    let sketch = Sketch {
        kind: ChartKind::Bars,
        title: "services".to_owned(),
        unit: String::new(),
        along: Along::Labels(labels),
        series,
    };
    Chart::draw(sketch).expect("a chart")
}

#[test]
fn few_points_are_a_sparkline_with_what_they_come_to() {
    let chart =
        latency(minutes(6), &[Some(262.0), Some(310.5), None, Some(2300.0), Some(900.0), Some(310.0)]);
    let facts = "last 310 ms, min 262 ms at 14:00, max 2300 ms at 14:03, 1 gap · 14:00 to";
    assert_eq!(chart.lines(Look::default()), ["latency ▁▁ █▃▁", facts, "14:05 CET, 5 January 2026"]);
    assert_eq!(chart.summary(), format!("latency: {facts} 14:05 CET, 5 January 2026"));
    let ascii = chart.lines(Look { width: 200, ascii: true, ..Look::default() });
    assert_eq!(ascii[0], "latency __ #,_");
    assert!(ascii[1].ends_with("1 gap - 14:00 to 14:05 CET, 5 January 2026"), "{ascii:?}");
}

#[test]
fn names_have_bars_from_zero() {
    let chart = bars(&["web", "api", "db, main"], vec![of("count", &[Some(9.0), None, Some(3.0)])]);
    let look = Look { width: 24, ..Look::default() };
    let shown = [
        "services",
        "web      █████████████ 9",
        "api      –",
        "db, main ████▍ 3",
        "max 9 (web), min 3 (db,",
        "main), 1 gap",
    ];
    assert_eq!(chart.lines(look), shown);
    let below = bars(&["a", "b"], vec![of("", &[Some(-5.0), Some(5.0)])]);
    let look = Look { ascii: true, ..look };
    assert_eq!(
        below.lines(look)[1..3],
        ["a #########| -5".to_owned(), format!("b {}|{} 5", " ".repeat(9), "#".repeat(9))]
    );
}

#[test]
fn what_is_long_is_told_as_what_it_is() {
    let values: Vec<_> = (0..120).map(|at| Some(f64::from(at * at))).collect();
    let lines = latency(minutes(120), &values).lines(Look::default());
    assert_eq!(lines.len(), 1 + 6 + 1 + 2, "{lines:#?}");
    assert!(lines[1].starts_with("14161 ") && lines[6].trim_start().starts_with("0 "), "{lines:#?}");
    assert!(lines[7].trim_start().starts_with("14:00 ") && lines[7].ends_with(" 15:59"), "{lines:#?}");
    let names: Vec<String> = (0..40).map(|at| format!("host-{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lines = bars(&names, vec![of("", &[Some(1.0); 40])]).lines(Look::default());
    assert_eq!((lines.len(), lines[16].as_str(), lines[17].as_str()), (18, "… 25 more", "always 1"));
}

#[test]
fn numbers_are_said_with_three_digits_and_their_unit() {
    for (value, unit, said) in [
        (0.0, "", "0"),
        (-0.0, "ms", "0 ms"),
        (0.1 + 0.2, "s", "0.3 s"),
        (12.345, "%", "12.3 %"),
        (123_456.0, "", "123456"),
        (1_234_567.0, "", "1.23M"),
        (1_234_567_890.0, "B", "1.23 GB"),
        (-2_500_000.0, "", "-2.5M"),
        (1e18, "", "1.0e18"),
        (0.000_12, "s", "1.2e-4 s"),
    ] {
        assert_eq!(quantity(value, unit), said);
    }
}

#[test]
fn times_carry_their_day_and_zone() {
    let span = |from: &str, to: &str| {
        let along = Along::Times(vec![at(from), at(to)], berlin());
        let summary = latency(along, &[Some(1.0), Some(1.0)]).summary().to_owned();
        summary.trim_start_matches("latency: always 1 ms · ").to_owned()
    };
    assert_eq!(span("2026-01-05T13:00:00Z", "2026-01-05T13:00:00Z"), "14:00 CET, 5 January 2026");
    assert_eq!(
        span("2026-01-05T13:00:00Z", "2026-01-05T13:00:30Z"),
        "14:00:00 to 14:00:30 CET, 5 January 2026"
    );
    assert_eq!(span("2026-01-05T23:00:00Z", "2026-01-07T23:00:00Z"), "6 January 2026 to 8 January 2026 CET");
    assert_eq!(
        span("2026-03-28T11:00:00Z", "2026-03-29T10:30:00Z"),
        "28 March 2026 12:00 CET to 29 March 2026 12:30 CEST"
    );
}

#[test]
fn what_is_no_chart_is_refused_with_what_there_is() {
    let refused = |along: Along, series: Vec<Series>| {
        let sketch =
            Sketch { kind: ChartKind::Line, title: String::new(), unit: String::new(), along, series };
        Chart::draw(sketch).expect_err("no chart").to_string()
    };
    let labels = |count: usize| Along::Labels(vec![String::new(); count]);
    assert_eq!(refused(labels(0), vec![of("", &[])]), "a chart needs at least one point, and numbers for it");
    assert_eq!(refused(labels(1), vec![]), "a chart needs at least one point, and numbers for it");
    assert_eq!(refused(labels(367), vec![of("", &[])]), "a chart has at most 366 points, and there are 367");
    assert_eq!(refused(labels(1), vec![of("", &[None]); 7]), "a chart has at most 6 series, and there are 7");
    assert_eq!(refused(labels(2), vec![of("a", &[None])]), "`a` has 1 numbers for 2 points");
    let back = Along::Times(vec![at("2026-01-05T13:00:01Z"), at("2026-01-05T13:00:00Z")], TimeZone::UTC);
    assert_eq!(refused(back, vec![of("", &[None, None])]), "the times of a chart go forward only");
}

fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        4 => (-5_000_i32..5_000).prop_map(|value| Some(f64::from(value) / 8.0)),
        1 => Just(None),
        1 => prop::num::f64::ANY.prop_map(Some),
        1 => Just(Some(7.0)),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,8}", "\\PC{0,40}", "[\u{0}-\u{20}\u{1b}\u{202e}世é ]{0,200}"]
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let kind = prop_oneof![Just(ChartKind::Line), Just(ChartKind::Bars)];
    let points = prop_oneof![1_usize..12, 30_usize..90, Just(MAX_POINTS)];
    (kind, points, 1..=MAX_SERIES, any::<bool>()).prop_flat_map(|(kind, points, series, timed)| {
        let values = prop::collection::vec(value(), points);
        let series = prop::collection::vec((any_text(), values), series);
        let labels = prop::collection::vec(any_text(), points);
        let times = prop::collection::vec(0_i64..4_000_000, points).prop_map(|mut seconds| {
            seconds.sort_unstable();
            let at = |second| Timestamp::from_second(1_767_000_000 + second).expect("a time");
            Along::Times(seconds.into_iter().map(at).collect(), TimeZone::UTC)
        });
        let along = if timed { times.boxed() } else { labels.prop_map(Along::Labels).boxed() };
        (Just(kind), any_text(), any_text(), along, series).prop_map(|(kind, title, unit, along, series)| {
            let series = series.into_iter().map(|(name, values)| Series { name, values }).collect();
            Sketch { kind, title, unit, along, series }
        })
    })
}

/// How many columns a line takes, as a terminal counts them.
fn wide(line: &str) -> usize {
    let drawn = |sign: char| matches!(sign, '\u{2010}'..='\u{2027}' | '\u{2502}' | '\u{2580}'..='\u{259f}' | '\u{2800}'..='\u{28ff}');
    line.chars().map(|sign| if sign >= '\u{1100}' && !drawn(sign) { 2 } else { 1 }).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_drawing_fits_and_is_bounded(sketch in sketch(), width in 0_usize..120, rows in 0_usize..30, ascii in any::<bool>()) {
        let chart = Chart::draw(sketch).expect("a chart");
        let lines = chart.lines(Look { width, rows, ascii });
        prop_assert!(!lines.is_empty() && lines.len() < 300, "{} lines", lines.len());
        for line in &lines {
            prop_assert!(wide(line) <= width.max(MIN_WIDTH), "{:?} in {}", line, width);
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
            prop_assert!(!ascii || line.is_ascii(), "{:?}", line);
        }
        let texts = [chart.title(), chart.unit()].into_iter().chain(chart.labels().iter().map(String::as_str));
        prop_assert!(texts.chain(chart.series().iter().map(|series| series.name.as_str())).all(|text| text.len() <= MAX_LABEL));
    }

    #[test]
    fn what_is_written_down_is_read_again(sketch in sketch()) {
        let chart = Chart::draw(sketch).expect("a chart");
        let reply = Reply { blocks: vec![Block::Chart(Box::new(chart.clone()))] };
        let written = serde_json::to_string(&reply).expect("json");
        prop_assert!(written.len() < 128 * 1024, "{} bytes", written.len());
        let read: Reply = serde_json::from_str(&written).expect("a reply");
        let [Block::Chart(again)] = &read.blocks[..] else { panic!("a chart") };
        prop_assert_eq!(chart.summary(), again.summary());
        prop_assert_eq!((chart.labels(), chart.times(), chart.title()), (again.labels(), again.times(), again.title()));
        for (one, other) in chart.series().iter().zip(again.series()) {
            for (one, other) in one.values.iter().zip(&other.values) {
                prop_assert_eq!(one.is_some(), other.is_some());
                let (one, other) = (one.unwrap_or(0.0), other.unwrap_or(0.0));
                prop_assert!((one - other).abs() <= one.abs() * 1e-12 + 1e-300, "{} {}", one, other);
            }
        }
    }

    #[test]
    fn the_summary_is_what_the_numbers_say(values in prop::collection::vec((-4_000_i32..4_000).prop_map(f64::from), 2..40)) {
        let known: Vec<_> = values.iter().copied().map(Some).collect();
        let chart = latency(minutes(i64::try_from(values.len()).expect("few")), &known);
        let (least, most) = (values.iter().copied().fold(f64::MAX, f64::min), values.iter().copied().fold(f64::MIN, f64::max));
        if least == most {
            let always = format!("always {least} ms");
            prop_assert!(chart.summary().contains(&always));
        } else {
            let told = format!("latency: last {} ms, min {least} ms at ", values[values.len() - 1]);
            prop_assert!(chart.summary().starts_with(&told), "{}", chart.summary());
            let greatest = format!(", max {most} ms at ");
            prop_assert!(chart.summary().contains(&greatest), "{}", chart.summary());
        }
    }
}

#[test]
fn a_chart_of_a_later_version_is_read_by_what_is_known_of_it() {
    let written = r#"{"blocks":[{"type":"chart","kind":"line","labels":["a","b"],"series":[{"name":"x","values":[1,null]}],"summary":"a lie","legend":"later"}]}"#;
    let reply: Reply = serde_json::from_str(written).expect("a reply");
    let [Block::Chart(chart)] = &reply.blocks[..] else { panic!("a chart") };
    assert_eq!(chart.summary(), "1 (a), 1 gap");
    let odd = r#"{"type":"chart","kind":"line","labels":["a"],"series":[]}"#;
    assert!(serde_json::from_str::<Block>(odd).is_err(), "what is none is not read");
}
