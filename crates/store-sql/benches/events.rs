//! How many events a second the store takes in, each with a payload of 21 kB, and what one costs.
//!
//! `cargo bench -p wilco-store-sql --bench events`. Sixteen tasks commit one event each and wait for it, with
//! durability `process`. Packing and hashing the payload is part of it. The processor's time is said beside.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time and tells"
)]

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use wilco_contract::{
    event::{Actor, Arrived, Event, Labels, Level, Payload},
    ids::{ObjectId, SourceName},
    store::{Batch, Record, Store, When},
};
use wilco_runtime::{chance::OsChance, clock::SystemClock};
use wilco_store_sql::{Durability, Options, Parts, SqliteStore};

const TASKS: u64 = 16;

/// A body of about 21 kB that gets smaller like those of real webhooks: many addresses that differ little.
fn body(number: u64) -> String {
    let mut links = String::new();
    for (at, name) in NAMES.iter().cycle().take(170).enumerate() {
        let _ = write!(
            links,
            "\"{name}_{at}_url\":\"https://api.example.org/repos/acme/webapp/{name}{{/sha}}\",\"{name}_{at}\":{},",
            number.wrapping_mul(2_654_435_761).wrapping_add(at as u64 * 40_503) % 1_000_000
        );
    }
    format!("{{\"action\":\"opened\",\"number\":{number},{links}\"title\":\"Fix the thing {number}\"}}")
}

const NAMES: [&str; 12] = [
    "commits",
    "statuses",
    "comments",
    "labels",
    "milestones",
    "deployments",
    "branches",
    "assignees",
    "events",
    "releases",
    "teams",
    "trees",
];

fn event(number: u64) -> Event {
    let source = SourceName::parse("github").expect("a source");
    let id = format!("{:08x}-cd9d-11ef-8dd9-{:012x}", number.wrapping_mul(0x9e37_79b9) as u32, number);
    let mut event = Event::new(source, id.clone(), "pull_request", Timestamp::now());
    event.action = Some("opened".into());
    event.actor = Some(Actor { account: "ana".into(), name: "Ana Lima".into() });
    event.branch = Some("fix-the-thing".into());
    event.delivery = Some(id);
    event.family = Some("pull requests opened in acme/webapp".into());
    event.head = Some(format!("webapp#{number} Fix the thing"));
    event.labels = Labels::Names(vec!["bug".into(), "area/web".into()]);
    event.level = Level::Normal;
    event.line =
        format!("@ana opened webapp#{number}: Fix the thing that broke when the other one was mended");
    event.number = Some(number);
    event.object = ObjectId::parse(&format!("github:acme/webapp#{}", number % 5_000)).ok();
    event.reference = Some(format!("webapp#{number}"));
    event.repo = Some("acme/webapp".into());
    event.signed = true;
    event.state = Some("open".into());
    event.text = Some("It broke when the other thing was mended. ".repeat(6));
    event.title = Some("Fix the thing that broke when the other one was mended".into());
    event.url = Some(format!("https://git.example.org/acme/webapp/pull/{number}"));
    event
}

/// The processor's time of this process so far, in hundredths of a second.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a Linux system");
    let rest = stat.rsplit(')').next().expect("a name in brackets");
    rest.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum()
}

async fn take_in(store: Arc<SqliteStore>, bodies: Arc<Vec<String>>, numbers: (u64, u64)) {
    for number in numbers.0..numbers.1 {
        let body = &bodies[(number % bodies.len() as u64) as usize];
        let arrived = Arrived { event: event(number), payload: Some(Payload::pack(body.as_bytes())) };
        let batch = Batch { at: arrived.event.at, records: vec![Record::Event(Box::new(arrived))] };
        store.commit(batch, When::Now).await.expect("a commit");
    }
}

fn run(
    runtime: &Runtime,
    store: &Arc<SqliteStore>,
    bodies: &Arc<Vec<String>>,
    events: (u64, u64),
) -> Duration {
    let each = (events.1 - events.0).div_ceil(TASKS);
    let start = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let from = events.0 + task * each;
        runtime.spawn(take_in(store.clone(), bodies.clone(), (from, (from + each).min(events.1).max(from))))
    });
    for done in runtime.block_on(join_all(tasks)) {
        done.expect("a task");
    }
    start.elapsed()
}

fn events(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { path: folder.path().join("wilco.db"), durability: Durability::Process };
    let parts = Parts { chance: Arc::new(OsChance), clock: Arc::new(SystemClock) };
    let store = Arc::new(runtime.block_on(SqliteStore::open(&options, parts)).expect("a store"));
    let bodies: Arc<Vec<String>> = Arc::new((0..64).map(body).collect());
    let packed = Payload::pack(bodies[0].as_bytes()).packed.len();
    println!("a body has {} bytes, packed {packed}", bodies[0].len());
    let next = AtomicU64::new(0);
    let (mut spent, mut taken) = (0, 0);
    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one event from each of 16, process", |bencher| {
        bencher.iter_custom(|events| {
            let from = next.fetch_add(events, Ordering::Relaxed);
            let before = ticks();
            let elapsed = run(&runtime, &store, &bodies, (from, from + events));
            spent += ticks() - before;
            taken += events;
            elapsed
        });
    });
    group.finish();
    println!("{taken} events, {:.1} µs of processor each", spent as f64 * 10_000.0 / taken as f64);
    runtime.block_on(store.close()).expect("an end");
}

criterion_group!(benches, events);
criterion_main!(benches);
