//! What listening costs: a line that nobody hears among 10, 1 000 and 10 000 listeners, and making 10 000 ready.
//!
//! The budgets are 3 µs a line, whatever their number, and 1.5 s to make them ready.

use std::{hint::black_box, sync::Arc};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wilco_contract::{
    ids::{Origin, Place},
    listen::{Does, Hear, Listener, On},
};
use wilco_engine::{listen::Matcher, parse::clean};

/// Lines as people say them to each other.
const LINES: [&str; 4] = [
    "morning, did anybody look at the deploy from last night? it took forever",
    "no, but the graphs were flat until about three, then the usual spike",
    "I will have a look after the stand-up, the service restarted twice I think",
    "ok thanks! deploy service_9 to staging then, ticket-12 is broken in region 3 anyway",
];

fn pattern(number: usize) -> String {
    match number % 4 {
        0 => format!(r"deploy service_{number}x(\d+) to (\w+)"),
        1 => format!(r"(?i)\bticket-{number}-(?<id>\d+)\b"),
        2 => format!(r"^(?:restart|reboot) host{number}\.example$"),
        _ => format!(r"(\w+) is broken in region {number}z"),
    }
}

fn patterns(count: usize) -> Vec<String> {
    (0..count).map(pattern).collect()
}

fn listener(pattern: &str) -> Listener {
    Listener {
        name: "bench.x".into(),
        on: On::Line(Hear::parse(pattern).expect("a pattern")),
        does: Does::Say("x".into()),
        rooms: None,
        origin: Origin::built_in(),
    }
}

fn ready(patterns: &[String]) -> Matcher {
    Matcher::new(patterns.iter().map(|pattern| listener(pattern)).collect())
}

fn listen(criterion: &mut Criterion) {
    let place = Place::parse("web:ops").expect("a place");
    let mut group = criterion.benchmark_group("an unmatched line");
    for count in [10, 1_000, 10_000] {
        let matcher = Arc::new(ready(&patterns(count)));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            let mut lines = LINES.iter().cycle();
            bencher.iter(|| {
                let text = clean(lines.next().copied().unwrap_or_default());
                assert!(matcher.hits(black_box(&text), &place).is_empty());
            });
        });
    }
    group.finish();
    let patterns = patterns(10_000);
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("10 000 listeners", |bencher| bencher.iter(|| ready(black_box(&patterns))));
    group.finish();
}

criterion_group!(benches, listen);
criterion_main!(benches);
