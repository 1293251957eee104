//! What listening costs: a line that nobody hears among 10, 1 000 and 10 000 listeners, first for the matcher alone,
//! then for the whole engine that takes it in, and making 10 000 ready.
//!
//! The budgets are 3 µs a line, whatever their number, and 1.5 s to make them ready.

use std::{hint::black_box, sync::Arc};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wilco_contract::{
    clock::Clock as _,
    ids::{Origin, Place},
    listen::{Does, Hear, Listener, On},
    policy::Policy,
};
use wilco_engine::{Engine, listen::Matcher, parse::clean};
use wilco_runtime::clock::SteppedClock;
use wilco_testkit::network::MemoryNetwork;

mod running;

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

/// An engine with so many listeners, on a network in memory.
fn listening(place: &Place, patterns: &[String], clock: &Arc<SteppedClock>) -> Engine {
    let listeners = patterns.iter().map(|pattern| listener(pattern)).collect();
    let engine = running::engine(place, Policy::default(), (Vec::new(), listeners), clock);
    let network = Arc::new(MemoryNetwork::default());
    engine.attach("web", MemoryNetwork::CAPS, network.clone(), network);
    engine
}

/// What the whole engine spends on a line of chatter, the making of the arrival included.
fn accept(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let place = Place::parse("web:ops").expect("a place");
    let clock = Arc::new(SteppedClock::new("2026-11-23T10:00:00Z".parse().expect("a time")));
    let mut group = criterion.benchmark_group("a line of chatter taken in");
    for count in [10, 1_000, 10_000] {
        let engine = listening(&place, &patterns(count), &clock);
        runtime.block_on(engine.recover()).expect("the store can be read");
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            let mut lines = LINES.iter().cycle();
            bencher.iter(|| {
                let line = lines.next().copied().unwrap_or_default();
                runtime.block_on(engine.accept(running::arrival(
                    &place,
                    ("1", black_box(line)),
                    clock.now(),
                )));
            });
        });
    }
    group.finish();
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

criterion_group!(benches, listen, accept);
criterion_main!(benches);
