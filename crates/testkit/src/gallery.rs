//! Every block that a reply may have, with usual, empty, hostile and long contents, for whoever shows replies.
//!
//! Not a test: each renderer records what it makes of them. A new kind of block does not compile here until it is added.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use wilco_contract::{
    chart::{Along, Chart, ChartKind, Series, Sketch},
    event::Level,
    ids::{Account, Hash, ObjectId, OpId, Seq},
    operation::State,
    reply::{Blank, Block, Choice, Field, Offer, PressKind, Progress, Reply, StepMark, Weight},
};

/// What acts on a terminal, on a network's commands, on markup, on the order of reading, or is not seen.
pub const HOSTILE: &str = "\u{1}VERSION\u{1}\r\nQUIT :bye\u{0}\u{1b}[2J \u{3}04red\u{3} \u{202e}evil\u{2066} pay\u{200b}load <b onclick=alert(1)>@everyone</b> **bold** `code` [x](javascript:alert(1)) | first 3 > web:ops";

/// The gallery: each entry with its name, such as `chart of bars, hostile`.
#[must_use]
pub fn gallery() -> Vec<(String, Reply)> {
    let long = format!("{} {}", "many words that go on and on".repeat(12), "x".repeat(120));
    let wide = "部署が完了しました 👩\u{200d}🚒 e\u{301}".to_owned();
    let all = [
        ("usual", "webapp".to_owned()),
        ("empty", String::new()),
        ("hostile", HOSTILE.to_owned()),
        ("long", long),
        ("wide", wide),
    ];
    let entries = all.into_iter().flat_map(|(contents, text)| {
        let entry =
            move |block: Block| (format!("{}, {contents}", name(&block)), Reply { blocks: vec![block] });
        blocks(&text).into_iter().map(entry)
    });
    let mut entries: Vec<_> = entries.collect();
    // What is of one kind stands together; sorting is stable.
    entries.sort_by_key(|(name, _)| name.split(',').next().map(ToOwned::to_owned));
    entries
}

/// What a kind of block is called.
fn name(block: &Block) -> &'static str {
    match block {
        Block::Text { .. } => "text",
        Block::Status { .. } => "status",
        Block::Event { .. } => "event",
        Block::Quote { .. } => "quote",
        Block::Fields { .. } => "fields",
        Block::Code { .. } => "code",
        Block::Table { .. } => "table",
        Block::Chart(chart) => match (chart.kind(), chart.series().len(), chart.labels().len()) {
            (ChartKind::Bars, ..) => "chart of bars",
            (_, 1, points) if points > 40 => "chart of many points",
            (_, 1, _) => "chart of few points",
            _ => "chart of several series",
        },
        Block::Image { .. } => "image",
        Block::Choices { .. } => "choices",
        Block::Offers { .. } => "offers",
        Block::Ask { .. } => "ask",
        Block::Progress { .. } => "progress",
        Block::Refusal { .. } => "refusal",
        Block::Link { .. } => "link",
        Block::File { .. } => "file",
    }
}

/// One of every kind, with this text wherever there is one.
fn blocks(given: &str) -> Vec<Block> {
    let text = || given.to_owned();
    let id = || OpId::new('d', 0x7_3E6F, 4);
    let choice = |press, weight| Choice { label: text(), press, operation: id(), plan: Hash::ZERO, weight };
    let step = |state, note: Option<String>| Progress { name: text(), state, note };
    vec![
        Block::Text { text: text() },
        Block::Status { operation: id(), state: State::Running, title: text() },
        Block::Event {
            event: Seq(7),
            object: ObjectId::parse("github:acme/webapp#812").ok(),
            state: Some(text()),
            level: Level::Loud,
            text: text(),
            url: Some(format!("https://example.com/{}", given.len())),
        },
        Block::Quote { text: text() },
        Block::Fields { fields: vec![Field::new(text(), "1"), Field::new("name", text())] },
        Block::Code { text: text() },
        Block::Table {
            columns: vec!["name".into(), text()],
            rows: vec![vec![text(), "1".into()], vec!["b".into(), text()]],
        },
        chart(given, ChartKind::Line, 1, 8),
        chart(given, ChartKind::Line, 1, 90),
        chart(given, ChartKind::Line, 2, 20),
        named(given),
        Block::Image { url: "/pictures/7.png".into(), alt: text() },
        Block::Choices {
            choices: vec![choice(PressKind::Approve, Weight::Primary), choice(PressKind::Deny, Weight::Bad)],
        },
        Block::Offers { offers: vec![Offer { label: text(), says: text() }] },
        Block::Ask {
            whom: Account::parse("web:ana").expect("an account"),
            line: text(),
            behind: text(),
            blanks: vec![Blank {
                name: "app".into(),
                kind: "word".into(),
                fits: text(),
                about: text(),
                choices: vec![text()],
                example: Some(text()),
            }],
            until: Timestamp::UNIX_EPOCH,
        },
        Block::Progress {
            steps: vec![
                step(StepMark::Done, Some(text())),
                step(StepMark::Running, None),
                step(StepMark::Waiting, None),
                step(StepMark::Failed, Some(text())),
                step(StepMark::Unknown, None),
                step(StepMark::Skipped, None),
            ],
        },
        Block::Refusal {
            text: text(),
            rule: Some("wilco.toml:41".into()),
            who_can: Some(text()),
            you_can: Some(text()),
        },
        Block::Link { text: text(), url: "/o/d-7F3K".into() },
        Block::File { name: text(), url: "/files/7".into(), bytes: 1_234, picture: false, until: None },
    ]
}

/// Numbers over minutes, with a peak and a gap.
fn chart(given: &str, kind: ChartKind, series: usize, points: i64) -> Block {
    let first: Timestamp = "2026-01-05T13:00:00Z".parse().expect("a time");
    let times = (0..points).map(|minute| first + SignedDuration::from_mins(minute)).collect();
    let value = |series: usize, point: i64| {
        let wave = (point * 7 + i64::try_from(series).unwrap_or(0) * 5) % 11;
        let peak = if point == points / 2 { 40 } else { 0 };
        (point != points / 3).then_some((wave + peak) as f64 * 12.5)
    };
    let series = (0..series).map(|at| Series {
        name: if at == 0 { given.to_owned() } else { format!("series {at}") },
        values: (0..points).map(|point| value(at, point)).collect(),
    });
    let sketch = Sketch {
        kind,
        title: given.to_owned(),
        unit: "ms".into(),
        along: Along::Times(times, TimeZone::UTC),
        series: series.collect(),
    };
    Block::Chart(Box::new(Chart::draw(sketch).expect("a chart").with_picture("/charts/7.png")))
}

/// Bars with names.
fn named(given: &str) -> Block {
    let sketch = Sketch {
        kind: ChartKind::Bars,
        title: given.to_owned(),
        unit: given.to_owned(),
        along: Along::Labels(vec![given.to_owned(), "api".into(), "db".into()]),
        series: vec![Series { name: given.to_owned(), values: vec![Some(9.0), None, Some(-2.5)] }],
    };
    Block::Chart(Box::new(Chart::draw(sketch).expect("a chart")))
}
