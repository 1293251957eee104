//! How many audit records a second reach the journal, with chain and projections.
//!
//! `cargo bench -p wilco-store-sql`. Batches of 500 with durability `process`, from one caller that waits for each
//! batch, and from four at once.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use wilco_contract::{
    ids::{Account, CommandId},
    store::{AuditEntry, Batch, Record, Store, When},
};
use wilco_runtime::{chance::OsChance, clock::SystemClock};
use wilco_store_sql::{Durability, Options, Parts, SqliteStore};
use wilco_testkit::store_suite::samples::{at, audit};

const BATCH: usize = 500;

/// A read as the engine audits it, with all that it says about one.
fn read(number: usize) -> Record {
    Record::Audit(AuditEntry {
        account: Some(Account::parse("web:ana").expect("an account")),
        command: Some(CommandId::parse("builtin.ping").expect("a command id")),
        rule: Some("granted by default".to_owned()),
        ..audit("order.read", "@ana", &format!("ping {number}"))
    })
}

fn batch() -> Batch {
    Batch { at: at(0), records: (0..BATCH).map(read).collect() }
}

fn open(runtime: &Runtime, durability: Durability) -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { path: folder.path().join("wilco.db"), durability };
    let parts = Parts { chance: Arc::new(OsChance), clock: Arc::new(SystemClock) };
    let store = runtime.block_on(SqliteStore::open(&options, parts)).expect("a store");
    (folder, Arc::new(store))
}

fn journal(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("audit");
    group.sample_size(20);
    for callers in [1, 4] {
        let (_folder, store) = open(&runtime, Durability::Process);
        group.throughput(Throughput::Elements((callers * BATCH) as u64));
        group.bench_function(format!("batches of {BATCH} from {callers}, process"), |bencher| {
            bencher.iter_batched(
                || (0..callers).map(|_| batch()).collect::<Vec<_>>(),
                |batches| {
                    let commits = batches.into_iter().map(|batch| {
                        let store = store.clone();
                        runtime.spawn(async move { store.commit(batch, When::Now).await.expect("a commit") })
                    });
                    let commits: Vec<_> = commits.collect();
                    black_box(runtime.block_on(join_all(commits)));
                },
                criterion::BatchSize::SmallInput,
            );
        });
        runtime.block_on(store.close()).expect("an end");
    }
    for durability in [Durability::Process, Durability::Full] {
        let (_folder, store) = open(&runtime, durability);
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("one record, {durability:?}"), |bencher| {
            bencher.iter_batched(
                || Batch { at: at(0), records: vec![read(0)] },
                |batch| runtime.block_on(store.commit(batch, When::Now)).expect("a commit"),
                criterion::BatchSize::SmallInput,
            );
        });
        runtime.block_on(store.close()).expect("an end");
    }
    group.finish();
}

criterion_group!(benches, journal);
criterion_main!(benches);
